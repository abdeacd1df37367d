"""Read a reply: all layers look at it, the most specific one that fits names the first suspect."""

from __future__ import annotations

from collections.abc import Collection
from operator import attrgetter
from typing import Literal, NamedTuple

import msgspec

from diagnose.model.check import Certainty
from diagnose.model.protocols import ReplyForm
from diagnose.replies.clauses import in_one_clause, is_supposed
from diagnose.replies.decoding import decode, repaired
from diagnose.replies.folding import LARGEST_REPLY, fold
from diagnose.replies.frames import inner_reply
from diagnose.replies.knowledge import Knowledge, ReadyRule, load_knowledge
from diagnose.replies.lines import weighty, without_denied, without_settings
from diagnose.replies.phrases import Compounds, Pattern, PhraseIndex, Spans, sentences, without_addresses
from diagnose.replies.schema import NO_CAUSE, REPLY, CodeRule, Conditions
from diagnose.replies.wire import Code, Wire, take_apart

LONGEST_TEXT = 8_000
"""Characters of a reply's words that are read."""
LONGEST_STATEMENT = 1_500
"""Characters; a longer text is a page that says many things, so what is found in it is only possible."""
LONGEST_REMEMBERED = 300
"""Characters of a text whose reading is remembered by what was heard in it."""
LONGEST_MATCH = 200
MOST_OTHERS = 3
"""Causes that a reply may stand for beside the first."""

_TERM, _SIGNATURE, _PROGRAM, _WORDS, _CODE, _TRANSIENT_CODE, _GENERAL_WORDS, _GENERAL_CODE = range(8)
_RANK = attrgetter("rank")
_NOWHERE = (-1, -1)
_LAYER_OF_RULES = (_TERM, _SIGNATURE, _PROGRAM, _WORDS, _GENERAL_WORDS)


ToldBy = Literal["words", "likeness"]
Outcome = Literal["cause", "no-failure", "program-slip", "unknown"]
Sign = Literal["own words", "error", "words and code", "words"]


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """A cause that a reply points at."""

    cause: str
    certainty: Certainty

    @property
    def proof(self) -> str:
        """What of the catalogue's proofs a reply is that confirms."""
        return REPLY if self.certainty == "confirmed" else ""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply says."""

    suspects: tuple[Suspect, ...] = ()
    """Likeliest first; empty where the text reports no failure or means nothing."""
    matched: str = ""
    """What in the text was recognised."""
    protocol: ReplyForm | None = None
    """The protocol given, or else the one that the reply's form shows."""
    codes: tuple[Code, ...] = ()
    """Registered codes in the reply."""
    bare: bool = False
    """Whatever was recognised says that something failed, and not what."""
    outcome: Outcome = "unknown"
    """Whether a cause was found; else no failure is reported, a program made a mistake, or nothing is known."""
    told_by: ToldBy = "words"
    """What named the first suspect: words and codes that are known, or the likeness to other texts."""
    referral: str = ""
    """The host that a login referral (RFC 2221) sends the account to."""
    refusals: tuple[str, ...] = ()
    """What in the text says only that something failed, beside what was recognised."""
    on_page: bool = False
    """Whether the first suspect is named in the words of a sign-in page, which no mail program has."""
    holds: tuple[str, ...] = ()
    """What is told of the mailbox along with the first suspect, in the terms of `diagnose.providers.traits.TRAITS`."""
    sign: Sign = "words"
    """What the first suspect is known by: a maker's own words, an error's name, words that a code seconds, or words."""


_SIGNS: dict[int, Sign] = {_TERM: "error", _SIGNATURE: "own words", _CODE: "error"}


class _Hit(msgspec.Struct, frozen=True):
    rank: tuple[int, bool, int]
    meaning: Conditions
    matched: str
    doubted: bool = False
    advice: bool = False
    """It was heard in what the person is told to try, and not in what happened."""
    supposed: bool = False
    """It was heard in a sentence that supposes it: if your account is locked."""

    @property
    def layer(self) -> int:
        return self.rank[0]


