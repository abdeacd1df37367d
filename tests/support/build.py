"""The person whose login is diagnosed in tests, and the servers of their mailbox."""

from __future__ import annotations

from diagnose.model import Service, Subject
from diagnose.model.protocols import ProtocolName, TlsMode
from diagnose.model.targets import Source

DOMAIN = "corp.example"
SUBJECT = Subject(domain=DOMAIN, address=f"alice@{DOMAIN}", username=f"alice@{DOMAIN}")


def service(
    protocol: ProtocolName = "imap",
    port: int = 993,
    tls: TlsMode = "implicit",
    source: Source = "option",
    *,
    host: str = f"mail.{DOMAIN}",
) -> Service:
    return Service(protocol=protocol, host=host, port=port, tls=tls, source=source)
