"""The checks of a report in the order in which they began: where a run's time goes."""

from __future__ import annotations

import msgspec

WIDTH = 48
"""Characters of a bar that is as long as the run."""


class _Check(msgspec.Struct):
    id: str
    status: str
    started_ms: int | None
    duration_ms: int | None


class _Report(msgspec.Struct):
    duration_ms: int
    checks: list[_Check]


def timeline(report: bytes, round_trip: int) -> str:
    """A line a check of *report* (JSON): begin and end in round trips (of *round_trip* ms), and a bar."""
    read = msgspec.json.decode(report, type=_Report)
    lines = []
    for check in sorted(read.checks, key=lambda check: check.started_ms or 0):
        if check.started_ms is None or check.duration_ms is None:
            continue
        begin, end = check.started_ms, check.started_ms + check.duration_ms
        bar = " " * round(WIDTH * begin / read.duration_ms)
        bar += "#" * max(1, round(WIDTH * (end - begin) / read.duration_ms))
        lines.append(f"  {check.id:<28} {begin / round_trip:5.1f} {end / round_trip:5.1f}  {check.status:<5} {bar}")
    lines.append(f"  {'the whole run':<28} {0:5.1f} {read.duration_ms / round_trip:5.1f}")
    return "\n".join(lines)
