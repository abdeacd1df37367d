"""Live progress on a terminal: each check with its state while it runs, on standard error."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from gettext import gettext as _
from types import TracebackType
from typing import TYPE_CHECKING, Self

from diagnose.model import CheckResult, Status, Text, quote, text
from diagnose.planning.declaration import DISCOVERY
from diagnose.process.first_use import one_at_a_time

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

ECHO = "^C"
"""What a terminal shows where somebody interrupts: without room behind the last line, all lines move up by one."""
MOST_ROWS = 14
"""Checks shown at a time: those that run, then those that ended last."""
_SIGNS: dict[Status, tuple[str, str]] = {
    "pass": ("✓", "green"),
    "warn": ("!", "yellow"),
    "fail": ("✗", "red"),
    "skip": ("–", "dim"),
    "error": ("?", "magenta"),
}


class Progress:
    """An observer of the runner; use as a context manager. What draws it is loaded once it is to be shown."""

    def __init__(self, translate: Callable[[str], str]) -> None:
        self._translate = translate
        self._titles: dict[str, str] = {}
        self._servers: dict[str, str] = {}
        """Host, and port where there is one, of the checks that ask one server."""
        self._sought_for = ""
        """The domain whose servers are looked for."""
        self._running: dict[str, float] = {}
        self._over: list[tuple[str, Status, float]] = []
        self._changing = threading.Lock()
        self._live: Live | None = None
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with self._changing:
            self._ended = True
            if self._live is not None:
                self._live.stop()

    def show(self) -> None:
        """Show it from now on, on standard error, unless it has ended."""
        with one_at_a_time:
            from rich.console import Console
            from rich.live import Live
        with self._changing:
            if not self._ended:
                console = Console(stderr=True)
                self._live = Live(console=console, refresh_per_second=8, transient=True, get_renderable=self._draw)
                self._live.start()

    def planned(self, identity: str, title: Text) -> None:
        """A check will run."""
        self._titles[identity] = _with_port(title).render(self._translate)
        if server := _server(title):
            self._servers[identity] = server
        if identity == DISCOVERY:
            self._sought_for = str(title.args.get("domain", ""))

    def started(self, identity: str) -> None:
        """Its probe has begun."""
        self._running[identity] = time.monotonic()

    def finished(self, result: CheckResult) -> None:
        """It is over."""
        began = self._running.pop(result.id, None)
        if result.status != "skip":
            self._over.append((result.id, result.status, time.monotonic() - began if began else 0.0))

    def _draw(self) -> RenderableType:
        from rich.console import Group
        from rich.constrain import Constrain
        from rich.table import Table
        from rich.text import Text as Line

        line = partial(Line, no_wrap=True, overflow="ellipsis")
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column()  # not no_wrap: on a narrow terminal this one gives way, and its lines are cut
        table.add_column(justify="right", style="dim", no_wrap=True)
        running = list(self._running.items())[:MOST_ROWS]
        for identity, status, seconds in self._over[-(MOST_ROWS - min(len(running), MOST_ROWS - 2)) :]:
            sign, style = _SIGNS[status]
            table.add_row(
                line(sign, style=style), line(quote(self._titles.get(identity, identity))), _duration(seconds)
            )
        now = time.monotonic()
        for identity, began in running:
            table.add_row(line("·", style="cyan"), line(quote(self._titles[identity])), _duration(now - began))
        summary = self._summary([identity for identity, _ in running])
        shown = Group(table, line(f"  {summary}", style="dim"))
        return shown if self._live is None else Constrain(shown, max(self._live.console.width - len(ECHO), 1))

    def _summary(self, running: list[str]) -> str:
        """How many are over, and which of those *running* is waited for: the one that began first.

        While servers are looked for, nobody knows how many checks there will be.
        """
        if DISCOVERY in running and self._sought_for:
            sentence = text("looking for the mail servers of {domain}", domain=self._sought_for)
            return sentence.render(self._translate)
        if not self._titles:
            return ""
        counts = {"over": len(self._over), "all": len(self._titles)}
        if not running:
            return text("{over} of {all} checks are over", **counts).render(self._translate)
        waited_for = self._servers.get(running[0], self._titles[running[0]])
        sentence = text("{over} of {all} checks are over, waiting for: {name}", name=waited_for, **counts)
        return sentence.render(self._translate)


def _server(title: Text) -> str | None:
    """The server that *title* is a claim about, as host:port or host; None where it is about none."""
    host, port = title.args.get("host"), title.args.get("port")
    if not isinstance(host, str):
        return None
    return host if port is None else f"{host}:{port}"


def _with_port(title: Text) -> Text:
    """*title* with the port of its server, which tells apart what one server is asked."""
    server = _server(title)
    return title if server is None or "{port}" in title.msgid else Text(title.msgid, title.args | {"host": server})


def _duration(seconds: float) -> str:
    return _("{number} s").format(number=f"{seconds:.1f}")


def progress_or_none(translate: Callable[[str], str], *, quiet: bool) -> Progress | None:
    """A progress display where standard error is a terminal; *translate*: for the titles of checks."""
    if quiet or not sys.stderr.isatty():
        return None
    return Progress(translate)
