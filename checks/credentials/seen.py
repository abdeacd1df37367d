"""The messages that the person saw in a mail program or on a page, read like a server's reply.

They are worth less than what the run sees itself. A cause that they name is likely at most. It is only possible where
the run found in working order what the message complains of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Never, TypeVar

from checks.dns.domain import DomainFacts
from checks.login.login import LoginFacts
from checks.reach.reach import ReachFacts
from checks.server.server import ServerFacts
from checks.tls.handshake import TlsFacts
from checks.web.web import WebFacts
from diagnose.knowledge.catalogue import catalogue
from diagnose.model import Check, Facts, Finding, Inputs, Service, SkipCheck, Subject, Target, Text, read, text
from diagnose.replies import read_message
from diagnose.replies.folding import LARGEST_REPLY
from diagnose.running.context import Context

F = TypeVar("F", bound=Facts)

ANSWERS = {"answered", "no_data", "name_not_found"}
"""What only a name server that is reached can say."""
REJECTED = "credentials.rejected"


class SeenFacts(Facts, frozen=True, kw_only=True):
    """What the person saw."""

    messages: tuple[str, ...]
    """As told, the run's own secrets masked."""


def probe_seen(_target: Subject, _inputs: Inputs[Never], context: Context) -> SeenFacts:
    """Take the messages, and hide in them what must not be shown; no I/O."""
    if not context.person.seen:
        raise SkipCheck(text("no message was handed over with --seen"))
    other = context.person.other_mailbox.password if context.person.other_mailbox else None
    messages = [message[:LARGEST_REPLY] for message in context.person.seen]
    for secret in filter(None, (context.person.password, context.person.access_token, other)):
        messages = [secret.masked_in(message) for message in messages]
    return SeenFacts(messages=tuple(messages))


def judge_seen(
    facts: SeenFacts,
    inputs: Inputs[DomainFacts | LoginFacts | ReachFacts | ServerFacts | TlsFacts | WebFacts],
    _target: Subject,
) -> Iterator[Finding]:
    """What do the messages point at, and does the run speak against it?"""
    working, password_works = working_families(inputs), _password_works(inputs)
    for message in facts.messages:
        reading = read_message(message, provider=inputs.provider, alone=False)
        if password_works and reading.suspects and reading.suspects[0].cause == REJECTED:
            yield Finding(
                cause="credentials.stored-password",
                certainty="confirmed",
                proof="accepted-here-refused-there",
                text=text(
                    "The password given here is accepted, while this message was seen elsewhere: {words}", words=message
                ),
                data={"recognised": reading.matched},
            )
            continue
        for suspect in reading.suspects:
            doubtful = suspect.certainty == "possible" or suspect.cause.partition(".")[0] in working
            yield Finding(
                cause=suspect.cause,
                certainty="possible" if doubtful else "likely",
                text=text("This message was seen: {words}", words=message),
                data={"recognised": reading.matched},
            )


def _password_works(inputs: Inputs[LoginFacts]) -> bool:
    """Whether a server took the password that was given, so that a rejection elsewhere was of another one."""
    logins = [facts for _, facts in inputs.each(LoginFacts)]
    return any(one.outcome == "accepted" and not one.with_token for one in logins)


def working_families(
    inputs: Inputs[DomainFacts | LoginFacts | ReachFacts | ServerFacts | TlsFacts | WebFacts],
) -> frozenset[str]:
    """The families of causes that the run found in working order."""
    logins = [facts.outcome for _, facts in inputs.each(LoginFacts)]
    if "accepted" in logins:
        return frozenset(catalogue().families)
    working: set[str] = set()
    domain = inputs.get(DomainFacts)
    if domain is not None and domain.mx.status in ANSWERS:
        working |= {"network"}
    if "rejected" in logins:  # whoever gets an answer to a login has come all the way to the server
        working |= {"network", "dns", "reach", "server", "tls"}
    if _all_well(inputs.each(ReachFacts), lambda facts: facts.connected is not None):
        working |= {"dns", "reach"}
    if _all_well(inputs.each(TlsFacts), lambda facts: facts.verified):
        working |= {"network", "tls"}
    if _all_well(inputs.each(ServerFacts), lambda facts: facts.open):
        working |= {"server"}
    if _all_well(inputs.each(WebFacts), lambda facts: facts.asks_for_password):
        working |= {"web"}
    return frozenset(working)


def _all_well(seen: Iterable[tuple[Target, F]], good: Callable[[F], bool]) -> bool:
    """Whether *good* holds of all services that were named; of all guessed ones where no service was named."""
    rows = [(target, facts) for target, facts in seen if isinstance(target, Service)]
    named = [facts for target, facts in rows if target.named] or [facts for _, facts in rows]
    return bool(named) and all(map(good, named))


def _untold(facts: SeenFacts) -> Text | None:
    """Words that mean nothing here point at nothing, which is no good sign."""
    unread = [message for message in facts.messages if read_message(message, alone=False).outcome == "unknown"]
    return text("what this says is not known here: {words}", words=unread[0]) if unread else None


CHECK = Check(
    id="seen",
    family="credentials",
    title="The message that was seen points at no cause",
    each=Subject,
    facts=SeenFacts,
    probe=probe_seen,
    judge=judge_seen,
    untold=_untold,
    needs=read(DomainFacts) | read(ReachFacts) | read(TlsFacts) | read(ServerFacts) | read(LoginFacts) | read(WebFacts),
)
