"""Header fields that a judgement needs, each without what it may hold beside that; all others are left out."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from diagnose.har.bot_check import told_by_header
from diagnose.har.secrets import SHORTEST_PASSWORD, STAND_IN, Secrets
from diagnose.har.urls import clean_host, clean_name, clean_origin, clean_path
from diagnose.process.first_use import lazy_pattern, one_at_a_time

MOST_HEADERS, MOST_COOKIES = 300, 300
LONGEST_HEADER = 200_000

_TOKEN = lazy_pattern(r"[a-z-]{1,30}")
_SCHEME = lazy_pattern(r"(basic|digest|ntlm|negotiate|bearer)\b", re.IGNORECASE)
_CACHE_RULE = lazy_pattern(r"(?:no-store|no-cache|private|public|must-revalidate|immutable|(?:s-)?max-age=\d{1,10})")
_POLICY = lazy_pattern(r"(?:^|[;,])\s*(form-action|connect-src)\s([^;,]{0,2000})", re.IGNORECASE)
_SOURCE = lazy_pattern(
    r"'self'|'none'|\*|[a-z][a-z0-9+.-]{0,20}:|(?:https?://)?(?:\*\.)?[\w.-]{1,253}(?::(?:\d{1,5}|\*))?"
)
_COOKIE_DOMAIN = lazy_pattern(r"\.?[\w.-]{1,253}")
MIME_TYPES = frozenset(
    {
        "text/html", "application/xhtml+xml", "text/plain", "application/json", "application/problem+json",
        "text/javascript", "application/javascript", "text/css", "application/xml", "text/xml",
        "application/x-www-form-urlencoded", "multipart/form-data", "image/png", "image/jpeg", "image/gif",
        "image/svg+xml", "image/webp", "image/x-icon", "font/woff", "font/woff2",
    }
)  # fmt: skip


def pairs(headers: object) -> list[tuple[str, str]]:
    """Name (lower case) and value of each header of a HAR list; malformed ones are left out."""
    if not isinstance(headers, list):
        return []
    rows = [row for row in headers[:MOST_HEADERS] if isinstance(row, dict)]
    return [
        (row["name"].strip().lower(), row["value"][:LONGEST_HEADER])
        for row in rows
        if isinstance(row.get("name"), str) and isinstance(row.get("value"), str)
    ]


def first(headers: list[tuple[str, str]], name: str) -> str:
    """The value of the first header called *name*; empty without one."""
    return next((value for key, value in headers if key == name), "")


def mime_type(value: object) -> str:
    """The media type that *value* begins with, when it is a usual one."""
    plain = value.partition(";")[0].strip().lower() if isinstance(value, str) else ""
    return plain if plain in MIME_TYPES else ""


def moment(value: object) -> float | None:
    """An HTTP date (RFC 9110 §5.6.7) in seconds since the epoch; None for anything else."""
    with one_at_a_time:
        import email.utils
    try:
        return email.utils.parsedate_to_datetime(str(value)[:60]).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


# -- cookies


def request_cookies(request: dict[str, Any], sent: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Names and values of the cookies that a request sent, by its header, else by the HAR's own list."""
    header = [value for name, value in sent if name == "cookie"]
    if header:
        parts = [part.strip().partition("=") for value in header for part in value.split(";") if part.strip()]
        return [(name.strip(), value) for name, _, value in parts][:MOST_COOKIES]
    return listed_cookies(request)


def set_cookies(received: list[tuple[str, str]]) -> list[str]:
    """Each Set-Cookie of a response as sent; recorders put several into one header, a line each."""
    found = [value for name, value in received if name == "set-cookie"]
    lines = [line.strip() for value in found for line in value.splitlines() if line.strip()]
    return lines[:MOST_COOKIES]


