"""What counts as a wrong try, and as what it goes on record. Policy: it is asked before there is any judgement."""

from __future__ import annotations

import re
from collections.abc import Iterable

from checks.server.spoken import no_verdict, of_the_moment
from diagnose.model import Certainty
from diagnose.replies import Reading

BARE = "credentials.rejected"
"""A refusal that gives no reason."""
NOT_COUNTED = ("server.fault", "server.too-many-connections", "server.slow")
"""The server could not look at the password, so it counts no wrong try."""


UNREAD = frozenset(
    {
        *(("imap", "BAD"), ("pop3", "-ERR")),
        *(("smtp", code) for code in ("500", "501", "502", "503", "504")),
    }
)
"""How a server refuses a command that it cannot read, or takes only at another time: RFC 9051 §7.1.3, 5321 §4.2.2."""
OUT_OF_TURN = frozenset({("smtp", "500"), ("smtp", "502"), ("smtp", "503"), ("smtp", "504")})
"""Those that servers give for nothing else."""
PROTOCOL = re.compile(r"5\.5\.\d+")
"""An enhanced code that is about the protocol (RFC 3463 §3.6)."""
OF_THE_WAY = frozenset(
    {"settings.no-common-auth", "settings.plaintext-refused", "settings.auth-not-sent", "tls.starttls-missing"}
)
"""What such a refusal may blame: how the login was asked for, and not who asked."""


def counts(reading: Reading, words: str = "") -> bool:
    """Whether the server may have counted a wrong try, by *words* of its refusal and how they were read."""
    if unread(reading) or undecided(reading, words):
        return False
    first = next(iter(reading.suspects), None)
    return first is None or first.certainty == "possible" or first.cause not in NOT_COUNTED


def undecided(reading: Reading, words: str) -> bool:
    """Whether *words* leave the password unjudged: they are about the moment, or no refusal, and give no cause."""
    if reading.outcome == "program-slip" or any(suspect.certainty != "possible" for suspect in reading.suspects):
        return False
    return of_the_moment(words) or (not reading.suspects and no_verdict(words, reading.protocol))


def unread(reading: Reading) -> bool:
    """Whether the server refused a command without ever judging the password in it.

    The status alone is not enough where servers give it for wrong passwords, too: words or a second code say the same.
    """
    codes = {(code.registry, code.code) for code in reading.codes}
    if not codes & UNREAD:
        return False
    if reading.outcome == "program-slip":  # by words; by a status alone they are bare
        return not reading.bare
    of_protocol = any(registry == "enhanced" and PROTOCOL.fullmatch(code) for registry, code in codes)
    sure = {one.cause for one in reading.suspects if one.certainty != "possible"}
    return sure <= OF_THE_WAY and (of_protocol or bool(sure and codes & OUT_OF_TURN))


def recorded_as(reading: Reading, reasons: Iterable[tuple[str, Certainty]] = (), words: str = "") -> str | None:
    """The id of the cause that a refusal with *words* goes on record as; None where it is no try.

    *reasons*: causes, and how sure they are, that may be behind a refusal without a reason. Those that the answer
    itself supports are *likely* and come first; others that are sure stand where the answer tells nothing.
    """
    if not counts(reading, words):
        return None
    if reading.suspects and reading.suspects[0].cause != BARE:
        reasons = ()
    likely = [cause for cause, certainty in reasons if certainty == "likely"]
    said = [suspect.cause for suspect in reading.suspects if suspect.certainty != "possible"]
    seen = [cause for cause, certainty in reasons if certainty == "confirmed" and reading.suspects]
    return next(iter((*likely, *said, *seen)), BARE)
