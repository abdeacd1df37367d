"""Mechanisms: where no login is tried, whether the server offers any way to log in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from checks.reach.reach import ReachFacts
from checks.server.server import ServerFacts
from checks.tls.handshake import TlsFacts
from checks.tls.tls import standing_session
from diagnose.model import Check, Facts, Finding, Inputs, Service, Sharing, SkipCheck, Text, need, text
from diagnose.model.protocols import PAGE
from diagnose.running.context import Context


class MechanismsFacts(Facts, frozen=True, kw_only=True):
    """What a server offers over verified TLS."""

    offered: tuple[str, ...]
    """SASL mechanisms, upper case."""


def probe_mechanisms(target: Service, inputs: Inputs[ReachFacts], context: Context) -> MechanismsFacts:
    """What was told with the capabilities; nothing is sent."""
    session = standing_session(target, inputs, context)
    if session is None:
        raise SkipCheck(text("the connection is gone"))
    session.close()
    return MechanismsFacts(offered=session.mechanisms)


def judge_mechanisms(facts: MechanismsFacts, _inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """Does the server offer a way to log in?"""
    if not facts.offered:
        yield Finding(
            cause="settings.no-common-auth",
            certainty="confirmed",
            proof="none-offered",
            text=text(
                "{host} offers on port {port} no way to log in by {protocol}.",
                host=target.host,
                port=target.port,
                protocol=target.label,
            ),
        )


def _untold(facts: MechanismsFacts) -> Text | None:
    return None if facts.offered else text("it offers none")


CHECK = Check(
    id="login.mechanisms",
    family="login",
    title="{host} offers a way to log in by {protocol}",
    each=Service,
    facts=MechanismsFacts,
    probe=probe_mechanisms,
    judge=judge_mechanisms,
    untold=_untold,
    needs=need(ServerFacts) | need(TlsFacts) | need(ReachFacts),
    sharing=Sharing(),
    applies=lambda target: target.protocol != PAGE.name and not target.spoken.login,
)
