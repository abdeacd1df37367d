"""Nothing is confirmed without a proof that the catalogue names: in the code, in replies, in the verdict."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec
import pytest

from diagnose.knowledge import KnowledgeError
from diagnose.knowledge.catalogue import Cause, catalogue
from diagnose.model import CheckResult, Finding, Service, Subject, text
from diagnose.replies import load_knowledge
from diagnose.replies.compiling import REPLIES, compile_folder, known_causes
from diagnose.replies.schema import NO_CAUSE, REPLY
from diagnose.running.plugins import all_checks
from tests.support.build import CHECKS
from tests.support.record import judge
from tests.support.sources import modules

KNOWN = catalogue()
ALL_PROOFS = {name for cause in KNOWN for name in cause.proof_names}


class Site(msgspec.Struct, frozen=True):
    """A place in the code that makes a finding."""

    place: str
    causes: tuple[str, ...]
    """As far as they are written there."""
    certainties: tuple[str, ...] | None
    """None: computed elsewhere."""
    proofs: tuple[str, ...] | None
    """None: none is named; empty: it is computed elsewhere."""


def _constants(node: ast.expr) -> tuple[str, ...] | None:
    """The strings that *node* may be; None where that cannot be read from it alone."""
    match node:
        case ast.Constant(value=str(word)):
            return (word,)
        case ast.IfExp(body=one, orelse=other):
            first, second = _constants(one), _constants(other)
            return None if first is None or second is None else (*first, *second)
    return None


def sites() -> Iterator[Site]:
    for source in modules("checks"):
        for node in source.nodes:
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            given = {word.arg: word.value for word in node.keywords}
            if node.func.id in {"Finding", "_finding"} and node.args:  # a maker of findings with places for the two
                given |= dict(zip(("cause", "certainty"), node.args, strict=False))
            if "cause" not in given or "certainty" not in given:
                continue
            yield Site(
                place=f"{source.name.removeprefix('checks/')}:{node.lineno}",
                causes=_constants(given["cause"]) or (),
                certainties=_constants(given["certainty"]),
                proofs=(_constants(given["proof"]) or ()) if "proof" in given else None,
            )


def test_the_places_are_found() -> None:
    assert len([site for site in sites() if "confirmed" in (site.certainties or ())]) > 50


def test_every_confirmed_in_code_names_a_proof_of_its_cause() -> None:
    """Read from the code, so that a branch no test reaches is held to it too."""
    wrong = []
    for site in sites():
        if "confirmed" in (site.certainties or ()) and site.proofs is None:
            wrong.append((site, "no proof"))
        named = {name for cause in site.causes for name in KNOWN[cause].proof_names}
        wrong += [(site, proof) for proof in site.proofs or () if proof not in (named or ALL_PROOFS)]
    assert wrong == []


def test_a_finding_cannot_be_confirmed_without_a_proof() -> None:
    likely = Finding(cause="server.fault", certainty="likely", text=text("Seen."))

    with pytest.raises(ValueError, match=r"server\.fault"):
        Finding(cause="server.fault", certainty="confirmed", text=text("Seen."))
    with pytest.raises(ValueError, match=r"server\.fault"):
        msgspec.structs.replace(likely, certainty="confirmed")


@pytest.mark.parametrize("cause", list(KNOWN), ids=lambda cause: cause.id)
def test_proofs_have_names_of_their_own(cause: Cause) -> None:
    assert cause.proof_names
    assert len(set(cause.proof_names)) == len(cause.proof_names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in cause.proof_names)
    ids = {check.id for check in all_checks()}
    for name in cause.proof_names:
        proof = cause.proven_by(name)
        assert proof is not None
        assert proof.beside is None or proof.beside in ids


def test_the_sentence_speaks_of_a_reply_where_words_prove() -> None:
    """So that nobody lets words confirm what the catalogue wants seen."""
    words = re.compile(r"repl|greeting|answer|text of (a|the) page", re.IGNORECASE)
    assert [cause.id for cause in KNOWN if cause.proven_by(REPLY) and not words.search(cause.proof)] == []


# -- replies


def test_every_rule_that_confirms_is_of_a_cause_that_words_prove() -> None:
    known = load_knowledge()
    rules = [
        *(ready.meaning for ready in known.rules),
        *(rule for of_registry in known.codes.values() for of_code in of_registry.values() for rule in of_code),
    ]
    confirming = [rule for rule in rules if rule.certainty == "confirmed" and rule.cause != NO_CAUSE]
    assert len(confirming) > 40
    assert [rule.cause for rule in confirming if KNOWN[rule.cause].proven_by(REPLY) is None] == []


def test_a_rule_that_confirms_what_no_words_prove_is_refused() -> None:
    proven = frozenset(cause.id for cause in KNOWN if cause.proven_by(REPLY)) - {"credentials.expired"}

    with pytest.raises(KnowledgeError, match=r"no reply is a proof of 'credentials\.expired'"):
        compile_folder(REPLIES, known_causes(), proven)


# -- the verdict

IMAP = Service(protocol="imap", host="mail.corp.example", port=993, tls="implicit", source="option")
WEB = Service(protocol="webmail", host="web.corp.example", port=443, tls="implicit", source="option")


def row(check: str, target: Service | Subject, *findings: Finding) -> CheckResult:
    status = "fail" if findings else "pass"
    return CheckResult(
        id=check, check=check, family=check, title=text("T"), target=target, status=status,  # type: ignore[arg-type]
        facts=Finding(cause="x", certainty="likely", text=text("Any facts.")), findings=findings, usable=not findings,
    )  # fmt: skip


def certainty_of(*rows: CheckResult) -> str:
    services = tuple(dict.fromkeys(one.target for one in rows if isinstance(one.target, Service)))
    return judge(rows, services, KNOWN, CHECKS, login_asked=False).causes[0].certainty


def finding(cause: str, proof: str) -> Finding:
    return Finding(cause=cause, certainty="confirmed", proof=proof, text=text("Seen."))


@pytest.mark.parametrize(
    ("cause", "proof", "certainty"),
    [
        ("server.fault", "reply", "confirmed"),
        ("server.fault", "closed-before-greeting", "confirmed"),
        ("server.fault", "seen-in-a-dream", "likely"),
        ("server.fault", "not-after", "likely"),  # another cause's
        ("credentials.rejected", "reply", "confirmed"),
    ],
)
def test_a_proof_that_the_catalogue_does_not_name_confirms_nothing(cause: str, proof: str, certainty: str) -> None:
    assert certainty_of(row("server", IMAP, finding(cause, proof))) == certainty


@pytest.mark.parametrize(
    ("beside", "certainty"),
    [
        ((row("server", IMAP),), "confirmed"),
        ((), "likely"),  # nobody was asked
        ((row("server", IMAP, finding("server.fault", "reply")),), "likely"),  # and here nobody answered as it should
        ((row("tls", IMAP),), "likely"),
    ],
)
def test_the_page_is_down_while_mail_servers_answer_only_where_one_does(
    beside: tuple[CheckResult, ...], certainty: str
) -> None:
    page = row("web", WEB, finding("web.login-page-down", "page-fails"))
    found = judge((*beside, page), (IMAP, WEB), KNOWN, CHECKS, login_asked=False).causes

    assert next(one.certainty for one in found if one.id == "web.login-page-down") == certainty
