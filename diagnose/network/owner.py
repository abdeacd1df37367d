"""The owner of a server name: the registered part of it, by the public suffix list (publicsuffix.org)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from diagnose.model.domains import ascii_name, u_labels
from diagnose.process.first_use import made_once, one_at_a_time

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


def registered(host: str) -> str:
    """The registered domain of *host* in A-labels; *host* itself where it is an address or a public suffix.

    Names under a private suffix, as github.io, belong to one customer each. An unknown top-level domain is a suffix.
    """
    name = _plain(host)
    suffix = _suffix_labels(name)
    labels = name.split(".")
    return name if suffix is None else ".".join(labels[-suffix - 1 :])


def is_public_suffix(host: str) -> bool:
    """Whether *host* is a suffix below which the public registers names, such as com.cn or github.io."""
    name = _plain(host)
    return _suffix_labels(name) == name.count(".") + 1


def ends_publicly(host: str) -> bool:
    """Whether *host* ends in a suffix that the list names, so that it may well be a host's name."""
    return _named_suffixes().publicsuffix(u_labels(_plain(host))) is not None


def related(one: str, other: str) -> bool:
    """Whether two hosts may well be one owner's: one registered domain, or one name under several public suffixes."""
    first, second = registered(one), registered(other)
    if first == second:
        return True
    if any(_suffix_labels(name) is None or is_public_suffix(name) for name in (first, second)):
        return False
    return first.partition(".")[0] == second.partition(".")[0]


def _plain(host: str) -> str:
    """*host* as an address or in A-labels; what is no name stays as it is, in lower case."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    return ascii_name(name)


def _suffix_labels(name: str) -> int | None:
    """How many labels of *name* are its public suffix; None for an address, and for what is no name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        suffix = _public_suffixes().publicsuffix(u_labels(name))
        return suffix.count(".") + 1 if suffix else None
    return None


@made_once
def _named_suffixes() -> PublicSuffixList:
    with one_at_a_time:
        from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False, accept_encoded_idn=False)


@made_once
def _public_suffixes() -> PublicSuffixList:
    with one_at_a_time:
        from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_encoded_idn=False)  # only as U-labels: in a quarter of the time
