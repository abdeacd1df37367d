"""The picture in a report: the stations from the computer to the mailbox, which work, and where the way breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from diagnose.knowledge.catalogue import Catalogue
from diagnose.model import Check, CheckResult, Host, Service, Subject
from diagnose.model.report import Station, StationState
from diagnose.model.stations import FAMILIES, STATION_NAMES, STATIONS, AddedStation
from diagnose.model.targets import is_named
from diagnose.verdict.verdict import JudgedCause, Judgement


def path(
    judgement: Judgement,
    results: tuple[CheckResult, ...],
    catalogue: Catalogue,
    checks: Mapping[str, Check[Any]],
    translate: Callable[[str], str] = str,
) -> tuple[Station, ...]:
    """The stations in order. One works where its checks passed on every way that the picture tells of.

    *checks*: the records by their ids.
    """
    told = _of_shut_ways(judgement, results)
    titles = _titles({id(check): check for r in results if (check := checks.get(r.check))}.values())
    names = tuple(titles)
    own = {identity: _station(check, titles) for identity, check in checks.items()}
    states = {name: _works(tuple(r for r in told if own.get(r.check) == name)) for name in names}
    for name in reversed(STATION_NAMES[:2]):  # what got through to others came through these
        later = STATION_NAMES[STATION_NAMES.index(name) + 1 :]
        if states[name] == "unknown" and any(states[other] == "ok" for other in later):
            states[name] = "ok"
    sure = [(cause, _place(cause, catalogue, checks)) for cause in judgement.causes if cause.certainty != "possible"]
    broken = {place for cause, place in sure if cause.impact == "blocks"}
    states.update(dict.fromkeys(broken, "broken"))
    first = min(map(names.index, broken), default=len(names))
    for place in {place for _, place in sure} - broken:
        if names.index(place) < first or states[place] == "ok":  # behind a break only what was reached is known
            states[place] = "hindered"
    return tuple(Station(name=name, title=translate(titles[name]), state=states[name]) for name in names)


def _titles(checks: Iterable[Check[Any]]) -> Mapping[str, str]:
    """Name to title of all stations in order, those that *checks* add included."""
    added: dict[str, AddedStation] = {}
    for check in checks:
        if isinstance(check.station, AddedStation) and check.station.name not in STATIONS:
            added.setdefault(check.station.name, check.station)
    titles: dict[str, str] = {}
    for name, title in STATIONS.items():
        titles[name] = title
        titles |= {one.name: one.title for one in added.values() if one.behind == name}
    return titles


def _station(check: Check[Any], known: Iterable[str]) -> str | None:
    """The station that *check* speaks for; its family's where the one that it names is not *known*."""
    name = check.station.name if isinstance(check.station, AddedStation) else check.station
    if name is None or name in known:
        return name
    family = FAMILIES.get(check.family)
    return family.station if family is not None else None


def _place(cause: JudgedCause, catalogue: Catalogue, checks: Mapping[str, Check[Any]]) -> str:
    """Where *cause* breaks the way."""
    seen_by = [checks.get(seen.result.check) for seen in cause.seen]
    if all(check is not None and _is_behind_login(check, checks) for check in seen_by):
        return "mailbox"
    added = {check.station.name for check in seen_by if check is not None and isinstance(check.station, AddedStation)}
    if len(added) == 1 and all(check is not None and isinstance(check.station, AddedStation) for check in seen_by):
        return added.pop()
    family = FAMILIES.get(cause.id.partition(".")[0])
    return catalogue[cause.id].station or (family and family.station) or "login"


def _is_behind_login(check: Check[Any], checks: Mapping[str, Check[Any]]) -> bool:
    """Whether *check* only runs once a login was accepted: what it finds lies behind that."""
    return any(other.facts in check.needed_somewhere for other in checks.values() if other.opens == "login")


def _of_shut_ways(judgement: Judgement, results: tuple[CheckResult, ...]) -> tuple[CheckResult, ...]:
    """The results that tell the story of what is shut; all of them when nothing is."""
    shut = {way for way, state in judgement.ways.items() if state == "shut"}
    return tuple(r for r in results if not shut or not isinstance(r.target, Service) or r.ways & shut)


def _works(told: tuple[CheckResult, ...]) -> StationState:
    """Of a station that *told* is all of: ``ok`` where every way works, for one server of it at least."""
    rows: dict[object, dict[object, list[bool]]] = {}
    for result in told:
        good = result.usable and result.status in {"pass", "warn"}
        begun = result.facts is not None or result.cut_off
        neutral = not begun or (result.usable and result.status == "skip")
        if not neutral and (good or is_named(result.target)):
            for group in _groups(result):
                rows.setdefault(group, {}).setdefault(result.target, []).append(good)
    if not rows:
        return "unknown"
    return "ok" if all(any(map(all, servers.values())) for servers in rows.values()) else "unknown"


def _groups(result: CheckResult) -> Iterable[object]:
    """In each of them one target has to be all right; what is beside the mailbox is in none."""
    match result.target:
        case Service():
            return result.ways
        case Host():
            return (result.target,)
        case Subject():
            return (result.check,)
