"""`diagnose fleet --every`: what changed since the last run, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from diagnose.cli.waiting import wait_until
from diagnose.fleet.results import Results, rows_in
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.running.interruption import Interruption
from tests.commands.command_line import CommandLine
from tests.fleet.test_command import Runs, made
from tests.fleet.test_whole_runs import begun
from tests.pace import patient

__all__ = ["made"]
LIST = "a.example\nb.example\n"


class Rounds:
    """Stands in for the wait: what is to happen between one run and the next, and then the end."""

    def __init__(self, *between: Callable[[], object]) -> None:
        self.waits = list[float]()
        self._between = list(between)

    def __call__(self, moment: float, _interruption: Interruption) -> bool:
        self.waits.append(moment - time.monotonic())
        if not self._between:
            return False
        self._between.pop(0)()
        return True


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch, made: Runs) -> Callable[..., Rounds]:
    Path("list").write_text(LIST, "utf-8")

    def set_up(*between: Callable[[], object]) -> Rounds:
        found = Rounds(*between)
        monkeypatch.setattr("diagnose.cli.fleet_run.wait_until", found)
        return found

    return set_up


def ill(made: Runs, *domains: str) -> Callable[[], None]:
    """From now on *domains* have an expired certificate, and no others."""

    def change() -> None:
        made.ill = frozenset(domains)

    return change


def lines() -> dict[str, Any]:
    told = [json.loads(line) for line in Path("out.jsonl").read_text("utf-8").splitlines()]
    return {one["report"]["subject"]["domain"]: one.get("changes") for one in told}


def metrics() -> dict[str, float]:
    families = text_string_to_metric_families(Path("m.prom").read_text("utf-8").removesuffix("# EOF\n"))
    return {
        one.labels["change"]: one.value
        for family in families
        for one in family.samples
        if family.name == "diagnose_fleet_changes"
    }


def test_each_run_says_what_is_new_and_gone_and_still_there(
    command: CommandLine, made: Runs, rounds: Callable[..., Rounds]
) -> None:
    """In the lines, in metrics and on the page; the first run has nothing to be compared with."""
    seen = list[tuple[dict[str, Any], dict[str, float]]]()

    def look() -> None:
        seen.append((lines(), metrics()))

    def then(change: Callable[[], None]) -> Callable[[], None]:
        def done() -> None:
            look()
            change()

        return done

    ill(made, "a.example")()
    waited = rounds(then(ill(made, "a.example", "b.example")), then(ill(made, "b.example")), look)
    written = ("--results", "out.jsonl", "--report", "m.prom", "--report", "p.html")
    done = command("fleet", "list", "--every", "5m", *written)

    assert done.code == 130
    nothing: dict[str, list[str]] = {"new": [], "gone": [], "still": []}
    cause = "tls.cert-expired"
    assert [one for one, _ in seen] == [
        {"a.example": None, "b.example": None},
        {"a.example": {**nothing, "still": [cause]}, "b.example": {**nothing, "new": [cause]}},
        {"a.example": {**nothing, "gone": [cause]}, "b.example": {**nothing, "still": [cause]}},
    ]
    assert [one for _, one in seen] == [
        {},
        {"new": 1.0, "gone": 0.0, "still": 1.0},
        {"new": 0.0, "gone": 1.0, "still": 1.0},
    ]
    assert lines()["a.example"] == nothing
    assert done.out.count("Since the last run") == 3
    assert "Gone for a.example" in done.out
    assert "New for b.example" in done.out
    assert all(0 < one <= 300 for one in waited.waits)
    assert "Since the last run: 0 new, 0 gone, 1 still there." in Path("p.html").read_text("utf-8")
    assert sorted(one.name for one in Path().iterdir()) == ["list", "m.prom", "out.jsonl", "p.html", "rows.csv"]


def test_a_program_that_is_started_again_goes_on_comparing(
    command: CommandLine, made: Runs, rounds: Callable[..., Rounds]
) -> None:
    """With the results that are there; others than results are never replaced."""
    ill(made, "a.example")()
    rounds()
    command("fleet", "list", "--every", "5m", "--results", "out.jsonl", "-q")
    ill(made)()
    done = command("fleet", "list", "--every", "5m", "--results", "out.jsonl", "-q")

    assert "Since the last run: 0 new, 1 gone, 0 still there." in done.out
    Path("out.jsonl").write_text("a letter\n", "utf-8")
    assert "something else than rows" in command.refused("fleet", "list", "--every", "5m", "--results", "out.jsonl")
    assert Path("out.jsonl").read_text("utf-8") == "a letter\n"


def test_a_later_run_that_cannot_begin_ends_nothing(
    command: CommandLine, made: Runs, rounds: Callable[..., Rounds]
) -> None:
    """The file may be there again the next time; meanwhile the results stay."""
    ill(made, "a.example")()
    rounds(Path("list").unlink, lambda: Path("list").write_text(LIST, "utf-8"))
    done = command("fleet", "list", "--every", "5m", "--results", "out.jsonl", "-q")

    assert done.code == 130
    assert done.err.count("cannot be read") == 1
    assert done.out.count("Since the last run: 0 new, 0 gone, 1 still there.") == 1
    assert len(list(rows_in(Path("out.jsonl")))) == 2


def test_a_run_that_is_broken_off_replaces_nothing(
    command: CommandLine, made: Runs, rounds: Callable[..., Rounds], monkeypatch: pytest.MonkeyPatch
) -> None:
    ill(made, "a.example")()
    rounds(lambda: signal.raise_signal(signal.SIGTERM))
    done = command("fleet", "list", "--every", "5m", "--results", "out.jsonl", "--report", "m.prom", "-q")

    assert done.code == 130
    assert "cut short" in done.out
    assert len(list(rows_in(Path("out.jsonl")))) == 2
    assert metrics() == {}


def test_a_first_run_that_cannot_be_written_keeps_what_it_has(
    command: CommandLine, made: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a single run does; a full disk ends it."""
    write, full = Results.write, OSError(28, "No space left on device")

    def once(results: Results, line: str) -> None:
        if results._end:
            raise full
        write(results, line)

    monkeypatch.setattr(Results, "write", once)
    Path("list").write_text(LIST, "utf-8")
    done = command("fleet", "list", "--every", "5m", "--results", "out.jsonl", "-q")

    assert done.code == 2
    assert done.err.count("No space left on device") == done.err.count("\n") == 1
    assert len(list(rows_in(Path("out.jsonl")))) == 1


