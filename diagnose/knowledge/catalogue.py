"""The catalogue of causes: what each one means, what it explains, and who ends it how.

The texts are in knowledge/causes, one file a family; each is an English sentence that is also its
gettext message id. A step or link may hold placeholders in braces: what is known about the run
(`RUN_FACTS`), about the provider and about the browser (`PLACEHOLDERS`).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec

from diagnose.browsers.placeholders import BROWSER_PLACEHOLDERS
from diagnose.knowledge import compiled
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.knowledge.packages import Package, packages
from diagnose.knowledge.part import KnowledgePart
from diagnose.model import TextError, quote, text
from diagnose.model.report import Impact, ReportLink, ReportRemedy
from diagnose.model.stations import FAMILIES as ALL_FAMILIES
from diagnose.model.stations import StationName
from diagnose.process.first_use import NEEDED_LATER, lazy_pattern, made_once, made_while_waiting, one_at_a_time
from diagnose.providers.placeholders import PLACEHOLDERS as PROVIDER_PLACEHOLDERS
from diagnose.providers.traits import TRAITS as PROVIDER_TRAITS

FAMILIES = tuple(name for name, family in ALL_FAMILIES.items() if family.station is not None)
"""Those that have causes: the layers, the one that others stand on first."""

Fixer = Literal["user", "helpdesk", "admin", "provider"]
Scope = Literal["account", "domain", "host", "service", "computer", "browser", "expectation"]
"""What a cause is true of, and so which findings it can explain: those of the same service, of the
same host, or (account, domain, computer) all; a browser's causes explain those of the webmail page. What differs from
what somebody expects explains nothing, and a login that works does not speak against it."""

RUN_FACTS: Mapping[str, str] = MappingProxyType(
    {
        "address": text("[address]").msgid,
        "domain": text("[domain]").msgid,
        "username": text("[user name]").msgid,
        "host": text("[server]").msgid,
        "port": text("[port]").msgid,
        "protocol": text("[protocol]").msgid,
    }
)
"""Fact of the run -> the blank to fill in by hand where a run lacks the fact: a message id."""

SERVER_PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "maintenance_end": "When the maintenance that a server announces is to end, as the server wrote it.",
        "weak_certificate": "Which key or digest of a server's certificate is too weak, in the TLS library's words.",
        "referred_host": "The server that a login referral (RFC 2221) sends the account to.",
        "usable_ports": "Other ports of the same server and protocol that take connections, with their security.",
    }
)
ORGANISATION_PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {"own_status_page": "Page on which the person's organisation says what is down, by its settings."}
)
PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {**PROVIDER_PLACEHOLDERS, **BROWSER_PLACEHOLDERS, **SERVER_PLACEHOLDERS, **ORGANISATION_PLACEHOLDERS}
)
"""Names and meanings of what may be known beyond the run; a step has to say that it needs one."""

TRAITS: Mapping[str, str] = MappingProxyType(
    {
        **PROVIDER_TRAITS,
        "clock-right": "This computer's clock was compared with others, and is right.",
        "documented-server": "The server that was asked is the one that the provider documents for the account.",
        "over-tls": "The login that a server refused as one in clear went over verified TLS.",
    }
)
"""Names and meanings of what may be known to hold, and so decides whether a step is worth saying."""

ONE_AFTER_ANOTHER = text("{sentence} {next}").msgid
"""Two whole sentences; Chinese has no blank between them."""
MAY_DIFFER = text("{value} (may differ)").msgid
"""A fact that no good source bears out, such as an address that somebody has only heard of."""
MOST_STEPS = 7
"""How many a remedy asks for at first; whoever has to do more than that reads none."""
MOST_PRECAUTIONS = 3
"""Sentences on how to keep a cause from happening again; they are for later, and few remember more."""
CLOSED = lazy_pattern("\N{FULLWIDTH RIGHT PARENTHESIS} (?=[\u3400-\u9fff])")
"""A blank that belonged to a value without doubt, and stands behind the parenthesis of a doubted one."""
LONGEST_FACT = 2000
"""Characters; the menu paths of a provider with many editions are the longest facts there are."""


class Conditional(KnowledgePart, frozen=True, kw_only=True):
    """What is said under conditions only; without any it is said always."""

    where: tuple[str, ...] = ()
    """`TRAITS` that all have to be known to hold."""
    unless: tuple[str, ...] = ()
    """`TRAITS` none of which may be known to hold."""

    def __post_init__(self) -> None:
        """Raises ValueError for a trait that there is not."""
        if unknown := {*self.where, *self.unless} - TRAITS.keys():
            raise ValueError(f"there is no trait {', '.join(sorted(unknown))}")

    def fits(self, traits: Collection[str]) -> bool:
        """Whether it is to be said where *traits* are known to hold."""
        return all(one in traits for one in self.where) and not any(one in traits for one in self.unless)


class Step(Conditional, frozen=True, kw_only=True):
    """One instruction that can be followed as written."""

    text: str
    needs: tuple[str, ...] = ()
    """Facts without which `text` cannot be said."""
    otherwise: str | None = None
    """What to say then; None leaves the step out."""
    looks_for: tuple[str, ...] = ()
    """Causes that the step is to find; it is left out of a report whose run has ruled out all of them."""


class Link(KnowledgePart, frozen=True, kw_only=True):
    """A page that helps; left out where one of its facts is not known."""

    text: str
    url: str
    needs: tuple[str, ...] = ()


class Remedy(Conditional, frozen=True, kw_only=True):
    """What one kind of person can do about a cause."""

    fixer: Fixer
    steps: tuple[str | Step, ...]
    """A plain string is a step that needs no facts but the run's."""
    further: tuple[str | Step, ...] = ()
    """What to do if these did not help."""
    links: tuple[Link, ...] = ()


