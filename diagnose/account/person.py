"""What the person who cannot log in hands over, and what they allow to be done with it."""

from __future__ import annotations

import msgspec

from diagnose.account.secret import Secret
from diagnose.model.browsing import Browsing


class OtherMailbox(msgspec.Struct, frozen=True, kw_only=True):
    """The mailbox that an activation or verification mail was sent to."""

    address: str
    domain: str
    """As A-labels."""
    password: Secret | None
    """None: it cannot be looked into."""

    @property
    def username(self) -> str:
        """The name to log in with: the address, its domain as A-labels."""
        return f"{self.address.rpartition('@')[0]}@{self.domain}"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What the person hands over."""

    password: Secret | None = None
    """None: the person gave no password, or the run may use none."""
    access_token: Secret | None = None
    """OAuth 2 access token (RFC 6749 §1.4), used instead of the password."""
    other_mailbox: OtherMailbox | None = None
    """Where an activation or verification mail was sent to."""
    seen: tuple[str, ...] = ()
    """Messages that the person saw in a mail program or on a page, as told."""
    browsing: Browsing = Browsing()


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What the person allows."""

    login: bool = True
    """The login itself may be tested; never for a bare domain."""
    try_all: bool = False
    """After a rejection the password may be sent to other services."""
    send_again: bool = False
    """A password that was rejected lately may be sent all the same."""
    ask_recipient: bool = True
    """The domain's MX may be asked if there is such a mailbox."""
