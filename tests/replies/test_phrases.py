"""Patterns and the index that finds their phrases."""

from __future__ import annotations

import pytest

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
