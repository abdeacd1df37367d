"""The owner of a server name: the registered part of it, by the public suffix list (publicsuffix.org)."""

from __future__ import annotations

import functools
import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.model.domains import ascii_name, u_labels
from diagnose.process.first_use import made_once, one_at_a_time

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

MOST_REMEMBERED = 1_000
"""Names: those that a run asks for over and over, and those of a fleet's providers."""


@functools.lru_cache(MOST_REMEMBERED)
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
    return _suffix(u_labels(_plain(host)), unknown=False) is not None


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
        suffix = _suffix(u_labels(name), unknown=True)
        return suffix.count(".") + 1 if suffix else None
    return None


def _suffix(name: str, *, unknown: bool) -> str | None:
    """The public suffix of *name*, in U-labels; with *unknown* a top-level domain that the list lacks is one."""
    top = name.removesuffix(".").rpartition(".")[2].lower()
    return _suffixes(top if _is_listed(top) else None).publicsuffix(name, accept_unknown=unknown)


@functools.lru_cache(MOST_REMEMBERED)
def _is_listed(top: str) -> bool:
    """Whether a rule of the list ends in the top-level domain *top*."""
    octets = top.encode()
    return any(before + octets + after in _list() for before in (b"\n", b".") for after in (b"\n", b" "))


@made_once
def _suffixes(top: str | None) -> PublicSuffixList:
    """What the list has of the top-level domain *top*; None: nothing. To take in the whole costs a run 20 ms."""
    with one_at_a_time:
        from publicsuffixlist import PublicSuffixList

    octets = b"" if top is None else top.encode()
    lines = [line.decode() for line in _list().splitlines() if octets in line] if octets else []  # some of others, too
    return PublicSuffixList(lines, accept_encoded_idn=False)  # only as U-labels: in a quarter of the time


@made_once
def _list() -> bytes:
    """The public suffix list, in UTF-8: as octets it is read and searched in a tenth of the time.

    Its rules are in lower case beyond ASCII.
    """
    with one_at_a_time:
        import publicsuffixlist

    return Path(publicsuffixlist.PSLFILE).read_bytes().lower()
