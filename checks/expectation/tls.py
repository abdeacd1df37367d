"""The TLS version that all servers take, against the least that is expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Never

from checks.expectation.compared import STATION, Measured, MeasuredFacts, below, left_open, unmeasured
from checks.tls.handshake import TlsFacts
from diagnose.model import Check, Expectable, Finding, Inputs, Subject, TextError, read, text
from diagnose.model.domains import host_and_port
from diagnose.running.context import Context

TLS = "tls"
VERSIONS: Mapping[str, str] = {"SSLv3": "SSL 3", "TLSv1": "1.0", "TLSv1.1": "1.1", "TLSv1.2": "1.2", "TLSv1.3": "1.3"}
"""What the TLS library calls them, oldest first, and what is expected as."""
NO_TLS = "none"


class TlsExpectation(MeasuredFacts, frozen=True, kw_only=True):
    """The highest version that each server and this computer have in common, or that an older client has with it."""


def probe_tls(_target: Subject, inputs: Inputs[TlsFacts], context: Context) -> TlsExpectation:
    """Gather the versions that handshakes ended in; no I/O."""
    seen = {target: _version(facts) for target, facts in inputs.each(TlsFacts)}
    return TlsExpectation(
        expected=context.expected[TLS],
        servers=tuple(
            Measured(place=host_and_port(one.host, one.port), value=NO_TLS if one.tls == "none" else seen.get(one))
            for one in inputs.services
            if one.named or seen.get(one) is not None
        ),
    )


def _version(facts: TlsFacts) -> str | None:
    name = facts.version or (facts.explanation.legacy_version if facts.explanation is not None else None)
    return VERSIONS.get(name, name) if name is not None else None


def judge_tls(facts: TlsExpectation, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Do all servers speak a version that is new enough?"""
    return below(TLS, facts, (NO_TLS, *VERSIONS.values()))


def _read(typed: str) -> str:
    version = typed.strip().lower().removeprefix("tls").lstrip("v ")
    known = tuple(one for one in VERSIONS.values() if "." in one)
    if version not in known:
        raise TextError(text("“{typed}” is none of the TLS versions {known}", typed=typed, known=known))
    return version


CHECK = Check(
    id="expectation.tls",
    family="expectation",
    title="The servers of {domain} speak TLS as new as expected",
    each=Subject,
    station=STATION,
    facts=TlsExpectation,
    probe=probe_tls,
    judge=judge_tls,
    needs=read(TlsFacts),
    expects=(Expectable(name=TLS, example="1.2", read=_read),),
    untold=unmeasured,
    left_open=lambda facts: left_open(TLS, unmeasured(facts)),
    rules_out=(),
)
