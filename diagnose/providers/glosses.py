"""Words of providers' Chinese, Japanese and Korean pages, with what they mean for readers of English."""

from __future__ import annotations

import re

from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.locale.language import Language
from diagnose.process.first_use import lazy_pattern, made_once
from diagnose.providers.schema import Label, in_language

_FOREIGN = lazy_pattern("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")


def for_reader(label: Label, lang: Language) -> str:
    """The words of *label* in *lang*; in English, words of a foreign page have their meaning behind them."""
    said = in_language(label, lang)
    return glossed(said) if lang == "en" and _FOREIGN.search(said) else said


def glossed(said: str) -> str:
    """*said* with its meaning behind each word of a foreign page, the first time that it stands there.

    What stands in parentheses, or before some, is explained already.
    """
    meanings, told = menu_words(), set[str]()

    def with_meaning(found: re.Match[str]) -> str:
        word = found[0]
        if word in told:
            return word
        told.add(word)
        return f"{word} ({meanings[word]})"

    return foreign_words().sub(with_meaning, said)


@made_once
def menu_words() -> dict[str, str]:
    """Words of providers' pages, and what they mean in English. Raises KnowledgeError where the file does not fit."""
    return load(KNOWLEDGE / "menu-words.yaml", dict[str, str])


@made_once
def foreign_words() -> re.Pattern[str]:
    """All words that have a meaning here, as whole words, the longest first."""
    words = "|".join(map(re.escape, sorted(menu_words(), key=len, reverse=True)))
    return re.compile(rf"(?<![\w/(])(?:{words})(?![\w/]|\)| \([^()\u3400-\u9fff]*\))")
