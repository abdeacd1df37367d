"""Postfix: submission with Dovecot's SASL, and the mail exchanger on port 25."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .daemon import Daemon
from .namespaces import Namespace
from .plan import PORTS, MailServer, Placed
from .rendering import render

MASTER = "/usr/lib/postfix/sbin/master"


@dataclass(frozen=True)
class Listener:
    """One line of master.cf."""

    service: str
    address: str
    """As master(5) writes it: IPv6 in brackets."""
    port: int
    pem: Path | None
    sasl_socket: Path | None
    most_connections: int | None
    smtputf8: bool
    settings: tuple[str, ...]


class Postfix:
    """One instance for all hosts, told apart by address."""

    def __init__(
        self,
        hosts: Sequence[tuple[Placed, Path]],
        mailboxes: Sequence[str],
        sasl_sockets: Mapping[MailServer, Path],
        directory: Path,
    ) -> None:
        self._directory = directory
        self._log = directory / "log"
        for name in ("queue", "data"):
            (directory / name).mkdir()
        shutil.chown(directory / "data", "postfix")
        self._listeners = [
            Listener(
                service,
                f"[{address}]" if address.version == 6 else str(address),
                PORTS[service],
                None if placed.host.server == "without-tls" else pem,
                sasl_sockets.get(placed.host.server),
                placed.host.most_connections,
                placed.host.smtputf8,
                placed.host.exchanger if service == "smtp" else placed.host.submission,
            )
            for placed, pem in hosts
            for address in placed.addresses
            for service in ("smtp", "submission", "submissions")
            if service in placed.host.serves and placed.host.server != "exim"
        ]
        domains = sorted({mailbox.rpartition("@")[2] for mailbox in mailboxes})
        (directory / "domains").write_text("".join(f"{domain} ok\n" for domain in domains))
        (directory / "mailboxes").write_text("".join(f"{mailbox} ok\n" for mailbox in mailboxes))
        render("main.cf", directory / "main.cf", directory=directory, log=self._log, name=hosts[0][0].name)
        render("master.cf", directory / "master.cf", listeners=self._listeners)

    def start(self, namespace: Namespace) -> Daemon:
        """Run it in *namespace*; back when the listener it opens last accepts connections."""
        namespace.run("postfix", "-c", self._directory, "check")  # makes the queue's directories
        # not "postfix start-fg": that leaves a shell between us and the server
        daemon = Daemon(namespace, [MASTER, "-c", self._directory, "-d"], self._log)
        last = self._listeners[-1]
        daemon.wait_until(lambda: namespace.connects(last.address.strip("[]"), last.port))
        return daemon
