"""Every fact of the source articles stands in the answer to a command: `facts.yaml` says which, and its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands.command_line import CommandLine

FACTS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("facts.yaml").read_text(encoding="utf-8"))
OF_ARTICLES = {"binding": 43, "login": 33, "forgotten": 31, "reset": 25, "alibaba": 17}
"""How many facts each article holds, as a reader counted them."""

COMMANDS = sorted({fact["command"] for fact in FACTS})


def flat(said: str) -> str:
    """*said* without what breaks its lines, which a language sets where it likes."""
    return "".join(said.split())


def amiss(told: str, facts: list[dict[str, Any]], language: str) -> Iterator[tuple[str, str]]:
    """The facts that *told* leaves out, or tells against what is right, with the words that were looked for."""
    for fact in facts:
        if flat(fact["says"][language]) not in told:
            yield fact["fact"], fact["says"][language]
        if "never" in fact and flat(fact["never"][language]) in told:
            yield fact["fact"], fact["never"][language]


def test_no_fact_of_the_articles_is_left_out() -> None:
    assert Counter(fact["article"] for fact in FACTS) == OF_ARTICLES
    assert len({(fact["article"], fact["section"], fact["fact"]) for fact in FACTS}) == sum(OF_ARTICLES.values())


@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize("typed", COMMANDS)
def test_a_command_tells_its_facts(typed: str, language: str, command: CommandLine) -> None:
    done = command(*typed.split(), "--no-config", "--lang", language)

    assert (done.code, done.err) == (0, "")
    facts = [fact for fact in FACTS if fact["command"] == typed]
    assert list(amiss(flat(done.out), facts, language)) == []


def test_words_that_are_missing_or_wrong_are_found() -> None:
    """The near miss: the same letters in another order are no such words."""
    fact = {"fact": "F", "says": {"en": "call the hotline"}, "never": {"en": "app password"}}

    assert list(amiss(flat("Now call the\n  hotline."), [fact], "en")) == []
    assert list(amiss(flat("The hotline: call."), [fact], "en")) == [("F", "call the hotline")]
    assert list(amiss(flat("call the hotline, app\npassword"), [fact], "en")) == [("F", "app password")]
