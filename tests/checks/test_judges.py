"""Judges as pure functions: recorded facts in, findings out, one row a branch."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.dns import domain as dns_domain
from checks.dns.domain import DomainFacts, MxTarget, judge_domain
from checks.dns.host import HostFacts, judge_host
from checks.dns.resolver import ResolverFacts, judge_resolver
from checks.network.reference_clocks import Tick
from checks.reach.paths import PathsFacts, judge_paths
from checks.reach.reach import ReachFacts, Witness, judge_reach
from checks.server.server import ServerFacts, judge_server
from checks.server.spoken import spoken_protocol
from checks.tls.certificates import CertificateFacts
from checks.tls.explained import TlsExplanation
from checks.tls.handshake import TlsFacts
from checks.tls.tls import DAY, judge_tls
from checks.web.html import PageFacts
from checks.web.web import WebFacts, judge_web
from diagnose.knowledge.catalogue import catalogue
from diagnose.model import Failure, Host, Inputs, Service, Subject
from diagnose.network import Attempt, DnsAnswer, Hop, HostAddresses, MxRecord, RecordType
from tests.support.build import CHECKS, SUBJECT, service

NOW = 1_800_000_000.0


IMAP, GUESSED = service(), service(source="guess")
STARTTLS = service(port=143, tls="starttls")
STLS = service("pop3", 110, tls="starttls")
SUBMISSION = service("smtp", 587, tls="starttls")
WEB = service("webmail", 443)
HOST = Host(name="mail.corp.example", source="option")


def given(**facts: Any) -> Inputs:
    return Inputs(subject=SUBJECT, provider=None, services=(IMAP,), facts=tuple(facts.values()))


def found(judge: Any, facts: Any, target: Any, known: Inputs | None = None) -> list[str]:
    """Causes with a mark for how sure, in order; every sentence can be shown, and every cause is known."""
    marks = {"confirmed": "", "likely": "~", "possible": "?"}
    findings = list(judge(facts, known or given(), target))
    assert all(finding.text.render() and finding.cause in catalogue() for finding in findings)
    return [f"{finding.cause}{marks[finding.certainty]}{'/' * finding.partial}" for finding in findings]


def failure(name: Any, operation: Any = "connect", words: str = "words") -> Failure:
    return Failure(name=name, operation=operation, text=words)


# -- DNS


def answer(status: Any = "answered", *records: str, kind: RecordType = "MX", alias: str | None = None) -> DnsAnswer:
    return DnsAnswer(
        name="corp.example", record_type=kind, status=status, records=records, canonical_name=alias, milliseconds=9999
    )


ADDRESS, NONE = answer("answered", "192.0.2.1"), answer("no_data")
SERVFAIL, SILENT = answer("server_failure"), answer("timed_out")


def domain(mx: DnsAnswer, *targets: MxTarget, null: bool = False, **more: Any) -> DomainFacts:
    records = tuple(MxRecord(preference=10, exchange="" if null else t.name) for t in targets) or (
        (MxRecord(preference=0, exchange=""),) if null else ()
    )
    usual: dict[str, Any] = {"mx": mx, "ipv4": NONE, "ipv6": NONE, "records": records, "targets": targets}
    return DomainFacts(**usual | more)


def mx(name: str = "mx.corp.example", four: DnsAnswer = ADDRESS, six: DnsAnswer = NONE, **more: Any) -> MxTarget:
    return MxTarget(name=name, ipv4=four, ipv6=six, **more)


MX = answer("answered", "10 mx.corp.example.")
REFUSED_25 = Attempt(address="192.0.2.1", family="ipv4", failure=failure("connection_refused"), milliseconds=1)
SILENT_25 = Attempt(address="192.0.2.1", family="ipv4", failure=failure("timed_out"), milliseconds=1)
OPEN_25 = Attempt(address="192.0.2.1", family="ipv4", milliseconds=1)
DEAD = mx("dead.example", NONE, NONE)
LITERAL = MxTarget(name="192.0.2.1", is_address=True)
ALIAS = mx(four=answer("answered", "192.0.2.1", alias="other.example"))


@pytest.mark.parametrize(
    ("facts", "causes"),
    [
        (domain(MX, mx()), []),
        (domain(MX, mx(four=NONE, six=ADDRESS)), []),
        (domain(answer("name_not_found")), ["dns.domain-missing"]),
        (domain(NONE), ["dns.no-mx"]),
        (domain(NONE, implicit_mx=(OPEN_25,)), []),
        (domain(NONE, implicit_mx=(REFUSED_25, OPEN_25)), []),
        (domain(NONE, implicit_mx=(REFUSED_25,)), ["dns.no-mx~"]),
        (domain(NONE, implicit_mx=(SILENT_25,)), ["dns.no-mx?"]),
        (domain(NONE, implicit_mx=(REFUSED_25, SILENT_25)), ["dns.no-mx?"]),
        (domain(answer("answered", "0 ."), null=True), ["dns.null-mx"]),
        (domain(MX, DEAD), ["dns.mx-unresolvable"]),
        (domain(MX, DEAD, mx()), ["dns.mx-unresolvable/"]),
        (domain(MX, DEAD, DEAD), ["dns.mx-unresolvable"] * 2),
        (domain(MX, LITERAL), ["dns.mx-unresolvable/"]),
        (domain(MX, ALIAS), ["dns.mx-unresolvable/"]),
        (domain(MX, mx(four=SILENT, six=SILENT)), []),
        (domain(MX, mx(four=NONE, six=SERVFAIL)), []),
        (domain(SERVFAIL, unchecked=MX, control=MX), ["dns.broken-zone"]),
        (domain(SERVFAIL, unchecked=SERVFAIL, control=MX), ["dns.broken-zone"]),
        (domain(SERVFAIL, unchecked=SERVFAIL, control=SERVFAIL), ["dns.broken-zone~"]),
        (domain(SILENT, control=MX), ["dns.broken-zone~"]),
        (domain(SILENT, control=SILENT), []),
        (domain(answer("refused"), control=answer("refused")), []),
        (domain(answer("no_resolver"), control=answer("no_resolver")), []),
    ],
)
def test_domain(facts: DomainFacts, causes: list[str]) -> None:
    """Missing, empty, null, broken and silent are told apart; a slow resolver never means a missing record."""
    assert found(judge_domain, facts, SUBJECT) == causes


def host(four: DnsAnswer | None, six: DnsAnswer | None = None, *addresses: str, **more: Any) -> HostFacts:
    return HostFacts(found=HostAddresses(host=HOST.name, addresses=addresses, ipv4=four, ipv6=six), **more)


@pytest.mark.parametrize(
    ("facts", "source", "causes"),
    [
        (host(ADDRESS, NONE, "192.0.2.1"), "option", []),
        (host(SERVFAIL, SERVFAIL, "192.0.2.1"), "option", []),
        (host(None, None), "option", []),
        (host(NONE, NONE), "option", ["dns.host-missing"]),
        (host(answer("answered", "0.0.0.0"), NONE), "option", ["dns.host-missing~"]),
        (host(NONE, answer("answered", "::")), "srv", ["dns.host-missing~"]),
        (host(answer("answered", "0.0.0.0"), answer("answered", "::")), "srv", ["dns.host-missing~"]),
        (host(answer("answered", "0.0.0.0"), NONE), "guess", []),
        (host(answer("answered", "0.0.0.0"), answer("answered", "2001:db8::1"), "2001:db8::1"), "srv", []),
        (host(answer("name_not_found"), answer("name_not_found")), "srv", ["dns.host-missing"]),
        (host(NONE, NONE), "guess", []),
        (host(SILENT, SILENT), "option", []),
        (host(SERVFAIL, SERVFAIL, unchecked=ADDRESS), "option", ["dns.broken-zone"]),
        (host(SERVFAIL, SERVFAIL, unchecked=SERVFAIL), "option", ["dns.broken-zone~"]),
        (host(NONE, SERVFAIL), "option", ["dns.broken-zone~"]),
        (host(SERVFAIL, SERVFAIL), "guess", []),
    ],
)
def test_host(facts: HostFacts, source: Any, causes: list[str]) -> None:
    """A name that somebody gave has to exist; a guess need not."""
    assert found(judge_host, facts, Host(name=HOST.name, source=source)) == causes


def test_an_address_that_is_none_is_shown() -> None:
    """A resolver that blocks a name says 0.0.0.0 or :: for it (RFC 1122 §3.2.1.3, RFC 4291 §2.5.2)."""
    (finding,) = judge_host(host(answer("answered", "0.0.0.0"), answer("answered", "::")), given(), HOST)
    assert "answers for mail.corp.example with 0.0.0.0, ::, which is nobody's address" in finding.text.render()


@pytest.mark.parametrize(
    ("useful", "servers", "control", "causes"),
    [
        (1, ("192.0.2.53",), SILENT, []),
        (0, ("192.0.2.53",), MX, []),
        (0, (), answer("no_resolver"), ["network.resolver-down"]),
        (0, ("192.0.2.53",), SILENT, ["network.resolver-down"]),
        (0, ("192.0.2.53",), answer("refused"), ["network.resolver-down"]),
        (0, ("192.0.2.53",), SERVFAIL, ["network.resolver-down~"]),
        (0, ("192.0.2.53",), answer("malformed"), ["network.resolver-down~"]),
    ],
)
def test_resolver(useful: int, servers: tuple[str, ...], control: DnsAnswer, causes: list[str]) -> None:
    """Down only when nothing at all was answered."""
    facts = ResolverFacts(servers=servers, control=control, useful=useful, useless=3)

    assert found(judge_resolver, facts, SUBJECT) == causes


# -- reach


UNASKED = answer("timed_out")


@pytest.mark.parametrize(
    ("facts", "open_"),
    [
        (domain(NONE, ipv4=ADDRESS, implicit_mx=(SILENT_25,)), False),
        (domain(NONE, ipv4=ADDRESS, implicit_mx=(SILENT_25, SILENT_25)), False),
        (domain(NONE, ipv4=ADDRESS, implicit_mx=(REFUSED_25, SILENT_25)), False),
        (domain(NONE, ipv4=ADDRESS, implicit_mx=(OPEN_25,)), False),
        (domain(NONE, ipv4=ADDRESS), True),
        (domain(NONE, ipv4=UNASKED, ipv6=UNASKED), True),
        (domain(UNASKED), True),
        (domain(MX, mx(four=UNASKED, six=UNASKED)), True),
    ],
)
def test_a_port_25_that_this_network_shuts_leaves_nothing_open(facts: DomainFacts, open_: bool) -> None:
    """Whether mail for the domain arrives is no matter of a login, and still no claim is made of it."""
    assert (dns_domain.CHECK.left_open(facts) is not None) is open_
    assert dns_domain.CHECK.untold(facts) is not None or OPEN_25 in facts.implicit_mx


def attempt(name: Any = None, address: str = "192.0.2.1") -> Attempt:
    family: Any = "ipv6" if ":" in address else "ipv4"
    return Attempt(address=address, family=family, failure=failure(name) if name else None, milliseconds=5)


def reached(*attempts: Attempt, open_ports: tuple[int, ...] = (), **more: Any) -> ReachFacts:
    witnesses = (*(Witness(port=port) for port in open_ports), Witness(port=25, failure=failure("timed_out")))
    return ReachFacts(
        **{"addresses": tuple(a.address for a in attempts), "connected": None, "attempts": attempts,
           "witnesses": witnesses} | more
    )  # fmt: skip


REFUSED, LATE, NO_NET = attempt("connection_refused"), attempt("timed_out"), attempt("network_unreachable")
NO_SIX = attempt("network_unreachable", "2001:db8::1")


@pytest.mark.parametrize(
    ("facts", "target", "causes"),
    [
        (reached(attempt(), connected="192.0.2.1"), IMAP, []),
        (reached(REFUSED), GUESSED, []),
        (reached(REFUSED), IMAP, ["reach.refused"]),
        (reached(REFUSED, open_ports=(465,)), IMAP, ["reach.refused", "reach.port-blocked?"]),
        (reached(LATE), IMAP, ["reach.timeout"]),
        (reached(LATE, open_ports=(443,)), IMAP, ["reach.port-blocked"]),
        (reached(NO_NET), IMAP, ["reach.unreachable"]),
        (reached(attempt("host_unreachable")), IMAP, ["reach.unreachable"]),
        (reached(REFUSED, LATE), IMAP, ["reach.timeout~"]),
        (reached(REFUSED, NO_SIX, without_route=("ipv6",)), IMAP, ["reach.refused"]),
        (reached(NO_SIX, without_route=("ipv6",)), IMAP, ["reach.unreachable"]),
        (reached(attempt("not_permitted")), IMAP, ["reach.timeout~"]),
        (reached(), IMAP, ["reach.timeout"]),
        (reached(LATE, rejected_lately=3), IMAP, ["reach.timeout", "lockout.address-blocked?"]),
        (reached(LATE, rejected_lately=3, open_ports=(443,)), IMAP, ["reach.port-blocked", "lockout.address-blocked~"]),
        (
            reached(LATE, rejected_lately=3, open_ports=(443, 587)),
            IMAP,
            ["reach.port-blocked", "lockout.address-blocked?"],
        ),
        (
            reached(REFUSED, rejected_lately=3, open_ports=(443,)),
            IMAP,
            ["reach.refused", "reach.port-blocked?", "lockout.address-blocked~"],
        ),
        (reached(REFUSED, rejected_lately=3), IMAP, ["reach.refused", "lockout.address-blocked?"]),
        (reached(NO_NET, rejected_lately=3), IMAP, ["reach.unreachable"]),
        (reached(REFUSED, rejected_here_at=NOW), IMAP, ["reach.refused", "lockout.address-blocked~"]),
        (reached(LATE, rejected_here_at=NOW, rejected_lately=1), IMAP, ["reach.timeout", "lockout.address-blocked~"]),
        (reached(REFUSED, rejected_here_at=NOW), GUESSED, ["reach.refused", "lockout.address-blocked~"]),
        (
            reached(LATE, rejected_here_at=NOW, open_ports=(443, 587)),
            IMAP,
            ["reach.port-blocked", "lockout.address-blocked~"],
        ),
        (
            reached(REFUSED, rejected_here_at=NOW, open_ports=(143,)),
            IMAP,
            ["reach.refused", "reach.port-blocked?", "lockout.address-blocked?"],
        ),
        (reached(NO_NET, rejected_here_at=NOW), IMAP, ["reach.unreachable"]),
        (reached(attempt(), connected="192.0.2.1", rejected_here_at=NOW), IMAP, []),
        (reached(REFUSED), WEB, ["web.login-page-down"]),
        (reached(LATE, open_ports=(993,)), WEB, ["web.login-page-down"]),
    ],
)
def test_reach(facts: ReachFacts, target: Service, causes: list[str]) -> None:
    """Refused, silent, no way, or this port alone; a family that this computer has no route for proves nothing."""
    assert found(judge_reach, facts, target) == causes


LATE_THERE, SHUT_THERE = "reach.timeout~/", "reach.refused~/"


@pytest.mark.parametrize(
    ("attempts", "route", "target", "causes"),
    [
        ((attempt(), attempt("timed_out", "2001:db8::1")), True, IMAP, ["reach.ipv6-broken/"]),
        ((attempt(), attempt("timed_out", "2001:db8::1")), False, IMAP, []),
        ((attempt(), attempt("timed_out", "2001:db8::1")), True, GUESSED, []),
        ((attempt(), attempt(None, "2001:db8::1"), attempt("timed_out", "2001:db8::2")), True, IMAP, [LATE_THERE]),
        ((attempt(), attempt("timed_out", "192.0.2.2")), False, IMAP, [LATE_THERE]),
        ((attempt(), attempt("connection_refused", "192.0.2.2"), attempt(None, "192.0.2.3")), True, IMAP, [SHUT_THERE]),
        (
            (attempt("connection_refused"), attempt("timed_out", "192.0.2.2"), attempt(None, "192.0.2.3")),
            True,
            IMAP,
            [SHUT_THERE, LATE_THERE],
        ),
        ((attempt("connection_refused"), attempt(None, "2001:db8::1")), True, IMAP, [SHUT_THERE]),
        ((attempt(), attempt("connection_refused", "192.0.2.2")), True, GUESSED, []),
        ((attempt(), attempt("network_unreachable", "192.0.2.2")), True, IMAP, []),
        ((attempt(), attempt("host_unreachable", "192.0.2.2")), True, IMAP, ["reach.unreachable~/"]),
        ((attempt("host_unreachable"), attempt(None, "2001:db8::1")), True, IMAP, []),
        ((attempt("connection_refused"), attempt("connection_refused", "192.0.2.2")), True, IMAP, []),
        ((attempt(), attempt(None, "192.0.2.2")), True, IMAP, []),
        ((attempt("timed_out"), attempt("timed_out", "2001:db8::1")), True, IMAP, []),
        ((attempt("timed_out"), attempt(None, "2001:db8::1")), True, IMAP, []),
        ((attempt(),), True, IMAP, []),
        ((), True, IMAP, []),
    ],
)
def test_paths(attempts: tuple[Attempt, ...], route: bool, target: Service, causes: list[str]) -> None:
    """IPv6 is broken only where all of it fails and IPv4 does not; an address that is dead beside others hinders."""
    assert found(judge_paths, PathsFacts(attempts=attempts, ipv6_route=route), target) == causes


def test_an_address_that_had_too_little_time_is_a_possible_one() -> None:
    facts = PathsFacts(attempts=(attempt(), attempt("timed_out", "192.0.2.2")), ipv6_route=True, hurried=True)

    assert found(judge_paths, facts, IMAP) == ["reach.timeout?/"]


# -- TLS


def certificate(**more: Any) -> CertificateFacts:
    usual: dict[str, Any] = {
        "subject": "CN=mail.corp.example",
        "issuer": "CN=Authority,O=Trust",
        "names": ("mail.corp.example",),
        "not_before": NOW - DAY,
        "not_after": NOW + 90 * DAY,
    }
    return CertificateFacts(**usual | more)


LEAF = certificate()
MIDDLE = certificate(subject="CN=Authority,O=Trust", issuer="CN=Root,O=Trust", names=())
CROSS = certificate(subject="CN=Root,O=Trust", issuer="CN=Older,O=Trust", names=(), not_after=NOW - DAY)
"""A root as an older authority has signed it, which is over: programs that trust the root itself do not look at it."""
FOREIGN = 0x800B0109
"""CERT_E_UNTRUSTEDROOT, as Windows has it."""
OLD_ROOT = certificate(subject="CN=R", issuer="CN=R", names=(), self_signed=True, not_after=NOW - DAY)


def unaccepted(
    *chain: CertificateFacts, code: int = 20, private: bool = False, related: bool | None = None
) -> TlsFacts:
    return TlsFacts(
        verified=False,
        at=NOW,
        failure=failure("certificate_not_accepted", "tls_handshake"),
        verify_code=code,
        private_authorities=private,
        explanation=TlsExplanation(chain=chain, issuer_related=related),
        clocks=(Tick(host="pages.example", ahead_seconds=0.0),),
    )


def broken(name: Any, **seen: Any) -> TlsFacts:
    return TlsFacts(
        verified=False,
        at=NOW,
        failure=failure(name, "tls_handshake"),
        explanation=TlsExplanation(**seen) if seen else None,
    )


def alerted(first: str, older: str) -> TlsFacts:
    """The alerts to a handshake and to one with older versions, as Python and pyOpenSSL word them."""
    words = f"[SSL: SSLV3_ALERT_{first.upper().replace(' ', '_')}] sslv3 alert {first} (_ssl.c:1006)"
    again = f"handshake: [('SSL routines', '', 'sslv3 alert {older}')]"
    known = Failure(name="tls_version_or_cipher", operation="tls_handshake", text=words)
    explained = TlsExplanation(failure=Failure(name="unknown", operation="tls_handshake", text=again))
    return TlsFacts(verified=False, at=NOW, failure=known, explanation=explained)


@pytest.mark.parametrize(
    ("facts", "target", "causes"),
    [
        (TlsFacts(verified=True, at=NOW, not_after=NOW + 15 * DAY), IMAP, []),
        (TlsFacts(verified=True, at=NOW, not_after=NOW + 13 * DAY), IMAP, ["tls.cert-expiring"]),
        (TlsFacts(verified=True, at=NOW), IMAP, []),
        (TlsFacts(verified=False, at=NOW, offered=False), STARTTLS, ["tls.starttls-missing"]),
        (TlsFacts(verified=False, at=NOW, refusal="454 not now"), SUBMISSION, ["server.fault~"]),
        (TlsFacts(verified=False, at=NOW, refusal="454 4.7.0 later"), SUBMISSION, ["server.fault~"]),
        (TlsFacts(verified=False, at=NOW, refusal="554 5.7.3 no"), SUBMISSION, ["tls.starttls-missing~"]),
        (TlsFacts(verified=False, at=NOW, refusal="NO what"), STARTTLS, ["tls.starttls-missing~"]),
        (TlsFacts(verified=False, at=NOW, refusal="BAD unknown command"), STARTTLS, ["tls.starttls-missing~"]),
        (TlsFacts(verified=False, at=NOW, refusal="NO [UNAVAILABLE] try later"), STARTTLS, ["server.fault~"]),
        (TlsFacts(verified=False, at=NOW, refusal="NO [SERVERBUG] no key"), STARTTLS, ["server.fault~"]),
        (
            TlsFacts(verified=False, at=NOW, refusal="NO [UNAVAILABLE] TLS not available"),
            STARTTLS,
            ["server.fault~", "tls.starttls-missing?", "tls.handshake-failed?"],
        ),
        (
            TlsFacts(verified=False, at=NOW, refusal="-ERR [SYS/TEMP] TLS not available now"),
            STLS,
            ["server.fault~", "tls.starttls-missing?", "tls.handshake-failed?"],
        ),
        (TlsFacts(verified=False, at=NOW, refusal="-ERR [SYS/PERM] no certificate"), STLS, ["server.fault~"]),
        (
            TlsFacts(verified=False, at=NOW, refusal="-ERR TLS not available"),
            STLS,
            ["tls.starttls-missing~", "tls.handshake-failed?"],
        ),
        (TlsFacts(verified=False, at=NOW, refusal="* BYE [UNAVAILABLE] going down"), STARTTLS, ["server.fault~"]),
        (unaccepted(certificate(not_after=NOW - 1), code=10), IMAP, ["tls.cert-expired"]),
        (unaccepted(certificate(not_before=NOW + 1), code=9), IMAP, ["tls.cert-not-yet-valid"]),
        (unaccepted(LEAF, certificate(not_after=NOW - 1, subject="CN=Authority,O=Trust"), code=10), IMAP,
         ["tls.cert-expired"]),
        (unaccepted(certificate(names=("other.example",)), code=62), IMAP, ["tls.name-mismatch"]),
        (unaccepted(certificate(names=()), code=62), IMAP, ["tls.name-mismatch"]),
        (unaccepted(certificate(not_after=NOW - 1, names=("other.example",)), code=10), IMAP,
         ["tls.cert-expired", "tls.name-mismatch"]),
        (unaccepted(certificate(self_signed=True, issuer="CN=mail.corp.example"), code=18), IMAP,
         ["tls.untrusted-issuer"]),
        (unaccepted(LEAF, MIDDLE, code=20), IMAP, ["tls.untrusted-issuer"]),
        (unaccepted(LEAF, MIDDLE, OLD_ROOT, code=19), IMAP, ["tls.untrusted-issuer"]),
        (unaccepted(LEAF, code=20), IMAP, ["tls.untrusted-issuer", "tls.incomplete-chain?"]),
        (unaccepted(certificate(ca_issuers=("http://ca.example/i.crt",)), code=20), IMAP,
         ["tls.incomplete-chain", "tls.untrusted-issuer?"]),
        (unaccepted(LEAF, code=20, private=True), IMAP, ["tls.incomplete-chain", "tls.untrusted-issuer?"]),
        (unaccepted(LEAF, private=True, related=False), IMAP, ["tls.untrusted-issuer", "tls.incomplete-chain?"]),
        (unaccepted(LEAF, code=20, related=True), IMAP, ["tls.incomplete-chain", "tls.untrusted-issuer?"]),
        (unaccepted(code=20), IMAP, ["tls.handshake-failed"]),
        (unaccepted(certificate(names=("other.example",)), code=62), GUESSED, ["tls.name-mismatch?"]),
        # whose issuer is trusted, and which must not be used so
        (unaccepted(LEAF, MIDDLE, code=7), IMAP, ["tls.handshake-failed"]),
        (unaccepted(LEAF, MIDDLE, code=25), IMAP, ["tls.handshake-failed"]),
        (unaccepted(LEAF, MIDDLE, code=26), IMAP, ["tls.handshake-failed"]),
        (unaccepted(LEAF, code=34), IMAP, ["tls.handshake-failed"]),
        (unaccepted(LEAF, MIDDLE, code=47), IMAP, ["tls.handshake-failed"]),
        (unaccepted(LEAF, MIDDLE, code=79), IMAP, ["tls.handshake-failed"]),
        (unaccepted(LEAF, MIDDLE, code=FOREIGN), IMAP, ["tls.untrusted-issuer"]),
        # dates of certificates that nobody needs
        (unaccepted(certificate(names=("other.example",)), MIDDLE, CROSS, code=62), IMAP, ["tls.name-mismatch"]),
        (unaccepted(certificate(names=("other.example",), not_after=NOW - 1), MIDDLE, CROSS, code=62), IMAP,
         ["tls.cert-expired", "tls.name-mismatch"]),
        (unaccepted(LEAF, CROSS, code=20), IMAP, ["tls.untrusted-issuer", "tls.incomplete-chain?"]),
        (unaccepted(LEAF, MIDDLE, CROSS, code=FOREIGN), IMAP, ["tls.cert-expired"]),
        (broken("tls_not_spoken", plaintext="* OK ready"), IMAP, ["tls.wrong-mode"]),
        (broken("tls_not_spoken", plaintext="SSH-2.0-x"), IMAP, ["reach.wrong-service"]),
        (broken("tls_not_spoken"), IMAP, ["tls.handshake-failed"]),
        (broken("tls_version_or_cipher", legacy_version="TLSv1"), IMAP, ["tls.protocol-too-old"]),
        (broken("tls_version_or_cipher"), IMAP, ["tls.protocol-too-old"]),
        (broken("tls_version_or_cipher", legacy_version="TLSv1.2", chain=(LEAF,)), IMAP, ["tls.protocol-too-old"]),
        (broken("tls_version_or_cipher", legacy_version="TLSv1.2"), IMAP, ["tls.handshake-failed"]),
        (alerted("handshake failure", "handshake failure"), IMAP, ["tls.handshake-failed"]),
        (alerted("handshake failure", "protocol version"), IMAP, ["tls.protocol-too-old"]),
        (alerted("protocol version", "protocol version"), IMAP, ["tls.protocol-too-old"]),
        (broken("timed_out"), IMAP, ["tls.handshake-failed~"]),
        (broken("connection_reset"), IMAP, ["tls.handshake-failed"]),
        (broken("tls_alert"), IMAP, ["tls.handshake-failed"]),
        (broken("connection_closed"), GUESSED, ["tls.handshake-failed?"]),
    ],
)  # fmt: skip
def test_tls(facts: TlsFacts, target: Service, causes: list[str]) -> None:
    """Why a handshake did not hold."""
    assert found(judge_tls, facts, target, given(server=ServerFacts(capabilities=("IMAP4REV1",)))) == causes


@pytest.mark.parametrize(
    ("names", "called"),
    [
        (("mail.corp.example",), "(mail.corp.example)"),
        (("a.example", "b.example", "c.example", "d.example"), "(a.example, b.example, c.example)"),
        ((), "(empty)"),
    ],
)
@pytest.mark.parametrize(
    ("changes", "code"),
    [({"not_after": NOW - 1}, 10), ({"not_before": NOW + 1}, 9), ({"self_signed": True, "issuer": ""}, 18)],
)
def test_a_certificate_without_a_subject_is_called_by_its_names(
    names: tuple[str, ...], called: str, changes: dict[str, Any], code: int
) -> None:
    """Authorities leave the subject out where the names of the hosts say it all (RFC 5280 §4.1.2.6)."""
    judge: Any = judge_tls
    facts = unaccepted(certificate(subject="", names=names, **changes), code=code)
    told = [finding.text.render() for finding in judge(facts, given(), IMAP)]

    assert any(called in words for words in told)
    assert not any("()" in words for words in told)


@pytest.mark.parametrize("status", [200, 500, 503])
def test_a_page_without_a_title_is_told_without_one(status: int) -> None:
    judge: Any = judge_web
    told = [finding.text.render() for finding in judge(page(status, PageFacts(text="x" * 500)), given(), WEB)]

    assert told
    assert not any("()" in words or "( )" in words for words in told)


# -- server


@pytest.mark.parametrize(
    ("greeting", "protocol"),
    [
        (b"* OK ready\r\n", "imap"),
        (b"* PREAUTH hi\r\n", "imap"),
        (b"* bye no\r\n", "imap"),
        (b"+OK ready\r\n", "pop3"),
        (b"-ERR busy\r\n", "pop3"),
        (b"220 mail ESMTP\r\n", "smtp"),
        (b"220-mail ESMTP\r\n", "smtp"),
        (b"554 go away\r\n", "smtp"),
        (b"220 ProFTPD FTP server\r\n", "ftp"),
        (b"SSH-2.0-OpenSSH\r\n", "ssh"),
        (b"HTTP/1.1 400 Bad Request\r\n", "http"),
        (b"<!DOCTYPE html>\r\n", "http"),
        (b"\x15\x03\x01\x00\x02", "tls"),
        (b"* hello\r\n", None),
        (b"hello\r\n", None),
        (b"\r\n", None),
        (b"", None),
    ],
)
def test_who_speaks(greeting: bytes, protocol: str | None) -> None:
    """By the first line alone; what is unknown stays unknown."""
    assert spoken_protocol(greeting) == protocol


def hello(greeting: str = "* OK ready", spoken: str | None = "imap", **more: Any) -> ServerFacts:
    return ServerFacts(**{"greeting": greeting, "spoken": spoken, "open": True, "milliseconds": 20} | more)


def stopped(name: Any, seconds: float = 20, **more: Any) -> ServerFacts:
    return ServerFacts(failure=failure(name, "greeting"), waited_seconds=seconds, **more)


@pytest.mark.parametrize(
    ("facts", "causes"),
    [
        (hello(), []),
        (hello(milliseconds=9_000), []),
        (hello(milliseconds=16_000), ["server.slow?"]),
        (hello(milliseconds=59_000), ["server.slow?"]),
        (hello(milliseconds=61_000), ["server.slow~"]),
        (hello(milliseconds=20, reply_milliseconds=61_000), ["server.slow~"]),
        (ServerFacts(tls_only=True, waited_seconds=4), ["tls.wrong-mode"]),
        (hello("+OK ready", "pop3", open=False), ["reach.wrong-service"]),
        (hello("xyzzy", None, open=False), ["reach.wrong-service~"]),
        (hello("", None, open=False), ["reach.wrong-service~"]),
        (hello("* BYE [UNAVAILABLE] down", open=False), ["server.fault~"]),
        (hello("* BYE xyzzy", open=False), ["server.fault"]),
        (
            hello("* BYE Too many connections from your IP", open=False),
            ["server.too-many-connections~", "lockout.rate-limited?", "server.fault?"],
        ),
        (stopped("timed_out", 20), ["server.slow~"]),
        (stopped("timed_out", 2), ["server.slow?"]),
        (stopped("connection_closed"), ["server.fault"]),
        (stopped("connection_reset"), ["server.fault"]),
        (stopped("too_much_data"), ["reach.wrong-service~"]),
        (stopped("timed_out", 20, greeting="* OK ready", spoken="imap"), ["server.slow~"]),
        (stopped("connection_closed", 1, greeting="* OK ready", spoken="imap"), ["server.fault"]),
    ],
)
def test_server(facts: ServerFacts, causes: list[str]) -> None:
    """The right protocol, in working order, in time."""
    assert found(judge_server, facts, IMAP) == causes


# -- web


def page(status: int | None = 200, facts: PageFacts | None = None, loop: bool = False, **hop: Any) -> WebFacts:
    one = Hop(**{"url": "https://mail.corp.example/", "status": status, "milliseconds": 5} | hop)
    return WebFacts(
        hops=(one,), loop=loop, page=facts if facts is not None else PageFacts(password_field=True, forms=1)
    )


@pytest.mark.parametrize(
    ("facts", "target", "causes"),
    [
        (page(), WEB, []),
        (page(loop=True), WEB, ["web.redirect-loop"]),
        (page(None, failure=failure("timed_out", "http"), milliseconds=15_000), WEB, ["server.slow~"]),
        (page(None, failure=failure("timed_out", "http"), milliseconds=8_000), WEB, ["server.slow~"]),
        (page(None, failure=failure("timed_out", "http"), milliseconds=7_900), WEB, ["server.slow?"]),
        (page(None, failure=failure("timed_out", "tls_handshake"), milliseconds=9_000), WEB, ["server.slow~"]),
        (page(None, failure=failure("timed_out", "connect"), milliseconds=9_000), WEB, ["web.login-page-down"]),
        (page(None, failure=failure("timed_out", "connect"), milliseconds=3_500), WEB, ["web.login-page-down?"]),
        (page(None, failure=failure("connection_closed", "http"), milliseconds=9_000), WEB, ["web.login-page-down"]),
        (page(None, failure=failure("certificate_not_accepted", "http")), WEB, ["web.login-page-down~"]),
        (page(500), WEB, ["web.login-page-down"]),
        (page(503), WEB, ["web.login-page-down"]),
        (page(404, PageFacts()), WEB, ["web.login-page-changed"]),
        (page(404), WEB, ["web.login-page-changed?"]),
        (page(410, PageFacts()), WEB, ["web.login-page-changed"]),
        (page(401), WEB, []),
        (page(403, PageFacts()), WEB, ["web.login-page-down?"]),
        (page(500), service("webmail", 443, source="guess"), ["web.login-page-down?"]),
        (page(200, PageFacts(parked="this domain is for sale")), WEB, ["web.login-page-changed"]),
        (page(200, PageFacts(title="Hello", text="x" * 500)), WEB, ["web.login-page-changed?"]),
        (page(200, PageFacts(title="Hello", text="x" * 500)), service("webmail", 443, source="guess"), []),
        (page(404, PageFacts()), service("webmail", 443, source="guess"), []),
        (page(200, PageFacts(text="The mail service is temporarily unavailable.")), WEB, ["web.login-page-down~"]),
        (page(200, PageFacts(text="SQLSTATE[HY000] [2002] Connection refused")), WEB, ["web.login-page-down~"]),
        (page(200, PageFacts(text="We are down for maintenance.")), WEB, ["web.login-page-down~"]),
        (page(200, PageFacts(text="Planned maintenance: back soon", dead_end=True)), WEB, ["web.login-page-down~"]),
        (page(200, PageFacts(title="Wartung", text="x" * 500)), WEB, ["web.login-page-down~"]),
        (
            page(200, PageFacts(text="系统维护中，暂时无法登录，请稍后再试", dead_end=True)),
            WEB,
            ["web.login-page-down~", "lockout.rate-limited?", "lockout.account-locked?", "lockout.address-blocked?"],
        ),
        (page(200, PageFacts(title="Maintenance crew: mail", scripts=2)), WEB, ["web.login-page-changed?"]),
        (page(200, PageFacts(title="Maintenance crew: mail", forms=1, password_field=True)), WEB, []),
        (page(200, PageFacts(dead_end=True)), WEB, ["web.login-page-changed~"]),
        (page(200, PageFacts(text="OK", dead_end=True)), WEB, ["web.login-page-changed~"]),
        (page(200, PageFacts(title="Account Suspended", dead_end=True)), WEB, ["web.login-page-changed~"]),
        (page(403, PageFacts(text="OK", dead_end=True)), WEB, ["web.login-page-down?"]),
        (page(200, PageFacts(password_field=True, forms=1, text="Connection refused? Ask us.")), WEB, []),
        (
            page(200, PageFacts(password_field=True, forms=1, text="Has your account been locked? Ask us.")),
            WEB,
            ["lockout.account-locked?"],
        ),
    ],
)
def test_web(facts: WebFacts, target: Service, causes: list[str]) -> None:
    """Down, gone, in circles, or a page to log in on."""
    assert found(judge_web, facts, target) == causes


GUESSED_WEB = service("webmail", 443, source="guess")
NO_TLS = service("webmail", 80, "none")


@pytest.mark.parametrize(
    ("facts", "target", "shown"),
    [
        (page(), WEB, True),
        (page(), GUESSED_WEB, True),
        (page(401, PageFacts()), WEB, True),
        (page(url="https://login.corp.example/start"), GUESSED_WEB, True),
        (page(url="https://login.elsewhere.example/"), WEB, True),
        (page(200, PageFacts(scripts=3)), WEB, True),
        (page(url="https://login.elsewhere.example/"), GUESSED_WEB, False),
        (page(url="http://mail.corp.example/"), WEB, False),
        (page(200, PageFacts(scripts=3)), GUESSED_WEB, False),
        (page(200, PageFacts(forms=1)), WEB, False),
        (page(500), WEB, False),
        (page(302), WEB, False),
        (page(loop=True), WEB, False),
        (page(None, failure=failure("timed_out", "http")), WEB, False),
        (page(), NO_TLS, False),
    ],
)
def test_steps_name_the_page_on_which_a_password_can_be_given(facts: WebFacts, target: Service, shown: bool) -> None:
    """It is the address where the visit began, never one that a redirect leads to."""
    told = CHECKS["web"].shows(facts, given(), target)

    assert told == ({"webmail_page": f"https://{target.host}/"} if shown else {})


DRAWN = page(200, PageFacts(scripts=3))
NOT_ANOTHERS = msgspec.structs.replace(WEB, host="mail.163.com")


@pytest.mark.parametrize(
    ("facts", "target", "provider", "page_named"),
    [
        (page(404), WEB, None, ""),
        (DRAWN, WEB, None, ""),
        (page(200, PageFacts(parked="this domain is for sale")), WEB, None, ""),
        (page(302, location="mailto:help@corp.example"), WEB, None, ""),
        (DRAWN, NOT_ANOTHERS, "netease-163", ""),
        (DRAWN, WEB, "netease-163", "https://mail.163.com/"),
    ],
    ids=["gone", "drawn by scripts", "parked", "leads to no page", "the provider's own", "beside the provider's own"],
)
def test_who_is_told_that_a_page_is_no_login_page_is_not_sent_there_to_log_in(
    facts: WebFacts, target: Service, provider: str | None, page_named: str
) -> None:
    inputs = Inputs(subject=Subject(domain="163.com"), provider=provider, services=(target,))
    changed = [one for one in judge_web(facts, inputs, target) if one.cause == "web.login-page-changed"]

    assert [one.data["webmail_page"] for one in changed] == [page_named]


def test_a_page_that_is_down_may_be_the_one_to_log_in_on() -> None:
    assert [one.data for one in judge_web(page(503), given(), WEB)] == [{}]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://mail.corp.example:443/owa/", "https://mail.corp.example/owa/"),
        ("https://mail.corp.example:8443/owa/?for=alice#top", "https://mail.corp.example:8443/owa/"),
        ("https://[2001:db8::1]:443/", "https://[2001:db8::1]/"),
        ("https://mail.corp.example/a:443/", "https://mail.corp.example/a:443/"),
    ],
)
def test_the_page_is_told_as_people_type_it(url: str, shown: str) -> None:
    target = msgspec.structs.replace(WEB, url=url)

    assert CHECKS["web"].shows(page(), given(), target) == {"webmail_page": shown}


@pytest.mark.parametrize(
    ("ports", "target", "usable"),
    [
        ((143,), IMAP, "143 (STARTTLS)"),
        ((465, 587, 993), service("smtp", 2525), "465 (SSL/TLS), 587 (STARTTLS)"),
        ((443, 465), IMAP, ""),
    ],
)
def test_a_blocked_port_comes_with_those_that_do_instead(ports: tuple[int, ...], target: Service, usable: str) -> None:
    """Of the same protocol: one port of a server for sending helps nobody who wants to read."""
    facts = reached(LATE, open_ports=ports)

    (blocked,) = (one for one in judge_reach(facts, given(), target) if one.cause == "reach.port-blocked")
    assert blocked.data["usable_ports"] == usable
