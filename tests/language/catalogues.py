"""The catalogues as they lie in git, and what the sources hold by now."""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

from diagnose.locale.language import DOMAIN, LANGUAGES, LOCALE, folder
from diagnose.providers import Language

ROOT = Path(__file__).parents[2]
TRANSLATED = LANGUAGES[1:]
HAN = re.compile("[\u3400-\u9fff]")


@cache
def extracted() -> Catalog:
    """What `make messages` finds in the sources."""
    command = ["pybabel", "-q", "extract", "-k", "text", "--add-location=file"]
    with tempfile.TemporaryDirectory() as into:
        found = Path(into, f"{DOMAIN}.pot")
        frontend: Any = CommandLineInterface()  # published without types
        frontend.run([*command, "-F", str(LOCALE / "babel.toml"), "-o", str(found), str(ROOT)])
        with found.open("rb") as stream:
            return read_po(stream)


@cache
def catalogue_of(language: Language) -> Catalog:
    with (LOCALE / folder(language) / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as stream:
        return read_po(stream, abort_invalid=True)


def messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def ids(message: Message) -> tuple[str, ...]:
    """The message id, and that of the plural."""
    return (message.id,) if isinstance(message.id, str) else tuple(message.id or ())


def texts(message: Message) -> tuple[str, ...]:
    """The translation; of a plural, one for each form that the language has."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def translations(language: Language) -> list[tuple[str, str]]:
    """Source and translation of all that is translated; of a plural its last form."""
    return [(ids(message)[-1], said) for message in messages(catalogue_of(language)) for said in texts(message) if said]


def known_ids(language: Language) -> set[str]:
    return {one for message in messages(catalogue_of(language)) for one in ids(message)}
