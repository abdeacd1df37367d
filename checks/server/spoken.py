"""The greeting: whose protocol it is, and whether it takes the client or turns it away."""

from __future__ import annotations

import re

_SPOKEN: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("imap", re.compile(rb"\* (OK|PREAUTH|BYE|NO|BAD)\b", re.IGNORECASE)),
    ("pop3", re.compile(rb"(\+OK|-ERR)\b", re.IGNORECASE)),
    ("http", re.compile(rb"HTTP/\d|<!doctype html|<html", re.IGNORECASE)),
    ("ssh", re.compile(rb"SSH-\d")),
    ("tls", re.compile(rb"[\x14-\x17]\x03[\x00-\x04]", re.DOTALL)),
    ("lmtp", re.compile(rb"220[ -](?![^\r\n]*smtp)[^\r\n]*\blmtp", re.IGNORECASE)),
    ("ftp", re.compile(rb"220[ -](?![^\r\n]*smtp)[^\r\n]*\bftp", re.IGNORECASE)),
    ("nntp", re.compile(rb"20[01] ")),
    ("xmpp", re.compile(rb"<\?xml|<stream:", re.IGNORECASE)),
    ("rdp", re.compile(rb"\x03\x00\x00[\x07-\xff]", re.DOTALL)),
    ("smtp", re.compile(rb"(220|421|450|454|5\d\d)(?=[ -]|\r?\n)")),
    ("sieve", re.compile(rb"\"IMPLEMENTATION\"", re.IGNORECASE)),
    ("vnc", re.compile(rb"RFB \d")),
    ("mysql", re.compile(rb".{3}\x00\x0a\d", re.DOTALL)),
)


def spoken_protocol(greeting: bytes) -> str | None:
    """The protocol that *greeting* belongs to; None when it is none of those known."""
    return next((name for name, shape in _SPOKEN if shape.match(greeting)), None)


_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "imap": (b"* OK", b"* PREAUTH", b"* BYE", b"* NO", b"* BAD"),
    "pop3": (b"+OK", b"-ERR"),
    "smtp": (b"220", b"421", b"450", b"454", *(b"5%02d" % number for number in range(100))),
}


LONGEST_BEGINNING = max(len(one) for beginnings in _BEGINNINGS.values() for one in beginnings)
"""Bytes of a greeting by which it is known."""


def may_become(begun: bytes, protocol: str) -> bool:
    """Whether more of *begun* may make a greeting of *protocol*."""
    words = begun[:LONGEST_BEGINNING].upper()
    return any(one.startswith(words) or words.startswith(one) for one in _BEGINNINGS.get(protocol, ()))


def turns_away(greeting: bytes | str) -> bool:
    """Whether *greeting* tells a client of a mail protocol to go."""
    line = greeting.encode() if isinstance(greeting, str) else greeting
    return bool(re.match(rb"\* (BYE|NO|BAD)|-ERR|[45]\d\d", line, re.IGNORECASE))


def for_good(greeting: str) -> bool:
    """Whether a *greeting* that turns away does so for good: a 5yz reply (RFC 5321 §4.2.1), SYS/PERM (RFC 3206)."""
    return bool(re.match(r"5\d\d|-ERR \[SYS/PERM\]", greeting, re.IGNORECASE))
