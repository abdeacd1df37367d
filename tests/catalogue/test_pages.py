"""Every cause has a page in the documentation, and it says what the catalogue says."""

from __future__ import annotations

import re

import pytest

from diagnose.knowledge.catalogue import Cause, catalogue
from diagnose.locale.language import Language
from docs.write_causes import HERE, page, pages


def test_the_pages_are_those_of_the_catalogue() -> None:
    """If this fails, run ``make pages``."""
    written = {f.relative_to(HERE).as_posix(): f.read_text("utf-8") for f in HERE.rglob("*") if f.is_file()}
    assert written == pages()


def test_every_link_between_them_leads_to_one() -> None:
    for name, words in pages().items():
        for target in re.findall(r"\]\(([^)]*)\)", words):
            assert target.startswith("https://") or (HERE / name).parent.joinpath(target).is_file(), (name, target)


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant"])
def test_a_page_in_chinese_is_chinese_from_title_to_end(lang: Language) -> None:
    """But for what is the same everywhere: names, commands, addresses."""
    for cause in catalogue():
        lines = page(cause, lang).splitlines()
        assert [one for one in lines if one and not re.search(r"[\u4e00-\u9fff]", one)] == []


def test_each_page_leads_to_itself_in_the_other_languages() -> None:
    for name, words in pages().items():
        plain = name.rpartition("/")[2]
        linked = {(HERE / name).parent.joinpath(one).resolve() for one in re.findall(r"\]\(([^)]*)\)", words)}
        others = {HERE / folder / plain for folder in ("", "zh-Hans", "zh-Hant")} - {HERE / name}
        assert others <= linked


@pytest.mark.parametrize("cause", list(catalogue()), ids=lambda cause: cause.id)
def test_a_page_has_steps_for_everybody(cause: Cause) -> None:
    words = page(cause)
    for heading in ("What proves it", "What you can do", "What the help desk can do", "What the administrator can do"):
        assert f"\n## {heading}\n" in words