def read_reply(
    reply: str | bytes,
    *,
    protocol: ReplyForm | None = None,
    provider: str | None = None,
    stage: str | None = None,
    knowledge: Knowledge | None = None,
) -> Reading:
    """What *reply* says about a failed login.

    *reply* is a server's reply as sent, a page, an error message, in any encoding; at most
    64 KiB of it are read. *provider* is a provider id, *stage* where in the session the reply came:
    connect, greeting, capability, starttls, login, select, rcpt or data. Never raises for what a
    server sent; KnowledgeError when the package's knowledge files are broken.
    """
    return read_with_words(reply, protocol=protocol, provider=provider, stage=stage, knowledge=knowledge)[0]


def read_with_words(
    reply: str | bytes,
    *,
    protocol: ReplyForm | None = None,
    provider: str | None = None,
    stage: str | None = None,
    knowledge: Knowledge | None = None,
) -> tuple[Reading, Wire]:
    """What `read_reply` reads, and the reply taken apart, its words folded. Raises what that raises."""
    known = knowledge or load_knowledge()
    sent = decode(reply[:LARGEST_REPLY], familiar=known.familiar) if isinstance(reply, bytes) else reply
    words = repaired(sent, known.familiar)
    heavy = weighty(words)
    if protocol is None and (inner := inner_reply(heavy)):
        read = _read(inner, known, protocol, provider, stage)
        if read[0].suspects and not read[0].bare:
            return read
    read = _read(heavy, known, protocol, provider, stage)
    return read if read[0].matched or heavy == words else _read(words, known, protocol, provider, stage)


def _read(
    words: str, known: Knowledge, protocol: ReplyForm | None, provider: str | None, stage: str | None
) -> tuple[Reading, Wire]:
    wire = take_apart(words, protocol)
    text = fold(without_settings(wire.text[:LONGEST_TEXT]), known.variants)
    place = _Place(known, wire, stage, provider)
    pieces = _pieces(without_denied(text, known.index.is_no), place)
    read = _remembered if len(text) <= LONGEST_REMEMBERED else _reading
    reading = read(pieces, wire, place, page=len(text) > LONGEST_STATEMENT)
    heard = tuple(tuple(piece.terms) for piece in pieces if piece.statement)
    return reading, msgspec.structs.replace(wire, text=text, heard=heard)


def _remembered(pieces: list[_Piece], wire: Wire, place: _Place, *, page: bool) -> Reading:
    """As `_reading`, which takes longer: texts of which the same was heard are read alike."""
    memory = place.knowledge.remembered
    heard = _Heard(
        tuple([heard for piece in pieces if (heard := piece.heard())]),
        wire.protocol,
        wire.formed,
        wire.succeeded,
        wire.codes,
        wire.referral,
        place.provider,
        place.stage,
        page,
    )
    return memory.get(heard) or memory.keep(heard, _reading(pieces, wire, place, page=page))


def _reading(pieces: list[_Piece], wire: Wire, place: _Place, *, page: bool) -> Reading:
    rules = _code_rules(wire, place)
    found = [*_rule_hits(pieces, wire, place), *_code_hits(rules, wire)]
    if any(hit.advice for hit in found) and any(
        not hit.advice and hit.meaning.certainty != "possible" for hit in found
    ):
        found = [hit for hit in found if not hit.advice]
    if any(not hit.supposed and _states(hit) for hit in found):  # what is said for a case that may come is not meant
        found = [hit for hit in found if not hit.supposed]
    hits = sorted(found, key=_RANK)
    suspects = _suspects(hits, place, page=page)
    return Reading(
        suspects=_without_proof(suspects, {cause for _, _, rule in rules for cause in rule.against}),
        matched=hits[0].matched if hits else "",
        protocol=wire.protocol,
        codes=wire.codes,
        bare=bool(hits) and not _says_what(hits),
        outcome=_outcome(suspects, hits, succeeded=wire.succeeded),
        referral=wire.referral,
        refusals=tuple(hit.matched for hit in hits[1:] if hit.meaning.bare),
        on_page=any(hit.meaning.on_page and hit.meaning.cause == hits[0].meaning.cause for hit in hits),
        holds=_told_along(hits),
        sign=_sign(hits),
    )


