"""All that a healthy run says on the network, and nothing else: what a program in Python takes at least to ask it.

The same questions to the name server, the same connections with the same handshakes and commands, each connection in
a thread of its own, and the login for sending behind the one for reading, as the rules against lockout want it. There
is no other rule, nothing is noted, judged or told, and nothing is imported but the standard library.

Standard input holds a `benchmarks.mailbox.Mailbox` as JSON. With an argument, what a run cannot do without is loaded as
well: the command line before the first question, and all else once the first handshakes have begun.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

COMMAND_LINE = ("click", "msgspec", "gettext", "platformdirs")
BEHIND_IT = ("imaplib2", "poplib", "smtplib", "http.client", "rich.console", "rich.table", "rich.text")
"""The libraries that hold conversations and lay out the report."""
KNOWLEDGE = ("causes", "phrases", "network", "browsers", "precautions", "recordings")
"""The compiled files that a healthy run reads."""

LOOPBACK = "127.0.0.1"
A, MX, AAAA, SRV, OPT = 1, 15, 28, 33, 41
PATIENCE = 10.0
ANNOUNCED = ("imaps", "imap", "pop3s", "pop3", "submissions", "submission", "jmap", "sieve", "autodiscover")
GUESSED = ("imap", "mail", "pop", "pop3", "smtp", "autodiscover", "autoconfig", "webmail")
GREETED = b"[127.0.0.1]"

Address: TypeAlias = tuple[str, int]


def name_on_wire(name: str) -> bytes:
    """*name* as labels with their lengths (RFC 1035 §3.1)."""
    return b"".join(bytes((len(label),)) + label.encode() for label in name.split(".")) + b"\0"


def question(number: int, name: str, kind: int) -> bytes:
    """A message that asks for one kind of records, and says how large an answer may be (RFC 6891)."""
    header = struct.pack("!6H", number, 0x0100, 1, 0, 0, 1)
    return header + name_on_wire(name) + struct.pack("!2H", kind, 1) + b"\0" + struct.pack("!2HIH", OPT, 1232, 0, 0)


def read_name(message: bytes, at: int) -> tuple[str, int]:
    """The name that begins there, and where what follows it begins."""
    labels, end = [], 0
    while length := message[at]:
        if length >= 0xC0:
            end = end or at + 2
            at = struct.unpack_from("!H", message, at)[0] & 0x3FFF
        else:
            labels.append(message[at + 1 : at + 1 + length].decode())
            at += 1 + length
    return ".".join(labels), end or at + 1


def records(message: bytes) -> list[tuple[int, int]]:
    """Kind of each record of the answer, and where its data begin."""
    _, at = read_name(message, 12)
    at += 4
    found = []
    for _ in range(struct.unpack_from("!H", message, 6)[0]):
        _, at = read_name(message, at)
        kind, _, _, length = struct.unpack_from("!2HIH", message, at)
        found.append((kind, at + 10))
        at += 10 + length
    return found


class Conversation:
    """One connection, and the lines said on it."""

    def __init__(self, place: Address) -> None:
        self._socket = socket.create_connection(place, PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Do the verified handshake."""
        self._socket = context.wrap_socket(self._socket, server_hostname=host)
        self._lines = self._socket.makefile("rb")

    def say(self, line: bytes) -> None:
        """Send *line*, and wait for nothing."""
        self._socket.sendall(line + b"\r\n")

    def hear(self, good: bytes, more: Callable[[bytes], bool] = lambda _line: False) -> None:
        """Lines up to the first that is not followed by *more*; that has to begin with what is *good*."""
        while more(line := self._lines.readline()):
            pass
        if not line.startswith(good):
            raise RuntimeError(f"{line!r} is not {good!r}")

    def rest(self) -> bytes:
        """All up to the end."""
        return self._lines.read()


