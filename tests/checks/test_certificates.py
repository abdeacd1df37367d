"""Certificates: which names they cover, what they say, and that no certificate is a fault of the program."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.tls.certificates import CertificateFacts, name_matches, organisations, read_certificate, seconds_at
from checks.tls.unverified import unverified_handshake
from diagnose.model import Deadline
from diagnose.network import Stream
from tests.machine import lacking

CA = trustme.CA(organization_name="Corp Trust")
LEAF = CA.issue_cert("mail.corp.example", "*.corp.example", "192.0.2.1", "2001:db8::1", "xn--pst-sna.example")
DER = x509.load_pem_x509_certificate(LEAF.cert_chain_pems[0].bytes()).public_bytes(Encoding.DER)
VERSION = b"\xa0\x03\x02\x01"
"""What stands before the version's own byte."""


@pytest.mark.parametrize(
    ("host", "names", "covered"),
    [
        ("mail.corp.example", ("mail.corp.example",), True),
        ("MAIL.Corp.Example", ("mail.corp.example",), True),
        ("mail.corp.example.", ("mail.corp.example",), True),
        ("mail.corp.example", ("Mail.CORP.example.",), True),
        ("mail.corp.example", ("imap.corp.example", "mail.corp.example"), True),
        ("mail.corp.example", ("*.corp.example",), True),
        ("corp.example", ("*.corp.example",), False),
        ("a.mail.corp.example", ("*.corp.example",), False),
        ("mail.corp.example", ("*.example",), False),
        ("corp.example", ("*.example",), False),
        ("corp", ("*",), False),
        ("mail.corp.example", ("*",), False),
        ("mail.corp.example", ("*.*.example",), False),
        ("mail.corp.example", ("m*.corp.example",), False),
        ("mail.corp.example", ("mail.*.example",), False),
        ("mail.corp.example", (), False),
        ("evilmail.corp.example", ("mail.corp.example",), False),
        ("mail.corp.example.evil.example", ("mail.corp.example",), False),
        ("xn--pst-sna.example", ("xn--pst-sna.example",), True),
        ("mail.xn--pst-sna.example", ("*.xn--pst-sna.example",), True),
        ("192.0.2.1", ("192.0.2.1",), True),
        ("192.0.2.1", ("*.0.2.1",), False),
        ("192.0.2.10", ("192.0.2.1",), False),
        ("2001:db8::1", ("2001:db8::1",), True),
        ("[2001:DB8:0::1]", ("2001:db8::1",), True),
        ("2001:db8::2", ("2001:db8::1",), False),
    ],
)
def test_names_cover_hosts(host: str, names: tuple[str, ...], covered: bool) -> None:
    """RFC 9525 §6.3: a wildcard is the whole leftmost label and stands for one; addresses match as addresses."""
    assert name_matches(host, names) == covered


