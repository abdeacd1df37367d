"""Whose is a server name: the part of it that somebody registered."""

from __future__ import annotations

import ipaddress

from diagnose.network import is_address

SECOND_LEVEL = {"ac", "co", "com", "edu", "gob", "gov", "ne", "net", "or", "org", "go", "mil"}
"""Labels under which countries register names, as in com.cn or co.uk."""


def registered(host: str) -> str:
    """The registered domain of *host*, or the address that it is.

    By the shape alone, without the public suffix list: two names under a suffix that is not known here count as one
    owner's, so a mistake makes names related that are not, never the other way round.
    """
    host = host.strip("[]").rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    labels = host.split(".")
    of_country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in SECOND_LEVEL
    return ".".join(labels[-3 if of_country else -2 :])


def related(one: str, other: str) -> bool:
    """Whether two hosts may well be one owner's: one registered domain, or one name under several top-level domains."""
    first, second = registered(one), registered(other)
    if first == second:
        return True
    return first.partition(".")[0] == second.partition(".")[0] and not (is_address(first) or is_address(second))
