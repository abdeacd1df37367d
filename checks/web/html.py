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
    )
