"""The clientConfig format, and where it is looked for."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.discovery import autoconfig
from diagnose.discovery.facts import Login
from diagnose.model import Service

URL = "https://autoconfig.corp.example/mail/config-v1.1.xml"

HOSTER = """<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="hoster.example">
    <domain>hoster.example</domain>
    <displayName>Höster 邮箱</displayName>
    <incomingServer type="imap">
      <hostname>imap.hoster.example</hostname>
      <port>143</port>
      <socketType>STARTTLS</socketType>
      <username>%EMAILLOCALPART%</username>
      <authentication>password-encrypted</authentication>
      <authentication>password-cleartext</authentication>
    </incomingServer>
    <incomingServer type="imap">
      <hostname>IMAP.hoster.example.</hostname>
      <port>993</port>
      <socketType>SSL</socketType>
      <username>%EMAILADDRESS%</username>
      <authentication>OAuth2</authentication>
    </incomingServer>
    <incomingServer type="pop3">
      <hostname>pop.hoster.example</hostname>
      <port>110</port>
      <socketType>plain</socketType>
      <username>%EMAILADDRESS%</username>
      <authentication>password-cleartext</authentication>
    </incomingServer>
    <incomingServer type="jmap"><url>https://jmap.hoster.example/</url></incomingServer>
    <outgoingServer type="smtp">
      <hostname>smtp.%EMAILDOMAIN%</hostname>
      <port>465</port>
      <socketType>SSL</socketType>
      <username>alice.w</username>
      <authentication>password-cleartext</authentication>
    </outgoingServer>
    <documentation url="http://www.hoster.example/help/"><descr lang="en">How</descr></documentation>
  </emailProvider>
  <webMail><loginPage url="https://webmail.hoster.example/?d=%EMAILDOMAIN%"/></webMail>
</clientConfig>"""


def _imap(**fields: str) -> str:
    server = {"hostname": "imap.corp.example", "port": "993", "socketType": "SSL", "username": "x"} | fields
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in server.items())
    return f"<clientConfig><incomingServer type='imap'>{inner}</incomingServer></clientConfig>"


def _service(**fields: Any) -> Service:
    return Service(source="autoconfig", **fields)


def test_a_hosters_file_is_read() -> None:
    result = autoconfig.read(HOSTER, "corp.example", URL)

    assert result.status == "found"
    assert result.services == (
        _service(protocol="imap", host="imap.hoster.example", port=993, tls="implicit"),
        _service(protocol="imap", host="imap.hoster.example", port=143, tls="starttls"),
        _service(protocol="smtp", host="smtp.corp.example", port=465, tls="implicit"),
        _service(
            protocol="webmail",
            host="webmail.hoster.example",
            port=443,
            tls="implicit",
            url="https://webmail.hoster.example/?d=corp.example",
        ),
    )
    assert result.unencrypted == ("pop.hoster.example:110",)
    assert (
        Login(
            protocol="imap",
            host="imap.hoster.example",
            port=143,
            username="local-part",
            authentication=("password-encrypted", "password-cleartext"),
        )
        in result.logins
    )


def test_a_file_with_plain_sockets_alone_names_nothing() -> None:
    result = autoconfig.read(_imap(socketType="plain", port="143"), "corp.example", URL)

    assert (result.status, result.services, result.unencrypted) == ("nothing", (), ("imap.corp.example:143",))


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("%EMAILADDRESS%", "full-address"),
        ("%EMAILLOCALPART%@%EMAILDOMAIN%", "full-address"),
        ("%EMAILLOCALPART%@corp.example", "full-address"),
        ("postmaster@corp.example", "full-address"),
        ("%EMAILLOCALPART%", "local-part"),
        ("postmaster", "local-part"),
        ("CORP\\%EMAILLOCALPART%", "other"),
        ("", None),
    ],
)
def test_the_form_of_the_user_name(written: str, form: str | None) -> None:
    """A server that fills the name in itself has filled in the stand-in that it was sent."""
    assert autoconfig.login_name(written, "corp.example") == form


@pytest.mark.parametrize(
    "fields",
    [
        {"hostname": ""},
        {"hostname": "imap server"},
        {"hostname": "%EMAILLOCALPART%.corp.example"},
        {"hostname": "imap.corp.example/x"},
        {"port": "0"},
        {"port": "65536"},
        {"port": "９９３"},
        {"socketType": "sometimes"},
    ],
)
def test_an_entry_that_cannot_be_used_is_left_out(fields: dict[str, str]) -> None:
    assert autoconfig.read(_imap(**fields), "corp.example", URL).services == ()


def test_a_broken_file_has_failed_but_a_start_page_is_none() -> None:
    assert autoconfig.read("<clientConfig><incomingServer>", "corp.example", URL).status == "failed"
    assert autoconfig.read("<!doctype html><html><p>Welcome", "corp.example", URL).status == "nothing"


def test_the_real_local_part_is_never_in_a_url() -> None:
    first, second = autoconfig.own_urls("corp.example")
    assert first == "https://autoconfig.corp.example/mail/config-v1.1.xml?emailaddress=postmaster%40corp.example"
    assert "?" not in second


@pytest.mark.parametrize(
    ("mx_host", "domain", "names"),
    [
        ("mx.hoster.example", "corp.example", ("hoster.example",)),
        ("a.mail.eu.hoster.example", "corp.example", ("mail.eu.hoster.example", "eu.hoster.example", "hoster.example")),
        ("x.a.b.c.hoster.example", "corp.example", ("b.c.hoster.example", "c.hoster.example", "hoster.example")),
        ("mx.corp.example", "corp.example", ()),
        ("mx.mail.corp.example", "corp.example", ("mail.corp.example",)),
        ("mx.corp.example", "sub.corp.example", ()),
        ("hoster.example", "corp.example", ()),
        ("localhost", "corp.example", ()),
    ],
)
def test_names_of_whoever_runs_the_mx(mx_host: str, domain: str, names: tuple[str, ...]) -> None:
    assert autoconfig.parents(mx_host, domain) == names
