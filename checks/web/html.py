"""What an HTML page holds, as far as a login needs to know."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from itertools import islice
from typing import NamedTuple

import msgspec

from diagnose.har.script_words import script_words
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.model import quote
from diagnose.process.first_use import lazy_pattern, made_once
from diagnose.replies import decode

LONGEST_TITLE = 200
LONGEST_TEXT = 3000
"""Characters of visible text that are kept: enough for every message, too little for a whole article."""
MOST_TAGS = 20_000
MOSTLY_SCRIPT = 400
"""Characters; a page with scripts and less visible text than that may draw its form later."""
DEAD_END_BYTES = 20_000
"""A page that leads nowhere is short; of a longer one more than was read may be left."""
_LEADS_ON = {"script", "form", "button", "input", "iframe", "frame", "object", "embed"}
"""Elements by which a page may come to a login form, or to another page."""
_NO_LINKS = {"link", "base"}
"""Elements whose references are to what a page is made of, such as its style sheet."""
_NO_PAGE = ("#", "mailto:", "tel:")
"""How references begin that lead to no other page."""
_REPLACED = "\ufffd"
_UNSEEN = {"script", "style", "template", "noscript"}
_VOID = {"area", "base", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
"""Elements that have no end (HTML Living Standard §13.1.2)."""
_END_AT_NEXT = {"p", "li", "dt", "dd", "option", "tr", "td", "th"}
"""Elements that end where the next of their kind begins (§13.1.2.4)."""
_WHOLE = {"html", "body", "form"}
"""What a page hides until its scripts run, to show all of it then."""
_HIDDEN_STYLE = lazy_pattern(r"(?i)\b(?:display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden)\b")
_HIDDEN_CLASSES = {"hidden", "d-none"}
"""By which the common style sheets hide an element."""
_SEARCH_NAMES = {"q", "s", "query", "search", "keyword", "keywords"}
"""The one field that a form to search a site has is called like that."""


class PageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A page as fetched, before any script of it has run."""

    title: str = ""
    password_field: bool = False
    forms: int = 0
    """Those that are not for searching the site."""
    scripts: int = 0
    text: str = ""
    """Visible text, shortened."""
    refresh: str = ""
    """What it says of where to go from it, and when."""
    frame: str = ""
    """The first frame of a page that is made of frames."""
    announced: str = ""
    """What its script is going to show as an error, or its data names as one; shortened."""
    parked: str | None = None
    """The words of a parked, sold or default page that it holds."""
    dead_end: bool = False
    """It holds nothing by which anybody comes any further: no form, no script, no link."""

    @property
    def drawn_by_script(self) -> bool:
        """Whether its content may only come with its scripts."""
        return self.scripts > 0 and len(self.text) < MOSTLY_SCRIPT


class _Parked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    phrases: tuple[str, ...]
    source: str


@made_once
def _parked_phrases() -> tuple[str, ...]:
    rows = load(KNOWLEDGE / "parked-pages.yaml", tuple[_Parked, ...])
    return tuple(phrase.casefold() for row in rows for phrase in row.phrases)


def parked_words(shown: str) -> str | None:
    """The words of a parked, sold or default page that *shown* holds."""
    folded = shown.casefold()
    return next((phrase for phrase in _parked_phrases() if phrase in folded), None)


class _Element(NamedTuple):
    tag: str
    hidden: bool


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.title, self.password_field, self.forms, self.scripts = "", False, 0, 0
        self.leads_on = False
        self.words: list[str] = []
        self.refresh = self.frame = ""
        self._length = 0
        self._open: list[_Element] = []
        self._tags: Counter[str] = Counter()
        """Of the open elements; a search of them all for each end tag would take too long."""
        self._hidden = 0
        """How many of them are hidden."""
        self._searches = False
        """Whether the last form is one to search with, as far as it has come."""

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """A section that html.parser cannot read is a comment, as in browsers."""
        try:
            return super().parse_marked_section(i, report)
        except AssertionError:
            return self.parse_bogus_comment(i)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.scripts += tag == "script"
        self.leads_on |= tag in _LEADS_ON or any(_leads_on(tag, *one) for one in given.items())
        self.password_field |= tag == "input" and given.get("type", "").lower() == "password"
        if tag == "form":
            self._searches = given.get("role", "").lower() == "search"
            self.forms += not self._searches
        elif tag == "input" and not self._searches and _is_search(given):
            self._searches = True
            self.forms -= self._tags["form"] > 0
        if tag == "meta" and given.get("http-equiv", "").lower() == "refresh" and not self._hidden:
            self.refresh = self.refresh or given.get("content", "")[:LONGEST_TEXT]
        if tag == "frame":
            self.frame = self.frame or given.get("src", "")[:LONGEST_TEXT]
        if tag in _VOID:
            return
        if tag in _END_AT_NEXT and self._open and self._open[-1].tag == tag:
            self.handle_endtag(tag)
        hidden = tag in _UNSEEN or (tag not in _WHOLE and _is_hidden(given))
        self._open.append(_Element(tag, hidden))
        self._tags[tag] += 1
        self._hidden += hidden

    def handle_endtag(self, tag: str) -> None:
        while self._tags[tag]:
            ended = self._open.pop()
            self._tags[ended.tag] -= 1
            self._hidden -= ended.hidden
            if ended.tag == tag:
                break

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1].tag == "title":
            self.title += data
        elif not self._hidden and self._length < LONGEST_TEXT and (word := data.strip()):
            self.words.append(word)
            self._length += len(word)


def _leads_on(tag: str, name: str, value: str) -> bool:
    """Whether an attribute leads to another page, or runs a script."""
    if name == "href":
        return tag not in _NO_LINKS and not value.lower().startswith(_NO_PAGE)
    return name.startswith("on") or (name == "http-equiv" and value.lower() == "refresh")


def _is_hidden(given: Mapping[str, str]) -> bool:
    """Whether an element with these attributes waits for a script to show it."""
    hides = "hidden" in given or _HIDDEN_STYLE.search(given.get("style", "")) is not None
    return hides or not _HIDDEN_CLASSES.isdisjoint(given.get("class", "").lower().split())


def _is_search(given: Mapping[str, str]) -> bool:
    """Whether a field with these attributes is one to search a site with."""
    return given.get("type", "").lower() == "search" or given.get("name", "").lower() in _SEARCH_NAMES


def _bounded(body: str) -> str:
    """*body* up to its `MOST_TAGS`. For each "<" that opens no tag, html.parser searches all that follows."""
    beyond = next(islice(re.finditer("<", body), MOST_TAGS, None), None)
    return body if beyond is None else body[: beyond.start()]


def read_page(page: bytes, charset: str = "") -> PageFacts:
    """Title, forms, scripts and visible text of *page*, which a header declares as *charset*; of no HTML its text."""
    body = decode(page, charset)
    reader = _Reader()
    reader.feed(_bounded(body))
    seen = quote(" ".join(reader.words), LONGEST_TEXT)
    title = quote(reader.title, LONGEST_TITLE)
    shown = f"{title} {seen}"
    parked = None if reader.password_field else parked_words(shown)
    return PageFacts(
        title=title,
        password_field=reader.password_field,
        forms=reader.forms,
        scripts=reader.scripts,
        text=seen,
        refresh=quote(reader.refresh, LONGEST_TEXT),
        frame=quote(reader.frame, LONGEST_TEXT),
        announced=quote("\n".join(script_words(body)), LONGEST_TITLE),
        parked=parked,
        dead_end=not reader.leads_on and len(page) < DEAD_END_BYTES and _REPLACED not in shown,
    )
