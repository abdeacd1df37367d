"""Whose clock is wrong: this computer's, or does a certificate really lie outside its dates?"""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate

import dns.message
import dns.rrset
import msgspec
import pytest

from checks.network import reference_clocks as clocks
from checks.network.clock import ClockFacts, judge_clock, probe_clock
from checks.network.reference_clocks import Testimony, Tick, Validity, ask_clocks, surely_past, tick_in_greeting
from checks.server.server import ServerFacts
from checks.tls.handshake import TlsFacts
from checks.tls.tls import judge_tls
from checks.web.web import WebFacts
from diagnose.account.history import History
from diagnose.account.person import Consent
from diagnose.discovery import DiscoveryOptions
from diagnose.model import Certainty, Deadline, Inputs, Service
from diagnose.network import Hop, KnownAnswer, Nameserver, Network, Vantage
from diagnose.running.context import Context
from tests.core.loopback import DnsServer, tcp
from tests.support.build import SUBJECT as ALICE

from .conftest import Serve
from .given import DAY, NOW, bench, certificate, given, refused_certificate, service

OLD, NEW, GOOD = (-400, -2), (30, 120), (-10, 80)
"""From and to, in days from now: expired, not valid yet, valid."""


def refused(host: str, days: tuple[int, int], *ticks: Tick) -> TlsFacts:
    facts = refused_certificate(certificate(host, "CN=Authority", days=days), code=10 if days == OLD else 9)
    return msgspec.structs.replace(facts, clocks=ticks)


def accepted() -> TlsFacts:
    return TlsFacts(verified=True, at=NOW, version="TLSv1.3")


def seen(*rows: tuple[Service, TlsFacts]) -> Inputs:
    return given(*(one for one, _ in rows), elsewhere=tuple(rows))


def clock_of(*rows: tuple[Service, TlsFacts]) -> list[tuple[str, bool]]:
    """How sure it is that the clock is wrong, and whether that is only a part of the trouble."""
    facts = probe_clock(ALICE, seen(*rows), bench())
    return [(one.certainty, one.partial) for one in judge_clock(facts, given(), ALICE)]


def tick(days: float, host: str = "pages.example") -> Tick:
    return Tick(host=host, ahead_seconds=days * DAY)


IMAP, SMTP = service("imap.corp.example"), service("smtp.hosting.example", 465, "smtp")


@pytest.mark.parametrize(
    ("days", "ticks", "certainty"),
    [
        (OLD, (), "likely"),
        (NEW, (), "likely"),
        (OLD, (tick(0),), "confirmed"),
        (NEW, (tick(0),), "confirmed"),
        (OLD, (tick(1 / 24),), "confirmed"),  # a clock that is off, and a certificate that is old all the same
        (OLD, (tick(-60),), "likely"),
        (NEW, (tick(60),), "likely"),
        (NEW, (tick(400),), "likely"),  # by that time it is old, which is another fault
        (OLD, (tick(0, "a.example"), tick(0, "b.example"), tick(-60, "c.example")), "confirmed"),
        (OLD, (tick(-60, "a.example"), tick(-60, "b.example"), tick(0, "c.example")), "likely"),
    ],
)
def test_a_certificate_is_out_of_date_by_a_clock_that_somebody_vouches_for(
    days: tuple[int, int], ticks: tuple[Tick, ...], certainty: Certainty
) -> None:
    (found,) = judge_tls(refused("imap.corp.example", days, *ticks), given(), IMAP)

    clock_is_wrong = bool(ticks) and abs(ticks[0].ahead_seconds) > 300
    assert found.stands == (certainty == "confirmed" and clock_is_wrong)

    assert found.cause == ("tls.cert-expired" if days == OLD else "tls.cert-not-yet-valid")
    assert found.certainty == certainty


