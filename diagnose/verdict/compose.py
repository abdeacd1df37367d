"""Put a judgement into words: the report model in the language and for the audience that were asked for."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from diagnose import __version__, browsers, providers
from diagnose.knowledge.catalogue import PLACEHOLDERS, SERVER_PLACEHOLDERS, Catalogue, remedies_for
from diagnose.model import Check, CheckResult, Host, Service, Subject, Target, Text, quote, text
from diagnose.model.protocols import ORDER
from diagnose.model.report import (
    Environment,
    Evidence,
    Report,
    ReportCause,
    ReportCheck,
    ReportFinding,
    ReportRemedy,
    ReportService,
    ReportSubject,
    ReportVerdict,
    RuledOut,
    Tool,
)
from diagnose.rendering.renderer import Audience
from diagnose.verdict.stations import path
from diagnose.verdict.verdict import JudgedCause, Judgement, Seen

Translate = Callable[[str], str]
WORDS_OF_SERVERS = {"reply", "words"}
PLACE = {"host", "port", "protocol"}
"""Arguments of the sentences that findings are told in."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says of the run beside its checks."""

    subject: Subject
    provider: str | None
    started_at: datetime
    duration_ms: int
    resolver: str | None
    proxy: str | None = None
    lang: providers.Language = "en"
    audience: Audience = "user"
    narrowed: tuple[str, ...] = ()
    """The options by which the person left parts out."""


def compose(
    judgement: Judgement,
    results: tuple[CheckResult, ...],
    services: tuple[Service, ...],
    frame: Frame,
    catalogue: Catalogue,
    checks: Mapping[str, Check[Any]],
    translate: Translate = str,
) -> Report:
    """The finished report; *checks*: the records by their ids."""
    advised, said = msgspec.structs.replace(frame, provider=_provider(judgement, frame)), dict[str, str]()
    causes = tuple(_cause(cause, advised, catalogue, said, translate) for cause in judgement.causes)
    return Report(
        tool=Tool(name="diagnose", version=__version__),
        lang=frame.lang,
        subject=ReportSubject(
            address=frame.subject.address,
            domain=frame.subject.domain,
            username=frame.subject.username,
            provider=frame.provider,
        ),
        started_at=frame.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        duration_ms=frame.duration_ms,
        verdict=ReportVerdict(
            status=judgement.status,
            exit_code=judgement.exit_code,
            headline=_headline(judgement, causes, services, frame, translate),
            causes=causes,
            narrowed=frame.narrowed,
            unchecked=tuple(one.render(translate) for one in judgement.unchecked),
            ruled_out=tuple(
                RuledOut(id=cause, title=translate(catalogue[cause].title), checks=judgement.ruled_out[cause])
                for cause in sorted(judgement.ruled_out, key=catalogue.order)
            ),
        ),
        path=path(judgement, results, catalogue, checks, translate),
        services=tuple(
            ReportService(protocol=s.protocol, host=s.host, port=s.port, tls=s.tls, source=s.source)
            for s in sorted(services, key=lambda s: ORDER[s.protocol])
        ),
        checks=tuple(_check(result, translate) for result in results),
        environment=Environment(
            os=f"{platform.system()} {platform.release()}",
            python=".".join(map(str, sys.version_info[:3])),
            resolver=frame.resolver,
            proxy=frame.proxy,
            clock_offset_s=next((offset for one in results if (offset := _clock_offset(one)) is not None), None),
        ),
    )


def _clock_offset(result: CheckResult) -> float | None:
    """How far this computer's clock is ahead, where *result* is of a check that measured it."""
    offset = getattr(result.facts, "clock_offset_s", None)
    return float(offset) if isinstance(offset, int | float) else None


def _headline(
    judgement: Judgement,
    causes: tuple[ReportCause, ...],
    services: tuple[Service, ...],
    frame: Frame,
    translate: Translate,
) -> str:
    answer = _answer(judgement, causes, services, frame)
    if frame.narrowed:
        answer = text("{answer} (looked at in part: {options})", answer=answer, options=frame.narrowed)
    return answer if isinstance(answer, str) else answer.render(translate)


def _answer(
    judgement: Judgement, causes: tuple[ReportCause, ...], services: tuple[Service, ...], frame: Frame
) -> Text | str:
    name = frame.subject.name
    if judgement.status == "problem":
        return causes[0].title
    if judgement.login_works and judgement.exit_code == 0:
        return text("The login of {name} works", name=name)
    if judgement.exit_code == 0 and frame.narrowed:
        return text("Nothing wrong was found for {name}", name=name)
    if judgement.status == "inconclusive":
        return text("Nothing wrong was found for {name}, but not everything could be checked", name=name)
    if not services:
        return text("Nothing wrong was found in this browser")
    return text("Nothing that would block a login was found for {name}", name=name)


def _provider(judgement: Judgement, frame: Frame) -> str | None:
    """Whose pages and servers remedies may name: nobody's whom the settings name by mistake."""
    mistaken = {one.finding.data.get("mistaken") for cause in judgement.causes for one in cause.seen}
    return None if frame.provider in mistaken else frame.provider


