"""From the cleaned entries of a recording to facts: each exchange, which of them matter, and the servers' clocks."""

from __future__ import annotations

import re
import urllib.parse
from typing import Any

from diagnose.har import headers
from diagnose.har.bot_check import bot_check
from diagnose.har.facts import CookieSet, Exchange
from diagnose.har.names import is_login, is_logout
from diagnose.har.sanitize import CALL, Clean, sends_password, started
from diagnose.network import astray


def exchange(number: int, clean: Clean) -> Exchange:
    """The facts of a cleaned entry."""
    entry, answer = clean
    request, response = entry["request"], entry["response"]
    sent, received = headers.pairs(request["headers"]), headers.pairs(response["headers"])
    at, date = started(entry), headers.moment(headers.first(received, "date"))
    return Exchange(
        number=number,
        method=request["method"],
        url=request["url"],
        kind=entry["_resourceType"],
        status=response["status"],
        at=at,
        milliseconds=entry["time"],
        redirect="" if (led := astray(response["redirectURL"])) else response["redirectURL"],
        astray=led,
        error=response.get("_error", ""),
        blocked=entry.get("_blockedReason", ""),
        cache=entry.get("_fromCache", ""),
        password=sends_password(request),
        login_path=is_login(request["url"]),
        logout=is_logout(request["url"]),
        scheme=headers.first(sent, "authorization").partition(" ")[0],
        origin=headers.first(sent, "origin"),
        page=headers.first(sent, "referer"),
        mode=headers.first(sent, "sec-fetch-mode"),
        cookies_sent=tuple(name for name, _ in headers.request_cookies(request, sent)),
        cookie_bytes=request["_cookieBytes"],
        cookies_set=tuple(_cookie(line, date or at) for line in headers.set_cookies(received)),
        allowed_origin=headers.first(received, "access-control-allow-origin"),
        bot_check=bot_check(lambda name: headers.first(received, name), "") or "",
        form_policy=_form_policy(headers.first(received, "content-security-policy")),
        said=answer.said,
        password_form=answer.password_form,
        actions=answer.actions,
        refuses=answer.refuses,
        grants=answer.grants,
        filled=response["content"].get("_filled", False),
    )


def login_host(exchanges: tuple[Exchange, ...]) -> str:
    """Where the last password went, or was asked for; where nothing of that kind is recorded, the first page's host."""
    passwords = [e for e in exchanges if e.password]
    pages = [e for e in exchanges if e.password_form]
    calls = [e for e in exchanges if e.login_path and e.method == "POST"]
    found = next((group[-1] for group in (passwords, pages, calls) if group), None)
    found = found or next((e for e in exchanges if e.kind == "document"), exchanges[0] if exchanges else None)
    return urllib.parse.urlsplit(found.url).hostname or "" if found else ""


def matters(one: Exchange) -> bool:
    """Whether a login may depend on it: pages and calls do, and whatever failed; a picture that came does not."""
    return one.kind in {"document", "iframe", CALL} or one.status == 0 or one.status >= 400 or one.password


def seconds_ahead(entry: dict[str, Any]) -> float | None:
    """How far the server's clock was ahead of the browser's; None where a (cleaned) entry does not tell."""
    received = headers.pairs(entry["response"]["headers"])
    date, at = headers.moment(headers.first(received, "date")), started(entry)
    if date is None or at is None or entry.get("_fromCache") or entry["response"]["status"] in {0, 304}:
        return None
    age = headers.first(received, "age")  # what a shared cache kept (RFC 9111 §5.1) was dated when it was made
    return round(date + (int(age) if age else 0) - at - float(entry["time"]) / 1000, 1)


def _cookie(line: str, now: float | None) -> CookieSet:
    pair, *attributes = line.split("; ")
    name, _, value = pair.partition("=")
    named = {key: content for key, _, content in (part.partition("=") for part in attributes)}
    if "max-age" in named:
        deletes = int(named["max-age"]) <= 0
    else:
        expires = headers.moment(named.get("expires", ""))
        deletes = expires is not None and now is not None and expires <= now
    return CookieSet(name=name, attributes=tuple(attributes), deletes=deletes or not value)


def _form_policy(policy: str) -> tuple[str, ...] | None:
    found = re.search(r"(?:^|; )form-action((?: [^;]+)?)", policy)
    return tuple(found[1].split()) if found else None