@pytest.mark.parametrize(
    "host", ["mail.corp.example", "other.corp.example", "192.0.2.1", "2001:db8::1", "xn--pst-sna.example"]
)
def test_our_reading_agrees_with_openssl(host: str) -> None:
    """What a verified handshake accepts, our explanation must not call another name's, and the other way round."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    LEAF.configure_cert(server)
    CA.configure_trust(client)
    names = read_certificate(DER)
    assert names is not None
    for name, fits in ((host, True), ("a.b.corp.example", False), ("corp.example", False)):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        ours = client.wrap_bio(incoming, outgoing, server_hostname=name)
        theirs = server.wrap_bio(outgoing, incoming, server_side=True)
        accepted = None
        for _ in range(6):
            for side in (ours, theirs):
                try:
                    side.do_handshake()
                    accepted = True if side is ours else accepted
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLCertVerificationError:
                    accepted = False
                except ssl.SSLError:
                    pass
            if accepted is not None:
                break
        assert (accepted, name_matches(name, names.names)) == (fits, fits)


def test_what_a_certificate_says() -> None:
    """Names and addresses, issuer, time, and whether it is its own issuer."""
    leaf = read_certificate(DER)
    root = read_certificate(x509.load_pem_x509_certificate(CA.cert_pem.bytes()).public_bytes(Encoding.DER))

    assert leaf is not None
    assert root is not None
    assert leaf.names == ("mail.corp.example", "*.corp.example", "xn--pst-sna.example", "192.0.2.1", "2001:db8::1")
    assert (leaf.issuer, leaf.self_signed, root.self_signed) == (root.subject, False, True)
    assert leaf.not_before < leaf.not_after
    assert len(leaf.sha256) == 64
    assert organisations(leaf.issuer) == {"corp trust"}


@pytest.mark.parametrize(
    ("name", "found"),
    [("CN=x,O=Corp,C=DE", {"corp"}), ("O=A,O=b", {"a", "b"}), ("CN=O=x", set()), ("", set()), ("OU=x", set())],
)
def test_organisations_of_a_name(name: str, found: set[str]) -> None:
    """Only O, in any letter case."""
    assert organisations(name) == found


@settings(max_examples=500, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), max_size=3), cut=st.integers(0, 9)
)
def test_no_certificate_is_an_exception(changes: list[tuple[int, int]], cut: int) -> None:
    """Facts, or none."""
    mutant = bytearray(DER)
    for place, value in changes:
        mutant[place] = value

    found = read_certificate(bytes(mutant[: len(mutant) - cut]))

    assert found is None or isinstance(found, CertificateFacts)


@pytest.mark.parametrize("version", [0, 3, 9, 127])
def test_an_unknown_version_is_no_certificate(version: int) -> None:
    """Or one that is read as far as it goes."""
    mutant = DER.replace(VERSION + b"\x02", VERSION + bytes([version]), 1)
    assert mutant != DER
    found = read_certificate(mutant)
    assert found is None or isinstance(found, CertificateFacts)


def test_an_odd_certificate_prints_nothing() -> None:
    """A negative serial number makes the library warn; standard error is for our own words."""
    place = DER.index(VERSION + b"\x02") + len(VERSION) + 3
    mutant = bytearray(DER)
    mutant[place] |= 0x80
    code = (
        f"import sys, diagnose.cli as cli, diagnose.__main__ as command; from checks.tls.certificates import "
        f"read_certificate; cli.run = lambda _: (read_certificate(bytes.fromhex('{mutant.hex()}')), 0)[1]; "
        "sys.argv[1:] = ['corp.example']; command.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert done.stderr == ""


@pytest.mark.parametrize("version", [2, 9], ids=["a plain one", "one that is none"])
def test_a_handshake_brings_whatever_was_sent(version: int, tmp_path: Path) -> None:
    """The chain as sent, leaf first, without judging it; what cannot be read is left for the reader to say."""
    mutant = DER.replace(VERSION + b"\x02", VERSION + bytes([version]), 1)
    file = tmp_path / "server.pem"
    file.write_bytes(LEAF.private_key_pem.bytes() + ssl.DER_cert_to_PEM_cert(mutant).encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(file)
    except ssl.SSLError:
        lacking("an OpenSSL that sends such a certificate", excused=True)
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with contextlib.suppress(OSError), context.wrap_socket(theirs, server_side=True) as secured:  # left half-way
            secured.recv(1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    stream = Stream(ours, Deadline(30), peer="local")
    tls, chain = unverified_handshake(stream, "mail.corp.example", legacy=False)
    stream.abort()
    thread.join(30)

    assert tls == "TLSv1.3"
    assert chain == [mutant]


@given(st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)))
def test_dates_are_read_as_the_library_reads_them(moment: datetime) -> None:
    """In the form that OpenSSL gives them, whatever language the computer speaks."""
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][moment.month - 1]
    words = f"{month} {moment.day:2} {moment:%H:%M:%S} {moment.year} GMT"

    assert seconds_at(words) == ssl.cert_time_to_seconds(words)


@pytest.mark.parametrize("words", ["Nov 31 09:00:00 2026 GMT", "Nov 30 23:59:60 2026 GMT", "Nov 03 09:00:00 2026 GMT"])
def test_dates_that_are_none_are_read_likewise(words: str) -> None:
    assert seconds_at(words) == ssl.cert_time_to_seconds(words)


@pytest.mark.parametrize("words", ["", "Nov 30", "Nov 41 09:00:00 2026 GMT", "Nov 30 09:00:00.5 2026 GMT", "Now"])
def test_what_is_no_date_is_told(words: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        seconds_at(words)
