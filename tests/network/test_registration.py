"""The registry is asked whether a domain is on hold: only in need, only with leave, and only its own words prove it."""

from __future__ import annotations

import json
import socketserver
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme

from checks.dns.domain import DomainFacts
from checks.dns.registration import (
    CHECK,
    RegistrationFacts,
    judge_registration,
    probe_registration,
    server_for,
)
from diagnose.account.history import History
from diagnose.discovery import DiscoveryOptions
from diagnose.locale.language import LANGUAGES, translation
from diagnose.model import Deadline, Failure, Inputs, SkipCheck, Subject
from diagnose.network import Attempt, DnsAnswer, Network, Vantage
from diagnose.network.vantage import registries
from diagnose.running.context import Context
from tests.support.build import DOMAIN, SUBJECT
from tests.support.site import Site

from .conftest import Serve
from .given import given


def dns(mx: Any, *attempts: Attempt, control: Any = None) -> DomainFacts:
    answer = DnsAnswer(name=DOMAIN, record_type="MX", status=mx)
    root = None if control is None else DnsAnswer(name=".", record_type="NS", status=control)
    return DomainFacts(mx=answer, ipv4=answer, ipv6=answer, control=root, implicit_mx=attempts)


def attempt(failure: Failure | None = None) -> Attempt:
    return Attempt(address="192.0.2.1", family="ipv4", failure=failure, milliseconds=20)


MISSING = given(facts=(dns("name_not_found"),))
REFUSED = attempt(Failure(name="connection_refused", operation="connect"))


class Registry:
    """A list of registries and a registry, over TLS on loopback."""

    def __init__(self, server: Site, ca_file: Path) -> None:
        self.server = server
        self.ca_file = ca_file
        self.url = f"https://127.0.0.1:{server.port}"
        self.answers: dict[str, tuple[int, object]] = {}
        self.lists({"example": self.url})

    def lists(self, servers: dict[str, str]) -> None:
        services = [[[suffix], [url]] for suffix, url in servers.items()]
        self.says("/dns.json", {"version": "1.0", "services": services})

    def says(self, path: str, told: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        words = told if isinstance(told, str) else json.dumps(told)
        self.server.expect_request(path).respond_with_data(words, status, headers)

    @property
    def asked(self) -> list[str]:
        return [request.path for request, _ in self.server.log]


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    authority, ca_file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Site("127.0.0.1", ssl_context=context) as server:
        one = Registry(server, ca_file)
        monkeypatch.setattr(Vantage, "registries", lambda _: f"{one.url}/dns.json")
        yield one


def asked(
    registry: Registry,
    *,
    subject: Subject = SUBJECT,
    third_party: bool = True,
    seen: Inputs = MISSING,
    network: Network | None = None,
    seconds: float = 20,
) -> Any:
    context = Context(
        network=network or Network(None, registry.ca_file),
        deadline=Deadline(seconds),
        history=History(None),
        discovery=DiscoveryOptions(third_party=third_party),
    )
    return probe_registration(subject, seen, context)


def record(*status: str, name: str = DOMAIN, **more: object) -> dict[str, object]:
    return {"objectClassName": "domain", "ldhName": name, "status": list(status), **more}


def causes(facts: RegistrationFacts) -> list[tuple[str, str]]:
    return [(one.cause, one.certainty) for one in judge_registration(facts, MISSING, SUBJECT)]


@pytest.mark.parametrize(
    "status",
    [
        ("client hold", "client transfer prohibited"),
        ("server hold",),
        ("clientHold",),
        ("redemption period", "client hold"),
        ("pending delete",),
    ],
)
def test_a_hold_that_the_registry_lists_is_proof(status: tuple[str, ...], registry: Registry) -> None:
    until = {"eventAction": "expiration", "eventDate": "2026-03-01T00:00:00Z"}
    since = {"eventAction": "registration", "eventDate": "2016-03-01T00:00:00Z"}
    registry.says(f"/domain/{DOMAIN}", record(*status, events=[since, until]))
    facts = asked(registry)

    assert causes(facts) == [("dns.domain-held", "confirmed")]
    (finding,) = judge_registration(facts, MISSING, SUBJECT)
    assert "127.0.0.1" in finding.text.render()
    assert "2026-03-01" in finding.text.render()
    assert f"{status[0]}{', client hold' if len(status) > 1 and status[1] == 'client hold' else ''}. That means" in (
        finding.text.render()
    )
    assert finding.proof == "registry-status"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (("client hold",), "its registrar has taken it out of DNS"),
        (("serverHold", "client hold"), "the registry itself"),
        (("pending delete",), "will be deleted"),
        (("pending delete", "redemption period", "client hold"), "can be bought back"),
        (("pending restore", "pending delete"), "has been bought back"),
    ],
)
def test_what_a_status_means_is_said(status: tuple[str, ...], words: str) -> None:
    facts = RegistrationFacts(domain=DOMAIN, outcome="registered", registry="rdap.example", registered_as=status)
    (finding,) = judge_registration(facts, MISSING, SUBJECT)

    assert words in finding.text.render()
    for lang in LANGUAGES:
        assert "{" not in finding.text.render(translation(lang))


