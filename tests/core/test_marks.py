"""What quick tests are: a file that is not even read for them has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import marks_throughout

TESTS = Path(__file__).parents[1]


def test_what_is_said_of_a_file_is_so_of_each_test_in_it(request: pytest.FixtureRequest) -> None:
    """Of all that are run beside this one: when all tests are, of all."""
    for item in request.session.items:
        marks = {mark.name for mark in item.iter_markers()}
        assert marks_throughout(item.path) <= marks, item.nodeid


@pytest.mark.parametrize(
    ("file", "marks"),
    [
        ("core/test_command_line.py", {"whole"}),
        ("core/test_history.py", {"whole"}),
        ("core/test_typed_needs.py", {"whole"}),
        ("lab/test_scenarios.py", {"whole"}),
        ("packages/test_sample_package.py", {"whole"}),
        ("real/test_promises.py", {"real", "whole"}),
        ("core/test_marks.py", set()),
        ("core/test_resolver.py", set()),
        ("conftest.py", set()),
    ],
)
def test_a_text_tells_whether_all_of_its_tests_are_left_out(file: str, marks: set[str]) -> None:
    """By what it imports, or the fixtures beside it do; a near-miss is what only some of its tests import."""
    assert marks_throughout(TESTS / file) == marks
