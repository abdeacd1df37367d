"""`diagnose lab --all`: a table whose columns are named, in the order of the file, whichever is over first."""

from __future__ import annotations

from types import MappingProxyType

import msgspec
import pytest

from diagnose.cli import lab
from diagnose.lab.scenario import SCENARIOS, Scenario

from .command_line import CommandLine

SLOW, QUICK = SCENARIOS["healthy-slow"], SCENARIOS["null-mx"]


def choose(monkeypatch: pytest.MonkeyPatch, *chosen: Scenario) -> None:
    monkeypatch.setattr(lab, "SCENARIOS", MappingProxyType({one.id: one for one in chosen}))


def test_the_table(monkeypatch: pytest.MonkeyPatch, command: CommandLine) -> None:
    choose(monkeypatch, SLOW, QUICK)
    done = command("lab", "--all")
    header, slow, quick, summary = done.out.splitlines()

    assert done.code == 0
    assert header.split() == ["scenario", "seconds", "expected", "found"]
    assert [row.split()[0:2] + row.split()[3:] for row in (slow, quick)] == [
        ["✓", "healthy-slow", "healthy", "healthy"],
        ["✓", "null-mx", "dns.null-mx", "dns.null-mx"],
    ]
    assert slow.rindex("healthy") == quick.rindex("dns.null-mx") == header.index("found")
    assert float(slow.split()[2]) > 0.9, "three replies take that long"
    assert summary.startswith("2 agree, 0 disagree, 0 not possible here (")


def test_what_disagrees_is_marked_and_tells_what_was_found(
    monkeypatch: pytest.MonkeyPatch, command: CommandLine
) -> None:
    choose(monkeypatch, msgspec.structs.replace(QUICK, expects=("dns.no-mx",)))
    done = command("lab", "--all")
    _, row, summary = done.out.splitlines()

    assert done.code == 1
    assert row.split()[:2] + row.split()[3:] == ["✗", "null-mx", "dns.no-mx", "dns.null-mx"]
    assert summary.startswith("0 agree, 1 disagree")
