"""Courier: IMAP with TLS from the first byte, and with STARTTLS."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .annex import USERS, Annex
from .daemon import Daemon
from .login import Login
from .namespaces import Namespace
from .plan import PORTS, AccountState, Placed
from .rendering import render

MAIL_USER = "mail"
SESSION = ("/usr/lib/courier/courier/imaplogin", "/usr/bin/imapd", "Maildir")
WRAPPED = ("/usr/bin/couriertls", "-server", "-tcpd", *SESSION)
CAPABILITIES = "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE SORT QUOTA IDLE"
_ASKED = re.compile(r"INFO: LOGIN(?P<failed> FAILED)?, (?:user=(?P<user>[^,]+)|method=)")


class Courier:
    """One instance for all its hosts: an authentication service, and a listener for each port of each host."""

    def __init__(
        self, hosts: Sequence[tuple[Placed, Path]], accounts: Mapping[str, AccountState], password: str, directory: Path
    ) -> None:
        self._hosts = [(placed, _readable(pem, directory / pem.name)) for placed, pem in hosts]
        self._directory = directory
        self._log = directory / "log"
        self._log.touch()
        self._annex = Annex(directory)
        self._settings = self._annex.etc / "courier"
        self._settings.mkdir()
        (self._annex.run / "courier" / "authdaemon").mkdir(parents=True)
        render("authdaemonrc", self._settings / "authdaemonrc")
        for user, state in accounts.items():
            home = directory / "mail" / user
            for part in ("cur", "new", "tmp"):
                # Courier's own way to lose a mailbox is that its folder is not there
                (home / ("elsewhere" if state == "backend-down" else "Maildir") / part).mkdir(parents=True)
        for path in [directory / "mail", *(directory / "mail").rglob("*")]:
            shutil.chown(path, MAIL_USER, MAIL_USER)
        users = self._settings / "userdb"
        users.touch(mode=0o600)  # it reads no other
        users.write_text("".join(_userdb(accounts, _encrypted(password), directory / "mail")), encoding="utf-8")

    def start(self, namespace: Namespace) -> Iterator[Daemon]:
        """Run it in *namespace*; each process is handed out as soon as it takes connections."""
        self._annex.finish(namespace, "makeuserdb", "-f", self._settings / "userdb")
        service = self._annex.command("/usr/lib/courier/courier-authlib/authdaemond")
        authentication = Daemon(namespace, service, self._directory / "authentication.log")
        authentication.wait_until((self._annex.run / "courier" / "authdaemon" / "socket").exists)
        yield authentication
        for placed, pem in self._hosts:
            for address in map(str, placed.addresses):
                for name, session in (("imaps", WRAPPED), ("imap", SESSION)):
                    if name in placed.host.serves:
                        yield self._listen(namespace, address, PORTS[name], pem, session)

    def _listen(self, namespace: Namespace, address: str, port: int, pem: Path, session: tuple[str, ...]) -> Daemon:
        settings: dict[str, object] = {
            "TLS_CERTFILE": pem,
            "COURIERTLS": "/usr/bin/couriertls",
            "MAILDIRPATH": "Maildir",
            "IMAP_CAPABILITY": CAPABILITIES,
            "IMAP_CAPABILITY_TLS": f"{CAPABILITIES} AUTH=PLAIN",
            "IMAP_IDLE_TIMEOUT": 60,
        }
        settings |= {"IMAP_TLS": 1} if session is WRAPPED else {"IMAP_STARTTLS": "YES", "IMAP_TLS_REQUIRED": 1}
        listener = ["couriertcpd", f"-address={address}", "-nodnslookup", "-noidentlookup", str(port), *session]
        given = [f"{name}={value}" for name, value in settings.items()]
        daemon = Daemon(namespace, self._annex.command("env", *given, *listener), self._log)
        daemon.wait_until(lambda: namespace.connects(address, port))
        return daemon

    def logins(self) -> list[Login]:
        """Every login asked for so far, in order; of those by users it does not know the name is not told."""
        return [
            Login(match["user"] or "", "imap", "rejected" if match["failed"] else "accepted")
            for match in _ASKED.finditer(self._log.read_text(encoding="utf-8", errors="replace"))
        ]


def _readable(pem: Path, copy: Path) -> Path:
    """A *copy* for the user that couriertls becomes."""
    shutil.copy(pem, copy)
    os.chown(copy, USERS["courier"], USERS["courier"])
    return copy


def _encrypted(password: str) -> str:
    """*password* as crypt(5) keeps it."""
    made = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=password, capture_output=True, text=True, check=True, timeout=60
    )
    return made.stdout.strip()


def _userdb(accounts: Mapping[str, AccountState], encrypted: str, homes: Path) -> Iterator[str]:
    """Lines of userdb(8)."""
    owner = pwd.getpwnam(MAIL_USER)
    for address, state in accounts.items():
        fields = [
            f"home={homes / address}",
            f"mail={homes / address / 'Maildir'}",
            f"uid={owner.pw_uid}",
            f"gid={owner.pw_gid}",
            f"imappw={encrypted}",
            *(["options=disableimap=1"] if state == "protocol-off" else []),
        ]
        yield f"{address}\t{'|'.join(fields)}\n"
