"""Questions as they are sent, held against what dnspython makes of the same."""

from __future__ import annotations

from typing import get_args

import dns.flags
import dns.message
import dns.name
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.network.question import EDNS_PAYLOAD, NUMBERS, Question, RecordType

LABELS = st.text("abcxyz019-_", min_size=1, max_size=63)


def by_dnspython(question: Question) -> bytes:
    made = dns.message.make_query(
        question.name + ".", question.record_type, use_edns=0, payload=EDNS_PAYLOAD, id=question.number
    )
    if question.checking_disabled:
        made.flags |= dns.flags.CD
    if not question.edns:
        made.use_edns(False)
    return made.to_wire()


@pytest.mark.parametrize("kind", get_args(RecordType))
@pytest.mark.parametrize("checking_disabled", [False, True])
@pytest.mark.parametrize("edns", [False, True])
def test_every_kind_of_question_is_written_as_dnspython_writes_it(
    kind: RecordType, checking_disabled: bool, edns: bool
) -> None:
    for name in ("", "test", "_imaps._tcp.corp.example"):
        question = Question(name=name, record_type=kind, checking_disabled=checking_disabled, edns=edns)
        assert question.written() == by_dnspython(question)


def test_every_kind_has_its_number() -> None:
    assert tuple(sorted(NUMBERS)) == tuple(sorted(get_args(RecordType)))


@settings(max_examples=100, deadline=None)
@given(st.lists(LABELS, max_size=12).map(".".join), st.integers(0, 65535))
def test_any_name_is_written_as_dnspython_writes_it_or_by_neither(name: str, number: int) -> None:
    question = Question(name=name, record_type="MX", number=number)
    try:
        expected = by_dnspython(question)
    except dns.name.NameTooLong:
        with pytest.raises(ValueError, match="255 octets"):
            question.written()
    else:
        assert question.written() == expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("corp..example", "empty"),
        (".corp.example", "empty"),
        ("a" * 64 + ".example", "63 octets"),
        (".".join(["a" * 63] * 4), "255 octets"),
        ("b\u00fccher.example", "ASCII"),
    ],
)
def test_what_is_no_name_is_told(name: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Question(name=name, record_type="A").written()


def test_a_question_that_is_asked_again_keeps_its_number_and_others_have_their_own() -> None:
    question = Question(name="corp.example", record_type="A")

    assert question.written() == question.written()
    assert len({Question(name="corp.example", record_type="A").number for _ in range(50)}) > 40
