"""What counts as a try, and as what it goes on record: as the judge names it later, without asking the judge."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from checks.credentials.password import PasswordFacts
from checks.login.counting import BARE, NOT_COUNTED, counts, recorded_as, unread
from checks.login.login import LoginFacts, judge_login, read_answer, refused_as
from diagnose.model import Inputs, Service, Subject
from diagnose.replies import Reading, Suspect
from tests.replies.corpus import CORPUS, SERVERS, labelled
from tests.support.build import SUBJECT, service
from tests.support.sources import modules

SERVICES = {"imap": service(), "pop3": service("pop3", 995), "smtp": service("smtp", 465)}
LABELLED = [
    (case.protocol, case.reply) for file in (CORPUS, SERVERS) for case in labelled(file) if case.protocol in SERVICES
]


def reading(*suspects: tuple[str, Any]) -> Reading:
    return Reading(suspects=tuple(Suspect(cause=cause, certainty=certainty) for cause, certainty in suspects))


@pytest.mark.parametrize(
    ("suspects", "recorded"),
    [
        ([], BARE),
        ([("lockout.account-locked", "confirmed")], "lockout.account-locked"),
        ([("lockout.account-locked", "possible")], BARE),
        ([("server.fault", "likely")], None),
        ([("server.fault", "possible")], BARE),  # nothing says that the password was not looked at
        ([("server.too-many-connections", "confirmed"), (BARE, "likely")], None),
        ([(BARE, "likely"), ("server.fault", "possible")], BARE),
    ],
)
def test_what_a_refusal_goes_on_record_as(suspects: list[tuple[str, Any]], recorded: str | None) -> None:
    assert recorded_as(reading(*suspects)) == recorded
    assert counts(reading(*suspects)) == (recorded is not None)


@pytest.mark.parametrize(
    ("protocol", "words", "recorded"),
    [
        ("smtp", "454 4.7.0 xyzzy", None),
        ("smtp", "250 2.0.0 OK", None),
        ("imap", "* BYE Server shutting down", None),
        ("smtp", "554 5.7.0 xyzzy", BARE),
        ("imap", "NO xyzzy", BARE),
        ("pop3", "-ERR xyzzy", BARE),
        ("smtp", "454 4.7.0 Too many failed logins, try again later", "lockout.rate-limited"),
    ],
)
def test_what_leaves_the_password_unjudged_is_no_try(protocol: str, words: str, recorded: str | None) -> None:
    """After a 454 nobody is to be asked for another password (RFC 4954 §4); a limit counts tries all the same."""
    inputs = Inputs(subject=SUBJECT, provider=None, services=(), facts=())
    assert refused_as(words, inputs, SERVICES[protocol]) == recorded


def test_a_reason_that_is_documented_stands_for_none_alone() -> None:
    wanted = "credentials.app-password-required"
    reasons: list[tuple[str, Any]] = [(wanted, "likely")]
    assert recorded_as(reading((BARE, "likely")), reasons) == wanted
    assert recorded_as(reading(), reasons) == wanted
    assert recorded_as(reading(("credentials.expired", "likely")), reasons) == "credentials.expired"
    assert recorded_as(reading(("server.slow", "likely")), reasons) is None


def test_what_was_seen_stands_where_the_answer_tells_nothing() -> None:
    reasons: list[tuple[str, Any]] = [
        ("credentials.input-error", "confirmed"),
        ("settings.username-format", "possible"),
    ]
    assert recorded_as(reading((BARE, "possible")), reasons) == "credentials.input-error"
    assert recorded_as(reading((BARE, "likely")), reasons) == BARE


@pytest.mark.parametrize("provider", [None, "qq-mail", "google", "microsoft365", "aliyun-qiye"])
@pytest.mark.parametrize("username", ["alice@corp.example", "alice"])
def test_every_refusal_goes_on_record_as_what_it_is_judged_to_be(provider: str | None, username: str) -> None:
    subject = Subject(domain=SUBJECT.domain, address=SUBJECT.address, username=username)
    known = (PasswordFacts(oddities=("full_width",)),)
    inputs = Inputs(subject=subject, provider=provider, services=(), facts=known)
    wrong = [
        (reply, recorded, judged)
        for protocol, reply in LABELLED
        for recorded, judged in [_both(reply, inputs, SERVICES[protocol])]
        if recorded not in (None, judged)
    ]
    assert len(LABELLED) > 300
    assert wrong == []


def _both(reply: str, inputs: Inputs, target: Service) -> tuple[str | None, str]:
    facts = LoginFacts(outcome="rejected", reply=reply)
    sure = [one.cause for one in judge_login(facts, inputs, target) if one.certainty != "possible"]
    judged = next(iter(sure), BARE)
    recorded = refused_as(reply, inputs, target)
    untried = unread(read_answer(reply, inputs, target, "login"))
    assert recorded is not None or set(sure) & set(NOT_COUNTED) or untried
    assert not (untried and any(one.startswith(("credentials", "lockout", "activation")) for one in sure))
    return recorded, judged


def test_no_probe_asks_a_judge() -> None:
    """Neither by itself nor by a function of its module that it calls."""
    wrong = []
    for source in modules("checks"):
        bodies = {
            node.name: {
                called.func.id
                for called in ast.walk(node)
                if isinstance(called, ast.Call) and isinstance(called.func, ast.Name)
            }
            for node in source.tree.body
            if isinstance(node, ast.FunctionDef)
        }
        reached, here = set[str](), {name for name in bodies if name.startswith("probe_")}
        while here:
            name = here.pop()
            reached.add(name)
            here |= bodies.get(name, set()) - reached
        wrong += [(source.name, name) for name in reached if name.lstrip("_").startswith("judge")]
    assert wrong == []
