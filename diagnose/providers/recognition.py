"""Whose mailbox is it? By address domain, MX host or configured server name.

Every run asks this, so the answer comes from one small index made out of all provider files;
``python -m diagnose.providers`` writes it anew after a file was changed.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from diagnose.knowledge import KnowledgeError
from diagnose.knowledge.loader import line_of_word
from diagnose.knowledge.packages import PROVIDERS, Package, packages
from diagnose.model.domains import ascii_name
from diagnose.process.first_use import decode, made_once
from diagnose.providers.files import read_provider
from diagnose.providers.schema import Provider

INDEX = Path(__file__).parents[1] / "knowledge" / "recognition.json"


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """Names, lower case without a final dot, and the ids they stand for."""

    domains: dict[str, str]
    mx: dict[str, str]
    hosts: dict[str, tuple[str, ...]]
    autodiscover: dict[str, str]
    spf: dict[str, str]
    greetings: dict[str, str]
    names: dict[str, str]
    """What people call a provider, its id among it, as `folded_name` writes it."""


def by_domain(domain: str) -> str | None:
    """The id of the provider that this address domain (as A-labels) belongs to, or None."""
    known = _index().domains
    names = list(suffixes(domain))
    keys = [*names[:1], *(f"*.{parent}" for parent in names[1:])]
    return next((known[key] for key in keys if key in known), None)


def by_mx(mx_hosts: Iterable[str]) -> str | None:
    """The id of the provider behind the first MX host that is known, or None.

    Give the hosts in the order of their preference (RFC 5321 §5.1): where a domain mixes
    providers, the first one decides.
    """
    known = _index().mx
    return next((known[suffix] for host in mx_hosts for suffix in suffixes(host) if suffix in known), None)


def by_alias(target: str) -> str | None:
    """The id of the provider whom a customer's ``autodiscover`` or ``autoconfig`` name is handed to, or None."""
    known = _index().autodiscover
    return next((known[suffix] for suffix in suffixes(target) if suffix in known), None)


def by_spf(included: Iterable[str]) -> str | None:
    """The id of the one provider among those *included* to send a domain's mail; None too where there are several."""
    known = _index().spf
    found = {known[name] for name in map(_normal, included) if name in known}
    return found.pop() if len(found) == 1 else None


def by_host(host: str) -> str | None:
    """The id of the one provider that has a mail server of this name; None too where several share it."""
    owners = owners_of_host(host)
    return owners[0] if len(owners) == 1 else None


def owners_of_host(host: str) -> tuple[str, ...]:
    """The ids of all providers that have a mail server of this name (outlook.office365.com has two)."""
    return _index().hosts.get(_normal(host), ())


def by_greeting(words: str) -> str | None:
    """The id of the software that a server names when it greets with *words*, or None."""
    said = words.lower()
    return next((owner for phrase, owner in _index().greetings.items() if phrase in said), None)


def build(providers: Iterable[Provider]) -> Index:
    """The index of *providers*. Raises ValueError when two of them claim the same domain or MX name."""
    domains: dict[str, str] = {}
    mx: dict[str, str] = {}
    hosts: defaultdict[str, set[str]] = defaultdict(set)
    autodiscover: dict[str, str] = {}
    spf: dict[str, str] = {}
    greetings: dict[str, str] = {}
    called: dict[str, str] = {}
    for one in providers:
        for claimed, names in (
            (domains, one.domains),
            (mx, one.mx),
            (autodiscover, one.autodiscover),
            (spf, one.spf),
            (greetings, one.greetings),
            (called, _names(one)),
        ):
            for name in names:
                if claimed.setdefault(name, one.id) != one.id:
                    raise ValueError(f"{name} is claimed by {claimed[name]} and by {one.id}")
        for host in _plain_hosts(one):
            hosts[host].add(one.id)
    return Index(
        domains=dict(sorted(domains.items())),
        mx=dict(sorted(mx.items())),
        hosts={host: tuple(sorted(ids)) for host, ids in sorted(hosts.items())},
        autodiscover=dict(sorted(autodiscover.items())),
        spf=dict(sorted(spf.items())),
        greetings=dict(sorted(greetings.items())),
        names=dict(sorted(called.items())),
    )


def encode_index(index: Index) -> bytes:
    """The index as its file holds it: one name a line, so that a change shows as a small difference."""
    return msgspec.json.format(msgspec.json.encode(index), indent=1) + b"\n"


def _index() -> Index:
    return index_with(packages().taken)


@made_once
def index_with(brought: tuple[Package, ...]) -> Index:
    """The index of our own providers and of those that *brought* adds.

    Raises KnowledgeError where one of those claims a domain or an MX name that is another's.
    """
    index = decode(INDEX.read_bytes(), Index)
    for package in brought:
        for file in package.files(PROVIDERS):
            one = read_provider(file)
            for claimed, names in (
                (index.domains, one.domains),
                (index.mx, one.mx),
                (index.autodiscover, one.autodiscover),
                (index.spf, one.spf),
                (index.greetings, one.greetings),
            ):
                for name in names:
                    if (owner := claimed.setdefault(name, one.id)) != one.id:
                        raise KnowledgeError(
                            file, line_of_word(file, name), f"{name} is claimed by {owner!r} and by {one.id!r}"
                        )
            for name in _names(one):
                index.names.setdefault(name, one.id)
            for host in _plain_hosts(one):
                index.hosts[host] = tuple(sorted({*index.hosts.get(host, ()), one.id}))
    return index


def known_names() -> Mapping[str, str]:
    """What people call providers, as `folded_name` writes it, and the ids that they mean."""
    return _index().names


def folded_name(words: str) -> str:
    """*words* in the one spelling that names are compared in: letters and digits, without width and case."""
    return "".join(c for c in unicodedata.normalize("NFKC", words).casefold() if c.isalnum())


def known_hosts() -> frozenset[str]:
    """Address domains, MX names and servers of all providers, wildcards without their first label."""
    index = _index()
    return frozenset(name.removeprefix("*.") for name in (*index.domains, *index.mx, *index.hosts))


def _names(one: Provider) -> tuple[str, ...]:
    words = (one.id, one.names.en, one.names.zh_hans, one.names.zh_hant, *one.aliases)
    return tuple(dict.fromkeys(folded_name(name) for name in words if name))


def _plain_hosts(one: Provider) -> Iterator[str]:
    return (server.host for server in one.servers if "{" not in server.host)


def _normal(name: str) -> str:
    return ascii_name(name).lower().removesuffix(".")


def suffixes(name: str) -> Iterator[str]:
    """*name*, then what is left of it after each label; so the first hit is the longest."""
    rest = _normal(name)
    while rest:
        yield rest
        rest = rest.partition(".")[2]


def mail_domains() -> tuple[str, ...]:
    """Address domains that providers offer to everybody, without wildcards."""
    return _mail_domains_with(packages().taken)


@made_once
def _mail_domains_with(brought: tuple[Package, ...]) -> tuple[str, ...]:
    return tuple(domain for domain in index_with(brought).domains if "*" not in domain)


def hosts_of(provider_id: str) -> tuple[str, ...]:
    """The names of the mail servers that this provider has, templates aside."""
    return tuple(host for host, owners in _index().hosts.items() if provider_id in owners)
