"""One look at one page, and what is noted while it loads and settles. Types nothing, clicks nothing."""

from __future__ import annotations

import asyncio
import contextlib
import re
import urllib.parse
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

from checks.browser.automation import sight
from checks.browser.automation.limits import within
from checks.browser.automation.visit import FailedRequest, Field, Visit
from diagnose.har.bot_check import bot_check
from diagnose.model import Deadline, Failure, quote
from diagnose.model.picture import Picture
from diagnose.network.gateway import Gateway
from diagnose.process.first_use import one_at_a_time

if TYPE_CHECKING:
    from playwright.async_api import (
        BrowserContext,
        ConsoleMessage,
        Dialog,
        Error,
        Frame,
        Page,
        Request,
        Response,
    )

POLL_SECONDS = 0.15
QUIET_SECONDS = 1.0
"""Without any request under way after the page is loaded: nothing more is coming."""
QUIET_LOOKS = 5
"""At least, meanwhile: on a busy computer the page's own clocks are late, and so is each look."""
LONGEST_AFTER_LOAD = 5.0
"""A page that never stops asking is taken as it is then."""
PICTURE_SECONDS = 2.0
WANTED_SECONDS = 5.0
"""How long the browser's word that it is the page which asks for a host may come after its connection."""
MOST_NAVIGATIONS = 20
"""As many redirects as browsers follow."""
MOST_DIALOGS = 10
MOST_MESSAGES = 1000
"""Of the page's console; it is not listened to any longer, since reading on could take all the time there is."""
MOST_ENTRIES = 20
"""Of messages and failed requests that are kept."""


