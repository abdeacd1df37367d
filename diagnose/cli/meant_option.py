"""The option that was probably meant by one that there is not. Loaded to tell wrong usage; loads next to nothing."""

from __future__ import annotations

from gettext import gettext as _

import click

from diagnose.model.likeness import close_names

SHORTEST_PART = 3
"""Letters of a word that may be a part of an option's name."""
MOST = 3
OF_OTHER_PROGRAMS = {
    "p": ("--password-stdin", "--password-env", "--keyring"),
    "pass": ("--password-stdin", "--password-env", "--keyring"),
    "password": ("--password-stdin", "--password-env", "--keyring"),
    "token": ("--access-token-env",),
    "u": ("--username",),
    "login": ("--username",),
    "account": ("--username",),
    "server": ("--imap", "--pop3", "--smtp"),
    "host": ("--imap", "--pop3", "--smtp"),
    "port": ("--imap", "--pop3", "--smtp"),
    "nameserver": ("--resolver",),
    "dns": ("--resolver",),
    "cacert": ("--ca-file",),
    "workers": ("--at-once",),
    "parallel": ("--at-once",),
    "jobs": ("--at-once",),
}
"""What options like ours are called in curl, openssl, swaks, xargs and other programs."""


def no_such_option(error: click.NoSuchOption, arguments: list[str]) -> str:
    """The sentence about an option that there is not, with those that may be meant, the likeliest first."""
    typed, message = error.option_name, error.message
    own = {name for param in (error.ctx.command.params if error.ctx else ()) for name in param.opts if name[:2] == "--"}
    likely = _like_option(typed, own)
    if not typed.startswith("--"):  # click names one letter of a word behind a single hyphen
        word = next((one.partition("=")[0] for one in arguments if one[:2] == typed or _holds(one, typed)), typed)
        if len(word) > len(typed) and (of_word := _like_option(word, own)):
            message, likely = message.replace(repr(typed), repr(word)), of_word
    problem = " ".join(message.split()).rstrip(".。")
    if not likely:
        return _("{sentence}.").format(sentence=problem)
    return _("{problem}; did you mean {corrected}?").format(problem=problem, corrected=_(", ").join(likely))


def _holds(argument: str, letter: str) -> bool:
    return argument[:1] == "-" != argument[1:2] and letter[1:] in argument


def _like_option(typed: str, own: set[str]) -> list[str]:
    wanted = typed.lstrip("-").casefold()
    named = [name for name in OF_OTHER_PROGRAMS.get(wanted, ()) if name in own]
    if named:
        return named
    words = {name[2:]: name for name in sorted(own)}
    parts = [
        word
        for word in words
        if len(wanted) >= SHORTEST_PART and (word.startswith(wanted) or wanted in word.split("-"))
    ]
    return [words[word] for word in dict.fromkeys([*parts, *close_names(wanted, words, MOST)])][:MOST]
