"""What --only and --skip may call checks, and which names a word is like that no check has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from diagnose.model import Check, Host, Service
from diagnose.model.protocols import BY_NAME
from diagnose.process.first_use import lazy_pattern, one_at_a_time

SERVICE = lazy_pattern(rf"({'|'.join(BY_NAME)})(\.[0-9]{{1,5}}){{0,2}}")
"""A protocol, its port, and a number where two of its servers have the same: how instances on a service end."""
ALIKE = 0.7
"""How much of a name a word has to have in common with it to be meant as that."""


def known(word: str, checks: Iterable[Check[Any]]) -> bool:
    """Whether *word* is a family, the beginning of a check's id up to a dot, or that of an instance's."""
    return any(word == check.family or _begins(word, check) or _is_instance(word, check) for check in checks)


def guesses(word: str, checks: Iterable[Check[Any]]) -> tuple[list[str], list[str]]:
    """The names that *word* is like, and those to choose from: of its own family, where it has one, or the shortest."""
    all_of_them = [*checks]
    names = {name for check in all_of_them for name in (check.id, check.family)}
    with_protocols = {f"{check.id}.{name}" for check in all_of_them if check.is_for(Service) for name in BY_NAME}
    with one_at_a_time:
        from diagnose.model.likeness import close_names

    close = close_names(word, sorted(names | with_protocols), alike=ALIKE)
    family = word.partition(".")[0]
    of_its_family = sorted(name for name in names if name.partition(".")[0] == family)
    return close, of_its_family or sorted(name for name in names if "." not in name)


def _begins(word: str, check: Check[Any]) -> bool:
    return check.id == word or check.id.startswith(f"{word}.")


def _is_instance(word: str, check: Check[Any]) -> bool:
    """Whether *word* is the beginning of what *check* is called on a server; which servers there are shows later."""
    target = word.removeprefix(f"{check.id}.")
    if target in {word, ""}:
        return False
    return check.is_for(Host) or (check.is_for(Service) and SERVICE.fullmatch(target) is not None)
