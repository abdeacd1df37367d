"""Patterns and the index that finds their phrases."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.replies.phrases import LONGEST_SENTENCE, Indexing, sentences, without_addresses


def fits(pattern: str, sentence: str) -> bool:
    indexing = Indexing({"lock": ["locked", "gesperrt*"]})
    compiled = indexing.pattern(pattern)
    return compiled.fits(indexing.done().find(sentence))


@pytest.mark.parametrize(
    ("pattern", "sentence", "expected"),
    [
        ("port", "port 25 is closed", True),
        ("port", "support", False),
        ("port", "portal", False),
        ("port*", "portal", True),
        ("port*", "support", False),
        ("*port", "support", True),
        ("*port", "supported", False),
        ("*port*", "supported", True),
        ("密码", "您的密码错误", True),
        ("비밀번호", "비밀번호가", True),
        ("imap", "使用imap服务", True),
        ("5.7.1", "5.7.139", False),
        ("err_name", "net::err_name", True),
        ("account & {lock}", "the account is locked", True),
        ("account & {lock}", "locked is the account", True),
        ("account & {lock}", "the account", False),
        ("account & {lock} & !mailbox", "account locked, mailbox full", False),
        ("{lock}", "gesperrtes konto", True),
    ],
)
def test_patterns(pattern: str, sentence: str, expected: bool) -> None:
    assert fits(pattern, sentence) is expected


@pytest.mark.parametrize("pattern", ["", "&", "a & ", "!a", "{nobody}", "{lock", "a*b", "*", "a**"])
def test_what_is_no_pattern(pattern: str) -> None:
    indexing = Indexing({"lock": ["locked"]})

    with pytest.raises(ValueError, match=r"phrase"):
        indexing.pattern(pattern)


def test_sentences_end_where_statements_end() -> None:
    assert sentences("login failed. try 5.7.1 again! 密码错误。请重试\nbye") == [
        "login failed.",
        "try 5.7.1 again!",
        "密码错误",
        "请重试",
        "bye",
    ]
    assert [len(piece) for piece in sentences("x" * (2 * LONGEST_SENTENCE + 1))] == [LONGEST_SENTENCE] * 2 + [1]


def test_addresses_are_taken_out() -> None:
    assert without_addresses("see https://a.example/x?y=z or <bob@b.example>, now") == "see   or < >, now"


class Counted(str):
    """A text that counts how often it is compared with a phrase."""

    __slots__ = ("comparisons",)

    def startswith(self, *args: object) -> bool:
        self.comparisons = getattr(self, "comparisons", 0) + 1
        return super().startswith(*args)  # type: ignore[arg-type]


@pytest.mark.parametrize("piece", ["a", "pas ", "password", "password expire ", "密", "locke", "a&", "\u0430"])
def test_the_work_grows_with_the_text_only(piece: str) -> None:
    from diagnose.replies import load_knowledge

    index = load_knowledge().index
    work = []
    for size in (20_000, 40_000):
        text = Counted((piece * size)[:size])
        text.comparisons = 0
        index.find(text)
        work.append(text.comparisons)

    assert work[1] <= 2 * work[0] + 1000


def comparisons(phrases: list[str], sentence: str) -> int:
    counted = Counted(sentence)
    counted.comparisons = 0
    Indexing({"all": phrases}).done().find(counted)
    return counted.comparisons


def test_the_work_does_not_grow_with_the_phrases() -> None:
    sentence = "the password of this mailbox has expired, and nobody knows why"
    few = ["password", "expired", "mailbox full"]
    alike = [f"{word} {number:04}" for word in ("password", "mailbox", "expired", "has") for number in range(1000)]

    assert comparisons([*few, *alike], sentence) <= comparisons(few, sentence) + len(sentence.split())


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("pass", {"word"}),
        ("password", {"begun", "longer"}),
        ("passwords", {"begun"}),
        ("passage", {"begun"}),
        ("pass word", {"word", "two"}),
        ("pas", set()),
        ("compass", {"within"}),
    ],
)
def test_phrases_that_begin_alike_are_all_found(sentence: str, expected: set[str]) -> None:
    index = Indexing(
        {"word": ["pass"], "begun": ["pass*"], "longer": ["password"], "two": ["pass word"], "within": ["*pass"]}
    ).done()
    heard = index.find(sentence)
    expected = expected | ({"begun"} if sentence.startswith("pass") else set())
    expected = expected | ({"within"} if sentence.split()[0].endswith("pass") else set())

    assert {name for name, term in index.groups.items() if term in heard} == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("log in", {"log in", "log"}),
        ("log in-law", {"log in", "log"}),
        ("log inside", {"log"}),
        ("log", {"log"}),
        ("login", {"login"}),
        ("logins", set()),
        ("5.7.1", {"5.7.1"}),
        ("5.7.139", set()),
        ("密码密", {"密码"}),
        ("密", set()),
        ("密封", {"密封"}),
    ],
)
def test_what_goes_on_behind_a_word_is_looked_for_wherever_the_word_stands(sentence: str, expected: set[str]) -> None:
    phrases = ("log in", "log", "login", "5.7.1", "密码", "密封")
    index = Indexing({phrase: [phrase] for phrase in phrases}).done()

    for text in (sentence, f"log {sentence}", sentence):  # the second time from memory
        heard = index.find(text)
        assert {name for name, term in index.groups.items() if term in heard} - {"log"} == expected - {"log"}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text("ab 密", min_size=1, max_size=4).map(str.strip).filter(bool), unique=True, max_size=12),
    st.text("ab 密", max_size=12),
)
def test_what_is_found_is_what_stands_there(phrases: list[str], sentence: str) -> None:
    index = Indexing({phrase: [phrase] for phrase in phrases}).done()
    heard = index.find(sentence)

    for phrase, term in index.groups.items():
        before = r"(?<![ab])" if phrase[0] in "ab" else ""
        after = r"(?![ab])" if phrase[-1] in "ab" else ""
        found = re.search(before + re.escape(phrase) + after, sentence)
        assert heard.get(term) == (found.span() if found else None)
