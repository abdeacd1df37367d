"""What all tests start from; and what was left out, and why, is the last that a run of them says."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

# A command that is started five hundred times would otherwise be compiled as often, which takes longer than it runs.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# No test trusts what the system trusts, and to read its 140 authorities takes longer than all else in a short run.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("support") / "nobody.pem")


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
