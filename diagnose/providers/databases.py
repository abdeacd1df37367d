"""Where our files and a public database of mail providers differ: domains, servers, user names, OAuth 2.

Some entries of such databases are old. A difference says only that one side is to be looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from diagnose.model.domains import host_and_port
from diagnose.model.protocols import BY_NAME
from diagnose.process.first_use import decode
from diagnose.providers.schema import Provider, Server, UsernameForm
from diagnose.providers.servers import fill, servers_for

ENCRYPTED = {"SSL": "implicit", "STARTTLS": "starttls"}
"""The databases' words for TLS modes; any other is for servers without encryption, which are never used here."""
FORMS: dict[str, UsernameForm] = {
    "%EMAILADDRESS%": "full-address",
    "EMAIL": "full-address",
    "%EMAILLOCALPART%": "local-part",
    "EMAILLOCALPART": "local-part",
}
"""The databases' words for what a user types."""
OAUTH2 = "OAuth2"

Kind = Literal["domain-unknown", "domain-shared", "server-missing", "server-unconfirmed", "username", "oauth2"]
Unusable = Literal["no-server", "no-encryption"]
"""Why an entry holds nothing that a file of ours could use."""


class ListedServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server as a database lists it; fields that do not matter here are passed over."""

    protocol: str
    host: str = ""
    port: int = 0
    tls: str = ""
    username: str | None = None
    auth: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What a database says of one provider."""

    id: str
    domains: tuple[str, ...] = ()
    servers: tuple[ListedServer, ...] = ()


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """A public database, as a JSON file."""

    source: str
    revision: str
    providers: tuple[Entry, ...]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an entry says and our files do not, or the other way round."""

    entry: str
    provider: str | None
    """The id of ours; None where the entry's domains are nobody's here."""
    kind: Kind
    there: tuple[str, ...] = ()
    here: tuple[str, ...] = ()
    unusable: Unusable | None = None
    """Only of an entry without a file of ours; None where it could become one."""


def read_database(file: Path) -> Database:
    """The database in *file*. Raises OSError, msgspec.DecodeError, msgspec.ValidationError."""
    return decode(file.read_bytes(), Database)


def differences(database: Database, known: Iterable[Provider]) -> Iterator[Difference]:
    """Every difference between *database* and the *known* providers, entry by entry."""
    ours = {one.id: one for one in known}
    owners = {name: one.id for one in ours.values() for name in one.domains}
    owners |= {prefix + name: one.id for one in ours.values() for name in one.mx for prefix in ("", "*.")}
    for entry in database.providers:
        yield from _of_entry(entry, ours, owners)


def sentence(difference: Difference) -> str:
    """*difference* as one line."""
    what = {
        "domain-unknown": "domains that no file has",
        "domain-shared": "domains of other providers",
        "server-missing": "servers that our file lacks",
        "server-unconfirmed": "servers of our file that it does not list",
        "username": "another user name",
        "oauth2": "another word on OAuth 2",
    }[difference.kind]
    sides = [f"there {', '.join(difference.there)}" if difference.there else ""]
    sides.append(f"here {', '.join(difference.here)}" if difference.here else "")
    if difference.unusable is not None:
        sides.append(
            {"no-server": "it lists no server", "no-encryption": "none of its servers is encrypted"}[
                difference.unusable
            ]
        )
    ours = difference.provider or "no file"
    return f"{difference.entry} ({ours}): {what}: {'; '.join(filter(None, sides))}"


def _of_entry(entry: Entry, ours: dict[str, Provider], owners: dict[str, str]) -> Iterator[Difference]:
    found = {domain: _owner(domain, owners) for domain in entry.domains}
    ids = list(dict.fromkeys(filter(None, found.values())))
    unknown = tuple(domain for domain, one in found.items() if one is None)
    if unknown:
        yield Difference(
            entry=entry.id,
            provider=ids[0] if ids else None,
            kind="domain-unknown",
            there=unknown,
            unusable=None if ids else _unusable(entry),
        )
    if len(ids) > 1:
        shared = tuple(f"{domain} {one}" for domain, one in found.items() if one not in (None, ids[0]))
        yield Difference(entry=entry.id, provider=ids[0], kind="domain-shared", here=shared)
    for one in ids:
        domain = next(domain for domain, owner in found.items() if owner == one)
        yield from _of_provider(entry, ours[one], domain)


def _unusable(entry: Entry) -> Unusable | None:
    if not entry.servers:
        return "no-server"
    return None if any(one.tls in ENCRYPTED for one in entry.servers) else "no-encryption"


def _owner(domain: str, owners: dict[str, str]) -> str | None:
    parents = domain.split(".")
    above = ("*." + ".".join(parents[i:]) for i in range(1, len(parents)))
    return next((owners[name] for name in (domain, *above) if name in owners), None)


def _of_provider(entry: Entry, known: Provider, domain: str) -> Iterator[Difference]:
    listed = [one for one in entry.servers if one.protocol in BY_NAME and one.tls in ENCRYPTED]
    there = {_listed(one, domain) for one in listed}
    every = {_ours(one, domain) for one in known.servers if one.tls != "none"}
    usual = {
        _ours(one, domain) for one in servers_for(known, domain) if any(one.protocol == x.protocol for x in listed)
    }
    for kind, sides in (("server-missing", {"there": there - every}), ("server-unconfirmed", {"here": usual - there})):
        if any(sides.values()) and listed:
            named = {side: tuple(sorted(servers)) for side, servers in sides.items()}
            yield Difference(entry=entry.id, provider=known.id, kind=kind, **named)  # type: ignore[arg-type]  # mypy widens the literals
    forms = {FORMS.get(one.username or "") for one in listed} - {None}
    own = {known.username.for_protocol(one.protocol) for one in listed} - {None, "other"}
    if forms and own and forms != own:
        sides = {"there": {str(form) for form in forms}, "here": {str(form) for form in own}}
        yield Difference(
            entry=entry.id,
            provider=known.id,
            kind="username",
            there=_sorted(sides["there"]),
            here=_sorted(sides["here"]),
        )
    token = any(OAUTH2 in one.auth for one in listed)
    if any(one.auth for one in listed) and token != (known.oauth2.accepted in {"always", "depends"}):
        yield Difference(
            entry=entry.id,
            provider=known.id,
            kind="oauth2",
            there=(OAUTH2 if token else f"no {OAUTH2}",),
            here=(known.oauth2.accepted or "not known",),
        )


def _sorted(words: set[str]) -> tuple[str, ...]:
    return tuple(sorted(words))


def _listed(server: ListedServer, domain: str) -> str:
    host = server.host.replace("%EMAILDOMAIN%", domain)
    return f"{server.protocol} {host_and_port(host, server.port)} {ENCRYPTED[server.tls]}"


def _ours(server: Server, domain: str) -> str:
    host = fill(server.host, domain) or server.host
    return f"{server.protocol} {host_and_port(host, server.port)} {server.tls}"
