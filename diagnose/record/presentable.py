"""Whether what a check brought can stand in a report: whoever wrote the check, no report may fail by it."""

from __future__ import annotations

import json
from typing import get_args

import msgspec

from diagnose.model import Certainty, Facts, Finding, Text, text
from diagnose.model.failures import FaultError


class UnfitError(FaultError):
    """What a check brought cannot be written down, or is not what it declares."""


def presentable(brought: object) -> None:
    """Raises UnfitError for what is neither facts, a finding, a sentence nor nothing, or holds what JSON cannot."""
    match brought:
        case None:
            return
        case Text():
            fits = _is_said(brought)
        case Finding():
            named = isinstance(brought.cause, str) and brought.certainty in get_args(Certainty)
            fits = named and isinstance(brought.text, Text) and _is_said(brought.text) and _is_data(brought.data)
        case Facts():
            fits = _is_written(brought)
        case _:
            fits = False
    if not fits:
        raise UnfitError(text("what this check brought cannot be written: {kind}", kind=type(brought).__name__))


def declared(facts: Facts, kind: type[Facts]) -> None:
    """Raises UnfitError for *facts* of another type than the check's own: by the type others ask for them."""
    if not isinstance(facts, kind):
        raise UnfitError(text("this check brought other facts than it declares: {kind}", kind=type(facts).__name__))


def _is_said(sentence: Text) -> bool:
    try:
        return isinstance(sentence.render(), str)
    except (LookupError, ValueError, TypeError, AttributeError):
        return False


def _is_data(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value) and _is_written(value)


def _is_written(value: object) -> bool:
    try:
        json.dumps(msgspec.to_builtins(value, str_keys=True))
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        return False
    return True
