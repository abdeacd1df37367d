"""What a visit to a page tells."""

from __future__ import annotations

import msgspec

from diagnose.model import Facts, Failure
from diagnose.model.picture import Picture


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """An input field that can be seen."""

    type: str = ""
    name: str = ""
    """Its name and its id."""
    autocomplete: str = ""
    label: str = ""
    """Placeholder and labels."""


class FailedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the page that did not come."""

    url: str
    """Without its query."""
    kind: str
    """Chromium's resource type: document, script, stylesheet, fetch and so on."""
    error: str | None = None
    """In Chromium's words, such as ``net::ERR_SOCKS_CONNECTION_FAILED``."""
    status: int | None = None
    failure: Failure | None = None
    """Why there was no connection; Chromium, which is connected by us, does not know."""


class Visit(Facts, frozen=True, kw_only=True):
    """What came of opening a page in a browser with an empty profile, without typing or clicking anything."""

    browser: str
    version: str
    url: str
    """Where it ended, without its query."""
    status: int | None = None
    """Of the page itself; None: there was no answer."""
    error: str | None = None
    """Why the page could not be opened, in Chromium's words."""
    failure: Failure | None = None
    """Why there was no connection for it."""
    way: tuple[str, ...] = ()
    """Where the page led by itself, in order."""
    goes_round: bool = False
    """It led on and on, and was stopped."""
    settled: bool = False
    """It came to rest before the time was over."""
    seconds: float = 0.0
    """How long that was waited for."""
    bot_check: str | None = None
    """By what header a gate before the server says that it checks who asks."""
    title: str = ""
    text: str = ""
    """Visible text, shortened."""
    fields: tuple[Field, ...] = ()
    pictures: bool = False
    """Something else than text and fields can be seen."""
    script_errors: tuple[str, ...] = ()
    """Exceptions that the page's scripts did not catch."""
    console_errors: tuple[str, ...] = ()
    failed_requests: tuple[FailedRequest, ...] = ()
    dialogs: tuple[str, ...] = ()
    """What it said or asked in windows of its own; all were dismissed."""
    kept_out: tuple[str, ...] = ()
    """Hosts of others that it asked for, and that were not to be contacted."""
    too_large: bool = False
    """More came than a page may have, and the rest was not taken."""
    screenshot: Picture | None = None

    @property
    def blank(self) -> bool:
        """Whether there is nothing at all to be seen."""
        return not (self.text or self.fields or self.pictures)
