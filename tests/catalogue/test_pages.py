"""Every cause has a page in the documentation, and it says what the catalogue says."""

from __future__ import annotations

import re

import pytest

from diagnose.knowledge.catalogue import Cause, catalogue
from docs.write_causes import HERE, page, pages


def test_the_pages_are_those_of_the_catalogue() -> None:
    """If this fails, run ``make pages``."""
    written = {file.name: file.read_text("utf-8") for file in HERE.iterdir()}
    assert written == pages()


def test_every_link_between_them_leads_to_one() -> None:
    for name, words in pages().items():
        for target in re.findall(r"\]\(([^)]*)\)", words):
            assert target.startswith("https://") or (HERE / target).is_file(), (name, target)


@pytest.mark.parametrize("cause", list(catalogue()), ids=lambda cause: cause.id)
def test_a_page_has_steps_for_everybody(cause: Cause) -> None:
    words = page(cause)
    for heading in ("What proves it", "What you can do", "What the help desk can do", "What the administrator can do"):
        assert f"\n## {heading}\n" in words