def _told_along(hits: list[_Hit]) -> tuple[str, ...]:
    """What the words that speak for the first cause tell of the mailbox."""
    return tuple(
        dict.fromkeys(
            trait for hit in hits if hit.meaning.cause == hits[0].meaning.cause for trait in hit.meaning.holds
        )
    )


def _states(hit: _Hit) -> bool:
    """Whether it says of a fault that it is there."""
    return hit.meaning.cause != NO_CAUSE and hit.meaning.certainty != "possible"


def _outcome(suspects: tuple[Suspect, ...], hits: list[_Hit], *, succeeded: bool) -> Outcome:
    if suspects:
        return "cause"
    if hits:
        return "program-slip" if hits[0].meaning.slip else "no-failure"
    return "no-failure" if succeeded else "unknown"


def _sign(hits: list[_Hit]) -> Sign:
    if not hits:
        return "words"
    return _SIGNS.get(hits[0].layer) or ("words and code" if _seconded(hits[0], hits) else "words")


def _seconded(first: _Hit, hits: list[_Hit]) -> bool:
    """Whether a registered code, however general, says the same as the words."""
    return not isinstance(first.meaning, CodeRule) and any(
        isinstance(hit.meaning, CodeRule)
        and hit.meaning.cause == first.meaning.cause
        and hit.meaning.certainty != "possible"
        for hit in hits[1:]
    )


def _says_what(hits: list[_Hit]) -> bool:
    """Whether anything that speaks for the first cause says more than that it failed, be it a person's own words."""
    return any(
        not (hit.meaning.bare or (isinstance(hit.meaning, CodeRule) and hit.meaning.general))
        for hit in hits
        if hit.meaning.cause == hits[0].meaning.cause
        and (hit.meaning.certainty != "possible" or hit.meaning.from_program)
    )


def same_house(one: str, other: str) -> bool:
    """Whether two providers, by their ids, are brands of one house."""
    known = load_knowledge()
    return not known.family_names(one).isdisjoint(known.family_names(other))


class _Heard(NamedTuple):
    """All that a reading is made of."""

    pieces: tuple[tuple[object, ...], ...]
    protocol: ReplyForm | None
    formed: bool
    succeeded: bool
    codes: tuple[Code, ...]
    referral: str
    provider: str | None
    stage: str | None
    page: bool


class _Place:
    """Where a reply came from, and which meanings hold there."""

    def __init__(self, knowledge: Knowledge, wire: Wire, stage: str | None, provider: str | None) -> None:
        self.knowledge = knowledge
        self.from_server = wire.formed and wire.protocol in ("imap", "pop3", "smtp")
        self._protocol = wire.protocol
        self.stage = stage
        self.provider = provider
        self.providers = knowledge.family_names(provider)
        """The provider and the families that it belongs to."""

    def holds(self, meaning: Conditions) -> bool:
        if (meaning.from_server and not self.from_server) or (meaning.from_program and self.from_server):
            return False
        if meaning.protocols and self._protocol and self._protocol not in meaning.protocols:
            return False
        if meaning.stages and (self.stage or "") not in meaning.stages:
            return False
        return not meaning.providers or not self.providers.isdisjoint(meaning.providers)


class _Piece:
    """A sentence, and what was heard in it."""

    def __init__(self, sentence: str, index: PhraseIndex, compounds: Compounds, *, statement: bool) -> None:
        self.sentence = sentence
        self.statement = statement
        """It is no name of a thing; only terms, signatures and programs are looked for in the others."""
        self.terms = compounds.heard(sentence, index)
        self.advice = _start_of_advice(sentence, self.terms, index)
        """Where it begins to say what to try."""
        self.supposes = self.terms.get(index.group("supposing"), _NOWHERE)[0] == 0
        """It begins with a word for if."""
        self.outside = self.terms
        """The terms before that."""
        if self.advice < len(sentence):
            self.outside = {term: span for term, span in self.terms.items() if span[0] < self.advice}

    def heard(self) -> tuple[object, ...]:
        """All of it that a reading is made of: what stands before its first term or behind its last changes none."""
        if not self.terms:
            return ()
        spans = self.terms.values()
        first, last = min(spans)[0], max(end for _, end in spans)
        terms = [(term, start - first, end - first) for term, (start, end) in self.terms.items()]
        return (self.sentence[first:last], self.statement, self.supposes, *terms)


