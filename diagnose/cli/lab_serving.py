"""`diagnose lab --serve`: an estate that stays up until a signal, for scripts and for trying things out."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from gettext import gettext as _
from pathlib import Path
from typing import Any, Literal

import msgspec

from diagnose.cli import signals
from diagnose.cli.output import irreplaceable, put_out
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import Scenario
from diagnose.lab.served import Served, as_command_lines, as_variables, beyond, served
from diagnose.model.text import json_text
from diagnose.process.standard_streams import tell

ServeFormat = Literal["shell", "env", "json"]
SUFFIXES: dict[str, ServeFormat] = {".json": "json", ".env": "env"}
"""Of the file that takes the place of standard output."""
WAKE_SECONDS = 1.0
"""How often the wait looks up: on some systems no signal is handled within a wait."""


def serve(scenario: Scenario, form: ServeFormat | None, given: dict[str, Any]) -> int:
    """Keep the estate of *scenario* up until a signal; say how it is reached once it is, and leave nothing behind.

    Where a file takes the place of standard output, it is there while the estate is, and no longer.
    Raises EstateError, click.ClickException.
    """
    file: Path | None = given["output"]
    chosen = form or ("json" if given["form"] == "json" else SUFFIXES.get(file.suffix, "shell") if file else "shell")
    ended = queue.SimpleQueue[None]()  # a signal handler may put something into it, whatever it has interrupted
    with signals.held_back() as interruption, _only_while_up(file), Estate(scenario) as estate:
        interruption.listen(lambda: ended.put(None))
        put_out(_told(served(estate), chosen), file)
        if beyond(estate) and not given["quiet"]:
            sentence = _(
                "This scenario is of the computer in front of the servers, too, which only this sets up: {line}"
            )
            tell(sentence.format(line=f"diagnose lab {scenario.id}"))
        while not interruption.asked_for:
            with contextlib.suppress(queue.Empty):
                ended.get(timeout=WAKE_SECONDS)
    return 0


@contextlib.contextmanager
def _only_while_up(file: Path | None) -> Iterator[None]:
    """No *file* of an estate that is not up: a script that waits for it would go on too early."""
    _remove(file)
    try:
        yield
    finally:
        _remove(file)


def _remove(file: Path | None) -> None:
    with contextlib.suppress(OSError):  # what cannot be removed cannot be written either, and that is told
        if file is not None and irreplaceable(file) is None:
            file.unlink(missing_ok=True)


def _told(one: Served, form: ServeFormat) -> str:
    if form == "json":
        return json_text(msgspec.to_builtins(one)) + "\n"
    if form == "env":
        return as_variables(one)
    domain, account = as_command_lines(one)
    lines = (
        _("The mail estate “{scenario}” is up until Ctrl-C, or: kill {pid}").format(scenario=one.scenario, pid=one.pid),
        _("The domain, without any login:"),
        domain,
        _("The account:"),
        account,
    )
    return "".join(f"{line}\n" if line in {domain, account} else f"# {line}\n" for line in lines)
