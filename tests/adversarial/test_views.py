"""The short ways to see that nothing is encoded in a text find all that the long ones do."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diagnose.redaction import views as looked_at

INVISIBLE = [
    b"\xc2\xad",
    b"\xcd\x8f",
    b"\xe2\x80\x8b",
    b"\xef\xbb\xbf",
    b"\xf3\xa0\x81x",
    b"\xf3\xa0\x81",
    b"\0",
    b"\x7f",
]
OCTETS = st.lists(
    st.one_of(st.sampled_from([*INVISIBLE, b"secret", b"se", b"cret", b"\xff", b"\xc2"]), st.binary(max_size=5)),
    max_size=7,
).map(b"".join)
WORDS = st.text(
    st.sampled_from(string.ascii_letters + string.digits + " .,:;-_/\\%&=+#\xc3\xa9\u200b\uff41"), max_size=60
)


@example([b"\xf3\xa0\x81", b"secret"], 6)  # whose last octet may be any
@given(st.lists(OCTETS, max_size=8), st.integers(2, 6))
def test_ways_to_decode_a_piece_are_looked_at_each_by_itself(ways: list[bytes], least: int) -> None:
    """Together they only tell that there is nothing in any."""
    search = looked_at._Search(least, "")

    assert list(search.readable(ways)) == [view for one in ways for view in search.readable([one])]


@pytest.mark.parametrize("letters", ["", "\xe9"])
@given(said=WORDS, least=st.integers(2, 9))
def test_what_is_not_asked_has_nothing_to_say(said: str, least: int, letters: str) -> None:
    """Neither without its mark, nor of a text that is too short."""
    search = looked_at._Search(least, letters)
    unmarked = () if looked_at._MARKS.search(said) else looked_at._DECODERS[: -len(looked_at._OF_RUNS)]
    too_long = looked_at._OF_RUNS if len(said) < search.shortest else ()

    assert [view for decode in (*unmarked, *too_long) for view in decode(said, search)] == []
