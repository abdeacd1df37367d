"""What has to hold of every entry of every catalogue."""

from __future__ import annotations

import re
import string
from typing import Any

import click
import hanzidentifier
import msgspec
import pytest

from diagnose.cli import COMMANDS, MAIN
from diagnose.cli.formats import formats, renderer
from diagnose.locale.language import translation
from diagnose.providers import Language
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.plugins import all_checks
from reports.words import words
from tests.language.catalogues import (
    HAN,
    TRANSLATED,
    catalogue_of,
    extracted,
    ids,
    known_ids,
    messages,
    texts,
    translations,
)
from tests.reports.samples import SAMPLES
from tests.support.build import targets_of

in_each_language = pytest.mark.parametrize("language", TRANSLATED)


def fields(words: str) -> list[str]:
    return sorted(
        f"{name}!{kind}:{form}" for _, name, form, kind in string.Formatter().parse(words) if name is not None
    )


@in_each_language
def test_the_catalogue_holds_what_the_sources_say(language: Language) -> None:
    fresh = {ids(message) for message in messages(extracted())}

    assert fresh == {ids(message) for message in messages(catalogue_of(language))}, "run `make messages`, translate"


@in_each_language
def test_every_entry_is_translated(language: Language) -> None:
    assert [ids(m) for m in messages(catalogue_of(language)) if not all(texts(m)) or m.fuzzy] == []


@in_each_language
def test_nothing_is_left_of_what_the_sources_no_longer_say(language: Language) -> None:
    assert not catalogue_of(language).obsolete


@in_each_language
def test_placeholders_are_those_of_the_source(language: Language) -> None:
    for source, said in translations(language):
        assert fields(said) == fields(source)


@in_each_language
def test_commands_to_type_are_those_of_the_source(language: Language) -> None:
    for source, said in translations(language):
        assert sorted(said.split("`")[1::2]) == sorted(source.split("`")[1::2])


@in_each_language
def test_paragraphs_are_those_of_the_source(language: Language) -> None:
    for source, said in translations(language):
        assert said == said.strip()
        assert said.count("\n\n") == source.count("\n\n")


@pytest.mark.parametrize(
    ("language", "is_of_script"),
    [("zh-Hans", hanzidentifier.is_simplified), ("zh-Hant", hanzidentifier.is_traditional)],
)
def test_no_character_is_of_the_other_script(language: Language, is_of_script: Any) -> None:
    signs = {sign for _, said in translations(language) for sign in said}

    assert "".join(sorted(sign for sign in signs if HAN.match(sign) and not is_of_script(sign))) == ""


def test_that_check_tells_the_scripts_apart() -> None:
    assert not hanzidentifier.is_simplified("錄")
    assert not hanzidentifier.is_traditional("录")
    assert hanzidentifier.is_simplified("入")
    assert hanzidentifier.is_traditional("入")


@in_each_language
def test_punctuation_between_chinese_characters_is_full_width(language: Language) -> None:
    narrow = re.compile(rf"{HAN.pattern}[,;:!?.()'\"]|[,;:!?()'\"]{HAN.pattern}")

    assert [said for _, said in translations(language) if narrow.search(said)] == []


@in_each_language
def test_the_compiled_catalogue_is_this_one(language: Language) -> None:
    translate = translation(language)

    for message in messages(catalogue_of(language)):
        if len(ids(message)) == 1 and all(texts(message)):
            assert translate(ids(message)[0]) == texts(message)[0], "run `make messages`"


class Listener:
    """Stands in for a translation, and notes what it is asked for."""

    def __init__(self) -> None:
        self.heard: set[str] = set()

    def __call__(self, msgid: str) -> str:
        self.heard.add(msgid)
        return msgid


def test_every_title_of_a_check_is_in_the_catalogues() -> None:
    titles = {check.title_for(target) for check in all_checks() for target in targets_of(check)}

    for language in TRANSLATED:
        assert titles <= known_ids(language)


@pytest.mark.parametrize("module", [MAIN, *(one.module for one in COMMANDS.values())])
def test_every_help_text_is_in_the_catalogues(module: str) -> None:
    import importlib
    import inspect

    command: click.Command = importlib.import_module(module).COMMAND
    helps = {inspect.cleandoc(command.help or ""), command.epilog or ""}
    helps |= {option.help or "" for option in command.params if isinstance(option, click.Option)}
    helps |= {getattr(option, "section", "") for option in command.params} | {one.summary for one in COMMANDS.values()}

    for language in TRANSLATED:
        assert helps - {""} <= known_ids(language)


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("form", formats())
def test_every_phrase_of_a_report_is_in_the_catalogues(form: str, sample: str, verbose: bool) -> None:
    listener = Listener()
    words(listener)
    for height in (None, 24):
        style = RenderStyle(translate=listener, height=height, complete=True, verbose=verbose)
        renderer(form).render(SAMPLES[sample](), style)
        renderer(form).render(SAMPLES[sample](), msgspec.structs.replace(style, complete=False))

    assert len(listener.heard) > 40
    for language in TRANSLATED:
        assert listener.heard <= known_ids(language)
