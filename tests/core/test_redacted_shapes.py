"""What only its shape shows to be a person's or their computer's is hidden, too, and the same value has one word."""

from __future__ import annotations

import base64
import html
import quopri
import urllib.parse

import msgspec
import pytest

from diagnose.redaction.redact import COMPUTER, USER, redact
from tests.core.test_redact import OWN_ADDRESS, about, computer, shown

__all__ = ["computer"]  # the fixture: a computer with a name, an address and a home


def headline(said: str, **more: str) -> str:
    return redact(about(said=said, **more)).verdict.headline


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        ("no such user bob.m@corp.example", "no such user user-2@corp.example"),
        ("sent to Bob.M@x.example by bob.m@corp.example", "sent to user-2@x.example by user-2@corp.example"),
        ("login=carol%40corp.example", "login=user-2%40corp.example"),
        ("ask postmaster@corp.example", "ask postmaster@corp.example"),
        ("carol@[192.0.2.9]", "user-2@[198.18.0.2]"),
        ('"Carol Meier" <carol@corp.example>', "name-1 <user-2@corp.example>"),
        ("From: Carol Meier <carol@corp.example>", "From: name-1<user-2@corp.example>"),
        ("proxy http://carol:s3cret@proxy.corp.example:3128", "proxy http://token-1@proxy.corp.example:3128"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.sig-na_ture refused", "token token-1 refused"),
        ("Authorization: Bearer abcdefgh.ijk~l", "Authorization: Bearer token-1"),
        ("https://x.example/in?token=TOKENqq123&a=1", "https://x.example/in?token=token-1&a=1"),
        ("session=SESS99xyz; path=/", "session=token-1; path=/"),
        ("Cookie: JSESSIONID=0123456789ABCDEF; PHPSESSID=ab12cd34ef", "Cookie: JSESSIONID=token-1; PHPSESSID=token-2"),
        (
            "?code=0.AXoA-1b2&ticket=ST-18-aA5Yuv&access_token=ya29.a0Ab",
            "?code=token-1&ticket=token-2&access_token=token-3",
        ),
        ("AUTH=SCRAM-SHA-256 code=AADSTS50126 token=expired", "AUTH=SCRAM-SHA-256 code=AADSTS50126 token=expired"),
        ("session=terminated sid=17 hotkey=ctrl+alt+f12", "session=terminated sid=17 hotkey=ctrl+alt+f12"),
        ("mac=00:1A:2b:3c:4d:5e, 00-1a-2b-3c-4d-5e", "mac=token-1, token-1"),
        ("10:20:30", "10:20:30"),
        ("/home/carol/mail and C:\\Users\\carol\\x", "/home/user-2/mail and C:\\Users\\user-2\\x"),
        ("/Users/Shared/x, https://x.example/home/login", "/Users/Shared/x, https://x.example/home/login"),
        ("250 Hello dsl-7.isp.example [203.0.113.9]", "250 Hello computer-2 [198.18.0.2]"),
        ("Client host [203.0.113.9] blocked", "Client host [198.18.0.2] blocked"),
        ("535 5.7.8 at 12:34:56, version 156.0.8078.108", "535 5.7.8 at 12:34:56, version 156.0.8078.108"),
        ("127.0.0.1 and ::1", "127.0.0.1 and ::1"),
    ],
)
def test_shapes_of_persons_and_computers(said: str, hidden: str) -> None:
    report = about(said="")
    told = msgspec.structs.replace(report, verdict=msgspec.structs.replace(report.verdict, headline=said))
    assert redact(told).verdict.headline == hidden


NAME = "alice.b"
ADDRESS = f"{NAME}@corp.example"


