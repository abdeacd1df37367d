"""What does not depend on an account is asked once for all runs that share a network."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from diagnose.account.person import Consent
from diagnose.cli.lab import request_for
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.model import Deadline
from diagnose.network import Heard, Network
from diagnose.network.http import fetch
from diagnose.running.diagnosis import diagnose
from tests.core.loopback import PATIENCE
from tests.pace import patient, working


def test_two_runs_ask_once() -> None:
    """Each of them a view; another network asks for itself."""
    network, asked = Network(), list[int]()

    def answer() -> Heard[str]:
        asked.append(1)
        return Heard("told", 60)

    for view in (network.for_run(), network.for_run(), network):
        assert view.once_for_all("page", Deadline(PATIENCE), answer) == "told"
    assert len(asked) == 1
    assert Network().once_for_all("page", Deadline(PATIENCE), answer) == "told"
    assert len(asked) == 2


def test_what_failed_is_asked_again_by_each() -> None:
    """A failure may be the asker's own: its time was up, or it was interrupted."""
    network, asked = Network(), list[int]()

    def answer() -> Heard[int]:
        asked.append(1)
        return Heard(len(asked), 60, for_others=False)

    with working(5):  # nobody waits until it is forgotten
        assert [network.for_run().once_for_all("page", Deadline(PATIENCE), answer) for _ in range(3)] == [1, 2, 3]


def test_nobody_waits_for_another_run_longer_than_it_likes() -> None:
    """It asks for itself then."""
    network, gate, begun = Network(), threading.Event(), threading.Event()

    def slow() -> Heard[str]:
        begun.set()
        gate.wait(patient(30))
        return Heard("slow", 60)

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(network.for_run().once_for_all, "page", Deadline(PATIENCE), slow)
        begun.wait(patient(30))
        assert network.for_run().once_for_all("page", Deadline(0.05), lambda: Heard("own", 60)) == "own"
        gate.set()
        assert other.result() == "slow"


def test_ten_runs_of_one_domain_get_its_page_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tells of it all the same."""
    fetched = list[str]()

    def counted(url: str, *given: object, **more: object) -> object:
        fetched.append(url)
        return fetch(url, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("diagnose.network.door.fetch", counted)
    with Estate(SCENARIOS["healthy"]) as estate:
        page = estate.webmail_url
        request = msgspec.structs.replace(
            request_for(estate, seconds=patient(30)),
            consent=Consent(login=False, ask_recipient=False),
            history=None,
        )
        wanted = request.network
        with (
            contextlib.closing(Network(wanted.nameserver, wanted.ca_file, wanted.vantage)) as network,
            ThreadPoolExecutor(5) as pool,
        ):
            reports = [one.report for one in pool.map(lambda _: diagnose(request, network=network), range(10))]
    assert fetched.count(page or "") == 1
    told = {str(check.facts["page"]) for report in reports for check in report.checks if check.id.startswith("web.")}
    assert len(told) == 1
    assert told != {"None"}