@pytest.mark.parametrize(
    ("days", "ticks", "found"),
    [
        (NEW, (tick(60),), [("confirmed", False)]),  # the clock is two months behind
        (OLD, (tick(-60),), [("confirmed", False)]),  # and here ahead
        (OLD, (tick(-730),), [("likely", True)]),  # before the certificate began: both are wrong
        (OLD, (tick(30),), [("likely", True)]),  # behind, and the certificate is old all the more
        (OLD, (tick(0),), []),
        (OLD, (tick(200 / DAY),), []),
        (OLD, (), []),
        (NEW, (tick(60, "a.example"), tick(0, "b.example")), []),  # one word against another
        (NEW, (tick(0, "a.example"), tick(0, "b.example"), tick(60, "c.example")), []),
        (NEW, (tick(60, "a.example"), tick(60, "b.example"), tick(0, "c.example")), [("likely", False)]),
        (NEW, (tick(60, "a.example"), tick(60, "b.example")), [("confirmed", False)]),
    ],
)
def test_who_is_believed(days: tuple[int, int], ticks: tuple[Tick, ...], found: list[tuple[str, bool]]) -> None:
    assert clock_of((IMAP, refused("imap.corp.example", days, *ticks))) == found


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([(IMAP, OLD), (SMTP, OLD)], [("likely", False)]),
        ([(IMAP, NEW), (SMTP, NEW)], [("likely", False)]),
        ([(IMAP, OLD), (SMTP, NEW)], []),
        ([(IMAP, OLD), (service("smtp.corp.example", 465, "smtp"), OLD)], []),  # one owner, who forgot them all
        ([(IMAP, OLD), (SMTP, GOOD)], []),
        ([(IMAP, OLD)], []),
    ],
)
def test_certificates_of_several_owners_that_fail_alike(
    rows: list[tuple[Service, tuple[int, int]]], found: list[tuple[str, bool]]
) -> None:
    assert clock_of(*((one, refused(one.host, days)) for one, days in rows)) == found


def test_a_certificate_that_is_accepted_speaks_for_the_clock() -> None:
    third = service("pop.third.example", 995, "pop3")
    rows = [(IMAP, refused(IMAP.host, OLD)), (SMTP, refused(SMTP.host, OLD)), (third, accepted())]
    assert clock_of(*rows) == []


@pytest.mark.parametrize(
    ("greeting", "ahead"),
    [
        ("220 mx.example ESMTP Sendmail 8.18.1/8.18.1; Tue, 14 Nov 2023 22:13:20 GMT", 0.0),
        ("220 mx.example ESMTP Exim 4.96 Tue, 14 Nov 2023 23:13:20 +0100", 0.0),
        ("220 mx.example ESMTP Exim 4.96 Wed, 15 Nov 2023 06:13:20 +0800", 0.0),
        ("220 mx.example ESMTP Exim 4.96 Thu, 16 Nov 2023 22:13:20 +0000", 2 * DAY),
        ("220 mx.example ESMTP Postfix", None),
        ("220 mx.example since Tue, 14 Nov 2023", None),
        ("220 mx.example Tue, 99 Nov 2023 22:13:20 GMT", None),
    ],
)
def test_a_mail_server_greets_with_the_time(greeting: str, ahead: float | None) -> None:
    """Wherever it is: what it says is of its own time zone."""
    found = tick_in_greeting("mx.example", greeting, NOW)
    assert (found and found.ahead_seconds) == ahead


def test_a_greeting_before_starttls_is_a_witness() -> None:
    submission = Service(protocol="smtp", host="smtp.corp.example", port=587, tls="starttls", source="srv")
    greeting = ServerFacts(greeting="220 smtp ESMTP Exim 4.96 " + formatdate(NOW + 60 * DAY, usegmt=True))
    elsewhere = ((submission, refused("smtp.corp.example", NEW)), (submission, greeting))
    facts = probe_clock(ALICE, given(submission, elsewhere=elsewhere), bench())
    assert [one.certainty for one in judge_clock(facts, given(), ALICE)] == ["confirmed"]


def test_pages_that_came_anyhow_are_witnesses() -> None:
    """As in a run in which nothing failed; a page in another time zone tells the same time."""
    hops = (
        Hop(url="https://mail.corp.example/", status=200, date="Tue, 14 Nov 2023 22:13:20 GMT", at=NOW, milliseconds=9),
        Hop(url="https://a.example/", status=200, date="Tue, 14 Nov 2023 17:13:20 -0500", at=NOW, milliseconds=9),
        Hop(url="https://b.example/", status=200, date="yesterday", at=NOW, milliseconds=9),
    )
    web = ((service("mail.corp.example", 443, "webmail"), WebFacts(hops=hops, loop=False)),)
    facts = probe_clock(ALICE, given(elsewhere=web), bench())
    assert [one.ahead_seconds for one in facts.ticks] == [0.0, 0.0]
    assert list(judge_clock(facts, given(), ALICE)) == []


