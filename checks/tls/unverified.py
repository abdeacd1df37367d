"""A TLS handshake that accepts any certificate, to learn what a server sends; nothing is sent after it."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING

from diagnose.model import ClosedError, Deadline
from diagnose.network import Network, Stream
from diagnose.process.first_use import one_at_a_time

if TYPE_CHECKING:
    from OpenSSL import SSL


def unverified_handshake(stream: Stream, host: str, *, legacy: bool) -> tuple[str, list[bytes]]:
    """Version and sent chain (DER, leaf first) of a handshake that accepts any certificate; nothing is sent after it.

    With *legacy* old versions and weak ciphers are taken too. Raises OSError.
    """
    with one_at_a_time:
        from OpenSSL import SSL, crypto

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE)
    if legacy:
        context.set_min_proto_version(0)
        context.set_cipher_list(b"ALL:@SECLEVEL=0")
    connection = SSL.Connection(context, None)
    if not host.replace(".", "").replace(":", "").isdigit():
        connection.set_tlsext_host_name(host.encode("ascii", "ignore"))
    connection.set_connect_state()
    try:
        while True:
            try:
                connection.do_handshake()
                break
            except SSL.WantReadError:
                _flush(connection, stream)
                data = stream.recv(16384)
                if not data:
                    raise ClosedError("closed in the handshake") from None
                connection.bio_write(data)
    except SSL.Error as error:
        raise ConnectionError(f"handshake: {error}") from error
    chain = connection.get_peer_cert_chain() or []
    sent = [crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in chain]
    return connection.get_protocol_version_name(), sent


def client_hello(host: str) -> bytes:
    """What a client says first in a TLS handshake with *host*."""
    out = ssl.MemoryBIO()
    conversation = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(ssl.MemoryBIO(), out, server_hostname=host)
    with contextlib.suppress(ssl.SSLWantReadError):
        conversation.do_handshake()
    return out.read()


def _flush(connection: SSL.Connection, stream: Stream) -> None:
    with one_at_a_time:
        from OpenSSL import SSL

    try:
        while data := connection.bio_read(16384):
            stream.sendall(data)
    except SSL.WantReadError:
        pass


def unverified_stream(network: Network, host: str, port: int, deadline: Deadline) -> Stream:
    """A TLS connection that accepts any certificate, for what is public and proves nothing. Raises OSError.

    No secret and no name of a person may go over it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    stream = network.connect(host, port, deadline)
    try:
        stream.start_tls(context, host)
    except BaseException:
        stream.abort()
        raise
    return stream