class Proof(KnowledgePart, frozen=True, kw_only=True):
    """One kind of evidence that may confirm a cause."""

    id: str
    beside: str | None = None
    """A check that has to have gone well somewhere in the same run, or this proves nothing."""


class Cause(KnowledgePart, frozen=True, kw_only=True):
    """One reason why a login fails."""

    id: str
    title: str
    """A claim, without a final full stop."""
    summary: str
    """Two sentences in plain words."""
    hint: Step | None = None
    """What is said behind `summary` where a fact of the provider makes it mean more."""
    proof: str
    """What has to be seen before the cause may be called confirmed."""
    proofs: tuple[str | Proof, ...] = ()
    """The kinds of evidence that `proof` speaks of, which findings name; ``reply`` is a server's own words."""
    rules_out: str | None = None
    """What shows that this is not the cause, where that is not plain."""
    fixer: Fixer
    """Who can end it."""
    scope: Scope
    by_line: bool = False
    """Whether the line of an office, or what else lies before all its computers, can bring it about."""
    station: StationName | None = None
    """Where in the picture of the way it breaks; None: where its family does."""
    impact: Impact = "blocks"
    """``hinders`` only where the cause can never shut a way in; otherwise a verdict has to see."""
    explains: tuple[str, ...] = ()
    """Causes whose findings only follow from this one."""
    prevention: Annotated[tuple[str | Step, ...], msgspec.Meta(max_length=MOST_PRECAUTIONS)] = ()
    """What keeps it from happening again: sentences without placeholders."""
    remedies: tuple[Remedy, ...]

    @property
    def family(self) -> str:
        """What `id` begins with."""
        return self.id.partition(".")[0]

    @property
    def shared_in_a_place(self) -> bool:
        """Whether it can be one for all people of a place; other causes are merely alike with each of them."""
        return self.by_line or self.scope in {"computer", "browser"}

    @property
    def proof_names(self) -> tuple[str, ...]:
        """What findings call this cause's proofs."""
        return tuple(one if isinstance(one, str) else one.id for one in self.proofs)

    def proven_by(self, name: str) -> Proof | None:
        """The proof of that *name*; None where this cause has none."""
        proofs = (Proof(id=one) if isinstance(one, str) else one for one in self.proofs)
        return next((proof for proof in proofs if proof.id == name), None)

    def msgids(self) -> Iterator[str]:
        """Every text to translate, as often as it occurs."""
        yield from (self.title, self.summary, self.proof)
        if self.rules_out:
            yield self.rules_out
        if self.hint:
            yield from filter(None, (self.hint.text, self.hint.otherwise))
        yield from (one if isinstance(one, str) else one.text for one in self.prevention)
        for remedy in self.remedies:
            for step in (*remedy.steps, *remedy.further):
                if isinstance(step, str):
                    yield step
                else:
                    yield from filter(None, (step.text, step.otherwise))
            yield from (link.text for link in remedy.links)


