"""Causes found together: which is the root, by the verdict alone, and in the runs that bring them."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import msgspec
import pytest

from diagnose.catalogue import catalogue
from diagnose.knowledge.loader import load
from diagnose.lab.scenario import SCENARIOS
from diagnose.model import CheckResult, Finding, Host, Service, Subject, Target, text
from diagnose.verdict import Judgement, judge

from .conftest import Carried

KNOWN = catalogue()
ALICE = Subject(domain="corp.example", address="alice@corp.example")
IMAP = Service(protocol="imap", host="mail.corp.example", port=993, tls="implicit", source="option")
PAGE = Service(protocol="webmail", host="web.corp.example", port=443, tls="implicit", source="option")
EXPLAINED = [(one, other) for one, other in permutations(KNOWN.ids, 2) if KNOWN.explains(one, other)]


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A root cause and what only follows from it, in one scenario."""

    root: str
    follows: str
    scenario: str


PAIRS = load(Path(__file__).with_name("together.yaml"), tuple[Pair, ...])


def seen(cause: str, target: Target, *, partial: bool = False) -> CheckResult:
    """A check on *target* that found *cause*."""
    finding = Finding(cause=cause, certainty="confirmed", text=text("Seen."), partial=partial)
    return CheckResult(
        id=cause, check=cause, family=cause.partition(".")[0], title=text("T"), target=target, status="fail",
        findings=(finding,), facts=msgspec.defstruct("Noted", [])(),
    )  # fmt: skip


def judged(root: str, follows: str) -> tuple[Judgement, Judgement]:
    """Both findings where they are made, in either order."""
    place = PAGE if {root.partition(".")[0], follows.partition(".")[0]} & {"web", "browser"} else IMAP
    targets: dict[str, Target] = {"service": place, "host": Host(name=place.host, source="option")}
    part = KNOWN[root].impact == "hinders"
    rows = (seen(root, targets.get(KNOWN[root].scope, ALICE)), seen(follows, place, partial=part))
    first, second = (judge(order, (place,), KNOWN, login_asked=False, strict=True) for order in (rows, rows[::-1]))
    return first, second


@pytest.mark.parametrize(("root", "follows"), EXPLAINED)
def test_what_the_catalogue_explains_is_folded_into_its_root(root: str, follows: str) -> None:
    for judgement in judged(root, follows):
        (cause,) = judgement.causes
        assert (cause.id, cause.explains) == (root, (follows,))
        assert judgement.exit_code == 1


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.scenario}: {pair.root} > {pair.follows}")
def test_pairs_of_the_lab_have_a_root(pair: Pair) -> None:
    assert (pair.root, pair.follows) in EXPLAINED
    assert pair.root in SCENARIOS[pair.scenario].expects


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_other_pair_is_found_in_a_run(name: str, carried_out: Carried) -> None:
    """Whatever else a run finds beside its root cause is folded into it, and written down here."""
    done, report = carried_out[name].result()
    if report is None:
        pytest.skip(f"this computer lacks what the scenario needs, so it stays unproved: {done.lacking}")
    sure = [cause for cause in report.verdict.causes if cause.certainty != "possible"]
    proven = {f.cause for check in report.checks for f in check.findings if f.certainty != "possible"}
    folded = {(cause.id, other) for cause in sure for other in cause.explains if other in proven}

    assert folded == {(pair.root, pair.follows) for pair in PAIRS if pair.scenario == name}
