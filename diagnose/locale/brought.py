"""The translations that other packages bring, for what ours lack."""

from __future__ import annotations

import gettext
import string
from collections.abc import Callable

from diagnose.knowledge.packages import LOCALE, packages
from diagnose.process.first_use import made_once


def translation(own: Callable[[str], str], folder: str) -> Callable[[str], str]:
    """*own*, and for what it leaves as it is the catalogues of other packages in *folder*, by name."""
    catalogues = _catalogues(folder)

    def translate(msgid: str) -> str:
        said = own(msgid)
        if said != msgid:
            return said
        found = (one.gettext(msgid) for one in catalogues)
        return next((one for one in found if one != msgid and _placeholders(one) == _placeholders(msgid)), msgid)

    return translate


@made_once
def _catalogues(folder: str) -> tuple[gettext.GNUTranslations, ...]:
    found = []
    for package in packages().taken:
        for file in sorted((package.folder / LOCALE / folder / "LC_MESSAGES").glob("*.mo")):
            with file.open("rb") as stream:
                found.append(gettext.GNUTranslations(stream))
    return tuple(found)


def _placeholders(template: str) -> set[object] | None:
    """What is to be filled in: a translation with others would fail when it is shown, so it counts as none."""
    try:
        return {part[1:] for part in string.Formatter().parse(template) if part[1] is not None}
    except ValueError:
        return None
