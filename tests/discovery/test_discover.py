"""From a mail domain to its services, with real DNS, TLS and HTTP on loopback."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from diagnose.discovery import (
    DiscoveryOptions,
    SourceResult,
    ask_ahead,
    guess,
    look_up_ahead,
    servers_known_ahead,
    srv,
    strategy,
)
from diagnose.discovery.sources import hosts_for
from diagnose.model import Deadline, Service, Subject
from diagnose.model.protocols import ProtocolName, Way
from diagnose.network import Nameserver, Network
from diagnose.providers import UnknownProviderError
from tests.pace import patient

from .conftest import DOMAIN, Estate
from .loopback import Page
from .nameserver import SERVER_FAILURE, SILENT

SRV = {
    (f"_imaps._tcp.{DOMAIN}", "SRV"): ["0 1 993 mail.corp.example."],
    (f"_submissions._tcp.{DOMAIN}", "SRV"): ["0 1 465 mail.corp.example."],
}
MX = {(DOMAIN, "MX"): ["10 mx.corp.example."]}
GOOGLE_MX = {(DOMAIN, "MX"): ["1 ASPMX.L.GOOGLE.COM.", "5 alt1.aspmx.l.google.com."]}
OWN_FILE = f"https://autoconfig.{DOMAIN}/mail/config-v1.1.xml"
WELL_KNOWN = f"https://{DOMAIN}/.well-known/autoconfig/mail/config-v1.1.xml"
PROTOCOLS_AND_PORTS: tuple[tuple[ProtocolName, int], ...] = (
    ("imap", 993),
    ("pop3", 995),
    ("smtp", 465),
    ("webmail", 443),
)
OPTION = Service(protocol="imap", host="imap.elsewhere.example", port=993, tls="implicit", source="option")
DATABASE = "https://autoconfig.thunderbird.net/v1.1/"


def _file(host: str, *, pop3: bool = False, page: str = "") -> Page:
    incoming = "".join(
        f"<incomingServer type='{kind}'><hostname>{host}</hostname><port>{port}</port><socketType>SSL</socketType>"
        "<username>%EMAILADDRESS%</username></incomingServer>"
        for kind, port in [("imap", 993), *([("pop3", 995)] if pop3 else [])]
    )
    outgoing = (
        f"<outgoingServer type='smtp'><hostname>{host}</hostname><port>465</port><socketType>SSL</socketType>"
        "</outgoingServer>"
    )
    web = f"<webMail><loginPage url='{page}'/></webMail>" if page else ""
    return Page(f"<clientConfig>{incoming}{outgoing}{web}</clientConfig>".encode())


def _addresses(*names: str) -> dict[tuple[str, str], list[str]]:
    return {(name, "A"): ["127.0.0.1"] for name in names}


def _named(services: tuple[Service, ...]) -> list[tuple[str, str, int, str]]:
    return [(s.protocol, s.host, s.port, s.source) for s in services]


def _of(sources: tuple[SourceResult, ...], source: str) -> list[SourceResult]:
    return [result for result in sources if result.source == source]


def test_srv_is_enough(estate: Estate) -> None:
    estate.zone(MX | SRV)

    result = estate.discover()

    assert _named(result.services) == [
        ("imap", "mail.corp.example", 993, "srv"),
        ("smtp", "mail.corp.example", 465, "srv"),
    ]
    assert estate.announced == [result.services]
    assert estate.network.connects == []


def test_everything_is_asked_in_one_round_trip(estate: Estate) -> None:
    """No DNS answer is given before all questions are there: a chain of two would never end."""
    server = estate.zone(MX | SRV)
    labels = ("_imaps", "_imap", "_pop3s", "_pop3", "_submissions", "_submission")
    names = (f"{label}.{DOMAIN}" for label in ("autoconfig", "autodiscover", "imap", "mail", "smtp", "webmail"))
    server.together = frozenset(
        [
            (DOMAIN, "MX"),
            (f"_autodiscover._tcp.{DOMAIN}", "SRV"),
            *((f"{label}._tcp.{DOMAIN}", "SRV") for label in labels),
            *((name, "A") for name in names),
        ]
    )
    assert len(estate.discover().services) == 2


def test_each_service_is_announced_once_and_options_at_once(estate: Estate) -> None:
    option = Service(protocol="imap", host="127.0.0.1", port=1993, tls="implicit", source="option")
    estate.zone(MX | SRV)

    result = estate.discover(DiscoveryOptions(services=(option,), third_party=False))

    assert estate.announced[0] == (option,)
    announced = [service for group in estate.announced for service in group]
    assert sorted(announced, key=str) == sorted(result.services, key=str)
    assert _named(result.services) == [
        ("imap", "127.0.0.1", 1993, "option"),
        ("smtp", "mail.corp.example", 465, "srv"),
    ]
    assert result.disagreeing == ("srv",)


def test_a_provider_known_by_domain_asks_nobody(estate: Estate) -> None:
    server = estate.zone({})

    result = estate.discover(domain="gmail.com")

    assert (result.provider, result.provider_by) == ("google", "domain")
    assert {s.protocol for s in result.services} == {"imap", "pop3", "smtp", "webmail"}
    assert {s.source for s in result.services} == {"provider"}
    assert server.asked == []
    assert {r.status for r in result.sources} == {"found", "not_asked"}
    assert estate.recognised == ["google"]


def test_a_provider_known_by_mx_wins_and_is_told_before_its_services(estate: Estate) -> None:
    estate.zone(GOOGLE_MX | SRV)

    result = estate.discover()

    assert (result.provider, result.provider_by) == ("google", "mx")
    assert {s.source for s in result.services} == {"provider"}
    assert estate.recognised == ["google"]


def test_what_srv_names_beside_the_mailbox_is_used_and_announced_once(estate: Estate) -> None:
    """JMAP opens both ways, and mail filters none; neither is ever guessed."""
    beside = {
        (f"_jmap._tcp.{DOMAIN}", "SRV"): [f"0 1 443 api.{DOMAIN}"],
        (f"_sieve._tcp.{DOMAIN}", "SRV"): [f"0 1 4190 sieve.{DOMAIN}"],
    }
    estate.zone(MX | SRV | beside)

    result = estate.discover()

    assert [(s.protocol, s.port, s.tls) for s in result.services if s.protocol in {"jmap", "sieve"}] == [
        ("jmap", 443, "implicit"),
        ("sieve", 4190, "starttls"),
    ]
    assert next(s.address for s in result.services if s.protocol == "jmap") == (
        f"https://api.{DOMAIN}:443/.well-known/jmap"
    )
    assert not {connect[1] for connect in estate.network.connects} & {4190}


def test_the_option_names_the_provider(estate: Estate) -> None:
    estate.zone(GOOGLE_MX)
    result = estate.discover(DiscoveryOptions(provider="fastmail", third_party=False))
    assert (result.provider, result.provider_by) == ("fastmail", "option")
    assert all("fastmail" in s.host for s in result.services)


def test_the_provider_is_wanted_even_where_options_name_every_service(estate: Estate) -> None:
    options = tuple(
        Service(protocol=protocol, host="127.0.0.1", port=port, tls="implicit", source="option")
        for protocol, port in PROTOCOLS_AND_PORTS
    )
    estate.zone(GOOGLE_MX)
    result = estate.discover(DiscoveryOptions(services=options, third_party=False))
    assert (result.services, result.provider, result.provider_by) == (options, "google", "mx")
    assert estate.network.connects == []


def test_an_unknown_provider_is_an_error(estate: Estate) -> None:
    estate.zone({})
    with pytest.raises(UnknownProviderError):
        estate.discover(DiscoveryOptions(provider="no-such-provider"))


def test_a_server_name_gives_the_provider_away(estate: Estate) -> None:
    estate.zone(MX | {(f"_imaps._tcp.{DOMAIN}", "SRV"): ["0 1 993 imap.gmail.com."]})
    result = estate.discover()
    assert (result.provider, result.provider_by) == ("google", "host")


def test_old_settings_that_contradict_the_mx_are_visible(estate: Estate) -> None:
    """The domain has moved to another provider; its own configuration file still names the old one."""
    estate.zone(GOOGLE_MX | _addresses(f"autoconfig.{DOMAIN}"))
    estate.web({OWN_FILE: _file("imap.fastmail.com")})

    result = estate.discover()

    assert {s.source for s in result.services} == {"provider"}
    assert (result.provider, result.other_providers, result.disagreeing) == ("google", ("fastmail",), ("autoconfig",))


def test_own_file_is_used_where_dns_names_nothing(estate: Estate) -> None:
    estate.zone(MX | _addresses(f"autoconfig.{DOMAIN}"))
    site = estate.web({OWN_FILE: _file("mail.corp.example", pop3=True, page="https://webmail.corp.example/")})

    result = estate.discover(address="alice@corp.example")

    assert _named(result.services) == [
        ("imap", "mail.corp.example", 993, "autoconfig"),
        ("pop3", "mail.corp.example", 995, "autoconfig"),
        ("smtp", "mail.corp.example", 465, "autoconfig"),
        ("webmail", "webmail.corp.example", 443, "autoconfig"),
    ]
    assert site.asked
    assert not any("alice" in url for url in site.asked)


def test_the_first_place_of_the_own_file_wins(estate: Estate) -> None:
    estate.zone(MX | _addresses(f"autoconfig.{DOMAIN}", DOMAIN))
    estate.web({OWN_FILE: _file("first.example"), WELL_KNOWN: _file("second.example")})
    assert {s.host for s in estate.discover().services if s.protocol == "imap"} == {"first.example"}


def test_the_public_database_is_asked_by_domain_and_by_mx(estate: Estate) -> None:
    estate.zone(
        {(DOMAIN, "MX"): ["10 mx.eu.hoster.example."]} | _addresses("autoconfig.thunderbird.net", f"smtp.{DOMAIN}")
    )
    site = estate.web({f"{DATABASE}hoster.example": _file("imap.hoster.example")})

    result = estate.discover(DiscoveryOptions())

    assert {s.host for s in result.services if s.protocol == "imap"} == {"imap.hoster.example"}
    assert sorted(site.asked) == [f"{DATABASE}{name}" for name in (DOMAIN, "eu.hoster.example", "hoster.example")]


@pytest.mark.parametrize("records", [MX, {}], ids=["refused by the person", "no such domain"])
def test_the_public_database_is_not_told(estate: Estate, records: dict[tuple[str, str], list[str]]) -> None:
    estate.zone(records | _addresses("autoconfig.thunderbird.net"))
    site = estate.web({f"{DATABASE}{DOMAIN}": _file("imap.hoster.example")})
    assert estate.discover(DiscoveryOptions(third_party=not records)).services == ()
    assert site.asked == []


def test_autodiscover_settings_are_used_before_guesses(estate: Estate) -> None:
    url = f"https://autodiscover.{DOMAIN}/autodiscover/autodiscover.xml"
    body = (
        b"<Autodiscover><Response><Account><Protocol><Type>IMAP</Type><Server>m.example</Server><Port>993</Port>"
        b"</Protocol></Account></Response></Autodiscover>"
    )
    estate.zone(MX | _addresses(f"autodiscover.{DOMAIN}", f"imap.{DOMAIN}"))
    estate.web({url: Page(body)})
    estate.mail(993, f"imap.{DOMAIN}")
    assert _named(estate.discover().services) == [("imap", "m.example", 993, "autodiscover")]


def test_exchange_that_asks_for_credentials_names_its_service(estate: Estate) -> None:
    base = f"https://ex.{DOMAIN}/autodiscover/autodiscover"
    answer = b'{"Protocol":"AutodiscoverV1","Url":"https://owa.corp.example/autodiscover/autodiscover.xml"}'
    estate.zone(MX | _addresses(f"ex.{DOMAIN}") | {(f"_autodiscover._tcp.{DOMAIN}", "SRV"): [f"0 0 443 ex.{DOMAIN}."]})
    estate.web({f"{base}.xml": Page(status=401), f"{base}.json": Page(answer)})

    by_srv = _of(estate.discover().sources, "autodiscover")[-1]

    assert (by_srv.status, by_srv.asked) == ("nothing", f"{base}.xml")
    assert "owa.corp.example" in by_srv.text


def test_guesses_come_last(estate: Estate) -> None:
    estate.zone(MX | _addresses(f"mail.{DOMAIN}"))
    estate.mail(993, f"mail.{DOMAIN}")
    estate.mail(465, f"mail.{DOMAIN}")
    estate.web({f"https://mail.{DOMAIN}/": Page()})
    assert _named(estate.discover().services) == [
        ("imap", "mail.corp.example", 993, "guess"),
        ("smtp", "mail.corp.example", 465, "guess"),
        ("webmail", "mail.corp.example", 443, "guess"),
    ]


def test_ways_may_come_from_different_sources(estate: Estate) -> None:
    records = {(f"_imaps._tcp.{DOMAIN}", "SRV"): ["0 1 993 mail.corp.example."]}
    estate.zone(MX | records | _addresses(f"autoconfig.{DOMAIN}"))
    estate.web({OWN_FILE: _file("other.example", pop3=True)})
    assert _named(estate.discover().services) == [
        ("imap", "mail.corp.example", 993, "srv"),
        ("smtp", "other.example", 465, "autoconfig"),
    ]


def test_a_lesser_answer_is_taken_when_patience_ends(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The domain's own web server never answers; what the guess found is used, and the report says so."""
    monkeypatch.setattr(strategy, "PATIENCE_SECONDS", 0.5)
    gate = threading.Event()
    estate.zone(MX | _addresses(f"autoconfig.{DOMAIN}", f"imap.{DOMAIN}"))
    estate.web({OWN_FILE: Page(gate=gate)})
    estate.mail(993, f"imap.{DOMAIN}")

    result = estate.discover()
    gate.set()

    assert _named(result.services) == [("imap", "imap.corp.example", 993, "guess")]
    assert _of(result.sources, "autoconfig")[0].status == "not_waited_for"


