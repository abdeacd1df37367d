"""Who waits for the client to speak first is asked in HTTP, once nobody would wait for a greeting any longer."""

from __future__ import annotations

import socket

import pytest

from checks.server.server import ServerFacts, judge_server
from checks.web import silent_server
from checks.web.silent_server import ENDING_SECONDS, REQUEST, web_servers_words
from diagnose.model import Deadline, Inputs, Service, Subject
from tests.core.loopback import PATIENCE, sends_and_ends, stream_to, tcp


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", True),
        (b"<html><head><title>400 Bad Request</title></head></html>\r\n", True),
        (b"* OK IMAP4rev1 ready at last\r\n", False),
        (b"220 mail.example.com ESMTP\r\n", False),
        (b"502 5.5.2 Error: command not recognized\r\n", False),
        (b"", False),
    ],
)
def test_only_http_is_an_answer(answer: bytes, taken: bool) -> None:
    asked = []

    def talk(connected: socket.socket) -> None:
        asked.append(connected.recv(len(REQUEST)))
        connected.sendall(answer)

    with tcp(talk) as port:
        words = web_servers_words(stream_to(port), Deadline(PATIENCE))

    assert words == (answer.splitlines(keepends=True)[0] if taken else b"")
    assert asked == [REQUEST]


def test_a_mail_server_that_is_stuck_says_nothing_to_it_either() -> None:
    def talk(connected: socket.socket) -> None:
        while connected.recv(1000):
            pass

    with tcp(talk) as port:
        assert web_servers_words(stream_to(port), Deadline(0.3)) == b""


def test_the_end_of_the_run_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """However patient it is otherwise: the silence before is still to be told."""
    monkeypatch.setattr(silent_server, "ANSWER_SECONDS", 2 * PATIENCE)
    run = Deadline(PATIENCE)
    with tcp(sends_and_ends()) as port:
        stream = stream_to(port)
        assert web_servers_words(stream, run) == b""
        assert run.left() - stream.deadline.left() > ENDING_SECONDS - 0.1


def test_what_it_means() -> None:
    service = Service(protocol="imap", host="mail.example.com", port=993, tls="implicit", source="option")
    given = Inputs(subject=Subject(domain="example.com"), provider=None, services=(service,))
    facts = ServerFacts(greeting="HTTP/1.1 400 Bad Request", spoken="http", asked=True, waited_seconds=9.0)

    (finding,) = judge_server(facts, given, service)

    assert (finding.cause, finding.certainty) == ("reach.wrong-service", "confirmed")
