"""ManageSieve (RFC 5804): capabilities as a greeting, STARTTLS, and no login."""

from __future__ import annotations

import ssl

import pytest

from checks.server.spoken import may_become, spoken_protocol, turns_away
from checks.sessions import open_session
from diagnose.model import ClosedError, Deadline, TooMuchDataError
from tests.checks.conversation import PATIENCE, TLS, Step, server

CAPABILITIES = (
    'S: "IMPLEMENTATION" "Example1 ManageSieved v001"',
    'S: "SIEVE" "fileinto vacation"',
    'S: "VERSION" "1.0"',
)
READY = 'S: OK "ready"'


def test_starttls_and_the_mechanisms_behind_it(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    """The server tells its capabilities again by itself (RFC 5804 §2.2)."""
    script: tuple[Step, ...] = (
        *CAPABILITIES,
        'S: "SASL" ""',
        'S: "STARTTLS"',
        READY,
        "C: STARTTLS",
        'S: OK "Begin TLS negotiation now."',
        TLS,
        *CAPABILITIES,
        'S: "SASL" "PLAIN SCRAM-SHA-256"',
        "S: OK (TAG {3}",
        b'a"b) "TLS negotiation successful."\r\n',
        "C: LOGOUT",
    )
    with server(*script, context=server_tls) as one:
        session = open_session("sieve", one.stream(), Deadline(PATIENCE))
        assert (session.starttls, session.mechanisms) == (True, ())
        assert session.start_tls(client_tls, "localhost", Deadline(PATIENCE)) is None
        assert (session.starttls, session.mechanisms) == (False, ("PLAIN", "SCRAM-SHA-256"))
        assert "SIEVE FILEINTO VACATION" in session.capabilities
        session.close()
    one.check()


def test_a_server_that_waits_to_be_asked_after_tls(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checks.sessions.sieve.UNASKED_SECONDS", 0.1)
    script: tuple[Step, ...] = (
        *CAPABILITIES,
        'S: "STARTTLS"',
        READY,
        "C: STARTTLS",
        "S: OK",
        TLS,
        "C: CAPABILITY",
        'S: "SASL" "PLAIN"',
        "S: OK",
    )
    with server(*script, context=server_tls) as one:
        session = open_session("sieve", one.stream(), Deadline(PATIENCE))
        assert session.start_tls(client_tls, "localhost", Deadline(PATIENCE)) is None
        assert session.mechanisms == ("PLAIN",)
        session.close()


def test_starttls_refused_is_told_in_the_servers_words() -> None:
    with server(*CAPABILITIES, 'S: "STARTTLS"', READY, "C: STARTTLS", 'S: NO "TLS is broken here"') as one:
        session = open_session("sieve", one.stream(), Deadline(PATIENCE))
        assert session.ask_for_tls(Deadline(PATIENCE)) == 'NO "TLS is broken here"'
        session.close()


def test_strings_told_by_their_length() -> None:
    """Line ends in them end nothing (RFC 5804 §4)."""
    with server('S: "IMPLEMENTATION" {13}', b"two\r\nOK lines\r\n", 'S: "SASL" "EXTERNAL"', READY) as one:
        assert open_session("sieve", one.stream(), Deadline(PATIENCE)).mechanisms == ("EXTERNAL",)
        one.hang_up()


@pytest.mark.parametrize("last", ['BYE (TRYLATER) "Too many connections"', 'NO "Disabled"'])
def test_a_server_that_says_no_behind_its_capabilities(last: str) -> None:
    with server(*CAPABILITIES, f"S: {last}") as one, pytest.raises(ClosedError, match=last[:3]):
        open_session("sieve", one.stream(), Deadline(PATIENCE))


@pytest.mark.parametrize("lines", [b'"X" {999999999}\r\n', b'"X" "y"\r\n' * 300])
def test_what_never_ends_is_not_read_on(lines: bytes) -> None:
    with server(lines) as one, pytest.raises(TooMuchDataError):
        open_session("sieve", one.stream(), Deadline(PATIENCE))


@pytest.mark.parametrize(
    ("line", "spoken", "away"),
    [
        (b'"IMPLEMENTATION" "Cyrus timsieved"\r\n', "sieve", False),
        (b'"SASL" "PLAIN"\r\n', "sieve", False),
        (b'"VERSION" "1.0"\r\n', "sieve", False),
        (b'BYE "Too many connections"\r\n', "sieve", True),
        (b'"Welcome" to the machine\r\n', None, False),
        (b"BYE\r\n", None, False),
        (b"* BYE overloaded\r\n", "imap", True),
    ],
)
def test_its_greeting(line: bytes, spoken: str | None, away: bool) -> None:
    assert spoken_protocol(line) == spoken
    assert turns_away(line) is away
    assert may_become(line[:1], "sieve") == (spoken == "sieve" or line[:1] in b'"B')
