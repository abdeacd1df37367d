"""Keys of records of earlier tries: the same in each run of a test.

A record keeps ten bits of a password's hash. With one key in a thousand, two passwords of a test look alike.
So no test leaves the key to chance, unless the key is what it is about.
"""

from __future__ import annotations

import hashlib
from itertools import count
from pathlib import Path

from diagnose.account import history

by_chance = history.new_key
"""How a key is made for a person."""


class Keys:
    """Made in the order in which records of a test ask for one, each another."""

    def __init__(self) -> None:
        self._numbers = count()

    def start(self) -> None:
        """Make the same keys once more."""
        self._numbers = count()

    def __call__(self) -> bytes:
        return hashlib.sha256(f"key {next(self._numbers)}".encode()).digest()


keys = Keys()


def put_key(state: Path) -> None:
    """Give the record of programs started with the state folder *state* a key; where that exists, leave it as it is."""
    if not state.exists():
        folder = state / "mail-login-doctor"
        folder.mkdir(parents=True, mode=0o700)
        (folder / "key").write_bytes(Keys()())