def test_a_guess_is_waited_for_beyond_patience_but_a_page_is_not(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading is known at once; sending is worth the guess, not the web server that does not answer."""
    monkeypatch.setattr(strategy, "PATIENCE_SECONDS", 0.0)
    gate = threading.Event()
    records = {(f"_imaps._tcp.{DOMAIN}", "SRV"): ["0 1 993 mail.corp.example."]}
    estate.zone(MX | records | _addresses(f"autoconfig.{DOMAIN}", f"smtp.{DOMAIN}"))
    estate.web({OWN_FILE: Page(gate=gate)})
    estate.mail(465, f"smtp.{DOMAIN}")

    result = estate.discover()
    gate.set()

    assert _named(result.services) == [
        ("imap", "mail.corp.example", 993, "srv"),
        ("smtp", "smtp.corp.example", 465, "guess"),
    ]


def test_a_better_answer_within_patience_wins(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The own file answers only after the guess has been tried: it is waited for."""
    gate = threading.Event()
    estate.zone(MX | _addresses(f"autoconfig.{DOMAIN}", f"imap.{DOMAIN}"))
    estate.web({OWN_FILE: Page(_file("named.example").body, gate=gate)})
    estate.mail(993, f"imap.{DOMAIN}")
    tried = guess.ask

    def ask(way: Way, *rest: Any) -> SourceResult:
        result = tried(way, *rest)
        if way == "reading":
            gate.set()
        return result

    monkeypatch.setattr(guess, "ask", ask)
    assert {s.host for s in estate.discover().services} == {"named.example"}


def test_the_deadline_is_kept_with_what_is_there(estate: Estate) -> None:
    option = Service(protocol="imap", host="127.0.0.1", port=1993, tls="implicit", source="option")
    gate = threading.Event()
    estate.zone(MX | _addresses(f"autoconfig.{DOMAIN}"))
    estate.web({OWN_FILE: Page(gate=gate)})

    result = estate.discover(DiscoveryOptions(services=(option,), third_party=False), seconds=0.5)
    gate.set()

    assert result.services == (option,)
    # the source or the one who waits for it: either may see first that time is up
    assert _of(result.sources, "autoconfig")[0].status in {"not_waited_for", "failed"}


def test_one_source_that_fails_throws_nothing_away(estate: Estate) -> None:
    records: dict[tuple[str, str], list[str] | str] = {
        (DOMAIN, "MX"): SERVER_FAILURE,
        (f"_pop3s._tcp.{DOMAIN}", "SRV"): SERVER_FAILURE,
    }
    estate.zone({**records, **SRV, **_addresses(f"autoconfig.{DOMAIN}")})
    estate.web({OWN_FILE: Page(b"<clientConfig><")})

    result = estate.discover()

    assert {s.host for s in result.services} == {"mail.corp.example"}
    assert result.sources[0].status == "failed"
    assert "SERVFAIL" in result.sources[0].text


def test_a_fault_of_ours_in_one_source_is_that_sources_failure(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> SourceResult:
        raise KeyError("secret words")

    monkeypatch.setattr("diagnose.discovery.provider.by_mx", faulty)
    estate.zone(MX | SRV)

    result = estate.discover()

    assert (result.sources[0].status, result.sources[0].text) == ("failed", "internal fault: KeyError")
    assert {s.host for s in result.services} == {"mail.corp.example"}


def test_a_circle_of_aliases_ends(estate: Estate) -> None:
    circle = {
        (f"_imaps._tcp.{DOMAIN}", "CNAME"): ["loop.corp.example."],
        ("loop.corp.example", "CNAME"): [f"_imaps._tcp.{DOMAIN}."],
    }
    estate.zone(MX | circle)
    result = estate.discover()
    assert result.services == ()
    assert _of(result.sources, "srv")[0].status == "failed"


def test_not_offered_is_not_guessed(estate: Estate) -> None:
    absent = {(f"_{label}._tcp.{DOMAIN}", "SRV"): ["0 0 0 ."] for label in ("pop3", "pop3s")}
    estate.zone(MX | absent | _addresses(f"pop.{DOMAIN}", f"imap.{DOMAIN}"))
    estate.mail(995, f"pop.{DOMAIN}")
    estate.mail(993, f"imap.{DOMAIN}")
    assert _named(estate.discover().services) == [("imap", "imap.corp.example", 993, "guess")]


def test_no_guess_is_tried_where_dns_has_answered(estate: Estate) -> None:
    names = [f"{label}.{DOMAIN}" for label in ("imap", "pop", "smtp", "mail")]
    estate.zone(MX | SRV | _addresses(*names))
    guesses = _of(estate.discover().sources, "guess")
    assert [one.status for one in guesses] == ["not_asked", "not_asked", "nothing"]
    assert {port for _, port in estate.network.connects} <= {443}


@pytest.mark.parametrize("domain", ["192.0.2.1", "[192.0.2.1]", "[ipv6:2001:db8::1]"])
def test_an_address_literal_has_the_options_only(estate: Estate, domain: str) -> None:
    option = Service(protocol="imap", host="127.0.0.1", port=1993, tls="implicit", source="option")
    server = estate.zone({})
    result = estate.discover(DiscoveryOptions(services=(option,)), domain=domain)
    assert (result.services, [r.source for r in result.sources]) == ((option,), ["option"])
    assert server.asked == []


def test_a_domain_that_does_not_exist_has_nothing(estate: Estate) -> None:
    estate.zone({})
    result = estate.discover()
    assert (result.services, result.provider) == ((), None)
    assert "failed" not in {r.status for r in result.sources}


def test_a_resolver_that_never_answers_leaves_the_options(estate: Estate) -> None:
    option = Service(protocol="smtp", host="127.0.0.1", port=1465, tls="implicit", source="option")
    estate.zone({(DOMAIN, "MX"): SILENT})
    estate.network = Network(Nameserver("127.0.0.1", 9), estate.ca_file)  # type: ignore[assignment]  # nothing is served
    result = estate.discover(DiscoveryOptions(services=(option,), third_party=False), seconds=1.0)
    assert result.services == (option,)


def test_what_is_asked_ahead_is_what_is_asked_anyway(estate: Estate) -> None:
    """And once: discovery takes the answers."""
    server = estate.zone(MX | SRV)
    hosts = ask_ahead(Subject(domain=DOMAIN), DiscoveryOptions(), estate.network, Deadline(patient(10)))
    look_up_ahead(hosts, estate.network, Deadline(patient(10)))
    ahead = {(DOMAIN, "MX"), *((f"{label}._tcp.{DOMAIN}", "SRV") for label in srv.LABELS)}
    ahead |= {(host, kind) for host in hosts_for(DOMAIN) for kind in ("A", "AAAA")}

    assert len(estate.discover().services) == 2
    assert ahead <= set(server.asked)
    assert all(server.asked.count(question) == 1 for question in ahead)


def test_usual_names_of_servers_are_asked_ahead_of_the_records_that_may_lead_there(estate: Estate) -> None:
    """So that a server which SRV records announce costs one round trip to DNS, and not two."""
    server = estate.zone({(DOMAIN, "MX"): SILENT} | {(f"{label}._tcp.{DOMAIN}", "SRV"): SILENT for label in srv.LABELS})
    hosts = ask_ahead(Subject(domain=DOMAIN), DiscoveryOptions(), estate.network, Deadline(patient(10)))
    look_up_ahead(hosts, estate.network, Deadline(patient(10)))

    wanted = {(f"{label}.{DOMAIN}", kind) for label in ("imap", "mail", "pop", "smtp") for kind in ("A", "AAAA")}
    limit = Deadline(patient(10))
    while not wanted <= set(server.asked) and not limit.passed():
        time.sleep(0.01)
    assert wanted <= set(server.asked)


@pytest.mark.parametrize(
    ("domain", "options", "hosts"),
    [
        (DOMAIN, DiscoveryOptions(services=(OPTION,)), ("imap.elsewhere.example",)),
        (DOMAIN, DiscoveryOptions(services=(OPTION,), services_only=True), ("imap.elsewhere.example",)),
        ("gmail.com", DiscoveryOptions(), ("imap.gmail.com", "pop.gmail.com", "smtp.gmail.com", "mail.google.com")),
        ("gmail.com", DiscoveryOptions(services=(OPTION,)), ("imap.elsewhere.example", "imap.gmail.com")),
        ("gmail.com", DiscoveryOptions(services=(OPTION,), services_only=True), ("imap.elsewhere.example",)),
        (DOMAIN, DiscoveryOptions(), ()),
    ],
)
def test_servers_that_are_known_from_the_start(domain: str, options: DiscoveryOptions, hosts: tuple[str, ...]) -> None:
    """Those of options, and of a provider that the domain is known to be of."""
    known = servers_known_ahead(Subject(domain=domain), options)
    assert known[: len(hosts)] == hosts
    assert known == hosts or not options.services_only


def test_a_server_that_is_known_from_the_start_is_looked_up_once(estate: Estate) -> None:
    server = estate.zone({("imap.elsewhere.example", "A"): ["192.0.2.7"]})
    look_up_ahead(("imap.elsewhere.example",), estate.network, Deadline(patient(10)))

    found = [estate.network.addresses("imap.elsewhere.example", Deadline(patient(10))) for _ in range(2)]
    assert [one.addresses for one in found] == [("192.0.2.7",)] * 2
    assert sorted(server.asked) == [("imap.elsewhere.example", "A"), ("imap.elsewhere.example", "AAAA")]


@pytest.mark.parametrize(
    ("domain", "options"),
    [
        ("gmail.com", DiscoveryOptions()),
        (DOMAIN, DiscoveryOptions(provider="gmail")),
        (DOMAIN, DiscoveryOptions(provider="nosuch")),
        (DOMAIN, DiscoveryOptions(services_only=True)),
        ("[192.0.2.1]", DiscoveryOptions()),
        ("192.0.2.1", DiscoveryOptions()),
    ],
)
def test_nothing_is_asked_ahead_that_may_not_be_asked(domain: str, options: DiscoveryOptions, estate: Estate) -> None:
    """Where discovery needs no question, or refuses its options before any."""
    server = estate.zone({})
    before = threading.active_count()
    assert ask_ahead(Subject(domain=domain), options, estate.network, Deadline(patient(10))) == ()

    assert threading.active_count() <= before
    assert server.asked == []