def test_the_registry_can_be_asked_by_hand(registry: Registry) -> None:
    registry.says(f"/domain/{DOMAIN}", record("client hold"))

    assert CHECK.shows(asked(registry), MISSING, SUBJECT) == {"registration": f"{registry.url}/domain/{DOMAIN}"}
    assert CHECK.shows(RegistrationFacts(domain=DOMAIN, outcome="unlisted"), MISSING, SUBJECT) == {}


@pytest.mark.parametrize(
    "status",
    [
        (),
        ("active",),
        ("client transfer prohibited", "client update prohibited", "client delete prohibited"),
        ("inactive",),
        ("auto renew period",),
        ("locked",),
        ("no hold",),
    ],
)
def test_other_statuses_rule_a_hold_out(status: tuple[str, ...], registry: Registry) -> None:
    registry.says(f"/domain/{DOMAIN}", record(*status))
    facts = asked(registry)

    assert facts.outcome == "registered"
    assert causes(facts) == []
    assert CHECK.untold(facts) is None


def test_a_domain_that_nobody_has_registered_is_not_on_hold(registry: Registry) -> None:
    registry.says(f"/domain/{DOMAIN}", {"errorCode": 404}, 404)
    facts = asked(registry)

    assert facts.outcome == "unregistered"
    assert causes(facts) == []
    assert CHECK.untold(facts) is None


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("<html>Sign in</html>", 200),
        (record("client hold", name="other.example"), 200),
        ({**record("client hold"), "objectClassName": "entity"}, 200),
        (["client hold"], 200),
        ({"errorCode": 429}, 429),
        ({"errorCode": 500}, 500),
        (record("client hold", notices="x" * 1_100_000), 200),
    ],
)
def test_what_is_no_answer_about_the_domain_says_nothing(told: object, status: int, registry: Registry) -> None:
    registry.says(f"/domain/{DOMAIN}", told, status)
    facts = asked(registry)

    assert facts.outcome == "unanswered"
    assert causes(facts) == []
    assert CHECK.untold(facts)


def test_a_redirect_is_followed_over_tls_alone(registry: Registry) -> None:
    """Registries lead to the registrar's server (RFC 7480 §5.2)."""
    registry.says(f"/domain/{DOMAIN}", "", 302, {"Location": f"{registry.url}/elsewhere"})
    registry.says("/elsewhere", record("client hold"))
    assert causes(asked(registry)) == [("dns.domain-held", "confirmed")]

    registry.server.clear()
    registry.lists({"example": registry.url})
    registry.says(f"/domain/{DOMAIN}", "", 302, {"Location": "http://127.0.0.1:9/elsewhere"})
    assert asked(registry).outcome == "unanswered"


def test_the_registered_domain_is_asked_for_and_no_more(registry: Registry) -> None:
    """Neither the person's name nor that of the host leaves this computer."""
    registry.says(f"/domain/{DOMAIN}", record("server hold"))
    facts = asked(registry, subject=Subject(domain=f"mail.{DOMAIN}", address=f"alice@mail.{DOMAIN}"))

    assert facts.domain == DOMAIN
    assert registry.asked == ["/dns.json", f"/domain/{DOMAIN}"]


def test_many_runs_ask_for_the_list_and_for_each_domain_once(registry: Registry) -> None:
    """A fleet of mailboxes in domains that are gone is no burden to those who keep the lists."""
    shared = Network(None, registry.ca_file)
    names = [DOMAIN, f"mail.{DOMAIN}", "other.example", DOMAIN]
    for name in names:
        registry.says(f"/domain/{name}", record("client hold", name=name))
    found = [asked(registry, subject=Subject(domain=name), network=shared.for_run()) for name in names]

    assert [one.domain for one in found] == [DOMAIN, DOMAIN, "other.example", DOMAIN]
    assert registry.asked == ["/dns.json", f"/domain/{DOMAIN}", "/domain/other.example"]


