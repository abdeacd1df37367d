"""One file a browser: find it, read it, name it."""

from __future__ import annotations

from collections.abc import Iterator

from diagnose.browsers.schema import Browser
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.model.text import TextError, text
from diagnose.process.first_use import made_once

FOLDER = KNOWLEDGE / "browsers"


class UnknownBrowserError(TextError, LookupError):
    """No file for this id."""

    def __init__(self, browser_id: str) -> None:
        super().__init__(text("no browser is called “{name}”; there are {known}", name=browser_id, known=browser_ids()))
        self.browser_id = browser_id


@made_once
def browser_ids() -> tuple[str, ...]:
    """The ids of all browsers, sorted."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))


@made_once
def browser(browser_id: str) -> Browser:
    """The browser with this id. Raises UnknownBrowserError, or KnowledgeError when its file does not fit the schema."""
    if browser_id not in browser_ids():  # also keeps an id from naming a path elsewhere
        raise UnknownBrowserError(browser_id)
    return load(FOLDER / f"{browser_id}.yaml", Browser)


def all_browsers() -> Iterator[Browser]:
    """Every browser, in the order of the ids."""
    return map(browser, browser_ids())
