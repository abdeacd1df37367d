"""Answers of the commands beside the main job: a page for people, JSON for programs."""

from __future__ import annotations

import sys
from gettext import gettext as _
from typing import Any

import msgspec

from diagnose.cli.formats import renderer
from diagnose.cli.options import lang_option, no_color_option, output_option, page_format_option
from diagnose.cli.output import put_out, terminal_style
from diagnose.knowledge.packages import packages
from diagnose.locale.language import Language, translation
from diagnose.model.text import json_text
from diagnose.process.first_use import one_at_a_time
from diagnose.process.standard_streams import tell
from diagnose.providers.schema import Reference
from diagnose.providers.vocabulary import reference_words
from diagnose.rendering.page import Page


def page_options(command: Any) -> Any:  # noqa: ANN401 - a click decorator takes functions and commands alike
    """The options that say how an answer is shown."""
    return page_format_option(output_option(lang_option(no_color_option(command))))


def show_page(page: Page, given: dict[str, Any], *, long: bool = False) -> None:
    """*page* to standard output, for people. *long*: it may take many screens, and a pager shows it on a terminal."""
    tell_what_is_left_out()
    draw = renderer("text").page
    if draw is None:
        raise TypeError("the format text draws no pages")
    style = terminal_style(
        translation(given["lang"]),
        no_color=given["no_color"],
        audience=given.get("audience", "user"),
        verbose=given.get("verbose", False),
        file=given["output"],
    )
    words = draw(page, style)
    if not (long and given["output"] is None and _paged(words)):
        put_out(words, given["output"])


def _paged(words: str) -> bool:
    if not sys.stdout.isatty():
        return False
    with one_at_a_time:
        from diagnose.cli.paging import paged
    return paged(words)


def show_json(answer: msgspec.Struct, given: dict[str, Any]) -> None:
    """*answer* to standard output, for programs."""
    tell_what_is_left_out()
    put_out(json_text(msgspec.to_builtins(answer)) + "\n", given["output"], "json")


def tell_what_is_left_out() -> None:
    """Say on standard error which packages' knowledge this answer was made without; in a run a check says so."""
    for package in packages().refused:
        tell(f"diagnose: {package.sentence.render(_)}")


def source_line(source: Reference, lang: Language) -> str:
    """Where a fact of a provider's file comes from, and when it was last checked.

    What whoever keeps the file noted beside a source is English; pages in other languages leave it out.
    """
    ref = reference_words(source.ref, lang)
    told = _("Source: {ref}, looked at on {date}").format(ref=ref, date=source.checked)
    dated = _("the source itself is of {date}").format(date=source.as_of) if source.as_of else ""
    beside = (dated, (source.note or "") if lang == "en" else "")
    notes = _(", ").join(filter(None, beside))
    return _("{told} ({notes})").format(told=told, notes=notes) if notes else told