class Look:
    """Opens the page, waits for a form to log in or for the end, and keeps notes."""

    def __init__(self, url: str, admits: Callable[[str], bool]) -> None:
        """*admits* says which hosts the page may load from."""
        self._url = url
        self._admits = admits
        self._asked: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._at = ""
        self._status: int | None = None
        self._gate: str | None = None
        self._error: str | None = None
        self._loaded = False
        self._under_way = 0
        self._settled = False
        self._seconds = 0.0
        self._way: list[str] = []
        self._script_errors: list[str] = []
        self._messages = 0
        self._console_errors: list[str] = []
        self._failed: list[tuple[Request, int | None]] = []
        self._dialogs: list[str] = []
        self._kept_out: dict[str, None] = {}
        self._fields: tuple[Field, ...] = ()
        self._shown = sight.ShownPage()
        self._picture: Picture | None = None

    async def wants(self, host: str) -> bool:
        """Whether it is the page that asks for *host*, and may; the browser has errands of its own, too."""
        try:
            async with asyncio.timeout(WANTED_SECONDS):
                await self._asked[host].wait()
        except TimeoutError:
            return False
        if not self._admits(host):
            self._kept_out[host] = None
        return self._admits(host)

    async def at(self, page: Page, until: Deadline) -> None:
        """Look at the page in *page*, an empty one, at the latest until *until*."""
        looking = until.within(until.left() - PICTURE_SECONDS)
        begun = looking.left()
        self._listen(page.context, page)
        opening = asyncio.create_task(self._open(page, looking))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(looking.left()):
                await self._settle(page)
                self._settled = not self._endless
        opening.cancel()
        self._seconds = round(begun - looking.left(), 1)
        if self._error is None and not self._endless:
            self._shown = await within(sight.FRAME_SECONDS, sight.shown(page), self._shown)
            self._picture = await within(until.left(), sight.picture(page), None)

    def facts(self, browser: str, version: str, gateway: Gateway) -> Visit:
        """What was noted; *gateway* knows what became of connections."""
        return Visit(
            browser=browser,
            version=version,
            url=self._at or _place(self._url),
            status=self._status,
            error=self._error,
            failure=_why(self._at or self._url, gateway) if self._error else None,
            way=tuple(self._way),
            goes_round=len(self._way) > MOST_NAVIGATIONS,
            settled=self._settled,
            seconds=self._seconds,
            bot_check=self._gate,
            title=self._shown.title,
            text=self._shown.text,
            fields=self._fields,
            pictures=self._shown.pictures,
            script_errors=tuple(self._script_errors),
            console_errors=tuple(self._console_errors),
            failed_requests=tuple(_failed(request, status, gateway) for request, status in self._failed),
            dialogs=tuple(self._dialogs),
            kept_out=tuple(self._kept_out)[:MOST_ENTRIES],
            too_large=gateway.exhausted,
            screenshot=self._picture,
        )

    @property
    def _endless(self) -> bool:
        return len(self._way) > MOST_NAVIGATIONS or len(self._dialogs) > MOST_DIALOGS

    async def _open(self, page: Page, looking: Deadline) -> None:
        with one_at_a_time:
            from playwright.async_api import Error

        try:
            await page.goto(self._url, wait_until="commit", timeout=1000 * looking.left())
        except Error as error:
            if named := re.search(r"net::ERR_\w+", str(error)):
                self._error = named[0]

    async def _settle(self, page: Page) -> None:
        """Wait until a password field can be seen, or nothing more is coming."""
        now = asyncio.get_running_loop().time
        loaded_at = quiet_since = None
        looks = 0
        while not self._endless and self._error is None:
            await asyncio.sleep(POLL_SECONDS)
            self._fields = await within(sight.FRAME_SECONDS, sight.fields(page), self._fields)
            if any(one.type == "password" for one in self._fields):
                await asyncio.sleep(POLL_SECONDS)  # to be painted
                return
            loaded_at = (loaded_at or now()) if self._loaded else None
            quiet_since = (quiet_since or now()) if self._loaded and not self._under_way else None
            looks = looks + 1 if quiet_since is not None else 0
            if quiet_since is not None and now() - quiet_since > QUIET_SECONDS and looks > QUIET_LOOKS:
                return
            if loaded_at is not None and now() - loaded_at > LONGEST_AFTER_LOAD:
                return

    # -- what the page does by itself

    def _listen(self, context: BrowserContext, page: Page) -> None:
        context.on("page", _close)
        context.on("request", self._requested)
        page.on("console", self._said)
        page.on("pageerror", self._threw)
        page.on("load", lambda _: setattr(self, "_loaded", True))
        page.on("framenavigated", lambda frame: self._navigated(page, frame))
        page.on("requestfinished", lambda _: self._done())
        page.on("requestfailed", self._did_not_come)
        page.on("response", lambda answer: self._answered(page, answer))
        page.on("dialog", self._dialog)
        page.on("websocket", lambda socket: self._asked[_host(socket.url)].set())

    def _requested(self, request: Request) -> None:
        self._asked[_host(request.url)].set()
        self._under_way += 1

    def _done(self) -> None:
        self._under_way -= 1

    def _did_not_come(self, request: Request) -> None:
        self._done()
        if request.failure != "net::ERR_ABORTED" and len(self._failed) < MOST_ENTRIES:  # the page no longer wants it
            self._failed.append((request, None))

    def _answered(self, page: Page, answer: Response) -> None:
        request = answer.request
        if request.is_navigation_request() and request.frame == page.main_frame:
            self._status, self._at = answer.status, _place(answer.url)
            self._gate = bot_check(answer.headers.get, "")
        elif answer.status >= 400 and len(self._failed) < MOST_ENTRIES:
            self._failed.append((request, answer.status))

    def _navigated(self, page: Page, frame: Frame) -> None:
        if frame == page.main_frame and frame.url.startswith("http") and len(self._way) <= MOST_NAVIGATIONS:
            self._at = _place(frame.url)
            self._way.append(self._at)
            self._loaded = False

    def _said(self, message: ConsoleMessage) -> None:
        self._messages += 1
        if self._messages == MOST_MESSAGES and message.page is not None:
            message.page.remove_listener("console", self._said)
        if message.type == "error" and not message.text.startswith("Failed to load resource"):  # noted as failed
            _note(self._console_errors, message.text)

    def _threw(self, error: Error) -> None:
        _note(self._script_errors, str(error))

    async def _dialog(self, dialog: Dialog) -> None:
        if len(self._dialogs) <= MOST_DIALOGS:
            self._dialogs.append(quote(dialog.message, 300))
        await within(sight.FRAME_SECONDS, dialog.dismiss(), None)


async def _close(other: Page) -> None:
    await within(sight.FRAME_SECONDS, other.close(), None)


def _note(kept: list[str], said: str) -> None:
    if len(kept) < MOST_ENTRIES:
        kept.append(quote(said, 300))


def _failed(request: Request, status: int | None, gateway: Gateway) -> FailedRequest:
    return FailedRequest(
        url=_place(request.url),
        kind=request.resource_type,
        error=quote(request.failure, 200) if status is None and request.failure else None,
        status=status,
        failure=_why(request.url, gateway) if status is None else None,
    )


def _why(url: str, gateway: Gateway) -> Failure | None:
    place = urllib.parse.urlsplit(url)
    return gateway.failures.get((_host(url), place.port or (443 if place.scheme in {"https", "wss"} else 80)))


def _host(url: str) -> str:
    return (urllib.parse.urlsplit(url).hostname or "").rstrip(".")


def _place(url: str) -> str:
    return quote(re.sub(r"[?#].*", "", url, flags=re.DOTALL), 300)
