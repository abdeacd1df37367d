"""What a reply, an error message or a cause's id means, and what to do: pure, from words to causes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from diagnose import providers
from diagnose.explain.makers import Elsewhere, maker_of, meant_elsewhere
from diagnose.knowledge.catalogue import catalogue, prevention_for, remedies_for, summary_for
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.knowledge.part import KnowledgePart
from diagnose.model import Certainty, quote
from diagnose.model.report import ReportRemedy
from diagnose.process.first_use import made_once, one_at_a_time
from diagnose.providers.recognition import folded_name, known_names
from diagnose.rendering.renderer import Audience
from diagnose.replies import Outcome, Reading, ReplyForm, Suspect, ToldBy, load_knowledge, read_message

Translate = Callable[[str], str]

LONGEST_ID = 100
"""Characters of a word that may be meant as a cause's id."""
UNKNOWN_DOMAIN = "{domain}"
"""Put in for itself, the placeholder stays open in a provider's addresses: those that need a domain are left out."""


class NamedCause(msgspec.Struct, frozen=True, kw_only=True):
    """A cause by its name."""

    id: str
    certainty: Certainty
    title: str


class ExplainedCause(NamedCause, frozen=True, kw_only=True):
    """A cause with what is to be done about it."""

    summary: str
    remedies: tuple[ReportRemedy, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What words mean (contract: `diagnose explain`)."""

    causes: tuple[ExplainedCause, ...]
    """Likeliest first; none where the words report no failure or mean nothing."""
    matched: str
    """What in the words was recognised; the labelled text that they are like where likeness told."""
    outcome: Outcome
    """Whether a cause was found, no failure is reported, a program made a mistake, or nothing is known of it."""
    told_by: ToldBy
    provider: str | None = None
    """The id of the provider whose steps are told: the one given, or the one whose server the words name."""
    elsewhere: tuple[str, ...] = ()
    """Names of providers that mean the last of the causes by such words."""


def explain(
    words: str | bytes,
    *,
    protocol: ReplyForm | None = None,
    provider: str | None = None,
    lang: providers.Language = "en",
    audience: Audience = "user",
    translate: Translate = str,
) -> Explanation:
    """What *words* mean, remedies for *audience* first; a cause's id means that cause.

    *provider*: an id of the provider knowledge, or another name that the reader knows it by.
    """
    known = catalogue()
    reading, maker, elsewhere = _read(words, protocol, provider)
    described = _provider(provider or maker)
    facts = providers.provider_facts(described, UNKNOWN_DOMAIN, lang) if described else {}
    traits = providers.provider_traits(described, UNKNOWN_DOMAIN, protocol) if described else frozenset[str]()
    doubted = providers.doubted_facts(described, UNKNOWN_DOMAIN) if described else frozenset[str]()
    also = (Suspect(cause=elsewhere.cause, certainty="possible"),) if elsewhere else ()

    def explained(suspect: Suspect) -> ExplainedCause:
        cause = known[suspect.cause]
        said = {"referred_host": reading.referral} if reading.referral else {}
        told = reading.holds if suspect is reading.suspects[0] else ()
        known_here = providers.with_told(traits, told)
        remedies = remedies_for(cause, {**facts, **said}, translate, known_here, doubted=doubted)
        return ExplainedCause(
            id=cause.id,
            certainty=suspect.certainty,
            title=translate(cause.title),
            summary=summary_for(cause, facts, translate, known_here),
            remedies=tuple(sorted(remedies, key=lambda remedy: remedy.fixer != audience)),
        )

    return Explanation(
        causes=tuple(map(explained, (*reading.suspects, *also))),
        matched=quote(reading.matched),
        outcome=reading.outcome,
        told_by=reading.told_by,
        provider=described.id if described else None,
        elsewhere=elsewhere.names if elsewhere else (),
    )


def _read(
    words: str | bytes, protocol: ReplyForm | None, provider: str | None
) -> tuple[Reading, str | None, Elsewhere | None]:
    """What *words* say, and, where no *provider* was named, whose they are and what they mean elsewhere."""
    name = _as_id(words)
    if name in catalogue():
        return (
            Reading(suspects=(Suspect(cause=name, certainty="confirmed"),), matched=name, outcome="cause"),
            None,
            None,
        )
    if close_ids(words):
        return Reading(), None, None  # a misspelt id holds words, but says nothing with them
    reading = read_message(words, protocol=protocol, provider=provider)
    if (not reading.suspects or reading.told_by == "likeness") and (topic := _topic(words)):
        return Reading(suspects=(Suspect(cause=topic, certainty="possible"),), matched=name_of(words)), None, None
    if provider is not None:
        return reading, None, None
    maker = maker_of(words, reading)
    return reading, maker, None if maker else meant_elsewhere(words, reading, protocol=protocol)


class Topic(KnowledgePart, frozen=True, kw_only=True):
    """What people ask about without an error message."""

    cause: str
    words: tuple[str, ...]


def precautions(
    cause: str, *, protocol: ReplyForm | None = None, provider: str | None = None, translate: Translate = str
) -> tuple[str, ...]:
    """What keeps *cause*, an id, from happening again; *provider* as in `explain`. Raises UnknownCauseError."""
    described = _provider(provider)
    traits = providers.provider_traits(described, UNKNOWN_DOMAIN, protocol) if described else frozenset[str]()
    return prevention_for(catalogue()[cause], translate, traits)


class AskedWith(KnowledgePart, frozen=True, kw_only=True):
    """What makes a question of a topic, and says nothing of which."""

    before: tuple[str, ...]
    """Where no blanks part words."""
    behind: tuple[str, ...]
    """Likewise."""
    words: tuple[str, ...]
    """Where blanks do."""


class Topics(KnowledgePart, frozen=True, kw_only=True):
    """The file of topics."""

    asked_with: AskedWith
    topics: tuple[Topic, ...]


@made_once
def _of_file() -> Topics:
    return load(KNOWLEDGE / "topics.yaml", Topics)


@made_once
def topics() -> Mapping[str, str]:
    """Words that people ask with, as `name_of` writes them, and the cause whose steps help."""
    return {name_of(word): row.cause for row in _of_file().topics for word in row.words}


def name_of(words: str | bytes) -> str:
    """*words* without letter case, blanks and punctuation; "" for more than `LONGEST_ID` characters."""
    text = words if isinstance(words, str) else words.decode("utf-8", "replace")
    return "" if len(text) > LONGEST_ID else "".join(one for one in text.casefold() if one.isalnum())


def _topic(words: str | bytes) -> str | None:
    name = name_of(words)
    return (topics().get(name) or topics().get(_unasked(words))) if name else None


def _unasked(words: str | bytes) -> str:
    """*words*, which are not long, as `name_of` writes them, without what makes a question of them."""
    asked = _of_file().asked_with
    text = words if isinstance(words, str) else words.decode("utf-8", "replace")
    name = "".join(name_of(one) for one in text.split() if name_of(one) not in asked.words)
    for one in asked.before:
        name = name.removeprefix(one)
    for one in asked.behind:
        name = name.removesuffix(one)
    return name


def name_causes(reading: Reading, translate: Translate = str) -> tuple[NamedCause, ...]:
    """The causes of *reading* by their names."""
    known = catalogue()
    return tuple(
        NamedCause(id=s.cause, certainty=s.certainty, title=translate(known[s.cause].title)) for s in reading.suspects
    )


def close_ids(words: str | bytes) -> tuple[str, ...]:
    """The causes whose id *words*, none themselves, look like."""
    with one_at_a_time:
        import difflib

    name, ids = _as_id(words), catalogue().ids
    return () if name in ids else tuple(difflib.get_close_matches(name, ids, n=3, cutoff=0.8))


def provider_names() -> frozenset[str]:
    """The ids of all providers, and the other names that replies are read with."""
    families = load_knowledge().families
    return frozenset(providers.provider_ids()).union(*((family.name, *family.providers) for family in families))


def _as_id(words: str | bytes) -> str:
    """*words* as an id would stand; "" for what cannot be meant as one."""
    name = (words if isinstance(words, str) else words.decode("ascii", "replace")).strip()
    return "" if len(name) > LONGEST_ID or " " in name else name


def _provider(name: str | None) -> providers.Provider | None:
    """The provider called *name*; None where that stands for several."""
    if name is None:
        return None
    families = [family for family in load_knowledge().families if name in (family.name, *family.providers)]
    alike = {one for family in families for one in family.providers} & set(providers.provider_ids())
    called = known_names().get(folded_name(name))  # a provider's own name says more than its house does
    ids = [name] if name in providers.provider_ids() else [called] if called in alike else sorted(alike)
    return providers.provider(ids[0]) if len(ids) == 1 else None
