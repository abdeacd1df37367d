"""Whatever a server sends: no exception, no long wait, no unknown cause."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.replies import ReplyForm, load_knowledge, read_reply
from diagnose.replies.compiling import known_causes
from diagnose.replies.folding import fold, visible
from diagnose.replies.phrases import sentences, without_addresses
from diagnose.replies.wire import take_apart

PROTOCOLS = st.sampled_from([None, "imap", "pop3", "smtp", "http", "oauth"])
STAGES = st.sampled_from(
    [None, "connect", "greeting", "capability", "starttls", "login", "select", "rcpt", "data", "?"]
)
PIECES = st.sampled_from(
    [
        "a1 NO ",
        "* BYE ",
        "-ERR ",
        "535 ",
        "535-",
        "5.7.8 ",
        "[AUTH] ",
        "[",
        "]",
        "{",
        "}",
        '"error":',
        "<",
        ">",
        "<p>",
        "&amp;",
        "\r\n",
        "\x00",
        "\x1b[2J",
        "\ud800",
        "%C3%DC",
        "\\u5bc6",
        "eyJ",
        "密码",
        "ÃÜÂë",
        "password",
        " expired",
    ]
)


@settings(max_examples=300, deadline=None)
@given(reply=st.one_of(st.text(), st.binary(), st.lists(PIECES).map("".join)), protocol=PROTOCOLS, stage=STAGES)
def test_anything_is_read(reply: str | bytes, protocol: ReplyForm | None, stage: str | None) -> None:
    reading = read_reply(reply, protocol=protocol, stage=stage, provider="qq-mail")
    causes = known_causes()

    assert causes is not None
    assert {suspect.cause for suspect in reading.suspects} <= causes
    assert len({suspect.cause for suspect in reading.suspects}) == len(reading.suspects)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        " ",
        "\n",
        "<",
        "<a ",
        "<script>",
        "<!--",
        "&amp",
        "[AUTH",
        "[A ",
        "{",
        '{"a":',
        "a@",
        "http://",
        "%CE",
        "\\u5bc6",
        "é",
        "密",
        "eyJ",
        "+ ",
        "535-5.7.8 ",
        "(#5.7.1",
        "HTTP ERROR ",
        "1 ",
        "password ",
        "a.",
        "a1 NO ",
        "\x00",
        "．",
    ],
)
def test_the_time_grows_no_faster_than_the_text(piece: str) -> None:
    """Four times the text takes nowhere near sixteen times the time, in each step taken alone, unbounded."""
    steps: tuple[Callable[[str], object], ...] = (take_apart, visible, fold, sentences, without_addresses)
    for step in steps:
        # in pairs, since a processor whose other half is idle is twice as fast as a moment later
        pairs = [[_seconds(step, (piece * size)[:size]) for size in (50_000, 200_000)] for _ in range(7)]

        assert min(long / max(short, 0.002) for short, long in pairs) < 8, step


def _seconds(step: Callable[[str], object], text: str) -> float:
    started = time.process_time()
    step(text)
    return time.process_time() - started


@pytest.mark.parametrize("size", [1_000_000, 10_000_000])
def test_a_flood_costs_no_more_than_the_limit(size: int) -> None:
    load_knowledge()
    for flood in (b"\xc3\x28" * (size // 2), bytes(range(256)) * (size // 256), b"a1 NO " * (size // 6)):
        started = time.process_time()
        read_reply(flood)

        assert time.process_time() - started < 5
