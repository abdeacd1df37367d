"""docs/formats.md and the README name what the formats write, and nothing that they do not."""

from __future__ import annotations

import re
from pathlib import Path

from diagnose.cli.formats import formats, suffixes
from reports import nagios, openmetrics

TOP = Path(__file__).parents[2]
DOCUMENT = (TOP / "docs" / "formats.md").read_text("utf-8")
README = (TOP / "README.md").read_text("utf-8")


def test_every_metric_has_its_line() -> None:
    assert set(re.findall(r"^\| `(diagnose_\w+)`", DOCUMENT, re.MULTILINE)) == {one.name for one in openmetrics.METRICS}


def test_every_state_has_its_code() -> None:
    told = dict(re.findall(r"^\| (\d) \| ([A-Z]+) \|", DOCUMENT, re.MULTILINE))
    assert {state: int(code) for code, state in told.items()} == nagios.CODES


def test_the_readme_names_every_format_and_a_suffix_of_each() -> None:
    rows = re.findall(r"^\| (?:`(\.\w+)`, )?`(\w+)` \|", README, re.MULTILINE)
    named = {name for _, name in rows}
    assert set(formats()) <= named
    assert {suffix for suffix, name in rows if suffix and name in formats()} == set(suffixes()) - {".htm", ".markdown"}
