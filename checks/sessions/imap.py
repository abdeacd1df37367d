"""IMAP (RFC 3501, RFC 9051) by imaplib2, on a connection of ours.

imaplib2 opens sockets, verifies nothing, starts threads and prints debug output with passwords in it;
none of that is let happen: it is handed a connected stream, and its errors, which quote what was sent, are never shown.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from checks.sessions.own_imaplib2 import Thread, imaplib2
from checks.sessions.sasl import SERVER_FIRST, SaslExchange
from checks.sessions.session import (
    MOST_LINES,
    Credentials,
    MailSession,
    Reply,
    Resource,
    UnaskedError,
    base64_line,
    readable_challenge,
    shown,
)
from diagnose import __version__
from diagnose.model import ClosedError, Deadline, DeadlineError, TooMuchDataError
from diagnose.network import Stream
from diagnose.process.first_use import lazy_pattern
from diagnose.replies import decode

LAST_WORDS_SECONDS = 0.3
"""For the words of a server that has hung up to be read."""
THREADS_SECONDS = 5.0
"""For imaplib2's threads to end on a machine that is busy: they wait for nothing but the processor."""
CLIENT_ID = ("name", "diagnose", "version", __version__)
"""For the ID command (RFC 2971): some providers serve no client that does not name itself."""

