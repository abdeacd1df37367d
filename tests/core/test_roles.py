"""Roles instead of ids: what a check says of itself gives it its place in the picture and its weight in the verdict."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from diagnose.model import NO_NEEDS, Check, CheckResult, Facts, Service, Subject, need, text
from diagnose.model.check import Opening
from diagnose.model.stations import STATION_NAMES, AddedStation
from diagnose.planning.declaration import DISCOVERY, DeclarationError, validate
from diagnose.running.plugins import all_checks
from diagnose.verdict.stations import path
from diagnose.verdict.verdict import Judgement
from tests.core.test_verdict import IMAP, KNOWN, SMTP, named, result, shut, skipped, working
from tests.support.build import CHECKS, SUBJECT
from tests.support.record import judge
from tests.support.sources import modules

VPN = AddedStation(name="vpn", title=text("VPN").msgid, behind="computer")


def of_acme(name: str, *, each: Any = Service, family: str = "acme", **roles: Any) -> Check[Any]:
    """A check of another package."""
    return Check(
        id=name,
        family=family,
        title="All is well",
        each=each,
        facts=msgspec.defstruct(name, [], bases=(Facts,), frozen=True),
        probe=lambda *_: None,
        judge=lambda *_: (),
        needs=NO_NEEDS,
        **roles,
    )


def judged(rows: list[CheckResult], *added: Check[Any]) -> Judgement:
    services = tuple(dict.fromkeys(row.target for row in rows if isinstance(row.target, Service)))
    return judge(tuple(rows), services, KNOWN, {**CHECKS, **{one.id: one for one in added}}, login_asked=True)


def pictured(rows: list[CheckResult], *added: Check[Any]) -> dict[str, str]:
    known = {**CHECKS, **{one.id: one for one in added}}
    return {one.name: one.state for one in path(judged(rows, *added), tuple(rows), KNOWN, known)}


def unsure(check: str, target: Service | Subject) -> CheckResult:
    return result(check, target, status="skip", usable=False)


# -- the picture


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (result("acme.card", IMAP), "ok"),
        (unsure("acme.card", IMAP), "unknown"),
        (skipped("acme.card", IMAP), "ok"),
    ],
    ids=["passed", "unsure", "skipped"],
)
def test_a_check_of_a_package_speaks_for_the_station_that_it_names(row: CheckResult, state: str) -> None:
    """Beside those that are built in: all of them have to pass."""
    card = of_acme("acme.card", station="encryption")
    picture = pictured([*working(IMAP), row], card)

    assert tuple(picture) == STATION_NAMES
    assert picture["encryption"] == state
    assert pictured([*working(IMAP), row])["encryption"] == "ok"  # what nobody knows speaks for no station


def test_a_package_adds_a_station() -> None:
    """It stands where the package puts it, as long as one of its checks is part of the run."""
    tunnel = of_acme("acme.vpn", each=Subject, station=VPN)
    picture = pictured([*working(IMAP), result("acme.vpn", SUBJECT)], tunnel)

    assert list(picture)[:3] == ["computer", "vpn", "network"]
    assert picture["vpn"] == "ok"
    assert "vpn" not in pictured(working(IMAP), tunnel)


def test_an_added_station_breaks_where_its_own_check_finds_the_cause() -> None:
    """And what another check finds of the same cause leaves it where the catalogue has it."""
    tunnel = of_acme("acme.vpn", each=Subject, station=VPN)
    down = named("network.proxy-misconfigured", "likely")
    own = pictured([result("acme.vpn", SUBJECT, down), *shut(IMAP, "reach.timeout")], tunnel)
    both = [result(check, SUBJECT, down) for check in ("acme.vpn", "network.proxy")]
    other = pictured([*both, *shut(IMAP, "reach.timeout")], tunnel)

    assert (own["vpn"], own["computer"]) == ("broken", "unknown")
    assert (other["vpn"], other["computer"]) == ("unknown", "broken")


def test_several_checks_speak_for_an_added_station() -> None:
    """One brings it, others name it."""
    tunnel, route = of_acme("acme.vpn", each=Subject, station=VPN), of_acme("acme.route", each=Subject, station="vpn")
    rows = [*working(IMAP), result("acme.vpn", SUBJECT)]

    assert pictured([*rows, result("acme.route", SUBJECT)], tunnel, route)["vpn"] == "ok"
    assert pictured([*rows, unsure("acme.route", SUBJECT)], tunnel, route)["vpn"] == "unknown"


@pytest.mark.parametrize(("family", "state"), [("tls", "unknown"), ("acme", "ok"), ("login", "ok")])
def test_an_unknown_station_is_that_of_the_family(family: str, state: str) -> None:
    """Where the family has none either, the check is told of in the list alone."""
    lost = of_acme("acme.lost", family=family, station="moon")
    picture = pictured([*working(IMAP), unsure("acme.lost", IMAP)], lost)

    assert tuple(picture) == STATION_NAMES
    assert picture["encryption"] == state


@pytest.mark.parametrize("name", ["login", "VPN", "", "a b"])
def test_a_station_has_a_name_of_its_own(name: str) -> None:
    """As the schema of reports has it."""
    with pytest.raises(DeclarationError, match="adds a station"):
        validate((of_acme("acme.vpn", station=AddedStation(name=name, title="T", behind="network")),))


# -- the verdict


@pytest.mark.parametrize(("part", "state"), [("transport", "unknown"), ("mailbox", "unknown"), (None, "open")])
def test_a_check_of_a_package_opens_a_part_of_a_way(part: Opening | None, state: str) -> None:
    """Where it cannot, nobody knows whether the way is open, whatever else works."""
    card = of_acme("acme.card", opens=part)
    rows = [*working(IMAP), *working(SMTP), unsure("acme.card", IMAP)]

    assert judged(rows, card).ways == {"reading": state, "sending": "open"}


def test_a_login_by_a_package_is_a_login() -> None:
    """As with a protocol that has no login of ours."""
    single = of_acme("acme.single-sign-on", opens="login")
    rows = [*working(IMAP, login=False), result("acme.single-sign-on", IMAP)]

    assert judged(rows, single).login_works
    assert not judged(rows).login_works


def test_what_needs_a_login_lies_behind_it() -> None:
    """By its needs alone, as `login.sender` does."""
    labels = msgspec.structs.replace(of_acme("acme.labels"), needs=need(CHECKS["login"].facts))
    rows = [*working(IMAP), result("acme.labels", IMAP, named("server.fault", "likely"))]
    early = msgspec.structs.replace(labels, needs=need(CHECKS["tls"].facts))

    assert pictured(rows, labels)["mailbox"] != "unknown"
    assert pictured(rows, early)["mailbox"] == "unknown"


def test_one_check_says_what_is_wrong_with_an_address() -> None:
    assert [check.id for check in all_checks() if check.of_flaws] == ["address.syntax"]


# -- no id in the code

OTHER_WORDS = {
    "web": "the way by the webmail page, and the family",
    "login": "the operation, the stage of a conversation, the station, the family and the options of a request",
    "server": "the family and the station",
    "tls": "the family, and the field of services",
    "reach": "the family",
    "lockout": "the family, and a heading of what is known of a provider",
    "password": "the option, a kind of field of a page, and a heading of what is known of a provider",
    "seen": "the option --seen",
    "har": "the command `diagnose har`, and the check that it has the runner carry out, said as --only says it",
}
"""Ids of one word that are words of something else as well, each with what."""
BY_ID = {
    ("planning/declaration.py", DISCOVERY): "the runner's own check, which announces services",
    ("cli/browser.py", "browser.self-test"): "what `diagnose browser` is for, said as --only says it",
    ("cli/browser.py", "network.clock"): "what `diagnose browser` looks at beside it",
}
"""Ids that a module may name, each with the reason."""
KNOW_NO_ID = ("planning", "verdict", "running", "rendering", "redaction")
"""Rooms whose words are never compared with the id of a check, one of one word neither."""


def words() -> list[tuple[str, int, str]]:
    """Module, line and word of every string in `diagnose`."""
    return [
        (source.name.removeprefix("diagnose/"), node.lineno, node.value)
        for source in modules("diagnose")
        for node in source.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def test_no_code_knows_the_id_of_a_check() -> None:
    """But for what is named above; and nothing stands there for nothing."""
    ids = {DISCOVERY, *(check.id for check in all_checks())}
    found = [(module, line, word) for module, line, word in words() if word in ids]

    assert [row for row in found if row[2] not in OTHER_WORDS and (row[0], row[2]) not in BY_ID] == []
    assert set(OTHER_WORDS) | {word for _, word in BY_ID} == {word for _, _, word in found}


def compared(nodes: Iterable[ast.AST]) -> list[str]:
    """Strings that an attribute `check` or `id` is compared with."""
    return [
        said.value
        for node in nodes
        if isinstance(node, ast.Compare)
        for sides in [[node.left, *node.comparators]]
        if any(isinstance(side, ast.Attribute) and side.attr in {"check", "id"} for side in sides)
        for said in itertools.chain.from_iterable(map(ast.walk, sides))
        if isinstance(said, ast.Constant) and isinstance(said.value, str)
    ]


@pytest.mark.parametrize("room", KNOW_NO_ID)
def test_no_id_is_compared_with_a_word(room: str) -> None:
    """Whichever words an id shares."""
    found = [source for source in modules("diagnose") if source.name.startswith(f"diagnose/{room}/")]
    assert found
    for source in found:
        assert compared(source.nodes) == [], source.name


def test_a_comparison_is_found() -> None:
    """Else the tests above would prove nothing."""
    written = ast.parse("any(r.check == 'login' or r.id in {'a', 'b'} for r in rows)")
    assert compared(ast.walk(written)) == ["login", "a", "b"]
