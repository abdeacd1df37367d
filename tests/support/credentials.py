"""What the person of the tests logs in with."""

from __future__ import annotations

import base64

from checks.sessions import Credentials
from diagnose.account.secret import Secret

USER, WORD = "alice@corp.example", "s3cret-word"
ALICE = Credentials(username=USER, secret=Secret(WORD))
TOKEN = Credentials(username=USER, secret=Secret("ya29.tok-en"), is_token=True)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


PLAIN = b64(b"\0" + USER.encode() + b"\0" + WORD.encode())
"""What `ALICE` says by the mechanism PLAIN (RFC 4616)."""
