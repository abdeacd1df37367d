"""What Autodiscover tells a stranger."""

from __future__ import annotations

import pytest

from diagnose.discovery import autodiscover

URL = "https://autodiscover.corp.example/autodiscover/autodiscover.xml"

SETTINGS = """<?xml version="1.0" encoding="utf-8" ?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
      <Protocol>
        <Type>IMAP</Type><Server>mail.corp.example</Server><Port>993</Port>
        <DomainRequired>off</DomainRequired><LoginName>postmaster@corp.example</LoginName><SPA>off</SPA><SSL>on</SSL>
        <AuthRequired>on</AuthRequired>
      </Protocol>
      <Protocol>
        <Type>POP3</Type><Server>mail.corp.example</Server><Port>110</Port><SSL>off</SSL>
      </Protocol>
      <Protocol>
        <Type>SMTP</Type><Server>mail.corp.example</Server><Port>587</Port><Encryption>TLS</Encryption><SSL>off</SSL>
      </Protocol>
      <Protocol><Type>EXCH</Type><Server>ex.corp.example</Server></Protocol>
    </Account>
  </Response>
</Autodiscover>"""

EXCHANGE_ERROR = """<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response>
    <Error Time="10:00:00.0" Id="1"><ErrorCode>600</ErrorCode><Message>Invalid Request</Message><DebugData/></Error>
  </Response>
</Autodiscover>"""


def test_a_hosters_settings_are_read() -> None:
    result = autodiscover.read(SETTINGS, "corp.example", URL)

    assert [(s.protocol, s.host, s.port, s.tls) for s in result.services] == [
        ("imap", "mail.corp.example", 993, "implicit"),
        ("smtp", "mail.corp.example", 587, "starttls"),
    ]
    assert result.unencrypted == ("mail.corp.example:110",)
    assert result.logins[0].username == "full-address"


def test_an_error_document_names_nothing_and_is_quoted() -> None:
    result = autodiscover.read(EXCHANGE_ERROR, "corp.example", URL)
    assert (result.status, result.text) == ("nothing", "Invalid Request")


@pytest.mark.parametrize(
    ("method", "ssl", "port", "mode"),
    [
        ("SSL", "off", 993, "implicit"),
        ("TLS", "on", 993, "starttls"),
        ("None", "on", 993, "none"),
        ("", "off", 143, "none"),
        ("", "", 993, "implicit"),
        ("", "on", 587, "starttls"),
        ("Auto", "off", 143, "starttls"),
        ("Auto", "", 993, "implicit"),
    ],
)
def test_the_tls_mode(method: str, ssl: str, port: int, mode: str) -> None:
    assert autodiscover.encryption(method, ssl, port) == mode
