"""What a run saw, complete and without any opinion: the one thing that a judgement is made from."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from diagnose.model import Host, Service, Skip, Subject, Target, Text, text
from diagnose.planning.selection import Selection

RECORD_VERSION: Literal[1] = 1
INTERRUPTED = text("the run was interrupted")
OUT_OF_TIME = text("the time for the whole run was over")
"""Why a check of an interrupted run looked at nothing, or did not come to its end."""
Place: TypeAlias = "str | int | None"
"""What a check ran on: a host's name, the number of a service in `Run.services`, None for the subject."""


class CheckRun(msgspec.Struct, frozen=True, kw_only=True):
    """One check on one target, as the run left it."""

    id: str
    """Of this instance; no other of the run has it."""
    check: str
    place: Place = None
    provider: str | None = None
    """Provider id, as far as it was known when the probe began."""
    services: int = 0
    """How many of `Run.services` were known when the probe began."""
    started_ms: int | None = None
    """Milliseconds since the run began; None when the probe never did."""
    duration_ms: int | None = None
    facts: Any = None
    """Of the check's own type; None where it left none."""
    skip: Skip | None = None
    """Why it looked at nothing."""
    fault: Text | None = None
    """What its probe failed by, through no doing of the network's."""
    left_out: bool = False
    """The person chose to go without it."""
    cut_off: bool = False
    """Its probe was under way when the person ended the run."""
    taken_over_ms: int | None = None
    """Of facts that another run of the fleet saw: how many milliseconds before this one took them over."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the person asked for, as far as a judgement depends on it."""

    login: bool
    """The login itself was to be tested."""
    services: bool = True
    """Mail services were to be found."""
    strict: bool = False
    """Causes that only hinder make a problem, too."""
    narrowed: tuple[str, ...] = ()
    """The options by which the person left checks out, so that nothing found is no sign of health."""
    selection: Selection = Selection()


class OwnWords(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Words by which the computer that a run was made on, and the person at it, can be recognised."""

    computers: tuple[str, ...] = ()
    """Names of the computer."""
    addresses: tuple[str, ...] = ()
    """IP addresses of the computer, loopback aside."""
    folders: tuple[str, ...] = ()
    """The person's home folder."""
    users: tuple[str, ...] = ()
    """Names of the person's account on the computer."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The record of one run. Holds no secret."""

    version: Literal[1] = RECORD_VERSION
    subject: Subject
    asked: Asked
    provider: str | None = None
    """Provider id, as far as it was known at the end."""
    services: tuple[Service, ...] = ()
    """In the order in which they were found."""
    checks: tuple[CheckRun, ...] = ()
    interrupted: bool = False
    """The person ended the run before the checks did."""
    started_at: datetime
    duration_ms: int
    tool: str
    """Its version."""
    os: str
    python: str
    resolver: str | None = None
    nameserver: str | None = None
    """The DNS server that was chosen for the run, its port behind a colon unless it is 53; None: the system's."""
    ca_file: str | None = None
    """The file of further authorities that was chosen for the run."""
    proxy: str | None = None
    own: OwnWords = OwnWords()
    """Those that stand in this very record, so that whoever redacts it later knows them."""

    def targets(self) -> dict[Place, Target]:
        """All targets by their places: the subject, then each service, behind its host where that was not known."""
        found: dict[Place, Target] = {None: self.subject}
        for number, service in enumerate(self.services):
            found.setdefault(service.host, Host(name=service.host, source=service.source))
            found[number] = service
        return found