class Walk:
    """What is known of the mailbox, and what has been found of it."""

    def __init__(self, mailbox: dict[str, Any]) -> None:
        self.login = base64.b64encode(f"\0{mailbox['address']}\0{mailbox['password']}".encode())
        self.sender = mailbox["address"].encode()
        self.mailbox = mailbox
        self.domain = mailbox["address"].partition("@")[2]
        self.read = threading.Event()
        """The login for reading is answered."""
        self.failed: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._trusting = self.begin(self._trust)

    def begin(self, call: Callable[..., None], *given: object) -> threading.Thread:
        """*call* in a thread of its own."""

        def carried_out() -> None:
            try:
                call(*given)
            except BaseException as error:  # raised by `end`
                self.failed.append(error)
                self.read.set()

        thread = threading.Thread(target=carried_out)
        self._threads.append(thread)
        thread.start()
        return thread

    def end(self) -> None:
        """Wait for all that was begun."""
        for thread in self._threads:
            thread.join()
        if self.failed:
            raise self.failed[0]

    def _trust(self) -> None:
        self.context = ssl.create_default_context(cafile=self.mailbox["ca_file"])
        self.context.set_default_verify_paths()

    def questions(self) -> list[tuple[str, int]]:
        """All that the name server is asked."""
        asked = [(f"_{service}._tcp.{self.domain}", SRV) for service in ANNOUNCED]
        hosts = [*(f"{word}.{self.domain}" for word in GUESSED), self.domain]
        return [(self.domain, MX), *asked, *((host, kind) for host in hosts for kind in (A, AAAA))]

    def ask(self) -> None:
        """Ask all at once, and begin each conversation as soon as it is known where."""
        asked = self.questions()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(PATIENCE)
            line.connect((LOOPBACK, self.mailbox["nameserver_port"]))
            for number, one in enumerate(asked):
                line.send(question(number, *one))
            addresses: dict[str, str] = {}
            waiting: list[tuple[str, str, int]] = []
            if not self.mailbox["discover"]:
                waiting.append(("imaps", self.mailbox["imap_host"], self.mailbox["imap_port"]))
            page, port = self.mailbox["webmail"].removeprefix("https://").rstrip("/").split(":")
            waiting.append(("webmail", page, int(port)))
            for _ in asked:
                message = line.recv(65536)
                name, kind = asked[struct.unpack_from("!H", message)[0]]
                for of, at in records(message):
                    if of == SRV and kind == SRV and (service := name.partition(".")[0][1:]) in TALKS:
                        host, _ = read_name(message, at + 6)
                        if self.mailbox["discover"] or "imap" not in service:
                            waiting.append((service, host, struct.unpack_from("!H", message, at + 4)[0]))
                    elif of == A and kind == A:
                        addresses[name] = socket.inet_ntoa(message[at : at + 4])
                for service, host, port in [one for one in waiting if one[1] in addresses]:
                    waiting.remove((service, host, port))
                    self.begin(self.talk, service, host, (addresses[host], port))

    def talk(self, service: str, host: str, place: Address) -> None:
        """One conversation, from its connect to its goodbye."""
        one = Conversation(place)
        clear, encrypted = TALKS[service]
        if clear is not None:
            clear(one)
        self._trusting.join()
        one.start_tls(self.context, host)
        encrypted(self, one)

    def read_by_imap(self, one: Conversation) -> None:
        one.hear(b"* OK")
        one.say(b"1 AUTHENTICATE PLAIN " + self.login)
        one.hear(b"1 OK", untagged)
        self.read.set()
        one.say(b'2 ID ("name" "walk")')
        one.hear(b"2 OK", untagged)
        one.say(b"3 EXAMINE INBOX")
        one.hear(b"3 OK", untagged)
        one.say(b"4 LOGOUT")

    def look_at_imap(self, one: Conversation) -> None:
        one.say(b"2 CAPABILITY")
        one.hear(b"2 OK", untagged)
        one.say(b"3 LOGOUT")

    def look_at_pop3s(self, one: Conversation) -> None:
        one.hear(b"+OK")
        self.look_at_pop3(one)

    def look_at_pop3(self, one: Conversation) -> None:
        one.say(b"CAPA")
        one.hear(b".", lambda line: line != b".\r\n")
        one.say(b"QUIT")

    def send(self, one: Conversation) -> None:
        one.hear(b"220")
        one.say(b"EHLO " + GREETED)
        one.hear(b"250", to_be_continued)
        self.read.wait()
        one.say(b"AUTH PLAIN " + self.login)
        one.hear(b"235", to_be_continued)
        one.say(b"MAIL FROM:<" + self.sender + b">\r\nRCPT TO:<" + self.sender + b">")
        one.hear(b"250", to_be_continued)
        one.hear(b"250", to_be_continued)
        one.say(b"RSET\r\nQUIT")

    def look_at_submission(self, one: Conversation) -> None:
        one.say(b"EHLO " + GREETED)
        one.hear(b"250", to_be_continued)
        one.say(b"QUIT")

    def page(self, one: Conversation) -> None:
        place = self.mailbox["webmail"].split("/")[2].encode()
        one.say(b"GET / HTTP/1.1\r\nHost: " + place + b"\r\nConnection: close\r\n")
        one.hear(b"HTTP/1.")
        one.rest()


