"""Where the rows of a run over many get their passwords from.

No reason repeats the name that a row gives: somebody may have put the password itself there.
"""

from __future__ import annotations

import os

import click

from diagnose.account.secret import Secret
from diagnose.cli import secrets
from diagnose.fleet.rows import ENVIRONMENT, KEYRING, RowError, SecretSource
from diagnose.model import text
from diagnose.process.first_use import one_at_a_time

_COLUMN = {"column": ENVIRONMENT}


class OwnSecrets:
    """Those of this computer, for one run."""

    def __init__(self) -> None:
        self._read: dict[str, Secret | None] = {}
        """What was read from variables of the environment, which no longer hold it."""

    def __call__(self, source: SecretSource) -> Secret | None:
        """The secret that *source* names. Raises RowError."""
        try:
            if source.kind == "keyring":
                return secrets.from_keyring(source.name)
            with one_at_a_time:
                if source.name not in self._read:
                    if source.name not in os.environ:
                        raise RowError(text("no variable of the environment has the name in “{column}”", **_COLUMN))
                    self._read[source.name] = secrets.from_environment(source.name)
                    secrets.forget_variable(source.name)
                return self._read[source.name]
        except click.ClickException as error:
            raise _as_row_error(error) from None


def on_worker(source: SecretSource) -> Secret | None:
    """The secret that *source* names on the worker that this runs on, which keeps nothing of it. Raises RowError."""
    if source.kind == "environment":
        if source.name not in os.environ:
            raise RowError(text("no variable of the worker’s environment has the name in “{column}”", **_COLUMN))
        word = os.environ[source.name]
        return Secret(word) if word else None
    try:
        return secrets.from_keyring(source.name)
    except click.ClickException as error:
        raise _as_row_error(error) from None
    finally:
        secrets.forget()


def _as_row_error(error: click.ClickException) -> RowError:
    if isinstance(error, secrets.NoEntryError):
        return RowError(text("the keyring holds nothing of the name in “{column}”", column=KEYRING))
    return RowError(text("{words}", words=error.format_message().removesuffix(".")))