@pytest.mark.parametrize("typed", ["5", "5 parsecs", "-5m", "0s", "169h", "5M", "1.5h", "", "٥m"])
def test_times_that_are_none(command: CommandLine, made: Runs, typed: str) -> None:
    assert "write 90s, 5m or 1h" in (told := command.refused("fleet", "rows.csv", "--every", typed)) or "168h" in told
    assert made.asked == []


def test_a_fault_of_the_first_run_is_told_at_once(command: CommandLine, made: Runs) -> None:
    assert "cannot be read" in command.refused("fleet", "none.csv", "--every", "5m")
    refused = command.refused("fleet", "rows.csv", "--every", "5m", "--results", "x", "--resume")
    assert "--every" in refused


@pytest.mark.parametrize("how", ["signal", "thread", "before"])
def test_the_wait_ends_when_it_is_asked_to(how: str) -> None:
    interruption = Interruption()
    before = signal.signal(signal.SIGUSR1, lambda _number, _frame: interruption.ask())
    try:
        if how == "before":
            interruption.ask()
        else:
            ask = interruption.ask if how == "thread" else lambda: signal.raise_signal(signal.SIGUSR1)
            threading.Timer(0.05, ask).start()
        assert not wait_until(time.monotonic() + 3600, interruption)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_the_wait_ends_by_itself() -> None:
    assert wait_until(time.monotonic() + 0.01, Interruption())
    assert wait_until(time.monotonic() - 5, Interruption())


# -- a whole program at a mail estate


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the program, and ends it in any case."""
    begun_ones = list[subprocess.Popen[str]]()

    def start(estate: Estate, *words: str) -> subprocess.Popen[str]:
        begun_ones.append(begun(estate, tmp_path, *words))
        return begun_ones[-1]

    yield start
    for one in begun_ones:
        if one.poll() is None:
            one.kill()
        one.communicate()


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + patient(60)
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_program_while_it_waits(
    tmp_path: Path, waiting: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    (tmp_path / "rows.txt").write_text("corp.example\n", "utf-8")
    with Estate(SCENARIOS["cert-expired"]) as estate:
        process = waiting(estate, "--every", "168h", "--report", "m.prom")
        wait_for((tmp_path / "out.jsonl").exists, process)
        process.send_signal(number)
        out, err = process.communicate(timeout=patient(30))

    assert (process.returncode, err) == (130, "")
    assert "Since" not in out
    assert "cut short" not in out
    assert len(list(rows_in(tmp_path / "out.jsonl"))) == 1


def test_a_wrong_password_is_sent_in_the_first_run_alone(
    tmp_path: Path, waiting: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted by the server; later rows say that it was not sent again, and the cause is still there."""
    monkeypatch.setenv("PW", "a wrong one")
    with Estate(SCENARIOS["healthy"]) as estate:
        (tmp_path / "rows.txt").write_text(f"address,password_env\n{estate.address},PW\n", "utf-8")
        process = waiting(estate, "--every", "1s")

        def compared() -> bool:
            file = tmp_path / "out.jsonl"
            return file.exists() and b'"changes"' in file.read_bytes()

        wait_for(compared, process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=patient(30))
        failed = estate.logins_failed

    (row,) = rows_in(tmp_path / "out.jsonl")
    assert failed.total() == 1
    assert row.verdict is not None
    told = json.loads((tmp_path / "out.jsonl").read_text("utf-8"))
    assert row.verdict.causes[0].id == "credentials.rejected"
    assert told["changes"] == {"new": [], "gone": [], "still": ["credentials.rejected"]}
