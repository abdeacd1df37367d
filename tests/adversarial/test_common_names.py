"""The name of a server stands in subjectAltName, or nowhere (RFC 9525 §6.2)."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest
import trustme

from diagnose.network.trust import trust_context


def test_a_common_name_is_no_host_name(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(common_name="mail.corp.example").configure_cert(context)
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with theirs, pytest.raises(ssl.SSLError):
            context.wrap_socket(theirs, server_side=True)

    thread = threading.Thread(target=serve)
    thread.start()
    with ours, pytest.raises(ssl.SSLCertVerificationError) as refused:
        trust_context(tmp_path / "ca.pem").wrap_socket(ours, server_hostname="mail.corp.example")
    thread.join(10)

    assert refused.value.verify_code == 62  # X509_V_ERR_HOSTNAME_MISMATCH
