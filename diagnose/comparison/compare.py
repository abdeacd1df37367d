"""Two reports side by side: what got worse, what got better, and in what the places differ that they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal

import msgspec

from diagnose.comparison.replay import STATUSES, UnfitRecordError, replayed
from diagnose.locale.language import translation
from diagnose.model import Text, TextError, text
from diagnose.model.measured import DAY, certificate_lives
from diagnose.model.report import Report, ReportCause, ReportService, Verdict
from diagnose.running.request import Presentation

Direction = Literal["worse", "better", "neither"]
About = Literal["verdict", "cause", "certificate", "service", "place"]


class TwoSubjectsError(TextError):
    """The reports tell of two mail domains, so there is nothing to compare."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in which the second report differs from the first."""

    about: About
    direction: Direction
    name: str | None
    """A cause's id, a check's id, or a server; None for the whole."""
    text: str


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two reports."""

    id: str
    started_at: str
    """RFC 3339, UTC."""
    status: Verdict
    headline: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a mailbox's way, or how it looks from two places."""

    old: Side
    new: Side
    got_worse: bool
    differences: tuple[Difference, ...]
    """What got worse first."""


def compared(old: Report, new: Report, presentation: Presentation) -> Comparison:
    """*new* held against *old*, both judged by today's knowledge where they hold a record.

    Raises TwoSubjectsError.
    """
    if old.subject.domain.lower() != new.subject.domain.lower():
        sentence = text("the reports are of {one} and {other}", one=old.subject.domain, other=new.subject.domain)
        raise TwoSubjectsError(sentence)
    before, after = (_judged(one, presentation) for one in (old, new))
    translate = translation(presentation.lang)
    found = [*_of_status(before, after), *_of_causes(before, after)]
    found += [*_of_certificates(before, after), *_of_places(before, after), *_of_services(before, after)]
    order: tuple[Direction, ...] = ("worse", "better", "neither")
    told = sorted((_told(one, translate) for one in found), key=lambda one: order.index(one.direction))
    return Comparison(
        old=_side(before),
        new=_side(after),
        got_worse=any(one.direction == "worse" for one in told),
        differences=tuple(told),
    )


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """A difference before its sentence has a language."""

    about: About
    direction: Direction
    sentence: Text
    name: str | None = None


def _told(one: _Found, translate: Callable[[str], str]) -> Difference:
    words = one.sentence.render(translate)
    return Difference(about=one.about, direction=one.direction, name=one.name, text=words)


def _side(report: Report) -> Side:
    verdict = report.verdict
    return Side(id=report.id, started_at=report.started_at, status=verdict.status, headline=verdict.headline)


def _judged(report: Report, presentation: Presentation) -> Report:
    """*report* by today's knowledge, so that only what was seen differs; as it is where that cannot be."""
    try:
        return replayed(report, presentation)
    except UnfitRecordError:
        return report


def _of_status(old: Report, new: Report) -> Iterator[_Found]:
    then, now = old.verdict.status, new.verdict.status
    if then == now:
        return
    direction: Direction = "worse" if now == "problem" else "better" if now == "healthy" else "neither"
    sentence = text("The verdict was “{then}”, and is “{now}” now.", then=text(STATUSES[then]), now=text(STATUSES[now]))
    yield _Found(about="verdict", direction=direction, sentence=sentence)


def _of_causes(old: Report, new: Report) -> Iterator[_Found]:
    before, after = ({cause.id: cause for cause in one.verdict.causes} for one in (old, new))
    for name, cause in after.items():
        if name not in before:
            direction: Direction = "neither" if cause.certainty == "possible" else "worse"
            sentence = text("New: {title} ({cause})", title=cause.title, cause=name)
            yield _Found(about="cause", direction=direction, name=name, sentence=sentence)
        elif before[name].impact != cause.impact:
            yield _shifted(cause)
    for name, cause in before.items():
        if name not in after:
            yield _gone(cause, new)