def untagged(line: bytes) -> bool:
    """Whether more lines follow one of IMAP."""
    return line.startswith(b"*")


def to_be_continued(line: bytes) -> bool:
    """Whether more lines follow one of SMTP (RFC 5321 §4.2.1)."""
    return line[3:4] == b"-"


def ask_imap_for_tls(one: Conversation) -> None:
    one.hear(b"* OK")
    one.say(b"1 STARTTLS")
    one.hear(b"1 OK")


def ask_pop3_for_tls(one: Conversation) -> None:
    one.hear(b"+OK")
    one.say(b"CAPA")
    one.hear(b".", lambda line: line != b".\r\n")
    one.say(b"STLS")
    one.hear(b"+OK")


def ask_submission_for_tls(one: Conversation) -> None:
    one.hear(b"220")
    one.say(b"EHLO " + GREETED)
    one.hear(b"250", to_be_continued)
    one.say(b"STARTTLS")
    one.hear(b"220")


TALKS: dict[str, tuple[Callable[[Conversation], None] | None, Callable[[Walk, Conversation], None]]] = {
    "imaps": (None, Walk.read_by_imap),
    "imap": (ask_imap_for_tls, Walk.look_at_imap),
    "pop3s": (None, Walk.look_at_pop3s),
    "pop3": (ask_pop3_for_tls, Walk.look_at_pop3),
    "submissions": (None, Walk.send),
    "submission": (ask_submission_for_tls, Walk.look_at_submission),
    "webmail": (None, Walk.page),
}
"""What is said in clear, and what under TLS."""


def load(names: tuple[str, ...]) -> None:
    """Import the modules of these *names*."""
    for name in names:
        __import__(name)


def load_what_comes_later() -> None:
    """The libraries, and the knowledge of the installed package as plain values."""
    load(BEHIND_IT)
    import importlib.util
    from pathlib import Path

    import msgspec

    package = importlib.util.find_spec("diagnose")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("diagnose")
    folder = Path(package.submodule_search_locations[0], "knowledge", "compiled")
    for name in KNOWLEDGE:
        msgspec.msgpack.decode(folder.joinpath(f"{name}.msgpack").read_bytes())


def main() -> None:
    needed = len(sys.argv) > 1
    if needed:
        load(COMMAND_LINE)
    walk = Walk(json.load(sys.stdin))
    walk.ask()
    if needed:
        walk.begin(load_what_comes_later)
    walk.end()
    os._exit(0)  # as a command of ours ends, too


if __name__ == "__main__":
    main()