class UnknownCauseError(TextError, LookupError):
    """No cause has this id; the message suggests ids that look like it."""

    def __init__(self, cause_id: str, known: Iterable[str]) -> None:
        self.cause_id = cause_id
        with one_at_a_time:
            from diagnose.model.likeness import close_names

        self.close = tuple(close_names(cause_id, known))
        sentence = text("no cause '{name}'", name=cause_id)
        hint = text("no cause '{name}'; did you mean {close}?", name=cause_id, close=self.close)
        super().__init__(hint if self.close else sentence)


class Catalogue:
    """All causes, in the order of their layers."""

    def __init__(self, causes: Iterable[Cause]) -> None:
        """Raises UnknownCauseError when a cause explains one that is not there."""
        self._causes = {cause.id: cause for cause in causes}
        self.ids = tuple(self._causes)
        """Root causes come before what they usually entail."""
        self._order = {cause_id: place for place, cause_id in enumerate(self.ids)}
        self._consequences = {cause_id: self._followed(cause_id) for cause_id in self.ids}

    def __getitem__(self, cause_id: str) -> Cause:
        """Raises UnknownCauseError."""
        try:
            return self._causes[cause_id]
        except KeyError:
            raise UnknownCauseError(cause_id, self.ids) from None

    @property
    def families(self) -> tuple[str, ...]:
        """The families of causes, in their order."""
        return tuple(dict.fromkeys(cause.family for cause in self))

    def __iter__(self) -> Iterator[Cause]:
        return iter(self._causes.values())

    def __contains__(self, cause_id: object) -> bool:
        return cause_id in self._causes

    def order(self, cause_id: str) -> int:
        """The place of a cause among all, from 0. Raises UnknownCauseError."""
        return self._order[self[cause_id].id]

    def explains(self, cause_id: str, other_id: str) -> bool:
        """Whether findings of the other cause can follow from this one, directly or by way of a third.

        Says nothing about scope. Raises UnknownCauseError.
        """
        return self[other_id].id in self._consequences[self[cause_id].id]

    def _followed(self, cause_id: str) -> frozenset[str]:
        found: set[str] = set()
        pending = [cause_id]
        while pending:
            new = set(self[pending.pop()].explains) - found
            found |= new
            pending.extend(new)
        return frozenset(found)


@made_while_waiting(NEEDED_LATER)
def catalogue() -> Catalogue:
    """All causes there are, ours and other packages'. Raises KnowledgeError where a file of ours does not fit."""
    return catalogue_with(packages().taken)


def hinders_only(cause: str) -> bool:
    """Whether *cause*, an id, can never block a login. Raises KeyError for an unknown one."""
    return catalogue()[cause].impact == "hinders"


@made_once
def catalogue_with(brought: tuple[Package, ...]) -> Catalogue:
    """Our own causes, and behind them what *brought* adds. Raises KnowledgeError."""
    folder = KNOWLEDGE / "causes"
    own = [cause for family in FAMILIES for cause in load(folder / f"{family}.yaml", list[Cause])]
    compiled.let_go(folder)
    if not brought:
        return Catalogue(own)
    with one_at_a_time:
        from diagnose.knowledge.brought_causes import causes_of  # nobody needs it who has no such package

    return Catalogue([*own, *causes_of(brought, own)])


def summary_for(
    cause: Cause,
    facts: Mapping[str, str],
    translate: Callable[[str], str] = str,
    traits: Collection[str] = frozenset(),
) -> str:
    """What the cause means, and what it often means at this provider; arguments as in `remedies_for`."""
    known = {name: quote(value, LONGEST_FACT) for name, value in facts.items() if value}
    hint = _sayable(cause.hint, known, traits) if cause.hint else None
    if hint is None:
        return translate(cause.summary)
    return translate(ONE_AFTER_ANOTHER).format(
        sentence=translate(cause.summary), next=translate(hint).format_map(known)
    )


def prevention_for(
    cause: Cause, translate: Callable[[str], str] = str, traits: Collection[str] = frozenset()
) -> tuple[str, ...]:
    """What keeps the cause from happening again, where *traits* are known to hold."""
    return _precautions(cause.prevention, translate, traits)


