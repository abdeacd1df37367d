"""The table that says where each section of the source articles is covered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diagnose.knowledge.catalogue import catalogue

TABLE = Path(__file__).parents[2] / "docs" / "articles.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TABLE.read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and not line.startswith(("| Section", "| ---"))
]
CAUSE = re.compile(
    r"`([a-z]+\.[a-z0-9-]+)`(?:: ((?:user|helpdesk|admin|provider)(?:, (?:user|helpdesk|admin|provider))*))?"
)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_section_is_covered_by_remedies_that_exist(row: list[str]) -> None:
    section, covered = row
    named = CAUSE.findall(covered)

    assert section
    assert named
    for cause_id, fixers in named:
        assert set(fixers.split(", ")) <= {remedy.fixer for remedy in catalogue()[cause_id].remedies}
