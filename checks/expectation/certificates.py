"""How many days the certificates of all servers have left, against the least that is expected."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor
from typing import Never

from checks.expectation.compared import STATION, Measured, MeasuredFacts, below, left_open, unmeasured
from checks.tls.handshake import TlsFacts
from diagnose.model import Check, Expectable, Finding, Inputs, Subject, TextError, read, text
from diagnose.model.domains import host_and_port
from diagnose.model.measured import DAY
from diagnose.running.context import Context

CERT_DAYS = "cert-days"
MOST_DAYS = 3650


class CertificatesExpectation(MeasuredFacts, frozen=True, kw_only=True):
    """Whole days that the certificate of each server has left; negative once it has expired."""


def probe_certificates(_target: Subject, inputs: Inputs[TlsFacts], context: Context) -> CertificatesExpectation:
    """Count the days of the certificates that handshakes showed, whether or not they were accepted; no I/O."""
    ends = {target: _days_left(facts) for target, facts in inputs.each(TlsFacts)}
    return CertificatesExpectation(
        expected=context.expected[CERT_DAYS],
        servers=tuple(
            Measured(place=host_and_port(one.host, one.port), value=None if ends.get(one) is None else str(ends[one]))
            for one in inputs.services
            if one.tls != "none" and (one.named or ends.get(one) is not None)
        ),
    )


def _days_left(facts: TlsFacts) -> int | None:
    ends = facts.not_after
    if ends is None and facts.explanation is not None and facts.explanation.chain:
        ends = facts.explanation.chain[0].not_after
    return None if ends is None else floor((ends - facts.at) / DAY)


def judge_certificates(facts: CertificatesExpectation, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Are all certificates valid for as long as expected?"""
    return below(CERT_DAYS, facts)


def _read(typed: str) -> str:
    days = typed.strip()
    if not (days.isascii() and days.isdigit() and len(days) <= len(str(MOST_DAYS)) and 1 <= int(days) <= MOST_DAYS):
        raise TextError(text("“{typed}” is not a number of days from 1 to {most}", typed=typed, most=MOST_DAYS))
    return str(int(days))


CHECK = Check(
    id="expectation.certificates",
    family="expectation",
    title="The certificates of {domain} are valid for as long as expected",
    each=Subject,
    station=STATION,
    facts=CertificatesExpectation,
    probe=probe_certificates,
    judge=judge_certificates,
    needs=read(TlsFacts),
    expects=(Expectable(name=CERT_DAYS, example="21", read=_read),),
    untold=unmeasured,
    left_open=lambda facts: left_open(CERT_DAYS, unmeasured(facts)),
    rules_out=(),
)
