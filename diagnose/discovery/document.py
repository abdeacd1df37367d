"""XML from outside, read without any of the features that make it dangerous."""

from __future__ import annotations

import xml.etree.ElementTree as ET

MOST_SERVERS = 20
"""Server entries looked at in one document."""


class DocumentError(ValueError):
    """Not well-formed, or not the kind of document that is wanted."""


class _NoDocumentType(ET.TreeBuilder):
    """Entities, internal or external, can only be declared in a document type; configurations have none."""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise DocumentError("has a document type declaration, which is refused")


def parse(text: str, root: str) -> ET.Element:
    """The document element of *text*, called *root* in any namespace. Raises DocumentError."""
    parser = ET.XMLParser(target=_NoDocumentType())  # noqa: S314 - raises before an entity is declared
    try:
        parser.feed(text.lstrip("\ufeff \t\r\n"))
        element = parser.close()
    except ET.ParseError as error:
        raise DocumentError(f"not well-formed: {error}") from error
    if not isinstance(element, ET.Element) or element.tag.rpartition("}")[2] != root:
        raise DocumentError(f"not a {root} document")
    return element


def words(parent: ET.Element, child: str) -> str:
    """The text of the first *child* in any namespace, "" without such a child."""
    return (parent.findtext(f"{{*}}{child}") or "").strip()
