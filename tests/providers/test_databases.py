"""Our files against a public database: what differs is named, what agrees is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from diagnose.providers.__main__ import main
from diagnose.providers.databases import Database, Difference, differences, read_database, sentence
from diagnose.providers.schema import OAuth2, Provider, Server, Username, Words

KNOWN = (
    Provider(
        id="corp",
        names=Words(en="Corp"),
        domains=("corp.example", "*.corp.example"),
        mx=("mx.corp.example",),
        servers=(
            Server(protocol="imap", host="imap.corp.example", port=993, tls="implicit"),
            Server(protocol="imap", host="old.corp.example", port=993, tls="implicit", edition="older name"),
            Server(protocol="smtp", host="smtp.{domain}", port=587, tls="starttls"),
        ),
        username=Username(form="full-address"),
        oauth2=OAuth2(accepted="never"),
    ),
    Provider(id="other", names=Words(en="Other"), domains=("other.example",)),
)
IMAP = {"protocol": "imap", "host": "imap.corp.example", "port": 993, "tls": "SSL", "username": "%EMAILADDRESS%"}
SMTP = {"protocol": "smtp", "host": "smtp.corp.example", "port": 587, "tls": "STARTTLS", "username": None}


def found(domains: list[str], *servers: dict[str, Any]) -> list[Difference]:
    entry = {"id": "entry", "domains": domains, "servers": list(servers)}
    database = msgspec.convert({"source": "s", "revision": "r", "providers": [entry]}, Database)
    return list(differences(database, KNOWN))


def test_what_agrees_is_not_named() -> None:
    assert found(["corp.example"], IMAP, SMTP) == []
    assert found(["a.corp.example"], IMAP, {**SMTP, "host": "smtp.%EMAILDOMAIN%"}) == []
    assert found(["mx.corp.example"], IMAP) == []
    assert found(["corp.example"]) == []
    assert found(["corp.example"], IMAP, SMTP, {**IMAP, "host": "old.corp.example"}) == []


@pytest.mark.parametrize(
    ("domains", "servers", "expected"),
    [
        (["new.example"], [IMAP], [("domain-unknown", ("new.example",), ())]),
        (["corp.example", "new.example"], [IMAP], [("domain-unknown", ("new.example",), ())]),
        (["corp.example.evil.example"], [IMAP], [("domain-unknown", ("corp.example.evil.example",), ())]),
        (["corp.example", "other.example"], [], [("domain-shared", (), ("other.example other",))]),
        (
            ["corp.example"],
            [IMAP, {**IMAP, "port": 143, "tls": "STARTTLS"}],
            [("server-missing", ("imap imap.corp.example:143 starttls",), ())],
        ),
        (
            ["corp.example"],
            [{**IMAP, "host": "new.corp.example"}],
            [
                ("server-missing", ("imap new.corp.example:993 implicit",), ()),
                ("server-unconfirmed", (), ("imap imap.corp.example:993 implicit",)),
            ],
        ),
        (["corp.example"], [{**IMAP, "tls": "plain"}], []),
        (["corp.example"], [{"protocol": "ews"}], []),
        (
            ["corp.example"],
            [{**IMAP, "username": "EMAILLOCALPART"}],
            [("username", ("local-part",), ("full-address",))],
        ),
        (["corp.example"], [{**IMAP, "username": "%EMAILLOCALPART%.%EMAILDOMAIN%"}], []),
        (
            ["corp.example"],
            [{**IMAP, "auth": ["OAuth2", "password-cleartext"]}],
            [("oauth2", ("OAuth2",), ("never",))],
        ),
        (["corp.example"], [{**IMAP, "auth": ["password-cleartext"]}], []),
    ],
)
def test_what_differs(
    domains: list[str], servers: list[dict[str, Any]], expected: list[tuple[str, tuple[str, ...], tuple[str, ...]]]
) -> None:
    differing = found(domains, *servers)

    assert [(one.kind, one.there, one.here) for one in differing] == expected
    assert all("\n" not in sentence(one) for one in differing)


@pytest.mark.parametrize(
    ("servers", "words"),
    [
        ([], "new.example; it lists no server"),
        ([{"protocol": "imap"}], "new.example; none of its servers is encrypted"),
        ([{**IMAP, "tls": "plain"}, {**SMTP, "tls": "PLAIN"}], "new.example; none of its servers is encrypted"),
        ([{**IMAP, "tls": "plain"}, SMTP], "new.example"),
        ([IMAP], "new.example"),
    ],
)
def test_why_an_entry_cannot_be_taken_over(servers: list[dict[str, Any]], words: str) -> None:
    """Whoever goes through the list sees at once which entries hold nothing that could be used."""
    (only,) = found(["new.example"], *servers)

    assert sentence(only) == f"entry (no file): domains that no file has: there {words}"


def test_a_further_domain_of_ours_needs_no_server() -> None:
    (only,) = found(["corp.example", "new.example"])

    assert sentence(only) == "entry (corp): domains that no file has: there new.example"


def test_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "database.json"
    entry = {"id": "entry", "domains": ["corp.example"], "servers": [IMAP]}
    file.write_text(json.dumps({"source": "s", "revision": "r", "note": "n", "providers": [entry]}))
    monkeypatch.setattr("diagnose.providers.__main__.built_in_providers", lambda: iter(KNOWN))

    assert main(["--against", str(file)]) == 0
    assert capsys.readouterr() == ("", "0 differences from s r\n")
    assert read_database(file).providers[0].id == "entry"


@pytest.mark.parametrize("words", ["", "[]", '{"source": 1}', "\x00", '{"providers": [{"id": 1}]}', "[" * 10_000])
def test_what_is_no_database_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str) -> None:
    file = tmp_path / "database.json"
    file.write_text(words)

    assert main(["--against", str(file)]) == 2
    assert capsys.readouterr().err.startswith(f"{file} is no database of providers: ")


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--against", str(tmp_path / "none.json")]) == 2
    assert "none.json is no database" in capsys.readouterr().err
