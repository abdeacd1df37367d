"""A page on terminals of all kinds."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from diagnose.cli.formats import formats, renderer
from diagnose.model.report import ReportLink, ReportRemedy
from diagnose.rendering.page import Advice, Entry, Heading, Mark, Page, Paragraph, Row, Rows
from diagnose.rendering.renderer import RenderStyle
from reports.page import page

REMEDIES = tuple(
    ReportRemedy(fixer=fixer, steps=(f"Step of {fixer}.",), links=(ReportLink(text="Help", url="https://a.example/"),))
    for fixer in ("user", "admin")
)
SAMPLE = Page(
    blocks=(
        Heading(words="First"),
        Rows(rows=(Row(name="short", words="told", note="unsure"), Row(name="a-longer-name", words="也说"))),
        Entry(mark="✗", title="A title", note="its note", words="Its words."),
        Paragraph(words="Loud."),
        Paragraph(words="Less loud.", quiet=True),
        Advice(remedies=REMEDIES),
        Advice(remedies=REMEDIES, everybody=True),
    )
)


def test_blocks_stand_below_each_other() -> None:
    assert page(SAMPLE, RenderStyle()).splitlines() == [
        "First",
        "  short          told",
        "                 unsure",
        "  a-longer-name  也说",
        "  ✗ A title",
        "    its note",
        "    Its words.",
        "  Loud.",
        "  Less loud.",
        "",
        "What to do",
        "  1. Step of user.",
        "  → Help: https://a.example/",
        "  Others can help, too: administrator (--verbose shows how)",
        "",
        "What you can do",
        "  1. Step of user.",
        "  → Help: https://a.example/",
        "",
        "What the administrator can do",
        "  1. Step of admin.",
        "  → Help: https://a.example/",
    ]


def test_what_stands_behind_steps_is_not_taken_for_one_of_them() -> None:
    first, second = (Entry(mark="✗", title=title) for title in ("First", "Second"))
    shown = page(Page(blocks=(first, Advice(remedies=REMEDIES), second, second)), RenderStyle()).splitlines()

    assert shown[-3:] == ["", "✗ Second", "✗ Second"]


@pytest.mark.parametrize("width", [32, 40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(cell_len, page(SAMPLE, RenderStyle(width=width)).splitlines())) <= width


def test_long_names_stand_above_what_belongs_to_them() -> None:
    row = Row(name="x" * 20, words="told")
    drawn = [page(Page(blocks=(Rows(rows=(row,)),)), RenderStyle(width=width)).splitlines() for width in (80, 40)]

    assert drawn == [["  " + "x" * 20 + "  told"], ["  " + "x" * 20, "    told"]]


def test_colour_only_repeats_what_is_said() -> None:
    plain, colored = page(SAMPLE, RenderStyle()), page(SAMPLE, RenderStyle(color=True))

    assert "\x1b" not in plain
    assert "\x1b[1;31m" in colored
    assert page(SAMPLE, RenderStyle(ascii=True)).replace("也说", "").isascii()


MARKS: list[Mark] = ["✓", "✗", "!", "?", "•"]


@settings(max_examples=200, deadline=None)
@given(words=st.text(max_size=200), width=st.integers(1, 120), mark=st.sampled_from(MARKS))
def test_whatever_is_on_it_a_page_is_harmless(words: str, width: int, mark: Mark) -> None:
    remedy = ReportRemedy(fixer=words, steps=(words,), links=(ReportLink(text=words, url=words),))
    blocks = (
        Heading(words=words),
        Paragraph(words=words),
        Entry(mark=mark, title=words, note=words, words=words),
        Rows(rows=(Row(name=words, words=words, note=words),)),
        Advice(remedies=(remedy,)),
        Advice(remedies=(remedy,), everybody=True),
    )

    shown = page(Page(blocks=blocks), RenderStyle(width=width))

    assert not {c for c in shown if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co"}}
    assert not any(line != line.rstrip() for line in shown.splitlines())


def test_the_text_format_draws_pages() -> None:
    assert "text" in formats()
    assert renderer("text").page is page
