"""A recorded request without its secrets: a new entry of what is known to be harmless, nothing copied whole.

All else reads only this, so neither a finding nor a sanitized file can hold more. To sanitize twice changes nothing,
so both are judged alike.
"""

from __future__ import annotations

import contextlib
import http
import re
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from diagnose.har import headers
from diagnose.har.names import holds_name, holds_password, holds_secret, is_login
from diagnose.har.responses import ResponseText, body_of, fields, format_response, read_html, read_json
from diagnose.har.secrets import SHORTEST_PASSWORD, STAND_IN, Secrets
from diagnose.har.urls import MOST_PARAMETERS, clean_name, clean_url, parameters
from diagnose.network import astray
from diagnose.process.first_use import lazy_pattern
from diagnose.replies import read_reply

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
DOCUMENT, FRAME, CALL, OTHER = "document", "iframe", "xhr", "other"
LATEST_TIME = 4102444800.0
"""The year 2100, in seconds since the epoch."""
EARLIEST_TIME = 946684800.0
"""The year 2000."""
LONGEST_WAIT = 86_400_000.0

_ELEMENT = lazy_pattern(r"<(?:\w{1,30}:)?(\w{1,40})(?:\s[^<>]{0,500})?>([^<>]{1,4000})</")
_FAILURE = lazy_pattern(r"(?:net::)?ERR_[A-Z0-9_]{2,60}|NS_ERROR_[A-Z0-9_]{2,60}")
_ASTRAY = lazy_pattern(r"[a-z][a-z0-9+.-]{1,19}:(?://[a-z0-9.-]{0,253}(?::[a-z0-9]{0,8})?)?", re.IGNORECASE)
_HTTP_VERSION = lazy_pattern(r"HTTP/[0-9.]{1,3}|h[23](?:-\d\d)?", re.IGNORECASE)
_BLOCKED = lazy_pattern(
    r"csp|mixed-content|origin|inspector|subresource-filter|content-type|cors|other|[a-z]{3,12}-[a-z-]{3,40}"
)
_KINDS = {
    "document": DOCUMENT, "iframe": FRAME, "frame": FRAME, "xhr": CALL, "fetch": CALL, "empty": CALL,
    "preflight": "preflight", "script": "script", "stylesheet": "stylesheet", "style": "stylesheet", "image": "image",
    "font": "font", "ping": "ping", "beacon": "ping", "other": OTHER, "manifest": OTHER, "media": OTHER,
    "websocket": OTHER, "cspviolationreport": OTHER,
}  # fmt: skip
"""What recorders, and Fetch Metadata's Sec-Fetch-Dest, call the purpose of a request."""
_STORES = ("memory", "disk", "service-worker")
_HTML = {"text/html", "application/xhtml+xml"}
_JSON = {"application/json", "application/problem+json"}
_XML = {"text/xml", "application/xml"}


class Clean(NamedTuple):
    """A sanitized request of a recording."""

    entry: dict[str, Any]
    """A valid HAR 1.2 entry, which cleaned again is the same, and tells the same."""
    answer: ResponseText
    """The part of the response body that is kept."""


def clean_entry(raw: dict[str, Any], secrets: Secrets) -> Clean | None:
    """*raw* sanitized; None if it is not a request to a web address."""
    request, response = raw.get("request"), raw.get("response")
    if not isinstance(request, dict) or not isinstance(request.get("url"), str):
        return None
    response = response if isinstance(response, dict) else {}
    sent, received = headers.pairs(request.get("headers")), headers.pairs(response.get("headers"))
    _learn(request, response, sent, received, secrets)
    url = clean_url(request["url"], secrets)
    if url is None:
        return None
    kind = _kind(raw, sent, received)
    asked = _clean_request(request, url, sent, secrets)
    answered, answer = _clean_response(response, request["url"], received, asked, kind, secrets)
    entry: dict[str, Any] = {
        "startedDateTime": _written_time(started(raw)),
        "time": _duration(raw.get("time")),
        "request": asked,
        "response": answered,
        "cache": {},
        "timings": {"send": 0, "wait": _duration(raw.get("time")), "receive": 0},
        "_resourceType": kind,
    }
    if source := _cached(raw, response):
        entry["_fromCache"] = source
    failure = _FAILURE.search(
        " ".join(str(part.get(name, ""))[:300] for part in (raw, response) for name in ("_error", "_failureText"))
    )
    if failure:
        entry["response"]["_error"] = failure[0]
    reasons = (
        part.get(name) for part in (raw, response) for name in ("_blockedReason", "_blocked_reason", "blockedReason")
    )
    blocked = next((reason for reason in reasons if isinstance(reason, str) and _BLOCKED.fullmatch(reason)), None)
    if blocked:
        entry["_blockedReason"] = blocked
    return Clean(entry, answer)


def started(entry: dict[str, Any]) -> float | None:
    """When a request began, in seconds since the epoch; None for a time that cannot be."""
    try:
        at = datetime.fromisoformat(str(entry.get("startedDateTime"))[:40])
        seconds = round(at.replace(tzinfo=at.tzinfo or UTC).timestamp(), 3)
    except (ValueError, OverflowError):
        return None
    return seconds if EARLIEST_TIME < seconds < LATEST_TIME else None


