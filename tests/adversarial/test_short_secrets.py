"""A password of a letter or two is hidden where it stands, and leaves the reply readable."""

from __future__ import annotations

import base64

import pytest

from diagnose.account.secret import MASK, Secret

LOCKED = "NO [AUTHENTICATIONFAILED] Account locked after too many failed attempts, extra 535 5.7.8 text"


@pytest.mark.parametrize("word", ["x", "a", "53", "ed", "to", "oc", "ext"])
def test_words_that_hold_its_letters_stay(word: str) -> None:
    assert Secret(word).masked_in(LOCKED) == LOCKED


@pytest.mark.parametrize("word", ["x", "5", "a1?", "pw", "é"])
@pytest.mark.parametrize("form", ["{}", "<{}>", "password={}.", '"{}"'])
def test_it_is_masked_where_it_stands_alone(word: str, form: str) -> None:
    assert Secret(word).masked_in("bad argument " + form.format(word)) == "bad argument " + form.format(MASK)


@pytest.mark.parametrize("word", ["x", "5", "a1?", "pw", "é"])
@pytest.mark.parametrize("front", range(4))
@pytest.mark.parametrize("answer", [b"\0alice\0", b"user=alice\1auth=Bearer "])
def test_it_is_masked_in_base64(word: str, front: int, answer: bytes) -> None:
    written = base64.b64encode(answer + word.encode()).decode()[front:]

    assert Secret(word).masked_in(f"501 cannot decode {written}") == f"501 cannot decode {MASK}"
