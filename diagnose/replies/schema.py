"""What people write down about replies: rules, codes, and providers that answer alike."""

from __future__ import annotations

from typing import Literal

import msgspec

from diagnose.model.check import Certainty
from diagnose.model.protocols import ReplyForm

Stage = Literal["connect", "greeting", "capability", "starttls", "login", "select", "rcpt", "data"]
REPLY = "reply"
"""The catalogue's name for a proof that consists of words."""
NO_CAUSE = "none"
"""Stands where a cause would: the reply reports nothing that stops a login."""


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reply that a rule has to read, with what the reader is told about it."""

    reply: str
    protocol: ReplyForm | None = None
    stage: str | None = None
    provider: str | None = None


class Conditions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What rules and codes share: the cause, and where the meaning holds."""

    cause: str
    certainty: Certainty = "likely"
    also: tuple[str, ...] = ()
    """Causes that the same text may stand for, likeliest first."""
    protocols: tuple[ReplyForm, ...] = ()
    """Empty: any. A reply of unknown protocol fits all."""
    stages: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    """Provider ids or names of provider families; the meaning holds only there."""
    on_success: bool = False
    """Also read in a reply that reports success."""
    from_server: bool = False
    """Read only in text that has the form of a server's reply: a mail program would mean something else by it."""
    from_program: bool = False
    """Read only in text that no server sent: what a program or library calls what it met itself."""
    bare: bool = False
    """It says that something failed, and not what: never more than possible in words that somebody hands over."""
    slip: bool = False
    """The program itself made a mistake in the conversation; goes with the cause `none`."""
    on_page: bool = False
    """The words are a sign-in page's own, which asks for the account's password whatever mail programs have to send."""
    holds: tuple[str, ...] = ()
    """What the words tell of the mailbox, in `diagnose.providers.traits.TRAITS`: who alone has the switch."""
    one_clause: bool = False
    """The words of a pattern have to stand in one clause: what follows a comma, or "because", is another matter."""
    source: str = ""


class Rule(Conditions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Patterns (see `diagnose.replies.phrases`), one of which has to fit, and what they mean."""

    match: tuple[str, ...]
    vetoes: tuple[str, ...] = msgspec.field(name="not", default=())
    """Patterns that forbid the rule when any sentence of the reply fits one."""
    doubts: tuple[str, ...] = ()
    """Patterns that keep the rule from confirming anything when any sentence of the reply fits one."""
    matches: tuple[str | Example, ...] = ()
    misses: tuple[str | Example, ...] = ()


class CodeRule(Conditions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a registered code means."""

    code: str
    """As the registry writes it; an enhanced status code may begin with X for any class."""
    general: bool = False
    """The code says too little to be believed before words that say more."""
    against: tuple[str, ...] = ()
    """Causes that are no more than possible beside this code, whatever the words say."""
    decisive: bool = False
    """The code is believed before any words."""


class ProviderFamily(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Providers that answer alike, and what hides behind their plain rejection."""

    name: str
    providers: tuple[str, ...]
    rejection_hides: tuple[str, ...] = ()
    source: str = ""
