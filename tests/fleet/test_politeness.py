"""What servers see of a fleet: how many connections stand at once, and what happens when they turn some away."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from diagnose.account.secret import Secret
from diagnose.fleet.engine import Threads
from diagnose.fleet.pace import Pace
from diagnose.fleet.results import line_of
from diagnose.fleet.rows import Row
from diagnose.fleet.tasks import Result, Task, carry_out, task_of
from diagnose.lab.estate import Estate
from diagnose.lab.listener import Listener
from diagnose.lab.scenario import SCENARIOS
from diagnose.model import Deadline
from diagnose.model.limits import OF_ONE_RUN, Limits
from diagnose.network import Network
from diagnose.running.interruption import Interruption
from diagnose.running.request import Request
from diagnose.running.shared import SharedSights
from tests.fleet.test_shared_work import SECRET, network_of, people
from tests.pace import patient

ROWS = 12
PATIENCE = 60.0


class Standing:
    """The connections that servers keep, by port, and the most that there were at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most: Counter[int | str] = Counter()
        self.new: Counter[int] = Counter()
        self._now: Counter[int | str] = Counter()
        self._lock = threading.Lock()
        taken, ended = Listener.get_request, Listener.close_request

        def counted(listener: Listener) -> tuple[Any, Any]:
            accepted = taken(listener)
            with self._lock:
                self.new[listener.port] += 1
                for key in (listener.port, "all"):
                    self._now[key] += 1
                    self.most[key] = max(self.most[key], self._now[key])
            return accepted

        def closed(listener: Listener, request: Any) -> None:
            with self._lock:
                self._now.subtract((listener.port, "all"))
            ended(listener, request)

        monkeypatch.setattr(Listener, "get_request", counted)
        monkeypatch.setattr(Listener, "close_request", closed)


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch) -> Standing:
    return Standing(monkeypatch)


def with_limits(network: Network, limits: Limits) -> Network:
    return Network(network.resolver.chosen, network.ca_file, network.vantage, limits)


def rows(settings: Request, network: Network, pace: Pace, password: str, *, of_house: int = 8) -> list[Result]:
    sights = SharedSights()
    engine = Threads(
        lambda task, own: carry_out(task, network, lambda _source: Secret(password), own, sights),
        pace=pace,
        of_house=of_house,
    )
    asked = (Row(line=n, id=f"{n:024x}", subject=one, secret=SECRET) for n, one in enumerate(people(ROWS), 1))
    return list(engine.results((task_of(row, settings) for row in asked), Interruption()))


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_server_keeps_more_than_may_be(standing: Standing, tmp_path: Path, most: int) -> None:
    """And each row comes to its end: none is refused for want of a connection."""
    with Estate(SCENARIOS["healthy"]) as estate, network_of(estate, tmp_path) as (given, settings):
        network = with_limits(given, Limits(host_connections=most, house_connections=2 * OF_ONE_RUN + most))
        found = rows(settings, network, Pace(1000, door=network), "a wrong one", of_house=most)
        network.close()
        at_once = [standing.most[port] for port in estate.ports.values()]

    assert max(at_once) <= most + 1  # a server notes the end of one a moment after the client does
    assert standing.most["all"] <= 2 * OF_ONE_RUN + 2 * most
    errors = [check for one in found if one.report for check in one.report.checks if check.status == "error"]
    assert not errors
    verdicts = [one.report.verdict for one in found if one.report]
    first = [verdict.causes[0].id if verdict.causes else verdict.headline for verdict in verdicts]
    assert first == ["credentials.rejected"] * ROWS


@pytest.mark.parametrize(
    ("greeting", "turned_away"),
    [
        ("421 4.7.0 Too many concurrent SMTP connections; please try again later.", True),
        ("421 mail.corp.example Service not available, closing transmission channel", True),
        ("450 4.7.0 Error: too many connections from 192.0.2.9", True),
        ("554 5.7.1 No SMTP service for you", False),
        ("220 mail.corp.example ESMTP", False),
    ],
)
def test_a_reply_of_421_is_heeded_whatever_words_it_has(tmp_path: Path, greeting: str, turned_away: bool) -> None:
    scenario = msgspec.structs.replace(SCENARIOS["healthy"], turned_away={"smtp": greeting})
    with Estate(scenario) as estate, network_of(estate, tmp_path) as (network, settings):
        (found,) = Threads(
            lambda task, own: carry_out(task, network, lambda _source: Secret(estate.password), own),
            pace=Pace(1000, door=network),
        ).results(iter([task_of(Row(line=1, id="1", subject=people(1)[0], secret=SECRET), settings)]), Interruption())

    assert found.report is not None
    assert (found.slowed is not None) == turned_away


@pytest.mark.parametrize(
    ("scenario", "turned_away"),
    [("too-many-connections", True), ("too-many-connections-at-login", True), ("server-silent", False)],
)
def test_a_provider_that_turns_rows_away_is_asked_more_slowly(tmp_path: Path, scenario: str, turned_away: bool) -> None:
    """The lines of its rows say so; a server that is ill in another way is asked as before."""
    told: list[str] = []
    with Estate(SCENARIOS[scenario]) as estate, network_of(estate, tmp_path) as (network, settings):
        pace = Pace(1000, door=network)
        (found,) = Threads(
            lambda task, own: carry_out(task, network, lambda _source: Secret(estate.password), own),
            pace=pace,
            slowed=told.append,
        ).results(iter([task_of(Row(line=1, id="1", subject=people(1)[0], secret=SECRET), settings)]), Interruption())

    line = json.loads(line_of(found))
    assert told == (["corp.example"] if turned_away else [])
    assert line.get("slowed", {}).get("house") == ("corp.example" if turned_away else None)
    assert pace.slowed("corp.example") == (1.0 if turned_away else None)


def test_a_row_that_was_held_back_is_run_again_and_finds_out(tmp_path: Path) -> None:
    """Somebody else had the connections that its servers get. Without a login: none is made twice."""
    tries = list[Result]()
    with Estate(SCENARIOS["healthy"]) as estate, network_of(estate, tmp_path) as (given, settings):
        network = with_limits(given, Limits(host_connections=1))
        port = estate.ports["imaps"]
        other = network.for_run().connect_all(("127.0.0.1",), port, Deadline(PATIENCE))
        assert other.attempts(PATIENCE)

        def work(task: Task, own: Interruption) -> Result:
            if tries:
                other.close()
            seconds = patient(60) if tries else 1.0
            in_time = msgspec.structs.replace(task, request=msgspec.structs.replace(task.request, seconds=seconds))
            tries.append(carry_out(in_time, network, lambda _source: None, own, SharedSights()))
            return tries[-1]

        row = Row(line=1, id="1", subject=people(1)[0])
        (found,) = Threads(work).results(iter([task_of(row, settings)]), Interruption())

    assert [one.held_back for one in tries] == [True, False]
    assert found is tries[-1]
    assert found.report is not None
    assert found.report.verdict.status == "healthy"
