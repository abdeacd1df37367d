"""`--dry-run`: whom a run would contact, told without a packet and without a secret."""

from __future__ import annotations

import inspect
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import checks
from diagnose.account.subject import subject_of_run
from diagnose.cli.dry_run import contacts
from diagnose.knowledge.loader import KNOWLEDGE
from diagnose.model.check import Outsider
from diagnose.running.chosen import every_check
from diagnose.running.request import Request

from .command_line import CommandLine

ALICE = "alice@corp.example"
WORD = "hunter2-s3cret"


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A name server that nobody may ask anything; nor may anybody connect anywhere."""

    def refuse(*_args: Any) -> None:
        raise AssertionError("somebody was contacted")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.setblocking(False)
        yield f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(BlockingIOError):
            silent.recv(1)


def told(command: CommandLine, *arguments: str) -> dict[str, str]:
    done = command(*arguments, "--dry-run", "--json")
    assert (done.code, done.err) == (0, "")
    return {one["whom"]: one["why"] for one in done.json["contacts"]}


def test_everybody_is_named_with_a_reason(command: CommandLine, resolver: str) -> None:
    found = told(command, ALICE, "--resolver", resolver)

    assert found[resolver] == "every question to DNS"
    assert "MX corp.example" in found
    assert any(whom.startswith("https://autoconfig.thunderbird.net/") for whom in found)
    assert any(whom.startswith("https://autoconfig.corp.example/") for whom in found)
    assert found["one of these servers"].startswith("one login")
    assert all(found.values())
    for name in ("public-hosts.yaml", "reference-hosts.yaml", "known-answers.yaml"):
        written = (KNOWLEDGE / "network" / name).read_text("utf-8")
        hosts = re.findall(r"(?:host|address): \"?([^\s,}\"]+)|url: \"?([^\s,}\"]+)", written)
        assert all(any((a or b) in whom for whom in found) for a, b in hosts)
        assert hosts


def test_options_make_it_fewer(command: CommandLine, resolver: str) -> None:
    found = told(
        command, ALICE, "--resolver", resolver, "--no-third-party", "--no-login", "--imap", "imaps://[2001:db8::1]:993"
    )

    assert not any("thunderbird" in whom or whom.startswith("http://") for whom in found)
    assert "one of these servers" not in found
    assert found["[2001:db8::1]:993"] == "named on the command line"


@pytest.mark.parametrize(
    ("choice", "kept", "gone"),
    [
        (
            ["--only", "dns"],
            ["127.0.0.1", "https://autoconfig.corp"],
            ["MX corp.example: whether", "imap.corp.example:993", "one of these", "servers that", "captive."],
        ),
        (
            ["--only", "login"],
            ["imap.corp.example:993", "one of these", "servers that", "captive."],
            ["www.baidu.com", "1.1.1.1"],
        ),
        (
            ["--only", "reach.imap.993"],
            ["imap.corp.example:993", "servers that"],
            ["MX corp.example: whether", "one of these", "captive.", "www.baidu.com"],
        ),
        (
            ["--only", "dns.registration"],
            ["data.iana.org", "the registry of the domain"],
            ["captive.", "www.baidu.com", "one of these"],
        ),
        (
            ["--only", "network.portal"],
            ["captive."],
            ["imap.corp.example:993", "one of these", "servers that", "www.baidu.com"],
        ),
        (
            ["--only", "activation"],
            ["MX corp.example: whether", "MX other.example"],
            ["captive.", "one of these", "www.baidu.com"],
        ),
        (
            ["--skip", "login"],
            ["MX corp.example: whether", "imap.corp.example:993", "servers that", "captive."],
            ["one of these"],
        ),
        (
            ["--skip", "network"],
            ["MX corp.example: whether", "imap.corp.example:993", "one of these", "captive."],
            ["www.baidu.com", "1.1.1.1", "http://proxy"],
        ),
        (["--skip", "network.portal", "--skip", "tls"], ["www.baidu.com"], ["captive."]),
        (["--skip", "login.imap.993"], ["one of these", "imap.corp.example:993"], []),
        (["--skip", "activation.mail"], ["MX corp.example: whether"], ["MX other.example"]),
        ([], ["www.baidu.com", "captive.", "MX other.example", "http://proxy", "one of these"], []),
    ],
)
def test_checks_that_are_left_out_contact_nobody(
    choice: list[str],
    kept: list[str],
    gone: list[str],
    command: CommandLine,
    resolver: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.corp.example:3128")
    other = ("--activation-mailbox", "a@other.example", "--imap", "imap.corp.example:993")
    listed = command(ALICE, "--resolver", resolver, *other, *choice, "--dry-run", "--json").json["contacts"]
    found = [f"{one['whom']}: {one['why']}" for one in listed]

    assert all(any(word in whom for whom in found) for word in kept)
    assert [whom for whom in found for word in gone if word in whom] == []


ASKED_BY: dict[str, Outsider] = {
    "known_answers()": "known_answers",
    '"reference-hosts.yaml"': "reference_hosts",
    '"public-hosts.yaml"': "public_hosts",
    "vantage.registries()": "registries",
    "proxies()": "proxies",
    "consent.ask_recipient": "recipient_server",
    "other_mailbox\n": "other_mailbox",
}
"""By what code reads of the run, whom it asks."""


@pytest.mark.parametrize("word", ASKED_BY)
def test_whoever_asks_others_declares_it(word: str) -> None:
    """A module is its own check's, or that of several."""
    files = [file for file in Path(checks.__file__).parent.rglob("*.py") if word in file.read_text("utf-8")]
    declared = {
        Path(inspect.getsourcefile(check.probe) or "") for check in every_check() if ASKED_BY[word] in check.asks
    }

    assert files
    assert {file for file in files if "\nCHECK = " in file.read_text("utf-8")} <= declared
    assert declared


