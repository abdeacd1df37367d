"""The verdict: from what all checks found to the causes, root cause first. Pure, and in one place.

What explains what is written in the catalogue; here is only how that is applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args

import msgspec

from diagnose.knowledge.catalogue import Catalogue
from diagnose.model import Certainty, Check, CheckResult, Finding, Host, Service, Subject, Target, Text, Way, text
from diagnose.model.check import Opening
from diagnose.model.report import Impact, Verdict
from diagnose.model.targets import host_of, is_named
from diagnose.record.run import INTERRUPTED, OUT_OF_TIME, Run

ServiceState = Literal["open", "shut", "unknown"]

_CERTAINTY: Mapping[Certainty, int] = {"confirmed": 0, "likely": 1, "possible": 2}
_WHOLE = {"account", "domain", "computer", "browser"}
"""Scopes of causes that are true of every service."""
MOST_POSSIBLE = 3
"""Causes that are merely possible, and named all the same."""
MOST_WAITED_FOR = 3
"""Checks of an interrupted run that are named, those first that had been waiting longest."""

NOT_ACCEPTED = text("The login was not accepted, and the reason could not be found.")
WAY_UNKNOWN: Mapping[Way, Text] = {
    "reading": text("Whether a mail program can read this mailbox could not be found out."),
    "sending": text("Whether a mail program can send from this mailbox could not be found out."),
    "web": text("Whether the webmail page works could not be found out."),
}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, and the check that made it."""

    result: CheckResult
    finding: Finding


