"""The byte order mark before a text, and the encoding that it tells of: RFC 3629 §6, RFC 2781 §3.2."""

from __future__ import annotations

import codecs

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
"""Windows PowerShell redirects into UTF-16, and sends UTF-8 with a mark through pipes."""


def marked_encoding(octets: bytes) -> str | None:
    """The codec by which *octets* are read without their mark; None when they begin with none."""
    return next((name for mark, name in _MARKS if octets.startswith(mark)), None)
