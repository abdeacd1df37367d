"""What stands for many texts: one that is read as each of them is."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from diagnose.replies import read_message
from diagnose.replies.alike import LONGEST, stand_in
from diagnose.replies.knowledge import load_knowledge
from tests.replies.corpus import BLIND, SEEN, Labelled, labelled

REFUSED = "535 5.7.8 authentication failed"


def texts() -> list[Labelled]:
    return [one for file in (*SEEN, *BLIND) for one in labelled(file)]


def read_alike(one: Labelled, text: str) -> bool:
    """Whether another text stands for *text*; it has to be read as this one is."""
    other = stand_in(text)
    if other == text:
        return False
    told = {"protocol": one.protocol, "provider": one.provider, "stage": one.stage}
    assert read_message(other, **told) == read_message(text, **told), text  # type: ignore[arg-type]
    return True


def test_what_stands_for_a_labelled_text_is_read_as_it_is() -> None:
    assert sum(read_alike(one, one.reply) for one in texts()) > 300


def _name(draw: random.Random) -> str:
    return "".join(draw.choice("bcdfghjklmnprstvz") + draw.choice("aeiou") for _ in range(draw.randint(1, 4)))


def _client(draw: random.Random) -> str:
    return ".".join(str(draw.randint(0, 255)) for _ in range(4))


def _time(draw: random.Random) -> str:
    return f"{draw.randint(0, 23):02d}:{draw.randint(0, 59):02d}:{draw.randint(0, 59):02d}"


WRITTEN_BETWEEN: tuple[Callable[[random.Random], str], ...] = (
    _time,
    _client,
    lambda draw: f"2026-11-30T{_time(draw)}.{draw.randint(0, 999)}Z",
    lambda draw: f"{_time(draw)}{draw.choice('.,')}{draw.choice(('535', '454', '5.7.8', '099'))}",
    lambda draw: f"[{_client(draw)}]:",
    lambda draw: f"dovecot[{draw.randint(0, 99_999)}]:",
    lambda draw: f"session={draw.randint(10**7, 10**12)},",
    lambda draw: str(draw.randint(10**7, 10 ** draw.randint(8, 15))),
    lambda draw: f"{_name(draw)}{draw.randint(0, 10 ** draw.randint(1, 6))}",
    lambda draw: f"{draw.choice(('imap', 'pop', 'tls', 'aadsts', 'error', 'status', 'a'))}{draw.randint(0, 99_999)}",
    lambda draw: f"user=<{_name(draw)}.{_name(draw)}@{draw.choice(('corp.example', 'qq.com', 'gmail.com'))}>",
    lambda draw: f"\n{draw.choice(('INFO', 'ERROR'))} {_name(draw)}{draw.randint(0, 99)}@corp.example:",
)
"""What logs and programs write around and between the words of a reply."""


def test_what_stands_for_a_text_with_names_and_numbers_between_its_words_is_read_as_it_is() -> None:
    draw = random.Random(20_261_130)
    among = [one for one in texts() if one.reply.isascii() and len(one.reply) <= 600]
    exchanged = 0
    for one in draw.sample(among, 1_000):
        words = one.reply.split(" ")
        for _ in range(draw.randint(1, 3)):
            words.insert(draw.choice((0, len(words), draw.randint(0, len(words)))), draw.choice(WRITTEN_BETWEEN)(draw))
        exchanged += read_alike(one, " ".join(words))
    assert exchanged > 500


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{REFUSED} for user17", f"{REFUSED} for user86"),
        (f"{REFUSED} (peter@corp.example)", f"{REFUSED} (maria@corp.example)"),
        ("a17 NO [AUTHENTICATIONFAILED] no", "a86 NO [AUTHENTICATIONFAILED] no"),
        ("Nov 30 16:54:23 mx1 dovecot[4711]: x", "Nov 30 17:39:38 mx1 dovecot[8899]: x"),
        ("2026-11-30T16:54:23Z auth failed", "2026-11-30T17:33:38Z auth failed"),
        ("2026-11-29T16:54:23.123456+08:00 auth failed", "2025-08-17T17:33:38.987654+08:00 auth failed"),
        ("2026-11-30 16:54:23,123 auth failed", "2026-11-30 17:33:38,987 auth failed"),
        ("auth failed from 198.51.77.7", "auth failed from 203.79.99.7"),
        ("auth failed: session=1234567890, x", "auth failed: session=9876543210, x"),
    ],
)
def test_texts_that_differ_in_who_when_and_from_where_have_the_same_one(one: str, other: str) -> None:
    assert stand_in(one) == stand_in(other)


@pytest.mark.parametrize(
    "text",
    [
        "user535 5.7.8 x",  # the last digits of a word are a code, where an enhanced status code follows
        "error401",
        "AADSTS50126",
        "aadsts50126 x",
        "pop3: refused",
        "socket error[10061]",
        "5.7.1 no",
        "refused by 4.7.0.1",
        "450 failed",
        "2026-11-30 auth failed",
        "eyJzdGF0dXMi12345",
        "mailserver@corp.example",  # a phrase may begin within this one
        "user@corp.example",  # phrases hold this name
        "smtp.qq.com:465",
        '{"error": "x user17"}',
        "用户 user17 登录失败",
        "user17 " * (LONGEST // 7 + 1),
    ],
)
def test_codes_and_what_phrases_hold_stay(text: str) -> None:
    assert stand_in(text) == text


def test_an_enhanced_status_code_behind_a_time_is_no_part_of_it() -> None:
    assert stand_in("16:54:23,5.7.8 no").endswith(",5.7.8 no")


def test_no_phrase_holds_what_stands_for_others() -> None:
    index = load_knowledge().index
    assert not [phrase for phrase, _ in index.all_phrases() if "zz" in phrase.split() or "99" in phrase.split()]
