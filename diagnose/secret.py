"""A secret that gives nothing away, and the mask for texts that might echo it."""

from __future__ import annotations

import base64
import binascii
import html
import re
import urllib.parse
from typing import NoReturn

MASK = "•••"

_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")


class Secret:
    """A password or an access token.

    No way of showing, formatting, comparing, pickling or serialising it tells anything about it,
    not even its length. Only `reveal` hands it out, and only the login probe calls that.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The secret itself; for the one place that sends it."""
        return self.__value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")

    __reduce_ex__ = __reduce__  # type: ignore[assignment]  # whatever the protocol

    def masked_in(self, words: str) -> str:
        """*words* with every way in which the secret may stand in them replaced by a mask.

        Covers the secret itself in any letter case, quoted as in IMAP (RFC 9051 §4.3), percent-encoded,
        as HTML text, and inside base64 of any alignment (SASL PLAIN, LOGIN, XOAUTH2).
        """
        if not self.__value:
            return words
        bare = self.__value
        quoted = bare.replace("\\", "\\\\").replace('"', '\\"')
        forms = {bare, quoted, urllib.parse.quote(bare), urllib.parse.quote_plus(bare), html.escape(bare), bare.strip()}
        for form in sorted(filter(None, forms), key=len, reverse=True):
            words = re.sub(re.escape(form), MASK, words, flags=re.IGNORECASE)
        return _BASE64_RUN.sub(self.__masked_run, words)

    def __masked_run(self, run: re.Match[str]) -> str:
        letters = run.group().rstrip("=").replace("-", "+").replace("_", "/")
        needle = self.__value.encode("utf-8", "surrogateescape")
        for start in range(min(4, len(letters))):  # base64 may have been cut out of a longer text
            part = letters[start:]
            part += "=" * (-len(part) % 4)
            try:
                decoded = base64.b64decode(part)
            except (binascii.Error, ValueError):
                continue
            if needle in decoded:
                return MASK
        return run.group()
