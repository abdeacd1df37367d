"""What rows of one domain share, counted at the servers of a mail estate: each is met once, each row logs in once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from diagnose.account.secret import Secret
from diagnose.discovery import DiscoveryOptions
from diagnose.fleet.engine import Threads
from diagnose.fleet.rows import Row, SecretSource
from diagnose.fleet.tasks import Result, carry_out, task_of
from diagnose.lab.estate import Estate
from diagnose.lab.listener import Listener
from diagnose.lab.scenario import SCENARIOS
from diagnose.model import Service, Subject
from diagnose.model.report import Report
from diagnose.network import Nameserver, Network
from diagnose.running.interruption import Interruption
from diagnose.running.request import NetworkOptions, Request
from diagnose.running.shared import SharedSights

ROWS = 10
COUNTED = ("imaps", "imap", "pop3s", "pop3", "webmail")
"""Services whose servers count connections; those for submission do not."""
SHARED = {"discovery", "dns.host", "reach", "reach.paths", "server", "tls", "web"}
SECRET = SecretSource(kind="environment", name="PW")


class Met:
    """The connections that servers have taken, by port."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.by_port: Counter[int] = Counter()
        self._lock = threading.Lock()
        taken = Listener.get_request

        def counted(listener: Listener) -> tuple[Any, Any]:
            accepted = taken(listener)
            with self._lock:
                self.by_port[listener.port] += 1
            return accepted

        monkeypatch.setattr(Listener, "get_request", counted)


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> Met:
    return Met(monkeypatch)


@contextmanager
def network_of(estate: Estate, history: Path | None = None) -> Iterator[tuple[Network, Request]]:
    """A network for all rows, and what is asked of each."""
    host, _, port = estate.resolver.rpartition(":")
    nameserver, page = Nameserver(host, int(port)), urlsplit(estate.webmail_url or "")
    webmail = Service(
        protocol="webmail", host=page.hostname or "", port=page.port or 443, tls="implicit", source="option"
    )
    network = Network(nameserver, estate.ca_file)
    settings = Request(
        subject=Subject(domain=""),
        network=NetworkOptions(nameserver=nameserver, ca_file=estate.ca_file),
        discovery=DiscoveryOptions(third_party=False, services=(webmail,)),
        history=history,
    )
    try:
        yield network, settings
    finally:
        network.close()


def carried_out(
    subjects: list[Subject], settings: Request, network: Network, sights: SharedSights, password: str | None = None
) -> list[Report]:
    source = SECRET if password is not None else None
    rows = [Row(line=n, id=f"{n:024x}", subject=subject, secret=source) for n, subject in enumerate(subjects, 1)]

    def resolve(_source: SecretSource) -> Secret | None:
        return Secret(password) if password is not None else None

    engine = Threads(lambda task, own: carry_out(task, network, resolve, own, sights))
    found: list[Result] = list(engine.results((task_of(row, settings) for row in rows), Interruption()))
    assert [one.bad for one in found] == [None] * len(rows)
    return [one.report for one in found if one.report is not None]


def people(number: int) -> list[Subject]:
    addresses = [f"user{n}@corp.example" for n in range(number)]
    return [Subject(domain="corp.example", address=address, username=address) for address in addresses]


def record_of(report: Report) -> list[dict[str, Any]]:
    assert report.record is not None
    return [one for one in report.record["checks"] if one["facts"] is not None]


def is_taken_over(one: dict[str, Any]) -> bool:
    """Whether another row has seen it, by the record."""
    return "taken_over_ms" in one


@pytest.mark.parametrize("rows", [1, ROWS])
def test_servers_meet_many_rows_of_a_domain_as_they_meet_one(met: Met, rows: int) -> None:
    """The record of each row that met none says whose facts it has."""
    with Estate(SCENARIOS["healthy"]) as estate, network_of(estate) as (network, settings):
        reports = carried_out(people(rows), settings, network, SharedSights())
        counted = {name: met.by_port[estate.ports[name]] for name in COUNTED}

    assert counted == dict.fromkeys(COUNTED, 1)
    assert {report.verdict.status for report in reports} == {"healthy"}
    seen = Counter(
        one["id"]
        for report in reports
        for one in record_of(report)
        if one["check"] in SHARED and not is_taken_over(one)
    )
    assert {identity.partition(".")[0] for identity in seen} == {check.partition(".")[0] for check in SHARED}
    assert set(seen.values()) == {1}


def test_each_row_logs_in_once_on_a_connection_of_its_own(met: Met, tmp_path: Path) -> None:
    """After a rejection it tries no other server, and what it did not log in to is met once by all."""
    with Estate(SCENARIOS["healthy"]) as estate, network_of(estate, tmp_path) as (network, settings):
        reports = carried_out(people(ROWS), settings, network, SharedSights(), "a wrong one")
        failed = estate.logins_failed
        counted = sorted(met.by_port[estate.ports[name]] for name in COUNTED)

    assert failed == {"imap": ROWS}
    assert {report.verdict.causes[0].id for report in reports} == {"credentials.rejected"}
    assert counted == [*[1] * (len(COUNTED) - 1), ROWS]


def test_a_server_that_has_gone_meanwhile_makes_a_row_look_for_itself(tmp_path: Path) -> None:
    """What the first row saw is no lie of the second one's."""
    sights = SharedSights()
    with Estate(SCENARIOS["healthy"]) as estate, network_of(estate, tmp_path) as (network, settings):
        (first,) = carried_out(people(1), settings, network, sights)
        port, gone = estate.ports["imaps"], next(s for s in estate._servers if s.port == estate.ports["imaps"])
        gone.__exit__()
        (second,) = carried_out(people(1), settings, network, sights, "a wrong one")
        failed = estate.logins_failed

    assert first.verdict.status == "healthy"
    assert not any(map(is_taken_over, [*record_of(first), *record_of(second)]))
    causes = [(cause.id, cause.evidence[0].text) for cause in second.verdict.causes]
    assert any(cause.startswith("reach.") and str(port) in words for cause, words in causes), causes
    assert failed.total() == 1


def test_a_failure_of_all_rows_is_found_by_each(met: Met) -> None:
    """Two see it for themselves, as the others' records say."""
    with Estate(SCENARIOS["cert-expired"]) as estate, network_of(estate) as (network, settings):
        reports = carried_out(people(ROWS), settings, network, SharedSights())

    assert {report.verdict.causes[0].id for report in reports} == {"tls.cert-expired"}
    failing = [one for report in reports for one in record_of(report) if one["id"].startswith("tls.imap.")]
    assert len(failing) == ROWS
    assert 2 <= list(map(is_taken_over, failing)).count(False) < ROWS
