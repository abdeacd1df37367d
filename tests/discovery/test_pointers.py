"""Whose customers a domain's names make them, where a filter or an unknown host takes the mail."""

from __future__ import annotations

import pytest

from diagnose.discovery import DiscoveryOptions, SourceResult, pointers
from diagnose.model import Deadline, Service
from diagnose.network import DnsAnswer, Network
from diagnose.network.resolver import DnsStatus

from .conftest import DOMAIN, Estate, Records

FILTER = {(DOMAIN, "MX"): ["10 mxa-0001.gslb.pphosted.com.", "10 mxb-0001.gslb.pphosted.com."]}
OWN = {(DOMAIN, "MX"): ["10 mx.corp.example."]}
FORWARDING = {(DOMAIN, "MX"): ["10 mx1.improvmx.com.", "20 mx2.improvmx.com."]}
MICROSOFT = {(f"autodiscover.{DOMAIN}", "CNAME"): ["autodiscover.outlook.com."]}
MICROSOFT_SPF = '"v=spf1 include:spf.protection.outlook.com include:spf-0001.pphosted.com -all"'
GOOGLE_SPF = '"v=spf1 include:_spf.google.com ~all"'
SRV = {
    (f"_imaps._tcp.{DOMAIN}", "SRV"): ["0 1 993 mail.corp.example."],
    (f"_submissions._tcp.{DOMAIN}", "SRV"): ["0 1 465 mail.corp.example."],
}


def _hosts(services: tuple[Service, ...], protocol: str) -> set[str]:
    return {service.host for service in services if service.protocol == protocol}


def _pointers(sources: tuple[SourceResult, ...]) -> SourceResult:
    return next(one for one in sources if one.asked.startswith("CNAME "))


@pytest.mark.parametrize(
    ("records", "provider", "imap"),
    [
        (FILTER | MICROSOFT, "microsoft365", "outlook.office365.com"),
        (OWN | MICROSOFT, "microsoft365", "outlook.office365.com"),
        (
            FILTER | {(f"_autodiscover._tcp.{DOMAIN}", "SRV"): ["0 1 443 autodiscover.secureserver.net."]},
            "godaddy",
            "imap.secureserver.net",
        ),
        (
            OWN | {(f"autoconfig.{DOMAIN}", "CNAME"): ["autoconfig.migadu.com."]},
            "migadu",
            "imap.migadu.com",
        ),
        (FILTER | {(DOMAIN, "TXT"): [GOOGLE_SPF]}, "google", "imap.gmail.com"),
        (FILTER | {(DOMAIN, "TXT"): ['"site=1"', MICROSOFT_SPF]}, "microsoft365", "outlook.office365.com"),
        (FILTER | MICROSOFT | {(DOMAIN, "TXT"): [GOOGLE_SPF]}, "microsoft365", "outlook.office365.com"),
    ],
    ids=["filter, alias", "own MX, alias", "filter, SRV", "own MX, autoconfig", "SPF", "SPF of two", "alias over SPF"],
)
def test_the_provider_behind_another_host_is_told_by_the_domains_own_names(
    estate: Estate, records: Records, provider: str, imap: str
) -> None:
    estate.zone(records)

    result = estate.discover()

    assert (result.provider, result.provider_by) == (provider, "host")
    assert _hosts(result.services, "imap") == {imap}
    assert estate.recognised == [provider]
    assert estate.network.connects == []


@pytest.mark.parametrize(
    "records",
    [
        FILTER,
        FORWARDING | MICROSOFT,
        FORWARDING | {(DOMAIN, "TXT"): [MICROSOFT_SPF]},
        OWN | {(DOMAIN, "TXT"): [MICROSOFT_SPF]},  # it may send by a service that keeps no mailbox for it
        FILTER | {(DOMAIN, "TXT"): ['"v=spf1 include:_spf.google.com include:spf.protection.outlook.com -all"']},
        FILTER | {(DOMAIN, "TXT"): ['"v=spf10 include:_spf.google.com -all"']},
        FILTER | {(DOMAIN, "TXT"): ['"v=spf1 -include:_spf.google.com -all"']},
        FILTER | {(f"autodiscover.{DOMAIN}", "CNAME"): ["autodiscover.outlook.com.evil.example."]},
    ],
    ids=["nothing", "forwarded", "forwarded, SPF", "own MX, SPF", "two senders", "no SPF", "refused", "lookalike"],
)
def test_what_tells_nothing_of_the_mailbox_names_no_provider(estate: Estate, records: Records) -> None:
    estate.zone(records)

    result = estate.discover()

    assert (result.provider, result.services) == (None, ())
    assert _pointers(result.sources).status == "nothing"


def test_servers_that_the_domain_publishes_come_before_an_alias(estate: Estate) -> None:
    estate.zone(FILTER | SRV | MICROSOFT)

    result = estate.discover()

    assert _hosts(result.services, "imap") == {"mail.corp.example"}
    assert result.provider is None


def test_a_known_mx_leaves_an_old_alias_unasked(estate: Estate) -> None:
    """The domain has moved, its alias has not."""
    server = estate.zone({(DOMAIN, "MX"): ["1 smtp.google.com."]} | MICROSOFT)

    result = estate.discover()

    assert (result.provider, result.provider_by) == ("google", "mx")
    assert (f"autodiscover.{DOMAIN}", "CNAME") not in server.asked


def test_an_option_keeps_its_place_beside_an_alias(estate: Estate) -> None:
    option = Service(protocol="imap", host="127.0.0.1", port=1993, tls="implicit", source="option")
    estate.zone(FILTER | MICROSOFT)

    result = estate.discover(DiscoveryOptions(services=(option,), third_party=False))

    assert _hosts(result.services, "imap") == {"127.0.0.1"}
    assert _hosts(result.services, "smtp") == {"smtp.office365.com"}


@pytest.mark.parametrize("mx", ["mxa-0001.gslb.pphosted.com", "mx1.improvmx.com", "mx1.simplelogin.co"])
def test_a_host_that_keeps_no_mailbox_is_never_guessed_as_its_server(estate: Estate, mx: str) -> None:
    """No password has any business there, whatever answers."""
    estate.zone({(DOMAIN, "MX"): [f"10 {mx}."], (mx, "A"): ["127.0.0.1"]})
    estate.mail(993, mx)

    assert estate.discover().services == ()


def test_an_mx_host_of_the_domains_own_is_guessed_still(estate: Estate) -> None:
    estate.zone(OWN | {("mx.corp.example", "A"): ["127.0.0.1"]})
    estate.mail(993, "mx.corp.example")

    assert _hosts(estate.discover().services, "imap") == {"mx.corp.example"}


@pytest.mark.parametrize("status", ["timed_out", "server_failure", "no_resolver"])
def test_a_name_server_that_does_not_tell_the_mx_is_asked_no_more(
    status: DnsStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each further question would be waited for in vain."""
    network = Network()
    monkeypatch.setattr(network.resolver, "query", lambda *_: DnsAnswer(name=DOMAIN, record_type="MX", status=status))
    monkeypatch.setattr(network.resolver, "query_all", lambda *_: pytest.fail("asked"))

    result = pointers.ask(DOMAIN, network, Deadline(5))

    assert (result.status, result.text, result.provider) == ("failed", status, None)
