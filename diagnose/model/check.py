"""A check is a record: what it is for, what it needs, a probe (I/O to facts) and a judge (facts to findings)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, Literal, Never, Protocol, TypeVar, overload

import msgspec

from diagnose.model.internal import Internal
from diagnose.model.protocols import Way
from diagnose.model.stations import AddedStation
from diagnose.model.targets import Service, Subject, Target
from diagnose.model.text import Text

if TYPE_CHECKING:
    from diagnose.running.context import Context

Certainty = Literal["confirmed", "likely", "possible"]
Opening = Literal["transport", "login", "mailbox"]
"""That a server speaks with us, that it takes the login, that it opens the mailbox."""
Outsider = Literal[
    "known_answers",
    "reference_hosts",
    "public_hosts",
    "registries",
    "proxies",
    "recipient_server",
    "other_mailbox",
]
"""Computers that are neither name servers nor the subject's own mail servers."""
Status = Literal["pass", "warn", "fail", "skip", "error"]

Facts = msgspec.Struct
F = TypeVar("F", bound=Facts)
G = TypeVar("G")
Had_co = TypeVar("Had_co", covariant=True)
Asked_co = TypeVar("Asked_co", bound=Facts, covariant=True)
G_co = TypeVar("G_co", covariant=True)
More = TypeVar("More", bound=Facts)
if TYPE_CHECKING:
    import typing_extensions

    Had_contra = typing_extensions.TypeVar("Had_contra", bound=Facts, contravariant=True, default=Any)
    Declared = typing_extensions.TypeVar("Declared", bound=Facts, default=Any)
else:
    Had_contra = TypeVar("Had_contra", contravariant=True)
    Declared = TypeVar("Declared")


class Kind(Protocol[Had_co, G_co]):
    """A type of facts: `G_co`, which is one of `Had_co`."""

    # mypy reads both: the type brings facts of either kind
    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> G_co: ...  # noqa: ANN401 - of whatever it is made
    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> Had_co: ...  # type: ignore[overload-cannot-match]  # noqa: ANN401


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
    hosts: tuple[str, ...] = ()
    """Servers that it is true of: it explains no answer to an account on another one. Empty: all."""
    proof: str = ""
    """Which of the cause's proofs in the catalogue this is; without one a cause cannot be confirmed."""

    def __post_init__(self) -> None:
        """Raises ValueError where something is confirmed without a proof."""
        if self.certainty == "confirmed" and not self.proof:
            raise ValueError(f"{self.cause} is confirmed, and by what is not said")


class Inputs(msgspec.Struct, Generic[Had_contra], frozen=True, kw_only=True):
    """What is known when a check runs; a judge sees nothing else beside its own facts.

    ``Inputs[HostFacts | WebFacts]`` may be asked for facts of these two types; mypy refuses others.
    ``Inputs[Never]`` is asked for none, ``Inputs`` for any.
    """

    subject: Subject
    provider: str | None
    """Provider id, from the option or recognised."""
    services: tuple[Service, ...]
    """All services known so far."""
    facts: tuple[Facts, ...] = ()
    """What checks on the same target left, on its host, or on the subject."""
    elsewhere: tuple[tuple[Target, Facts], ...] = ()
    """Facts of other targets. A check on the subject reads those of hosts and services. A check that takes turns reads
    those of its earlier turns, in order."""
    declared: frozenset[type[Facts]] | None = None
    """What the check declares that it reads; None: anything."""

    def __getitem__(self, kind: Kind[Had_contra, G]) -> G:
        """The facts of a check that is needed. Raises KeyError when that check left no facts."""
        found = self.get(kind)
        if found is None:
            raise KeyError(getattr(kind, "__name__", ""))
        return found

    def get(self, kind: Kind[Had_contra, G]) -> G | None:
        """The facts of a check that is needed or read; None when it left none."""
        asked = self._declared(kind)
        return next((facts for facts in self.facts if isinstance(facts, asked)), None)

    def each(self, kind: Kind[Had_contra, G]) -> Iterator[tuple[Target, G]]:
        """The facts of this kind on every other target."""
        asked = self._declared(kind)
        return ((target, facts) for target, facts in self.elsewhere if isinstance(facts, asked))

    def _declared(self, kind: Any) -> type[Any]:  # noqa: ANN401 - a `Kind` is the type itself, which mypy cannot know
        if self.declared is not None and kind not in self.declared:
            raise UndeclaredError(kind.__name__)
        asked: type[Any] = kind
        return asked


