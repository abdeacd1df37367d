"""One HTTP client of two: the plain one for as long as that does, and requests from where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from diagnose.model.deadline import Deadline
from diagnose.network.plain_client import PlainClient
from diagnose.network.web_client import REDIRECTS, Answer, Connect
from diagnose.process.first_use import one_at_a_time

if TYPE_CHECKING:
    from diagnose.network.cookie_client import CookieClient


class BothClients:
    """Sends requests. What is asked and what comes of it is the same whoever of the two does it.

    Requests alone takes 50 ms of a processor and 10 MiB to load, which most pages can do without.
    """

    def __init__(self, connect: Connect, headers: Mapping[str, str], deadline: Deadline, *, keep_cookies: bool) -> None:
        self._plain = PlainClient(connect, headers)
        self._full: CookieClient | None = None
        self._given = (connect, headers, deadline)
        self._keep_cookies = keep_cookies

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What it raises for what servers and the network do."""
        return self._plain.errors if self._full is None else self._full.errors

    @property
    def cookies(self) -> tuple[tuple[str, ...], ...]:
        """Those that it would send on."""
        return self._plain.cookies if self._full is None else self._full.cookies

    def ask(self, url: str) -> Answer:
        """GET *url*. Raises one of `errors`."""
        if self._full is None and not self._plain.takes(url):
            return self._loaded().ask(url)
        if self._full is not None:
            return self._full.ask(url)
        answer = self._plain.ask(url)
        keeps = self._keep_cookies and answer.status in REDIRECTS and answer.each("Set-Cookie")
        if answer.is_plain and not keeps:
            return answer
        try:
            return self._loaded().take_over(url, answer)
        except BaseException:
            answer.close()
            raise

    def root(self, error: Exception) -> Exception:
        """The error of the network beneath *error*."""
        return self._plain.root(error) if self._full is None else self._full.root(error)

    def close(self) -> None:
        """Close what is open."""
        if self._full is not None:
            self._full.close()

    def _loaded(self) -> CookieClient:
        with one_at_a_time:
            from diagnose.network.cookie_client import CookieClient
        connect, headers, deadline = self._given
        self._full = CookieClient(connect, headers, deadline, keep_cookies=self._keep_cookies)
        return self._full
