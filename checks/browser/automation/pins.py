"""The public keys that a Chromium may accept on our word, of certificates that the run's own handshake verified.

Chromium has its own list of authorities, to which none can be added for a while. So a server's own certificate is
handed on as an SPKI hash (RFC 7469 §2.4). First the handshake here checks its chain, name and validity against
--ca-file. An authority is never handed on, and never "accept anything".
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from diagnose.model import Deadline
from diagnose.network import Network
from diagnose.process.first_use import one_at_a_time


def public_key_pins(network: Network, places: Iterable[tuple[str, int]], deadline: Deadline) -> set[str]:
    """The SHA-256 of the SubjectPublicKeyInfo, in base64, of each host and port whose certificate is accepted here.

    What fails here has no pin, and the browser will say so.
    """
    pins = set()
    for host, port in sorted(places):
        try:
            stream = network.connect(host, port, deadline)
        except OSError:
            continue
        try:
            stream.start_tls(network.trust(), host)
            certificate = stream.tls.getpeercert(binary_form=True) if stream.tls else None
        except OSError:  # ssl.SSLError among them
            continue
        finally:
            stream.abort()
        if certificate:
            pins.add(_pin(certificate))
    return pins


def _pin(certificate: bytes) -> str:
    with one_at_a_time:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
        from cryptography.x509 import load_der_x509_certificate

    key = load_der_x509_certificate(certificate).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()
