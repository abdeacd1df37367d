"""A page for people that is no report: what commands beside the main job show, in the reader's language already."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from diagnose.model.report import ReportRemedy

Mark = Literal["✓", "✗", "!", "?", "•"]


class Block(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A part of a page."""


class Heading(Block, frozen=True, kw_only=True):
    """Stands over the blocks up to the next one."""

    words: str


class Paragraph(Block, frozen=True, kw_only=True):
    """Sentences."""

    words: str
    quiet: bool = False
    """Less loud than what people came for."""


class Entry(Block, frozen=True, kw_only=True):
    """One answer: a mark, a title, less loud what it is called and how sure it is, and sentences about it."""

    mark: Mark
    title: str
    note: str = ""
    words: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A name, what belongs to it, and less loud a remark on that."""

    name: str
    words: str
    note: str = ""


class Rows(Block, frozen=True, kw_only=True):
    """Names in one column, and beside each what belongs to it."""

    rows: tuple[Row, ...]


class Advice(Block, frozen=True, kw_only=True):
    """Numbered steps, headed by whose they are."""

    remedies: tuple[ReportRemedy, ...]
    everybody: bool = False
    """All of them in full; otherwise those for the audience of the style, and whether others can help."""


class Verbatim(Block, frozen=True, kw_only=True):
    """A command, to be copied as it stands."""

    command: str


AnyBlock: TypeAlias = "Heading | Paragraph | Entry | Rows | Advice | Verbatim"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Blocks below each other."""

    blocks: tuple[AnyBlock, ...]
