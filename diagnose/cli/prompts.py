"""Questions at a terminal, set as their language sets them."""

from __future__ import annotations

import os
import sys
from gettext import gettext as _

import click

from diagnose.process.standard_streams import tell


def before_answer(label: str) -> str:
    """*label* with a blank before what is typed, unless a full-width colon ends it."""
    return label if label.endswith("：") else f"{label} "


def asked(words: str) -> str:
    """*words* as what stands before the answer."""
    return before_answer(_("{heading}:").format(heading=words))


def confirmed(question: str) -> bool:
    """Whether the person at the terminal says yes to *question*; by default they do not."""
    words = before_answer(_("{question} [y/N]:").format(question=question))
    return click.confirm(words, default=False, show_default=False, prompt_suffix="", err=True)


def tell_how_input_ends() -> None:
    """At a terminal that is read to its end: that it is awaited, and by which keys it ends."""
    if sys.stdin.isatty():
        keys = "Ctrl-Z, Enter" if os.name == "nt" else "Ctrl-D"
        tell(_("Type or paste it here; end it with {keys} on a line of its own.").format(keys=keys))
