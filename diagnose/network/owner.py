"""Whose is a server name: the part of it that somebody registered."""

from __future__ import annotations

import ipaddress

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
