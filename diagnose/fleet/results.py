"""The results in a file, one JSON object a line, in the order in which rows were over.

A line is written as soon as its row is over: a program that is killed loses what was under way, and nothing else.
The half of a line that may be left is taken away before the next is written.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from diagnose.fleet.changes import Earlier
from diagnose.fleet.tasks import Result
from diagnose.model import TextError, text
from diagnose.model.fleet import FleetRow, RowChanges, RowVerdict
from diagnose.model.report import SCHEMA_VERSION
from diagnose.model.saved import built_report, newer
from diagnose.model.text import json_line
from diagnose.process.claim import claim
from diagnose.process.first_use import decode

LONGEST_LINE = 64 << 20
"""Octets; reports with pictures have several million."""


class ResultsError(TextError):
    """The file cannot take results, or holds others."""


class _Origin(msgspec.Struct, frozen=True):
    line: int
    id: str = ""
    office: str | None = None
    vantage: str | None = None
    columns: dict[str, Any] = {}


class _Subject(msgspec.Struct, frozen=True):
    address: str | None
    domain: str
    provider: str | None = None


class _Service(msgspec.Struct, frozen=True):
    host: str
    source: str = ""


class _Check(msgspec.Struct, frozen=True):
    id: str
    place: str | int | None = None


class _Record(msgspec.Struct, frozen=True):
    checks: tuple[_Check, ...] = ()
    services: tuple[_Service, ...] = ()


class _Report(msgspec.Struct, frozen=True):
    subject: _Subject
    verdict: RowVerdict
    services: tuple[_Service, ...] = ()
    started_at: str = ""
    duration_ms: int = 0
    record: _Record | None = None
    schema_version: int = SCHEMA_VERSION


class _Slowed(msgspec.Struct, frozen=True):
    house: str
    seconds: float


class _Line(msgspec.Struct, frozen=True):
    row: _Origin
    report: _Report | None = None
    bad: str | None = None
    changes: RowChanges | None = None
    slowed: _Slowed | None = None


def line_of(result: Result, *, redact: bool = False) -> str:
    """*result* as a line of JSON with its end. With *redact* it holds line, office and vantage alone of its row."""
    origin = result.origin
    row: dict[str, Any] = {"line": origin.line}
    if not redact:
        row["id"] = origin.id
    row["office"] = origin.office
    if origin.vantage is not None:
        row["vantage"] = origin.vantage
    row["columns"] = {} if redact else origin.columns
    made: dict[str, Any] = {"row": row}
    if result.report is not None:
        made["report"] = built_report(result.report)
    else:
        made["bad"] = result.bad
    if result.changes is not None:
        made["changes"] = msgspec.to_builtins(result.changes)
    if result.slowed is not None and not redact:
        made["slowed"] = {"house": result.slowed.house, "seconds": round(result.slowed.seconds, 3)}
    return json_line(made) + "\n"


class Results:
    """The file of results; use as a context manager."""

    def __init__(self, file: Path, *, resume: bool) -> None:
        """Open *file*, new or to go on with. Raises ResultsError, OSError.

        Without *resume* it must not be there, or be empty: results are never overwritten.
        """
        self.done = set[int]()
        """Numbers of the rows that stand in it."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(file, flags | getattr(os, "O_NONBLOCK", 0), 0o600)
        self._stream: BinaryIO = os.fdopen(descriptor, "r+b", buffering=0)
        try:
            self._prepare(resume=resume)
        except BaseException:
            self._stream.close()
            raise

    def _prepare(self, *, resume: bool) -> None:
        status = os.fstat(self._stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ResultsError(text("it is not a regular file"))
        if not claim(self._stream.fileno()):
            raise ResultsError(text("another run is writing to it"))
        status = os.fstat(self._stream.fileno())  # what the other one wrote until it ended
        if status.st_size and not resume:
            raise ResultsError(text("it holds results already; --resume goes on with them"))
        end = 0
        with os.fdopen(os.dup(self._stream.fileno()), "rb") as reading:
            for line in _lines(reading):
                if not line.endswith(b"\n"):
                    break
                self.done.add(int(_known(line, named=True).row.id, 16))
                end += len(line)
        self._stream.truncate(end)
        self._stream.seek(end)
        self._end = end

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def write(self, line: str) -> None:
        """Add *line* at once. Raises OSError where it does not fit; nothing of it is left then."""
        octets = line.encode("utf-8", "replace")
        try:
            view = memoryview(octets)
            while view:
                view = view[self._stream.write(view) or 0 :]
        except OSError:
            self._stream.truncate(self._end)
            self._stream.seek(self._end)
            raise
        self._end += len(octets)


def earlier_in(file: Path) -> Earlier:
    """What the run found whose results stand in *file*; rows that do not say whose they are, aside.

    Raises OSError, ResultsError where the file holds something else.
    """
    earlier = Earlier()
    with file.open("rb") as stream:
        for octets in _lines(stream):
            line = _known(octets, named=False)
            if line.row.id:
                verdict = line.report.verdict if line.report is not None else None
                earlier.compared(line.row.id, verdict.status if verdict else None, verdict.causes if verdict else ())
    earlier.run_ended(whole=True)
    return earlier


def _known(octets: bytes, *, named: bool) -> _Line:
    """A line that an earlier run wrote; *named*: it has to say whose it is.

    Raises ResultsError for another, or one by a newer version of this program.
    """
    try:
        line = decode(octets, _Line)
        int(line.row.id or ("" if named else "0"), 16)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ResultsError(text("it holds something else than rows and their reports")) from None
    version = line.report.schema_version if line.report is not None else SCHEMA_VERSION
    if version > SCHEMA_VERSION:
        raise ResultsError(newer(version, SCHEMA_VERSION))
    return line


def rows_in(file: Path) -> Iterator[FleetRow]:
    """What came of each row in *file*, as far as pages and tables tell it. Raises OSError."""
    with file.open("rb") as stream:
        for line in _lines(stream):
            yield _row(decode(line, _Line))


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(LONGEST_LINE):
        yield line


def _row(line: _Line) -> FleetRow:
    origin, report = line.row, line.report
    typed = origin.columns.get("address") or origin.columns.get("domain") or ""
    if report is None:
        return FleetRow(
            line=origin.line,
            name=str(typed),
            office=origin.office or "",
            vantage=origin.vantage or "",
            columns=origin.columns,
            bad=line.bad or "",
            changes=line.changes,
        )
    return FleetRow(
        line=origin.line,
        name=report.subject.address or report.subject.domain,
        domain=report.subject.domain,
        provider=report.subject.provider or "",
        office=origin.office or "",
        vantage=origin.vantage or "",
        columns=origin.columns,
        verdict=report.verdict,
        hosts=tuple(dict.fromkeys(one.host for one in report.services if one.source != "guess")),
        at=_places(report),
        duration_ms=report.duration_ms,
        started_at=report.started_at,
        changes=line.changes,
        slowed=line.slowed.house if line.slowed is not None else "",
    )


def _places(report: _Report) -> tuple[str, ...]:
    """The hosts on which the checks ran that found the first cause."""
    record, causes = report.record, report.verdict.causes
    if record is None or not causes:
        return ()
    found = dict[str, None]()
    saying = {one.check for one in causes[0].evidence}
    for check in record.checks:
        if check.id in saying and check.place is not None:
            at = check.place
            if isinstance(at, int):
                at = record.services[at].host if 0 <= at < len(record.services) else ""
            found[at] = None
    return tuple(found)