LEAST = ("IMAP4REV1",)
"""What a server can do that does not say: log in by LOGIN."""
_CAPABILITIES = lazy_pattern(rb"^\* CAPABILITY ([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_IDLE_TALK = lazy_pattern(rb"^\* (?!BYE)[^\n]*\n", re.IGNORECASE | re.MULTILINE)
QUOTA_LINES = re.IGNORECASE | re.MULTILINE
_EXISTS = lazy_pattern(rb"^\* \d+ EXISTS\b", re.IGNORECASE | re.MULTILINE)
"""What no mailbox is opened without (RFC 9051 §6.3.2)."""
_LISTED = lazy_pattern(rb'\((?P<flags>[^)]*)\) (?:"[^"]*"|NIL) (?P<name>.+)')


def strict_line(line: bytes) -> bytes:
    """*line* as imaplib2 wants it: a response's name in upper case, a blank behind it, and CRLF at the end.

    Names come in any case (RFC 9051 §9). Some servers leave out a reply's text with the blank before it, or the CR.
    """
    words = line.rstrip(b"\r\n").split(b" ", 2)
    if words[0] == b"+" or len(words) == 1:
        return line.rstrip(b"\r\n") + b"\r\n"
    return b" ".join([words[0], words[1].upper(), *(words[2:] or [b""])]) + b"\r\n"


def folder_name(name: str) -> str:
    """*name* decoded from modified UTF-7 (RFC 3501 §5.1.3); a name without encoded parts stays as it is."""

    def decoded(run: re.Match[str]) -> str:
        if not run[1]:
            return "&"
        return (b"+" + run[1].replace(",", "/").encode("ascii") + b"-").decode("utf-7", "replace")

    return re.sub(r"&([A-Za-z0-9+,]*)-", decoded, name)


def _words(listed: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(decode(b" ".join(listed)).upper().split())


class _Client(imaplib2.IMAP4):  # type: ignore[misc]  # imaplib2 has no types
    """imaplib2 on a stream that stands already."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.ready = threading.Event()
        self.heard = bytearray()
        self.last_tag = b""
        """Of the last command."""
        self.secret_is_next = False
        """What is sent next carries the secret."""
        self.secret_sent_at: int | None = None
        """How much had been heard when the secret was sent."""
        self.lines = 0
        self.begun_line = b""
        try:
            super().__init__("localhost", identifier="")
        except imaplib2.IMAP4.error:
            if words := self.farewell():
                raise ClosedError(shown(words)) from None
            raise

    def _mesg(self, *_: object) -> None:
        """Nothing: imaplib2's messages would go to standard error, and hold what was sent."""

    def open_socket(self) -> Stream:
        return self.stream

    def open(self, host: str | None = None, port: int | None = None) -> None:
        """Watch a descriptor of our own: the stream's may be closed, and be somebody else's, while a thread waits."""
        super().open(host, port)
        self._watched = self.stream.watched()
        self.read_fd = self._watched.fileno()

    def end_threads(self) -> None:
        """After the stream was shut down. A thread that is held up longer than `THREADS_SECONDS` ends by itself."""
        self.Terminate = True
        self.ouq.put(None)
        self.inq.put(None)
        for thread in (self.wrth, self.rdth, self.inth):
            thread.join(timeout=THREADS_SECONDS)
        self._let_go()

    def _close_threads(self) -> None:
        super()._close_threads()
        self._let_go()

    def _let_go(self) -> None:
        if not self.rdth.is_alive():
            self._watched.close()

    def _request_push(self, tag: Any = None, name: Any = None, **kw: Any) -> Any:  # noqa: ANN401 - imaplib2's own
        request = super()._request_push(tag, name, **kw)
        if tag is None:
            self.last_tag = request.tag
        if not self.ready.is_set():  # from here on there is somebody to hand the greeting to
            self.ready.set()
            self._hand_in(self.stream.take_unread())
        answer = request.get_response

        def answer_in_time(words: str | None = None) -> Any:  # noqa: ANN401 - imaplib2's own
            # the stream's deadline alone does not end this: nobody reads while nothing comes
            if not request.ready.wait(self.stream.deadline.left()):
                request.abort(self.abort, "no answer in time")
                self.inq.put((self.abort, "no answer in time"))
            return answer(words)

        request.get_response = answer_in_time
        return request

    def _hand_in(self, known: bytes) -> None:
        """Pass on what was read before: imaplib2 waits for its descriptor, where that will not show again."""
        self.heard += known
        for line in known.splitlines(keepends=True):
            self.inq.put(line)

    def read(self, size: int) -> bytes:
        """Called by imaplib2's reader thread only."""
        self.ready.wait()
        data = b""
        while not data:
            data = self.stream.recv(size)
            if not data:
                raise ClosedError("closed by the server")
            if size > 1:
                data = self._without_idle_talk(data)
        self.heard += data
        if size == 1 and data == b"\n":
            self.TerminateReader = self._tagged(bytes(self.heard[self.heard.rfind(b"\n", 0, -1) + 1 :]))
        return data

    def _without_idle_talk(self, data: bytes) -> bytes:
        """*data*, or what of it is no untagged line once there were very many: imaplib2 takes its time over each."""
        if self.lines <= MOST_LINES:
            self.lines += data.count(b"\n")
            return data
        whole, mark, self.begun_line = (self.begun_line + data).rpartition(b"\n")
        kept = _IDLE_TALK.sub(b"", whole + mark)
        self.lines += kept.count(b"\n")
        if self.lines > 2 * MOST_LINES:
            self.stream.abort()
            raise TooMuchDataError(f"more than {2 * MOST_LINES} lines")
        return kept

    def _put_response(self, resp: bytes) -> None:
        """One line, or a part of a literal. Called by imaplib2's handler thread only."""
        super()._put_response(resp if self._expecting_data else strict_line(resp))

    def send(self, data: bytes) -> None:
        """Called by imaplib2's writer thread only."""
        if self.secret_is_next:
            self.secret_is_next, self.secret_sent_at = False, len(self.heard)
        with contextlib.suppress(ConnectionError):  # what the server said before it closed is yet to be read
            self.stream.sendall(data)

    def shutdown(self) -> None:
        self.stream.abort()

    def _get_capabilities(self) -> None:
        """Those in the greeting, where it lists them (RFC 9051 §7.1); asked for otherwise.

        A greeting that is one for all connections may call LOGIN disabled under TLS, too: that is asked again.
        """
        listed = self._get_untagged_response("CAPABILITY")
        self.capabilities = _words(listed[-1:]) if listed else LEAST
        if not listed or ("LOGINDISABLED" in self.capabilities and self.stream.tls is not None):
            self.ask_for_capabilities()

    def ask_for_capabilities(self) -> None:
        """Ask, even where the server named some before. Without an answer the session goes on (RFC 9051 §6.1.1)."""
        before = len(self.heard)
        try:
            self.capability()
        except imaplib2.IMAP4.abort:
            raise
        except imaplib2.IMAP4.error:
            return  # BAD: what is known stays
        if listed := _CAPABILITIES.findall(self.heard, before):
            self.capabilities = _words(listed)

    def reader_is_fresh(self) -> None:
        """Read again after STARTTLS, from the same stream, now under TLS; what was said in clear is forgotten."""
        self.TerminateReader = False
        self.read_size = imaplib2.READ_SIZE
        self.untagged_responses: list[Any] = []
        self.rdth = Thread(target=self._reader, daemon=True)
        self.rdth.start()

    def ask_for_tls(self) -> str:
        """STARTTLS without imaplib2's own handshake: "OK", or the server's words."""
        self.read_size = 1  # nothing behind the reply's line end may be read: it belongs to the handshake
        before = len(self.heard)
        try:
            kind, _ = self._simple_command("STARTTLS")
        except imaplib2.IMAP4.abort:
            if words := self.farewell():
                return shown(words)
            raise
        except imaplib2.IMAP4.error:  # BAD
            kind = "BAD"
        finally:
            self._release_state_change()
        self.rdth.join(timeout=self.stream.deadline.left())
        if kind == "OK":
            return "OK"
        words = self.answered(bytes(self.heard[before:])) or kind.encode()
        self.reader_is_fresh()
        return shown(words)

    def success(self, heard: bytes) -> bool:
        """Whether the last command's answer in *heard* is OK, be it after a literal that never ended."""
        lines = [line for line in heard.splitlines() if line.startswith(self.last_tag + b" ")]
        return bool(lines) and lines[-1].split(b" ", 2)[1].upper() == b"OK"

    def answered_too_soon(self) -> bool:
        """Whether the server answered a command that was not sent yet."""
        numbers = re.findall(rb"^" + re.escape(self.tagpre) + rb"(\d{1,9}) ", self.heard, re.MULTILINE)
        return any(int(number) >= self.tagnum for number in numbers)

    def answered(self, heard: bytes) -> bytes | None:
        """*heard* without tags and invitations to go on; None where neither the command's answer nor BYE is in it."""
        lines = heard.splitlines(keepends=True)
        if not any(self._tagged(line) or line.upper().startswith(b"* BYE") for line in lines):
            return None
        return b"".join(
            line.partition(b" ")[2] if self._tagged(line) else line for line in lines if not line.startswith(b"+")
        )

    def farewell(self) -> bytes:
        """The BYE that was said, whenever that was: nothing comes after it (RFC 9051 §7.1.5). Empty where none was."""
        return b"".join(line for line in self.heard.splitlines(keepends=True) if line.upper().startswith(b"* BYE"))

    def _tagged(self, line: bytes) -> bool:
        return re.match(re.escape(self.tagpre) + rb"\d+ ", line) is not None

    def authenticate_with(self, mechanism: str, credentials: Credentials, *, initial: bool) -> tuple[str, bytes]:
        """AUTHENTICATE, the first answer with the command if *initial* (RFC 4959). The type and text of the reply."""
        exchange = SaslExchange(credentials, mechanism)
        first = base64_line(exchange.answer() or b"") if initial else None
        self.secret_is_next = exchange.carries_secret
        challenges: list[bytes] = []

        def answer(challenge: bytes | None) -> bytes:
            challenges.append(readable_challenge(bytes(challenge or b"")))
            inputs = exchange.answer(bytes(challenge or b"")) or b""
            self.secret_is_next = exchange.carries_secret
            return base64_line(inputs) if inputs else b""

        kind, data = self._answering(answer, "AUTHENTICATE", mechanism, *([first] if first else []))
        if kind == "OK":
            self.state = imaplib2.AUTH
        return kind, b" ".join([*(c for c in challenges if c.startswith(b"{")), *(part for part in data if part)])

    def login_by_literals(self, user: str, octets: bytes) -> tuple[str, bytes]:
        """LOGIN with *octets* as a literal, which carries all but NUL (RFC 9051 §4.3). Type and text of the reply.

        *user* is one, too, where it is not ASCII.
        """
        first, left = self._quote(user).encode(), [octets]
        if not user.isascii():
            name = user.encode()
            first, left = b"{%d}" % len(name), [name, octets]

        def answer(_challenge: bytes | None) -> bytes | None:
            self.secret_is_next = len(left) == 1
            if not left:
                return None
            literal = left.pop(0)
            return literal + b" {%d}" % len(octets) if left else literal

        words = (first,) if len(left) > 1 else (first, b"{%d}" % len(octets))
        kind, data = self._answering(answer, "LOGIN", *words)
        if kind == "OK":
            self.state = imaplib2.AUTH
        return kind, b" ".join(part for part in data if part)

    def _answering(
        self, answer: Callable[[bytes | None], bytes | None], command: str, *words: str | bytes
    ) -> tuple[str, list[bytes]]:
        """*command*, with what *answer* says to each invitation to go on."""
        # imaplib2 tells an answering function from a literal by its being a bound method
        self.literal = _Answer(answer).process
        try:
            kind, data = self._simple_command(command, *words)
        finally:
            self._release_state_change()
        return kind, data


class _Answer:
    def __init__(self, answer: Callable[[bytes | None], bytes | None]) -> None:
        self._answer = answer

    def process(self, challenge: bytes | None, _request: object) -> bytes | None:
        return self._answer(challenge)


class ImapSession(MailSession):
    """An IMAP conversation."""

    protocol = "imap"
    greeting = lazy_pattern(rb"\* (OK|PREAUTH|BYE|NO|BAD)\b", re.IGNORECASE)
    beginnings = (b"* OK", b"* PREAUTH", b"* BYE", b"* NO", b"* BAD")
    refusal = lazy_pattern(rb"\* (BYE|NO|BAD)", re.IGNORECASE)
    farewell = lazy_pattern(rb"\* BYE\b", re.IGNORECASE)  # RFC 9051 §7.1.5
    passing = lazy_pattern(rb"\* BYE\b(?!.*^NO\b)", re.IGNORECASE | re.MULTILINE | re.DOTALL)
    _id_offered = False

    def __init__(self, stream: Stream, deadline: Deadline, resource: Resource | None = None) -> None:
        """Take the greeting and ask for the capabilities. Raises OSError."""
        self.stream = stream
        stream.deadline = deadline
        with self._errors_as_ours():
            self._client = _Client(stream)
        self.logged_in = self._client.state == imaplib2.AUTH  # PREAUTH (RFC 9051 §7.1.4)
        self._read_capabilities()

    def _read_capabilities(self) -> None:
        self._id_offered |= "ID" in self._client.capabilities
        self.capabilities = tuple(str(word) for word in self._client.capabilities)

    @contextlib.contextmanager
    def _errors_as_ours(self) -> Iterator[None]:
        try:
            yield
        except (imaplib2.IMAP4.error, UnicodeError) as error:
            if self.stream.deadline.passed():
                raise DeadlineError("no answer in time") from None
            # never "from error": its message may quote the command, password and all
            kind = "closed" if isinstance(error, imaplib2.IMAP4.abort) else "not understood"
            raise ClosedError(f"the conversation ended: {kind}") from None

    @property
    def starttls(self) -> bool:
        return "STARTTLS" in self.capabilities

    @property
    def mechanisms(self) -> tuple[str, ...]:
        offered = [c.removeprefix("AUTH=") for c in self.capabilities if c.startswith("AUTH=")]
        return (*offered, *(() if "LOGINDISABLED" in self.capabilities else ("LOGIN-COMMAND",)))

    @property
    def initial_response(self) -> bool:
        return "SASL-IR" in self.capabilities

    def ask_for_tls(self, deadline: Deadline) -> str | None:
        self.stream.deadline = deadline
        with self._errors_as_ours():
            words: str = self._client.ask_for_tls()
        return None if words == "OK" else words

    def after_tls(self, deadline: Deadline) -> None:
        self.stream.deadline = deadline
        self._client.reader_is_fresh()
        self._client.capabilities = LEAST
        with self._errors_as_ours():
            self._client.ask_for_capabilities()
        self._read_capabilities()

    def log_in(self, credentials: Credentials, mechanism: str) -> Reply:
        self._client.secret_sent_at = None
        if self._client.answered_too_soon():
            raise UnaskedError
        try:
            return self._log_in(credentials, mechanism)
        finally:
            self.secret_is_out = self._client.secret_sent_at is not None

    def _log_in(self, credentials: Credentials, mechanism: str) -> Reply:
        before, secret = len(self._client.heard), credentials.secret
        try:
            if mechanism == "LOGIN-COMMAND" and not (credentials.username + secret.reveal()).isascii():
                octets = secret.reveal().encode("utf-8", "surrogateescape")
                kind, words = self._client.login_by_literals(credentials.username, octets)
            elif mechanism == "LOGIN-COMMAND":
                self._client.secret_is_next = True
                quoted = self._client._quote(credentials.username)
                kind, data = self._client.login(quoted, secret.reveal())
                words = b" ".join(part for part in data if part)
            else:
                initial = self.initial_response and mechanism not in SERVER_FIRST
                kind, words = self._client.authenticate_with(mechanism, credentials, initial=initial)
        except imaplib2.IMAP4.error:
            heard = self._answer_since(before)
            return self._as_answer(before, shown(heard, secret))
        heard = self._answer_since(before)
        if listed := re.findall(
            rb"CAPABILITY ([^\]\r\n]+)", heard
        ):  # a login changes them; most servers say so at once
            self.capabilities = _words(listed[-1:])
        words = words if kind == "OK" or b"{" in words[:1] else heard
        told = shown(words, secret)
        return self._as_answer(before, told) if kind == "OK" else Reply(ok=False, words=told)

    def _as_answer(self, before: int, words: str) -> Reply:
        """*words* with what they are: a yes to the secret, or one to something before it."""
        sent_at = self._client.secret_sent_at
        yes = sent_at is not None and self._succeeded_since(sent_at)
        return Reply(ok=yes, words=words, unasked=not yes and self._succeeded_since(before))

    def _answer_since(self, before: int) -> bytes:
        """What was heard from there on. Raises ClosedError, DeadlineError when no answer is among it."""
        words = self._client.answered(bytes(self._client.heard[before:])) or self._client.farewell()
        waited = self.stream.deadline.within(LAST_WORDS_SECONDS)
        while not words and not waited.passed():  # what a server said before it hung up may yet be read
            time.sleep(0.02)
            words = self._client.farewell()
        if not words:
            ended = DeadlineError("no answer in time") if self.stream.deadline.passed() else ClosedError("no answer")
            raise ended from None
        return words

    def _succeeded_since(self, before: int) -> bool:
        return self._client.success(bytes(self._client.heard[before:]))

    def introduce(self) -> None:
        """Name this client (RFC 2971) where the server wants to know; its answer does not matter."""
        if self._id_offered:
            with contextlib.suppress(imaplib2.IMAP4.error):
                self._client.id(*CLIENT_ID)

    def open_mailbox(self, deadline: Deadline) -> Reply:
        """EXAMINE INBOX: like SELECT, but changes nothing (RFC 9051 §6.3.3)."""
        self.stream.deadline = deadline
        self.introduce()
        before = len(self._client.heard)
        try:
            kind, _ = self._client.examine("INBOX")
        except imaplib2.IMAP4.error:
            kind = "OK" if self._succeeded_since(before) else "NO"
        words = self._answer_since(before)
        if kind != "OK":
            return Reply(ok=False, words=shown(words, self.sent))
        told = _EXISTS.search(bytes(self._client.heard[before:])) is not None
        return Reply(ok=told, words=shown(words.rstrip().rpartition(b"\n")[2], self.sent), hollow=not told)

    def ask_quota(self, deadline: Deadline) -> tuple[int, int] | None:
        if not any(c == "QUOTA" or c.startswith("QUOTA=") for c in self.capabilities):
            return None
        self.stream.deadline = deadline
        before = len(self._client.heard)
        with contextlib.suppress(imaplib2.IMAP4.error):
            self._client.getquotaroot("INBOX")
        told = re.findall(
            rb"^\* QUOTA [^\r\n]*\bSTORAGE (\d{1,18}) (\d{1,18})", self._client.heard[before:], QUOTA_LINES
        )
        roots = [(int(used), int(allowed)) for used, allowed in told]
        # several may hold for one mailbox (RFC 9208 §3.2), and the fullest of them is what counts
        return max(roots, key=lambda root: root[0] / root[1] if root[1] else 0.0, default=None)

    def junk_folder(self, names: tuple[str, ...], deadline: Deadline) -> str | None:
        r"""The folder for unwanted mail: marked \Junk (RFC 6154), else by one of *names*; None where neither exists."""
        self.stream.deadline = deadline
        with self._errors_as_ours():
            _, lines = self._client.list()
        by_name = None
        for line in lines or ():
            told = _LISTED.match(line) if isinstance(line, bytes) else None
            if told is None:
                continue
            name = told["name"].strip(b'"').decode("ascii", "replace")
            if rb"\junk" in told["flags"].lower():
                return name
            if by_name is None and folder_name(name).casefold() in names:
                by_name = name
        return by_name

    def recent_headers(self, folder: str, days: int, most: int, deadline: Deadline) -> list[bytes]:
        """From, Subject and Date of the newest mails in *folder*, none older than *days*, *most* at most.

        EXAMINE and BODY.PEEK leave every flag as it is (RFC 9051 §6.3.3, §6.4.5). Raises OSError.
        """
        self.stream.deadline = deadline
        since = time.strftime("%d-%b-%Y", time.gmtime(time.time() - days * 86400))
        with self._errors_as_ours():
            self._client.examine(f'"{folder}"')
            _, found = self._client.search(None, "SINCE", since)
            numbers = [number for row in found or () if row for number in row.split()][-most:]
            if not numbers:
                return []
            wanted = ",".join(number.decode("ascii") for number in numbers)
            _, parts = self._client.fetch(wanted, "(BODY.PEEK[HEADER.FIELDS (FROM SUBJECT DATE)])")
        return [part[1] for part in parts or () if isinstance(part, tuple)]

    def has_ended(self) -> bool:
        return bool(self._client.farewell()) or not self._client.rdth.is_alive()

    def say_goodbye(self) -> None:
        self.stream.sendall(b"bye LOGOUT\r\n")

    def close(self) -> None:
        super().close()
        self._client.end_threads()