def _shifted(cause: ReportCause) -> _Found:
    """A cause that blocks what it hindered, or the other way about."""
    named = {"title": cause.title, "cause": cause.id}
    if cause.impact == "blocks":
        sentence = text("It blocks the login now: {title} ({cause})", **named)
        return _Found(about="cause", direction="worse", name=cause.id, sentence=sentence)
    sentence = text("It only hinders now: {title} ({cause})", **named)
    return _Found(about="cause", direction="better", name=cause.id, sentence=sentence)


def _gone(cause: ReportCause, new: Report) -> _Found:
    """A cause is over only where it was looked for again, and is not the case."""
    named = {"title": cause.title, "cause": cause.id}
    follows = [one.id for one in new.verdict.causes if cause.id in one.explains]
    if follows:
        sentence = text("Only follows from {root} now: {title} ({cause})", root=follows[0], **named)
        return _Found(about="cause", direction="neither", name=cause.id, sentence=sentence)
    if new.verdict.status == "healthy" or any(one.id == cause.id for one in new.verdict.ruled_out):
        sentence = text("Over: {title} ({cause})", **named)
        return _Found(about="cause", direction="better", name=cause.id, sentence=sentence)
    sentence = text("No longer seen, and not ruled out either: {title} ({cause})", **named)
    return _Found(about="cause", direction="neither", name=cause.id, sentence=sentence)


def _of_certificates(old: Report, new: Report) -> Iterator[_Found]:
    before, after = ({one.check: one for one in certificate_lives(report)} for report in (old, new))
    for check, now in after.items():
        then = before.get(check)
        if then is None or abs(now.ends_at - then.ends_at) < DAY:
            continue
        later = now.ends_at > then.ends_at
        until = _day(now.ends_at)
        sentence = (
            text("The certificate was renewed: it is valid until {date} now ({check})", date=until, check=check)
            if later
            else text("The certificate ends sooner now: on {date} ({check})", date=until, check=check)
        )
        yield _Found(about="certificate", direction="better" if later else "neither", name=check, sentence=sentence)


def _day(moment: float) -> str:
    try:
        return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"
    except (OverflowError, OSError, ValueError):
        return "–"


def _of_services(old: Report, new: Report) -> Iterator[_Found]:
    before, after = (_by_place(report.services) for report in (old, new))
    for place in sorted(after.keys() - before.keys()):
        sentence = text("Only the second report looks at {server}.", server=place)
        yield _Found(about="service", direction="neither", name=place, sentence=sentence)
    for place in sorted(before.keys() - after.keys()):
        sentence = text("Only the first report looks at {server}.", server=place)
        yield _Found(about="service", direction="neither", name=place, sentence=sentence)


def _by_place(services: Iterable[ReportService]) -> Mapping[str, ReportService]:
    return {f"{one.protocol}://{one.host}:{one.port}": one for one in services}


def _of_places(old: Report, new: Report) -> Iterator[_Found]:
    """In what the computers and their networks differ, and what that means where only one of them has a fault."""
    found = [*_unlike(old, new)]
    statuses = {old.verdict.status, new.verdict.status}
    if found and statuses == {"healthy", "problem"}:
        sentence = text("It works in one of the two places only; look first at what differs between them.")
        yield _Found(about="place", direction="neither", sentence=sentence)
    yield from found


def _unlike(old: Report, new: Report) -> Iterator[_Found]:
    for label, then, now in (
        (text("Mailbox"), old.subject.address, new.subject.address),
        (text("System"), old.environment.os, new.environment.os),
        (text("DNS server"), old.environment.resolver, new.environment.resolver),
        (text("Proxy"), old.environment.proxy, new.environment.proxy),
    ):
        if then != now:
            sides = {"then": then or "–", "now": now or "–"}
            sentence = text("{what}: {then} in the first, {now} in the second", what=label, **sides)
            yield _Found(about="place", direction="neither", sentence=sentence)