@pytest.mark.parametrize(
    "said",
    [
        base64.b64encode(f"\0{ADDRESS}\0pass".encode()).decode(),
        base64.b64encode(ADDRESS.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(f"user={ADDRESS}\1auth=Bearer".encode()).decode(),
        "".join(f"%{octet:02X}" for octet in ADDRESS.encode()),
        urllib.parse.quote(urllib.parse.quote(ADDRESS).replace("a", "%61")),
        "".join(f"&#{ord(c)};" for c in ADDRESS),
        "".join(f"&#x{ord(c):x};" for c in NAME),
        html.escape(f"<{ADDRESS}>"),
        "".join(f"={octet:02X}" for octet in ADDRESS.encode()),
        quopri.encodestring(ADDRESS.encode(), quotetabs=True).decode().replace("a", "=61"),
        "".join(chr(ord(c) + 0xFEE0) if c != "." else c for c in NAME),
        ADDRESS.encode().hex(),
        "\\x61lice.b",
        "\\u0061lice.b",
        "=?utf-8?B?" + base64.b64encode(NAME.encode()).decode() + "?=",
        "=?utf-8?Q?=61lice=2Eb?=",
    ],
)
def test_a_name_is_found_in_what_encodes_it(said: str) -> None:
    """The encoded word goes as a whole, and what stands beside it stays."""
    clean = headline(f"535 5.7.8 refused: {said} (try later)")
    assert clean.startswith("535 5.7.8 refused: ")
    assert clean.endswith(" (try later)")
    assert USER in clean


@pytest.mark.parametrize("said", ["bWFsaWNlLmI=", "malice%2Eb", "=6Dalice.b", "wxyz0123456789abcdefghij"])
def test_what_encodes_another_word_stays(said: str) -> None:
    assert headline(f"refused: {said}") == f"refused: {said}"


def test_names_of_facts_are_hidden_as_their_values_are() -> None:
    report = about(said="x")
    check = msgspec.structs.replace(
        report.checks[0], facts={"by_host": {"alice.b": 1}, "alice.b": {OWN_ADDRESS: ["x"]}}
    )
    text = shown(redact(msgspec.structs.replace(report, checks=(check,))))
    assert "alice.b" not in text
    assert OWN_ADDRESS not in text
    assert '"by_host"' in text


def test_two_names_are_two_words() -> None:
    """That somebody logs in by another name than the address may be the very fault."""
    clean = redact(about(username="ab123", said="no such user ab123, alice.b"))
    assert clean.verdict.headline == f"no such user user-2, {USER}"
    assert (clean.subject.address, clean.subject.username) == (f"{USER}@corp.example", "user-2")


@pytest.mark.parametrize("username", ["alice.b@corp.example", "Alice.B", "CORP\\alice.b", "alice.b@intern.example"])
def test_one_name_is_one_word_whatever_stands_around_it(username: str) -> None:
    clean = redact(about(username=username, said="alice.b"))
    assert clean.verdict.headline == USER
    assert clean.subject.username is not None
    assert USER in clean.subject.username
    assert "user-2" not in shown(clean)


def test_computers_of_others_keep_their_words_apart() -> None:
    report = about(said="")
    said = "alices-laptop dsl-7.isp.example [203.0.113.9] dsl-8.isp.example [203.0.113.8]"
    told = msgspec.structs.replace(report, verdict=msgspec.structs.replace(report.verdict, headline=said))
    assert redact(told).verdict.headline == (f"{COMPUTER} computer-2 [198.18.0.2] computer-3 [198.18.0.3]")


@pytest.mark.parametrize(
    ("own", "hidden"),
    [
        ("10.1.2.3", "10.255.0.1"),
        ("192.168.7.8", "10.255.0.1"),
        ("100.64.9.9", "100.127.0.1"),
        ("169.254.7.7", "169.254.254.1"),
        ("fe80::21a:2bff:fe3c:4d5e", "fe80::1"),
        ("fd12:3456::1", "fd00::1"),
        ("2a02:908::1", "2001:2::1"),
        ("::ffff:203.0.113.9", "::ffff:198.18.0.2"),
    ],
)
def test_an_address_stays_one_of_its_kind(own: str, hidden: str) -> None:
    """What judges ask of it, they can ask of its placeholder."""
    report = about(said="")
    verdict = msgspec.structs.replace(report.verdict, headline=f"from [{own}]")
    assert redact(msgspec.structs.replace(report, verdict=verdict)).verdict.headline == f"from [{hidden}]"


def test_no_placeholder_is_called_like_a_server() -> None:
    report = about(said="198.18.0.1")
    verdict = msgspec.structs.replace(report.verdict, headline=f"{OWN_ADDRESS} to 198.18.0.1")
    assert redact(msgspec.structs.replace(report, verdict=verdict)).verdict.headline == "198.18.0.2 to 198.18.0.1"


@pytest.mark.parametrize(
    "said", ["@" * 50_000, "a" * 200_000, "%61" * 60_000, "1.2.3." * 40_000, "::" * 60_000, "A=" * 90_000]
)
def test_long_words_take_no_long_time(said: str) -> None:
    assert headline(said) is not None