# -- the request


def _clean_request(request: dict[str, Any], url: str, sent: list[tuple[str, str]], secrets: Secrets) -> dict[str, Any]:
    method = str(request.get("method", "")).upper()
    cookies = headers.request_cookies(request, sent)
    kept = list(headers.clean_headers(sent, secrets))
    if cookies:
        kept.append(("cookie", headers.clean_cookies(cookies, secrets)))
    clean: dict[str, Any] = {
        "method": method if method in METHODS else "OTHER",
        "url": url,
        "httpVersion": _version(request),
        "cookies": [],
        "headers": _rows(kept),
        "queryString": _rows(parameters(urllib.parse.urlsplit(url).query)),
        "headersSize": -1,
        "bodySize": -1,
        "_cookieBytes": _cookie_bytes(request, cookies),
    }
    body = request.get("postData")
    if isinstance(body, dict) and body:
        named = [clean_name(name, secrets) for name, _ in _body_fields(body)]
        clean["postData"] = {
            "mimeType": headers.mime_type(body.get("mimeType")) or "application/x-www-form-urlencoded",
            "params": _rows([(name, STAND_IN) for name in dict.fromkeys(named)]),
            "text": "",
        }
    return clean


def _cookie_bytes(request: dict[str, Any], cookies: list[tuple[str, str]]) -> int:
    told = request.get("_cookieBytes")
    if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < headers.LONGEST_HEADER:
        return told
    return sum(len(name) + len(value) + 3 for name, value in cookies)


