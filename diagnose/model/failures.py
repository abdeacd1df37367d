"""Expected failures of the network as facts: a closed set of names, the operation, the original text."""

from __future__ import annotations

import errno
import socket
import ssl
from pathlib import Path
from typing import Literal

import msgspec

from diagnose.model.text import Text, TextError, text
from diagnose.process.first_use import one_at_a_time

FailureName = Literal[
    "connection_refused",
    "timed_out",
    "network_unreachable",
    "host_unreachable",
    "connection_reset",
    "connection_closed",
    "not_permitted",
    "name_not_found",
    "certificate_not_accepted",
    "tls_not_spoken",
    "tls_version_or_cipher",
    "tls_alert",
    "too_much_data",
    "malformed_reply",
    "unknown",
]
"""``connection_closed`` is an orderly end where more was due; ``not_permitted`` is this computer's own refusal."""

Operation = Literal[
    "resolve", "connect", "tls_handshake", "greeting", "capability", "starttls", "login", "mailbox", "http"
]

LONGEST_TEXT = 300
"""Characters kept of an error's own words."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, at which operation, and the words of the server or library that said so."""

    name: FailureName
    operation: Operation
    text: str = ""

    @property
    def words(self) -> Text | str:
        """What went wrong, for a sentence in any language; in the source's words where the name says too little."""
        return _WORDS.get(self.name, self.text)


_WORDS: dict[FailureName, Text] = {
    "connection_refused": text("connection refused"),
    "timed_out": text("no answer in time"),
    "network_unreachable": text("network unreachable"),
    "host_unreachable": text("host unreachable"),
    "connection_reset": text("connection reset"),
    "connection_closed": text("connection closed"),
    "not_permitted": text("not permitted on this computer"),
    "name_not_found": text("name not found"),
    "too_much_data": text("more data than there should be"),
}


class TooMuchDataError(OSError):
    """A server sent more than the bound for this exchange."""


class ClosedError(ConnectionError):
    """The other side ended the connection where more was due."""


class DeadlineError(TimeoutError):
    """The time for this step ran out."""


class NamedError(OSError):
    """A failure that has its name already, on its way through code that passes errors on."""

    def __init__(self, known: Failure) -> None:
        super().__init__(known.text)
        self.known = known


_BY_ERRNO: dict[int, FailureName] = {
    errno.ECONNREFUSED: "connection_refused",
    errno.ETIMEDOUT: "timed_out",
    errno.ENETUNREACH: "network_unreachable",
    errno.ENETDOWN: "network_unreachable",
    errno.EADDRNOTAVAIL: "network_unreachable",
    errno.EAFNOSUPPORT: "network_unreachable",
    errno.EHOSTUNREACH: "host_unreachable",
    errno.EHOSTDOWN: "host_unreachable",
    errno.ECONNRESET: "connection_reset",
    errno.ECONNABORTED: "connection_reset",
    errno.EPIPE: "connection_reset",
    errno.EPERM: "not_permitted",
    errno.EACCES: "not_permitted",
}

_TLS_NOT_SPOKEN = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER")
_TLS_VERSION = (
    "UNSUPPORTED_PROTOCOL",
    "PROTOCOL_VERSION",
    "HANDSHAKE_FAILURE",
    "NO_SHARED_CIPHER",
    "NO_CIPHERS_AVAILABLE",
    "INSUFFICIENT_SECURITY",
    "KEY_TOO_SMALL",
    "MD_TOO_WEAK",
    "NO_SUITABLE_SIGNATURE_ALGORITHM",
    "VERSION_TOO_LOW",
    "INAPPROPRIATE_FALLBACK",
)


def _tls_name(error: ssl.SSLError) -> FailureName:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate_not_accepted"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "connection_closed"
    reason = (error.reason or str(error)).upper().replace(" ", "_")
    if any(part in reason for part in _TLS_NOT_SPOKEN):
        return "tls_not_spoken"
    if any(part in reason for part in _TLS_VERSION):
        return "tls_version_or_cipher"
    if "UNEXPECTED_EOF" in reason:
        return "connection_closed"
    return "tls_alert"


def failure_name(error: BaseException) -> FailureName:
    """The name for *error*; the most specific match wins, and what no rule knows is ``unknown``."""
    name: FailureName = "unknown"
    if isinstance(error, NamedError):
        name = error.known.name
    elif isinstance(error, TooMuchDataError):
        name = "too_much_data"
    elif isinstance(error, TimeoutError):  # socket.timeout and DeadlineError are of this kind
        name = "timed_out"
    elif isinstance(error, ssl.SSLError):
        name = _tls_name(error)
    elif isinstance(error, socket.gaierror):
        name = "name_not_found"
    elif isinstance(error, ClosedError | EOFError):
        name = "connection_closed"
    elif isinstance(error, OSError) and error.errno is not None:
        name = _BY_ERRNO.get(error.errno, "unknown")
    elif isinstance(error, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
        name = "connection_reset"
    return name


def failure(error: BaseException, operation: Operation) -> Failure:
    """*error*, raised while doing *operation*, as a fact."""
    words = (error.strerror if isinstance(error, OSError) and error.strerror else str(error)) or type(error).__name__
    return Failure(name=failure_name(error), operation=operation, text=words[:LONGEST_TEXT])


_NO_MEMORY = text("this computer has too little memory left for this program")
_NO_FILE = text("this computer lets this program open no further file or connection")
_SHORTAGES = {errno.EMFILE: _NO_FILE, errno.ENFILE: _NO_FILE, errno.ENOMEM: _NO_MEMORY}
NO_THREAD = text("this computer lets no further thread start")


def _shortage(error: BaseException) -> Text | None:
    """What this computer has too little of, where that is what *error* says."""
    if isinstance(error, MemoryError):
        return _NO_MEMORY
    if isinstance(error, OSError):
        return _SHORTAGES.get(error.errno or 0)
    return NO_THREAD if type(error) is RuntimeError and error.args == ("can't start new thread",) else None


class FaultError(TextError):
    """A fault that a check, or a whole run, cannot help; its sentence holds nothing that must not be shown."""


def internal_fault(error: BaseException) -> Text:
    """Type and place of *error*; neither its message nor any variable, since both may hold what must not be shown.

    What this computer lacks is no fault of ours, and told as such.
    """
    if isinstance(error, FaultError):
        return error.sentence
    if (shortage := _shortage(error)) is not None:
        return shortage
    with one_at_a_time:
        import traceback

    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return text("internal fault: {kind} in {place}", kind=type(error).__name__, place=place)
