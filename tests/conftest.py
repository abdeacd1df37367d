"""What all tests start from; and what was left out, and why, is the last that a run of them says."""

from __future__ import annotations

import functools
import os
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

# A command that is started five hundred times would otherwise be compiled as often, which takes longer than it runs.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# No test trusts what the system trusts, and each run would read its 140 authorities, a twentieth of a second's work.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("support") / "nobody.pem")

STARTERS = {"subprocess", "multiprocessing", "diagnose.lab.estate", "diagnose.lab.trial"}
"""Whoever takes something from these modules starts programs, or a mail estate on loopback."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is `whole`, and puts it first: a long file that begins late would keep one worker busy in the end."""
    for item in items:
        if isinstance(item, pytest.Function) and starts_something(item.module):
            item.add_marker("whole")
    items.sort(key=lambda item: not any(item.iter_markers("real")) and not any(item.iter_markers("whole")))


@functools.cache
def starts_something(module: ModuleType) -> bool:
    """Whether the tests of *module*, or the fixtures of its folder, start programs or an estate."""
    fixtures = sys.modules.get(f"{module.__package__}.conftest")
    found = [one for place in (module, fixtures) if place is not None for one in vars(place).values()]
    return any(STARTERS & {getattr(one, "__module__", None), getattr(one, "__name__", None)} for one in found)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tests that were skipped, counted by reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(reason_of(report) for report in skipped)
    if reasons:
        terminalreporter.section("left out")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count} {'test' if count == 1 else 'tests'}: {reason}")


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why pytest skipped it; of a skip, longrepr holds file, line and reason."""
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return told.removeprefix("Skipped: ")
