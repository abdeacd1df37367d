"""A record as JSON values and back: each check's facts whole, by the type that the check declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from diagnose.model import Facts, Skip, Text
from diagnose.process.first_use import convert
from diagnose.record.presentable import UnfitError, presentable
from diagnose.record.run import CheckRun, Run


class RunRecordError(Exception):
    """What was read is not the record of a run, or not of one that this version can judge."""


def as_json(run: Run) -> dict[str, Any]:
    """*run* as values of JSON, without pictures: no judge looks at them, and the report has them already."""
    values: dict[str, Any] = _without_pictures(msgspec.to_builtins(run, builtin_types=(bytes,)))
    for check in values["checks"]:
        if check["taken_over_ms"] is None:  # as in all runs but those of fleets
            del check["taken_over_ms"]
    return values if values["own"] else {name: value for name, value in values.items() if name != "own"}


_LEAVES = frozenset({str, int, float, bool, type(None)})


def _without_pictures(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """*value* with nothing in the place of octets."""
    if isinstance(value, bytes):
        return ""
    if isinstance(value, dict):
        return {name: item if type(item) in _LEAVES else _without_pictures(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [item if type(item) in _LEAVES else _without_pictures(item) for item in value]
    return value


def from_json(values: object, facts: Mapping[str, type[Facts]], outdated: Text | None = None) -> Run:
    """The run that *values* tell of; *facts*: the type that each check leaves, by the check's id.

    Of a check that is not known here, the facts stay plain values. Facts that are not of their check's type are
    dropped where *outdated* says why, and the check counts as skipped. Raises RunRecordError for anything else than a
    record.
    """
    try:
        run = convert(values, Run)
        checks = tuple(_typed(one, facts.get(one.check), outdated) for one in run.checks)
        for sentence in _sentences(run):
            presentable(sentence)
    except (msgspec.ValidationError, UnicodeEncodeError, UnfitError) as error:
        raise RunRecordError(str(error)) from error
    return msgspec.structs.replace(run, checks=checks)


def _typed(one: CheckRun, kind: type[Facts] | None, outdated: Text | None) -> CheckRun:
    if one.facts is None or kind is None:
        return one
    try:
        return msgspec.structs.replace(one, facts=convert(one.facts, kind))
    except (msgspec.ValidationError, UnicodeEncodeError):
        if outdated is None:
            raise
        return msgspec.structs.replace(one, facts=None, skip=Skip(reason=outdated))


def _sentences(run: Run) -> Iterator[Text | None]:
    yield run.subject.flaw
    for one in run.checks:
        yield one.fault
        yield one.skip.reason if one.skip else None
