"""A domain one slip of the finger away from a known one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.address.spelling import close_domains, one_edit_apart

LETTERS = "abc.-"
WORDS = st.text(LETTERS, max_size=7)


def edits(word: str) -> set[str]:
    """All that one edit makes of *word*, one by one."""
    cuts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    return {
        *(before + letter + after for before, after in cuts for letter in LETTERS),
        *(before + after[1:] for before, after in cuts if after),
        *(before + letter + after[1:] for before, after in cuts if after for letter in LETTERS),
        *(before + after[1] + after[0] + after[2:] for before, after in cuts if len(after) > 1),
    } - {word}


@given(WORDS, WORDS)
def test_one_edit_is_told_from_none_and_from_two(one: str, other: str) -> None:
    assert one_edit_apart(one, other) == (other in edits(one))


@given(WORDS)
def test_every_edit_is_found(word: str) -> None:
    assert all(one_edit_apart(word, other) and one_edit_apart(other, word) for other in edits(word))


@pytest.mark.parametrize(
    ("typed", "close"),
    [
        ("gmial.com", ("gmail.com",)),
        ("gmai.com", ("gmail.com",)),
        ("gmaiil.com", ("gmail.com",)),
        ("gnail.com", ("gmail.com",)),
        ("grnail.com", ("gmail.com",)),
        ("16s.com", ("163.com", "16.com")),
        ("gmail.com", ("gmail.com",)),  # it looks like itself; the caller leaves that out
        ("gmiall.com", ()),
        ("liamg.com", ()),
        ("corp.example", ()),
    ],
)
def test_what_is_close(typed: str, close: tuple[str, ...]) -> None:
    assert close_domains(typed, ("gmail.com", "163.com", "16.com", "qq.com")) == close
