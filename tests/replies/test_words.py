"""Words in blocks: the same as a list of them, in each place and for each search."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.replies import load_knowledge
from diagnose.replies.phrases import Indexing
from diagnose.replies.words import BLOCK, SEPARATOR, in_blocks

SORTED = st.lists(st.text("ab é密\U0001f512", min_size=1, max_size=4), max_size=5 * BLOCK).map(sorted)


@given(SORTED)
def test_each_word_is_in_its_row(words: list[str]) -> None:
    packed = in_blocks(words)

    assert len(packed) == len(words)
    assert list(packed) == words
    assert [packed[row] for row in range(len(words))] == words


@given(SORTED, st.text("abc é密\U0001f512\U0010ffff", max_size=5))
def test_a_search_finds_the_row_that_a_list_has(words: list[str], word: str) -> None:
    packed = in_blocks(words)

    assert packed.before(word) == bisect_left(words, word)
    assert packed.behind(word) == bisect_right(words, word)


@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])
def test_a_search_finds_the_row_at_the_ends_of_blocks(count: int) -> None:
    words = [f"{number:03}" for number in range(count)]
    packed = in_blocks(words)

    for word in ("", "zz", *words):
        assert packed.before(word) == bisect_left(words, word)
        assert packed.behind(word) == bisect_right(words, word)


def test_a_search_takes_only_one_block_apart() -> None:
    """Else all phrases would be objects of their own in the end, most of their memory for no character."""
    packed = in_blocks([f"{number:05}" for number in range(1000 * BLOCK)])

    packed.before("00777")
    packed.behind("00777")

    assert {number for number, words in enumerate(packed._apart) if words} == {777 // BLOCK}
    assert packed[777] == "00777"


def test_no_phrase_holds_what_stands_between_two() -> None:
    with pytest.raises(ValueError, match="no phrase"):
        Indexing({"group": [f"over{SEPARATOR}quota"]})


def test_all_our_phrases_are_in_order() -> None:
    words = list(load_knowledge().index.phrases.words)

    assert words == sorted(words)


def test_a_phrase_keeps_all_of_its_terms() -> None:
    """Most are one, some several; none takes those of its neighbour."""
    groups = {"one": ["a", "b", "d"], "two": ["b", "c", "d"], "three": ["d", "e"]}
    index = Indexing(groups).done()

    for phrase in "abcde":
        assert {name for name in groups if index.group(name) in index.find(phrase)} == {
            name for name, phrases in groups.items() if phrase in phrases
        }
