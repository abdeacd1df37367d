"""What the page and the program have told each other so far; used by the server's threads and the program's."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Literal

import msgspec

from diagnose.account.secret import Secret
from diagnose.model import CheckResult, Status, Text
from diagnose.model.browsing import BrowserAnswer, Reached, Reaching

Phase = Literal["waiting", "running", "finished"]
SILENT_SECONDS = 20.0
"""A page that asks for nothing so long has been closed; an open one asks each second, seldom less often."""
LOOK_SECONDS = 0.2
"""One wait; some systems deliver Ctrl-C only between two waits."""


class ShownCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A check of the diagnosis, as the page shows it."""

    title: str
    state: Literal["planned", "running"] | Status


class PageState(msgspec.Struct, frozen=True, kw_only=True):
    """What the page asks for again and again."""

    phase: Phase
    reached: Reached | None
    """Whether the browser gets to the webmail page."""
    reaching_over: bool
    """Whether `reached` is final."""
    over: int
    checks: tuple[ShownCheck, ...]


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """What the self-test is about, as far as its page has to know."""

    name: str = ""
    """The address, domain or page that is diagnosed; "" for the browser alone."""
    pages_expected: bool = False
    """Whether the browser is to reach for webmail pages."""
    password_wanted: bool = False
    """Whether the page asks for the password."""


class MisreadError(Exception):
    """What was typed into the page names nothing that can be diagnosed."""

    def __init__(self, sentence: str, corrected: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        """What is wrong with it, in the reader's language."""
        self.corrected = corrected
        """What was probably meant."""


class Conversation:
    """One person's self-test, from the opened page to the report. An observer of the runner.

    *matter* is what it is about. Without one the page asks, and *take_up* says what the answer means, where None
    stands for the browser alone. It raises MisreadError.
    """

    def __init__(
        self,
        translate: Callable[[str], str],
        matter: Matter | None = None,
        *,
        take_up: Callable[[str | None], Matter] | None = None,
    ) -> None:
        self.token = secrets.token_urlsafe(32)
        """Opens the page, once."""
        self.seat = secrets.token_urlsafe(32)
        """What the token is exchanged for: part of the page's address, so that it works without cookies."""
        self.cookie = secrets.token_urlsafe(32)
        """What a browser that keeps cookies has to show beside the seat, as soon as it has done so once."""
        self.foreign = secrets.token_urlsafe(32)
        """Names the other site of the test for third-party cookies; good for nothing else."""
        self.pages: tuple[str, ...] | None = None
        """Webmail pages to reach for; None while they are being looked for."""
        self.report: str | None = None
        self.collected = threading.Event()
        """The page has fetched the report."""
        self.password: Secret | None = None
        self._translate = translate
        self._matter = matter
        self._take_up = take_up
        self._lock = threading.Lock()
        self._taken = self._cookie_kept = False
        self._heard = 0.0
        self._answer: BrowserAnswer | None = None
        self._reaching: tuple[Reaching, ...] | None = None
        self._begun = threading.Event()
        self._checks: dict[str, ShownCheck] = {}

    # -- the page's side

    def take_seat(self, token: str) -> bool:
        """Exchange the token; True for the first browser that brings it, and for no other."""
        with self._lock:
            fits = secrets.compare_digest(token.encode(), self.token.encode()) and not self._taken
            self._taken = self._taken or fits
            return fits

    def admits(self, seat: str, cookie: str | None) -> bool:
        """Whether a request comes from the page."""
        shown = cookie is not None and secrets.compare_digest(cookie.encode(), self.cookie.encode())
        if not secrets.compare_digest(seat.encode(), self.seat.encode()):
            return False
        with self._lock:
            if not self._taken:
                return False
            self._cookie_kept = self._cookie_kept or shown
            admitted = shown or not self._cookie_kept
            self._heard = time.monotonic() if admitted else self._heard
            return admitted

    def take_up(self, typed: str | None) -> None:
        """Take what the person wants to have diagnosed; the first answer counts. None: the browser alone.

        Raises MisreadError.
        """
        with self._lock:
            if self._matter is None and self._take_up is not None and not self._begun.is_set():
                self._matter = self._take_up(typed)

    def ask_again(self) -> None:
        """Forget what was asked for, as long as the diagnosis has not begun."""
        with self._lock:
            if self._take_up is not None and not self._begun.is_set():
                self._matter = self._answer = self._reaching = self.pages = None

    @property
    def can_ask_again(self) -> bool:
        """Whether the page is where it was said what this is about."""
        return self._take_up is not None

    def tell(self, answer: BrowserAnswer) -> None:
        """Take what the page has found out; what was told before is replaced."""
        with self._lock:
            if not self._begun.is_set():
                self._answer = answer

    def tell_reaching(self, reaching: tuple[Reaching, ...]) -> None:
        """Take which webmail pages the browser gets to."""
        with self._lock:
            self._reaching = reaching

    def begin(self, password: Secret | None = None) -> None:
        """The person, or the page after a while, wants the diagnosis; only the first call counts."""
        with self._lock:
            if not self._begun.is_set():
                self.password = password if self.matter.password_wanted else None
                self._begun.set()

    @property
    def progress(self) -> PageState:
        """How far it is."""
        with self._lock:
            ways = [way for one in self._reaching or () for way in (one.page, one.image)]
            return PageState(
                phase="finished" if self.report is not None else "running" if self._begun.is_set() else "waiting",
                reached=next((way for way in ("answered", "failed", "no_answer") if way in ways), None),
                reaching_over=self._reaching is not None,
                over=sum(check.state not in {"planned", "running"} for check in self._checks.values()),
                checks=tuple(check for check in self._checks.values() if check.state != "skip"),
            )

    # -- the program's side

    @property
    def matter(self) -> Matter:
        """What it is about: the browser alone as long as nobody has said."""
        return self._matter or Matter()

    @property
    def unasked(self) -> bool:
        """Whether the person has yet to say what it is about."""
        return self._matter is None

    @property
    def opened(self) -> bool:
        """Whether a browser has brought the token."""
        return self._taken

    def wait(self, seconds: float) -> None:
        """Wait until the page says that the diagnosis may begin, for *seconds* at most."""
        end = time.monotonic() + seconds
        while not self._begun.wait(min(LOOK_SECONDS, max(0.0, end - time.monotonic()))):
            if time.monotonic() >= end:
                break
        self.begin()

    def wait_for_collection(self) -> None:
        """Wait until the page has fetched the report, or is closed."""
        while not self.collected.wait(LOOK_SECONDS) and time.monotonic() - self._heard < SILENT_SECONDS:
            pass

    @property
    def answer(self) -> BrowserAnswer | None:
        """What the browser told; None where the page was never opened."""
        with self._lock:
            if self._answer is None or not self._reaching:
                return self._answer
            return msgspec.structs.replace(self._answer, reaching=self._reaching)

    def planned(self, identity: str, title: Text) -> None:
        """A check will run."""
        self._show(identity, ShownCheck(title=title.render(self._translate), state="planned"))

    def started(self, identity: str) -> None:
        """Its probe has begun."""
        with self._lock:  # to the end of the list, which so shows them as they come
            self._checks[identity] = msgspec.structs.replace(self._checks.pop(identity), state="running")

    def finished(self, result: CheckResult) -> None:
        """It is over, one way or the other."""
        title = result.title.render(self._translate)
        self._show(result.id, ShownCheck(title=title, state=result.status))

    def _show(self, identity: str, check: ShownCheck) -> None:
        with self._lock:
            self._checks[identity] = check
