"""People who have no error message ask in words of their own."""

from __future__ import annotations

import pytest

from diagnose.explain.explain import explain, topics
from diagnose.knowledge.catalogue import catalogue
from diagnose.replies import read_message

BINDING, RESET, MAIL = "activation.binding-failed", "credentials.rejected", "activation.mail-not-received"


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("绑定", BINDING),
        ("如何绑定企业邮箱？", BINDING),
        ("解除綁定", BINDING),
        ("Bind mailbox", BINDING),
        ("忘记密码", RESET),
        ("I forgot my password!", RESET),
        ("企業郵箱怎麼給員工重置密碼", RESET),
        ("收不到验证邮件", MAIL),
        ("手机丢了", "credentials.verification-lost"),
        ("unlock", "lockout.account-locked"),
    ],
)
def test_a_topic_leads_to_the_steps_that_help(words: str, cause: str) -> None:
    found = explain(words).causes

    assert (found[0].id, found[0].certainty) == (cause, "possible")
    assert found[0].remedies


@pytest.mark.parametrize("words", ["绑", "the mail was bound", "?", "x" * 5000, "今天天气", "unlocked", "\x00\u202e"])
def test_near_misses_are_no_topic(words: str) -> None:
    assert explain(words).causes == ()


def test_what_a_message_says_comes_before_a_topic() -> None:
    assert explain("绑定失败").causes[0].certainty == "confirmed"


def test_a_topic_is_known_better_than_what_a_text_is_like() -> None:
    assert read_message("綁定信箱失敗怎麼辦").told_by != "words" or not read_message("綁定信箱失敗怎麼辦").suspects
    assert explain("綁定信箱失敗怎麼辦").causes[0].id == BINDING


def test_topics_lead_to_causes_that_there_are() -> None:
    assert {cause for cause in topics().values() if cause not in catalogue()} == set()


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("如何更换绑定的企业邮箱？", "activation.binding-failed"),
        ("请问怎么换绑邮箱", "activation.binding-failed"),
        ("绑定邮箱失败怎么办", "activation.binding-failed"),
        ("取消绑定", "activation.binding-failed"),
        ("綁定信箱失敗怎麼辦", "activation.binding-failed"),
        ("How do I bind a mailbox?", "activation.binding-failed"),
        ("rebind my mailbox", "activation.binding-failed"),
        ("How can I unlock my account?", "lockout.account-locked"),
        ("please help, new phone number", "credentials.verification-lost"),
        ("怎么激活邮箱", "activation.not-activated"),
    ],
)
def test_a_question_is_its_topic(words: str, cause: str) -> None:
    found = explain(words).causes

    assert [(one.id, one.certainty) for one in found] == [(cause, "possible")]


@pytest.mark.parametrize(
    "words", ["怎么", "如何", "怎么办", "How do I", "please help", "绑定的", "怎么绑定银行卡", "my mailbox"]
)
def test_a_question_about_nothing_is_no_topic(words: str) -> None:
    assert explain(words).causes == ()
