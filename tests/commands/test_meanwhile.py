"""What a run needs later is loaded beside it: not while conversations begin, and whatever becomes of the logins."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest

from diagnose.cli import meanwhile
from diagnose.cli.meanwhile import Meanwhile
from diagnose.model import CheckResult, text
from diagnose.model.targets import Subject
from diagnose.network import NoThreadError

LOOKS = 5


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happened, in order; all in this thread, and without a pause."""
    happened: list[str] = []
    monkeypatch.setattr(meanwhile, "in_background", lambda call, _name: call())
    monkeypatch.setattr(meanwhile, "NEEDED_FIRST", [lambda: happened.append("first")])
    monkeypatch.setattr(meanwhile, "NEEDED_LATER", [lambda: happened.append("later")])
    monkeypatch.setattr(meanwhile, "MOST_LOOKS", LOOKS)
    monkeypatch.setattr(meanwhile, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(meanwhile, "LONG_QUIET_SECONDS", float("inf"))
    monkeypatch.setattr("diagnose.cli.meanwhile.time.sleep", lambda _seconds: happened.append("pause"))
    return happened


def over(identity: str) -> CheckResult:
    """A check that was not needed."""
    return CheckResult(
        id=identity,
        check=identity,
        family=identity.partition(".")[0],
        title=text("A check"),
        target=Subject(domain="corp.example"),
        status="skip",
    )


def run(told: list[str], *planned: str) -> Meanwhile:
    """A run whose checks are *planned*, up to its first."""
    later = Meanwhile(lambda: told.append("call"))
    for identity in planned:
        later.planned(identity, text("A check"))
    later.started("dns.domain")
    return later


def test_without_logins_a_quiet_moment_is_enough(told: list[str]) -> None:
    run(told, "dns.domain", "tls.imap.993")

    assert told == ["first", "later", "call"]


@pytest.mark.parametrize("identity", ["login.imap.993", "login.mechanisms.smtp.465", "login"])
def test_where_logins_are_planned_one_is_waited_for(
    identity: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """But with what conversations are held by, which they need."""
    later = Meanwhile(lambda: told.append("call"))

    def pause(_seconds: float) -> None:
        told.append("pause")
        if told.count("pause") == 2:
            later.finished(over(identity))

    monkeypatch.setattr("diagnose.cli.meanwhile.time.sleep", pause)
    later.planned(identity, text("A check"))
    later.started("dns.domain")

    assert told == ["first", "pause", "pause", "later", "call"]


@pytest.mark.parametrize("other", ["dns.domain", "loginless.imap", "tls.login"])
def test_other_checks_that_end_are_no_login(other: str, told: list[str]) -> None:
    """And one that never ends is not waited for without end."""
    later = Meanwhile(lambda: told.append("call"))
    later.planned("login.imap.993", text("A check"))
    later.finished(over(other))
    later.started("dns.domain")

    assert told == ["first", *["pause"] * LOOKS, "later", "call"]


def test_servers_that_are_silent_for_long_leave_time(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether logins are still to come or not."""
    monkeypatch.setattr(meanwhile, "LONG_QUIET_SECONDS", 0.0)
    run(told, "login.imap.993")

    assert told == ["first", "later", "call"]


def test_what_fails_is_left_to_who_needs_it(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> NoReturn:
        raise OSError

    calls: list[Callable[[], object]] = [fails]
    monkeypatch.setattr(meanwhile, "NEEDED_FIRST", calls)
    monkeypatch.setattr(meanwhile, "NEEDED_LATER", calls)
    run(told)

    assert told == ["call"]


def test_a_run_goes_on_without_a_thread_for_it(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_call: object) -> NoReturn:
        raise NoThreadError

    monkeypatch.setattr(meanwhile, "in_background", none)
    later = run(told, "login.imap.993")
    later.started("login.imap.993")
    later.finished(over("login.imap.993"))

    assert told == []
