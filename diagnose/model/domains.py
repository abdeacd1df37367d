"""Domain and host names as people write them, made into what DNS and protocols know."""

from __future__ import annotations

import re

from diagnose.first_use import one_at_a_time

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
"""Underscores are no letters of host names (RFC 952), and stand in some all the same."""
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*\Z")


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
