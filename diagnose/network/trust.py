"""Which certificates are accepted: the operating system's authorities, and those that the person names."""

from __future__ import annotations

import contextlib
import ssl
import sys
import threading
from pathlib import Path

from diagnose.model.text import TextError, text
from diagnose.network.coming import Coming
from diagnose.network.threads import NoThreadError, in_background
from diagnose.process.first_use import one_at_a_time
from diagnose.process.regular_file import open_regular

LARGEST_CA_FILE = 16_000_000
"""Bytes; all authorities of a system are some 200,000."""
CIPHERS = "DEFAULT:!PSK:!SRP:@SECLEVEL=2"
"""OpenSSL's own choice for TLS 1.2, which mail programs and browsers come close to.

Python's is narrower: without RSA key exchange and SHA-1 as HMAC it finds nothing in common with servers that they use.
"""
_begun: list[Coming[ssl.SSLContext | None]] = []
"""What `read_system_ahead` has begun, for one taker each: who takes a context may add authorities to it."""


class CaFileError(TextError):
    """The file given as additional authorities cannot be used."""

    about = "ca-file"


def trust_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """A client context that verifies chain and host name against the system's store plus *ca_file* (PEM).

    TLS 1.2 is the oldest version taken (RFC 8996), with `CIPHERS`. A subject's common name is no host name (RFC 9525
    §6.2). Raises CaFileError.
    """
    context = _read_ahead() or _of_openssl() or _of_system()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.hostname_checks_common_name = False
    if ca_file is not None:
        _add(context, ca_file)
    return context


def read_system_ahead() -> None:
    """Begin to read the system's authorities; the next `trust_context` takes them. Without a thread nothing is begun.

    That takes 20 ms and more, which hardly hold the interpreter up.
    """
    with contextlib.suppress(NoThreadError):
        _begun.append(in_background(_of_openssl, "read system's authorities"))


def is_shared(context: ssl.SSLContext) -> bool:
    """Whether *context* does any number of handshakes at once; truststore's do one at a time."""
    return type(context) is ssl.SSLContext


class Authorities:
    """What the connections of one network are verified by; read once, and in a thread where there is one."""

    def __init__(self, ca_file: Path | None = None) -> None:
        """Read nothing but *ca_file*. Raises CaFileError where that cannot be used."""
        if ca_file is not None:
            _add(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ca_file)
        self._ca_file = ca_file
        self._lock = threading.Lock()
        self._read: Coming[ssl.SSLContext] | None = None

    def read_ahead(self) -> None:
        """Begin to read; without a thread they are read when they are needed."""
        with self._lock, contextlib.suppress(NoThreadError):
            if self._read is None:
                self._read = in_background(lambda: trust_context(self._ca_file), "read authorities")

    def context(self) -> ssl.SSLContext:
        """A verifying context: one for all connections, where one can do several handshakes at a time."""
        return self.of_all() or trust_context(self._ca_file)

    def of_all(self) -> ssl.SSLContext | None:
        """The one for all connections; None where each needs its own."""
        self.read_ahead()
        first = self._read.result() if self._read is not None else None
        return first if first is not None and is_shared(first) else None


def _read_ahead() -> ssl.SSLContext | None:
    try:
        return _begun.pop().result()
    except IndexError:
        return None


def _of_openssl() -> ssl.SSLContext | None:
    """The system's authorities where they are in the one file that OpenSSL reads; None elsewhere.

    truststore reads that file, 20 ms of work and more, again for every connection.
    """
    if sys.platform in {"darwin", "win32"} or not ssl.get_default_verify_paths().cafile:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_default_verify_paths()
    return context if context.cert_store_stats()["x509_ca"] else None


def _of_system() -> ssl.SSLContext:
    with one_at_a_time:
        import truststore

    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return context


def _add(context: ssl.SSLContext, ca_file: Path) -> None:
    try:
        with open_regular(ca_file) as stream:
            content = stream.read(LARGEST_CA_FILE + 1)
        if len(content) > LARGEST_CA_FILE:
            raise ssl.SSLError("too large")  # noqa: TRY301 - said as one that holds none
        context.load_verify_locations(cadata=content.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError) as error:
        raise CaFileError(text("{file} holds no certificate in PEM form", file=str(ca_file))) from error
    except OSError as error:
        sentence = text("{file} cannot be read: {words}", file=str(ca_file), words=error.strerror)
        raise CaFileError(sentence) from error
