"""A report format as a record: what it is called, which file names ask for it, and how it writes a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from diagnose.model.internal import Internal
from diagnose.model.report import Report
from diagnose.process.encodings import Escapes
from diagnose.rendering.page import Page

if TYPE_CHECKING:
    from diagnose.model.fleet import FleetRow, FleetSummary

Audience = Literal["user", "helpdesk", "admin"]
PALETTE = Path(__file__).with_name("palette.css")
"""The colours of every page that a browser shows, light and dark, as custom properties."""


class Download(Internal, frozen=True, kw_only=True):
    """A file that a page hands out."""

    label: str
    """What the page calls it, in the reader's language."""
    name: str
    """What it is saved as."""
    media_type: str
    """By RFC 6838; its text is in UTF-8."""
    content: str


SYMBOLS = "✓✗–·•─╌→…╳"
"""What formats for terminals draw with."""


class RenderStyle(Internal, frozen=True, kw_only=True):
    """How the reader wants the report; a format leaves aside what means nothing to it."""

    translate: Callable[[str], str] = str
    """For the format's own fixed phrases; everything in the report itself is in the reader's language already."""
    width: int = 80
    """Columns of the terminal."""
    height: int | None = None
    """Lines of the terminal, one of which the shell takes; None away from a terminal."""
    color: bool = False
    ascii: bool = False
    """The terminal cannot show `SYMBOLS`; the format's own ones are replaced. Words stay as they are."""
    audience: Audience = "user"
    """Whose remedies come first."""
    complete: bool = False
    """Everything that was looked at, as a file holds it; else a format may give the answer alone."""
    verbose: bool = False
    """Everybody's steps and all facts, too."""
    quiet: bool = False
    """Only the verdict and its causes."""
    downloads: tuple[Download, ...] = ()
    """The report as files, for who has it on a page that cannot be opened again."""


FleetRenderer: TypeAlias = "Callable[[FleetSummary, Callable[[], Iterator[FleetRow]], RenderStyle], Iterator[str]]"


class Renderer(Internal, frozen=True, kw_only=True):
    """One format; found through the entry-point group ``diagnose.reports``, whose name is the format's id."""

    format: str
    suffixes: tuple[str, ...]
    """Of the files that are written in this format, with their dot: ``.html``."""
    render: Callable[[Report, RenderStyle], str]
    """The whole document with its last line end; pure."""
    page: Callable[[Page, RenderStyle], str] | None = None
    """Likewise for a page that is no report; None: the format has none."""
    render_many: Callable[[Sequence[Report], RenderStyle], str] | None = None
    """Likewise for the reports of many runs in one document; None: the format holds one."""
    render_fleet: FleetRenderer | None = None
    """Likewise for a run over many mailboxes and domains, in pieces, since it may be long; None: the format has none.
    The rows can be asked for more than once."""
    exit_code: Callable[[Report], int] | None = None
    """The exit code, 0 to 255, of a run that is shown in this format, interrupted or not; None: that of the verdict,
    and 130 where it was interrupted."""
    unreported: Callable[[str], tuple[str, int]] | None = None
    """What standard output gets, and the exit code, where a sentence says why there is no report. None: "" and 2."""
    escapes: Escapes | None = None
    """By which grammar standard output gets what its encoding may lack; None: something alike stands there instead.
    Files are in UTF-8."""
    for_collectors: bool = False
    """A new file may be read by whom the umask lets, since a program of another user collects it; else by its owner."""
