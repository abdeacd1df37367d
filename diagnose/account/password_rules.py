"""Whether a new password keeps its provider's published rules, and how hard it is to guess: local and pure.

Nothing that is returned holds the password, a part of it, or its length.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from diagnose.locale.language import Language
from diagnose.model import Text, text
from diagnose.process.first_use import one_at_a_time
from diagnose.providers.accounted import facts_of
from diagnose.providers.schema import CharacterClass, Provider
from diagnose.providers.vocabulary import vocabulary

State = Literal["kept", "broken", "unknown"]
Weakness = Literal["common_password", "personal", "word", "keyboard", "repeat", "sequence", "date"]
Score = Literal[0, 1, 2, 3, 4]

CLASSES: Mapping[CharacterClass, frozenset[str]] = MappingProxyType(
    {
        "upper": frozenset(string.ascii_uppercase),
        "lower": frozenset(string.ascii_lowercase),
        "digit": frozenset(string.digits),
        "special": frozenset(string.punctuation),
    }
)
"""What rules mean by these kinds; characters beyond ASCII are of none."""
SHORTEST_NAME = 3
"""Characters; a shorter account name occurs in a password by chance."""
LONGEST_JUDGED = 72
"""Characters whose strength is judged: more make it no weaker, and take longer than linear time."""

_WEAKNESSES: Mapping[str, Weakness] = {
    "passwords": "common_password",
    "user_inputs": "personal",
    "spatial": "keyboard",
    "repeat": "repeat",
    "sequence": "sequence",
    "date": "date",
    "regex": "date",
}
"""zxcvbn's dictionaries and patterns; other dictionaries are of words and names, its one regex finds years."""


class PasswordDemand(msgspec.Struct, frozen=True, kw_only=True):
    """One demand on a new password, and whether it is met."""

    name: str
    """The field of the provider's file that it stands in."""
    demand: Text
    state: State
    reason: Text | None = None
    """Why it is unknown."""
    unsure: bool = False
    """The demand itself rests on memory or on a weak source."""


class Strength(msgspec.Struct, frozen=True, kw_only=True):
    """How hard a password is to guess."""

    score: Score
    """From 0, guessed at once, to 4, out of reach (zxcvbn's)."""
    weaknesses: tuple[Weakness, ...]
    """What a guesser would make use of; told of weak passwords only."""


def judge_rules(
    password: str, provider: Provider, account: str | None, lang: Language = "en"
) -> tuple[PasswordDemand, ...]:
    """The published rules of *provider*, each held against *password*; none where it publishes none.

    *account*: the mailbox address, or the name before its @; None: not told.
    """
    unsure = {fact.field.rpartition(".")[2]: fact.unsure for fact in facts_of(provider)}
    rules = _held_against(password, provider, account, lang)
    return tuple(msgspec.structs.replace(rule, unsure=unsure.get(rule.name, False)) for rule in rules)


def _held_against(password: str, provider: Provider, account: str | None, lang: Language) -> Iterator[PasswordDemand]:
    policy = provider.password_policy
    if policy.min is not None:
        demand = text("at least {number} characters", number=policy.min)
        yield PasswordDemand(name="min", demand=demand, state=_state(len(password) >= policy.min))
    if policy.max is not None:
        demand = text("at most {number} characters", number=policy.max)
        yield PasswordDemand(name="max", demand=demand, state=_state(len(password) <= policy.max))
    if policy.classes_required is not None:
        kinds = policy.classes or tuple(CLASSES)
        named = tuple(vocabulary().classes[kind].in_language(lang) for kind in kinds)
        demand = text("at least {number} of these kinds: {kinds}", number=policy.classes_required, kinds=named)
        held = sum(not CLASSES[kind].isdisjoint(password) for kind in kinds)
        yield PasswordDemand(name="classes_required", demand=demand, state=_state(held >= policy.classes_required))
    if policy.not_contain_account:
        yield _without_account(password, account)
    if policy.history:
        last = text("none of the last {number} passwords", number=policy.history)
        demand = last if policy.history > 1 else text("not the present password")
        yield PasswordDemand(
            name="history", demand=demand, state="unknown", reason=text("earlier passwords are not known here")
        )


def _without_account(password: str, account: str | None) -> PasswordDemand:
    name, demand = "not_contain_account", text("without the account name in it")
    if account is None:
        return PasswordDemand(name=name, demand=demand, state="unknown", reason=text("--account tells the name"))
    local = account.partition("@")[0].casefold()
    if len(local) < SHORTEST_NAME:
        return PasswordDemand(
            name=name, demand=demand, state="unknown", reason=text("so short a name may be left out of it")
        )
    return PasswordDemand(name=name, demand=demand, state=_state(local not in password.casefold()))


def _state(kept: bool) -> State:
    return "kept" if kept else "broken"


def judge_strength(password: str, personal: Iterable[str] = ()) -> Strength:
    """How hard *password* is to guess for an attacker who knows the *personal* words: names, account, provider."""
    with one_at_a_time:
        from zxcvbn import zxcvbn  # its dictionaries take a while to load

    found = zxcvbn(password[:LONGEST_JUDGED], user_inputs=[word for word in personal if word])
    score: Score = found["score"]
    names = (match.get("dictionary_name") or match["pattern"] for match in found["sequence"])
    weaknesses = dict.fromkeys(_WEAKNESSES.get(name, "word") for name in names if name != "bruteforce")
    return Strength(score=score, weaknesses=tuple(weaknesses) if score < 3 else ())
