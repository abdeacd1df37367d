"""Dovecot: IMAP, POP3 and the SASL service that Postfix asks; its log is the witness of every login tried."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from .certificates import Authority
from .daemon import Daemon, EstateError
from .login import Login
from .namespaces import Namespace
from .plan import PORTS, AccountState, MailServer, Placed
from .rendering import render

PAM_SERVICE = "maildiag-expired"
PAM_STACK = "auth required pam_debug.so auth=success\naccount required pam_debug.so acct=new_authtok_reqd\n"
QUOTA = 1000  # bytes
MOST_LINKS = 50_000  # of one file; ext4 takes 65,000
MAIL_USER = "mail"
BARRIER = "barrier@estate.invalid"
LOOKED_UP = f"auth: Debug: passdb out: PASS\t1\tuser={BARRIER}\n"
_ASKED = re.compile(r"auth: Debug: client in: AUTH\t(\d+)\t\S+\tservice=(\w+)")
_DECIDED = re.compile(r"auth: Debug: client passdb out: (OK|FAIL)\t(\d+)\tuser=([^\t]+)(.*code=temp_fail)?")
_NOT_OFFERED = re.compile(r"(imap|pop3)-login: Info: (?:Login|Authenticate \S+) failed: (?:Plaintext|Unsupported)")
MECHANISMS: dict[MailServer, str] = {
    "standard": "plain login",
    "login-only": "login",
    "scram-only": "scram-sha-256 scram-sha-1",
    "cram-only": "cram-md5",
    "certificate-only": "external",
    "oauth-only": "xoauth2 oauthbearer",
    "without-tls": "plain",
}


class Dovecot:
    """One instance with its own hosts, its own log and the estate's accounts."""

    def __init__(
        self,
        server: MailServer,
        hosts: Sequence[tuple[Placed, Path]],
        accounts: dict[str, AccountState],
        fields: dict[str, str],
        refusals: dict[str, str],
        password: str,
        directory: Path,
        authority: Authority,
    ) -> None:
        self._log = directory / "log"
        self._log.touch()
        self._barriers = 0
        self._mail = directory / "mail"
        self.sasl_socket = directory / "sasl"
        for name in ("state", "mail"):
            (directory / name).mkdir()
        for user in _in_state(accounts, "over-quota"):
            _fill(directory / "mail" / user / "Maildir" / "cur")
        for path in [directory / "mail", *(directory / "mail").rglob("*")]:
            shutil.chown(path, MAIL_USER, MAIL_USER)
        self._listeners = {
            service: [a for placed, _ in hosts if service in placed.host.serves for a in placed.addresses]
            for service in ("imap", "imaps", "pop3", "pop3s", "sieve")
        }
        (directory / "refused").mkdir()
        for user, words in refusals.items():
            fields_of = {"password": f"{{PLAIN}}{password}", "nologin": "y", "reason": words}
            (directory / "refused" / user).write_text(json.dumps(fields_of, ensure_ascii=False), encoding="utf-8")
        oauth = directory / "oauth2.conf"
        oauth.write_text("introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix=/nonexistent/\n")
        self._config = render(
            "dovecot.conf",
            directory / "dovecot.conf",
            directory=directory,
            log=self._log,
            tls=server != "without-tls",
            hosts=[
                {
                    "pem": pem,
                    "addresses": placed.addresses,
                    "most_connections": placed.host.most_connections,
                    "settings": inspect.cleandoc(placed.host.dovecot),
                    "own": {
                        protocol: authority.issue(placed.name, kind, f"-{protocol}")
                        for protocol, kind in placed.host.own_certificates
                    },
                }
                for placed, pem in hosts
            ],
            mechanisms=MECHANISMS[server],
            pam_service=PAM_SERVICE,
            expired=_in_state(accounts, "expired"),
            backend_down=_in_state(accounts, "backend-down"),
            failing_backend=_write(directory / "backend", ["#!/bin/sh", "exit 111"], mode=0o755),
            refused=list(refusals),
            refusing=_write(
                directory / "refusing.conf",
                [
                    f"uri = fs:posix:prefix={directory}/refused/",
                    "passdb_objects = account",
                    "key account {\n  key = %u\n  format = json\n}",
                ],
            ),
            users=_write(
                directory / "users", _passwd(accounts | {BARRIER: "good"}, fields, password, directory / "mail")
            ),
            oauth=oauth if server == "oauth-only" else None,
            sasl_socket=self.sasl_socket,
            listeners=self._listeners,
            ports=PORTS,
        )

    def deliver(self, user: str, folder: str, messages: Sequence[bytes]) -> None:
        """Put *messages* into *folder* of *user*, as unseen mail; "" is the inbox."""
        root = self._mail / user / "Maildir" / (f".{folder}" if folder else "")
        for part in ("cur", "new", "tmp"):
            (root / part).mkdir(parents=True, exist_ok=True)
        first: dict[bytes, Path] = {}
        for number, message in enumerate(messages):
            path = root / "cur" / f"{number + 1}.{number}.estate:2,"
            if message in first and number % MOST_LINKS:
                path.hardlink_to(first[message])
                continue
            path.write_bytes(message)
            shutil.chown(path, MAIL_USER, MAIL_USER)
            first[message] = path
        for folder_path in (self._mail / user, root.parent, root, *root.glob("*/")):
            shutil.chown(folder_path, MAIL_USER, MAIL_USER)

    def flags(self, user: str) -> set[str]:
        """The flags of all mails of *user*, as Maildir keeps them: a seen one has S."""
        return {path.name.partition(":2,")[2] for path in (self._mail / user).rglob("cur/*")}

    def start(self, namespace: Namespace) -> Daemon:
        """Run it in *namespace*; back when the last listener of every port accepts connections."""
        namespace.write_etc(f"pam.d/{PAM_SERVICE}", PAM_STACK)
        daemon = Daemon(namespace, ["dovecot", "-F", "-c", self._config], self._log)
        daemon.wait_until(
            lambda: all(
                namespace.connects(str(addresses[-1]), PORTS[service])
                for service, addresses in self._listeners.items()
                if addresses
            )
        )
        return daemon

    def logins(self) -> list[Login]:
        """Every login asked for so far, in order.

        The log is written by another process than the one that answers the client, so a look-up of our own
        goes last and is waited for; the authentication service is one process and keeps the order.
        """
        self._barriers += 1
        subprocess.run(
            ["doveadm", "-c", self._config, "auth", "lookup", BARRIER], capture_output=True, check=True, timeout=60
        )
        for _ in range(500):
            log = self.log()
            if log.count(LOOKED_UP) == self._barriers:
                return _logins(log)
            time.sleep(0.01)
        raise EstateError(f"{self._log} never showed that {BARRIER} was looked up")

    def log(self) -> str:
        """The log so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")


def _logins(log: str) -> list[Login]:
    asked: dict[str, str] = {}
    found = []
    for line in log.splitlines():
        if match := _ASKED.search(line):
            asked[match[1]] = match[2]
        elif match := _DECIDED.search(line):
            refused: Literal["rejected", "unavailable"] = "unavailable" if match[4] else "rejected"
            found.append(Login(match[3], asked[match[2]], "accepted" if match[1] == "OK" else refused))
        elif match := _NOT_OFFERED.search(line):
            found.append(Login("", match[1], "rejected"))
    return found


def _fill(folder: Path) -> None:
    """One message, larger than the quota; Maildir++ takes its size from the file's name."""
    folder.mkdir(parents=True)
    message = b"Subject: large\r\n\r\n" + b"x" * 5 * QUOTA
    (folder / f"1.1.estate,S={len(message)}:2,S").write_bytes(message)


def _in_state(accounts: dict[str, AccountState], state: AccountState) -> list[str]:
    return [user for user, its_state in accounts.items() if its_state == state]


def _write(path: Path, lines: Sequence[str], mode: int = 0o644) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    path.chmod(mode)
    return path


def _passwd(accounts: dict[str, AccountState], fields: dict[str, str], password: str, homes: Path) -> list[str]:
    """Lines of passwd(5) with Dovecot's extra fields."""
    extra: dict[AccountState, str] = {"disabled": "nologin", "over-quota": f"userdb_quota_rule=*:bytes={QUOTA}"}
    return [
        f"{user}:{{PLAIN}}{password}:{MAIL_USER}:{MAIL_USER}::{homes / user}::"
        f"{extra.get(state, '')} {fields.get(user, '')}"
        for user, state in accounts.items()
    ]
