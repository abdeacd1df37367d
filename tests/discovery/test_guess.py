"""Guessed names: taken up only where something answers, and with few connections."""

from __future__ import annotations

import socketserver
from collections import Counter

import pytest

from diagnose.discovery import guess
from diagnose.discovery.facts import SourceResult
from diagnose.discovery.sources import LookUps
from diagnose.model import Deadline
from diagnose.model.protocols import PROTOCOLS, Way
from tests.pace import patient

from .conftest import DOMAIN, Estate
from .loopback import Page, certificate, starttls


def _zone(*labels: str, address: str = "127.0.0.1") -> dict[tuple[str, str], list[str]]:
    return {(f"{label}.{DOMAIN}", "A"): [address] for label in labels}


def _guess(estate: Estate, way: Way = "reading") -> SourceResult:
    deadline = Deadline(patient(20))
    return guess.ask(way, DOMAIN, LookUps(estate.network, deadline), estate.network, deadline)


def _named(result: SourceResult) -> list[tuple[str, str, int, str]]:
    return [(s.protocol, s.host, s.port, s.tls) for s in result.services]


def test_names_that_do_not_exist_leave_no_trace(estate: Estate) -> None:
    estate.zone({})
    assert (_guess(estate).status, estate.network.connects) == ("nothing", [])


def test_names_where_nothing_listens_leave_no_trace(estate: Estate) -> None:
    estate.zone(_zone("imap", "mail", "pop"))
    assert _guess(estate).services == ()


def test_a_server_that_answers_is_named(estate: Estate) -> None:
    estate.zone(_zone("imap", "pop3", address="127.0.0.1"))
    estate.mail(993, "imap.corp.example")
    estate.mail(995, "pop3.corp.example")
    assert _named(_guess(estate)) == [
        ("imap", "imap.corp.example", 993, "implicit"),
        ("pop3", "pop3.corp.example", 995, "implicit"),
    ]


def test_the_name_that_the_certificate_holds_for_is_preferred(estate: Estate) -> None:
    estate.zone(_zone("imap", "mail"))
    estate.mail(993, "imap.corp.example", "mail.corp.example", certified=["mail.corp.example"])
    assert _named(_guess(estate)) == [("imap", "mail.corp.example", 993, "implicit")]


def test_the_mx_host_is_a_candidate(estate: Estate) -> None:
    estate.zone({(DOMAIN, "MX"): ["10 mx.hoster.example."], ("mx.hoster.example", "A"): ["127.0.0.2"]} | _zone("smtp"))
    estate.mail(465, "smtp.corp.example", certified=["other.example"])
    estate.mail(465, "mx.hoster.example")
    assert _named(_guess(estate, "sending")) == [("smtp", "mx.hoster.example", 465, "implicit")]


def test_a_server_whose_certificate_holds_for_no_name_is_named_all_the_same(estate: Estate) -> None:
    """It is what a mail program would find, and what is wrong with it is the diagnosis."""
    estate.zone(_zone("imap", "mail"))
    estate.mail(993, "imap.corp.example", "mail.corp.example", certified=["other.example"])
    assert _named(_guess(estate)) == [("imap", "imap.corp.example", 993, "implicit")]


def test_one_address_gets_few_connections(estate: Estate) -> None:
    """All names on one address, the first one's handshake holds: one connection a protocol and port."""
    estate.zone(_zone("imap", "mail", "pop", "pop3"))
    hosts = [f"{label}.corp.example" for label in ("imap", "mail", "pop", "pop3")]
    estate.mail(993, *hosts)
    _guess(estate)
    assert Counter(port for _, port in estate.network.connects) == {993: 1, 995: 1, 110: 1}


def _imap(talk: socketserver.StreamRequestHandler) -> bool:
    talk.wfile.write(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n")
    assert talk.rfile.readline() == b"a STARTTLS\r\n"
    talk.wfile.write(b"* still here\r\na OK begin\r\n")
    return True


def _pop3(talk: socketserver.StreamRequestHandler) -> bool:
    talk.wfile.write(b"+OK ready\r\n")
    assert talk.rfile.readline() == b"STLS\r\n"
    talk.wfile.write(b"+OK begin\r\n")
    return True


def _smtp(talk: socketserver.StreamRequestHandler) -> bool:
    talk.wfile.write(b"220-many\r\n220 words\r\n")
    assert talk.rfile.readline().startswith(b"EHLO ")
    talk.wfile.write(b"250-smtp.corp.example\r\n250 STARTTLS\r\n")
    assert talk.rfile.readline() == b"STARTTLS\r\n"
    talk.wfile.write(b"220 begin\r\n")
    return True


@pytest.mark.parametrize(
    ("way", "label", "port", "talk"),
    [("reading", "imap", 143, _imap), ("reading", "pop", 110, _pop3), ("sending", "smtp", 587, _smtp)],
)
def test_starttls_is_tried_where_implicit_tls_does_not_connect(
    estate: Estate, way: Way, label: str, port: int, talk: object
) -> None:
    """The certificate is for mail alone, so the handshake behind STARTTLS decides about the name."""
    names = (f"{label}.corp.example", "mail.corp.example")
    estate.zone(_zone(label, "mail"))
    context = certificate(estate.ca, "mail.corp.example")
    estate.serve(port, *names, handler=starttls(context, talk))  # type: ignore[arg-type]  # parametrised
    result = _guess(estate, way)
    assert [(s.host, s.port, s.tls) for s in result.services] == [("mail.corp.example", port, "starttls")]


def test_a_server_that_refuses_starttls_still_listens(estate: Estate) -> None:
    def refuses(talk: socketserver.StreamRequestHandler) -> bool:
        talk.wfile.write(b"* OK ready\r\n")
        talk.rfile.readline()
        talk.wfile.write(b"a BAD what?\r\n")
        return False

    estate.zone(_zone("imap"))
    estate.serve(143, "imap.corp.example", handler=starttls(certificate(estate.ca, "x.example"), refuses))
    assert _named(_guess(estate)) == [("imap", "imap.corp.example", 143, "starttls")]


def test_a_port_that_never_ends_its_greeting_costs_bounded_time(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guess, "TRY_SECONDS", 1.0)

    def silent(talk: socketserver.StreamRequestHandler) -> bool:
        talk.rfile.read(1)  # until the client goes
        return False

    estate.zone(_zone("imap"))
    estate.serve(143, "imap.corp.example", handler=starttls(certificate(estate.ca, "x.example"), silent))
    assert _named(_guess(estate)) == [("imap", "imap.corp.example", 143, "starttls")]


def test_webmail_is_guessed_only_with_a_certificate_that_holds(estate: Estate) -> None:
    estate.zone(_zone("webmail", "mail"))
    estate.mail(443, "webmail.corp.example", certified=["parking.example"])
    assert _guess(estate, "web").services == ()
    estate.web({"https://mail.corp.example/": Page()})
    assert [s.url for s in _guess(estate, "web").services] == ["https://mail.corp.example/"]


def test_names_of_what_takes_longest_are_asked_for_first() -> None:
    """Sending waits for the login of reading; of a protocol's names the likeliest comes before any second one."""
    found = [name.removesuffix(".corp.example") for name in guess.names("corp.example")]

    assert found[0] == "smtp"
    assert sorted(found) == sorted({label for protocol in PROTOCOLS for label in protocol.guesses})
    likeliest = {protocol.guesses[0] for protocol in PROTOCOLS if protocol.guesses}
    assert set(found[: len(likeliest)]) == likeliest
