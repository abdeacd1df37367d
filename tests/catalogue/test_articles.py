"""The table that says where each section of the source articles is covered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diagnose.explain.explain import explain
from diagnose.knowledge.catalogue import catalogue
from diagnose.model.report import ReportRemedy

TABLE = Path(__file__).parents[2] / "docs" / "articles.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TABLE.read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and not line.startswith(("| Section", "| ---"))
]
CAUSE = re.compile(
    r"`([a-z]+\.[a-z0-9-]+)`(?:: ((?:user|helpdesk|admin|provider)(?:, (?:user|helpdesk|admin|provider))*))?"
)


WORDS = re.compile("“([^”]+)”(?: at `([a-z0-9-]+)`)?")


def read_by(cause_id: str, fixers: set[str], provider: str | None) -> str:
    """What `diagnose explain` tells of the cause at *provider*: to everybody, and the steps of *fixers*."""
    (told,) = explain(cause_id, provider=provider).causes
    said = [told.title, told.summary]
    for remedy in (one for one in told.remedies if one.fixer in fixers):
        said += all_of(remedy)
    return "\n".join(said)


def all_of(remedy: ReportRemedy) -> list[str]:
    return [*remedy.steps, *remedy.further, *(link.text for link in remedy.links)]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_section_is_covered_by_remedies_that_exist(row: list[str]) -> None:
    section, covered, _ = row
    named = CAUSE.findall(covered)

    assert section
    assert named
    for cause_id, fixers in named:
        assert set(fixers.split(", ")) <= {remedy.fixer for remedy in catalogue()[cause_id].remedies}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_a_section_says_reaches_the_person_whom_it_concerns(row: list[str]) -> None:
    _, covered, proof = row
    found = WORDS.fullmatch(proof)
    assert found, proof
    words, provider = found.groups()

    said = [read_by(cause_id, set(fixers.split(", ")), provider) for cause_id, fixers in CAUSE.findall(covered)]

    assert any(words in one for one in said), said


def test_words_that_nobody_is_told_are_not_found() -> None:
    """The near miss: what is said to one person only does not count for another."""
    assert "open the person's account" in read_by("credentials.rejected", {"admin"}, None)
    assert "open the person's account" not in read_by("credentials.rejected", {"user"}, None)
