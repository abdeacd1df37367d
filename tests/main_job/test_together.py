"""Causes found together: the verdict names the root and folds into it what follows, by the catalogue alone."""

from __future__ import annotations

from itertools import permutations

import msgspec
import pytest

from diagnose.knowledge.catalogue import catalogue
from diagnose.lab.scenario import SCENARIOS
from diagnose.model import CheckResult, Finding, Host, Service, Subject, Target, text
from diagnose.verdict.verdict import Judgement
from tests.support.build import CHECKS
from tests.support.record import judge

from .together import PAIRS, Pair

KNOWN = catalogue()
ALICE = Subject(domain="corp.example", address="alice@corp.example")
IMAP = Service(protocol="imap", host="mail.corp.example", port=993, tls="implicit", source="option")
PAGE = Service(protocol="webmail", host="web.corp.example", port=443, tls="implicit", source="option")
EXPLAINED = [(one, other) for one, other in permutations(KNOWN.ids, 2) if KNOWN.explains(one, other)]


def seen(cause: str, target: Target, *, partial: bool = False) -> CheckResult:
    """A check on *target* that found *cause*."""
    proof = catalogue()[cause].proof_names[0]
    finding = Finding(cause=cause, certainty="confirmed", proof=proof, text=text("Seen."), partial=partial)
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
    first, second = (
        judge(order, (place,), KNOWN, CHECKS, login_asked=False, strict=True) for order in (rows, rows[::-1])
    )
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
