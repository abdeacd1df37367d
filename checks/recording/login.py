"""The login in a recording: which request carried it, where it led, and how it ended."""

from __future__ import annotations

import urllib.parse
from typing import Literal

import msgspec

from checks.dns.names import registered
from diagnose.har.facts import Exchange
from diagnose.har.names import is_login, names
from diagnose.replies import read_reply

Outcome = Literal["in", "asked_again", "refused", "failed", "unfinished"]
"""``asked_again``: a page that wants the password came instead of the mailbox; ``failed``: no answer came at all;
``unfinished``: it was led on, and where to is not recorded."""

SECOND_FACTOR = "credentials.second-factor-required"
LOOK_AHEAD = 40
"""Requests after a redirect among which the one it leads to is looked for."""
MOST_STEPS = 30
_SENDING = {"POST", "PUT", "PATCH"}
_SCHEMES = {"basic", "digest", "ntlm", "negotiate"}
_DENIED = {401, 403, 440}
_NOTHING = 204
"""What those who only count visits are answered."""
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
    """An answer as it came, as far as it is known: status line, what its URLs tell, and words."""
    status = f"HTTP/1.1 {one.status}\r\n\r\n" if one.status >= 400 else ""
    return status + "\n".join([*told_by_url(one.redirect), *told_by_url(one.url), *said])


def told_by_url(url: str) -> list[str]:
    """What the parameters of *url* say of a login, each a URL of its own, whose words are no sentence."""
    place = urllib.parse.urlsplit(url)
    page = place.path.rpartition("/")[2]
    return [
        f"page://{page}?{part}"
        for part in place.query.replace("?", "&").split("&")
        if part.partition("=")[0].casefold() in names().telling_parameters
    ]


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
    if landing.redirect or landing.astray:
        return ended("unfinished")
    if landing.password_form and _asks_again(landing, attempt, before):
        return ended("asked_again")
    if landing.refuses or _sure(landing, said):
        step = _next_step(exchanges, landing, attempt)
        return _followed(exchanges, step) if step is not None else ended("refused")
    broken = _broken_later(rest, way, before)
    if broken is None:
        let_in = _let_in(way, exchanges[:place], rest) and not _wants_more(landing, said, rest)
        return ended("in" if let_in else "unfinished")
    words = tuple(line for line in broken.said if before is None or line not in before.said)
    outcome: Outcome = "asked_again" if broken.password_form else "refused" if broken.status else "failed"
    return ended(outcome, broken, words)


def _way(attempt: Exchange, later: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    way, rest = [attempt], later
    while way[-1].redirect and len(way) < MOST_STEPS:
        place = _led_to(way[-1].redirect, rest[:LOOK_AHEAD])
        if place is None:
            break
        way.append(rest[place])
        rest = rest[place + 1 :]
    return tuple(way)


def _led_to(url: str, near: tuple[Exchange, ...]) -> int | None:
    """Where *url* was asked for; browsers write what they were given in their own way, so its path may have to do."""
    exact = (place for place, e in enumerate(near) if e.url == url)
    alike = (place for place, e in enumerate(near) if e.url.partition("?")[0] == url.partition("?")[0])
    return next(exact, next(alike, None))


def _sure(one: Exchange, said: tuple[str, ...]) -> bool:
    suspects = read_reply(words_of(one, said), protocol="http", stage="login").suspects
    return any(suspect.certainty != "possible" for suspect in suspects)


def _wants_more(landing: Exchange, said: tuple[str, ...], rest: tuple[Exchange, ...]) -> bool:
    """Whether the last page is a short one that asks for a second factor, and nothing was sent from it."""
    if landing.filled or any(e.method in _SENDING and e.kind in _PARTS_OF_PAGE for e in rest):
        return False
    suspects = read_reply(words_of(landing, said), protocol="http", stage="login").suspects
    return any(suspect.cause == SECOND_FACTOR for suspect in suspects[:1])


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


def _asks_again(page: Exchange, attempt: Exchange, before: Exchange | None) -> bool:
    """Whether its field for a password is for the same login; a mailbox may have one, for another password."""
    if page is attempt or page.login_path or not page.actions:
        return True
    known = {_place(attempt.url), *(_place(url) for url in ((before.url, *before.actions) if before else ()))}
    return any(_place(url) in known or is_login(url) for url in (page.url, *page.actions))


def _let_in(way: tuple[Exchange, ...], earlier: tuple[Exchange, ...], rest: tuple[Exchange, ...]) -> bool:
    """Whether anything shows that the login went well: an answer without a complaint alone does not."""
    attempt, landing = way[0], way[-1]
    if landing.filled or landing.grants or attempt.scheme in _SCHEMES:
        return True
    if landing is not attempt and not landing.login_path:
        return True
    had = {(e.method, _place(e.url)) for e in earlier if _came(e)}
    sites = {site_of(one.url) for one in way}
    return any(
        _came(e) and (e.filled or (e.method, _place(e.url)) not in had)
        for e in _until_logout(rest)
        if e.kind in {"document", "iframe"} or (site_of(e.url) in sites and e.status != _NOTHING)
    )


def _came(one: Exchange) -> bool:
    return one.kind in _PARTS_OF_PAGE and one.method != "OPTIONS" and (200 <= one.status < 300 or one.status == 304)


def _until_logout(rest: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    return rest[: next((place for place, one in enumerate(rest) if one.logout), len(rest))]


def _place(url: str) -> str:
    return url.partition("?")[0]


def _broken_later(rest: tuple[Exchange, ...], way: tuple[Exchange, ...], before: Exchange | None) -> Exchange | None:
    """What came after a login that seemed to work and shows that it did not; None where it went on well."""
    sites = {site_of(one.url) for one in way}
    parts = [e for e in _until_logout(rest) if e.kind in _PARTS_OF_PAGE and e.method != "OPTIONS" and not e.cache]
    pages = [one for one in parts if one.kind == "document" and not one.redirect and not _left_alone(one)]
    asking = (page for page in pages if page.password_form and page.status < 300 and site_of(page.url) in sites)
    asked = next((page for page in asking if _asks_again(page, way[0], before)), None)
    if asked is not None:
        return asked
    if pages and not _came(pages[-1]):  # the service that single sign-on led back to
        host = urllib.parse.urlsplit(pages[-1].url).hostname
        seen = (page for page in (*way[1:], *pages) if page.method == "GET" and _came(page))
        return pages[-1] if all(urllib.parse.urlsplit(page.url).hostname != host for page in seen) else None
    calls = [one for one in parts if one.kind == "xhr" and site_of(one.url) in sites]
    denied = [one for one in calls if one.status in _DENIED]
    return denied[0] if denied and not any(200 <= one.status < 300 for one in calls) else None


def _left_alone(page: Exchange) -> bool:
    """Whether the person, or a script, went on before the page came."""
    return page.status == 0 and (not page.error or "ABORTED" in page.error)
