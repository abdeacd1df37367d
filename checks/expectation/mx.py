"""The hosts that take the domain's mail, against those that are expected: all of them, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from checks.dns.domain import ALIVE, DomainFacts
from checks.expectation.compared import STATION, Compared, differing, left_open
from diagnose.account.subject import host_name
from diagnose.model import Check, Expectable, Facts, Finding, Inputs, Subject, Text, read, text
from diagnose.running.context import Context

MX = "mx"


class MxExpectation(Facts, frozen=True, kw_only=True):
    """The hosts that MX records are expected to name, and those that they do."""

    mx: Compared
    words: str = ""
    """Why DNS gave no usable answer."""


def probe_mx(_target: Subject, inputs: Inputs[DomainFacts], context: Context) -> MxExpectation:
    """Put side by side what is expected and what DNS said; no I/O."""
    expected = context.expected[MX]
    domain = inputs.get(DomainFacts)
    if domain is None or domain.mx.status not in ALIVE:
        words = (domain.mx.text or domain.mx.status) if domain is not None else ""
        return MxExpectation(mx=Compared(name=MX, expected=expected, certain=False), words=words)
    found = dict.fromkeys(one.exchange.lower() for one in domain.records if one.exchange)
    return MxExpectation(mx=Compared(name=MX, expected=expected, found=tuple(found)))


def judge_mx(facts: MxExpectation, inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Does mail go where it is expected to, and nowhere else?"""
    if facts.mx.certain and set(facts.mx.found) != set(facts.mx.expected):
        yield differing(facts.mx, inputs.subject.domain)


def _untold(facts: MxExpectation) -> Text | None:
    return None if facts.mx.certain else text("DNS gave no usable answer")


CHECK = Check(
    id="expectation.mx",
    family="expectation",
    title="The MX records of {domain} are those expected",
    each=Subject,
    station=STATION,
    facts=MxExpectation,
    probe=probe_mx,
    judge=judge_mx,
    needs=read(DomainFacts),
    expects=(Expectable(name=MX, example="mx.corp.example", read=host_name),),
    untold=_untold,
    left_open=lambda facts: left_open(MX, _untold(facts)),
    rules_out=(),
)