def _pieces(text: str, place: _Place) -> list[_Piece]:
    index, compounds = place.knowledge.index, place.knowledge.compounds
    plain = without_addresses(text)
    pieces = [_Piece(sentence, index, compounds, statement=True) for sentence in sentences(plain)]
    names = [] if plain == text else sentences(text)
    if "_" in plain:  # WRONG_VERSION_NUMBER and the like, names made of words
        names += sentences(plain.replace("_", " "))
    return pieces + [_Piece(sentence, index, compounds, statement=False) for sentence in names]


def _rule_hits(pieces: list[_Piece], wire: Wire, place: _Place) -> list[_Hit]:
    index = place.knowledge.index
    hits: dict[int, _Hit] = {}
    candidates = place.knowledge.candidates
    for piece in pieces:
        terms = piece.terms
        for term in terms:
            for ready, pattern, needs in candidates[term]:
                if needs not in terms or not pattern.fits(terms):
                    continue
                order = ready.order
                known = hits.get(order)
                if (known is not None and not known.advice) or not (piece.statement or ready.layer <= _PROGRAM):
                    continue
                if place.from_server and ready.layer == _PROGRAM:
                    continue
                if wire.succeeded and not ready.meaning.on_success:
                    continue
                spans = [terms[wanted] for wanted in pattern.wanted]
                if ready.meaning.one_clause and not in_one_clause(piece.sentence, spans, terms, index):
                    continue
                advised = ready.layer > _SIGNATURE and min(spans)[0] >= piece.advice
                if not place.holds(ready.meaning):
                    continue
                if not _any_fits(ready.vetoes, pieces, ready.layer, advised=advised):
                    doubted = _any_fits(ready.doubts, pieces, ready.layer, advised=advised)
                    hit = _hit(ready, piece.sentence, spans, doubted=doubted, advice=advised)
                    supposed = piece.supposes or is_supposed(piece.sentence, spans, terms, index)
                    hits[order] = msgspec.structs.replace(hit, supposed=True) if supposed else hit
    return list(hits.values())


def _start_of_advice(sentence: str, terms: Spans, index: PhraseIndex) -> int:
    """Where in *sentence* it begins to say what to try; its length where it does not.

    Where the verb stands last (Japanese, Korean, Turkish), that is the clause before it.
    """
    starts = [len(sentence)]
    if found := terms.get(index.group("advice")):
        starts.append(found[0])
    if found := terms.get(index.group("advice_behind")):
        starts.append(max(sentence.rfind(mark, 0, found[0]) for mark in "、,，;") + 1)
    return min(starts)


def _any_fits(patterns: tuple[Pattern, ...], pieces: list[_Piece], layer: int, *, advised: bool) -> bool:
    """Whether one of *patterns*, of a rule in *layer*, fits one of *pieces*: their advice as well where *advised*."""
    for piece in pieces if patterns else ():
        if piece.statement or layer <= _PROGRAM:
            terms = piece.terms if advised else piece.outside
            for pattern in patterns:
                if pattern.fits(terms):
                    return True
    return False


def _hit(ready: ReadyRule, sentence: str, spans: list[tuple[int, int]], *, doubted: bool, advice: bool) -> _Hit:
    layer = _LAYER_OF_RULES[ready.layer]
    # a signature that explains more of the text is the more specific one
    explained = layer <= _PROGRAM
    order = -sum(span[1] - span[0] for span in spans) if explained else ready.order
    # what stands between the phrases is left out: servers echo names and credentials there
    shown = " … ".join(dict.fromkeys(sentence[start:end] for start, end in sorted(spans)))
    vague = layer == _PROGRAM and ready.meaning.certainty == "possible"
    return _Hit((layer, vague, order), ready.meaning, shown[:LONGEST_MATCH], doubted, advice)


