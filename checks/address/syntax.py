"""The address: is it written as one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from diagnose.model import NO_NEEDS, Check, Facts, Finding, Inputs, Subject, Text
from diagnose.running.context import Context


class SyntaxFacts(Facts, frozen=True, kw_only=True):
    """How the address is written."""

    flaw: Text | None
    """Why the text is no address (RFC 5321 §4.1.2, RFC 6531 §3.3); None where it is one."""


def probe_syntax(target: Subject, _inputs: Inputs[Never], _context: Context) -> SyntaxFacts:
    """Hand on what was seen when the address was read; no I/O."""
    return SyntaxFacts(flaw=target.flaw)


def judge_syntax(facts: SyntaxFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Is it an address at all?"""
    if facts.flaw is not None:
        yield Finding(cause="address.invalid", certainty="confirmed", proof="syntax", text=facts.flaw)


CHECK = Check(
    id="address.syntax",
    family="address",
    title="The address has the form of a mailbox address",
    each=Subject,
    of_flaws=True,
    facts=SyntaxFacts,
    probe=probe_syntax,
    judge=judge_syntax,
    needs=NO_NEEDS,
    applies=lambda target: target.address is not None,
    rules_out=("address.invalid",),
)
