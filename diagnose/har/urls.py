"""URLs that show where a request went, and nothing that opens anything there."""

from __future__ import annotations

import urllib.parse

from diagnose.har.names import names
from diagnose.har.secrets import STAND_IN, Secrets, secret_shaped
from diagnose.model.domains import ascii_name, bracketed, u_labels
from diagnose.process.first_use import lazy_pattern

LONGEST_URL = 8_000
MOST_PARAMETERS, MOST_SEGMENTS = 50, 20

_NAME = lazy_pattern(r"[^\W\d][\w$.:\[\]-]{0,39}")
_SEGMENT = lazy_pattern(r"(?:[A-Za-z]{1,24}\d{0,3}|\d{1,3})?(?:[._-]+(?:[A-Za-z]{1,24}\d{0,3}|\d{1,3})){0,6}")
_PLAIN_WORD = lazy_pattern(r"[A-Za-z_]{1,40}(?:\.[A-Z_]{2,40})?|\d{1,3}")
"""What a parameter that tells what happened may say: a word, the name of an error, or a small number."""
_HOST = lazy_pattern(r"[\w.-]{1,253}|[0-9a-f:.]{2,45}")


def clean_name(name: object, secrets: Secrets) -> str:
    """The name of a field, cookie or parameter, as far as it looks like one."""
    known = isinstance(name, str) and _NAME.fullmatch(name) and not secret_shaped(name) and not secrets.knows(name)
    return str(name) if known else STAND_IN


def clean_url(url: object, secrets: Secrets) -> str | None:
    """*url* without user, password, fragment and values; None if it is not a web address.

    A sign stands in for each value and for each segment of the path that is not a plain word.
    Equal values get the same sign.
    """
    place = split(url)
    if place is None:
        return None
    path = clean_path(place.path, secrets)
    pairs = [part.partition("=") for part in place.query.split("&")[:MOST_PARAMETERS] if part]
    query = "&".join(
        f"{clean_name(_decoded(name), secrets)}={_clean_value(name, value, secrets)}" for name, _, value in pairs
    )
    return _origin(place) + (path or "/") + (f"?{query}" if query else "")


def clean_origin(url: object) -> str | None:
    """Scheme, host and port of *url* alone."""
    place = split(url)
    return None if place is None else _origin(place)


def split(url: object) -> urllib.parse.SplitResult | None:
    """The parts of an ``http`` or ``https`` URL; None for any other value."""
    if not isinstance(url, str) or len(url) > LONGEST_URL:
        return None
    try:
        place = urllib.parse.urlsplit(url)
        usable = (
            place.scheme in {"http", "https"}
            and _HOST.fullmatch(ascii_name(place.hostname or ""))
            and (place.port or 1) > 0
        )
    except ValueError:
        return None
    return place if usable else None


def _origin(place: urllib.parse.SplitResult) -> str:
    """Scheme, host and port (RFC 6454), the port left out when it is the scheme's own."""
    host = clean_host(place.hostname or "")
    usual = {"http": 80, "https": 443}[place.scheme]
    return f"{place.scheme}://{bracketed(host)}" + (f":{place.port}" if place.port not in (None, usual) else "")


def clean_host(host: str) -> str:
    """*host*, or the end of one, in A-labels, without labels that look like a token."""
    labels = ascii_name(host).split(".")
    return ".".join("hidden" if secret_shaped(u_labels(part)) and not part.isdigit() else part for part in labels)


def clean_path(path: str, secrets: Secrets) -> str:
    """*path* with a sign for each segment that is no plain word."""
    return "/".join(_clean_segment(segment, secrets) for segment in path.split("/")[: MOST_SEGMENTS + 1])


def parameters(query: str) -> list[tuple[str, str]]:
    """Names and values, decoded."""
    pairs = [part.partition("=") for part in query.split("&")[:MOST_PARAMETERS] if part]
    return [(_decoded(name), _decoded(value)) for name, _, value in pairs]


def _decoded(part: str) -> str:
    return urllib.parse.unquote_plus(part)


def _clean_segment(segment: str, secrets: Secrets) -> str:
    plain = _SEGMENT.fullmatch(segment) and not secrets.knows(segment)
    return segment if plain else secrets.stand_in(segment)


def _clean_value(name: str, value: str, secrets: Secrets) -> str:
    telling = name.casefold() in names().telling_parameters and _PLAIN_WORD.fullmatch(value)
    return value if telling and not secrets.knows(value) else secrets.stand_in(value)
