"""Whose mailbox it is, told by address domain, MX and host name; and that lookalikes are nobody's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import diagnose
from diagnose.providers import (
    UnknownProviderError,
    all_providers,
    by_alias,
    by_domain,
    by_host,
    by_mx,
    by_spf,
    owners_of_host,
    provider_called,
    relay_among,
)
from diagnose.providers.recognition import INDEX, build, encode_index
from diagnose.providers.relays import relays
from diagnose.providers.schema import Provider, Words

CLAIMED = ("mail.example",)
NAMES = Words(en="X", zh_hans="X", zh_hant="X")


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("gmail.com", "google"),
        ("GMAIL.COM", "google"),
        ("gmail.com.", "google"),
        ("qq.com", "qq-mail"),
        ("foxmail.com", "qq-mail"),
        ("163.com", "netease-163"),
        ("vip.126.com", "netease-163"),
        ("yeah.net", "netease-163"),
        ("sina.com", "sina-mail"),
        ("sohu.com", "sohu-mail"),
        ("aliyun.com", "aliyun-personal"),
        ("hotmail.co.uk", "outlook-com"),
        ("outlook.com", "outlook-com"),
        ("contoso.onmicrosoft.com", "microsoft365"),
        ("contoso.partner.onmschina.cn", "microsoft365-21vianet"),
        ("icloud.com", "icloud"),
        ("yahoo.com.tw", "yahoo"),
        ("gmx.com", "gmx"),
        ("mail.com", "mail-com"),
        ("web.de", "webde"),
        ("t-online.de", "t-online"),
        ("wanadoo.fr", "orange-fr"),
        ("blueyonder.co.uk", "virgin-media"),
        ("roadrunner.com", "spectrum"),
        ("yahoo.co.jp", "yahoo-japan"),
        ("hanmail.net", "daum"),
        ("111.com", "mail-88"),
        ("verizon.net", "aol"),
        ("tutanota.com", "tuta"),
        ("systemli.org", "systemli"),
        ("cek.ne.jp", "cek-net"),
        ("delta.blindzeln.org", "blindzeln"),
        ("the-fastest.net", "fastmail"),
        ("posteo.ru", "posteo"),
    ],
)
def test_known_domain(domain: str, expected: str) -> None:
    assert by_domain(domain) == expected


@pytest.mark.parametrize(
    "domain",
    [
        "notgmail.com",
        "gmail.com.evil.example",
        "mail.gmail.com",
        "gmail.co",
        "xn--gmal-nza.com",
        "evil-onmicrosoft.com",
        "onmicrosoft.com.evil.example",
        "corp.example",
        "com",
        "",
        ".",
        "*.onmicrosoft.com.example",
        "t-0nline.de",
        "mail.t-online.de",
        "xorange.fr",
        "orange.fr.evil.example",
        "your-server.de",
        "hostinger.com",
        "dingtalk.com",
        "x111.com",
        "111.com.cn",
        "blindzeln.org",
        "xtutanota.com",
        "tuta.io.evil.example",
        "cc9.ne.jp.evil.example",
    ],
)
def test_lookalike_domain_is_nobodys(domain: str) -> None:
    assert by_domain(domain) is None


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        (["mxbiz1.qq.com", "mxbiz2.qq.com"], "tencent-exmail"),
        (["mx3.qq.com", "mx2.qq.com", "mx1.qq.com"], "qq-mail"),
        (["corp-example.mail.protection.outlook.com"], "microsoft365"),
        (["hotmail-com.olc.protection.outlook.com."], "outlook-com"),
        (["corp-example.k-v1.mx.microsoft"], "microsoft365"),
        (["corp-example.mail.protection.partner.outlook.cn"], "microsoft365-21vianet"),
        (["qiye163mx01.mxmail.netease.com"], "netease-qiye"),
        (["hzmx02.mxmail.netease.com"], "netease-qiye"),
        (["163mx00.mxmail.netease.com"], "netease-163"),
        (["yeahmx01.mxmail.netease.com"], "netease-163"),
        (["mx1.qiye.aliyun.com"], "aliyun-qiye"),
        (["mxn.mxhichina.com"], "aliyun-qiye"),
        (["mx1.sg.aliyun.com"], "aliyun-qiye"),
        (["ASPMX.L.GOOGLE.COM"], "google"),
        (["alt4.aspmx.l.google.com"], "google"),
        (["smtp.google.com"], "google"),
        (["mx-aol.mail.gm0.yahoodns.net"], "aol"),
        (["mta5.am0.yahoodns.net"], "yahoo"),
        (["in1-smtp.messagingengine.com"], "fastmail"),
        (["mx01.mail.icloud.com"], "icloud"),
        (["mx1.titan.email"], "titan"),
        (["smtpin.rzone.de"], "strato"),
        (["www5.your-server.de"], "hetzner"),
        (["mx1.hostinger.com"], "hostinger"),
        (["mx01.mx.ispgateway.de"], "domainfactory"),
        (["mx-vip1.prodigy.net"], "att"),
        (["mx1.smtp.cz"], "active24"),
    ],
)
def test_known_mx(hosts: list[str], expected: str) -> None:
    assert by_mx(hosts) == expected


@pytest.mark.parametrize(
    ("hosts", "name", "kind"),
    [
        (["mxa-00909a01.gslb.pphosted.com"], "Proofpoint", "filter"),
        (["mx1-us1.ppe-hosted.com"], "Proofpoint", "filter"),
        (["eu-smtp-inbound-1.mimecast.com", "eu-smtp-inbound-2.mimecast.com"], "Mimecast", "filter"),
        (["d312104a.ess.barracudanetworks.com"], "Barracuda", "filter"),
        (["mx1.hc42.iphmx.com"], "Cisco Secure Email", "filter"),
        (["corp.in.tmes.trendmicro.eu"], "Trend Micro", "filter"),
        (["cluster5.us.messagelabs.com"], "Symantec Email Security", "filter"),
        (["mailstream-east.mxrecord.io", "mailstream-central.mxrecord.mx"], "Cloudflare Email Security", "filter"),
        (["mx01.hornetsecurity.com"], "Hornetsecurity", "filter"),
        (["route1.mx.cloudflare.net", "route3.mx.cloudflare.net"], "Cloudflare Email Routing", "forwarding"),
        (["mx2.improvmx.com"], "ImprovMX", "forwarding"),
        (["mx1.simplelogin.co."], "SimpleLogin", "forwarding"),
        (["mx1.forwardemail.net"], "Forward Email", "forwarding"),
        (["eforward3.registrar-servers.com"], "Namecheap Email Forwarding", "forwarding"),
        (["redirect.ovh.net"], "OVHcloud redirection", "forwarding"),
    ],
)
def test_who_keeps_no_mailbox_is_no_provider_and_hides_none(hosts: list[str], name: str, kind: str) -> None:
    found = relay_among(hosts)

    assert found is not None
    assert (found.name, found.kind) == (name, kind)
    assert by_mx(hosts) is None
    assert by_mx([*hosts, "corp-example.mail.protection.outlook.com"]) == "microsoft365"


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        ["mx1.corp.example"],
        ["xpphosted.com"],
        ["pphosted.com.evil.example"],
        ["mimecast.corp.example"],
        ["mx.cloudflare.net.corp.example"],
        ["cloudflare.net"],
        ["trendmicro.com"],
        ["mx1.mail.ovh.net"],
        ["mx1.improvmx.com", "mx.corp.example"],  # a server of its own takes mail, too
    ],
)
def test_who_may_keep_mailboxes_is_no_relay(hosts: list[str]) -> None:
    assert relay_among(hosts) is None


def test_no_provider_claims_what_a_relay_is_called() -> None:
    names = [name for one in relays() for name in one.mx]

    assert len(set(names)) == len(names)
    assert [name for name in names if by_mx([name]) is not None] == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("autodiscover.outlook.com", "microsoft365"),
        ("AUTODISCOVER.OUTLOOK.COM.", "microsoft365"),
        ("autodiscover.partner.outlook.cn", "microsoft365-21vianet"),
        ("autodiscover.emailsrvr.com", "rackspace"),
        ("infomaniak.com", "infomaniak"),
        ("outlook.com", None),
        ("autodiscover.outlook.com.evil.example", None),
        ("xautodiscover.outlook.com", None),
        ("", None),
    ],
)
def test_an_alias_tells_whose_customer_a_domain_is(target: str, expected: str | None) -> None:
    assert by_alias(target) == expected


@pytest.mark.parametrize(
    ("included", "expected"),
    [
        (["_spf.google.com"], "google"),
        (["spf.mimecast.example", "spf.protection.outlook.com"], "microsoft365"),
        (["_spf.google.com", "spf.protection.outlook.com"], None),  # either may keep the mailboxes
        (["spf.protection.outlook.com.evil.example"], None),
        (["protection.outlook.com"], None),
        ([], None),
    ],
)
def test_who_may_send_tells_a_provider_where_it_is_one_alone(included: list[str], expected: str | None) -> None:
    assert by_spf(included) == expected


@pytest.mark.parametrize(
    "host",
    [
        "evil-mxbiz1.qq.com",
        "mxbiz1.qq.com.evil.example",
        "mx9.qq.com",
        "notmail.protection.outlook.com",
        "evilmx.microsoft",
        "mail.corp.example",
        "mxmail.netease.com",
        "mx1.sg.aliyun.com.evil.example",
        "xmx1.sg.aliyun.com",
        "yrzone.de",
        "not-your-server.de",
        "hostinger.com.evil.example",
        "mx.prodigy.net",
        "biglobe.ne.jp",
        "xsmtp.cz",
        "",
    ],
)
def test_lookalike_mx_is_nobodys(host: str) -> None:
    assert by_mx([host]) is None


def test_first_known_mx_decides() -> None:
    assert by_mx(["mx.corp.example", "mxbiz1.qq.com", "aspmx.l.google.com"]) == "tencent-exmail"
    assert by_mx([]) is None


def test_host_with_one_owner() -> None:
    assert by_host("imap.exmail.qq.com") == "tencent-exmail"
    assert by_host("HWIMAP.exmail.qq.com.") == "tencent-exmail"
    assert by_host("imap.qq.com") == "qq-mail"


def test_shared_host_has_no_single_owner() -> None:
    """A consumer and a company account on outlook.office365.com must not look like two providers at odds."""
    assert owners_of_host("outlook.office365.com") == ("microsoft365", "outlook-com")
    assert by_host("outlook.office365.com") is None


@pytest.mark.parametrize(
    "host", ["mail.corp.example", "{server}", "127.0.0.1", "localhost", "ximap.qq.com", "imap.qq.com.evil.example"]
)
def test_other_host_has_no_owner(host: str) -> None:
    assert by_host(host) is None
    assert owners_of_host(host) == ()


def test_every_domain_and_mx_name_leads_back_to_its_provider() -> None:
    for known in all_providers():
        for domain in known.domains:
            assert by_domain(domain.replace("*", "customer")) == known.id
        for name in known.mx:
            assert by_mx([name]) == known.id
            assert by_mx([f"customer.{name}"]) == known.id


def test_index_agrees_with_the_files() -> None:
    """After a change of a provider file: ``python -m diagnose.providers``."""
    assert encode_index(build(all_providers())) == INDEX.read_bytes()


@pytest.mark.parametrize(
    "both",
    [
        [Provider(id="one", names=NAMES, domains=CLAIMED), Provider(id="two", names=NAMES, domains=CLAIMED)],
        [Provider(id="one", names=NAMES, mx=CLAIMED), Provider(id="two", names=NAMES, mx=CLAIMED)],
    ],
    ids=["domain", "MX"],
)
def test_two_providers_cannot_claim_one_name(both: list[Provider]) -> None:
    with pytest.raises(ValueError, match=r"mail\.example is claimed by one and by two"):
        build(both)


def test_recognition_reads_no_provider_file() -> None:
    """The index exists for this: no YAML, and none of the files, on the way to an answer."""
    program = (
        "import sys, diagnose.providers as p\n"
        "assert p.by_domain('gmail.com') == 'google'\n"
        "assert 'yaml' not in sys.modules, 'recognition has read YAML'\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, cwd=Path(diagnose.__file__).parents[1])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("google", "google"),
        ("gmail", "google"),
        ("Gmail", "google"),
        ("GMAIL.COM", "google"),
        ("smtp.gmail.com", "google"),
        ("163.com", "netease-163"),
        ("yeah.net", "netease-163"),
        ("网易", "netease-163"),
        ("QQ", "qq-mail"),
        ("ｑｑ", "qq-mail"),
        ("qq.com", "qq-mail"),
        ("exmail", "tencent-exmail"),
        ("腾讯企业邮", "tencent-exmail"),
        ("騰訊企業郵箱", "tencent-exmail"),
        (" QQ 企业邮箱 ", "tencent-exmail"),
        ("mxbiz1.qq.com", "tencent-exmail"),
        ("imap.exmail.qq.com", "tencent-exmail"),
        ("Office 365", "microsoft365"),
        ("office-365", "microsoft365"),
        ("contoso.onmicrosoft.com", "microsoft365"),
    ],
)
def test_a_provider_is_found_by_what_people_call_it(words: str, expected: str) -> None:
    assert provider_called(words) == expected


@pytest.mark.parametrize(
    ("words", "close"),
    [
        ("腾讯", {"qq-mail", "tencent-exmail"}),
        ("阿里云", {"aliyun-personal", "aliyun-qiye"}),
        ("gogle", {"google"}),
        ("qq-mial", {"qq-mail"}),
        ("gmail.com.evil.example", set()),
        ("q", {"qq"}),
        ("gmial", {"gmail"}),
        ("", set()),
        ("@", set()),
        ("..", set()),
        ("../qq-mail", None),
        ("\u202eqq\u0000", None),
        ("x" * 1_000_000, set()),
        ("企" * 10_000 + ".com", set()),
    ],
)
def test_a_word_that_means_several_or_none_is_nobody_and_what_is_close_is_named(
    words: str, close: set[str] | None
) -> None:
    if close is None:
        assert provider_called(words) == "qq-mail"
        return
    with pytest.raises(UnknownProviderError) as caught:
        provider_called(words)

    assert close <= set(caught.value.close)
    assert bool(close) == bool(caught.value.close)
    assert len(str(caught.value)) < 1000


def test_every_provider_is_found_by_each_of_its_names() -> None:
    for known in all_providers():
        for name in (known.id, *known.aliases, *filter(None, (known.names.zh_hans, known.names.zh_hant))):
            assert provider_called(name) == known.id


def test_a_name_that_two_providers_bear_is_a_mistake() -> None:
    two = [Provider(id=name, names=Words(en=name), aliases=("Corp Mail",)) for name in ("one", "two")]
    with pytest.raises(ValueError, match="corpmail is claimed by one and by two"):
        build(two)
