"""What leaves a run, without its secrets: the finished report, before it is rendered, and what observers hear."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import msgspec

from diagnose.knowledge.catalogue import FAMILIES, catalogue
from diagnose.model import CheckResult, Skip, Text
from diagnose.model.protocols import BY_NAME
from diagnose.model.report import Report
from diagnose.model.text import reworded
from diagnose.process.first_use import convert
from diagnose.redaction.mask import Mask
from diagnose.running.observer import Observer

CLOSED = {"status", "certainty", "impact", "fixer", "protocol", "tls", "source", "state", "lang", "family", "changed"}
"""Keys of reports whose values come from a closed list."""
IDS = {"id", "cause", "check", "checks", "explains"}
"""Keys of reports whose values are ids, which may end in the name of a host."""
MESSAGE, ARGUMENTS = Text.__struct_fields__
"""Keys of a sentence: its message id, and what stands in its placeholders, whose names are ours."""
OF_CHECKS = {"facts", "data"}
"""Keys below which checks' facts lie, whatever the keys there are."""


def masked_report(report: Report, mask: Mask, checks: frozenset[str], translate: Callable[[str], str] = str) -> Report:
    """*report*, which *translate* put into words, with every string in it hidden by *mask*, keys included.

    What stays are words of ours: those out of closed lists, ids (*checks*: ids of checks), names of fields, and whole
    sentences of the catalogue: everybody knows them, and a hole in one would tell which word of it the secret is.
    """
    if not mask:
        return report
    fields = names_of_fields()
    names = (*checks, *(cause.id for cause in catalogue()), *FAMILIES, *BY_NAME)
    words = {part for name in names for part in name.split(".")}

    sentences = {translate(one) for cause in catalogue() for one in cause.msgids() if " " in one and "{" not in one}

    hide = functools.cache(mask.hide)  # most words of a report stand in it many times

    def of_ours(name: str) -> bool:
        return all(part in words or part.isdigit() for part in name.split("."))

    def hidden(value: Any, key: str = "", *, seen: bool = False) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, str):
            if not seen and (key in CLOSED or (key in IDS and of_ours(value))):
                return value
            if not seen and value in sentences:
                return value
            return reworded(value, hide) if key == MESSAGE else hide(value)
        if isinstance(value, dict):
            ours = fields if seen or key != ARGUMENTS else value.keys()
            return {
                name if name in ours else hide(name): hidden(item, name, seen=seen or name in OF_CHECKS)
                for name, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [hidden(item, key, seen=seen) for item in value]
        return value

    plain = msgspec.to_builtins(report, builtin_types=(bytes,), str_keys=True)
    path = plain["path"]  # names of stations are a closed list, too
    return convert({**hidden(plain), "tool": plain["tool"], "path": path}, Report)


def names_of_fields() -> frozenset[str]:
    """The names of all fields of reports, records and facts: keys that are ours."""
    return frozenset(_field_names(msgspec.Struct))


def _field_names(kind: type) -> Iterator[str]:
    yield from getattr(kind, "__struct_fields__", ())
    below: type
    for below in kind.__subclasses__():
        yield from _field_names(below)


class Hides(Protocol):
    """Whatever hides something in words."""

    def hide(self, words: str) -> str:
        """*words* without it."""
        ...


class DiscreetObserver:
    """Passes on to another observer what a run tells, without secrets, and without the facts."""

    def __init__(self, observer: Observer, mask: Hides) -> None:
        self._observer = observer
        self._mask = mask

    def planned(self, identity: str, title: Text) -> None:
        """A check will run."""
        self._observer.planned(identity, self._hidden(title))

    def started(self, identity: str) -> None:
        """Its probe has begun."""
        self._observer.started(identity)

    def finished(self, result: CheckResult) -> None:
        """It is over, one way or the other."""
        findings = tuple(msgspec.structs.replace(one, text=self._hidden(one.text), data={}) for one in result.findings)
        because, left_open = result.skipped_because, result.left_open
        self._observer.finished(
            msgspec.structs.replace(
                result,
                title=self._hidden(result.title),
                skipped_because=self._without_secrets(because) if because else None,
                left_open=self._hidden(left_open) if left_open else None,
                findings=findings,
                facts=None,
                shown={},
            )
        )

    def _without_secrets(self, because: Skip) -> Skip:
        return Skip(
            reason=self._hidden(because.reason) if because.reason else None,
            need=self._mask.hide(because.need) if because.need else None,
        )

    def _hidden(self, sentence: Text) -> Text:
        return Text(sentence.msgid, {name: self._argument(value) for name, value in sentence.args.items()})

    def _argument(self, value: Any) -> Any:  # noqa: ANN401 - what a sentence takes
        match value:
            case str():
                return self._mask.hide(value)
            case Text():
                return self._hidden(value)
            case tuple():
                return tuple(self._argument(one) for one in value)
            case _:
                return value
