"""An estate from its plan."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from pathlib import Path
from typing import Self, get_args

from .annex import missing_annex
from .certificates import Authority
from .courier import Courier
from .daemon import Daemon, EstateError
from .dovecot import Dovecot
from .exim import Exim
from .firewall import ruleset
from .leftovers import own_name, remove_directory
from .login import Login
from .name_servers import NameServers
from .namespaces import Namespace, cable
from .nginx import Nginx
from .plan import MailServer, Placed, Plan
from .postfix import Postfix

ANNEXED: dict[MailServer, type[Courier] | type[Exim]] = {"courier": Courier, "exim": Exim}

__all__ = ["Estate", "EstateError", "Login"]


class Estate:
    """Every server of a plan, running; a context manager that leaves nothing behind."""

    client: Namespace
    server: Namespace

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.hosts: dict[str, Placed] = {placed.name: placed for placed in plan.placed()}
        self.resolver = str(plan.resolver[0].ip)
        self._dovecots: dict[MailServer, Dovecot] = {}
        self._witnesses: list[Courier | Exim] = []
        self._daemons: list[Daemon] = []
        self._stack = contextlib.ExitStack()
        self._hosts_file = Path("/etc/hosts").read_text(encoding="utf-8")

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._build(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _build(self, stack: contextlib.ExitStack) -> None:
        # not pytest's own directory: that is closed to the users the servers run as
        directory = _made(Path(tempfile.gettempdir(), own_name("estate")))
        stack.callback(remove_directory, directory)
        plan, placed = self.plan, list(self.hosts.values())
        own = [one for host in placed for one in _interfaces(plan, host)]
        self.client, self.server = stack.enter_context(cable(plan.client, [*plan.infrastructure(), *own]))
        for end in (self.client, self.server):
            end.write_etc("resolv.conf", f"nameserver {self.resolver}\n")
        self.server.run("nft", "-f", "-", given=ruleset(placed))

        authority = Authority(_made(directory / "tls"))
        self.ca_file = authority.ca_file
        hosts = [(one, authority.issue(one.name, one.host.certificate)) for one in placed]
        for daemon in NameServers(plan, _made(directory / "dns")).start(self.server):
            self._keep(daemon, stack)
        accounts = plan.accounts()
        served = {kind: [(one, pem) for one, pem in hosts if one.host.server == kind] for kind in get_args(MailServer)}
        self._start_annex(served, _made(directory / "annex"), stack)
        special = plan.fields(), plan.refusals()
        for kind, its_own in served.items():
            if kind in ANNEXED or not its_own:
                continue
            dovecot = Dovecot(kind, its_own, accounts, *special, plan.password, _made(directory / kind), authority)
            self._keep(dovecot.start(self.server), stack)
            self._dovecots[kind] = dovecot
        sockets = {kind: dovecot.sasl_socket for kind, dovecot in self._dovecots.items()}
        postfix = Postfix(hosts, sorted(accounts), sockets, _made(directory / "postfix"))
        self._keep(postfix.start(self.server), stack)
        if any(one.host.web or one.host.web_settings for one in placed):
            self._keep(Nginx(hosts, _made(directory / "nginx")).start(self.server), stack)
        # last in, first out: all are asked before the first is waited for
        stack.callback(self._ask_all_to_stop)

    def _start_annex(
        self, served: dict[MailServer, list[tuple[Placed, Path]]], directory: Path, stack: contextlib.ExitStack
    ) -> None:
        """Courier and Exim, where they can be had."""
        if missing_annex() is not None:
            return
        for kind in ANNEXED:
            hosts = served[kind]
            if not hosts:
                continue
            domains = {placed.domain.name for placed, _ in hosts}
            accounts = {name: state for name, state in self.plan.accounts().items() if _domain(name) in domains}
            server = ANNEXED[kind](hosts, accounts, self.plan.password, _made(directory / kind))
            for daemon in server.start(self.server):
                self._keep(daemon, stack)
            self._witnesses.append(server)

    def _ask_all_to_stop(self) -> None:
        for daemon in self._daemons:
            daemon.ask_to_stop()

    def _keep(self, daemon: Daemon, stack: contextlib.ExitStack) -> None:
        self._daemons.append(daemon)
        stack.callback(daemon.stop)

    def logins(self) -> list[Login]:
        """The logins that clients asked for so far, over IMAP, POP3 and submission; in order on each server."""
        return [login for witness in (*self._dovecots.values(), *self._witnesses) for login in witness.logins()]

    def deliver(self, user: str, folder: str, *messages: bytes) -> None:
        """Put *messages* into *folder* of *user*; "" is the inbox."""
        self._dovecots["standard"].deliver(user, folder, messages)

    def flags(self, user: str) -> set[str]:
        """The flags of all mails of *user*."""
        return self._dovecots["standard"].flags(user)

    @contextlib.contextmanager
    def hosts_entry(self, line: str) -> Iterator[None]:
        """Meanwhile, *line* stands in the client's hosts file."""
        path = self.client.write_etc("hosts", f"{self._hosts_file}\n{line}\n")
        try:
            yield
        finally:
            path.unlink()


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _made(path: Path) -> Path:
    path.mkdir()
    path.chmod(0o755)
    return path


def _interfaces(plan: Plan, placed: Placed) -> Iterator[IPv4Interface | IPv6Interface]:
    prefix = {one.version: one.network.prefixlen for one in plan.client}
    for address in placed.addresses:
        yield ip_interface(f"{address}/{prefix[address.version]}")
