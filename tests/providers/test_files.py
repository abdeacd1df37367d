"""The provider files hold what their schema and their readers rely on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from diagnose.knowledge import KnowledgeError
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.providers import Provider, UnknownProviderError, all_providers, provider, provider_ids
from diagnose.providers.schema import Words

KNOWN = """
    35-com a1-net active24 aikis aktivix aliyun-personal aliyun-qiye amazon-workmail aol aruba aruba-pec att autistici
    axigen bbox bell-canada biglobe blindzeln bluehost bt cc9 cek-net centurylink cesky-hosting chinamobile
    chinatelecom-qiye clustermail comcast coremail cpanel cty daum dingtalk-mail dismail disroot docker-mailserver
    docomo-mopera domainfactory domino dondominio dovecot-generic dreamhost drei-at e-foundation earthlink educamadrid
    email-it ewe exchange-onprem eyou fastmail fastweb feishu-mail firemail forward-email free-fr freenet gandi gigahost
    gmx godaddy google gransy groupwise hetzner hey hinet hinet-hibox hmailserver hostinger huawei-cloud-mail i-ua
    icewarp icloud iij4u iijmio iiyama-catv inbox-lv infomaniak interia ionos ipax iredmail janis jetinternet jubii
    kakao-mail kddi-au kelcom kerio-connect kpn laposte lark-mail libero line-works magenta-at mail-139 mail-189
    mail-21cn mail-263 mail-88 mail-com mail-de mail-ee mail-wo mailbox-org mailcow mailenable mailfence mailo mailru
    mdaemon microsoft365 microsoft365-21vianet migadu mittwald mnet-japan mxroute namecheap-privateemail nate nauta
    naver netease-163 netease-qiye nili nine-testrun nubo o2-pl ocn one-com onet optimum orange-fr outlook-com ouvaton
    ovh ox-cloud pchome-mail penteledata peoplepc plesk pobox postecert posteo proton proximus purelymail qq-mail
    rackspace rambler rediffmail registrator-cz riseup runbox runestone sapo schwaz-net seznam sfr shaw sina-enterprise
    sina-mail sky smartermail so-net softbank sohu-enterprise sohu-mail soverin spectrum startmail stinpriza strato
    sunrise swisscom synology-mailplus systemausfall systemli t-online talktalk telenet telia telstra tencent-exmail
    teol tim-it tiscali-it titan tom-mail turbomail tuta ukr-net umail undernet-uy uol virgilio virgin-media vivaldi
    vodafone-de webde webhuset websupport west-cn winmail wp-pl wps-mail xinnet xtra yahoo yahoo-japan yandex yousee
    zeelandnet ziggo zimbra zoho
"""

FRESH = timedelta(days=548)
"""Eighteen months: menus and password rules of providers change about that often."""

LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
HOST = re.compile(rf"({LABEL}\.)+(?!\d+$){LABEL}")
TEMPLATE = re.compile(r"\{(domain|server)\}")
PAGE = re.compile(r"https?://[^\s{}]+(\{(domain|server|alias)\}[^\s{}]*)?|https?://\{(domain|server|alias)\}[^\s{}]*")

NO_SOURCE_NEEDED = {
    "id",
    "names",
    "aliases",
    "kind",
    "built_on",
    "by_files",
    "sign_in_pages",
    "reports",
    "unsure",
    "sources",
}
"""Our own labels, what is weak by definition, and the account of the sources itself."""
COVERED_WITH = {"mx_note": "mx", "webmail_others": "webmail"}

every_provider = pytest.mark.parametrize("known", list(all_providers()), ids=lambda known: known.id)


def set_fields(known: Provider) -> set[str]:
    """The fields that the file gives a value."""
    blank = Provider(id=known.id, names=known.names)
    return {name for name in known.__struct_fields__ if getattr(known, name) != getattr(blank, name)} | {"id", "names"}


def words_in(value: object) -> Iterator[Words]:
    """Every translated text in *value*, however deep."""
    if isinstance(value, Words):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from words_in(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from words_in(item)


def at_path(known: Provider, path: str) -> object:
    """The value at a dotted field name; raises AttributeError for a name that is none."""
    value: object = known
    for name in path.split("."):
        value = getattr(value, name)
    return value


def test_no_provider_is_lost() -> None:
    """Ids are public (--provider), so none disappears."""
    assert set(KNOWN.split()) <= set(provider_ids())


def test_ids_in_files_are_the_files_names() -> None:
    assert [known.id for known in all_providers()] == list(provider_ids())


def test_unknown_id_suggests_close_ones() -> None:
    with pytest.raises(UnknownProviderError, match="did you mean microsoft365") as caught:
        provider("microsoft-365")

    assert isinstance(caught.value, LookupError)
    assert "microsoft365" in caught.value.close


@pytest.mark.parametrize("outside", ["../causes", "/etc/passwd", "", "QQ-MAIL"])
def test_only_an_id_opens_a_file(outside: str) -> None:
    with pytest.raises(UnknownProviderError):
        provider(outside)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("id: x\nnames: {en: X, zh-Hans: X, zh-Hant: X}\nwebmial: https://x.example/\n", "webmial"),
        ("id: x\nnames: {zh-Hans: X, zh-Hant: X}\n", "en"),
        (
            "id: x\nnames: {en: X, zh-Hans: X, zh-Hant: X}\nservers:\n"
            "- {protocol: imap, host: a.example, port: 993, tls: ssl}\n",
            "ssl",
        ),
        ("id: x\nnames: {en: X, zh-Hans: X, zh-Hant: X}\npassword:\n  accepted: no\n", "accepted"),
    ],
)
def test_mistake_in_a_file_is_named(tmp_path: Path, text: str, problem: str) -> None:
    """A field or value that the schema does not know comes back with its name, not as a default."""
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(KnowledgeError, match=problem):
        load(file, Provider)


@every_provider
def test_hosts_are_host_names(known: Provider) -> None:
    """RFC 1123 §2.1, lower case as A-labels; a template is one once it is filled."""
    hosts = [TEMPLATE.sub("example.com", server.host) for server in known.servers]
    domains = [domain.removeprefix("*.") for domain in known.domains]
    own = [domain for server in known.servers for domain in server.domains]

    told = [*known.mx, *known.spf, *known.autodiscover]

    assert [name for name in [*hosts, *domains, *own, *told] if not HOST.fullmatch(name.lstrip("_"))] == []


@every_provider
def test_servers_are_usable(known: Provider) -> None:
    """Ports exist, no server is listed twice, and a domain's own server is for a domain of the provider."""
    assert all(0 < server.port < 65536 for server in known.servers)
    assert len({(s.protocol, s.host, s.port, s.edition) for s in known.servers}) == len(known.servers)
    assert {domain for server in known.servers for domain in server.domains} <= set(known.domains)
    assert set(known.webmail_by_domain) <= set(known.domains)


