"""Domain and host names as people write them, made into what DNS and protocols know."""

from __future__ import annotations

import re
import urllib.parse

from diagnose.process.first_use import lazy_pattern, one_at_a_time

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
"""Underscores are no letters of host names (RFC 952), and stand in some all the same."""
_NAME = lazy_pattern(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*\Z")


def a_labels(written: str) -> str:
    """*written* as A-labels (IDNA 2008, RFC 5891; mapped by UTS 46), in lower case, without final dot.

    ASCII names stay as they are but for case. Raises ValueError when it is no name.
    """
    name = written.strip()
    if not name.isascii():
        with one_at_a_time:
            import idna

        name = idna.encode(name, uts46=True).decode("ascii")  # IDNAError is a UnicodeError, which is a ValueError
    name = name.lower().removesuffix(".")
    if not _NAME.match(name):
        raise ValueError(f"{written!r} is no host name")
    return name


def bracketed(host: str) -> str:
    """*host* as it stands in a URL and before a port: an IPv6 address in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]" if ":" in host else host


def host_and_port(host: str, port: int) -> str:
    """``host:port`` (RFC 3986 §3.2)."""
    return f"{bracketed(host)}:{port}"


def ascii_name(written: str) -> str:
    """*written* as `a_labels` has it where it holds other letters than ASCII; what is no name stays as it is.

    For names that come from elsewhere. Python itself, and libraries, would read them by IDNA 2003: another domain.
    """
    if written.isascii():
        return written
    try:
        return a_labels(written)
    except ValueError:
        return written


def ascii_url(url: str) -> str:
    """*url* with the name of its host as `ascii_name` has it."""
    try:
        host = urllib.parse.urlsplit(url).hostname or ""
    except ValueError:
        return url
    if host.isascii():
        return url
    scheme, mark, rest = url.partition("://")
    place = re.split("[/?#]", rest, maxsplit=1)[0]
    user, at, name = place.rpartition("@")
    name, colon, port = name.partition(":")  # an address in brackets is ASCII
    return f"{scheme}{mark}{user}{at}{ascii_name(name)}{colon}{port}{rest[len(place) :]}"


def u_labels(name: str) -> str:
    """*name* with its A-labels as U-labels (RFC 5890 §2.3.2.1); a label that stands for none stays as it is."""
    if "xn--" not in name.lower():
        return name
    with one_at_a_time:
        import idna

    def shown(label: str) -> str:
        try:
            return idna.decode(label)
        except UnicodeError:
            return label

    return ".".join(shown(label) for label in name.split("."))
