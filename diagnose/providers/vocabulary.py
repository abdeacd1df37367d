"""The fixed values of provider files in words, and what stands between words."""

from __future__ import annotations

import msgspec

from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.locale.language import Language
from diagnose.process.first_use import made_once
from diagnose.providers.schema import (
    Accepted,
    CharacterClass,
    Kind,
    LockScope,
    Origin,
    ResetMethod,
    UsernameForm,
    WhoEnables,
    Words,
)


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One text in each language for every value."""

    kind: dict[Kind, Words]
    username: dict[UsernameForm, Words]
    accepted: dict[Accepted, Words]
    oauth_accepted: dict[Accepted, Words]
    who_enables: dict[WhoEnables, Words]
    reset_methods: dict[ResetMethod, Words]
    origin: dict[Origin, Words]
    classes: dict[CharacterClass, Words]
    lockout_scope: dict[LockScope, Words]
    references: dict[str, Words]
    """What a reference without an address begins with, and that in words."""
    yes: Words
    no: Words
    comma: Words
    colon: Words
    semicolon: Words
    path_for: Words
    in_simplified: Words
    may_differ: Words


def reference_words(ref: str, lang: Language) -> str:
    """Where a fact comes from, in words where *ref* is no address."""
    words = vocabulary()
    begin = next((one for one in words.references if ref.startswith(one)), None)
    if begin is None or lang == "en":
        return ref
    names = ref.removeprefix(begin).strip().replace(" and ", ", ").replace(", ", words.comma.in_language(lang))
    if names.startswith("(") and names.endswith(")"):
        names = f"（{names[1:-1]}）"  # house style: beside Chinese
    told = words.references[begin].in_language(lang)
    return f"{told} {names}" if names and told[-1].isalnum() else told + names


@made_once
def vocabulary() -> Vocabulary:
    """The package's own, read on first use. Raises KnowledgeError where the file does not fit."""
    return load(KNOWLEDGE / "provider-words.yaml", Vocabulary)
