"""Questions at a terminal."""

from __future__ import annotations

import re

import click
import pytest

from diagnose.cli.prompts import asked, before_answer, confirmed
from diagnose.locale import language
from diagnose.providers import Language

LOOSE = re.compile("[，。；：、！？（）「」“”] | [，。；：、！？（）「」“”]")


@pytest.mark.parametrize(
    ("lang", "label", "said"),
    [
        ("en", "Mail address", "Mail address: "),
        ("zh-Hans", "邮箱地址", "邮箱地址："),
        ("zh-Hant", "信箱地址", "信箱地址："),
    ],
)
def test_no_blank_stands_behind_a_full_width_colon(lang: Language, label: str, said: str) -> None:
    with language.spoken(lang):
        assert asked(label) == said


def test_behind_any_other_end_the_answer_stands_apart() -> None:
    assert before_answer("密码:") == "密码: "
    assert before_answer("Password?") == "Password? "


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize(("typed", "yes"), [("y", True), ("n", False), ("", False)])
def test_a_question_says_how_it_is_answered_and_no_is_the_default(
    lang: Language, typed: str, yes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    def answer(prompt: str = "") -> str:
        shown.append(prompt)
        return typed

    monkeypatch.setattr(click.termui, "visible_prompt_func", answer)
    question = {"en": "Send it?", "zh-Hans": "要发送吗？", "zh-Hant": "要送出嗎？"}[lang]
    with language.spoken(lang):
        assert confirmed(question) is yes

    assert "[y/N]" in "".join(shown)
    assert not LOOSE.search("".join(shown))
