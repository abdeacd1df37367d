"""Every concept in every language: what is read rightly, and the holes that are known."""

from __future__ import annotations

from collections import Counter

import pytest

from diagnose.replies import read_message
from tests.replies.corpus import concepts, judge

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "uk", "tr", "vi", "ja", "ko", "zh-Hans", "zh-Hant")
MOST_HOLES = 3
"""Concepts that a language may lack."""


def test_every_concept_has_a_sentence_in_every_language() -> None:
    told = Counter(name for text in concepts() for name in (text.id.partition(".")[0],))

    assert len(told) > 25
    assert {name: count for name, count in told.items() if count != len(LANGUAGES)} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_concept_is_read_in_every_language(language: str) -> None:
    sentences = [text for text in concepts() if text.id.endswith(f".{language}")]
    holes = [str(one) for one in judge(sentences) if not one.right]

    assert len(holes) <= MOST_HOLES, "\n".join(holes)


def test_a_concept_is_never_firmly_another_in_what_explain_reads() -> None:
    wrong = [str(one) for one in judge(concepts(), as_message=True) if one.confidently_wrong]

    assert wrong == []


def test_the_same_sentence_in_capitals_means_the_same() -> None:
    sentences = [text for text in concepts() if text.id.endswith((".en", ".de", ".ru"))]

    assert [
        text.id
        for text in sentences
        if [one.cause for one in read_message(text.reply.upper()).suspects]
        != [one.cause for one in read_message(text.reply).suspects]
    ] == []
