"""The standard library's mail clients, connected by address from inside the client namespace."""

from __future__ import annotations

import base64
import contextlib
import imaplib
import poplib
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import TypeVar

from .estate import Estate, Family

T = TypeVar("T")
LIMIT = 60.0


class _Imap(imaplib.IMAP4):
    def __init__(self, connection: socket.socket, host: str) -> None:
        self._connection = connection
        super().__init__(host)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._connection


class _Pop3(poplib.POP3):
    def __init__(self, connection: socket.socket, host: str) -> None:
        self._connection = connection
        super().__init__(host)

    def _create_socket(self, timeout: float) -> socket.socket:
        return self._connection


class _Smtp(smtplib.SMTP):
    def __init__(self, connection: socket.socket, host: str) -> None:
        self._connection = connection
        super().__init__(host, local_hostname="client.example")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._connection


class PlainClients:
    """Each method makes one connection and does one thing with it, in the client namespace."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._tls = ssl.create_default_context(cafile=str(estate.ca_file))

    def _with(
        self,
        host: str,
        port: int,
        use: Callable[[socket.socket], T],
        family: Family | None = None,
        seconds: float = LIMIT,
    ) -> T:
        placed = self._estate.hosts[host]
        address = placed.of(family) if family else placed.addresses[0]

        def call() -> T:
            with socket.create_connection((str(address), port), timeout=seconds) as connection:
                if port in (443, 465, 993, 995):
                    with self._tls.wrap_socket(connection, server_hostname=host) as wrapped:
                        return use(wrapped)
                return use(connection)

        return self._estate.client.inside(call)

    def connect(self, host: str, port: int, family: Family | None = None, seconds: float = LIMIT) -> None:
        """Connect, with a verified handshake where the port wants TLS. Raises OSError."""
        self._with(host, port, lambda connection: None, family, seconds)

    @contextlib.contextmanager
    def staying(
        self, host: str, port: int, use: Callable[[socket.socket], object] = lambda greeted: greeted.recv(1)
    ) -> Iterator[None]:
        """A connection under TLS that has done *use*, and stays meanwhile."""
        address = self._estate.hosts[host].addresses[0]
        plain = self._estate.client.inside(lambda: socket.create_connection((str(address), port), timeout=LIMIT))
        with plain, self._tls.wrap_socket(plain, server_hostname=host) as secured:
            used = use(secured)
            yield
            del used  # whatever it is may close the connection once nobody holds it

    def imap_capabilities(self, host: str, port: int) -> tuple[str, ...]:
        """What an IMAP server offers before login."""
        return self._with(host, port, lambda connection: _Imap(connection, host).capabilities)

    def imap_login(self, host: str, port: int, user: str, password: str) -> str:
        """The server's answer to AUTHENTICATE PLAIN."""

        def use(connection: socket.socket) -> str:
            imap = _Imap(connection, host)
            if port == 143:
                imap.starttls(self._tls)
            try:
                return str(imap.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode()))
            except imaplib.IMAP4.error as refused:
                return str(refused)

        return self._with(host, port, use)

    def imap_quota(self, host: str, user: str, password: str) -> str:
        """The QUOTA answer for the inbox."""

        def use(connection: socket.socket) -> str:
            imap = _Imap(connection, host)
            imap.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
            return str(imap.getquotaroot("INBOX"))

        return self._with(host, 993, use)

    def pop3_login(self, host: str, port: int, user: str, password: str) -> str:
        """The server's answer to PASS."""

        def use(connection: socket.socket) -> str:
            pop3 = _Pop3(connection, host)
            if port == 110:
                pop3.stls(self._tls)
            pop3.user(user)
            return pop3.pass_(password).decode()

        return self._with(host, port, use)

    def smtp_login(self, host: str, port: int, user: str, password: str) -> int:
        """The reply code to one AUTH PLAIN."""

        def use(connection: socket.socket) -> int:
            smtp = _Smtp(connection, host)
            smtp.ehlo()
            if port == 587:
                smtp.starttls(context=self._tls)
                smtp.ehlo()
            token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
            return smtp.docmd("AUTH", f"PLAIN {token}")[0]

        return self._with(host, port, use)

    def smtp_recipient(self, host: str, recipient: str) -> str:
        """The reply to RCPT on port 25."""

        def use(connection: socket.socket) -> str:
            smtp = _Smtp(connection, host)
            smtp.ehlo()
            smtp.mail("")
            code, reply = smtp.rcpt(recipient)
            return f"{code} {reply.decode()}"

        return self._with(host, 25, use)

    def web_page(self, host: str, path: str = "/") -> str:
        """The whole answer to GET."""

        def use(connection: socket.socket) -> str:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            with connection.makefile("rb") as answer:
                return answer.read(100_000).decode()

        return self._with(host, 443, use)


def imap_session(connection: socket.socket, user: str, password: str) -> imaplib.IMAP4:
    """A session of *user*, logged in."""
    imap = _Imap(connection, "localhost")
    imap.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
    return imap
