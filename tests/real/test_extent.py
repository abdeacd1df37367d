"""How much is shown on real servers: each fault and each healthy shape counted once, whichever test it is in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MOST_SECONDS = 60


def collected(mark: str) -> list[str]:
    """The tests with *mark*, without running them."""
    options = ["--collect-only", "-q", "-o", "addopts=", "-p", "no:cacheprovider", "-m", mark]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(Path(__file__).parent)],
        capture_output=True, text=True, timeout=MOST_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if "::" in line]


@pytest.mark.parametrize(("mark", "least"), [("fault", 60), ("shape", 20)])
def test_faults_and_shapes_are_many(mark: str, least: int) -> None:
    found = collected(mark)

    assert len(set(found)) >= least, found