def test_a_report_from_before_is_judged_again() -> None:
    """It holds ticks alone."""
    facts = ClockFacts(ticks=(tick(60),), rejected_for_time=2, valid_at_server_time=2)
    assert [(one.certainty, one.partial) for one in judge_clock(facts, given(), ALICE)] == [("confirmed", False)]


class Reachable(Vantage, frozen=True, kw_only=True):
    """A computer that knows one page."""

    url: str

    def known_answers(self) -> tuple[KnownAnswer, ...]:
        return (KnownAnswer(url=self.url, status=204, operator="Test", source=""),)


@pytest.mark.parametrize("third_party", [True, False])
def test_whom_to_ask_for_the_time(serve: Serve, *, third_party: bool) -> None:
    """A page with a known answer, once a run; and nobody of the kind without leave."""
    asked: list[str] = []

    def page(request: object) -> None:
        line = request.rfile.readline().decode()  # type: ignore[attr-defined]
        headers = b"".join(iter(request.rfile.readline, b"\r\n"))  # type: ignore[attr-defined]
        asked.append(line + headers.decode())
        date = formatdate(time.time() + 60 * DAY, usegmt=True)
        request.wfile.write(f"HTTP/1.1 204 No Content\r\nDate: {date}\r\n\r\n".encode())  # type: ignore[attr-defined]

    url = f"http://127.0.0.1:{serve(page)}/"
    work = Context(
        network=Network(Nameserver("127.0.0.1", 9), vantage=Reachable(url=url)),  # nobody is looked up outside
        deadline=Deadline(60),
        history=History(None),
        discovery=DiscoveryOptions(third_party=third_party),
    )
    nowhere = Service(protocol="imap", host="127.0.0.9", port=993, tls="implicit", source="option")
    found = [ask_clocks(nowhere, given(nowhere), work) for _ in range(3)]

    assert len(asked) == third_party
    assert all("Cookie" not in one and "Authorization" not in one for one in asked)
    if third_party:
        assert {round(one.ahead_seconds / DAY) for told in found for one in told.ticks} == {60}


def test_nothing_is_asked_where_no_date_is_odd() -> None:
    """The check itself only reads."""
    facts = probe_clock(ALICE, seen((IMAP, accepted()), (SMTP, refused(SMTP.host, GOOD))), bench(third_party=True))
    assert facts == ClockFacts()


# -- certificates as witnesses: nobody makes one ahead of its dates


def dated(host: str, begin: float, end: float) -> Validity:
    """A certificate elsewhere, from and to in days from now."""
    return Validity(host=host, not_before=NOW + begin * DAY, not_after=NOW + end * DAY)


@pytest.mark.parametrize(
    ("validities", "days"),
    [
        ((), None),
        ((dated("a.example", -30, 60),), -30),
        ((dated("a.example", -30, 60), dated("b.example", -3, 90)), -3),
        ((dated("a.example", 30, 60),), None),  # one that is made wrongly is nobody's word
        (
            (dated("www.a.example", 30, 60), dated("mail.a.example", 20, 60)),
            None,
        ),  # nor is it with another of its owner
        ((dated("a.example", 30, 60), dated("b.example", 20, 60)), 20),
        ((dated("a.example", 30, 60), dated("b.example", -1, 60)), -1),
        ((dated("a.example", 30, 60), dated("b.example", 10, 60), dated("c.example", 20, 60)), 20),
    ],
)
def test_what_has_passed_for_sure(validities: tuple[Validity, ...], days: float | None) -> None:
    past = surely_past(validities, NOW)
    assert past == (None if days is None else NOW + days * DAY)