def _code_rules(wire: Wire, place: _Place) -> list[tuple[int, Code, CodeRule]]:
    """What the codes of the reply mean where it came from, each with its code and that one's place."""
    return [
        (order, code, rule)
        for order, code in enumerate(wire.codes)
        for rule in place.knowledge.code_rules(code.registry, code.code)
        if place.holds(rule)
    ]


def _code_hits(rules: list[tuple[int, Code, CodeRule]], wire: Wire) -> list[_Hit]:
    return [
        _Hit((_layer_of(code, rule), False, order), rule, _shown(code))
        for order, code, rule in rules
        if (rule.on_success or not wire.succeeded) and not rule.against
    ]


def _without_proof(suspects: tuple[Suspect, ...], doubted: Collection[str]) -> tuple[Suspect, ...]:
    if not doubted:
        return suspects
    return tuple(Suspect(cause=s.cause, certainty="possible") if s.cause in doubted else s for s in suspects)


def _layer_of(code: Code, rule: CodeRule) -> int:
    if rule.decisive:
        return _TERM
    if not rule.general:
        return _CODE
    # RFC 5321 section 4.2.1: a transient reply is no verdict on the credentials, whatever it says in general words
    transient = code.registry == "smtp" and code.code.startswith("4")
    return _TRANSIENT_CODE if transient else _GENERAL_CODE


def _shown(code: Code) -> str:
    bracketed = code.registry in ("imap", "pop3") and code.code not in ("NO", "BAD", "BYE", "-ERR")
    return f"[{code.code}]" if bracketed else code.code


def _suspects(hits: list[_Hit], place: _Place, *, page: bool) -> tuple[Suspect, ...]:
    if not hits or hits[0].meaning.cause == NO_CAUSE:
        return ()
    first, known = hits[0], place.knowledge
    certainty = first.meaning.certainty
    if (page or first.supposed) and certainty != "possible":
        certainty = "possible"
    elif certainty == "likely" and known.proven_by_reply(first.meaning.cause) and _agreed(first, hits):
        certainty = "confirmed"
    elif certainty == "confirmed" and (first.doubted or _contradicted(first, hits)):
        certainty = "likely"
    others = list(first.meaning.also)
    specific = first.layer <= _CODE
    for hit in hits[1:]:
        if not specific or hit.layer <= _CODE:
            others += [hit.meaning.cause, *hit.meaning.also]
    if first.meaning.cause == "credentials.rejected":
        hidden = [c for family in known.families if family.name in place.providers for c in family.rejection_hides]
        others += hidden
        certainty = "likely" if hidden and certainty == "confirmed" else certainty
    causes = dict.fromkeys(cause for cause in others if cause not in (NO_CAUSE, first.meaning.cause))
    settled = Suspect(cause=first.meaning.cause, certainty=certainty)
    if certainty == "confirmed":
        return (settled,)
    return (settled, *(Suspect(cause=cause, certainty="possible") for cause in list(causes)[:MOST_OTHERS]))


def _contradicted(first: _Hit, hits: list[_Hit]) -> bool:
    """Words that say as much, or a code, name a cause that the first one does not allow for."""
    allowed = {first.meaning.cause, NO_CAUSE, *first.meaning.also}
    return first.layer > _PROGRAM and any(
        hit.layer <= _CODE and hit.meaning.certainty != "possible" and hit.meaning.cause not in allowed
        for hit in hits[1:]
    )


def _agreed(first: _Hit, hits: list[_Hit]) -> bool:
    """Words and a code, independently, name the same cause; among several only a code that says much may choose."""
    return first.layer not in (_SIGNATURE, _PROGRAM) and any(
        hit.layer != first.layer
        and isinstance(hit.meaning, CodeRule)
        and hit.meaning.cause == first.meaning.cause
        and hit.meaning.certainty != "possible"
        and (hit.layer == _CODE or not first.meaning.also)
        for hit in hits[1:]
    )
