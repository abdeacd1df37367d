"""The language of a run: the one asked for, or the one this computer speaks; and the catalogue of its texts.

The texts' sources are English and serve as message ids of GNU gettext; locale/ holds the other languages.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, get_args

from diagnose.knowledge.packages import packages
from diagnose.process.encodings import can_express
from diagnose.process.first_use import lazy_pattern, one_at_a_time

Language = Literal["en", "zh-Hans", "zh-Hant"]

LANGUAGES: tuple[Language, ...] = get_args(Language)
"""BCP 47 tags; the first is the language of the sources."""
OWN_NAMES: Mapping[Language, str] = {"en": "English", "zh-Hans": "简体中文", "zh-Hant": "繁體中文"}
"""Written in what one reads the language in."""
LOCALE = Path(__file__).parent
DOMAIN = "diagnose"
"""The gettext domain: catalogues are called so."""

CALLED_SO = {"cn": "zh-CN", "tw": "zh-TW", "hk": "zh-HK", "chs": "zh-Hans", "cht": "zh-Hant"}
"""What people call Chinese by its country, or as Windows does, and the locale that they mean."""
TRADITIONAL = {"tw", "hk", "mo", "cht"}
"""Regions (ISO 3166-1), and Windows' mark, of Chinese in the Traditional script; any other's is Simplified."""

_SUBTAG = lazy_pattern(r"[a-z]{4}|[a-z]{2}|[0-9]{3}|cht|chs")
"""Script or region (BCP 47), or one of Windows' marks of Chinese."""


def translation(language: Language) -> Callable[[str], str]:
    """From a message id to its text in *language*; English needs no catalogue, and what one lacks stays English.

    What ours lacks is looked up in those of other packages.
    """
    if language == LANGUAGES[0]:
        return str
    with one_at_a_time:
        import gettext

    own = gettext.translation(DOMAIN, LOCALE, [folder(language)], fallback=True).gettext
    if not packages().taken:
        return own
    with one_at_a_time:
        from diagnose.locale import brought

    return brought.translation(own, folder(language))


@contextlib.contextmanager
def spoken(language: Language) -> Iterator[None]:
    """Make *language* the one of `gettext.gettext`: the command line's texts are asked for there, click's own ones too.

    gettext knows no other way than the variable LANGUAGE of this process. Both are put back in the end.
    """
    with one_at_a_time:
        import gettext

    domain, place, before = gettext.textdomain(), gettext.bindtextdomain(DOMAIN), os.environ.get("LANGUAGE")
    gettext.bindtextdomain(DOMAIN, str(LOCALE))
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = folder(language)
    try:
        yield
    finally:
        gettext.textdomain(domain)
        gettext.bindtextdomain(DOMAIN, place)
        if before is None:
            os.environ.pop("LANGUAGE", None)
        else:
            os.environ["LANGUAGE"] = before


def spoken_now() -> Callable[[str], str]:
    """As `gettext.gettext`, for many texts: that looks for the catalogue once a text, a tenth of a millisecond each."""
    if os.environ.get("LANGUAGE") == folder(LANGUAGES[0]):  # as `spoken` sets it
        return str
    with one_at_a_time:
        import gettext

    domain = gettext.textdomain()
    return gettext.translation(domain, gettext.bindtextdomain(domain), fallback=True).gettext


def folder(language: Language) -> str:
    """What *language* is called in gettext: ``zh_Hans``."""
    return language.replace("-", "_")


def asked_for(arguments: Iterable[str]) -> Language | None:
    """The language that ``--lang`` names on a command line; None where it names none of ours.

    Read before the command line is parsed: errors in it are told in that language, too.
    """
    found, words = None, iter(arguments)
    for word in words:
        if word == "--":
            break
        if word == "--lang":
            found = next(words, None)
        elif word.startswith("--lang="):
            found = word.partition("=")[2]
    return named(found) if found else None


def named(word: str) -> Language | None:
    """The language that *word* names: one of ours, or a locale of English or Chinese as `of_locale` reads it."""
    word = CALLED_SO.get(word.strip().lower(), word)
    language, *details = _parts(word)
    if language not in {one.partition("-")[0] for one in LANGUAGES} or not all(map(_SUBTAG.fullmatch, details)):
        return None
    return of_locale(word)


def of_computer(environment: Mapping[str, str] = os.environ) -> Language:
    """The language that programs are to speak here: POSIX.1-2017 §8.2, or what the desktop is set to."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(variable):
            return of_locale(environment[variable])
    return of_locale(_of_desktop() or "")


def of_terminal() -> Language:
    """That of the computer, where standard output can express it; else English, and no line of question marks."""
    found = of_computer()
    return found if can_express(sys.stdout.encoding, OWN_NAMES[found]) else LANGUAGES[0]


def of_locale(name: str) -> Language:
    """The nearest of our languages to a locale, as POSIX (``zh_TW.UTF-8``) or BCP 47 (``zh-Hant-HK``) writes it."""
    language, *details = _parts(name)
    if language != "zh":
        return "en"
    scripts = [detail for detail in details if detail in {"hans", "hant"}]
    if scripts:
        return "zh-Hant" if scripts[0] == "hant" else "zh-Hans"
    return "zh-Hant" if TRADITIONAL & set(details) else "zh-Hans"


def _parts(locale: str) -> list[str]:
    """Language, script and region of *locale*, in lower case, without charset and modifier."""
    return re.split(r"[-_]", re.split(r"[.@]", locale.strip().lower())[0])


def _of_desktop() -> str | None:
    """The locale that macOS or Windows is set to; a terminal there need not have the variables of POSIX."""
    if sys.platform == "win32":
        with one_at_a_time:
            import ctypes
            import locale

        return locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage())
    if sys.platform == "darwin":
        with one_at_a_time:
            import plistlib

        try:
            with (Path.home() / "Library/Preferences/.GlobalPreferences.plist").open("rb") as settings:
                return str(plistlib.load(settings)["AppleLanguages"][0])
        except Exception:  # there is none, or it is damaged: plistlib passes on what its parsers raise
            return None
    return None
