"""Which SASL mechanism to use: one mechanism, one name, one try."""

from __future__ import annotations

from checks.sessions import Credentials
from checks.sessions.sasl import CHALLENGED

PROTOCOL_LOGIN = "LOGIN-COMMAND"
"""The protocol's own login: IMAP's LOGIN, POP3's USER and PASS."""
HTTP_BASIC = "BASIC"
"""The scheme of RFC 7617, of protocols that are spoken in HTTP."""
TOKENS = ("XOAUTH2", "OAUTHBEARER", "BEARER")
"""Mechanisms that carry an OAuth 2 access token; the last is HTTP's scheme (RFC 6750)."""


def choose_mechanism(offered: tuple[str, ...], credentials: Credentials, *, initial_response: bool) -> str | None:
    """The mechanism to log in with among those *offered*; None when none can carry these credentials.

    PLAIN carries any text as UTF-8 (RFC 4616). The protocols' own commands carry what is printable: IMAP's as literals
    where it is not ASCII (RFC 9051 §4.3), POP3's as the rest of a line. Beyond ASCII nothing is sent so to a server
    that lists tokens: it may well take nothing else.
    """
    if credentials.is_token:
        return next((m for m in TOKENS if m in offered), None)
    words = credentials.username + credentials.secret.reveal()
    if HTTP_BASIC in offered:  # carries what PLAIN carries, but for a colon in the name (RFC 7617 §2)
        return HTTP_BASIC if ":" not in credentials.username else None
    carried = words.isascii() or not set(TOKENS) & set(offered)
    own_command = PROTOCOL_LOGIN in offered and words.isprintable() and carried
    quick_plain = "PLAIN" in offered and initial_response
    if quick_plain or not (own_command and words.isascii()):
        if "PLAIN" in offered:
            return "PLAIN"
        if "LOGIN" in offered:
            return "LOGIN"
    by_challenge = next((m for m in CHALLENGED if m in offered), None)
    if own_command and (by_challenge is None or "PLAIN" in offered or "LOGIN" in offered):
        return PROTOCOL_LOGIN
    return by_challenge
