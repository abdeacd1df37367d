"""People who have no error message ask in words of their own."""

from __future__ import annotations

import pytest

from diagnose.explain.explain import explain, topics
from diagnose.knowledge.catalogue import catalogue

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


def test_topics_lead_to_causes_that_there_are() -> None:
    assert {cause for cause in topics().values() if cause not in catalogue()} == set()
