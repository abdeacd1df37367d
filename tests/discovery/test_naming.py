"""Names, pages and order."""

from __future__ import annotations

import pytest

from diagnose.discovery.naming import host_name, in_order, service_at
from diagnose.model import Service
from diagnose.model.protocols import ProtocolName, TlsMode


@pytest.mark.parametrize(
    ("written", "host"),
    [
        (" Mail.Corp.Example. ", "mail.corp.example"),
        ("邮箱.example", "xn--c0zu34b.example"),
        ("Straße.example", "xn--strae-oqa.example"),
        ("例子。example", "xn--fsqu00a.example"),
        ("XN--C0ZU34B.example", "xn--c0zu34b.example"),
        ("mail_1.corp.example", "mail_1.corp.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("", None),
        ("a b.example", None),
        ("a..example", None),
        ("-a.example", None),
        ("mail.example:993", None),
        ("mail.example\r\nX", None),
        ("a" * 64 + ".example", None),
        (".".join(["abcdefgh"] * 40), None),
    ],
)
def test_host_names(written: str, host: str | None) -> None:
    assert host_name(written) == host


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Mail.corp.example/owa?x=1", ("mail.corp.example", 443, "implicit")),
        ("https://mail.corp.example:8443/", ("mail.corp.example", 8443, "implicit")),
        ("http://mail.corp.example/", ("mail.corp.example", 80, "none")),
        ("ftp://mail.corp.example/", None),
        ("javascript:alert(1)", None),
        ("https:///x", None),
        ("https://mail.corp.example:x/", None),
        ("https://[::1", None),
        ("https://user@mail.corp.example/", None),
    ],
)
def test_webmail_addresses(url: str, expected: tuple[str, int, str] | None) -> None:
    page = service_at(url, "autoconfig")
    assert (None if page is None else (page.host, page.port, page.tls)) == expected


def test_order_and_bound() -> None:
    def service(protocol: ProtocolName, port: int, tls: TlsMode) -> Service:
        return Service(protocol=protocol, host="m.example", port=port, tls=tls, source="srv")

    several = [service("imap", port, "starttls") for port in (1, 2, 3)]
    last = service("imap", 4, "implicit")
    smtp = service("smtp", 5, "implicit")
    assert in_order([smtp, *several, last, last]) == (last, *several[:2], smtp)
