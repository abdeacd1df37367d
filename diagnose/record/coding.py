"""A record as JSON values and back: each check's facts whole, by the type that the check declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from diagnose.model import Facts, Text
from diagnose.process.first_use import convert
from diagnose.record.presentable import UnfitError, presentable
from diagnose.record.run import Run


class RecordError(Exception):
    """What was read is not the record of a run, or not of one that this version can judge."""


def as_json(run: Run) -> dict[str, Any]:
    """*run* as values of JSON, without pictures: no judge looks at them, and the report has them already."""
    values: dict[str, Any] = _without_pictures(msgspec.to_builtins(run, builtin_types=(bytes,)))
    return values


def _without_pictures(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """*value* with nothing in the place of octets."""
    if isinstance(value, bytes):
        return ""
    if isinstance(value, dict):
        return {name: _without_pictures(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_pictures(item) for item in value]
    return value


def from_json(values: object, facts: Mapping[str, type[Facts]]) -> Run:
    """The run that *values* tell of; *facts*: the type that each check leaves, by the check's id.

    Of a check that is not known here, the facts stay plain values. Raises RecordError for anything else than a record.
    """
    try:
        run = convert(values, Run)
        checks = tuple(
            msgspec.structs.replace(one, facts=convert(one.facts, facts[one.check]))
            if one.facts is not None and one.check in facts
            else one
            for one in run.checks
        )
        for sentence in _sentences(run):
            presentable(sentence)
    except (msgspec.ValidationError, UnfitError) as error:
        raise RecordError(str(error)) from error
    return msgspec.structs.replace(run, checks=checks)


def _sentences(run: Run) -> Iterator[Text | None]:
    yield run.subject.flaw
    for one in run.checks:
        yield one.fault
        yield one.skip.reason if one.skip else None
