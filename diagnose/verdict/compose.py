"""Put a judgement into words: the report model in the language and for the audience that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from functools import partial
from typing import Any

import msgspec

from diagnose import browsers, providers
from diagnose.knowledge.catalogue import (
    PLACEHOLDERS,
    SERVER_PLACEHOLDERS,
    Catalogue,
    Cause,
    precautions_for,
    prevention_for,
    remedies_for,
    summary_for,
)
from diagnose.locale.language import translation
from diagnose.model import Check, CheckResult, Host, Service, Subject, Target, Text, quote, text
from diagnose.model.protocols import ORDER
from diagnose.model.report import (
    Contact,
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
from diagnose.record.coding import as_json
from diagnose.record.run import Run
from diagnose.rendering.renderer import Audience
from diagnose.verdict.addresses import seen_addresses
from diagnose.verdict.commands import commands_for
from diagnose.verdict.own_servers import software_of_own_servers, usual_refusal
from diagnose.verdict.stations import path
from diagnose.verdict.verdict import NOT_ACCEPTED, JudgedCause, Judgement, Seen

Translate = Callable[[str], str]
CLOCK_RIGHT_SECONDS = 60
"""How far off a clock may be, so that nobody need look at it: certificates and one-time codes bear that."""
WORDS_OF_SERVERS = {"reply", "words"}
PLACE = {"host", "port", "protocol"}
"""Arguments of the sentences that findings are told in."""


class _Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the report speaks to, and of what."""

    subject: Subject
    known: Mapping[str, str]
    """Pages and servers that remedies may name, and what else is known of the provider, by placeholders."""
    doubted: frozenset[str]
    """Which of them no good source bears out."""
    traits: frozenset[str]
    """What the run has shown to hold, by the catalogue's names."""
    provider: providers.Provider | None
    """Whose mailbox it is, where that is known."""
    lang: providers.Language
    audience: Audience
    translate: Translate
    status_page: str | None
    """The organisation's own."""
    ruled_out: frozenset[str]
    """Ids of causes that the run speaks against."""
    services: tuple[Service, ...]
    """All that the run found, those first that are read from."""


def compose(
    run: Run,
    results: tuple[CheckResult, ...],
    judgement: Judgement,
    catalogue: Catalogue,
    checks: Mapping[str, Check[Any]],
    lang: providers.Language = "en",
    audience: Audience = "user",
    contact: Contact | None = None,
) -> Report:
    """The finished report in *lang*; *checks*: the records by their ids, *contact*: whom to ask next."""
    translate = translation(lang)
    services = tuple(sorted(run.services, key=lambda s: ORDER[s.protocol]))
    known, doubted = _known(run, results, judgement, catalogue, lang)
    provider = _provider(run, judgement)
    reader = _Reader(
        subject=run.subject,
        known=known,
        doubted=doubted,
        traits=_traits(results) | (_traits_seen(results, run.subject.domain) if provider is None else frozenset()),
        provider=provider,
        lang=lang,
        audience=audience,
        translate=translate,
        status_page=contact.status_page if contact else None,
        ruled_out=frozenset(judgement.ruled_out),
        services=services,
    )
    said = dict[str, str]()
    causes = tuple(
        msgspec.structs.replace(
            _cause(cause, reader, catalogue, said),
            commands=commands_for((one.result for one in cause.seen), run, results, translate),
        )
        for cause in judgement.causes
    )
    return Report(
        tool=Tool(name="diagnose", version=run.tool),
        lang=lang,
        subject=ReportSubject(
            address=run.subject.address,
            domain=run.subject.domain,
            username=run.subject.username,
            provider=run.provider,
        ),
        started_at=run.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        duration_ms=run.duration_ms,
        verdict=ReportVerdict(
            status=judgement.status,
            exit_code=judgement.exit_code,
            headline=_headline(run, judgement, causes, translate),
            causes=causes,
            narrowed=run.asked.narrowed,
            prevention=_precautions(judgement, reader),
            untested=_untested(run, results, provider),
            unchecked=tuple(one.render(translate) for one in judgement.unchecked),
            ruled_out=tuple(
                RuledOut(id=cause, title=translate(catalogue[cause].title), checks=judgement.ruled_out[cause])
                for cause in sorted(judgement.ruled_out, key=catalogue.order)
            ),
        ),
        path=path(judgement, results, catalogue, checks, translate),
        services=tuple(
            ReportService(protocol=s.protocol, host=s.host, port=s.port, tls=s.tls, source=s.source) for s in services
        ),
        checks=tuple(_check(result, translate) for result in results),
        environment=Environment(
            os=run.os,
            python=run.python,
            resolver=run.resolver,
            proxy=run.proxy,
            clock_offset_s=_clock_offset(results),
        ),
        record=as_json(run),
        contact=contact,
    )


