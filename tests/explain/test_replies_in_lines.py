"""Many replies, a line each: in order, as they come, in bounded space; and what is no such line."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.explain import replies_in_lines
from diagnose.explain.replies_in_lines import LONGEST_LINE, LineError, format_line, read_lines
from diagnose.replies import Reading, read_message
from tests.replies.corpus import CORPUS, judge, labelled


def answers(*lines: bytes) -> list[dict[str, Any]]:
    return [json.loads(format_line(answer)) for answer in read_lines(io.BytesIO(b"\n".join(lines)))]


def line(**fields: object) -> bytes:
    return json.dumps({"id": 1, "reply": "LOGIN failed"} | fields).encode()


def test_the_corpus_is_read_as_it_is_reply_by_reply() -> None:
    found = answers(*CORPUS.read_bytes().splitlines())

    judged = judge(labelled(), as_message=True)
    assert [answer["id"] for answer in found] == [one.labelled.id for one in judged]
    assert [[cause["id"] for cause in answer["causes"]] for answer in found] == [
        [suspect.cause for suspect in one.reading.suspects] for one in judged
    ]


def test_an_answer_has_the_shape_of_the_contract() -> None:
    (answer,) = answers(line(id="a"))

    assert list(answer) == ["id", "causes", "matched", "outcome", "told_by"]
    assert answer["id"] == "a"
    assert list(answer["causes"][0]) == ["id", "certainty", "title"]


def test_lines_that_differ_in_who_when_and_from_where_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(reply: str, **told: Any) -> Reading:
        read.append(reply)
        return read_message(reply, **told)

    monkeypatch.setattr(replies_in_lines, "read_message", counted)
    logged = [
        f"Nov 30 16:{38 + one}:39 mx dovecot[{8_000 + 77 * one}]: Your mailbox is full, user{70 + one}@corp.example"
        for one in range(10)
    ]

    found = answers(*(line(id=one, reply=words) for one, words in enumerate(logged)))

    assert len(read) < len(found) / 2
    assert [answer["matched"] for answer in found] == [read_message(words).matched for words in logged]


def test_the_next_line_is_read_only_when_it_is_asked_for() -> None:
    stream = io.BytesIO(b"\n".join([line(id=1), line(id=2), b"no JSON"]))
    reading = read_lines(stream)

    assert next(reading).id == 1
    assert stream.tell() == len(line(id=1)) + 1
    assert next(reading).id == 2
    with pytest.raises(LineError) as caught:
        next(reading)
    assert caught.value.number == 3


def test_empty_lines_are_none_and_still_count() -> None:
    assert [answer["id"] for answer in answers(line(id=1), b"", b"  \r", line(id=2), b"")] == [1, 2]
    with pytest.raises(LineError) as caught:
        answers(b"", b"", b"{}")
    assert caught.value.number == 3


def test_the_same_reply_again_is_read_as_what_is_known_of_it_wants() -> None:
    known: list[dict[str, object]] = [{}, {"protocol": "http"}, {"provider": "gmail"}, {"stage": "rcpt"}, {}]
    lines = [line(reply="550 5.7.1 Authentication failed", **more) for more in known]

    together = answers(*lines, *lines)

    assert together == [*(answers(one)[0] for one in lines)] * 2
    assert len({json.dumps(one) for one in together}) > 1


def test_a_byte_order_mark_is_no_content() -> None:
    assert len(answers(b"\xef\xbb\xbf" + line())) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"protocol": "xmpp"},
        {"protocol": ["imap"]},
        {"protocol": None},
        {"provider": "acme-mail"},
        {"provider": 7},
        {"provider": {}},
        {"stage": "teatime"},
        {"stage": []},
        {"unknown": {"nested": [1, 2]}, "reply2": None},
    ],
)
def test_what_is_not_known_of_a_reply_is_as_good_as_not_told(more: dict[str, object]) -> None:
    assert answers(line(**more)) == answers(line())


def test_the_provider_of_a_line_comes_before_the_one_of_all() -> None:
    stream = io.BytesIO(b"\n".join([line(id=1), line(id=2, provider="zoho")]))
    of_all, own = (format_line(answer) for answer in read_lines(stream, provider="google"))

    assert "credentials.oauth-required" in of_all
    assert "settings.wrong-host" in own


@pytest.mark.parametrize(
    "wrong",
    [
        b"LOGIN failed",
        b"[]",
        b"null",
        b'"reply"',
        b'{"id": 1}',
        b'{"reply": "LOGIN failed"}',
        b'{"id": 1, "reply": null}',
        b'{"id": null, "reply": "LOGIN failed"}',
        b'{"id": [], "reply": "LOGIN failed"}',
        b'{"id": 1, "reply": "LOGIN failed"} {}',
        b'{"id": 1, "reply": "LOGIN fail',
        b"\xff\xfe{",
        b"[" * 100_000,
        b'{"id":' * 100_000,
        b"\x00",
        b'{"id": ' + b"9" * 10_000 + b', "reply": ""}',
    ],
)
def test_what_is_no_such_object_ends_it_with_one_sentence(wrong: bytes) -> None:
    with pytest.raises(LineError, match=r"not a JSON object with “id” and “reply”") as caught:
        answers(wrong)

    assert caught.value.number == 1


class Endless(io.RawIOBase):
    """A line without end, which remembers how much of it was asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def readline(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            raise AssertionError("a line of any length was asked for")
        self.asked += size
        return b"a" * size


def test_a_line_without_end_is_read_to_the_limit_only() -> None:
    stream = Endless()

    with pytest.raises(LineError, match="longer"):
        list(read_lines(stream))  # type: ignore[arg-type]  # all that is used of a stream

    assert stream.asked <= LONGEST_LINE + 1


def test_a_lone_surrogate_is_an_octet_that_could_not_be_decoded() -> None:
    assert answers(rb'{"id": "\udcff", "reply": "\ud800 LOGIN failed"}') == [{**answers(line())[0], "id": "\udcff"}]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.text() | st.integers(), st.text()), max_size=5))
def test_any_replies_are_answered_each_on_its_line(replies: list[tuple[str | int, str]]) -> None:
    lines = [json.dumps({"id": name, "reply": words}).encode() for name, words in replies]
    shown = [format_line(answer) for answer in read_lines(io.BytesIO(b"\n".join(lines)))]

    assert [json.loads(one)["id"] for one in shown] == [name for name, _ in replies]
    assert not any(set("\n\r\x1b\x9b\u2028\u202e\u2066") & set(one) for one in shown)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_answered_or_refused(raw: bytes) -> None:
    try:
        answers(raw)
        refused_at = 1
    except LineError as error:
        refused_at = error.number

    assert 1 <= refused_at <= raw.count(b"\n") + 1
