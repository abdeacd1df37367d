"""Two reports side by side: what got worse, what got better, and in what the places differ that they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from diagnose.comparison.differences import About, Direction, Found, of_causes, of_certificates, of_status
from diagnose.comparison.replay import NOWHERE, UnfitRecordError, replayed
from diagnose.locale.language import translation
from diagnose.model import TextError, text
from diagnose.model.protocols import BY_NAME
from diagnose.model.report import Redacted, Report, ReportService, Verdict
from diagnose.redaction.placeholders import without_placeholders
from diagnose.redaction.redact import USER
from diagnose.redaction.strict import KEPT_DOMAIN
from diagnose.running.reporting import discreet
from diagnose.running.request import Presentation

LEVELS: tuple[Redacted, ...] = ("nothing", "person", "company")
"""Each hides what the one before it does."""


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
    redacted: Redacted = "nothing"
    """What is hidden in one of the reports, and so in both: whether they are of one mailbox cannot be told then."""


def compared(old: Report, new: Report, presentation: Presentation) -> Comparison:
    """*new* held against *old*, both judged by today's knowledge where they hold a record.

    What is hidden in one of them is hidden in both. Raises TwoSubjectsError.
    """
    redacted = max(_redacted(old), _redacted(new), key=LEVELS.index)
    old, new = (_hidden(one, redacted, presentation) for one in (old, new))
    if old.subject.domain.lower() != new.subject.domain.lower():
        sentence = text("the reports are of {one} and {other}", one=old.subject.domain, other=new.subject.domain)
        raise TwoSubjectsError(sentence)
    before, after = (judged_again(one, presentation) for one in (old, new))
    translate = translation(presentation.lang)
    found = [*of_status(before, after), *of_causes(before, after)]
    found += [
        *of_certificates(before, after),
        *_of_places(before, after, hidden=redacted != "nothing"),
        *_of_services(before, after),
    ]
    order: tuple[Direction, ...] = ("worse", "better", "neither")
    told = sorted((_told(one, translate) for one in found), key=lambda one: order.index(one.direction))
    return Comparison(
        old=_side(before),
        new=_side(after),
        got_worse=any(one.direction == "worse" for one in told),
        differences=tuple(told),
        redacted=redacted,
    )


def _redacted(report: Report) -> Redacted:
    """What is hidden in *report*; earlier versions did not say so, and their placeholders do."""
    if KEPT_DOMAIN.fullmatch(report.subject.domain):
        return "company"
    local = (report.subject.address or "").rpartition("@")[0]
    return "person" if local == USER and report.redacted == "nothing" else report.redacted


def _hidden(report: Report, redacted: Redacted, presentation: Presentation) -> Report:
    if redacted == _redacted(report):
        return report
    how = msgspec.structs.replace(presentation, redact="strict" if redacted == "company" else True)
    return discreet(report, how, NOWHERE)


def _told(one: Found, translate: Callable[[str], str]) -> Difference:
    words = one.sentence.render(translate)
    return Difference(about=one.about, direction=one.direction, name=one.name, text=words)


def _side(report: Report) -> Side:
    verdict = report.verdict
    return Side(id=report.id, started_at=report.started_at, status=verdict.status, headline=verdict.headline)


def judged_again(report: Report, presentation: Presentation) -> Report:
    """*report* by today's knowledge, so that only what was seen differs; as it is where that cannot be."""
    try:
        return replayed(report, presentation)
    except UnfitRecordError:
        return report


def _of_services(old: Report, new: Report) -> Iterator[Found]:
    before, after = (_by_place(report.services) for report in (old, new))
    for place in sorted(after.keys() - before.keys()):
        sentence = text("Only the second report looks at {server}.", server=_url(after[place]))
        yield Found(about="service", direction="neither", name=place, sentence=sentence)
    for place in sorted(before.keys() - after.keys()):
        sentence = text("Only the first report looks at {server}.", server=_url(before[place]))
        yield Found(about="service", direction="neither", name=place, sentence=sentence)


def _by_place(services: Iterable[ReportService]) -> Mapping[str, ReportService]:
    return {f"{one.protocol}://{one.host}:{one.port}": one for one in services}


def _url(service: ReportService) -> str:
    """What *service* is called on a command line, so that it can be asked for there."""
    port = BY_NAME[service.protocol].port(service.tls)
    return f"{port.scheme if port else service.protocol}://{service.host}:{service.port}"


def _of_places(old: Report, new: Report, *, hidden: bool) -> Iterator[Found]:
    """In what the computers and their networks differ, and what that means where only one of them has a fault."""
    found = [*_unlike(old, new, hidden=hidden)]
    statuses = {old.verdict.status, new.verdict.status}
    if found and statuses == {"healthy", "problem"}:
        sentence = text("It works in one of the two places only; look first at what differs between them.")
        yield Found(about="place", direction="neither", sentence=sentence)
    yield from found


def _unlike(old: Report, new: Report, *, hidden: bool) -> Iterator[Found]:
    for label, then, now in (
        (text("Mailbox"), old.subject.address, new.subject.address),
        (text("System"), old.environment.os, new.environment.os),
        (text("DNS server"), old.environment.resolver, new.environment.resolver),
        (text("Proxy"), old.environment.proxy, new.environment.proxy),
    ):
        alike = without_placeholders(then or "") == without_placeholders(now or "") if hidden else then == now
        if not alike:
            sides = {"then": then or "–", "now": now or "–"}
            sentence = text("{what}: {then} in the first, {now} in the second", what=label, **sides)
            yield Found(about="place", direction="neither", sentence=sentence)
