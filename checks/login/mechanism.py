"""Which SASL mechanism to use: one mechanism, one name, one try."""

from __future__ import annotations

from checks.sessions import Credentials
from diagnose.model import Protocol

PROTOCOL_LOGIN = "LOGIN-COMMAND"
"""The protocol's own login: IMAP's LOGIN, POP3's USER and PASS."""


def choose_mechanism(
    protocol: Protocol, offered: tuple[str, ...], credentials: Credentials, *, initial_response: bool
) -> str | None:
    """The mechanism to log in with among those *offered*; None when none can carry these credentials.

    PLAIN carries any text as UTF-8 (RFC 4616). The protocols' own commands carry only printable ASCII safely.
    """
    if credentials.is_token:
        return next((m for m in ("XOAUTH2", "OAUTHBEARER") if m in offered), None)
    words = credentials.username + credentials.secret.reveal()
    simple = words.isascii() and words.isprintable()
    own_command = PROTOCOL_LOGIN in offered and simple
    quick_plain = "PLAIN" in offered and (initial_response or protocol != "imap")
    if quick_plain or not own_command:
        if "PLAIN" in offered:
            return "PLAIN"
        if "LOGIN" in offered:
            return "LOGIN"
    return PROTOCOL_LOGIN if own_command else None
