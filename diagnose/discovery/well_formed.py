"""XML from outside, read without any of the features that make it dangerous."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from diagnose.discovery.document import DocumentError


class _NoDocumentType(ET.TreeBuilder):
    """Entities, internal or external, can only be declared in a document type; configurations have none."""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise DocumentError("has a document type declaration, which is refused")


def element(text: str, root: str) -> ET.Element:
    """The document element of *text*, called *root* in any namespace. Raises DocumentError."""
    parser = ET.XMLParser(target=_NoDocumentType())  # noqa: S314 - raises before an entity is declared
    try:
        parser.feed(text.lstrip("\ufeff \t\r\n"))
        found = parser.close()
    except ET.ParseError as error:
        raise DocumentError(f"not well-formed: {error}") from error
    if not isinstance(found, ET.Element) or found.tag.rpartition("}")[2] != root:
        raise DocumentError(f"not a {root} document")
    return found
