"""What counts as a wrong try, and as what it goes on record. Policy: it is asked before there is any judgement."""

from __future__ import annotations

from collections.abc import Iterable

from diagnose.model import Certainty
from diagnose.replies import Reading

BARE = "credentials.rejected"
"""A refusal that gives no reason."""
NOT_COUNTED = ("server.fault", "server.too-many-connections", "server.slow")
"""The server could not look at the password, so it counts no wrong try."""


def counts(reading: Reading) -> bool:
    """Whether the server may have counted a wrong try, by its refusal as it was read."""
    first = next(iter(reading.suspects), None)
    return first is None or first.certainty == "possible" or first.cause not in NOT_COUNTED


def recorded_as(reading: Reading, reasons: Iterable[tuple[str, Certainty]] = ()) -> str | None:
    """The id of the cause that a refusal goes on record as; None where it is no try.

    *reasons*: causes, and how sure they are, that may be behind a refusal without a reason. Those that the answer
    itself supports are *likely* and come first; others that are sure stand where the answer tells nothing.
    """
    if not counts(reading):
        return None
    if reading.suspects and reading.suspects[0].cause != BARE:
        reasons = ()
    likely = [cause for cause, certainty in reasons if certainty == "likely"]
    said = [suspect.cause for suspect in reading.suspects if suspect.certainty != "possible"]
    seen = [cause for cause, certainty in reasons if certainty == "confirmed" and reading.suspects]
    return next(iter((*likely, *said, *seen)), BARE)