def precautions_for(translate: Callable[[str], str] = str, traits: Collection[str] = frozenset()) -> tuple[str, ...]:
    """What keeps a login working where nothing is wrong with it, for mailboxes of *traits*."""
    return _precautions(_precautions_of_all(), translate, traits)[:MOST_PRECAUTIONS]


@made_once
def _precautions_of_all() -> tuple[str | Step, ...]:
    return load(KNOWLEDGE / "precautions.yaml", tuple[str | Step, ...])


def _precautions(
    told: Iterable[str | Step], translate: Callable[[str], str], traits: Collection[str]
) -> tuple[str, ...]:
    said = (_sayable(one, {}, traits) for one in told)
    return tuple(translate(sentence) for sentence in said if sentence is not None)


def remedies_for(
    cause: Cause,
    facts: Mapping[str, str],
    translate: Callable[[str], str] = str,
    traits: Collection[str] = frozenset(),
    *,
    ruled_out: Collection[str] = frozenset(),
    doubted: Collection[str] = frozenset(),
    blanks: bool = True,
) -> tuple[ReportRemedy, ...]:
    """What each kind of person can do, in the language of *translate*, with what is known filled in.

    *traits* are those of `TRAITS` that are known to hold; steps that they make pointless are left out.
    So are steps that look for *ruled_out*, which are ids of causes. What is *doubted*, by its placeholder's name, is
    said to be so; commands and the addresses of links hold it bare. Without *blanks* a step that names an unknown
    fact of the run is left out, too. At most `MOST_STEPS` come first; the rest is for whom these did not help.

    *facts* holds facts of the run, the provider and the browser by their placeholder names; an empty value
    counts as not known. Values come from outside: they are only put in, never read as a template.
    Commands that people copy into a shell stand in backquotes: values there are quoted for the shell.
    """
    known = {name: quote(value, LONGEST_FACT) for name, value in facts.items() if value}
    places = {name: translate(blank) for name, blank in RUN_FACTS.items()}
    unknown = RUN_FACTS.keys() - known.keys()
    in_doubt = {name: _in_doubt(known[name], translate) for name in doubted if name in known}
    bare = places | known
    in_prose = bare | in_doubt
    in_command = places | {name: shlex.quote(value) for name, value in known.items()}

    def said(msgid: str) -> str:
        pieces = enumerate(translate(msgid).split("`"))
        filled = "`".join(piece.format_map(in_command if place % 2 else in_prose) for place, piece in pieces)
        return CLOSED.sub("\N{FULLWIDTH RIGHT PARENTHESIS}", filled)

    def chosen(steps: Iterable[str | Step]) -> Iterator[str]:
        for step in steps:
            msgid = None if _is_settled(step, ruled_out) else _sayable(step, known, traits)
            if msgid is not None and (blanks or not any(f"{{{name}}}" in msgid for name in unknown)):
                yield said(msgid)

    def all_of(remedy: Remedy) -> tuple[tuple[str, ...], tuple[str, ...]]:
        first, further = tuple(chosen(remedy.steps)), tuple(chosen(remedy.further))
        return (first[:MOST_STEPS], (*first[MOST_STEPS:], *further)) if first else (further[:MOST_STEPS], ())

    def linked(link: Link) -> ReportLink:
        words = said(link.text)
        doubtful = not in_doubt.keys().isdisjoint(link.needs)
        return ReportLink(text=_in_doubt(words, translate) if doubtful else words, url=link.url.format_map(bare))

    remedies = (
        ReportRemedy(
            fixer=remedy.fixer,
            steps=steps,
            further=further,
            links=tuple(linked(link) for link in remedy.links if known.keys() >= set(link.needs)),
        )
        for remedy in cause.remedies
        if remedy.fits(traits)
        for steps, further in (all_of(remedy),)
    )
    return tuple(remedy for remedy in remedies if remedy.steps)


def _in_doubt(value: str, translate: Callable[[str], str]) -> str:
    return translate(MAY_DIFFER).format(value=value)


def _is_settled(step: str | Step, ruled_out: Collection[str]) -> bool:
    """Whether all that *step* looks for is known not to be there."""
    return isinstance(step, Step) and bool(step.looks_for) and all(one in ruled_out for one in step.looks_for)


def _sayable(step: str | Step, known: Mapping[str, str], traits: Collection[str]) -> str | None:
    if isinstance(step, str):
        return step
    if not step.fits(traits):
        return None
    return step.text if known.keys() >= set(step.needs) else step.otherwise