def _body_fields(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and values of what a form, or a JSON object, sends."""
    params, sent = body.get("params"), body.get("text")
    if isinstance(params, list) and params:
        rows = [row for row in params[:MOST_PARAMETERS] if isinstance(row, dict)]
        return [(str(row.get("name", "")), str(row.get("value", ""))) for row in rows]
    if not isinstance(sent, str) or not sent:
        return []
    if sent.lstrip()[:1] in "{[":
        try:
            content = msgspec.json.decode(sent)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return []
        return [(name, str(value)) for name, value in fields(content)][:MOST_PARAMETERS]
    if sent.lstrip()[:1] == "<":
        return _ELEMENT.findall(sent[:65_536])[:MOST_PARAMETERS]
    parts = re.findall(r'name="?([^";\r\n]{1,100})"?[^\r\n]*\r?\n\r?\n([^\r\n]{0,4000})', sent[:65_536])
    if parts:  # multipart/form-data, RFC 7578
        return parts[:MOST_PARAMETERS]
    return parameters(sent[:65_536]) if "=" in sent else []


def _learn(
    request: dict[str, Any],
    response: dict[str, Any],
    sent: list[tuple[str, str]],
    received: list[tuple[str, str]],
    secrets: Secrets,
) -> None:
    """Remember what this entry shows of secrets, by the places that hold them."""
    headers.learn([*sent, *received], secrets)
    for _, value in headers.request_cookies(request, sent):
        secrets.learn(value)
    for line in headers.set_cookies(received):
        secrets.learn(line.partition(";")[0].partition("=")[2])
    for part in (request, response):
        for _, value in headers.listed_cookies(part):
            secrets.learn(value)
    body = request.get("postData")
    inputs = _body_fields(body) if isinstance(body, dict) else []
    for url in (request.get("url"), response.get("redirectURL")):
        if isinstance(url, str):
            inputs += [*_parameters_of(url)]
            secrets.learn(_password_in(url), SHORTEST_PASSWORD)
    for name, value in inputs:
        if holds_password(name):
            secrets.learn(value, SHORTEST_PASSWORD)
        elif holds_name(name):
            secrets.learn_name(value)
        elif holds_secret(name):
            secrets.learn(value)


def _parameters_of(url: str) -> Iterator[tuple[str, str]]:
    address, _, fragment = url.partition("#")
    yield from parameters(address.partition("?")[2])
    yield from parameters(fragment.partition("?")[2] or fragment)


def _password_in(url: str) -> str | None:
    try:
        return urllib.parse.urlsplit(url).password
    except ValueError:
        return None


# -- the answer


def _clean_response(
    response: dict[str, Any],
    url: str,
    received: list[tuple[str, str]],
    request: dict[str, Any],
    kind: str,
    secrets: Secrets,
) -> tuple[dict[str, Any], ResponseText]:
    status = response.get("status")
    status = status if isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 999 else 0
    kept = list(headers.clean_headers(received, secrets))
    kept += [("set-cookie", headers.clean_set_cookie(line, secrets)) for line in headers.set_cookies(received)]
    leads = _redirect(response, url, received, status, secrets)
    if leads:
        kept.append(("location", leads))
    content = response.get("content")
    content = content if isinstance(content, dict) else {}
    media = headers.mime_type(content.get("mimeType")) or headers.mime_type(headers.first(received, "content-type"))
    clean: dict[str, Any] = {
        "status": status,
        "statusText": http.HTTPStatus(status).phrase if status in set(http.HTTPStatus) else "",
        "httpVersion": _version(response),
        "cookies": [],
        "headers": _rows(kept),
        "content": {"size": 0, "mimeType": media or "x-unknown"},
        "redirectURL": leads,
        "headersSize": -1,
        "bodySize": -1,
    }
    if media not in _HTML | _JSON | {"text/plain"} and body_of(content).lstrip()[:1] == "{":
        media = "application/json"
    answer = _answer(content, media, url, request, status, kind, secrets)
    if not answer.empty:
        text = format_response(answer, json=media in _JSON)
        clean["content"] = {"size": len(text), "mimeType": media, "text": text}
    if answer.filled or content.get("_filled") is True:
        clean["content"]["_filled"] = True
    return clean, answer


def _answer(
    content: dict[str, Any],
    media: str,
    url: str,
    request: dict[str, Any],
    status: int,
    kind: str,
    secrets: Secrets,
) -> ResponseText:
    """What of a body may be kept: never a mailbox's content, nor what a script fetched without a fault."""
    body = body_of(content)
    if not body or kind not in {DOCUMENT, FRAME, CALL, OTHER}:
        return ResponseText()
    login = request["method"] not in {"GET", "HEAD", "OPTIONS"} and (
        sends_password(request) or is_login(request["url"])
    )
    if media in _JSON:
        return read_json(body, secrets) if login or status >= 400 else ResponseText()
    if media not in _HTML | _XML | {"text/plain"}:
        return ResponseText()
    if (kind == CALL or media in _XML) and not login and status < 400:
        return ResponseText()
    answer = read_html(body, url, secrets, scripts=login)
    if answer.filled and not (status >= 400 or answer.scripted):
        return ResponseText(filled=True, password_form=answer.password_form, actions=answer.actions)
    return answer if answer.password_form or answer.scripted or status >= 400 or _tells(answer) else ResponseText()


def _tells(answer: ResponseText) -> bool:
    """Whether the page is a short message that means something."""
    return answer.message and bool(read_reply("\n".join(answer.said), protocol="http", stage="login").suspects)


def sends_password(request: dict[str, Any]) -> bool:
    """Whether a (cleaned) request has a field for a password."""
    rows = request.get("postData", {}).get("params", [])
    return any(holds_password(row["name"]) for row in rows)


def _redirect(
    response: dict[str, Any], url: str, received: list[tuple[str, str]], status: int, secrets: Secrets
) -> str:
    leads = headers.first(received, "location") or response.get("redirectURL")
    if not 300 <= status < 400 or not isinstance(leads, str) or not leads:
        return ""
    with contextlib.suppress(ValueError):
        leads = urllib.parse.urljoin(url, leads)
    return clean_url(leads, secrets) or _shown_astray(leads)


def _shown_astray(leads: str) -> str:
    """Where a redirect leads that is no web address, as far as it holds nothing of a person."""
    led = astray(leads)
    return led if _ASTRAY.fullmatch(led) else ""


def _kind(raw: dict[str, Any], sent: list[tuple[str, str]], received: list[tuple[str, str]]) -> str:
    """What the request was for: by the recorder's own word, by Fetch Metadata (W3C), by what it accepted."""
    told = str(raw.get("_resourceType", "")).lower()
    dest = headers.first(sent, "sec-fetch-dest").lower()
    if dest in {"iframe", "frame"}:
        return FRAME
    if told in _KINDS:
        return _KINDS[told]
    if dest in _KINDS:
        return _KINDS[dest]
    if headers.first(sent, "x-requested-with"):
        return CALL
    accepts = headers.first(sent, "accept").lower()
    if accepts.startswith("text/html"):
        return DOCUMENT
    media = headers.mime_type(headers.first(received, "content-type"))
    if media in _HTML and not accepts:  # browsers name HTML first when they ask for a page
        return DOCUMENT
    return CALL if media in _JSON else OTHER


def _cached(raw: dict[str, Any], response: dict[str, Any]) -> str:
    """Who answered instead of the server: the browser's cache, or a service worker."""
    worker = ("_fetchedViaServiceWorker", "_servedFromServiceWorker", "_fromServiceWorker", "fromServiceWorker")
    if any(part.get(name) is True for part in (raw, response) for name in worker):
        return "service-worker"
    told = [part.get(name) for part in (raw, response) for name in ("_fromCache", "fromCache", "_servedFromCache")]
    stores = [store for store in told if isinstance(store, str | bool) and store]
    return next((store if store in _STORES else "disk" for store in stores), "")


# -- plain values


def _rows(items: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]


def _version(part: dict[str, Any]) -> str:
    told = str(part.get("httpVersion", ""))[:20]
    return told if _HTTP_VERSION.fullmatch(told) else ""


def _duration(value: object) -> float:
    """Milliseconds; 0 for what cannot be."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return round(float(value), 1) if 0 < value < LONGEST_WAIT else 0.0


def _written_time(at: float | None) -> str:
    moment = datetime.fromtimestamp(at or 0, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
