"""JMAP (RFC 8620, RFC 8621): its session resource, asked for by http.client on a connection of ours."""

from __future__ import annotations

import base64
import contextlib
import http.client
import urllib.parse
from collections.abc import Iterator
from typing import Any

import msgspec

from checks.sessions.session import (
    MOST_LINES,
    Credentials,
    MailSession,
    Reply,
    Resource,
    StrangerError,
    TurnedAwayError,
    UnaskedError,
    next_byte,
    shown,
    time_for_more,
)
from diagnose import __version__
from diagnose.model import ClosedError, Deadline, Subject, TooMuchDataError
from diagnose.network import Stream
from diagnose.process.first_use import decode, lazy_pattern

CORE = "urn:ietf:params:jmap:core"
MAIL = "urn:ietf:params:jmap:mail"
SUBMISSION = "urn:ietf:params:jmap:submission"
WITHOUT_MAIL = "the session names no account with the capability"
"""Words for a session object that permits no reading, or no sending; HTTP has no reply that says so."""
MOST_REDIRECTS = 5
LARGEST_BODY = 1_000_000
READ_OF_BODY = 32_768
"""Bytes of a page or problem (RFC 9457) that are read beside the status; it is cut once the secret is masked in it."""
ANYTHING = ("BASIC", "BEARER")
"""What is tried with a server that asks for credentials and does not say for which (against RFC 9110 §11.6.1)."""
ASKS = 401
ABSENT = {404, 405, 410, 501}
"""Status codes of a server that knows no such resource."""
REDIRECTS = {301, 302, 303, 307, 308}
_SCHEME = lazy_pattern(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]{1,30})(?=\s+[A-Za-z0-9._~+/-]|\s*(?:,|$))")


class _Account(msgspec.Struct, frozen=True, rename="camel"):
    account_capabilities: dict[str, Any] | None = None
    """Cyrus says null of an account without a mailbox."""


class _SessionObject(msgspec.Struct, frozen=True, rename="camel"):
    """What RFC 8620 §2 has in it, as far as it matters here."""

    capabilities: dict[str, Any]
    api_url: str
    accounts: dict[str, _Account] = {}


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    line: str
    """Version, status and reason, as sent."""
    challenges: tuple[str, ...]
    """The WWW-Authenticate headers."""
    location: str | None
    kind: str
    """The media type."""
    body: bytes

    @property
    def words(self) -> bytes:
        """Status, challenges and the beginning of what was sent, as one reply."""
        wanted = self.body[:READ_OF_BODY] if "json" in self.kind or "text" in self.kind else b""
        head = [self.line, *(f"WWW-Authenticate: {one}" for one in self.challenges)]
        return _octets("\n".join(head)) + (b"\n" + wanted.strip() if wanted.strip() else b"")


def _octets(line: str) -> bytes:
    """*line* as it was sent; http.client takes every octet for a letter of Latin-1."""
    return line.encode("latin-1", "replace")


class _Client(http.client.HTTPConnection):
    """http.client on connections of ours."""

    default_port = 443

    def __init__(self, stream: Stream, resource: Resource, host: str, port: int) -> None:
        super().__init__(host, port)
        self._resource = resource
        self.deadline = stream.deadline
        self.take(stream)

    def take(self, stream: Stream) -> None:
        """Go on with *stream*."""
        self.sock: Any = stream  # has what http.client uses of a socket
        stream.most_lines = MOST_LINES

    def connect(self) -> None:
        """Called by http.client where the server ended the connection before."""
        self.take(self._resource.connect(self.host, self.port, self.deadline))

    @property
    def stream(self) -> Stream | None:
        return self.sock if isinstance(self.sock, Stream) else None


