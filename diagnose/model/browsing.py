"""What a run may learn of the person's browsers, beside what it learns of servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

if TYPE_CHECKING:
    from diagnose.har.facts import HarFacts

Reached = Literal["answered", "failed", "no_answer"]
"""``no_answer``: nothing had come when the page gave up waiting."""
Oddity = Literal["caps_lock", "full_width", "composition", "invisible", "autofill"]
"""``composition``: text was put together by an input method before it stood in the field."""

LONGEST_HEADER = 2000
"""Characters kept of a header."""
Header = Annotated[str, msgspec.Meta(max_length=LONGEST_HEADER)]
MOST_SECONDS = 1e10
"""Some 300 years; no clock is so wrong."""
Seconds = Annotated[float, msgspec.Meta(ge=-MOST_SECONDS, le=MOST_SECONDS)]


class Reaching(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the browser gets to a webmail page, tried in two ways."""

    url: Annotated[str, msgspec.Meta(max_length=2000)]
    page: Reached
    """The page itself, fetched with redirects, its content unseen (Fetch standard, mode no-cors)."""
    image: Reached
    """The picture that its host shows in tabs."""


class BrowserAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the self-test page found in the browser that opened it. None stands for: could not be found out."""

    scripts: bool | None
    """Whether JavaScript runs; None if the page was opened and sent nothing back."""
    user_agent: Header = ""
    """The header User-Agent (RFC 9110 §10.1.5)."""
    hints: Header = ""
    """The header Sec-CH-UA (User-Agent Client Hints)."""
    cookies: bool | None = None
    """Whether a cookie of the page itself came back."""
    third_party_cookies: bool | None = None
    """Whether a cookie of another site came back that the page fetched something from."""
    local_storage: bool | None = None
    session_storage: bool | None = None
    indexed_db: bool | None = None
    service_workers: bool | None = None
    private_mode: bool | None = None
    clock_ahead_seconds: Seconds | None = None
    """How far the browser's clock is ahead of this program's."""
    languages: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=40)], ...], msgspec.Meta(max_length=20)] = ()
    """Preferred ones first (BCP 47)."""
    reaching: Annotated[tuple[Reaching, ...], msgspec.Meta(max_length=10)] = ()
    typing: Annotated[tuple[Oddity, ...], msgspec.Meta(max_length=10)] = ()
    """Oddities of what was typed into the page's own field; the program never gets the words themselves."""


class Browsing(msgspec.Struct, frozen=True, kw_only=True):
    """Which sources on this computer may be read; none of them unless the person says so."""

    profiles: bool = False
    """Whether browser profiles may be read for what they hold of the webmail host."""
    clean_run: bool = False
    """Whether the webmail page is to be opened in a clean profile of an installed browser."""
    har: HarFacts | None = None
    """What a HAR export of a failed login shows."""
    self_test: bool = False
    """Whether the self-test page was put before the person."""
    answer: BrowserAnswer | None = None
    """What came of it; None: the page was not opened."""
