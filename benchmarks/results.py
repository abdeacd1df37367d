"""What was measured, on the terminal and in a file that says where, when and of which commit."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

_lines: list[str] = []
SUMMARY = """\
## Every bound, run by run

Met where every run meets it; a figure that misses it has a star. Why those are missed that are: [WHERE.md](WHERE.md).

{table}

## All that was measured

"""


def say(words: str = "") -> None:
    """Print *words*, and keep them for `write`."""
    _lines.extend(words.split("\n"))
    print(words, flush=True)


def write(file: Path, command: str = "make bench", summary: Iterable[str] | None = None) -> None:
    """Write all that was said to *file*, in Markdown. *command*: what measured it. *summary*: Markdown before it."""
    told = "\n".join(f"    {line}".rstrip() for line in _lines).strip("\n")
    if summary is not None:
        told = SUMMARY.format(table="\n".join(summary)) + told
    file.write_text(f"# Results of `{command}`\n\n{_circumstances()}\n\n{told}\n", encoding="utf-8")


def load() -> str:
    """The load of this machine in the last 1, 5 and 15 minutes."""
    return ", ".join(f"{one:.1f}" for one in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"


def _circumstances() -> str:
    return "\n".join(
        (
            f"- Commit: {_commit()}",
            f"- Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            f"- Machine: {_processor()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}",
            f"- Load at the end (1, 5, 15 minutes): {load()}",
            f"- Python: {platform.python_version()}",
        )
    )


def _commit() -> str:
    """The commit that is checked out, and whether files differ from it."""
    root = Path(__file__).parent
    words = ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
