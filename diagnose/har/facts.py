"""A recording as facts: the requests that a login is made of, and what the recorder's clock shows."""

from __future__ import annotations

import msgspec

from diagnose.model import Facts
from diagnose.network import Cookie


class CookieSet(Cookie, frozen=True, kw_only=True):
    """A Set-Cookie that an answer carried."""

    deletes: bool = False
    """Whether it only removes a cookie."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request of a recording and what became of it. Holds no value of a cookie, a field or a parameter."""

    number: int
    """Its place among the requests of the recording, from 1."""
    method: str
    url: str
    """Values in it are signs: the same value, the same sign."""
    kind: str
    """``document``, ``iframe``, ``xhr``, or another purpose."""
    status: int = 0
    """0: no answer."""
    at: float | None = None
    """When it began by the browser's clock, in seconds since the epoch."""
    milliseconds: float = 0.0
    redirect: str = ""
    """Where a redirect leads, absolute."""
    astray: str = ""
    """Where a redirect leads that is no web address: its scheme, with host and port where it has them."""
    error: str = ""
    """The browser's own name for a failure, such as ``net::ERR_BLOCKED_BY_CLIENT``."""
    blocked: str = ""
    """Why the browser blocked it, in its own word, such as ``csp``."""
    cache: str = ""
    """Who answered instead of the server: ``memory``, ``disk`` or ``service-worker``."""
    password: bool = False
    """Whether it sends a field for a password."""
    login_path: bool = False
    logout: bool = False
    scheme: str = ""
    """The scheme of its Authorization header, such as ``basic``."""
    origin: str = ""
    """Its Origin header."""
    page: str = ""
    """Scheme and host of its Referer header."""
    mode: str = ""
    """Its Sec-Fetch-Mode header."""
    cookies_sent: tuple[str, ...] = ()
    cookie_bytes: int = 0
    """Length of the Cookie header."""
    cookies_set: tuple[CookieSet, ...] = ()
    allowed_origin: str = ""
    """Access-Control-Allow-Origin."""
    bot_check: str = ""
    """The header by which a gate before the server says that it checks who asks."""
    form_policy: tuple[str, ...] | None = None
    """The sources of the Content-Security-Policy's form-action."""
    said: tuple[str, ...] = ()
    """The words of the answer, where it is a login page or a message, a line each."""
    password_form: bool = False
    """Whether the answer is a page with a field for a password."""
    actions: tuple[str, ...] = ()
    """Where its forms with such a field send what is typed."""
    refuses: bool = False
    """Whether a JSON answer says that it did not go well."""
    grants: bool = False
    """Whether a JSON answer says that it went well."""
    filled: bool = False
    """Whether the answer is a page with more on it than a message or a login form."""


class Offset(msgspec.Struct, frozen=True, kw_only=True):
    """The clock of a server beside that of the browser."""

    host: str
    ahead_seconds: float
    """How far the server's is ahead: the median of its answers."""


class HarFacts(Facts, frozen=True, kw_only=True):
    """What a recording shows."""

    host: str = ""
    """The host that the login, or the page for it, is at."""
    requests: int
    """Entries that could be read."""
    skipped: int = 0
    """Entries that are no requests to a web address, or too large."""
    broken_off: bool = False
    """Whether the file ends early, or was not read to its end."""
    exchanges: tuple[Exchange, ...] = ()
    """Those that a login may depend on, in order; of very many the last ones."""
    clocks: tuple[Offset, ...] = ()