@pytest.mark.parametrize(
    ("days", "ticks", "validities", "certainty"),
    [
        (OLD, (), (dated("a.example", -1, 90),), "confirmed"),  # made after the other's end
        (OLD, (), (dated("a.example", -3, 90),), "likely"),  # before it
        (
            OLD,
            (),
            (dated("a.example", 10, 90),),
            "likely",
        ),  # by whose dates it is later still: not without a second one
        (OLD, (), (dated("a.example", 10, 90), dated("b.example", 20, 90)), "confirmed"),
        (NEW, (), (dated("a.example", -1, 90),), "likely"),  # which tells nothing of what is to come
        (NEW, (), (dated("a.example", 40, 90), dated("b.example", 45, 90)), "likely"),
        # a Date from before a certificate was made is that of a wrong clock
        (OLD, (tick(-60),), (dated("a.example", -1, 90),), "confirmed"),
        (OLD, (tick(-60),), (dated("a.example", -90, 90),), "likely"),
        (OLD, (tick(-60), tick(0, "b.example")), (dated("a.example", -30, 90),), "confirmed"),
    ],
)
def test_a_certificate_made_since_vouches_for_the_clock(
    days: tuple[int, int], ticks: tuple[Tick, ...], validities: tuple[Validity, ...], certainty: Certainty
) -> None:
    """It tells what has passed, and never that a moment is still to come."""
    facts = msgspec.structs.replace(refused("imap.corp.example", days, *ticks), validities=validities)
    (found,) = judge_tls(facts, given(), IMAP)
    assert found.certainty == certainty


def witnessed(days: tuple[int, int], *validities: Validity, ticks: tuple[Tick, ...] = ()) -> TlsFacts:
    return msgspec.structs.replace(refused(IMAP.host, days, *ticks), validities=validities)


def good_until(host: str, begin: float, end: float) -> tuple[Service, TlsFacts]:
    """A server whose certificate was accepted."""
    dates = {"not_before": NOW + begin * DAY, "not_after": NOW + end * DAY}
    return service(host, 995, "pop3"), msgspec.structs.replace(accepted(), **dates)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        # a chain elsewhere that begins after our clock, too
        ([(IMAP, witnessed(NEW, dated("www.other.example", 20, 110)))], [("likely", False)]),
        ([(IMAP, witnessed(NEW, dated("www.corp.example", 20, 110)))], []),  # the same owner's
        ([(IMAP, witnessed(NEW, dated("www.other.example", -20, 110)))], []),
        # one that is still good by a clock that is behind does not speak for it
        (
            [(IMAP, witnessed(NEW, dated("a.example", 20, 110))), good_until("pop.third.example", -100, 200)],
            [("likely", False)],
        ),
        ([(IMAP, refused(IMAP.host, NEW)), (SMTP, refused(SMTP.host, NEW)), good_until("c.example", -100, 200)],
         [("likely", False)]),
        ([(IMAP, witnessed(OLD, dated("www.other.example", -90, -5)))], [("likely", False)]),
        ([(IMAP, witnessed(OLD, dated("a.example", -90, -5), dated("b.example", -20, 50)))], []),
        ([(IMAP, witnessed(OLD, dated("a.example", -90, -5))), good_until("pop.third.example", -100, 200)], []),
        # the wrong Date of one server against a certificate that was made after it, accepted or not
        ([(IMAP, refused(IMAP.host, OLD, tick(-60))), good_until("pop.third.example", -10, 80)], []),
        ([(IMAP, witnessed(OLD, dated("a.example", -10, 80), ticks=(tick(-60),)))], []),
        # near-misses: the clock is wrong, and no certificate is younger than the time that is told
        ([(IMAP, refused(IMAP.host, OLD, tick(-60))), good_until("c.example", -90, 80)], [("confirmed", False)]),
        ([(IMAP, witnessed(OLD, dated("a.example", -90, 80), ticks=(tick(-60),)))], [("confirmed", False)]),
        ([(IMAP, witnessed(NEW, dated("a.example", -90, 80), ticks=(tick(60),)))], [("confirmed", False)]),
    ],
)  # fmt: skip
def test_certificates_elsewhere_are_witnesses(
    rows: list[tuple[Service, TlsFacts]], found: list[tuple[str, bool]]
) -> None:
    assert clock_of(*rows) == found


# -- whom the probe asks


