"""In what two judged reports differ, one thing at a time, before its sentence has a language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal

import msgspec

from diagnose.model import Text, text
from diagnose.model.measured import DAY, certificate_lives
from diagnose.model.report import Report, ReportCause

Direction = Literal["worse", "better", "neither"]
About = Literal["verdict", "cause", "certificate", "service", "place"]
STATUSES: Mapping[str, str] = {
    "healthy": text("no problem found").msgid,
    "problem": text("problem found").msgid,
    "inconclusive": text("not settled").msgid,
}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A difference before its sentence has a language."""

    about: About
    direction: Direction
    sentence: Text
    name: str | None = None


def of_status(old: Report, new: Report) -> Iterator[Found]:
    """That the verdict is another one."""
    then, now = old.verdict.status, new.verdict.status
    if then == now:
        return
    direction: Direction = "worse" if now == "problem" else "better" if now == "healthy" else "neither"
    sentence = text("The verdict was “{then}”, and is “{now}” now.", then=text(STATUSES[then]), now=text(STATUSES[now]))
    yield Found(about="verdict", direction=direction, sentence=sentence)


def of_causes(old: Report, new: Report) -> Iterator[Found]:
    """Causes that came, went, or block what they hindered."""
    before, after = ({cause.id: cause for cause in one.verdict.causes} for one in (old, new))
    for name, cause in after.items():
        if name not in before:
            direction: Direction = "neither" if cause.certainty == "possible" else "worse"
            sentence = text("New: {title} ({cause})", title=cause.title, cause=name)
            yield Found(about="cause", direction=direction, name=name, sentence=sentence)
        elif before[name].impact != cause.impact:
            yield _shifted(cause)
    for name, cause in before.items():
        if name not in after:
            yield _gone(cause, new)


def _shifted(cause: ReportCause) -> Found:
    """A cause that blocks what it hindered, or the other way about."""
    named = {"title": cause.title, "cause": cause.id}
    if cause.impact == "blocks":
        sentence = text("It blocks the login now: {title} ({cause})", **named)
        return Found(about="cause", direction="worse", name=cause.id, sentence=sentence)
    sentence = text("It only hinders now: {title} ({cause})", **named)
    return Found(about="cause", direction="better", name=cause.id, sentence=sentence)


def _gone(cause: ReportCause, new: Report) -> Found:
    """A cause is over only where it was looked for again, and is not the case."""
    named = {"title": cause.title, "cause": cause.id}
    follows = [one.id for one in new.verdict.causes if cause.id in one.explains]
    if follows:
        sentence = text("Only follows from {root} now: {title} ({cause})", root=follows[0], **named)
        return Found(about="cause", direction="neither", name=cause.id, sentence=sentence)
    if new.verdict.status == "healthy" or any(one.id == cause.id for one in new.verdict.ruled_out):
        sentence = text("Over: {title} ({cause})", **named)
        return Found(about="cause", direction="better", name=cause.id, sentence=sentence)
    sentence = text("No longer seen, and not ruled out either: {title} ({cause})", **named)
    return Found(about="cause", direction="neither", name=cause.id, sentence=sentence)


def of_certificates(old: Report, new: Report) -> Iterator[Found]:
    """Certificates that end at another time."""
    before, after = ({one.check: one for one in certificate_lives(report)} for report in (old, new))
    for check, now in after.items():
        then = before.get(check)
        if then is None or not now.accepted or abs(now.ends_at - then.ends_at) < DAY:
            continue
        later = now.ends_at > then.ends_at
        until = _day(now.ends_at)
        sentence = (
            text("The certificate was renewed: it is valid until {date} now ({check})", date=until, check=check)
            if later
            else text("The certificate ends sooner now: on {date} ({check})", date=until, check=check)
        )
        yield Found(about="certificate", direction="better" if later else "neither", name=check, sentence=sentence)


def _day(moment: float) -> str:
    try:
        return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"
    except (OverflowError, OSError, ValueError):
        return "–"
