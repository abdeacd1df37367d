"""A small fleet, some of it hostile, for every format that holds one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from diagnose.fleet.shared_causes import SharedCauses
from diagnose.knowledge.catalogue import catalogue
from diagnose.model.fleet import FleetRow, FleetSummary, RowVerdict
from diagnose.model.report import Report
from tests.reports import samples

HOSTILE = "<script>alert(1)</script>\u202e=cmd|' /C calc'!A0\x1b[31m&amp;"


def row(line: int, report: Report, name: str, **more: str) -> FleetRow:
    verdict = report.verdict
    return FleetRow(
        line=line,
        name=name,
        domain=name.rpartition("@")[2],
        verdict=RowVerdict(
            status=verdict.status, headline=verdict.headline, causes=verdict.causes, unchecked=verdict.unchecked
        ),
        provider=more.get("provider", ""),
        office=more.get("office", ""),
        columns={"address": name, "note": more.get("note", "")},
        hosts=("imap.corp.example",),
        at=("imap.corp.example",) if verdict.status == "problem" else (),
        duration_ms=1234,
        started_at="2026-03-02T08:15:30Z",
        slowed=more.get("slowed", ""),
    )


def some_rows() -> list[FleetRow]:
    return [
        row(2, samples.expired_certificate(), "alice@corp.example", office="Berlin", note="=1+1"),
        row(3, samples.expired_certificate(), "bob@corp.example", office="Paris", note="-2"),
        row(10, samples.wrong_password(), "carol@other.example", provider="gmx", note="@SUM(A1)"),
        row(4, samples.healthy(), "dave@other.example", provider="gmx", slowed="gmx", note=" \t=2"),
        row(5, samples.port_blocked(), "erin@third.example"),
        FleetRow(line=6, name=HOSTILE, bad=HOSTILE, columns={"address": HOSTILE, HOSTILE: HOSTILE}),
        row(7, samples.hostile(), "mallory@evil.example", office=HOSTILE, note=HOSTILE),
    ]


def fleet() -> tuple[FleetSummary, Callable[[], Iterator[FleetRow]]]:
    rows = some_rows()
    shared = SharedCauses(catalogue(), "en")
    for one in rows:
        shared.add(one)
    return shared.summary(duplicates=1), lambda: iter(rows)
