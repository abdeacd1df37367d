"""Which remedies a reader needs in full."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from diagnose.model.report import ReportLink, ReportRemedy
from diagnose.rendering.renderer import Audience

ORDER = ("user", "helpdesk", "admin", "provider")
SCHEMES = {"http", "https", "mailto", "tel"}


def for_audience(remedies: Iterable[ReportRemedy], audience: Audience) -> tuple[list[ReportRemedy], list[ReportRemedy]]:
    """The remedies to show in full and those of other people.

    Where *audience* can do nothing, the person nearest to them can: that one's remedy is the one to pass on.
    """
    known = [remedy for remedy in remedies if remedy.steps or remedy.links]
    in_order = sorted(known, key=lambda remedy: (remedy.fixer != audience, _distance(remedy.fixer)))
    own = [remedy for remedy in in_order if remedy.fixer == audience] or in_order[:1]
    return own, in_order[len(own) :]


def _distance(fixer: str) -> int:
    return ORDER.index(fixer) if fixer in ORDER else len(ORDER)


def can_be_followed(link: ReportLink) -> bool:
    """Whether the link's address is of a kind that does nothing but open a page, a mail or a call."""
    try:
        return urlsplit(link.url).scheme.lower() in SCHEMES
    except ValueError:
        return False


def pieces(step: str) -> list[tuple[bool, str]]:
    """The parts of *step*, and whether each is code: what stands between two grave accents."""
    parts = step.split("`")
    if len(parts) % 2 == 0:  # one of them stands alone, and means itself
        parts[-2:] = ["`".join(parts[-2:])]
    return [(bool(number % 2), part) for number, part in enumerate(parts) if part]