class JmapSession(MailSession):
    """The session resource, with and without credentials."""

    protocol = "jmap"

    def __init__(self, stream: Stream, deadline: Deadline, resource: Resource | None = None) -> None:
        """Ask without credentials, which tells what a login needs. Raises OSError, TurnedAwayError, StrangerError."""
        if resource is None:
            raise ValueError("a session in HTTP has to be told its address")
        self.stream = stream
        stream.deadline = deadline
        self._resource = resource
        self._url = resource.url
        place = urllib.parse.urlsplit(self._url)
        self._client = _Client(stream, resource, place.hostname or "", place.port or 443)
        self._object: _SessionObject | None = None
        answer = self._follow()
        self.said = answer.line
        self._take(answer)

    def _take(self, answer: _Answer) -> None:
        if answer.status == ASKS:
            named = [name.upper() for line in answer.challenges for name in _SCHEME.findall(line)]
            self._offered = tuple(dict.fromkeys(named)) or ANYTHING
            return
        self._offered = ()
        self._object = _session_object(answer)
        self.logged_in = self._object is not None
        if self.logged_in:
            return
        if 200 <= answer.status < 300 or answer.status in ABSENT:
            raise StrangerError(shown(answer.words))
        raise TurnedAwayError(shown(answer.words))

    def _follow(self) -> _Answer:
        """The answer at the end of all redirects: over verified TLS, or none (RFC 8620 §2.2)."""
        for _ in range(MOST_REDIRECTS):
            answer = self._ask()
            if answer.status not in REDIRECTS or not answer.location:
                return answer
            self._url = self._led_to(answer)
        raise TurnedAwayError(f"{answer.line}: more than {MOST_REDIRECTS} redirects")

    def _led_to(self, answer: _Answer) -> str:
        """Where *answer* leads, a connection to there made. Raises TurnedAwayError where that is no https address."""
        url = answer.location or ""
        try:
            url = urllib.parse.urljoin(self._url, url)
            place = urllib.parse.urlsplit(url)
            host, port = place.hostname, place.port or 443
        except ValueError:
            host, port = None, 443
        if host is None or place.scheme != "https" or place.username is not None:
            raise TurnedAwayError(f"{answer.line}: leads to {url[:300]}, which is not HTTPS")
        if (host, port) != (self._client.host, self._client.port):
            self._client.close()
            deadline = self.stream.deadline
            self.stream = self._resource.connect(host, port, deadline)
            self.stream.deadline = deadline
            self._client = _Client(self.stream, self._resource, host, port)
        return url

    def _ask(self, authorization: bytes | None = None) -> _Answer:
        """GET the resource. Raises OSError."""
        place = urllib.parse.urlsplit(self._url)
        path = urllib.parse.urlunsplit(("", "", place.path or "/", place.query, ""))
        headers: dict[str, str | bytes] = {"Accept": "application/json", "User-Agent": f"diagnose/{__version__}"}
        if authorization is not None:
            headers["Authorization"] = authorization
        self._client.deadline = self.stream.deadline
        with _errors_as_ours():
            if self._client.stream is None:
                self._client.connect()
            if self._client.stream is not None:
                self.stream = self._client.stream
                self.stream.deadline = self._client.deadline
            if authorization is not None:
                self.secret_is_out = True
            self._client.request("GET", path, headers=headers)
            response = self._client.getresponse()
            body = response.read(LARGEST_BODY + 1)
            if len(body) > LARGEST_BODY:
                raise TooMuchDataError(f"more than {LARGEST_BODY} bytes")
            version = "HTTP/1.0" if response.version == 10 else "HTTP/1.1"
            return _Answer(
                status=response.status,
                line=f"{version} {response.status} {response.reason}".rstrip(),
                challenges=tuple(value[:500] for value in (response.headers.get_all("WWW-Authenticate") or ())[:10]),
                location=response.headers.get("Location"),
                kind=response.headers.get_content_type(),
                body=body,
            )

    @property
    def starttls(self) -> bool:
        return False

    @property
    def mechanisms(self) -> tuple[str, ...]:
        return self._offered

    def ask_for_tls(self, deadline: Deadline) -> str:
        """HTTP has none of that."""
        return "HTTP has no STARTTLS"

    def after_tls(self, deadline: Deadline) -> None:
        """Nothing was said in clear."""

    def log_in(self, credentials: Credentials, mechanism: str) -> Reply:
        """The resource once more, with credentials; a redirect is followed with them on the same server alone."""
        self._drop_what_has_ended()
        secret = credentials.secret.reveal().encode("utf-8", "surrogateescape")
        if mechanism == "BEARER":
            authorization = b"Bearer " + secret
        else:  # RFC 7617 §2
            authorization = b"Basic " + base64.b64encode(credentials.username.encode() + b":" + secret)
        answer = self._ask(authorization)
        for _ in range(MOST_REDIRECTS):
            if answer.status not in REDIRECTS or not answer.location:
                break
            url = urllib.parse.urljoin(self._url, answer.location)
            if urllib.parse.urlsplit(url)[:2] != urllib.parse.urlsplit(self._url)[:2]:
                raise ClosedError(f"{answer.line}: leads to {url[:300]}")
            self._url = url
            answer = self._ask(authorization)
        self._object = _session_object(answer)
        if self._object is not None:
            self.capabilities = tuple(self._object.capabilities)
            return Reply(ok=True, words=answer.line)
        if answer.status < 400:
            raise ClosedError(shown(_octets(f"{answer.line}: no JMAP session, but {answer.kind}")))
        return Reply(ok=False, words=shown(answer.words, credentials.secret))

    def _drop_what_has_ended(self) -> None:
        """Forget a connection that the server has ended. Raises UnaskedError where it has something to say instead."""
        if (stream := self._client.stream) is None:
            return
        byte = next_byte(stream, time_for_more(stream))
        if byte:
            raise UnaskedError
        if byte is not None:
            self._client.close()

    def open_mailbox(self, deadline: Deadline) -> Reply:
        """Whether an account of the session has mail (RFC 8621 §1.3.1); nothing is asked for that."""
        return self._has(MAIL)

    def forms_of(self, subject: Subject) -> tuple[str, ...]:
        """The address as it is: JMAP carries any (RFC 8621 §4.1.2.3)."""
        return tuple(filter(None, [subject.address]))

    def try_sender(self, address: str) -> Reply:
        """Whether an account of the session may send (RFC 8621 §1.3.2); whether as *address* is not asked."""
        return self._has(SUBMISSION)

    def _has(self, capability: str) -> Reply:
        accounts = self._object.accounts.values() if self._object is not None else ()
        there = any(capability in (account.account_capabilities or {}) for account in accounts)
        return Reply(ok=there, words=capability if there else f"{WITHOUT_MAIL} {capability}")

    def say_goodbye(self) -> None:
        """HTTP ends without."""


def _session_object(answer: _Answer) -> _SessionObject | None:
    """The session that *answer* holds; None where it holds none."""
    if answer.status != 200:
        return None
    try:
        found = decode(answer.body, _SessionObject)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return found if CORE in found.capabilities else None


@contextlib.contextmanager
def _errors_as_ours() -> Iterator[None]:
    """What http.client raises, as errors of ours without its messages, which may quote what was sent."""
    try:
        yield
    except http.client.RemoteDisconnected:
        raise ClosedError("closed without an answer") from None
    except http.client.IncompleteRead:
        raise ClosedError("closed in the middle of an answer") from None
    except http.client.BadStatusLine as error:
        raise StrangerError(shown(_octets(str(error)))) from None
    except (http.client.HTTPException, ValueError) as error:
        raise ClosedError(f"not understood: {type(error).__name__}") from None
