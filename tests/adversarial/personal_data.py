"""Sixty kinds of personal data, as servers, files and people bring them, and what of each must not be seen again."""

from __future__ import annotations

import base64
import quopri
import urllib.parse
from typing import NamedTuple

LOCAL, DOMAIN = "zoe.quimby", "quimbyworks.example"
ADDRESS = f"{LOCAL}@{DOMAIN}"
OWN_NAME, OWN_ADDRESS, OWN_HOME, OWN_ACCOUNT = "zq-notebook-77", "10.77.66.55", "/home/zquimby", "zquimby"


class Kind(NamedTuple):
    """One kind: words that hold it, and those that tell it."""

    name: str
    words: str
    needles: tuple[str, ...]
    of_person: bool = False
    """Whether it is hidden without ``strict``, too."""


def _percent(words: str) -> str:
    return "".join(f"%{octet:02X}" for octet in words.encode())


def _base64(words: str) -> str:
    return base64.b64encode(words.encode()).decode()


def _wide(words: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in words)


JWT = f"eyJhbGciOiJIUzI1NiJ9.{_base64('{sub: zoe}').rstrip('=')}.c2lnbmF0dXJl"

PERSON = (
    Kind("address", f"user {ADDRESS} rejected", (LOCAL,), of_person=True),
    Kind("local part", f"no such user {LOCAL}", (LOCAL,), of_person=True),
    Kind("local part in capitals", "NO ZOE.QUIMBY failed", ("zoe.quimby",), of_person=True),
    Kind("another address", "see also petra.vogel@elsewhere.example", ("petra", "vogel"), of_person=True),
    Kind("display name", '"Petra Vogelsang" <pvogelsang@corp.example>', ("petra", "vogelsang"), of_person=True),
    Kind("bare display name", "From: Petra Vogelsang <pvogelsang@x.example>", ("petra", "vogelsang"), of_person=True),
    Kind("percent-encoded", f"login={_percent(ADDRESS)}", (_percent(LOCAL), LOCAL), of_person=True),
    Kind("twice percent-encoded", urllib.parse.quote(_percent(ADDRESS)), ("%257A%256F",), of_person=True),
    Kind("base64", f"AUTH PLAIN {_base64(ADDRESS)}", (_base64(ADDRESS)[:12],), of_person=True),
    Kind("base64 of SASL PLAIN", _base64(f"\0{ADDRESS}\0x"), (_base64(f"\0{ADDRESS}\0x")[:16],), of_person=True),
    Kind("quoted-printable", "=7A=6F=65=2E=71=75=69=6D=62=79", ("=7a=6f=65",), of_person=True),
    Kind("encoded word", f"=?utf-8?B?{_base64(LOCAL)}?=", (_base64(LOCAL)[:10],), of_person=True),
    Kind("character references", "".join(f"&#{ord(c)};" for c in LOCAL), ("&#122;&#111;",), of_person=True),
    Kind("hexadecimal references", "".join(f"&#x{ord(c):x};" for c in LOCAL), ("&#x7a;",), of_person=True),
    Kind("full-width", _wide(LOCAL), (_wide("zoe"),), of_person=True),
    Kind("hexadecimal", LOCAL.encode().hex(), (LOCAL.encode().hex(),), of_person=True),
    Kind("escaped", "\\u007aoe.quimby", ("oe.quimby",), of_person=True),
    Kind("home folder", f"{OWN_HOME}/mail", ("zquimby",), of_person=True),
    Kind("another home", "/home/pvogelsang/Mail", ("vogelsang",), of_person=True),
    Kind("home on macOS", "/Users/pvogelsang/Library", ("vogelsang",), of_person=True),
    Kind("Windows path", "C:\\Users\\pvogelsang\\AppData", ("vogelsang",), of_person=True),
    Kind("old Windows path", "C:/Documents and Settings/pvogelsang", ("vogelsang",), of_person=True),
    Kind("account at a computer", f"{OWN_ACCOUNT}@{OWN_NAME}", ("zquimby", "zq-notebook"), of_person=True),
    Kind("account of a domain", f"QWORKS\\{OWN_ACCOUNT}", ("zquimby",), of_person=True),
    Kind("own host name", f"EHLO {OWN_NAME}", (OWN_NAME,), of_person=True),
    Kind("own full host name", f"HELO {OWN_NAME.upper()}.{DOMAIN}", (OWN_NAME,), of_person=True),
    Kind("own IPv4 address", f"Client host [{OWN_ADDRESS}]", (OWN_ADDRESS,), of_person=True),
    Kind("public IPv4 address", "your IP 198.51.100.201 is listed", ("198.51.100.201",), of_person=True),
    Kind("public IPv6 address", "from [2001:db8:77:66::55]:41", ("2001:db8:77",), of_person=True),
    Kind("IPv6 address with MAC", "fe80::21a:2bff:fe3c:4d5e%wlan0", ("21a:2bff", "3c:4d5e"), of_person=True),
    Kind("mapped address", "::ffff:198.51.100.202", ("198.51.100.202",), of_person=True),
    Kind("dial-up name", "p5b0a7766.dip.isp.example [91.10.119.102]", ("p5b0a7766", "91.10.119"), of_person=True),
    Kind("MAC", "mac=00:1a:2b:3c:4d:5e", ("00:1a:2b",), of_person=True),
    Kind("MAC with hyphens", "00-1A-2B-3C-4D-5F", ("00-1a-2b",), of_person=True),
    Kind("proxy with credentials", "http://pvogelsang:geheim77@proxy:3128", ("vogelsang", "geheim77"), of_person=True),
    Kind("JWT", f"Authorization: {JWT}", (JWT[:30], JWT[-12:]), of_person=True),
    Kind("bearer token", "Bearer ya29.A0ARrdaM-xyz_77qq", ("a0arrdam", "ya29"), of_person=True),
)  # fmt: skip
COMPANY = (
    Kind("name", "the mailbox of Petra Vogelsang is locked", ("petra", "vogelsang")),
    Kind("name that is a word", "ask Mark Vogelsang or Vogelsang Rose", ("mark v", "vogelsang", "rose")),
    Kind("Chinese name", "您的账号已被锁定，请联系管理员王晓明", ("王晓", "晓明")),
    Kind("Cyrillic name", "Учетная запись Вогельзанг заблокирована", ("вогельзанг",)),
    Kind("phone", "call +49 89 7766-5544", ("7766", "5544")),
    Kind("phone without a code", "Tel. 089/77665544", ("77665544",)),
    Kind("extension", "ask the help desk (ext. 7766)", ("7766",)),
    Kind("staff number", "staff no. P-776655", ("776655",)),
    Kind("number of an account", "IBAN DE89370400440532013000", ("de8937", "0532013")),
    Kind("company", "220 Quimbyworks Holding AG mail", ("quimbyworks", "holding")),
    Kind("domain", f"{DOMAIN} is unknown", ("quimbyworks",)),
    Kind("internal server", "mx-muc-07.quimbyworks.example ready", ("mx-muc", "quimbyworks")),
    Kind("internal suffix", "dc01.ad.qworks.local", ("qworks", "dc01")),
    Kind("IDN", "mail.quimbywörks.example", ("quimbyw",)),
    Kind("punycode", "mail.xn--quimbywrks-kcb.example", ("quimbyw",)),
    Kind("tenant", "quimbyworks-example.mail.protection.outlook.com", ("quimbyworks",)),
    Kind("server's address", "connect to 203.0.113.177 port 993", ("203.0.113.177",)),
    Kind("inner address", "via 172.20.77.66", ("172.20.77",)),
    Kind("name with an address", "ip-10-20-77-66.ec2.internal", ("10-20-77",)),
    Kind("reverse name", "177.113.0.203.in-addr.arpa", ("177.113.0.203",)),
    Kind("UNC", "\\\\qwfiles07\\home$\\x", ("qwfiles07",)),
    Kind("temporary folder", "/tmp/diagnose-lab-q7w7z/hosts", ("q7w7z",)),
    Kind("cookie", "Set-Cookie: QWSESS=77aa66bb55cc; path=/", ("qwsess", "77aa66")),
    Kind("session id", "https://webmail.quimbyworks.example/?sid=a7b6c5d4e3f2", ("a7b6c5", "quimbyworks")),
    Kind("path of a page", "https://outlook.office.com/owa/quimbyworks/", ("quimbyworks",)),
    Kind("Wi-Fi", "SSID Quimbyworks-Guest", ("quimbyworks",)),
    Kind("certificate subject", "CN=Quimbyworks CA 07,O=Quimbyworks,L=Vogelstadt", ("quimbyworks", "vogelstadt")),
    Kind("S/MIME subject", "emailAddress=pv@quimbyworks.example,CN=Vogelsang", ("quimbyworks", "vogelsang", "pv@")),
    Kind("LDAP DN", "uid=zq77,ou=Vertrieb,dc=quimbyworks,dc=example", ("zq77", "vertrieb", "quimbyworks")),
    Kind("Message-ID", "<77a66b.55c@mx.quimbyworks.example>", ("77a66b", "quimbyworks")),
    Kind("queue id", "250 2.0.0 Ok: queued as 4FgYQz77Zz9z", ("4fgyqz",)),
    Kind("Exchange host", "[VI1PR07MB7766.eurprd07.prod.quimbyworks.com]", ("vi1pr07", "quimbyworks")),
    Kind("fingerprint", "sha256 " + "7a" * 32, ("7a7a7a",)),
    Kind("UUID", "correlation id 7a6b5c4d-1122-3344-5566-77889900aabb", ("7a6b5c4d", "77889900")),
    Kind("encoded page", _percent("Petra Vogelsang"), ("petra", "vogelsang", "%56%6f")),
    Kind("quoted-printable name", quopri.encodestring("Vögelsang Päter".encode()).decode(), ("gelsang", "=c3=b6")),
)  # fmt: skip
KINDS = PERSON + COMPANY
