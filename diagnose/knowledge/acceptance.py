"""Which packages' knowledge is taken: each is read beside ours, and left out as a whole where anything does not fit."""

from __future__ import annotations

import gettext
import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path

from diagnose.browsers.files import browser_files, read_browser
from diagnose.knowledge import KnowledgeError
from diagnose.knowledge.catalogue import catalogue_with
from diagnose.knowledge.packages import BROWSERS, KINDS, LOCALE, PROVIDERS, Package, Packages, Refused
from diagnose.model.text import Text, text
from diagnose.process.entry_points import EntryPoint
from diagnose.providers.files import provider_files, read_provider
from diagnose.providers.recognition import index_with
from diagnose.replies.knowledge import knowledge_with


class NoFolderError(Exception):
    """An entry point names no folder of knowledge; the message says what is wrong."""


def accept(points: Iterable[EntryPoint]) -> Packages:
    """The packages of *points*, sorted out. Raises KnowledgeError only for a file outside these packages."""
    found: list[Package] = []
    refused: list[Refused] = []
    for point in points:
        try:
            found.append(Package(point.name, _folder(point.value)))
        except NoFolderError as error:
            refused.append(Refused(point.name, _sentence(point.name, str(error))))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # to find a package its parents are imported, which may do anything
            refused.append(Refused(point.name, _sentence(point.name, type(error).__name__)))
    while True:
        try:
            _read(tuple(found))
        except KnowledgeError as error:
            unfit = next((package for package in found if error.file.is_relative_to(package.folder)), None)
            if unfit is None:
                raise
            found.remove(unfit)  # others may have built on it, so they are read again without it
            refused.append(Refused(unfit.name, _sentence(unfit.name, str(error))))
        else:
            return Packages(tuple(found), tuple(refused))


def _sentence(name: str, problem: str) -> Text:
    return text("the knowledge of “{name}” cannot be used: {problem}", name=name, problem=problem)


def _folder(module: str) -> Path:
    """The folder of the package called *module*. Raises NoFolderError; whatever its parents raise."""
    spec = importlib.util.find_spec(module)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise NoFolderError(f"there is no package {module!r}")
    folder = Path(places[0])
    if not any((folder / kind).is_dir() for kind in KINDS):
        raise NoFolderError(f"{folder} holds no folder called {', '.join(KINDS)}")
    return folder


def _read(brought: tuple[Package, ...]) -> None:
    """Everything that *brought* holds, as it will be read. Raises KnowledgeError."""
    catalogue_with(brought)
    knowledge_with(brought)
    provider_files(brought)
    browser_files(brought)
    for package in brought:
        for file in package.files(PROVIDERS):
            read_provider(file)
        for file in package.files(BROWSERS):
            for pattern in read_browser(file).recognition.user_agent:
                _compiled(file, pattern)
        for file in sorted((package.folder / LOCALE).glob("*/LC_MESSAGES/*.mo")):
            _translations(file)
    index_with(brought)


def _compiled(file: Path, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise KnowledgeError(file, 1, f"{pattern!r} is no regular expression: {error}") from error


def _translations(file: Path) -> None:
    try:
        with file.open("rb") as stream:
            gettext.GNUTranslations(stream)
    except Exception as error:  # of a file that is none: of many types
        raise KnowledgeError(file, 1, f"is no compiled catalogue of gettext: {type(error).__name__}") from error