def _clock_offset(results: tuple[CheckResult, ...]) -> float | None:
    """How far this computer's clock is ahead, by the first check that measured it."""
    offsets = (getattr(result.facts, "clock_offset_s", None) for result in results)
    return next((float(offset) for offset in offsets if isinstance(offset, int | float)), None)


def _headline(run: Run, judgement: Judgement, causes: tuple[ReportCause, ...], translate: Translate) -> str:
    answer = _answer(run, judgement, causes)
    if run.asked.narrowed:
        answer = text("{answer} (looked at in part: {options})", answer=answer, options=run.asked.narrowed)
    return answer if isinstance(answer, str) else answer.render(translate)


def _answer(run: Run, judgement: Judgement, causes: tuple[ReportCause, ...]) -> Text | str:
    name = run.subject.name
    if judgement.status == "problem":
        return causes[0].title
    if judgement.login_works and judgement.exit_code == 0:
        return text("The login of {name} works", name=name)
    unanswered = judgement.exit_code != 0
    if not name:  # of a run about the browser alone
        if unanswered:
            return text("No problem found in this browser, but some checks could not run")
        return text("No problem found in this browser")
    if NOT_ACCEPTED in judgement.unchecked:
        return text("The login of {name} was not accepted, and the reason is not certain", name=name)
    if unanswered:
        return text("No problem found for {name}, but some checks could not run", name=name)
    if run.asked.narrowed:
        return text("No problem found for {name}", name=name)
    if not run.services:
        return text("No problem found in this browser")
    return text("Nothing that would block a login was found for {name}", name=name)


def _known(
    run: Run,
    results: tuple[CheckResult, ...],
    judgement: Judgement,
    catalogue: Catalogue,
    lang: providers.Language,
) -> tuple[Mapping[str, str], frozenset[str]]:
    """What the provider is known for, and before or behind that what the run saw; nothing of one named by mistake.

    Beside that the names of what is in doubt, which nothing is that the run saw.
    """
    documented, doubted = dict[str, str](), frozenset[str]()
    if run.provider is None:
        documented.update(usual_refusal(results, run.subject.domain, lang))
    if known := _provider(run, judgement):
        documented = providers.provider_facts(known, run.subject.domain, lang)
        doubted = providers.doubted_facts(known, run.subject.domain)
    named, guessed = seen_addresses(results, judgement, catalogue)
    return {**guessed, **documented, **named}, (doubted & documented.keys()) - named.keys()


def _provider(run: Run, judgement: Judgement) -> providers.Provider | None:
    """The provider of the mailbox, if it is known; None for one that was named by mistake."""
    mistaken = {one.finding.data.get("mistaken") for cause in judgement.causes for one in cause.seen} - {None}
    return providers.provider(run.provider) if run.provider and run.provider not in mistaken else None


def _traits(results: tuple[CheckResult, ...]) -> frozenset[str]:
    offset = _clock_offset(results)
    return frozenset({"clock-right"} if offset is not None and abs(offset) < CLOCK_RIGHT_SECONDS else ())


def _precautions(judgement: Judgement, reader: _Reader) -> tuple[str, ...]:
    """What a person with a login that works can do that it stays so; causes tell themselves how they are kept away."""
    if judgement.status != "healthy" or not judgement.login_works or judgement.causes:
        return ()
    return precautions_for(reader.translate, _traits_at(next(iter(judgement.open_services), reader.subject), reader))


def _untested(run: Run, results: tuple[CheckResult, ...], provider: providers.Provider | None) -> tuple[str, ...]:
    """What the provider, or the software of servers that greet, offers beside the protocols that checks speak."""
    if provider is None and (software := software_of_own_servers(results, run.subject.domain)):
        provider = providers.provider(software)
    return provider.untested if provider else ()


def _traits_seen(results: tuple[CheckResult, ...], domain: str) -> frozenset[str]:
    """What servers show of a mailbox whose provider nobody knows."""
    software = software_of_own_servers(results, domain)
    return providers.software_traits(providers.provider(software)) if software else frozenset()


