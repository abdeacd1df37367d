"""A desktop entry by the Desktop Entry Specification of freedesktop.org, which Linux and BSD desktops read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from diagnose import __version__
from diagnose.locale.language import LANGUAGES, Language, translation
from diagnose.model import TextError, text

NAME = "mail-login-doctor"
"""Of the entry and its icon, as files."""
ICON = Path(__file__).with_name("icon.svg")
MARK = "X-MailLoginDoctor-Version="
"""How the line begins by which an entry of ours is known."""
ICON_MARK = f"<!-- {NAME} -->"

TITLE = text("Mail login check").msgid
COMMENT = text("Find out why you cannot log in to your mailbox, and what to do").msgid
KEYWORDS = text("mail mailbox login password webmail browser").msgid
"""Words that the menu finds it by, with blanks between them."""

LOCALES: dict[Language, tuple[str, ...]] = {
    "en": (),
    "zh-Hans": ("zh_CN", "zh_SG"),
    "zh-Hant": ("zh_TW", "zh_HK", "zh_MO"),
}
"""What desktops call our languages; those of the specification know no script. Empty: the default."""

RESERVED = frozenset(" \t\"'\\><~|&;$*?#()`")
"""Characters for which an argument of Exec has to stand in quotes."""
ESCAPED = '"`$\\'
"""Those with a backslash before them within the quotes."""

NOT_OF_PROGRAMS = frozenset("=%")
"""The specification bars the first; GLib looks for a program before it reads “%%” as one sign."""


class EntryError(TextError, ValueError):
    """The command cannot stand in a desktop entry; the message says why."""


def entry(command: Sequence[str]) -> str:
    """The desktop entry that starts *command*, in all languages. Raises EntryError."""
    return "\n".join(_lines(command)) + "\n"


def _lines(command: Sequence[str]) -> Iterator[str]:
    yield "[Desktop Entry]"
    yield "Version=1.0"
    yield "Type=Application"
    for language in LANGUAGES:
        _ = translation(language)
        said = {"Name": _(TITLE), "Comment": _(COMMENT), "Keywords": "".join(f"{one};" for one in _(KEYWORDS).split())}
        for place in [f"[{locale}]" for locale in LOCALES[language]] or [""]:
            yield from (f"{key}{place}={words}" for key, words in said.items())
    yield f"Icon={NAME}"
    yield f"Exec={exec_line(command)}"
    yield f"TryExec={_string(command[0])}"
    yield "Terminal=false"
    yield "StartupNotify=false"
    yield "Categories=Network;Email;"
    yield f"{MARK}{__version__}"


def exec_line(command: Sequence[str]) -> str:
    """*command* as the value of Exec. Raises EntryError."""
    for word in command:
        if not word.isprintable():  # control characters, and bytes that are no UTF-8
            raise EntryError(text("“{word}” holds a character that a desktop entry cannot hold", word=word))
    for sign in NOT_OF_PROGRAMS & set(command[0]):
        raise EntryError(
            text("“{word}” holds “{sign}”, which no program in a desktop entry may", word=command[0], sign=sign)
        )
    return _string(" ".join(map(_quoted, command))).replace("%", "%%")


def _quoted(word: str) -> str:
    if word and not RESERVED & set(word):
        return word
    return '"' + "".join(f"\\{sign}" if sign in ESCAPED else sign for sign in word) + '"'


def _string(value: str) -> str:
    """*value* as the type “string” of the specification, which has escapes of its own."""
    return value.replace("\\", "\\\\")
