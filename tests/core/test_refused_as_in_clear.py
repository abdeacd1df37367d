"""What is told of a server that takes an encrypted login for one in clear: nobody is to change a mail program."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from diagnose.knowledge.catalogue import catalogue
from diagnose.model import CheckResult, Finding, text
from diagnose.model.report import ReportCause
from diagnose.verdict.compose import compose
from diagnose.verdict.verdict import JudgedCause, Judgement, Seen
from tests.support.build import CHECKS, SUBJECT, service
from tests.support.record import record

IMAP = service("imap", 993)
CAUSE = "settings.plaintext-refused"


def told(provider: str | None = None, **data: object) -> ReportCause:
    finding = Finding(cause=CAUSE, certainty="confirmed", proof="reply", text=text("Seen."), data=data)
    row = CheckResult(
        id="login", check="login", family="login", title=text("T"), target=IMAP, facts=SUBJECT, status="fail",
        usable=False, findings=(finding,),
    )  # fmt: skip
    cause = JudgedCause(id=CAUSE, certainty="confirmed", impact="blocks", seen=(Seen(result=row, finding=finding),))
    judgement = Judgement(status="problem", exit_code=1, causes=(cause,))
    return compose(record(services=(IMAP,), provider=provider), (row,), judgement, catalogue(), CHECKS).verdict.causes[
        0
    ]


def steps(cause: ReportCause) -> Mapping[str, str]:
    return {one.fixer: "\n".join((*one.steps, *one.further)) for one in cause.remedies}


@pytest.mark.parametrize("provider", [None, "dovecot-generic", "gmx", "tencent-exmail"])
def test_over_tls_the_reason_is_sought_at_the_server(provider: str | None) -> None:
    cause = told(provider, over_tls=True)

    assert "This login was encrypted" in cause.summary
    assert all("993" not in words and "465" not in words for words in steps(cause).values())
    assert "they are not the reason" in steps(cause)["user"]


def test_whoever_runs_the_server_is_told_where_to_look() -> None:
    assert "login_trusted_networks" in steps(told("dovecot-generic", over_tls=True))["admin"]
    assert "login_trusted_networks" not in steps(told("tencent-exmail", over_tls=True))["admin"]
    assert "admin" not in steps(told("gmx", over_tls=True))


def test_a_program_that_did_not_encrypt_is_to_be_set_right() -> None:
    cause = told()

    assert "This login was encrypted" not in cause.summary
    assert "993" in steps(cause)["user"]
