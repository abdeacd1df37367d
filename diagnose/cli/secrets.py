"""Where the secret comes from: prompt, standard input, environment or keyring."""

from __future__ import annotations

import os
import sys
from gettext import gettext as _
from typing import TYPE_CHECKING

import click

from diagnose.process.first_use import one_at_a_time

if TYPE_CHECKING:
    from diagnose.account.secret import Secret

KEYRING_SERVICE = "mail-login-doctor"
LONGEST_SECRET = 65536
"""Octets; access tokens are the longest."""


_read: list[Secret] = []
"""What this process was told, so that nothing it says holds it."""


def _told(word: str) -> Secret | None:
    """*word* as a secret; None when it is empty."""
    if not word:
        return None
    with one_at_a_time:
        from diagnose.account.secret import Secret
    _read.append(Secret(word))
    return _read[-1]


def forget() -> None:
    """Another command begins."""
    _read.clear()


def without_secrets(words: str) -> str:
    """*words*, which are going to be said on standard error, without any secret that was read."""
    if not _read:
        return words
    with one_at_a_time:
        from diagnose.redaction.mask import Mask
    return Mask(_read).hide(words)


class NoEntryError(click.UsageError):
    """The keyring can be used, and holds nothing for the account."""


def from_environment(variable: str) -> Secret | None:
    """The secret in *variable*; None when it is empty. Raises click.UsageError when it is not set."""
    if variable not in os.environ:
        raise click.UsageError(_("the environment variable {variable} is not set.").format(variable=variable))
    return _told(os.environ[variable])


def forget_variable(variable: str | None) -> None:
    """Take *variable*, which has been read, out of the environment."""
    if variable:
        os.environ.pop(variable, None)


def from_standard_input(account: str | None = None) -> Secret | None:
    """The first line of standard input, without byte order mark and line end; None when it is empty.

    Where that is a terminal, it is asked for as *account*'s password, and not shown. Raises click.UsageError where it
    is too long.
    """
    if account is not None and at_terminal():
        return from_prompt(account)
    raw = sys.stdin.buffer.readline(LONGEST_SECRET + 1) if sys.stdin else b""
    if len(raw) > LONGEST_SECRET:
        raise click.UsageError(_("the first line of standard input is too long to be a password."))
    with one_at_a_time:
        from diagnose.model.byte_order_mark import marked_encoding
    encoding = marked_encoding(raw) or "utf-8"
    if encoding == "utf-16":  # its lines do not end where an octet is a line feed
        raw += sys.stdin.buffer.read(LONGEST_SECRET)
        words = raw[: len(raw) // 2 * 2].decode(encoding, "replace")
    else:
        words = raw.decode(encoding, "surrogateescape")
    return _told(words.partition("\n")[0].removesuffix("\r"))


def from_keyring(account: str) -> Secret | None:
    """The secret that the system's keyring holds for *account*. Raises click.UsageError if it holds no secret."""
    try:
        import keyring
        import keyring.errors
    except ImportError:
        with one_at_a_time:
            from diagnose.process.installation import adding
        told = _("--keyring needs the package “keyring”, which is missing; run {command} first.").format(
            command=adding("keyring")
        )
        raise click.ClickException(told) from None
    try:
        word = keyring.get_password(KEYRING_SERVICE, account)
    except keyring.errors.KeyringError as error:
        raise click.UsageError(_("the keyring cannot be used: {kind}.").format(kind=type(error).__name__)) from None
    if not word:
        raise NoEntryError(
            _("the keyring holds nothing for {account} under “{service}”.").format(
                account=account, service=KEYRING_SERVICE
            )
        )
    return _told(word)


def at_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def from_prompt(account: str) -> Secret | None:
    """The secret typed at a terminal, without echo; None for an empty one, or without a terminal."""
    if not at_terminal():
        return None
    with one_at_a_time:
        import getpass

        from diagnose.cli.prompts import before_answer

    try:
        word = getpass.getpass(
            before_answer(_("Password of {account} (empty: no login test):").format(account=account)), stream=sys.stderr
        )
    except EOFError:
        return None
    return _told(word)
