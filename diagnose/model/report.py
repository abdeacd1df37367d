"""The finished report: the one model that every format is written from (contract: JSON report, schema version 1)."""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec

from diagnose.model.check import Certainty, Status
from diagnose.model.protocols import ProtocolName, TlsMode
from diagnose.model.targets import SourceName
from diagnose.process.first_use import one_at_a_time

Impact = Literal["blocks", "hinders"]
StationState = Literal["ok", "broken", "hindered", "unknown"]
Verdict = Literal["healthy", "problem", "inconclusive"]
SCHEMA_VERSION: Literal[1] = 1


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """Which tool wrote the report."""

    name: str
    version: str


class ReportSubject(msgspec.Struct, frozen=True, kw_only=True):
    """Whose login was diagnosed."""

    address: str | None
    domain: str
    username: str | None
    provider: str | None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen, and by which check."""

    check: str
    text: str
    data: dict[str, Any] = {}


class ReportLink(msgspec.Struct, frozen=True, kw_only=True):
    """A page that helps."""

    text: str
    url: str


class ReportRemedy(msgspec.Struct, frozen=True, kw_only=True):
    """Numbered steps for one kind of person."""

    fixer: str
    steps: tuple[str, ...]
    """At most seven."""
    links: tuple[ReportLink, ...] = ()
    further: tuple[str, ...] = ()
    """What to do if these did not help."""


class ReportCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command by which a person repeats by hand what a check saw."""

    check: str
    """Id of the check."""
    command: str
    """One line for a POSIX shell, to be copied as it stands; it holds no password."""
    shows: str
    """What a person sees by it."""


class ReportCause(msgspec.Struct, frozen=True, kw_only=True):
    """One cause, root cause first in the verdict."""

    id: str
    certainty: Certainty
    impact: Impact
    title: str
    summary: str
    evidence: tuple[Evidence, ...]
    remedies: tuple[ReportRemedy, ...]
    explains: tuple[str, ...] = ()
    """Ids of causes whose findings only follow from this one."""
    commands: tuple[ReportCommand, ...] = ()
    """What shows the same by hand."""
    prevention: tuple[str, ...] = ()
    """What keeps it from happening again, at most three sentences."""


class RuledOut(msgspec.Struct, frozen=True, kw_only=True):
    """A cause that was looked for, and cannot be the case."""

    id: str
    title: str
    checks: tuple[str, ...]
    """Ids of the checks that passed."""


class ReportVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer."""

    status: Verdict
    exit_code: Literal[0, 1, 3]
    headline: str
    """The answer in one sentence."""
    causes: tuple[ReportCause, ...] = ()
    unchecked: tuple[str, ...] = ()
    """What could not be checked although it was needed, one sentence each."""
    ruled_out: tuple[RuledOut, ...] = ()
    """What was looked for and is not the cause."""
    narrowed: tuple[str, ...] = ()
    """The options by which the person left parts out; what is not in the rest is not known."""
    prevention: tuple[str, ...] = ()
    """What keeps a login that works working, at most three sentences; empty where anything is wrong."""
    untested: tuple[str, ...] = ()
    """Names of protocols that programs of this provider's mailboxes speak, too, and no check does."""

    @property
    def sound_in_part(self) -> bool:
        """Whether nothing is wrong with the part that was looked at."""
        return bool(self.narrowed) and self.exit_code == 0


class ReportService(msgspec.Struct, frozen=True, kw_only=True):
    """A way in that was looked at."""

    protocol: ProtocolName
    host: str
    port: int
    tls: TlsMode
    source: SourceName


class ReportFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One check's finding."""

    cause: str
    certainty: Certainty
    text: str
    proof: str | None = None
    """Which of the cause's proofs in the catalogue it is; None: not confirmed."""


class ReportCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one check."""

    id: str
    title: str
    family: str
    status: Status
    skipped_because: str | None
    started_ms: int | None
    """Milliseconds since the run began; None when it never began."""
    duration_ms: int | None
    findings: tuple[ReportFinding, ...]
    facts: dict[str, Any]


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Where the run took place."""

    os: str
    python: str
    resolver: str | None
    proxy: str | None = None
    clock_offset_s: float | None = None


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """One station on the way from the computer to the mailbox, for the picture."""

    name: str
    """One of `STATION_NAMES`, or of a station that a package adds."""
    title: str
    state: StationState


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Where the reader asks next: what their company's settings say of its help desk."""

    help_desk: str | None = None
    """In the company's own words, one line: a name, a number, an address."""
    status_page: str | None = None
    """URL of the page on which the company says what is down."""
    documentation: str | None = None
    """URL of the folder in which the company keeps a copy of the documentation, ``causes`` in it."""


ChangeKind = Literal["status", "order", "came", "went", "certainty", "impact", "advice", "checks", "provider"]


class JudgementChange(msgspec.Struct, frozen=True, kw_only=True):
    """In what two judgements of one run differ, and why."""

    changed: ChangeKind
    cause: str | None
    """Of which cause it is true; None for the whole."""
    text: str
    because: tuple[str, ...] = ()
    """Sentences, what tells most first."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a saved report that was judged again."""

    saved_by: str
    """Version of the tool that wrote it."""
    judged_by: str | None
    """Version of the tool that judged it again; None where it holds no record to be judged."""
    changes: tuple[JudgementChange, ...] = ()


class KnownCause(msgspec.Struct, frozen=True, kw_only=True):
    """A cause that stood in an earlier report, at the same places, and so fails nothing."""

    cause: str
    checks: tuple[str, ...]
    """Ids of the checks that find it, or what follows from it."""


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """The earlier report that a run was held against, and what that says of it."""

    report: str
    """Its id."""
    started_at: str
    """RFC 3339, UTC."""
    known: tuple[KnownCause, ...] = ()
    better: tuple[str, ...] = ()
    """Sentences on what was wrong then and is not now."""

    @property
    def known_causes(self) -> frozenset[str]:
        """Ids."""
        return frozenset(one.cause for one in self.known)


Redacted = Literal["nothing", "person", "company"]
"""What is hidden; with the company the person is."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a renderer may say, in the report's language."""

    schema_version: Literal[1] = SCHEMA_VERSION
    tool: Tool
    lang: str
    subject: ReportSubject
    started_at: str
    """RFC 3339, UTC."""
    duration_ms: int
    verdict: ReportVerdict
    path: tuple[Station, ...]
    """computer → network → DNS → server → encryption → login → mailbox"""
    services: tuple[ReportService, ...]
    checks: tuple[ReportCheck, ...]
    environment: Environment
    record: dict[str, Any] | None = None
    """The record of the run as values of JSON, to be judged again; None for a report made without a run."""
    replay: Replay | None = None
    """None for a report of a run of its own."""
    contact: Contact | None = None
    """None where the settings name none."""
    baseline: Baseline | None = None
    """None where the run was held against no earlier report."""
    redacted: Redacted = "nothing"
    """What placeholders stand for in it: words such as user-1, addresses that nobody has."""

    def knows(self, cause: str) -> bool:
        """Whether *cause*, an id, stood in the baseline already."""
        return self.baseline is not None and cause in self.baseline.known_causes

    @property
    def id(self) -> str:
        """Names this run in a ticket: eight hexadecimal digits, of when and how it ran alone, in every format."""
        ran = [self.started_at, self.duration_ms, *((check.started_ms, check.duration_ms) for check in self.checks)]
        with one_at_a_time:
            import hashlib

        return hashlib.sha256(json.dumps(ran).encode()).hexdigest()[:8]

    @property
    def looked_for_servers(self) -> bool:
        """Whether any check was of what lies outside this computer's browser and the address."""
        return not self.checks or any(check.family not in {"browser", "address"} for check in self.checks)