def test_a_malformed_address_leads_to_nobody() -> None:
    """Which the command line refuses, with the corrected form; what runs otherwise says what is wrong with it."""
    request = Request(subject=subject_of_run("a..b@corp.example", None))

    assert list(contacts(request, logs_in=True, other="other.example")) == []


@pytest.mark.parametrize("subject", ["alice@gmail.com", "gmail.com"])
def test_a_provider_s_servers_are_known(subject: str, command: CommandLine, resolver: str) -> None:
    found = told(command, subject, "--resolver", resolver)

    assert found["imap.gmail.com:993"] == "known for this provider"
    assert ("one of these servers" in found) is ("@" in subject)


def test_no_secret_is_read(command: CommandLine, resolver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither from standard input nor from a variable that may not even be set."""
    for option in (["--password-env", "NO_SUCH"], ["--password-stdin"], ["--keyring"], ["--access-token-env", "NO"]):
        done = command(ALICE, "--dry-run", "--resolver", resolver, *option, stdin=WORD.encode())
        assert done.code == 0
        assert WORD not in done.out + done.err


def test_as_a_page(command: CommandLine, resolver: str) -> None:
    out = command("corp.example", "--dry-run", "--resolver", resolver).out
    assert "Nobody has been contacted" in out
    assert "--no-third-party" in out


def test_wrong_usage_is_told_all_the_same(command: CommandLine, resolver: str) -> None:
    assert "text or json" in command.refused(ALICE, "--dry-run", "--resolver", resolver, "--format", "html")
    assert "no-such" in command.refused(ALICE, "--dry-run", "--resolver", resolver, "--provider", "no-such")
    assert "no-such" in command.refused(ALICE, "--dry-run", "--resolver", resolver, "--only", "no-such")
    for file, words in (("/etc/passwd", "no certificate"), ("/no/such/file", "No such file"), ("/", "cannot be read")):
        assert words in command.refused(ALICE, "--dry-run", "--resolver", resolver, "--ca-file", file)
