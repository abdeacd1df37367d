"""Documents of servers in XML, most of which are not there: what reads one is loaded for the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.process.first_use import one_at_a_time

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

MOST_SERVERS = 20
"""Server entries looked at in one document."""


class DocumentError(ValueError):
    """Not well-formed, or not the kind of document that is wanted."""


def parse(text: str, root: str) -> ET.Element:
    """The document element of *text*, called *root* in any namespace. Raises DocumentError."""
    with one_at_a_time:
        from diagnose.discovery import well_formed

    return well_formed.element(text, root)


def words(parent: ET.Element, child: str) -> str:
    """The text of the first *child* in any namespace, "" without such a child."""
    return (parent.findtext(f"{{*}}{child}") or "").strip()