class JudgedCause(msgspec.Struct, frozen=True, kw_only=True):
    """A cause in the verdict."""

    id: str
    certainty: Certainty
    impact: Impact
    seen: tuple[Seen, ...]
    explains: tuple[str, ...] = ()


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict before it is put into words."""

    status: Verdict
    exit_code: Literal[0, 1, 3]
    causes: tuple[JudgedCause, ...]
    unchecked: tuple[Text, ...] = ()
    """What was needed and could not be checked."""
    ruled_out: dict[str, tuple[str, ...]] = {}
    """Cause id to the checks that passed and so speak against it."""
    login_works: bool = False
    ways: dict[Way, ServiceState] = {}
    open_services: tuple[Service, ...] = ()
    """Those that let people in on every way that they open, in the order in which they were found."""


def judge(
    run: Run, results: tuple[CheckResult, ...], catalogue: Catalogue, checks: Mapping[str, Check[Any]]
) -> Judgement:
    """Weigh *results*, what the *checks*, the records by their ids, made of *run*."""
    services, asked = run.services, run.asked
    opening = _opening(results, checks)
    states = {(s, way): _state(s, way, results, opening, catalogue) for s in services for way in s.ways}
    ways = _ways(states)
    logins = opening["login"]
    login_works = any(r.usable for r in logins)
    proven = login_works and "shut" not in ways.values()
    answered = login_works or any(f.certainty != "possible" for r in logins for f in r.findings)
    all_seen = [_proven(seen, results, catalogue) for seen in _all_seen(results)]
    all_seen = [_weighed(seen, proven=proven) for seen in all_seen]
    all_seen = [seen for seen in all_seen if not _overruled(seen, results, checks)]
    roots = _roots(all_seen, catalogue)
    causes = [
        _cause(cause_id, seen, followed, catalogue, logins, states, ways, proven=proven, answered=answered)
        for cause_id, (seen, followed) in roots.items()
    ]
    causes = _ranked(causes, catalogue)
    sure = [cause for cause in causes if cause.certainty != "possible"]
    unchecked = _unchecked(results, opening, ways, login_asked=asked.login, login_works=login_works, sure=bool(sure))
    if asked.services and not states:
        unchecked = (text("No mail service could be found to check."), *unchecked)
    unchecked += _never_begun([r for r in results if (check := checks.get(r.check)) is not None and check.expects])
    if asked.selection.only:
        chosen = [r for r in results if asked.selection.chose(r)]
        unchecked += _unanswered(chosen) if asked.narrowed else ()
        unchecked += _never_begun([r for r in chosen if _was_late(r)])
    if run.interrupted:
        unchecked = (text("The run was interrupted."), *_waited_for(results), *unchecked)
    if any(cause.impact == "blocks" or asked.strict for cause in sure):
        status, exit_code = "problem", 1
    elif unchecked:
        status, exit_code = "inconclusive", 3
    else:
        status, exit_code = "inconclusive" if asked.narrowed else "healthy", 0
        causes = [cause for cause in causes if cause.impact == "hinders"]
    return Judgement(
        status=status,  # type: ignore[arg-type]  # mypy widens the literals of the three branches
        exit_code=exit_code,  # type: ignore[arg-type]
        causes=tuple(causes),
        unchecked=unchecked,
        ruled_out=_ruled_out(results, checks, {seen.finding.cause for seen in all_seen}, catalogue),
        login_works=login_works,
        ways=ways,
        open_services=tuple(s for s in services if s.ways and all(states[s, way] == "open" for way in s.ways)),
    )


# -- which ways are open


def _opening(results: Iterable[CheckResult], checks: Mapping[str, Check[Any]]) -> Mapping[Opening, list[CheckResult]]:
    """The results of the checks that open a part of a way, by the part."""
    opening: dict[Opening, list[CheckResult]] = {part: [] for part in get_args(Opening)}
    for result in results:
        check = checks.get(result.check)
        if check is not None and check.opens is not None:
            opening[check.opens].append(result)
    return opening


def _state(
    service: Service,
    way: Way,
    results: Iterable[CheckResult],
    opening: Mapping[Opening, list[CheckResult]],
    catalogue: Catalogue,
) -> ServiceState:
    """Whether *service* lets people in on *way*, one of those that it opens."""
    logins = [r for r in opening["login"] if isinstance(r.target, Service)]
    accepted = any(r.usable and r.target == service for r in logins)
    own = [r for r in results if r.way in {None, way} and _concerns(r, service, way, catalogue, accepted=accepted)]
    if any(r.status == "fail" for r in own):
        return "shut"
    transport = [r for r in opening["transport"] if r.target == service and way in r.ways]
    if not transport or not all(r.usable for r in transport):
        return "unknown"
    tried = [r for r in logins if r.facts is not None and way in r.ways]
    if tried and not any(r.usable for r in tried):
        return "unknown"  # nobody got in this way, so its being untried here proves nothing
    looked = [r for r in opening["mailbox"] if r.facts is not None and way in r.ways]
    if looked and not any(r.usable for r in looked):
        return "unknown"  # nor does a login, where no mailbox opened
    return "open"


def _concerns(result: CheckResult, service: Service, way: Way, catalogue: Catalogue, *, accepted: bool) -> bool:
    """Whether what *result* found is true of *way* by *service*, which has *accepted* the login itself or not."""
    blocking = [f for f in result.findings if f.certainty != "possible" and not f.partial]
    scopes = {known.scope for f in blocking if (known := catalogue[f.cause]).impact != "hinders"}
    match result.target:
        case Service():
            if result.target == service:
                return True
            return way != "web" and not accepted and "account" in scopes and way in result.ways
        case Host():
            return result.target.name == service.host
        case Subject():  # what is wrong with the browser shuts the webmail page
            return way == "web" and "browser" in scopes


def _ways(states: Mapping[tuple[Service, Way], ServiceState]) -> dict[Way, ServiceState]:
    ways: dict[Way, list[ServiceState]] = {}
    for (service, way), state in states.items():
        if service.named or state == "open":
            ways.setdefault(way, []).append(state)
    return {
        way: "open" if "open" in found else "shut" if set(found) == {"shut"} else "unknown"
        for way, found in ways.items()
    }


# -- which findings only follow from others


def _all_seen(results: Iterable[CheckResult]) -> list[Seen]:
    return [Seen(result=result, finding=finding) for result in results for finding in result.findings]


def _proven(seen: Seen, results: Iterable[CheckResult], catalogue: Catalogue) -> Seen:
    """A proof that the catalogue does not name, or without what has to stand beside it, confirms nothing."""
    if seen.finding.certainty != "confirmed":
        return seen
    proof = catalogue[seen.finding.cause].proven_by(seen.finding.proof)
    if proof and (proof.beside is None or any(r.check == proof.beside and r.usable for r in results)):
        return seen
    return msgspec.structs.replace(seen, finding=msgspec.structs.replace(seen.finding, certainty="likely"))


def _weighed(seen: Seen, *, proven: bool) -> Seen:
    """A login that works speaks against what was only likely and is true of the whole mailbox."""
    if proven and seen.finding.certainty == "likely" and isinstance(seen.result.target, Subject):
        return msgspec.structs.replace(seen, finding=msgspec.structs.replace(seen.finding, certainty="possible"))
    return seen


def _overruled(
    seen: Seen,
    results: Iterable[CheckResult],
    checks: Mapping[str, Check[Any]],
) -> bool:
    """Whether a check that knows more passed on the same target, and so excludes what was only possible."""
    if seen.finding.certainty != "possible":
        return False
    said_by = checks.get(seen.result.check)
    knowing = {name: check for name, check in checks.items() if said_by and said_by.facts in check.overrules}
    return any(
        r.check in knowing
        and r.target == seen.result.target
        and r.status == "pass"
        and r.usable
        and seen.finding.cause in knowing[r.check].rules_out
        for r in results
    )


def _roots(all_seen: list[Seen], catalogue: Catalogue) -> dict[str, tuple[list[Seen], list[Seen]]]:
    """For each root cause: what was seen of it and nothing else explains, and all that follows from it."""
    above = {
        place: [other for other, one in enumerate(all_seen) if _explains(one, seen, catalogue)]
        for place, seen in enumerate(all_seen)
    }
    roots: dict[str, tuple[list[Seen], list[Seen]]] = {}
    for place, seen in enumerate(all_seen):
        if not above[place]:
            roots.setdefault(seen.finding.cause, ([], []))[0].append(seen)
    for place, seen in enumerate(all_seen):
        for top in _tops(place, above) - {place}:
            roots[all_seen[top].finding.cause][1].append(seen)
    return roots


def _tops(place: int, above: Mapping[int, list[int]]) -> set[int]:
    """The ends of all ways up from *place*."""
    passed, here = {place}, [place]
    while here:
        others = set(above[here.pop()]) - passed
        passed |= others
        here += others
    return {one for one in passed if not above[one]}


def _explains(one: Seen, other: Seen, catalogue: Catalogue) -> bool:
    if one.finding.certainty == "possible" or other.finding.stands:
        return False
    if not catalogue.explains(one.finding.cause, other.finding.cause):
        return False
    if (one.finding.partial or catalogue[one.finding.cause].impact == "hinders") and not other.finding.partial:
        return False
    if one.finding.hosts and catalogue[other.finding.cause].scope == "account":
        return host_of(other.result.target) in {None, *one.finding.hosts}
    return _same_place(one.result.target, other.result.target, catalogue[one.finding.cause].scope)


def _same_place(one: Target, other: Target, scope: str) -> bool:
    if scope in _WHOLE or isinstance(one, Subject):
        return True
    if scope == "host" or isinstance(one, Host):
        return host_of(one) is not None and host_of(one) == host_of(other)
    return one == other


# -- how much a cause matters


def _cause(
    cause_id: str,
    seen: list[Seen],
    followed: list[Seen],
    catalogue: Catalogue,
    logins: list[CheckResult],
    states: Mapping[tuple[Service, Way], ServiceState],
    ways: Mapping[Way, ServiceState],
    *,
    proven: bool,
    answered: bool,
) -> JudgedCause:
    seen = sorted(seen, key=lambda s: _CERTAINTY[s.finding.certainty])
    return JudgedCause(
        id=cause_id,
        certainty=seen[0].finding.certainty,
        impact=_impact(cause_id, seen, followed, catalogue, logins, states, ways, proven=proven, answered=answered),
        seen=tuple(seen),
        explains=tuple(dict.fromkeys(one.finding.cause for one in followed)),
    )


def _impact(
    cause_id: str,
    seen: list[Seen],
    followed: list[Seen],
    catalogue: Catalogue,
    logins: list[CheckResult],
    states: Mapping[tuple[Service, Way], ServiceState],
    ways: Mapping[Way, ServiceState],
    *,
    proven: bool,
    answered: bool,
) -> Impact:
    """What a cause shuts, and what only follows from it shuts, it blocks.

    What is wrong with the domain shuts no way on which a login was *answered*, unless it explains the answer.
    """
    if catalogue[cause_id].impact == "hinders" or all(s.finding.partial for s in seen):
        return "hinders"
    if catalogue[cause_id].scope == "expectation":
        return "blocks"
    sure = [one for one in followed if one.finding.certainty != "possible"]
    for one in (*seen, *(one for one in sure if catalogue[one.finding.cause].impact != "hinders")):
        target = one.result.target
        if one.finding.partial:
            continue
        if isinstance(target, Subject):
            beside = answered and catalogue[cause_id].scope == "domain" and all(s.result not in logins for s in sure)
            if not (proven or beside):
                return "blocks"
            continue
        touched = one.result.ways or {
            way for service, way in states if isinstance(target, Host) and service.host == target.name
        }
        if any(ways.get(way) != "open" for way in touched):
            return "blocks"
    return "hinders"


def _ranked(causes: list[JudgedCause], catalogue: Catalogue) -> list[JudgedCause]:
    """The root cause first; what is merely possible is worth a look only while what comes first is not settled."""
    sure = sorted((cause for cause in causes if cause.certainty != "possible"), key=lambda one: _rank(one, catalogue))
    if sure and sure[0].certainty == "confirmed" and sure[0].impact == "blocks":
        return sure
    behind = {sure[0].id, *sure[0].explains} if sure else set()
    possible = [cause for cause in causes if cause.certainty == "possible"]
    possible.sort(key=lambda one: _worth(one, behind, catalogue))
    return sure + possible[:MOST_POSSIBLE]


def _rank(cause: JudgedCause, catalogue: Catalogue) -> tuple[bool, bool, int, bool, int]:
    """What is broken ranks before what is otherwise than somebody expects."""
    remembered = all(one.finding.remembered for one in cause.seen)
    drift = catalogue[cause.id].scope == "expectation"
    return (cause.impact != "blocks", drift, _CERTAINTY[cause.certainty], remembered, catalogue.order(cause.id))


def _worth(cause: JudgedCause, behind: set[str], catalogue: Catalogue) -> tuple[bool, int, int]:
    """The rank of a possible cause: first what may lie *behind* the first cause, then the order of its check."""
    deeper = any(catalogue.explains(cause.id, one) for one in behind)
    named = min([finding.cause for finding in seen.result.findings].index(cause.id) for seen in cause.seen)
    return (not deeper, named, catalogue.order(cause.id))


def _ruled_out(
    results: tuple[CheckResult, ...],
    checks: Mapping[str, Check[Any]],
    named: set[str],
    catalogue: Catalogue,
) -> dict[str, tuple[str, ...]]:
    """What speaks against each cause that nothing speaks for: its check passed wherever it ran.

    What is true of a host or service alone has to be looked at on every one that somebody named.
    """
    found: dict[str, tuple[str, ...]] = {}
    for check in checks.values():
        own = [r for r in results if r.check == check.id]
        ran = [r for r in own if r.facts is not None]
        broken = any(r.status == "error" for r in own)
        if broken or not ran or not all(r.status == "pass" and r.usable for r in ran):
            continue
        unseen = any(r.facts is None and is_named(r.target) for r in own)
        for cause in check.rules_out:
            settled = not any(cause in r.unsettled for r in ran)
            if settled and cause not in named and not (unseen and catalogue[cause].scope not in _WHOLE):
                found[cause] = tuple(r.id for r in ran)
    return found


def _waited_for(results: Iterable[CheckResult]) -> Iterator[Text]:
    """Which checks hung when the person ended the run, on which server, and for how long."""
    hung = sorted((r for r in results if r.cut_off), key=lambda r: -(r.duration_ms or 0))
    for one in hung[:MOST_WAITED_FOR]:
        waited: dict[str, str | Text] = {"check": one.title, "seconds": f"{(one.duration_ms or 0) / 1000:.1f}"}
        match one.target:
            case Service():
                server = f"{one.target.host}:{one.target.port}"
            case Host():
                server = one.target.name
            case Subject():
                yield text("By then the check “{check}” had been running for {seconds} s.", **waited)
                continue
        yield text("By then the check “{check}” had waited {seconds} s for {server}.", server=server, **waited)


def _unanswered(chosen: list[CheckResult]) -> tuple[Text, ...]:
    """What of the checks that were chosen one by one says nothing."""
    if not any(r.status in {"pass", "warn", "fail"} for r in chosen):
        return (text("Nothing of what was asked for could be checked."),)
    return tuple(
        _no_answer(r)
        for r in chosen
        if r.status == "skip" and r.facts is not None and not r.usable and is_named(r.target)
    )


def _no_answer(result: CheckResult) -> Text:
    reason = result.skipped_because.reason if result.skipped_because else None
    return text("The check “{check}” brought no answer: {reason}.", check=result.title, reason=reason or "")


def _was_late(result: CheckResult) -> bool:
    return result.skipped_because is not None and result.skipped_because.reason == OUT_OF_TIME


def _never_begun(wanted: list[CheckResult]) -> tuple[Text, ...]:
    """What was expected or chosen and not looked at at all: it is well only where that was seen."""
    return tuple(_no_answer(r) for r in wanted if r.facts is None and r.skipped_because and r.status == "skip")


def _unchecked(
    results: tuple[CheckResult, ...],
    opening: Mapping[Opening, list[CheckResult]],
    ways: Mapping[Way, ServiceState],
    *,
    login_asked: bool,
    login_works: bool,
    sure: bool,
) -> tuple[Text, ...]:
    """What was needed and is not known. *sure*: a cause was found, which is why some checks never began."""
    found: list[Text] = []
    tries, transport = opening["login"], {r.id for r in opening["transport"]}
    if login_asked and not login_works and not any(f.certainty != "possible" for r in tries for f in r.findings):
        reasons = (r.skipped_because.reason for r in tries if r.skipped_because and r.skipped_because.reason)
        why = next((reason for reason in reasons if reason != INTERRUPTED), None)
        if any(r.left_open for r in tries):
            pass  # that says more
        elif any(r.facts is not None for r in tries):
            found.append(NOT_ACCEPTED)
        elif why:
            found.append(text("The login itself could not be tested: {reason}.", reason=why))
        else:
            found.append(text("The login itself could not be tested."))
    stuck = {
        way
        for r in results
        for way in r.ways
        if not (r.usable or r.status == "fail" or r.left_out)
        and (r.facts is not None or (r.id in transport and not sure))
    }
    found += [WAY_UNKNOWN[way] for way, state in ways.items() if state == "unknown" and way in stuck]
    found += [r.left_open for r in results if r.left_open and all(f.certainty == "possible" for f in r.findings)]
    found += [text("The check “{check}” ended in an error.", check=r.title) for r in results if r.status == "error"]
    return tuple(found)
