"""A name that holds another thing's name means its own thing, and what fills a text is not doubted."""

from __future__ import annotations

import pytest

from diagnose.replies import Reading, load_knowledge, read_message
from diagnose.replies.clauses import in_one_clause
from diagnose.replies.compiling import REPLIES
from diagnose.replies.phrases import Compounds, Indexing
from diagnose.replies.reader import Suspect, read_with_words
from diagnose.replies.second_opinion import weighed


def first(text: str) -> str:
    reading = read_message(text)
    return reading.suspects[0].cause if reading.suspects else "none"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("The one-time password is wrong.", "credentials.second-factor-required"),
        ("Das Einmalpasswort ist falsch.", "credentials.second-factor-required"),
        ("一次性密码错误", "credentials.second-factor-required"),
        ("The password reset link has expired.", "none"),
        ("Le lien de réinitialisation du mot de passe a expiré.", "none"),
        ("Срок действия ссылки для смены пароля истёк.", "none"),
        ("Your organisation requires device encryption.", "settings.device-policy"),
        ("公司策略要求设置锁屏密码", "settings.device-policy"),
        ("CSRF token invalid", "web.session-expired"),
    ],
)
def test_a_longer_name_means_its_own_thing(text: str, cause: str) -> None:
    assert first(text) == cause


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Your password has expired. Use the password reset link.", "credentials.expired"),
        ("The password is wrong: a password reset link is on its way.", "credentials.rejected"),
        ("密码错误，请使用找回密码链接", "credentials.rejected"),
    ],
)
def test_the_thing_itself_is_heard_beside_the_longer_name(text: str, cause: str) -> None:
    assert first(text) == cause


@pytest.fixture
def heard() -> tuple[Compounds, Indexing]:
    indexing = Indexing({"password": ["password*"], "link": ["password reset link"], "expired": ["expired"]})
    return Compounds(frozenset({indexing.done().group("link")})), indexing


def test_only_what_stands_within_the_name_is_hidden(heard: tuple[Compounds, Indexing]) -> None:
    compounds, indexing = heard
    index = indexing.done()
    password, link, expired = (index.group(name) for name in ("password", "link", "expired"))

    assert compounds.heard("password reset link expired", index) == {link: (0, 19), expired: (20, 27)}
    assert compounds.heard("password reset link, password", index) == {link: (0, 19), password: (21, 29)}
    assert compounds.heard("password expired", index) == {password: (0, 8), expired: (9, 16)}


def test_a_phrase_that_goes_beyond_the_name_is_kept(heard: tuple[Compounds, Indexing]) -> None:
    compounds, indexing = heard
    pattern = indexing.pattern("the password reset link expired")

    assert set(pattern.wanted) <= set(compounds.heard("the password reset link expired", indexing.done()))


def test_many_names_in_one_sentence_take_no_longer_than_a_few_searches(heard: tuple[Compounds, Indexing]) -> None:
    compounds, indexing = heard

    assert compounds.heard("password reset link " * 500, indexing.done())


@pytest.mark.parametrize(
    ("sentence", "one"),
    [
        ("password expired", True),
        ("password for the mailbox expired", True),
        ("password, expired", False),
        ("password reset because expired", False),
        ("expired: password", False),
    ],
)
def test_a_clause_ends_at_a_mark_or_a_word(sentence: str, one: bool) -> None:
    index = Indexing(
        {"password": ["password*"], "expired": ["expired"], "clause_begins": ["because"], "clause_ends": ["ため"]}
    ).done()
    terms = index.find(sentence)

    assert in_one_clause(sentence, [terms[index.group(name)] for name in ("password", "expired")], terms, index) is one


def test_every_compound_is_a_group() -> None:
    known = load_knowledge()

    assert (REPLIES / "compounds.yaml").exists()
    assert len(known.compounds.terms) >= 8


@pytest.mark.parametrize("text", ["账号被冻结", "Hesap kilitlendi", "Sertifika süresi doldu", "Your mailbox is full."])
def test_likeness_does_not_doubt_words_that_are_the_whole_text(text: str) -> None:
    reading = read_message(text)

    assert reading.suspects[0].certainty in ("likely", "confirmed")


def test_likeness_doubts_a_few_words_of_a_long_text() -> None:
    _, words = read_with_words("Your mailbox is full, and much else is said here of other things that matter more.")
    reading = Reading(suspects=(Suspect(cause="tls.cert-expired", certainty="likely"),), matched="mailbox … full")

    assert weighed(reading, words).suspects[0].certainty == "possible"
