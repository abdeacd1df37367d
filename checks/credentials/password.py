"""The password as typed, looked at on this computer before it is sent: does it hold what people do not mean to type?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal, Never

from diagnose.model import NO_NEEDS, Check, Facts, Finding, Inputs, SkipCheck, Subject, Text, text
from diagnose.running.context import Context

Oddity = Literal[
    "blank_at_the_end", "control", "invisible", "full_width", "unusual_blank", "curly_quote", "look_alike", "caps_lock"
]


class PasswordFacts(Facts, frozen=True, kw_only=True):
    """What is odd about the password; nothing else of it."""

    oddities: tuple[Oddity, ...]
    beyond_ascii: bool = False
    """Whether it holds characters that encodings write in different ways."""


def oddities(password: str) -> tuple[Oddity, ...]:
    """The oddities of *password*, by Unicode properties (UAX #44)."""
    found: list[Oddity] = []
    inner = password.strip()
    if inner != password:
        found.append("blank_at_the_end")
    categories = {unicodedata.category(c) for c in inner}
    if "Cc" in categories:
        found.append("control")
    if categories & {"Cf", "Me"}:
        found.append("invisible")
    if any(unicodedata.east_asian_width(c) == "F" for c in inner):
        found.append("full_width")
    if any(unicodedata.category(c) == "Zs" and c not in {" ", "\u3000"} for c in inner):
        found.append("unusual_blank")
    if any(c in "‘’“”„‚" for c in inner):
        found.append("curly_quote")
    if _mixes_scripts(inner):
        found.append("look_alike")
    if re.fullmatch(r"[^a-zA-Z]*[a-z][^a-z]*", inner) and len(re.findall(r"[A-Z]", inner)) >= 3:
        found.append("caps_lock")
    return tuple(found)


def _mixes_scripts(words: str) -> bool:
    """Latin letters beside Cyrillic or Greek ones that look like Latin."""
    names = [unicodedata.name(c, "").partition(" ")[0] for c in words if c.isalpha()]
    return "LATIN" in names and bool({"CYRILLIC", "GREEK"} & set(names))


WORDS: dict[Oddity, Text] = {
    "blank_at_the_end": text("The password as typed begins or ends with a space."),
    "control": text("The password as typed holds a control character."),
    "invisible": text("The password as typed holds an invisible character."),
    "full_width": text("The password as typed holds full-width characters, as an input method makes them."),
    "unusual_blank": text("The password as typed holds an unusual space, as copied text often does."),
    "curly_quote": text("The password as typed holds curly quotation marks, as text programs make them."),
    "look_alike": text("The password as typed mixes Latin letters with letters of another script that look alike."),
    "caps_lock": text("The password as typed looks as if caps lock were on."),
}
_GUESSES: set[Oddity] = {"caps_lock"}
"""Seen often enough in passwords that are right."""


def probe_password(_target: Subject, _inputs: Inputs[Never], context: Context) -> PasswordFacts:
    """Look; no I/O."""
    if context.person.password is None:
        raise SkipCheck(text("there is no password to look at"))
    password = context.person.password.reveal()
    return PasswordFacts(oddities=oddities(password), beyond_ascii=not password.isascii())


def judge_password(facts: PasswordFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Before the server has said anything this can be no more than likely: such passwords do exist."""
    for oddity in facts.oddities:
        yield Finding(
            cause="credentials.input-error",
            certainty="possible" if oddity in _GUESSES else "likely",
            text=WORDS[oddity],
        )


CHECK = Check(
    id="password",
    family="credentials",
    title="The password holds nothing that people do not mean to type",
    each=Subject,
    facts=PasswordFacts,
    probe=probe_password,
    judge=judge_password,
    needs=NO_NEEDS,
    rules_out=("credentials.input-error",),
)
