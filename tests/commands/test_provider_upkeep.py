"""`diagnose providers --stale` and `--check`, as they are typed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from diagnose.providers import provider
from diagnose.providers.age import older_than
from tests.discovery.nameserver import ScriptedNameserver

from .command_line import CommandLine

APPLE = {
    ("icloud.com", "MX"): ["10 mx01.mail.icloud.com."],
    ("me.com", "MX"): ["10 mx02.mail.icloud.com."],
    ("mac.com", "MX"): ["10 mx01.mail.icloud.com."],
    ("imap.mail.me.com", "A"): ["192.0.2.1"],
    ("smtp.mail.me.com", "A"): ["192.0.2.2"],
}


@pytest.fixture
def servers() -> Iterator[list[ScriptedNameserver]]:
    started: list[ScriptedNameserver] = []
    yield started
    for one in started:
        one.close()


def serving(servers: list[ScriptedNameserver], records: dict[tuple[str, str], list[str]]) -> tuple[str, ...]:
    server = ScriptedNameserver(records)
    servers.append(server)
    return ("--check", "--resolver", f"127.0.0.1:{server.address.port}")


def test_what_is_as_in_the_file(command: CommandLine, servers: list[ScriptedNameserver]) -> None:
    done = command("providers", "icloud", *serving(servers, APPLE))

    assert done.code == 0
    assert "✓ Apple iCloud Mail" in done.out
    assert "3 domains, 2 hosts" in done.out


def test_what_is_otherwise(command: CommandLine, servers: list[ScriptedNameserver]) -> None:
    changed = {
        **APPLE,
        ("mac.com", "MX"): ["10 aspmx.l.google.com."],
        ("_imaps._tcp.me.com", "SRV"): ["0 1 993 imap\\010new.me.com."],
    }
    del changed[("smtp.mail.me.com", "A")]
    done = command("providers", "icloud", *serving(servers, changed))

    assert done.code == 1
    assert "another provider takes its mail" in done.out
    assert "today aspmx.l.google.com" in done.out
    assert "the host has no address" in done.out
    found = command("providers", "icloud", *serving(servers, changed), "--json").json["providers"]
    assert [(one["kind"], one["name"]) for one in found[0]["differences"]] == [
        ("other-mx", "mac.com"),
        ("no-host", "smtp.mail.me.com"),
    ]


def test_a_name_server_that_fails_leaves_it_open(command: CommandLine, servers: list[ScriptedNameserver]) -> None:
    broken = dict.fromkeys(APPLE, "SERVFAIL") | {("mac.com", "MX"): "SERVFAIL"}
    done = command("providers", "icloud", *serving(servers, broken), "--lang", "zh-Hans")  # type: ignore[arg-type]  # a failure in place of records

    assert done.code == 3
    assert done.out.startswith("? ")


def test_parts_older_than_a_date(command: CommandLine) -> None:
    done = command("providers", "ukr-net", "--stale=2025-01-01", "--json")

    assert done.code == 0
    assert {one["field"] for one in done.json["stale"]} == {"domains", "servers", "protocols", "support"}
    assert {one["date"] for one in done.json["stale"]} == {"2024-08"}
    assert command("providers", "ukr-net", "--stale=2024-08-01").out == "✓ Nothing is older than 2024-08-01\n"
    assert "Switching protocols on" in command("providers", "ukr-net", "--stale=2025-01-01").out


def test_without_a_date_a_year_counts(command: CommandLine) -> None:
    told = command("providers", "t-online", "--stale", "--json").json
    since = datetime.now(UTC).date() - timedelta(days=365)

    assert since - datetime.fromisoformat(told["older_than"]).date() <= timedelta(days=1)
    assert len(told["stale"]) == len(list(older_than(provider("t-online"), since)))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--stale=soon",), "“soon” is not a date such as 2026-01-31."),
        (("--stale=2026-02-30",), "“2026-02-30” is not a date such as 2026-01-31."),
        (("--stale=\x1b[31m",), "is not a date such as 2026-01-31."),
        (("--stale", "--check"), "--stale and --check do not go together."),
        (("--check", "--resolver", "nowhere"), "“nowhere” is not an IP address, or one with a port."),
        (("--check", "--timeout", "0"), "“0” is not a number from 1 to 3600."),
    ],
)
def test_wrong_usage(command: CommandLine, options: tuple[str, ...], sentence: str) -> None:
    told = command.refused("providers", "icloud", *options)

    assert sentence in told
    assert "\x1b" not in told
