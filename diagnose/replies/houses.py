"""What a provider's own file adds to a reply: whose server a text names, and what a plain rejection means there."""

from __future__ import annotations

import re
from itertools import islice

import msgspec

from diagnose import providers
from diagnose.model.protocols import ReplyForm
from diagnose.process.first_use import lazy_pattern, made_once
from diagnose.replies.folding import LARGEST_REPLY
from diagnose.replies.knowledge import load_knowledge
from diagnose.replies.reader import MOST_OTHERS, Reading, Suspect, read_with_words
from diagnose.replies.second_opinion import of_one_reason, weighed

REJECTED = "credentials.rejected"
BEHIND_A_REJECTION = {
    "never": "credentials.oauth-required",
    "app-password-only": "credentials.app-password-required",
}
"""What a provider takes instead of the account's password -> the cause of a rejection that says no more."""
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = lazy_pattern(rf"(?<![\w.@/%-])(?:{_LABEL}\.){{2,8}}[a-z]{{2,24}}(?![\w@-]|\.\w)", re.IGNORECASE)
_DOMAIN = lazy_pattern(r"\.[a-z]{2}", re.IGNORECASE)
"""Stands in every host and address."""
_LINK = lazy_pattern(r"\bhttps?://\S+", re.IGNORECASE)
_ADDRESS = lazy_pattern(rf"[\w.+%-]{{1,64}}@((?:{_LABEL}\.){{1,8}}[a-z]{{2,24}})(?![\w-])", re.IGNORECASE)
_MOST_HOSTS = 50


def read_message(
    message: str | bytes,
    *,
    protocol: ReplyForm | None = None,
    provider: str | None = None,
    stage: str | None = None,
    alone: bool = True,
) -> Reading:
    """What *message* says, read with what is known of the provider that is given, or whose server it names.

    Where that provider takes no account password, a rejection without a reason means that first, likely at most. Where
    the message stands *alone*, no run looks at what else speaks for it. Then a text that says only that it failed is
    possible. So is what texts like this one have seldom meant.
    """
    owners = (provider,) if provider else owners_named_in(message)
    reading, words = read_with_words(message, protocol=protocol, provider=owners[0] if owners else None, stage=stage)
    if told := _by_the_house(reading, owners):
        return of_one_reason(told, words) if alone else told
    return weighed(reading, words) if alone else reading


def _by_the_house(reading: Reading, owners: tuple[str, ...]) -> Reading | None:
    """*reading* of a rejection without a reason where the files of *owners* say what that means; else None."""
    first = reading.suspects[0] if reading.suspects else None
    if first is None or first.cause != REJECTED or reading.protocol in ("http", "oauth"):
        return None
    hidden = _behind_a_rejection(owners)
    if hidden is None or reading.on_page:
        return None
    others = [s for s in reading.suspects[1:] if s.cause != hidden][: MOST_OTHERS - 1]
    suspects = (
        Suspect(cause=hidden, certainty="possible" if first.certainty == "possible" else "likely"),
        Suspect(cause=REJECTED, certainty="possible"),
        *others,
    )
    return msgspec.structs.replace(reading, suspects=suspects)


def owners_named_in(message: str | bytes) -> tuple[str, ...]:
    """The ids of the providers whose mail server *message* names; of several servers the first known one decides.

    Where it names no server at all, the domain of a mail address does. A link is read by people, and names none.
    """
    words = message if isinstance(message, str) else message.decode("ascii", "replace")
    words = words[:LARGEST_REPLY]
    if not _DOMAIN.search(words):
        return ()
    words = _LINK.sub(" ", words)
    hosts = [found[0] for found in islice(_HOST.finditer(words), _MOST_HOSTS)]
    for host in hosts:
        if owners := _owners(host):
            return owners
    domain = None if hosts else _ADDRESS.search(words)
    known = providers.by_domain(domain[1]) if domain else None
    return (known,) if known else ()


def _owners(host: str) -> tuple[str, ...]:
    return providers.owners_of_host(host) or _neighbours().get(host.lower().partition(".")[2], ())


@made_once
def _neighbours() -> dict[str, tuple[str, ...]]:
    """Parent domain -> the owners of the mail servers directly below it, where all have the same."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for identifier in providers.provider_ids():
        for host in providers.hosts_of(identifier):
            parent = host.partition(".")[2]
            if "." in parent:
                found.setdefault(parent, set()).add(providers.owners_of_host(host))
    return {parent: next(iter(owners)) for parent, owners in found.items() if len(owners) == 1}


def _behind_a_rejection(names: tuple[str, ...]) -> str | None:
    """What the files of all that *names* stand for say of passwords, as a cause; None where they differ."""
    if not names:
        return None
    ids = set(providers.provider_ids())
    known = load_knowledge().families
    meant = {
        one
        for name in names
        for one in ({name} & ids or {p for f in known if name in (f.name, *f.providers) for p in f.providers} & ids)
    }
    passwords = [providers.provider(one).password for one in meant]
    causes = {BEHIND_A_REJECTION.get((password.accepted if password else None) or "") for password in passwords}
    return causes.pop() if len(causes) == 1 else None
