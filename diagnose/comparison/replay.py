"""A saved report, judged again by today's knowledge: its record, through the same judges as a run's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec

from diagnose import __version__, providers
from diagnose.comparison.differences import STATUSES
from diagnose.knowledge.catalogue import catalogue
from diagnose.locale.language import LANGUAGES, translation
from diagnose.model import Text, TextError, text
from diagnose.model.report import (
    ChangeKind,
    JudgementChange,
    Replay,
    Report,
    ReportCause,
    ReportFinding,
    ReportRemedy,
    Tool,
)
from diagnose.network import Vantage
from diagnose.record.coding import RunRecordError, from_json
from diagnose.record.run import Run
from diagnose.rendering.labels import CERTAINTIES, IMPACTS
from diagnose.running.chosen import every_check
from diagnose.running.reporting import report_of
from diagnose.running.request import Presentation

OUTDATED = text("what it saw was saved in a form that this version no longer judges")
MOST_REASONS = 4
"""Sentences that say why one cause is judged otherwise."""


class _Nowhere(Vantage, frozen=True, kw_only=True):
    """The run was made from where it was made: this computer, which is not asked, may be another."""

    def own_addresses(self) -> frozenset[str]:
        """None that is known."""
        return frozenset()


NOWHERE = _Nowhere()
"""From where a saved report is redacted."""


class UnfitRecordError(TextError):
    """A report holds a record that cannot be judged."""


def replayed(saved: Report, presentation: Presentation, *, strict: bool = False) -> Report:
    """What today's knowledge makes of the record in *saved*, and how that differs from what *saved* says.

    *strict*: causes that only hinder make a problem, too. A report without a record stays as it is, and says so.
    Raises UnfitRecordError.
    """
    presentation = msgspec.structs.replace(presentation, contact=presentation.contact or saved.contact)
    if saved.record is None:
        told = Replay(saved_by=saved.tool.version, judged_by=None)
        return msgspec.structs.replace(saved, contact=presentation.contact, replay=told)
    run = record_of(saved)
    if strict:
        run = msgspec.structs.replace(run, asked=msgspec.structs.replace(run.asked, strict=True))
    now = report_of(run, every_check(), presentation)
    alike = _spoken_as(saved, run, presentation, now)
    changes = tuple(_changes(saved, now, alike, translation(presentation.lang)))
    return msgspec.structs.replace(
        now,
        tool=Tool(name="diagnose", version=__version__),
        replay=Replay(saved_by=saved.tool.version, judged_by=__version__, changes=changes),
        redacted=saved.redacted,
    )


def record_of(saved: Report) -> Run:
    """The record in *saved*, with nothing in it that today's knowledge does not know. Raises UnfitRecordError."""
    known = frozenset(providers.provider_ids())
    try:
        run = from_json(saved.record, {check.id: check.facts for check in every_check()}, OUTDATED)
    except RunRecordError as error:
        sentence = text("its record of the run cannot be judged: {words}", words=str(error))
        raise UnfitRecordError(sentence) from None
    checks = tuple(one if one.provider in known else msgspec.structs.replace(one, provider=None) for one in run.checks)
    return msgspec.structs.replace(run, checks=checks, provider=run.provider if run.provider in known else None)


def _spoken_as(saved: Report, run: Run, presentation: Presentation, now: Report) -> Report:
    """Today's judgement of *run* in language and contact of *saved*, so that its words can be compared with those."""
    spoken = next((one for one in LANGUAGES if one == saved.lang), presentation.lang)
    alike = msgspec.structs.replace(presentation, lang=spoken, contact=saved.contact)
    return now if alike == presentation else report_of(run, every_check(), alike)