def listed_cookies(part: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and values of the HAR's own list of a request's, or a response's, cookies."""
    rows = part["cookies"] if isinstance(part.get("cookies"), list) else []
    return [
        (str(row.get("name", "")), str(row.get("value", ""))) for row in rows[:MOST_COOKIES] if isinstance(row, dict)
    ]


def clean_set_cookie(line: str, secrets: Secrets) -> str:
    """A Set-Cookie line (RFC 6265bis §4.1) without its value; an empty value stays empty."""
    pair, *attributes = line.split(";")
    name, _, value = pair.partition("=")
    kept = [clean for part in attributes[:20] if (clean := _clean_attribute(part, secrets))]
    return "; ".join([f"{_cookie_name(name, secrets)}={STAND_IN if value.strip() else ''}", *kept])


def clean_cookies(cookies: list[tuple[str, str]], secrets: Secrets) -> str:
    """A Cookie header without values."""
    return "; ".join(f"{_cookie_name(name, secrets)}={STAND_IN}" for name, _ in cookies)


def _cookie_name(name: str, secrets: Secrets) -> str:
    return clean_name(name.strip(), secrets)


def _clean_attribute(attribute: str, secrets: Secrets) -> str | None:
    name, _, value = (part.strip() for part in attribute.partition("="))
    match name.lower():
        case "secure" | "httponly" | "partitioned":
            return name.lower()
        case "samesite" if value.lower() in {"none", "lax", "strict"}:
            return f"samesite={value.lower()}"
        case "max-age" if re.fullmatch(r"-?\d{1,12}", value):
            return f"max-age={int(value)}"
        case "expires" if (at := moment(value)) is not None:
            return f"expires={_http_date(at)}"
        case "domain" if _COOKIE_DOMAIN.fullmatch(value):
            return f"domain={clean_host(value.lower())}"
        case "path":
            return f"path={clean_path(value, secrets) if value.startswith('/') else '/'}"
    return None


def _http_date(at: float) -> str:
    with one_at_a_time:
        import email.utils
    try:
        return email.utils.format_datetime(datetime.fromtimestamp(at, UTC), usegmt=True)
    except (ValueError, OverflowError, OSError):
        return ""


# -- the others


def _word(value: str, _secrets: Secrets) -> str:
    return value.lower() if _TOKEN.fullmatch(value.lower()) else ""


def _scheme(value: str, _secrets: Secrets) -> str:
    found = _SCHEME.match(value.strip())
    return f"{found[1].lower()} {STAND_IN}" if found else STAND_IN


def _number(value: str, _secrets: Secrets) -> str:
    return value if re.fullmatch(r"\d{1,10}", value) else ""


def _date(value: str, _secrets: Secrets) -> str:
    at = moment(value)
    return _http_date(at) if at is not None else ""


def _requested_with(value: str, _secrets: Secrets) -> str:
    return "XMLHttpRequest" if value.lower() == "xmlhttprequest" else ""


def _accept(value: str, _secrets: Secrets) -> str:
    return mime_type(value.partition(",")[0])


def _mime(value: str, _secrets: Secrets) -> str:
    return mime_type(value)


def _origin(value: str, _secrets: Secrets) -> str:
    if value in {"*", "null"}:
        return value
    return clean_origin(value) or ""


def _cache(value: str, _secrets: Secrets) -> str:
    return ", ".join(_CACHE_RULE.findall(value.lower()[:500]))


def _policy(value: str, _secrets: Secrets) -> str:
    found = _POLICY.findall(value[:20_000])
    return "; ".join(" ".join([name.lower(), *_sources(rest)]) for name, rest in found)


def _sources(rest: str) -> list[str]:
    return [clean_host(found[0]) for found in map(_SOURCE.match, rest.lower().split()[:50]) if found]


KEPT: dict[str, Callable[[str, Secrets], str]] = {
    "accept": _accept,
    "content-type": _mime,
    "origin": _origin,
    "referer": _origin,
    "sec-fetch-dest": _word,
    "sec-fetch-mode": _word,
    "sec-fetch-site": _word,
    "x-requested-with": _requested_with,
    "authorization": _scheme,
    "date": _date,
    "age": _number,
    "cache-control": _cache,
    "access-control-allow-origin": _origin,
    "content-security-policy": _policy,
    "www-authenticate": _scheme,
    "retry-after": _number,
}
"""How each header field is sanitized. Cookies and Location have functions of their own."""


def clean_headers(headers: list[tuple[str, str]], secrets: Secrets) -> Iterator[tuple[str, str]]:
    """The headers of `KEPT` that hold something worth keeping, and those by which a check for robots is told."""
    for name, value in headers:
        if name in KEPT and (kept := KEPT[name](value, secrets)):
            yield name, kept
        elif mark := told_by_header(name, value):
            yield name, mark


def learn(headers: list[tuple[str, str]], secrets: Secrets) -> None:
    """Remember the credentials that headers carry."""
    for name, value in headers:
        if "auth" in name or "token" in name or "key" in name or "csrf" in name:
            scheme, _, rest = value.partition(" ")
            secrets.learn(rest or scheme)
            if scheme.lower() == "basic":
                user, _, password = _unpacked(rest).partition(":")
                secrets.learn_name(user)
                secrets.learn(password, SHORTEST_PASSWORD)


def _unpacked(encoded: str) -> str:
    try:
        return base64.b64decode(encoded + "==", validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