class UndeclaredError(LookupError):
    """A check asks for facts that its `needs` do not name."""


class Skip(msgspec.Struct, frozen=True, kw_only=True):
    """Why a check came to no answer: a reason in words, or else the check that stood in its way."""

    reason: Text | None = None
    need: str | None = None
    """The id of the other check's instance."""

    def render(self, translate: Callable[[str], str] = str) -> str:
        """The reason in the reader's language, or the id."""
        return self.reason.render(translate) if self.reason is not None else self.need or ""


class SkipCheck(Exception):  # noqa: N818 - a signal of the probe to the runner, no error
    """Raised by a probe that finds there is nothing for it to do; the reason is shown."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.msgid)
        self.reason = reason


def always(_: object) -> bool:
    """For checks that never stand in the way of others, and for checks on every target of their kind."""
    return True


def _nothing_open(_facts: object) -> Text | None:
    return None


def _nothing_unsettled(_facts: object) -> Iterable[str]:
    return ()


def _shows_nothing(_facts: object, _inputs: Inputs[Never], _target: object) -> Mapping[str, str]:
    return {}


def _as_seen(facts: F, _target: object, _inputs: Inputs[Never], _context: Context) -> F:
    return facts


def _not_spared(_target: object, _inputs: Inputs[Never], _context: Context) -> Text | None:
    return None


class Needs(Internal, Generic[Declared], frozen=True):
    """Whose facts a check may ask its inputs for: ``need(HostFacts) | read(WebFacts)``."""

    needed: tuple[tuple[type[Facts], Callable[[Any], bool]], ...] = ()
    """Facts that other checks must have left, and usable ones; and on which targets."""
    read: tuple[type[Facts], ...] = ()
    """Facts that are waited for, and read if there are any."""

    def __or__(self, other: Needs[More]) -> Needs[Declared | More]:
        return Needs(self.needed + other.needed, self.read + other.read)


def need(kind: type[More], where: Callable[[Any], bool] = always) -> Needs[More]:
    """Facts without which the check is skipped, on those targets *where* it needs them."""
    return Needs(needed=((kind, where),))


def read(kind: type[More]) -> Needs[More]:
    """Facts that the check waits for, and does without if they never come."""
    return Needs(read=(kind,))


NO_NEEDS: Needs[Never] = Needs()
"""For checks that ask for no facts of others."""


class Turns(Internal, Generic[Asked_co], frozen=True, kw_only=True):
    """Never two instances at once, in the order of the services: for what must not be tried twice in vain."""

    spared: Callable[[Any, Inputs[Asked_co], Context], Text | None] = _not_spared
    """Why earlier turns, in `Inputs.elsewhere`, leave this one nothing to do; None: they do not. Asked as soon as those
    are over, before what this one needs is."""


class Sharing(Internal, Generic[F, Asked_co], frozen=True, kw_only=True):
    """Facts that no account has a part in: the runs of a fleet take them over from each other.

    Those by which the check passes stand for all runs at once. Others stand once a second run has seen such, too.
    The probe reads neither the person, nor their records, nor more of the subject than its domain. It finds no
    connection where what it needs was taken over.
    """

    own: Callable[[F, Any, Inputs[Asked_co], Context], F] = _as_seen
    """The facts, with what the records of this computer add to them for the account of this run."""


class Expectable(Internal, frozen=True, kw_only=True):
    """Something that a person can say they expect of the subject, as ``name=value``."""

    name: str
    example: str | None
    """A value of it, for the error that another one gets; None where what `read` raises says what would be right."""
    read: Callable[[str], str]
    """A value as typed -> as it is compared. Raises TextError: what is wrong with it, a sentence without its end."""


class Check(Internal, Generic[F, Declared], frozen=True, kw_only=True):
    """One check, declared once and run for every target of its kind."""

    id: str
    """Stable, part of the public interface; an instance's id adds the service, as in ``tls.imap.993``."""
    family: str
    title: str | Callable[[Any], str]
    """A claim that reads right when true and when false; a message id with {host}, {port}, {protocol}, {domain}. A
    function where it depends on the target."""
    each: type[Any] | UnionType
    """What it is run for: Subject, Host, Service, or several of them (``Subject | Service``)."""
    facts: type[F]
    """What its probe returns. No other check has facts of this type: others ask for them by it."""
    probe: Callable[[Any, Inputs[Declared | F], Context], F]
    """I/O; expected failures are part of the facts. May raise SkipCheck."""
    judge: Callable[[F, Inputs[Declared | F], Any], Iterable[Finding]]
    """Pure: facts, what was given, and the target."""
    if TYPE_CHECKING:
        needs: Needs[Declared]
        """All facts of others that its functions may ask for: to mypy, whatever else they ask for is an error."""
    else:  # by packages that nobody has checked
        needs: Needs[Any] | tuple[type[Facts], ...] = NO_NEEDS
    starts_after: tuple[type[Facts], ...] = ()
    """Facts that are waited for and not read: for the order alone, or to leave the processor to others."""
    overrules: tuple[type[Facts], ...] = ()
    """Facts of checks that know less of the same target: what those hold possible and this one rules out is dropped."""
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
    left_open: Callable[[F], Text | None] = _nothing_open
    """What these facts do not tell although it was asked; where no cause is found, that makes a run inconclusive."""
    shows: Callable[[F, Inputs[Declared | F], Any], Mapping[str, str]] = _shows_nothing
    """What these facts prove of this mail system for the steps of remedies, by the names of placeholders: the page to
    sign in on. Pure."""
    way: Way | None = None
    """The one way into the mailbox that it tells of; None: all that its service opens."""
    station: str | AddedStation | None = None
    """The station of the picture that it speaks for, which works where all its checks passed; None: it speaks for none.
    A name that is not known stands for its family's station."""
    opens: Opening | None = None
    """Which part of a way into the mailbox its usable facts show to be open; a way is open by all of them."""
    of_flaws: bool = False
    """It says what is wrong with a malformed address; no other check runs then."""
    expects: tuple[Expectable, ...] = ()
    """What it holds the subject against: it takes part only where one of these is expected. Empty: always."""
    asks: tuple[Outsider, ...] = ()
    """Whom its probe may contact beside the servers of its target, so that `--dry-run` can say so."""
    sharing: Sharing[F, Declared | F] | None = None
    """For facts that are the same for every account; None: each run sees them itself."""
    turns: Turns[Declared | F] | None = None
    """For what is done on one service after the other; None: on all at once."""

    def __post_init__(self) -> None:
        if isinstance(self.needs, tuple):
            msgspec.structs.force_setattr(self, "needs", Needs(needed=tuple((kind, always) for kind in self.needs)))

    def needed(self, target: Target) -> tuple[type[Facts], ...]:
        """The facts that it needs on *target*."""
        return tuple(kind for kind, where in self.needs.needed if where(target))

    @property
    def needed_somewhere(self) -> frozenset[type[Facts]]:
        """The facts that it needs on any target."""
        return frozenset(kind for kind, _ in self.needs.needed)

    @property
    def awaited(self) -> frozenset[type[Facts]]:
        """All facts that it waits for on any target."""
        return self.needed_somewhere | {*self.needs.read, *self.starts_after}

    def is_for(self, kind: type[Target]) -> bool:
        """Whether targets of this *kind* are among those that it is run for."""
        return issubclass(kind, self.each)

    def title_for(self, target: Target) -> str:
        """Its title on *target*, a message id."""
        return self.title if isinstance(self.title, str) else self.title(target)


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
    skipped_because: Skip | None = None
    """Of a check that was skipped, or ended in an error."""
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
    cut_off: bool = False
    """Its probe was under way when the person ended the run."""
    unsettled: tuple[str, ...] = ()
    """Causes that its passing does not speak against, though that of another target might."""
    shown: Mapping[str, str] = {}
    """What its facts prove for the steps of remedies, by the names of placeholders; beside that a server's `greeting`,
    and the domain's `exchangers`, by which the verdict recognises servers of one's own."""

    @property
    def ways(self) -> frozenset[Way]:
        """The ways into the mailbox that it tells of; empty where its target opens none by itself."""
        opened = self.target.ways if isinstance(self.target, Service) else frozenset()
        return opened if self.way is None else opened & {self.way}
