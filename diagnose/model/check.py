"""A check is a record: what it is for, what it needs, a probe (I/O to facts) and a judge (facts to findings)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import msgspec

from diagnose.model.protocols import Way
from diagnose.model.targets import Service, Subject, Target
from diagnose.model.text import Text

if TYPE_CHECKING:
    from diagnose.running.context import Context

Certainty = Literal["confirmed", "likely", "possible"]
Status = Literal["pass", "warn", "fail", "skip", "error"]

Facts = msgspec.Struct
F = TypeVar("F", bound=Facts)
G = TypeVar("G", bound=Facts)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A cause that a judge names, how sure it is, and the sentence that says why."""

    cause: str
    certainty: Certainty
    text: Text
    data: dict[str, Any] = {}
    """The facts that the sentence rests on, as plain values."""
    partial: bool = False
    """True of a part only (one address, one MX of several): the whole still works, so the cause only hinders."""
    remembered: bool = False
    """True of an earlier run, by the tool's own record: what this run has seen itself ranks before it."""
    stands: bool = False
    """Seen to hold whatever else is wrong, so that no other cause explains it."""
    proof: str = ""
    """Which of the cause's proofs in the catalogue this is; without one a cause cannot be confirmed."""

    def __post_init__(self) -> None:
        """Raises ValueError where something is confirmed without a proof."""
        if self.certainty == "confirmed" and not self.proof:
            raise ValueError(f"{self.cause} is confirmed, and by what is not said")


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when a check runs; a judge sees nothing else beside its own facts."""

    subject: Subject
    provider: str | None
    """Provider id, from the option or recognised."""
    services: tuple[Service, ...]
    """All services known so far."""
    facts: Mapping[str, Facts]
    """Facts of needed checks on the same target (or on its host, or on the subject), by check id."""
    earlier: tuple[tuple[Service, Facts], ...] = ()
    """For a check that takes turns: facts of its earlier turns, in order."""
    elsewhere: Mapping[str, tuple[tuple[Target, Facts], ...]] = {}
    """For a check on the subject: facts that checks on hosts and services left, by check id."""

    def of(self, check: str, kind: type[G]) -> G:
        """The facts of the needed *check*. Raises KeyError when that check left none."""
        found = self.facts[check]
        if not isinstance(found, kind):
            raise TypeError(f"{check} left {type(found).__name__}, not {kind.__name__}")
        return found

    def has(self, check: str) -> bool:
        """Whether *check* left facts; only for what is named in `Check.after`."""
        return check in self.facts


class SkipCheck(Exception):  # noqa: N818 - a signal of the probe to the runner, no error
    """Raised by a probe that finds there is nothing for it to do; the reason is shown."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.msgid)
        self.reason = reason


def always(_: object) -> bool:
    """For checks that never stand in the way of others, and for checks on every target of their kind."""
    return True


def _not_spared(_target: object, _inputs: Inputs, _context: Context) -> Text | None:
    return None


def _nothing_open(_facts: object) -> Text | None:
    return None


def _nothing_unsettled(_facts: object) -> Iterable[str]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Check(Generic[F]):
    """One check, declared once and run for every target of its kind."""

    id: str
    """Stable, part of the public interface; an instance's id adds the service, as in ``tls.imap.993``."""
    family: str
    title: str
    """A claim that reads right when true and when false; a message id with {host}, {port}, {protocol}, {domain}."""
    each: type[Subject] | type[Service] | type[Any]
    facts: type[F]
    probe: Callable[[Any, Inputs, Context], F]
    """I/O; expected failures are part of the facts. May raise SkipCheck."""
    judge: Callable[[F, Inputs, Any], Iterable[Finding]]
    """Pure: facts, what was given, and the target."""
    needs: tuple[str, ...] = ()
    """Checks that must have left usable facts."""
    after: tuple[str, ...] = ()
    """Checks to wait for whose facts are read if there are any."""
    overrules: tuple[str, ...] = ()
    """Checks that know less of the same target: what they hold possible and this one rules out is dropped."""
    applies: Callable[[Any], bool] = always
    """Which targets of the kind it is for."""
    usable: Callable[[F], bool] = always
    """Whether checks that need these facts can go on with them."""
    untold: Callable[[F], Text | None] = _nothing_open
    """Why these facts do not bear the title out, if they do not: without a finding the check has then not passed."""
    rules_out: tuple[str, ...] = ()
    """Causes that cannot be the case where this check passed on every target that it is for."""
    unsettled: Callable[[F], Iterable[str]] = _nothing_unsettled
    """Those of `rules_out` that these facts say nothing about, though they bear the title out."""
    spared: Callable[[Any, Inputs, Context], Text | None] = _not_spared
    """For a check that takes turns: why earlier turns leave this one nothing to do, if they do. Asked as soon as those
    are over, before what this one needs is."""
    left_open: Callable[[F], Text | None] = _nothing_open
    """What these facts do not tell although it was asked; where no cause is found, that makes a run inconclusive."""
    way: Way | None = None
    """The one way into the mailbox that it tells of; None: all that its service opens."""
    takes_turns: bool = False
    """Never two of its instances at once, in the order of the services: for what must not be tried twice in vain."""


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one check on one target."""

    id: str
    check: str
    family: str
    title: Text
    target: Target
    way: Way | None = None
    """The one way into the mailbox that it tells of; None: all that its service opens."""
    status: Status
    skipped_because: Text | None = None
    started_ms: int | None = None
    duration_ms: int | None = None
    facts: Facts | None = None
    findings: tuple[Finding, ...] = ()
    usable: bool = False
    """Whether what needs this check could go on."""
    left_open: Text | None = None
    """What was asked and is not told by the facts."""
    left_out: bool = False
    """The person chose to go without it."""
    unsettled: tuple[str, ...] = ()
    """Causes that its passing does not speak against, though that of another target might."""

    @property
    def ways(self) -> frozenset[Way]:
        """The ways into the mailbox that it tells of; empty where its target opens none by itself."""
        opened = self.target.ways if isinstance(self.target, Service) else frozenset()
        return opened if self.way is None else opened & {self.way}
