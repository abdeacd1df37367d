"""The catalogue against the list of causes that is part of the contract (causes.yaml beside this file)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from diagnose.knowledge.catalogue import FAMILIES, Catalogue, Cause, Remedy, UnknownCauseError, catalogue
from diagnose.knowledge.loader import load

CONTRACT = [
    cause
    for family in load(Path(__file__).with_name("causes.yaml"), list[dict[str, Any]])
    for cause in family["causes"]
]
IDS = [cause["id"] for cause in CONTRACT]
SENTENCE_END = re.compile(r"[.!?](?= [A-Z]|$)")

each_cause = pytest.mark.parametrize("cause", list(catalogue()), ids=lambda cause: cause.id)


def made(cause_id: str, *, explains: tuple[str, ...] = ()) -> Cause:
    return Cause(
        id=cause_id,
        title="T",
        summary="One. Two.",
        proof="P.",
        fixer="user",
        scope="account",
        explains=explains,
        remedies=(Remedy(fixer="user", steps=("Wait.",)),),
    )


def test_every_cause_of_the_contract_is_there_in_its_order() -> None:
    assert list(catalogue().ids) == IDS
    assert [catalogue().order(cause_id) for cause_id in IDS] == list(range(len(IDS)))


def test_a_file_holds_its_family_only() -> None:
    assert sorted({cause_id.partition(".")[0] for cause_id in IDS}, key=FAMILIES.index) == list(FAMILIES)


@pytest.mark.parametrize("entry", CONTRACT, ids=IDS)
def test_who_can_end_it_is_as_the_contract_says(entry: dict[str, str]) -> None:
    assert catalogue()[entry["id"]].fixer == entry["fixer"]


@each_cause
def test_title_is_a_claim_and_summary_two_sentences(cause: Cause) -> None:
    assert not cause.title.endswith(".")
    assert cause.title[0].isupper()
    assert len(cause.title) <= 90
    assert len(SENTENCE_END.findall(cause.summary)) == 2, cause.summary
    assert cause.summary.endswith(".")


@each_cause
def test_proof_is_a_sentence(cause: Cause) -> None:
    for sentence in filter(None, (cause.proof, cause.rules_out)):
        assert sentence[0].isupper()
        assert sentence.endswith(".")


@each_cause
def test_user_helpdesk_and_administrator_each_have_a_remedy(cause: Cause) -> None:
    fixers = [remedy.fixer for remedy in cause.remedies]
    assert fixers[:3] == ["user", "helpdesk", "admin"]
    assert fixers[3:] in ([], ["provider"])
    assert cause.fixer in fixers
    assert all(remedy.steps for remedy in cause.remedies)


def test_what_explains_what_has_no_cycles() -> None:
    assert [cause_id for cause_id in IDS if catalogue().explains(cause_id, cause_id)] == []


def test_a_cause_that_only_hinders_explains_none_that_blocks() -> None:
    """Otherwise a broken login would be reported as one that works."""
    hiding = [
        (cause.id, other.id)
        for cause in catalogue()
        for other in catalogue()
        if cause.impact == "hinders" and other.impact == "blocks" and catalogue().explains(cause.id, other.id)
    ]
    assert hiding == []


def test_what_stands_below_the_login_explains_no_answer_to_a_login() -> None:
    """A server that judged the password has been reached, so its answer follows from nothing on the way there."""
    below = [one for one in IDS if one.startswith(("network.", "dns.", "reach.", "server.", "tls."))]
    below.remove("dns.wrong-provider")  # the one that leads to another server's answer
    answers = [one for one in IDS if one.startswith(("credentials.", "lockout.", "activation."))]
    assert [(one, answer) for one in below for answer in answers if catalogue().explains(one, answer)] == []


@pytest.mark.parametrize(
    ("cause_id", "other_id"),
    [
        ("network.offline", "dns.host-missing"),
        ("network.offline", "reach.timeout"),
        ("network.offline", "server.fault"),
        ("network.offline", "tls.handshake-failed"),
        ("network.offline", "web.login-page-down"),
        ("network.captive-portal", "tls.name-mismatch"),
        ("network.captive-portal", "web.login-page-changed"),
        ("network.resolver-down", "dns.broken-zone"),
        ("network.clock-skew", "tls.cert-not-yet-valid"),
        ("network.clock-skew", "tls.untrusted-issuer"),
        ("network.tls-interception", "tls.untrusted-issuer"),
        ("dns.domain-missing", "dns.no-mx"),
        ("dns.domain-missing", "reach.timeout"),
        ("dns.host-missing", "reach.refused"),
        ("reach.timeout", "web.login-page-down"),
        ("credentials.input-error", "credentials.rejected"),
        ("credentials.app-password-required", "credentials.rejected"),
        ("lockout.account-locked", "credentials.rejected"),
        ("lockout.address-blocked", "reach.timeout"),
        ("lockout.address-blocked", "reach.refused"),
        ("activation.account-disabled", "credentials.rejected"),
        ("browser.stale-cookies", "web.redirect-loop"),
    ],
)
def test_explains(cause_id: str, other_id: str) -> None:
    assert catalogue().explains(cause_id, other_id)
    assert not catalogue().explains(other_id, cause_id)


def test_explains_by_way_of_a_third() -> None:
    chain = Catalogue([made("a", explains=("b",)), made("b", explains=("c",)), made("c")])

    assert chain.explains("a", "c")
    assert not chain.explains("c", "a")
    assert not chain.explains("a", "a")


def test_a_cycle_is_seen_and_ends() -> None:
    circle = Catalogue([made("a", explains=("b",)), made("b", explains=("a",))])

    assert circle.explains("a", "a")


def test_explaining_an_unknown_cause_is_an_error() -> None:
    with pytest.raises(UnknownCauseError, match="no cause 'b'"):
        Catalogue([made("a", explains=("b",))])


@pytest.mark.parametrize("ask", [catalogue().__getitem__, catalogue().order])
def test_an_unknown_id_is_answered_with_ids_like_it(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(UnknownCauseError, match=r"did you mean .*lockout\.account-locked") as error:
        ask("lockout.acount-locked")
    assert error.value.close[0] == "lockout.account-locked"


def test_an_id_like_no_other_gets_no_suggestion() -> None:
    with pytest.raises(UnknownCauseError, match=r"^no cause '#'$"):
        catalogue()["#"]
