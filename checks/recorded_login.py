"""The login in a recording: which request carried it, where it led, and how it ended."""

from __future__ import annotations

import urllib.parse
from typing import Literal

import msgspec

from checks.names import registered
from diagnose.har import Exchange
from diagnose.replies import read_reply

Outcome = Literal["in", "asked_again", "refused", "failed"]
"""``asked_again``: a page that wants the password came instead of the mailbox; ``failed``: no answer came at all."""

LOOK_AHEAD = 40
"""Requests after a redirect among which the one it leads to is looked for."""
MOST_STEPS = 30
_SENDING = {"POST", "PUT", "PATCH"}
_SCHEMES = {"basic", "digest", "ntlm", "negotiate"}
_PARTS_OF_PAGE = {"document", "iframe", "xhr"}


class RecordedLogin(msgspec.Struct, frozen=True, kw_only=True):
    """One try to log in."""

    attempt: Exchange
    end: Exchange
    """The request that the outcome shows in."""
    way: tuple[Exchange, ...]
    """From the attempt to where its redirects ended."""
    outcome: Outcome
    said: tuple[str, ...] = ()
    """What the end says and the page with the form had not said before."""


def site_of(url: str) -> str:
    """The registered domain of *url*'s host."""
    return registered(urllib.parse.urlsplit(url).hostname or "")


def recorded_login(exchanges: tuple[Exchange, ...]) -> RecordedLogin | None:
    """The last login of a recording; None where it holds none."""
    places = _attempts(exchanges)
    return _followed(exchanges, places[-1]) if places else None


def words_of(one: Exchange, said: tuple[str, ...]) -> str:
    """An answer as it came, as far as it is known: status line and words."""
    status = f"HTTP/1.1 {one.status}\r\n\r\n" if one.status >= 400 else ""
    return status + "\n".join(said)


def _attempts(exchanges: tuple[Exchange, ...]) -> list[int]:
    sending = [(place, e) for place, e in enumerate(exchanges) if e.kind in {*_PARTS_OF_PAGE, "other"}]
    forms = [place for place, e in sending if e.password and e.method in _SENDING]
    if forms:
        return forms
    basic = [place for place, e in sending if e.scheme in _SCHEMES]
    return basic or [place for place, e in sending if e.login_path and e.method in _SENDING]


def _followed(exchanges: tuple[Exchange, ...], place: int) -> RecordedLogin:
    attempt, later = exchanges[place], exchanges[place + 1 :]
    before = next((e for e in reversed(exchanges[:place]) if e.password_form), None)
    way = _way(attempt, later)
    landing = way[-1]
    rest = exchanges[exchanges.index(landing) + 1 :]
    said = tuple(line for line in landing.said if before is None or line not in before.said)

    def ended(outcome: Outcome, end: Exchange = landing, words: tuple[str, ...] = said) -> RecordedLogin:
        return RecordedLogin(attempt=attempt, end=end, way=way, outcome=outcome, said=words)

    if landing.status == 0:
        return ended("failed")
    if landing.status >= 400:
        return ended("in") if _repeated_well(landing, rest) else ended("refused")
    if landing.password_form:
        return ended("asked_again")
    if landing.refuses or _sure(landing, said):
        step = _next_step(exchanges, landing, attempt)
        return _followed(exchanges, step) if step is not None else ended("refused")
    thrown_out = _thrown_out(rest, site_of(landing.url))
    if thrown_out is None:
        return ended("in")
    words = tuple(line for line in thrown_out.said if before is None or line not in before.said)
    return ended("asked_again" if thrown_out.password_form else "refused", thrown_out, words)


def _way(attempt: Exchange, later: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    way, rest = [attempt], later
    while way[-1].redirect and len(way) < MOST_STEPS:
        near = [(place, e) for place, e in enumerate(rest[:LOOK_AHEAD]) if e.url == way[-1].redirect]
        if not near:
            break
        place, found = near[0]
        way.append(found)
        rest = rest[place + 1 :]
    return tuple(way)


def _sure(one: Exchange, said: tuple[str, ...]) -> bool:
    suspects = read_reply(words_of(one, said), protocol="http", stage="login").suspects
    return any(suspect.certainty != "possible" for suspect in suspects)


def _repeated_well(refused: Exchange, rest: tuple[Exchange, ...]) -> bool:
    """Whether the same was asked again and granted, as after a challenge (RFC 9110 §11)."""
    return any(e.url == refused.url and e.method == refused.method and 0 < e.status < 400 for e in rest)


def _next_step(exchanges: tuple[Exchange, ...], landing: Exchange, attempt: Exchange) -> int | None:
    """A login may have several steps: the next one that was sent to the same site, if there is one."""
    start = exchanges.index(landing) + 1
    return next(
        (
            place
            for place, e in enumerate(exchanges[start:], start)
            if e.method in _SENDING and e.kind in _PARTS_OF_PAGE and site_of(e.url) == site_of(attempt.url)
        ),
        None,
    )


def _thrown_out(rest: tuple[Exchange, ...], site: str) -> Exchange | None:
    """What came after a login that seemed to work and shows that it did not; None where it went on well."""
    denied: Exchange | None = None
    for one in rest:
        if one.logout:
            break
        if site_of(one.url) != site or one.kind not in _PARTS_OF_PAGE or one.cache:
            continue
        if one.kind == "document" and one.password_form and 200 <= one.status < 300:
            return one
        if one.status in {401, 403, 440} and not one.redirect:
            denied = denied or one
        elif 200 <= one.status < 300 and one.method != "OPTIONS":
            denied = None
    return denied
