"""The run's first check: it finds the mail services of the subject, and announces each as it is found."""

from __future__ import annotations

from diagnose.discovery import FOUND_WITHIN, Discovered, discover
from diagnose.model import NO_NEEDS, Check, Finding, Inputs, Sharing, Subject, text
from diagnose.planning.declaration import DISCOVERY
from diagnose.running.context import Context


def _probe(target: Subject, _inputs: Inputs, context: Context) -> Discovered:
    until = context.deadline.share(FOUND_WITHIN, context.deadline.left())
    if context.discovered_ahead is not None:
        return context.discovered_ahead.follow(context.announce, context.recognise)
    return discover(target, context.discovery, context.network, until, context.announce, context.recognise)


def _announced(facts: Discovered, _target: Subject, _inputs: Inputs, context: Context) -> Discovered:
    """What another run has found is announced in this one, too."""
    context.announce(facts.services)
    if facts.provider is not None:
        context.recognise(facts.provider)
    return facts


def _judge(_facts: Discovered, _inputs: Inputs, _target: Subject) -> tuple[Finding, ...]:
    """That nothing was found is said by the verdict; what sources disagree on is read by other checks."""
    return ()


CHECK = Check(
    id=DISCOVERY,
    family="settings",
    title="The mail services of {domain} can be found",
    each=Subject,
    facts=Discovered,
    probe=_probe,
    judge=_judge,
    needs=NO_NEEDS,
    sharing=Sharing(own=_announced),
    untold=lambda facts: None if facts.services else text("no mail service was found"),
)
