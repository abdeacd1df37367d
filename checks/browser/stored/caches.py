"""Copies of pages that a browser keeps, and whether it would show one without asking the server (RFC 9111)."""

from __future__ import annotations

import contextlib
import re
import urllib.parse
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import NamedTuple

from checks.browser.stored.files import Why
from diagnose.replies import charset_in, decode

MOST_ENTRIES = 20_000
"""Of one cache; what lies beyond is not looked at."""
LONGEST_KEY = 4000
LARGEST_BODY = 2_000_000
LARGEST_HEADERS = 64_000


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A page as kept."""

    url: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(default=b"", repr=False)
    """As sent, compression included."""

    @property
    def stored_at(self) -> float | None:
        """When the server sent it, in seconds since the epoch; None where it does not say."""
        return _moment(self.headers.get("date"))

    def fresh(self, now: float) -> bool:
        """Whether a browser shows it without asking the server again: RFC 9111 §4.2, explicit lifetimes only."""
        rules, stored = self.headers.get("cache-control", "").lower(), self.stored_at
        if stored is None or re.search(r"\bno-(?:cache|store)\b", rules):
            return False
        age = re.search(r"\bmax-age=(\d{1,10})\b", rules)
        expires = _moment(self.headers.get("expires"))
        lifetime = float(age[1]) if age else expires - stored if expires is not None else 0.0
        return stored + lifetime - float(_number(self.headers.get("age"))) > now

    @cached_property
    def text(self) -> str | None:
        """Its body; None where the compression is not known here, or it is broken."""
        coding = self.headers.get("content-encoding", "identity").strip().lower()
        with contextlib.suppress(OSError, EOFError, zlib.error):
            match coding:
                case "gzip" | "x-gzip":
                    return self._decoded(_inflated(self.body, gzip_too=True))
                case "deflate":
                    return self._decoded(_inflated(self.body, gzip_too=False))
                case "identity" | "":
                    return self._decoded(self.body[:LARGEST_BODY])
        return None

    def _decoded(self, octets: bytes) -> str:
        return decode(octets, charset_in(self.headers.get("content-type", "")))


class Held(NamedTuple):
    """What a cache holds of one host."""

    entries: int
    copies: tuple[Copy, ...]
    """Of the page that was asked for."""
    stopped: Why | None = None
    """Why not all of the cache was looked at."""


def fields(block: str) -> dict[str, str]:
    """A status line and header fields, one a line, as a mapping; of fields that stand there twice the last."""
    pairs = (line.partition(":") for line in block.replace("\0", "\n").splitlines()[1:])
    return {name.strip().lower(): value.strip() for name, mark, value in pairs if mark}


def host_of(url: str) -> str | None:
    """The host that *url* names; None where it names none."""
    try:
        return urllib.parse.urlsplit(url).hostname
    except ValueError:
        return None


def _inflated(body: bytes, *, gzip_too: bool) -> bytes:
    # 32: either of gzip and zlib; the bound is what keeps a small body from becoming a large one
    return zlib.decompressobj(zlib.MAX_WBITS | 32 if gzip_too else zlib.MAX_WBITS).decompress(body, LARGEST_BODY)


def _moment(written: str | None) -> float | None:
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return parsedate_to_datetime(written or "").timestamp()
    return None


def _number(written: str | None) -> int:
    return int(written) if written and re.fullmatch(r"\d{1,10}", written) else 0