def _changes(saved: Report, now: Report, alike: Report, translate: Callable[[str], str]) -> Iterator[JudgementChange]:
    """What is judged otherwise, what matters most first. *alike*: *now* in the language of *saved*."""

    def change(
        kind: ChangeKind, sentence: Text, cause: str | None = None, because: tuple[Text, ...] = ()
    ) -> JudgementChange:
        reasons = tuple(one.render(translate) for one in because)
        return JudgementChange(changed=kind, cause=cause, text=sentence.render(translate), because=reasons)

    then, today = saved.verdict, now.verdict
    if then.status != today.status:
        was, is_now = text(STATUSES[then.status]), text(STATUSES[today.status])
        yield change("status", text("The verdict was “{then}”, and is “{now}” now.", then=was, now=is_now))
    elif then.causes and today.causes and then.causes[0].id != today.causes[0].id:
        sentence = text("The first cause was {then}, and is {now} now.", then=then.causes[0].id, now=today.causes[0].id)
        yield change("order", sentence, today.causes[0].id)
    before, after = ({cause.id: cause for cause in one.causes} for one in (then, today))
    for name in (*after, *(one for one in before if one not in after)):
        yield from (change(*told) for told in _of_cause(name, before.get(name), after.get(name), saved, now))
    yield from (change(*told) for told in _of_words(saved, alike))
    if saved.subject.provider != now.subject.provider:
        named = {"then": saved.subject.provider or "–", "now": now.subject.provider or "–"}
        yield change("provider", text("The provider was {then}, and is {now} now.", **named))
    known = {check.id for check in every_check()}
    gone = sorted({one["check"] for one in (saved.record or {}).get("checks", ())} - known)
    if gone:
        sentence = text("Checks of then that are not known today, and count for nothing: {checks}.", checks=tuple(gone))
        yield change("checks", sentence)


Told: TypeAlias = "tuple[ChangeKind, Text, str | None, tuple[Text, ...]]"
"""How a change is told: its kind, the sentence, the cause, the reasons."""


def _of_cause(
    name: str, before: ReportCause | None, after: ReportCause | None, saved: Report, now: Report
) -> Iterator[Told]:
    """What changed about one cause: it came, went, or is judged otherwise."""
    because = tuple(_reasons(name, saved, now))[:MOST_REASONS]
    if after is None:
        yield "went", text("{cause} is no longer among the causes.", cause=name), name, because
        return
    if before is None:
        sure = text(CERTAINTIES[after.certainty])
        yield "came", text("{cause} is new among the causes ({certainty}).", cause=name, certainty=sure), name, because
        return
    if before.certainty != after.certainty:
        was, is_now = text(CERTAINTIES[before.certainty]), text(CERTAINTIES[after.certainty])
        sentence = text("{cause} was {then}, and is {now} now.", cause=name, then=was, now=is_now)
        yield "certainty", sentence, name, because
    if before.impact != after.impact:
        was, is_now = text(IMPACTS[before.impact]), text(IMPACTS[after.impact])
        sentence = text("{cause}: it was “{then}”, and is “{now}” now.", cause=name, then=was, now=is_now)
        yield "impact", sentence, name, ()


def _reasons(name: str, saved: Report, now: Report) -> Iterator[Text]:
    """Why the cause called *name* is judged otherwise: what checks make of the same facts, then what explains it."""
    then, today = _findings(name, saved), _findings(name, now)
    for check, finding in today.items():
        if check not in then:
            yield text("The check {check} finds it in what was seen: {words}", check=check, words=finding.text)
        elif then[check].certainty != finding.certainty:
            sure = {"then": text(CERTAINTIES[then[check].certainty]), "now": text(CERTAINTIES[finding.certainty])}
            yield text("The check {check} took it for {then}, and takes it for {now} now.", check=check, **sure)
    for check in then:
        if check not in today:
            yield text("The check {check} no longer finds it in what was seen.", check=check)
    above, below = (
        [one.id for one in report.verdict.causes if name in one.explains and one.id != name] for report in (now, saved)
    )
    if new := [one for one in above if one not in below]:
        yield text("It is known to follow from {causes}.", causes=tuple(new))
    if old := [one for one in below if one not in above]:
        yield text("It no longer counts as following from {causes}.", causes=tuple(old))
    if then == today and then and not above and not below:
        yield text("The checks find the same; what it takes to prove it, or what rules it out, is known otherwise.")


def _findings(name: str, report: Report) -> dict[str, ReportFinding]:
    return {check.id: one for check in report.checks for one in check.findings if one.cause == name}


def _of_words(saved: Report, alike: Report) -> Iterator[Told]:
    """Causes of both of which the catalogue says something else today."""
    today = {cause.id: cause for cause in alike.verdict.causes}
    for then in saved.verdict.causes:
        now = today.get(then.id)
        if now is None or saved.lang != alike.lang:
            continue
        known = catalogue()
        if then.id in known and _steps(then) != _steps(now):
            yield "advice", text("What to do about {cause} reads otherwise today.", cause=then.id), then.id, ()
        elif (then.title, then.summary) != (now.title, now.summary):
            yield "advice", text("What {cause} means is described otherwise today.", cause=then.id), then.id, ()


def _steps(cause: ReportCause) -> dict[str, ReportRemedy]:
    return {remedy.fixer: remedy for remedy in cause.remedies}