def zone(*exchanges: str) -> Callable[[bytes], list[bytes]]:
    """Answers of a name server: MX records, and loopback for every name that begins with mx."""

    def answer(question: bytes) -> list[bytes]:
        asked = dns.message.from_wire(question)
        reply, one = dns.message.make_response(asked), asked.question[0]
        name = one.name.to_text().lower()
        if one.rdtype == dns.rdatatype.MX and exchanges:
            rows = [f"{10 * place} {host}." for place, host in enumerate(exchanges, 1)]
            reply.answer.append(dns.rrset.from_text_list(one.name, 60, "IN", "MX", rows))
        elif one.rdtype == dns.rdatatype.A and name.startswith(("mx", "pages")):
            reply.answer.append(dns.rrset.from_text(one.name, 60, "IN", "A", "127.0.0.1"))
        return [reply.to_wire()]

    return answer


def asked_of(server: DnsServer, *services: Service, ask_recipient: bool = True) -> Testimony:
    work = Context(
        network=Network(server.address),
        deadline=Deadline(20),
        history=History(None),
        discovery=DiscoveryOptions(third_party=False),
        consent=Consent(ask_recipient=ask_recipient),
    )
    nowhere = Service(protocol="imap", host="imap.corp.example", port=993, tls="implicit", source="option")
    return ask_clocks(nowhere, given(nowhere, *services), work)


def greets_with(words: str, heard: list[bytes]) -> Callable[[object], None]:
    def talk(connected: object) -> None:
        connected.sendall(words.encode())  # type: ignore[attr-defined]
        heard.append(connected.recv(100))  # type: ignore[attr-defined]

    return talk


THEN = time.time() + 60 * DAY


@pytest.mark.parametrize(
    ("greeting", "days"),
    [
        ("220 mx.corp.example ESMTP Sendmail 8.18; " + formatdate(THEN, usegmt=True), 60),
        ("220-mx.corp.example ESMTP Exim 4.98 " + formatdate(THEN) + " \r\n220 ready", 60),
        ("554 mx.corp.example no mail from you " + formatdate(THEN, usegmt=True), 60),
        ("220 mx.corp.example ESMTP Postfix", None),
        ("220 mx.corp.example Sun, 31 Feb 2026 10:00:00 +0000", None),
        ("", None),
    ],
    ids=["dated", "dated-in-lines", "dated-refusal", "undated", "no-such-day", "empty"],
)
def test_the_mx_is_asked_where_no_page_tells_the_time(
    greeting: str, days: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its greeting is read, and not a word is said to it."""
    heard: list[bytes] = []
    with DnsServer(zone("mx1.corp.example")) as server, tcp(greets_with(greeting + "\r\n", heard)) as port:
        monkeypatch.setattr(clocks, "SMTP_PORT", port)
        told = asked_of(server)
    assert [(one.host, round(one.ahead_seconds / DAY)) for one in told.ticks] == (
        [] if days is None else [("mx1.corp.example", days)]
    )
    assert set(heard) <= {b""}


def test_whoever_does_not_want_the_mx_asked_has_it_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    greeting = "220 mx.corp.example ESMTP Exim 4.98 " + formatdate(THEN) + "\r\n"
    with DnsServer(zone("mx1.corp.example")) as server, tcp(greets_with(greeting, heard)) as port:
        monkeypatch.setattr(clocks, "SMTP_PORT", port)
        assert asked_of(server, ask_recipient=False) == Testimony()
    assert heard == []


def test_one_page_alone_does_not_settle_the_time(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The MX of another owner is asked beside it."""

    def page(request: object) -> None:
        request.rfile.readline()  # type: ignore[attr-defined]
        date = formatdate(THEN, usegmt=True)
        request.wfile.write(f"HTTP/1.1 204 No Content\r\nDate: {date}\r\n\r\n".encode())  # type: ignore[attr-defined]

    web = Service(protocol="webmail", host="pages.other.example", port=serve(page), tls="none", source="option")
    greeting = "220 mx.corp.example ESMTP Exim 4.98 " + formatdate(time.time()) + "\r\n"
    with DnsServer(zone("mx1.corp.example")) as server, tcp(greets_with(greeting, [])) as port:
        monkeypatch.setattr(clocks, "SMTP_PORT", port)
        told = asked_of(server, web)
    assert {(one.host, round(one.ahead_seconds / DAY)) for one in told.ticks} == {
        ("pages.other.example", 60),
        ("mx1.corp.example", 0),
    }