def _cause(
    cause: JudgedCause, frame: Frame, catalogue: Catalogue, said: dict[str, str], translate: Translate
) -> ReportCause:
    known = catalogue[cause.id]
    title = translate(known.title)
    return ReportCause(
        id=cause.id,
        certainty=cause.certainty,
        impact=cause.impact,
        title=title,
        summary=translate(known.summary),
        evidence=_evidence(cause, title, said, translate),
        remedies=_ordered(remedies_for(known, _remedy_facts(cause, frame, translate), translate), frame.audience),
        explains=cause.explains,
    )


def _evidence(cause: JudgedCause, title: str, said: dict[str, str], translate: Translate) -> tuple[Evidence, ...]:
    """What was seen, each thing once; *said* holds, by its sentence, the title of the cause that it was said for."""
    rows: dict[object, list[Seen]] = {}
    for one in cause.seen:
        rows.setdefault(_gist(one.finding.text), []).append(one)
    evidence = []
    for first, *others in rows.values():
        sentence, data = first.finding.text.render(translate), _plain(first.finding.data)
        if said.setdefault(sentence, title) != title:
            again = text("The same was seen as for “{cause}”.", cause=said[sentence])
            sentence, data = again.render(translate), {}
        elif places := _places(others):
            alike = text("{sentence} The same on {places}.", sentence=first.finding.text, places=places)
            sentence = alike.render(translate)
        evidence.append(Evidence(check=first.result.id, text=sentence, data=data))
    return tuple(evidence)


def _gist(sentence: Text) -> object:
    """The same for sentences that tell the same words of a server, whichever door they came out of."""
    if not WORDS_OF_SERVERS & sentence.args.keys():
        return sentence.render()
    return sentence.msgid, tuple((name, repr(value)) for name, value in sentence.args.items() if name not in PLACE)


def _places(others: list[Seen]) -> tuple[str, ...]:
    places = [
        f"{one.result.target.host}:{one.result.target.port}" for one in others if isinstance(one.result.target, Service)
    ]
    return tuple(dict.fromkeys(places))


def _ordered(remedies: tuple[ReportRemedy, ...], audience: Audience) -> tuple[ReportRemedy, ...]:
    return tuple(sorted(remedies, key=lambda remedy: remedy.fixer != audience))


def _remedy_facts(cause: JudgedCause, frame: Frame, translate: Translate) -> Mapping[str, str]:
    facts: dict[str, str] = {}
    if frame.provider:
        facts.update(providers.provider_facts(providers.provider(frame.provider), frame.subject.domain, frame.lang))
    facts["domain"] = frame.subject.domain
    facts["address"] = frame.subject.address or ""
    facts["username"] = frame.subject.username or frame.subject.address or ""
    facts.update(_place_facts(cause.seen[0].result.target, translate))
    for name in SERVER_PLACEHOLDERS:
        said = (one.finding.data.get(name) for one in cause.seen)
        facts[name] = next((words for words in said if isinstance(words, str)), "")
    for seen in reversed(cause.seen):  # what the surest finding says is written last
        facts.update(_told(seen.finding.data, frame.lang))
    return facts


def _told(data: Mapping[str, Any], lang: providers.Language) -> Mapping[str, str]:
    """What a finding's own data says for the placeholders of remedies; ``browser`` is a browser's id."""
    facts: dict[str, str] = {}
    if data.get("browser") in browsers.browser_ids():
        facts.update(browsers.browser_facts(data["browser"], data.get("browser_version"), lang))
    known = PLACEHOLDERS.keys()
    facts.update({name: value for name, value in data.items() if name in known and isinstance(value, str)})
    return facts


def _place_facts(target: Target, translate: Translate) -> dict[str, str]:
    match target:
        case Service():
            return {"host": target.host, "port": str(target.port), "protocol": target.label.render(translate)}
        case Host():
            return {"host": target.name}
        case Subject():
            return {}


def _check(result: CheckResult, translate: Translate) -> ReportCheck:
    return ReportCheck(
        id=result.id,
        title=result.title.render(translate),
        family=result.family,
        status=result.status,
        skipped_because=result.skipped_because.render(translate) if result.skipped_because else None,
        started_ms=result.started_ms,
        duration_ms=result.duration_ms,
        findings=tuple(
            ReportFinding(
                cause=f.cause,
                certainty=f.certainty,
                text=f.text.render(translate),
                proof=f.proof if f.certainty == "confirmed" else None,
            )
            for f in result.findings
        ),
        facts=_plain(result.facts) if result.facts is not None else {},
    )


def _plain(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Facts as JSON values: strings of servers made harmless, however deep they sit; pictures keep their bytes."""
    built = msgspec.to_builtins(value, builtin_types=(bytes,))

    def clean(one: Any) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(one, str):
            return quote(one, 4000)
        if isinstance(one, dict):
            return {key: clean(item) for key, item in one.items()}
        if isinstance(one, list | tuple):
            return [clean(item) for item in one]
        return one

    return clean(built)
