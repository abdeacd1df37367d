"""What an HTML page holds, as far as a login needs to know."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import islice

import msgspec

from diagnose.har.script_words import script_words
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.model import quote
from diagnose.process.first_use import made_once
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


class PageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A page as fetched, before any script of it has run."""

    title: str = ""
    password_field: bool = False
    forms: int = 0
    scripts: int = 0
    text: str = ""
    """Visible text, shortened."""
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


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.title, self.password_field, self.forms, self.scripts = "", False, 0, 0
        self.leads_on = False
        self.words: list[str] = []
        self._length = 0
        self._inside: list[str] = []

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """A section that html.parser cannot read is a comment, as in browsers."""
        try:
            return super().parse_marked_section(i, report)
        except AssertionError:
            return self.parse_bogus_comment(i)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN or tag == "title":
            self._inside.append(tag)
        self.scripts += tag == "script"
        self.forms += tag == "form"
        self.leads_on |= tag in _LEADS_ON or any(_leads_on(tag, name, value or "") for name, value in attrs)
        self.password_field |= tag == "input" and (dict(attrs).get("type") or "").lower() == "password"

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._inside and self._inside[-1] == "title":
            self.title += data
        elif not self._inside and self._length < LONGEST_TEXT and (word := data.strip()):
            self.words.append(word)
            self._length += len(word)


def _leads_on(tag: str, name: str, value: str) -> bool:
    """Whether an attribute leads to another page, or runs a script."""
    if name == "href":
        return tag not in _NO_LINKS and not value.lower().startswith(_NO_PAGE)
    return name.startswith("on") or (name == "http-equiv" and value.lower() == "refresh")


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
        announced=quote("\n".join(script_words(body)), LONGEST_TITLE),
        parked=parked,
        dead_end=not reader.leads_on and len(page) < DEAD_END_BYTES and _REPLACED not in shown,
    )
