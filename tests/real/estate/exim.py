"""Exim: submission, with a list of users of its own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .annex import Annex
from .daemon import Daemon
from .login import Login
from .namespaces import Namespace
from .plan import PORTS, AccountState, Placed
from .rendering import render

USER = "mail"
_DECIDED = re.compile(
    r"authenticator failed for .*: (?P<code>\d{3}) .*\(set_id=(?P<refused>[^)]+)\)|AUTH OK (?P<user>\S+)"
)


class Exim:
    """One instance for all its hosts, which share the first one's certificate."""

    def __init__(
        self, hosts: Sequence[tuple[Placed, Path]], accounts: Mapping[str, AccountState], password: str, directory: Path
    ) -> None:
        self._log = directory / "mainlog"
        self._annex = Annex(directory)
        settings = self._annex.etc / "exim4"
        settings.mkdir()
        self._listeners = [(str(address), PORTS["submissions"]) for placed, _ in hosts for address in placed.addresses]
        lists = {
            "users": [f"{user}: {password}" for user in accounts],
            "backends": [f"{user}: /nonexistent" for user, state in accounts.items() if state == "backend-down"],
            "barred": [f"{user}:" for user, state in accounts.items() if state == "barred"],
        }
        for name, lines in lists.items():
            (settings / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        certificate = directory / "certificate.pem"
        shutil.copy(hosts[0][1], certificate)
        render(
            "exim4.conf",
            settings / "exim4.conf",
            name=hosts[0][0].name,
            directory=directory,
            user=USER,
            addresses=[address for address, _ in self._listeners],
            ports=PORTS,
            certificate=certificate,
            settings=settings,
        )
        (directory / "spool").mkdir()
        for path in (certificate, directory, directory / "spool"):
            shutil.chown(path, USER, USER)

    def start(self, namespace: Namespace) -> Iterator[Daemon]:
        """Run it in *namespace*; handed out when it takes connections."""
        daemon = Daemon(namespace, self._annex.command("exim4", "-bdf"), self._log.with_name("log"))
        daemon.wait_until(lambda: all(namespace.connects(address, port) for address, port in self._listeners))
        yield daemon

    def logins(self) -> list[Login]:
        """Every login asked for so far that was refused, or went on to name a sender, in order."""
        log = self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""
        return [
            Login(match["user"], "smtp", "accepted")
            if match["user"]
            else Login(match["refused"], "smtp", "rejected" if match["code"] == "535" else "unavailable")
            for match in _DECIDED.finditer(log)
        ]