def _traits_at(place: Target, reader: _Reader) -> frozenset[str]:
    """What holds at *place*: providers take other passwords by one protocol than by another."""
    if reader.provider is None:
        return reader.traits
    domain = reader.subject.domain
    if not isinstance(place, Service):
        return reader.traits | providers.provider_traits(reader.provider, domain)
    usual = {server.host for server in providers.servers_for(reader.provider, domain)}
    here = frozenset({"documented-server"} if place.host in usual else ())
    return reader.traits | here | providers.provider_traits(reader.provider, domain, place.protocol)


def _traits_for(cause: JudgedCause, reader: _Reader) -> frozenset[str]:
    """What holds where *cause* was seen; what the server's own words tell of it comes before what is known."""
    told = [one.finding.data.get("holds") for one in cause.seen if one.finding.cause == cause.id]
    over_tls = any(one.finding.data.get("over_tls") is True for one in cause.seen)
    traits = _traits_at(_place(cause, reader.services), reader) | ({"over-tls"} if over_tls else frozenset())
    return providers.with_told(traits, (trait for words in told if isinstance(words, str) for trait in words.split()))


def _cause(cause: JudgedCause, reader: _Reader, catalogue: Catalogue, said: dict[str, str]) -> ReportCause:
    known, translate = catalogue[cause.id], reader.translate
    title = translate(known.title)
    traits = _traits_for(cause, reader)
    return ReportCause(
        id=cause.id,
        certainty=cause.certainty,
        impact=cause.impact,
        title=title,
        summary=summary_for(known, reader.known, translate, traits),
        evidence=_evidence(cause, title, said, translate),
        remedies=_remedies(known, cause, reader),
        explains=cause.explains,
        prevention=prevention_for(known, translate, traits),
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


def _remedies(known: Cause, cause: JudgedCause, reader: _Reader) -> tuple[ReportRemedy, ...]:
    """What to do about *cause*, the reader's own steps first; none with a blank, unless there is no other."""
    facts = _remedy_facts(cause, reader)
    told = partial(
        remedies_for,
        known,
        facts,
        reader.translate,
        _traits_for(cause, reader),
        ruled_out=reader.ruled_out,
        doubted=frozenset(name for name in reader.doubted if facts[name] == reader.known[name]),
    )
    return tuple(sorted(told(blanks=False) or told(), key=lambda remedy: remedy.fixer != reader.audience))


def _remedy_facts(cause: JudgedCause, reader: _Reader) -> Mapping[str, str]:
    facts, subject = dict[str, str](), reader.subject
    facts.update(reader.known)
    facts["own_status_page"] = reader.status_page or ""
    facts["domain"] = subject.domain
    facts["address"] = subject.address or ""
    facts["username"] = subject.username or subject.address or ""
    facts.update(_place_facts(_place(cause, reader.services), reader.translate))
    for name in SERVER_PLACEHOLDERS:
        said = (one.finding.data.get(name) for one in cause.seen)
        facts[name] = next((words for words in said if isinstance(words, str)), "")
    for seen in reversed(cause.seen):  # what the surest finding says is written last
        facts.update(_told(seen.finding.data, reader.lang))
    return facts


def _told(data: Mapping[str, Any], lang: providers.Language) -> Mapping[str, str]:
    """What a finding's own data says for the placeholders of remedies; ``browser`` is a browser's id."""
    facts: dict[str, str] = {}
    if data.get("browser") in browsers.browser_ids():
        facts.update(browsers.browser_facts(data["browser"], data.get("browser_version"), lang))
    known = PLACEHOLDERS.keys()
    facts.update({name: value for name, value in data.items() if name in known and isinstance(value, str)})
    return facts


def _place(cause: JudgedCause, services: tuple[Service, ...]) -> Target:
    """Where to look for *cause*: where it was seen; for what the whole account has, at the first service."""
    first = cause.seen[0].result.target
    targets = (one.result.target for one in cause.seen)
    seen = next((target for target in targets if not isinstance(target, Subject)), None)
    if isinstance(seen, Host):
        return next((one for one in services if one.host == seen.name), seen)
    return seen or next(iter(services), first)


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


LONGEST_TOLD = 4000
"""Characters of a server's words that stand among the facts."""
_HARMLESS = frozenset({int, float, bool, type(None)})


def _plain(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Facts as JSON values: strings of servers made harmless, however deep they sit; pictures keep their bytes."""
    return _clean(msgspec.to_builtins(value, builtin_types=(bytes,)))


def _clean(one: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(one, str):
        return quote(one, LONGEST_TOLD)
    if isinstance(one, dict):
        return {key: item if type(item) in _HARMLESS else _clean(item) for key, item in one.items()}
    if isinstance(one, list | tuple):
        return [item if type(item) in _HARMLESS else _clean(item) for item in one]
    return one
