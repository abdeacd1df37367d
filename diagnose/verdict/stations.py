"""The picture in a report: the stations from the computer to the mailbox, which work, and where the way breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import get_args

from diagnose.knowledge.catalogue import Catalogue
from diagnose.model import CheckResult, Host, Service, Subject, text
from diagnose.model.report import Station, StationName, StationState
from diagnose.verdict.verdict import JudgedCause, Judgement

NAMES: tuple[StationName, ...] = get_args(StationName)
"""In the order of the way."""
TITLES: Mapping[StationName, str] = {
    "computer": text("This computer").msgid,
    "network": text("Network").msgid,
    "dns": text("DNS").msgid,
    "server": text("Server").msgid,
    "encryption": text("Encryption").msgid,
    "login": text("Login").msgid,
    "mailbox": text("Mailbox").msgid,
}
FAMILIES: Mapping[str, StationName] = {
    "address": "computer",
    "browser": "computer",
    "network": "computer",
    "dns": "dns",
    "reach": "server",
    "server": "server",
    "web": "server",
    "tls": "encryption",
    "settings": "login",
    "credentials": "login",
    "lockout": "login",
    "activation": "login",
}
"""Where the causes of a family break the way, unless the catalogue puts one elsewhere."""
CHECKS: Mapping[StationName, frozenset[str]] = {
    "computer": frozenset({"network.hosts", "network.clock", "network.proxy", "browser.self-test"}),
    "network": frozenset({"network.connection", "network.portal"}),
    "dns": frozenset({"dns.domain", "dns.host"}),
    "server": frozenset({"reach", "reach.paths", "server", "web"}),
    "encryption": frozenset({"tls"}),
    "login": frozenset({"login"}),
    "mailbox": frozenset({"login.mailbox"}),
}
"""What has to be passed for a station to work."""
AFTER_LOGIN = frozenset({"login.mailbox", "login.sender"})
"""Checks that only run once a login was accepted: what they find lies behind it."""


def path(
    judgement: Judgement,
    results: tuple[CheckResult, ...],
    catalogue: Catalogue,
    translate: Callable[[str], str] = str,
) -> tuple[Station, ...]:
    """The stations in order. One works where its checks passed on every way that the picture tells of."""
    told = _of_shut_ways(judgement, results)
    states = {name: _works(name, told) for name in NAMES}
    for name in reversed(NAMES[:2]):  # what got through to others came through these
        later = NAMES[NAMES.index(name) + 1 :]
        if states[name] == "unknown" and any(states[other] == "ok" for other in later):
            states[name] = "ok"
    sure = [cause for cause in judgement.causes if cause.certainty != "possible"]
    broken = {_place(cause, catalogue) for cause in sure if cause.impact == "blocks"}
    states.update(dict.fromkeys(broken, "broken"))
    first = min(map(NAMES.index, broken), default=len(NAMES))
    for place in {_place(cause, catalogue) for cause in sure} - broken:
        if NAMES.index(place) < first or states[place] == "ok":  # behind a break only what was reached is known
            states[place] = "hindered"
    return tuple(Station(name=name, title=translate(TITLES[name]), state=states[name]) for name in NAMES)


def _place(cause: JudgedCause, catalogue: Catalogue) -> StationName:
    if all(seen.result.check in AFTER_LOGIN for seen in cause.seen):
        return "mailbox"
    return catalogue[cause.id].station or FAMILIES[cause.id.partition(".")[0]]


def _of_shut_ways(judgement: Judgement, results: tuple[CheckResult, ...]) -> tuple[CheckResult, ...]:
    """The results that tell the story of what is shut; all of them when nothing is."""
    shut = {way for way, state in judgement.ways.items() if state == "shut"}
    return tuple(r for r in results if not shut or not isinstance(r.target, Service) or r.ways & shut)


def _works(name: StationName, told: tuple[CheckResult, ...]) -> StationState:
    """``ok`` where it was looked at, and works on every way, on each of them for one server at least."""
    rows: dict[object, dict[object, list[bool]]] = {}
    for result in told:
        good = result.usable and result.status in {"pass", "warn"}
        neutral = result.facts is None or (result.usable and result.status == "skip")
        if result.check in CHECKS[name] and not neutral and (good or _is_named(result)):
            for group in _groups(result):
                rows.setdefault(group, {}).setdefault(result.target, []).append(good)
    if not rows:
        return "unknown"
    return "ok" if all(any(map(all, servers.values())) for servers in rows.values()) else "unknown"


def _is_named(result: CheckResult) -> bool:
    return isinstance(result.target, Subject) or result.target.source != "guess"


def _groups(result: CheckResult) -> Iterable[object]:
    """In each of them one target has to be all right; what is beside the mailbox is in none."""
    match result.target:
        case Service():
            return result.ways
        case Host():
            return (result.target,)
        case Subject():
            return (result.check,)