@every_provider
def test_pages_are_web_addresses(known: Provider) -> None:
    pages = [
        known.webmail,
        *known.webmail_by_domain.values(),
        *known.webmail_others,
        known.password.app_password.page,
        known.reset.page,
        known.admin.console,
        known.status.page,
        known.status.api,
        known.support.page,
    ]

    assert [page for page in pages if page is not None and not PAGE.fullmatch(page)] == []


@every_provider
def test_numbers_make_sense(known: Provider) -> None:
    policy = known.password_policy

    assert (policy.min or 1) <= (policy.max or 10**6)
    assert 0 < (policy.classes_required or 1) <= 4
    assert 0 < (known.lockout.attempts or 1) <= 100
    assert 0 < (known.password.app_password.length or 1) <= 64


@every_provider
def test_words_are_one_line_in_every_language(known: Provider) -> None:
    texts = [text for words in words_in(known) for text in (words.en, words.zh_hans, words.zh_hant)]

    assert all(text and text.strip() == text and "\n" not in text for text in texts)


@every_provider
def test_every_value_has_a_source_or_is_marked_unsure(known: Provider) -> None:
    """A reader must be able to tell a documented value from a remembered one."""
    accounted = {name for source in known.sources for name in source.covers} | {
        path.partition(".")[0] for path in known.unsure
    }
    open_fields = {COVERED_WITH.get(name, name) for name in set_fields(known) - NO_SOURCE_NEEDED} - accounted

    assert open_fields == set()


@every_provider
def test_sources_cover_fields_of_the_file(known: Provider) -> None:
    assert {name for source in known.sources for name in source.covers} <= set_fields(known)


@every_provider
def test_unsure_names_values_of_the_file(known: Provider) -> None:
    blank = Provider(id=known.id, names=known.names)

    assert [path for path in known.unsure if at_path(known, path) == at_path(blank, path)] == []


def test_knowledge_is_fresh() -> None:
    """Nobody's knowledge falls far behind the rest; measured between the files, so that time alone breaks no build."""
    checked = {known.id: [date.fromisoformat(source.checked) for source in known.sources] for known in all_providers()}
    assert all(checked.values()), f"without a source: {[id_ for id_, dates in checked.items() if not dates]}"
    newest = max(max(dates) for dates in checked.values())

    assert [name for name, dates in checked.items() if newest - max(dates) > FRESH] == []


@pytest.mark.parametrize("name", ["providers/*.yaml", "browsers/*.yaml", "provider-words.yaml"])
def test_built_in_words_are_in_every_language(name: str) -> None:
    """Other packages may leave translations out; of ours none is missing."""
    for file in KNOWLEDGE.glob(name):
        lines = file.read_text("utf-8")
        counts = {lang: len(re.findall(rf"\b{lang}: ", lines)) for lang in ("zh-Hans", "zh-Hant")}
        assert counts["zh-Hans"] == counts["zh-Hant"] == len(re.findall(r"\ben: ", lines)), (file.name, counts)
