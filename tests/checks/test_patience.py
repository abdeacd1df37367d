"""How long mail programs wait, and what a measured wait is worth as proof."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checks.reach.reach import ReachFacts
from checks.server import client_limits as client_limits_of_servers
from checks.server.client_limits import client_limits, judge_wait, limits_of, silences, telling_silence
from checks.server.server import ServerFacts, judge_server, patient_deadline
from diagnose.account.history import History
from diagnose.knowledge import KnowledgeError
from diagnose.model import Deadline, Failure, Inputs, Subject
from diagnose.model.protocols import BY_NAME
from diagnose.network import Attempt, Network
from diagnose.running.context import Context
from tests.support.build import service


def connected(milliseconds: int) -> Inputs:
    reach = ReachFacts(
        addresses=("192.0.2.1",),
        connected="192.0.2.1",
        attempts=(Attempt(address="192.0.2.1", family="ipv4", milliseconds=milliseconds),),
    )
    subject = Subject(domain="corp.example")
    return Inputs(subject=subject, provider=None, services=(), facts=(reach,))


def test_every_limit_has_a_source() -> None:
    assert {limit.program for limit in client_limits()} >= {"Thunderbird", "Delta Chat"}
    for limit in client_limits():
        assert 10 <= limit.seconds <= 300, "RFC 5321 section 4.5.3.2 asks for no more than five minutes"
        assert limit.source.startswith("https://")
        assert "webmail" not in limit.protocols
    assert all(limits_of(protocol) for protocol in ("imap", "pop3", "smtp"))


def test_every_protocol_has_a_silence_that_tells() -> None:
    """A new one that is forgotten is told by the file's name when it is read, not by a fault of a check."""
    assert all(telling_silence(protocol) > 0 for protocol in BY_NAME)


def test_a_protocol_that_was_forgotten_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_limits_of_servers, "BY_NAME", {*BY_NAME, "nntp"})
    silences.cache_clear()
    try:
        with pytest.raises(KnowledgeError, match=r"silences\.yaml:1: nothing is said of nntp"):
            silences()
    finally:
        silences.cache_clear()


@pytest.mark.parametrize(
    ("protocol", "seconds", "found"),
    [
        ("imap", 9.9, None),
        ("imap", 10.0, ("possible", False, ())),
        ("imap", 60.0, ("possible", False, ())),
        ("imap", 60.1, ("confirmed", False, ("Thunderbird for Android and K-9 Mail", "Android Email", "Delta Chat"))),
        ("smtp", 31.0, ("confirmed", True, ("Windows programs that send by CDO",))),
        ("smtp", 61.0, ("confirmed", False, None)),
        ("pop3", 101.0, ("confirmed", False, None)),
    ],
)
def test_only_a_wait_beyond_a_limit_is_proof(protocol: Any, seconds: float, found: Any) -> None:
    """And it blocks when most programs give up; those are named."""
    findings = list(judge_wait(seconds, service(protocol), quick_connect=True))

    assert [(f.cause, f.certainty, f.partial) for f in findings] == ([("server.slow", *found[:2])] if found else [])
    if found and found[2] is not None:
        assert findings[0].text.args.get("programs", ()) == found[2]
        assert str(round(seconds)) in findings[0].text.render()


@pytest.mark.parametrize(("connect", "certainty"), [(40, "confirmed"), (3000, "likely")])
def test_a_slow_connect_leaves_the_line_in_doubt(connect: int, certainty: str) -> None:
    slow = ServerFacts(greeting="* OK ready", spoken="imap", open=True, milliseconds=65_000)

    assert [f.certainty for f in judge_server(slow, connected(connect), service())] == [certainty]


@pytest.mark.parametrize(
    ("waited", "certainty", "named"), [(18.0, "likely", False), (2.0, "possible", False), (61.0, "confirmed", True)]
)
def test_a_silence_is_compared_only_as_far_as_it_lasted(waited: float, certainty: str, named: bool) -> None:
    """What ended with the run and not with a program's patience is told in seconds, and beats no limit."""
    late = Failure(name="timed_out", operation="greeting", text="no answer in time")
    (finding,) = judge_server(ServerFacts(failure=late, waited_seconds=waited), connected(40), service())

    assert (finding.cause, finding.certainty) == ("server.slow", certainty)
    assert f"{waited:.0f} s" in finding.text.render()
    assert ("Delta Chat" in finding.text.render()) == named


@pytest.mark.parametrize(("run", "least", "most"), [(30, 15, 20), (300, 60, 62)])
def test_a_long_run_waits_until_there_is_proof(run: float, least: float, most: float, tmp_path: Path) -> None:
    """Half a minute is enough for a greeting that is held back on purpose."""
    bench = Context(network=Network(), deadline=Deadline(run), history=History(tmp_path))

    assert least < patient_deadline(service(), bench).left() < most
