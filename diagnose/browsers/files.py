"""One file a browser: find it, read it, name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from diagnose.browsers.schema import Browser
from diagnose.knowledge import KnowledgeError
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.knowledge.packages import BROWSERS, Package, files_by_id, packages
from diagnose.model.text import TextError, text
from diagnose.process.first_use import made_once

FOLDER = KNOWLEDGE / "browsers"


class UnknownBrowserError(TextError, LookupError):
    """No file for this id."""

    def __init__(self, browser_id: str) -> None:
        super().__init__(text("no browser is called “{name}”; there are {known}", name=browser_id, known=browser_ids()))
        self.browser_id = browser_id


def browser_ids() -> tuple[str, ...]:
    """The ids of all browsers, sorted."""
    return tuple(browser_files(packages().taken))


@made_once
def browser_files(brought: tuple[Package, ...] = ()) -> Mapping[str, Path]:
    """Id -> file, sorted: the browsers that we know, and those that *brought* adds. Raises KnowledgeError."""
    return MappingProxyType(files_by_id(BROWSERS, FOLDER, brought))


@made_once
def browser(browser_id: str) -> Browser:
    """The browser with this id. Raises UnknownBrowserError, or KnowledgeError when its file does not fit the schema."""
    files = browser_files(packages().taken)
    if browser_id not in files:  # also keeps an id from naming a path elsewhere
        raise UnknownBrowserError(browser_id)
    return read_browser(files[browser_id])


@made_once
def read_browser(file: Path) -> Browser:
    """The browser in *file*. Raises KnowledgeError when the file does not fit the schema, or is not called as it."""
    found = load(file, Browser)
    if found.id != file.stem:
        raise KnowledgeError(file, 1, f"the file of {found.id!r} is not called {found.id}.yaml")
    return found


def all_browsers() -> Iterator[Browser]:
    """Every browser, in the order of the ids."""
    return map(browser, browser_ids())
