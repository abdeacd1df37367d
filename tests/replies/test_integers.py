"""Numbers in a file: the same ones on every computer."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.replies.integers import Numbers, packed
from diagnose.replies.knowledge import load_knowledge, places_of

LEAST, MOST = -(2**31), 2**31 - 1


@given(st.lists(st.integers(LEAST, MOST)))
def test_numbers_come_back_as_they_were(numbers: list[int]) -> None:
    assert list(packed(numbers).all) == numbers


@pytest.mark.parametrize("number", [LEAST - 1, MOST + 1])
def test_a_number_that_is_too_large_is_refused(number: int) -> None:
    with pytest.raises(OverflowError):
        packed([number])


def test_they_are_written_alike_whatever_computer_writes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lowest octet first; one with another order turns them round when it writes and when it reads."""
    here = packed([1, -2]).packed
    other = "big" if sys.byteorder == "little" else "little"
    monkeypatch.setattr(sys, "byteorder", other)
    there = packed([1, -2]).packed

    assert there == b"".join(here[start : start + 4][::-1] for start in (0, 4))
    assert list(Numbers(there).all) == [1, -2]


@given(st.dictionaries(st.integers(1, 50), st.lists(st.tuples(st.integers(0, 700), st.integers(0, 90)), max_size=4)))
def test_places_are_found_by_their_term(by_term: dict[int, list[tuple[int, int]]]) -> None:
    """And by no other number."""
    places = places_of(by_term)

    assert {term: list(places.places(term)) for term in by_term} == by_term
    assert not any(list(places.places(term)) for term in (-1, 0, 51, 10**9))


def test_a_rule_is_the_same_however_often_it_is_asked_for() -> None:
    """It is unpacked once, in its place."""
    known = load_knowledge()

    assert known.rule(3) is known.rule(3) is known.rules[3]
    assert [rule.order for rule in known.rules] == list(range(len(known.packed_rules)))
