"""Who takes mail for a domain and keeps no mailbox: filters before a provider, and services that send mail on.

Such a name says nothing of where the mailbox is, and no secret has any business there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.process.first_use import made_once
from diagnose.providers.recognition import suffixes

RelayKind = Literal["filter", "forwarding"]


class Relay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service that mail passes through."""

    name: str
    kind: RelayKind
    mx: tuple[str, ...]
    """MX host names, or what they end in, at whole labels."""
    source: str


@made_once
def relays() -> tuple[Relay, ...]:
    """Those that are known. Raises KnowledgeError."""
    return load(KNOWLEDGE / "network" / "mail-relays.yaml", tuple[Relay, ...])


def relay_among(mx_hosts: Iterable[str]) -> Relay | None:
    """The first of *mx_hosts*, where none of them keeps a mailbox; else None, as of those that nothing is known of."""
    known = _by_name()
    found = [next((known[name] for name in suffixes(host) if name in known), None) for host in mx_hosts]
    return found[0] if found and all(found) else None


@made_once
def _by_name() -> Mapping[str, Relay]:
    return MappingProxyType({name: one for one in relays() for name in one.mx})