@pytest.mark.parametrize("silent", ["list", "registry"])
def test_a_server_that_says_nothing_is_not_waited_for(
    silent: str, registry: Registry, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline of the run reaches its sockets."""

    def only_listens(connection: socketserver.StreamRequestHandler) -> None:
        connection.rfile.read()

    nobody = f"https://127.0.0.1:{serve(only_listens)}"
    if silent == "list":
        monkeypatch.setattr(Vantage, "registries", lambda _: f"{nobody}/dns.json")
    else:
        registry.server.clear()
        registry.lists({"example": nobody})

    assert asked(registry, seconds=1.5).outcome == "unanswered"


def test_a_list_that_did_not_come_is_asked_for_again(registry: Registry) -> None:
    shared = Network(None, registry.ca_file)
    registry.server.clear()
    registry.says("/dns.json", "", 503)
    assert asked(registry, network=shared.for_run()).outcome == "unanswered"

    registry.server.clear()
    registry.lists({"example": registry.url})
    registry.says(f"/domain/{DOMAIN}", record("client hold"))
    assert asked(registry, network=shared.for_run()).outcome == "registered"


def test_without_a_registry_for_the_suffix_nothing_is_said(registry: Registry) -> None:
    registry.server.clear()
    registry.lists({"com": registry.url})
    facts = asked(registry)

    assert facts.outcome == "unlisted"
    assert CHECK.untold(facts)
    assert registry.asked[-1] == "/dns.json"


@pytest.mark.parametrize(
    "seen",
    [
        dns("answered"),
        dns("no_data", attempt()),
        dns("timed_out", control="answered"),
        dns("server_failure", control="server_failure"),
        dns("server_failure"),
        dns("refused"),
    ],
)
def test_nobody_is_asked_where_dns_knows_the_domain_or_nothing(seen: DomainFacts, registry: Registry) -> None:
    with pytest.raises(SkipCheck):
        asked(registry, seen=given(facts=(seen,)))
    assert registry.asked == []


@pytest.mark.parametrize(
    "seen", [dns("no_data"), dns("no_data", REFUSED), dns("server_failure", control="answered"), dns("name_not_found")]
)
def test_it_is_asked_where_a_hold_would_look_like_that(seen: DomainFacts, registry: Registry) -> None:
    registry.says(f"/domain/{DOMAIN}", record("client hold"))
    assert causes(asked(registry, seen=given(facts=(seen,)))) == [("dns.domain-held", "confirmed")]


def test_nobody_is_asked_without_leave(registry: Registry) -> None:
    with pytest.raises(SkipCheck):
        asked(registry, third_party=False)
    assert registry.asked == []


@pytest.mark.parametrize("domain", ["[192.0.2.1]", "co.uk", "localhost"])
def test_what_nobody_registers_is_not_asked_for(domain: str, registry: Registry) -> None:
    with pytest.raises(SkipCheck):
        asked(registry, subject=Subject(domain=domain))
    assert registry.asked == []


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ("corp.com", "https://com.example/"),
        ("corp.co.uk", "https://co.uk.example/"),
        ("corp.org.uk", "https://uk.example/"),
        ("corp.xn--fiqs8s", "https://cn.example/"),
        ("corp.plain", ""),
        ("corp.both", "https://both.example/"),
        ("corp.example", ""),
        ("notcom", ""),
    ],
)
def test_the_longest_suffix_and_tls_are_preferred(domain: str, found: str) -> None:
    rows = [
        [["com", "net"], ["https://com.example/"]],
        [["uk"], ["https://uk.example/"]],
        [["co.uk"], ["https://co.uk.example/"]],
        [["xn--fiqs8s"], ["https://cn.example/"]],
        [["plain"], ["http://plain.example/"]],
        [["both"], ["http://both.example/", "https://both.example/"]],
    ]
    assert server_for(domain, json.dumps({"version": "1.0", "services": rows}).encode()) == found


NO_JSON = (b"", b"<html>", b"\xff", b'{"objectClassName": "\xff"}', b'{"services": "\xc3("}', b"[" * 100_000, b"{" * 9)
DEEP = b'{"objectClassName": "domain", "services": [], "x": ' + b"[" * 100_000
"""Deeper than what any program takes apart."""


@pytest.mark.parametrize("body", [*NO_JSON, DEEP], ids=range(len(NO_JSON) + 1))
def test_a_server_cannot_break_the_check(body: bytes, registry: Registry) -> None:
    registry.server.expect_request(f"/domain/{DOMAIN}").respond_with_data(body)
    assert asked(registry).outcome == "unanswered"

    registry.server.clear()
    registry.server.expect_request("/dns.json").respond_with_data(body)
    assert asked(registry).outcome == "unanswered"


@pytest.mark.parametrize("listed", [b"", b"<html>", b"[]", b'{"services": [[["com"]]]}', b'{"services": 1}'])
def test_what_is_no_list_names_nobody(listed: bytes) -> None:
    assert server_for("corp.com", listed) is None


def test_a_record_that_is_judged_again_says_the_same() -> None:
    facts = RegistrationFacts(
        domain=DOMAIN, outcome="registered", registry="rdap.example", registered_as=("server hold",)
    )
    again = msgspec.json.decode(msgspec.json.encode(facts), type=RegistrationFacts)

    assert causes(again) == causes(facts) == [("dns.domain-held", "confirmed")]


def test_the_public_list_is_asked_over_tls() -> None:
    assert registries().url.startswith("https://")
    assert registries().source.startswith("https://")
