"""Commands that people copy into a shell: made of data, quoted whatever servers are called, without any secret."""

from __future__ import annotations

import re
import shlex
import signal
import string
import subprocess
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.model import CheckResult, Finding, Host, Service, Target, text
from diagnose.record.run import Run
from diagnose.redaction.vocabulary import vocabulary
from diagnose.rendering.shell import shell_lines
from diagnose.verdict.commands import LONGEST, PLACEHOLDERS, Command, WhereKnown, commands_for, quoted
from tests.machine import need
from tests.pace import patient
from tests.support.build import CHECKS, SUBJECT, service, targets_of
from tests.support.record import record

COMMANDS = load(KNOWLEDGE / "commands.yaml", tuple[Command, ...])
IMAP, SUBMISSION = service("imap", 993), service("smtp", 587, "starttls")
HOST = Host(name="mail.corp.example", source="option")
HOSTILE = [
    "x.example; rm -rf ~", "$(reboot).example", "`reboot`.example", "a'b.example", "a\"b.example", "a|b.example",
    "a b.example", "a\nb.example", "a\x1bb.example", "a\u202eb.example", "--version", "-oProxyCommand=x", "~root",
    "*.example", "<script>.example", "]]>.example", "#a.example", "{host}", "!!.example", "x" * 1_000_000,
]  # fmt: skip


def seen(check: str, target: Target, **more: Any) -> CheckResult:
    return CheckResult(
        id=f"{check}.x", check=check, family=check, title=text("T"), target=target, facts=SUBJECT,
        **dict[str, Any](status="fail") | more,
    )  # fmt: skip


def lines(check: str, target: Target, run: Run | None = None, *others: CheckResult, **more: Any) -> list[str]:
    one = seen(check, target, **more)
    return [told.command for told in commands_for([one], run or record(), [one, *others], str)]


def after(option: str, line: str) -> str:
    """The word that follows *option* in *line*."""
    words = shlex.split(line)
    return words[words.index(option) + 1]


def words(command: Command) -> list[str]:
    return [word for part in command.words for word in (part.words if isinstance(part, WhereKnown) else (part,))]


# -- the data


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: f"{one.words[0]} {' '.join(one.checks)}")
def test_the_file_names_checks_and_facts_that_there_are(command: Command) -> None:
    assert set(command.checks) <= CHECKS.keys()
    fields = {name for word in words(command) for _, name, _, _ in string.Formatter().parse(word) if name}
    optional = {part.known for part in command.words if isinstance(part, WhereKnown)}
    assert fields | optional <= PLACEHOLDERS.keys()
    assert set(command.asks) <= set(command.protocols)
    assert not re.search(r"[{}$]", "".join([*command.asks.values(), command.after]))


@pytest.mark.parametrize("check", sorted({name for command in COMMANDS for name in command.checks}))
def test_each_check_that_it_names_gets_a_command_on_some_target(check: str) -> None:
    shown = {"proxy": "http://proxy.corp.example:3128", "behind": "web.corp.example:443", "address": "192.0.2.1"}
    shown |= {"stood_in": "http://known.example/", "witness": "www.known.example"}
    shown |= {"registration": "https://registry.example/domain/corp.example"}

    assert any(lines(check, target, shown=shown) for target in targets_of(CHECKS[check]))


def test_every_command_stands_in_a_shell_as_it_is() -> None:
    """It is parsed by a shell, and not carried out."""
    everything = [line for name in CHECKS for target in targets_of(CHECKS[name]) for line in lines(name, target)]

    assert len(everything) > 20
    for line in everything:
        subprocess.run(["sh", "-n", "-c", line], check=True, timeout=20)


BOUNDS: dict[str, Callable[[list[str]], bool]] = {
    "timeout": lambda words: words[1].isdecimal(),
    "perl": lambda words: words[2] == "alarm shift; exec @ARGV" and words[3].isdecimal(),
    "curl": lambda words: "-m" in words,
    "nc": lambda words: {"-vz", "-w"} <= {*words},
    "dig": lambda words: True,  # by its own patience: three tries of five seconds
    "getent": lambda words: True,  # by the resolver's
    "dscacheutil": lambda words: True,
    "ip": lambda words: True,
    "netstat": lambda words: words[1:] == ["-rn"],
    "date": lambda words: True,
}
"""By the first word of a command: whether it ends, whatever a server does or leaves undone."""


@pytest.mark.parametrize("system", ["Linux 6.1", "Darwin 23.5.0", "FreeBSD 14.1-RELEASE", "Windows 11"])
def test_every_command_ends_by_itself_on_every_system(system: str) -> None:
    run = msgspec.structs.replace(record(), os=system)
    shown = {"proxy": "http://proxy.corp.example:3128", "behind": "web.corp.example:443", "address": "192.0.2.1"}
    shown |= {"stood_in": "http://known.example/", "witness": "www.known.example"}
    everything = [
        line for one in CHECKS for target in targets_of(CHECKS[one]) for line in lines(one, target, run, shown=shown)
    ]

    assert len(everything) > 20
    for line in everything:
        words = shlex.split(line.rpartition("| ")[2])
        assert BOUNDS[words[0]](words), line
        assert "openssl" not in words or "</dev/null" in words or line.startswith("printf "), line


@pytest.mark.parametrize(
    ("check", "system", "first"),
    [
        ("tls", "Linux 6.1", "timeout 20 openssl s_client "),
        ("tls", "Darwin 23.5.0", "perl -e 'alarm shift; exec @ARGV' 20 openssl s_client "),
        ("dns.system", "Linux 6.1", "getent ahosts "),
        ("dns.system", "Darwin 23.5.0", "dscacheutil -q host "),
        ("network.connection", "Linux 6.1", "ip route"),
        ("network.connection", "Darwin 23.5.0", "netstat -rn"),
        ("reach", "Darwin 23.5.0", "nc -vz -w 5 "),  # the same everywhere
    ],
)
def test_a_system_gets_the_commands_that_it_has(check: str, system: str, first: str) -> None:
    run = msgspec.structs.replace(record(), os=system)
    (line,) = (line for target in targets_of(CHECKS[check])[:1] for line in lines(check, target, run))

    assert line.startswith(first)


def test_perl_ends_a_command_as_timeout_does() -> None:
    """What stands for it on macOS, where it is not there."""
    need(perl="perl-base")
    waiting = subprocess.run(
        ["perl", "-e", "alarm shift; exec @ARGV", "1", "sleep", "600"], timeout=patient(60), check=False
    )
    over = subprocess.run(["perl", "-e", "alarm shift; exec @ARGV", "600", "true"], timeout=patient(60), check=False)

    assert (waiting.returncode, over.returncode) == (-signal.SIGALRM, 0)


# -- what is put in


def test_a_server_is_asked_by_its_name() -> None:
    (line,) = lines("tls", IMAP)

    assert line == (
        "timeout 20 openssl s_client -connect mail.corp.example:993 -servername mail.corp.example "
        "-verify_hostname mail.corp.example -verify_return_error </dev/null"
    )


def test_starttls_says_of_which_protocol() -> None:
    (line,) = lines("tls", SUBMISSION)

    assert "-connect mail.corp.example:587" in line
    assert line.endswith("-starttls smtp </dev/null")


@pytest.mark.parametrize(
    ("nameserver", "asked"),
    [
        ("192.0.2.53", "dig @192.0.2.53 -p 53 "),
        ("127.0.0.1:5353", "dig @127.0.0.1 -p 5353 "),
        ("2001:db8::53", "dig @2001:db8::53 -p 53 "),
        ("[2001:db8::53]:5353", "dig @2001:db8::53 -p 5353 "),
        (None, "dig mail.corp.example "),
    ],
)
def test_the_chosen_dns_server_is_asked(nameserver: str | None, asked: str) -> None:
    run = msgspec.structs.replace(record(), nameserver=nameserver)

    assert lines("dns.host", HOST, run)[0].startswith(asked)


@pytest.mark.parametrize(("address", "place"), [("192.0.2.1", "192.0.2.1:993"), ("2001:db8::1", "[2001:db8::1]:993")])
def test_connections_go_where_the_chosen_dns_server_says(address: str, place: str) -> None:
    """A shell knows nothing of it."""
    run = msgspec.structs.replace(record(), nameserver="127.0.0.1:5353", ca_file="/srv/our company/ca.pem")
    resolved = seen("dns.host", HOST, shown={"at": address})

    (handshake,), (login,) = lines("tls", IMAP, run, resolved), lines("login", IMAP, run, resolved)
    assert after("-connect", handshake) == place
    assert after("-servername", handshake) == "mail.corp.example"
    assert "-CAfile '/srv/our company/ca.pem'" in handshake
    bracketed = f"[{address}]" if ":" in address else address
    assert f"mail.corp.example:993:{bracketed}" in shlex.split(login)
    assert shlex.split(login)[-1] == "imaps://mail.corp.example:993/"
    assert "--cacert '/srv/our company/ca.pem'" in login


def test_without_an_address_from_it_there_is_nothing_to_connect_to() -> None:
    run = msgspec.structs.replace(record(), nameserver="127.0.0.1:5353")

    assert lines("tls", IMAP, run) == []


def test_the_login_names_the_user_and_no_password() -> None:
    (line,) = lines("login", SUBMISSION)

    assert shlex.split(line) == [
        *("curl", "-gv", "-m", "30", "--ssl-reqd", "--user", "alice@corp.example", "smtp://mail.corp.example:587/"),
    ]


def test_each_address_that_a_finding_names_is_tried() -> None:
    """The first three of them, each once."""
    addresses = ["192.0.2.1", "2001:db8::1", "192.0.2.1", "192.0.2.3", "192.0.2.4"]
    finding = Finding(cause="reach.ipv6-broken", certainty="likely", text=text("S."), data={"addresses": addresses})
    found = lines("reach.paths", IMAP, findings=(finding,))

    assert [line for line in found if line.startswith("nc")] == [
        f"nc -vz -w 5 {address} 993" for address in ("192.0.2.1", "2001:db8::1", "192.0.2.3")
    ]


@pytest.mark.parametrize(
    ("hosts", "asked"),
    [
        (["mail.corp.example"], ["mail.corp.example:993"]),
        (["smtp.corp.example", "mail.corp.example"], ["smtp.corp.example:587", "mail.corp.example:993"]),
        (["mail.corp.example", "mail.corp.example", "unknown.example"], ["mail.corp.example:993"]),
        (["plain.corp.example"], []),
    ],
)
def test_each_server_that_a_finding_of_the_network_names_is_asked(hosts: list[str], asked: list[str]) -> None:
    """Once, where it speaks TLS; and a public page, where one was compared."""
    smtp = service("smtp", 587, "starttls", host="smtp.corp.example")
    plain = service("imap", 143, "none", host="plain.corp.example")
    run = msgspec.structs.replace(record(), services=(IMAP, service("pop3", 995), smtp, plain))
    finding = Finding(cause="network.tls-interception", certainty="likely", text=text("S."), data={"hosts": hosts})

    found = lines("network.interception", SUBJECT, run, findings=(finding,), shown={"witness": "www.known.example"})
    assert [after("-connect", line) for line in found] == [*asked, "www.known.example:443"]
    assert all("-starttls smtp" in line for line in found if ":587" in line)


def test_the_same_line_is_told_once() -> None:
    twice = [seen("reach", IMAP), seen("reach", IMAP)]

    assert len(commands_for(twice, record(), twice, str)) == 1


def test_a_web_page_that_is_not_encrypted_is_asked_as_it_is() -> None:
    page = Service(protocol="webmail", host="web.corp.example", port=80, tls="none", source="option")

    (line,) = lines("web", page)
    assert shlex.split(line)[-1] == "http://web.corp.example:80/"
    assert lines("tls", page) == []


# -- hostile names


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name[:20]))
@pytest.mark.parametrize("check", ["tls", "reach", "login", "server"])
def test_whatever_a_server_is_called_it_stays_one_word(check: str, name: str) -> None:
    """A shell hands it over as it is; what a program would take for an option, or nobody can see, gets no command."""
    for line in lines(check, msgspec.structs.replace(IMAP, host=name)):
        assert len(line) <= LONGEST
        assert line.isprintable()
        words = line.partition("| ")[2] or line
        told = subprocess.run(
            ["sh", "-c", f"set -f; show() {{ printf '%s\\n' \"$@\"; }}; show {words}"],
            capture_output=True, text=True, timeout=20, check=True,
        ).stdout.splitlines()  # fmt: skip
        assert any(name in word for word in told)
        assert not any(word == name for word in told if word.startswith("-"))


@pytest.mark.parametrize("name", ["--version", "a\nb.example", "a\x1bb.example", "a\u202eb.example", "x" * 1000])
def test_what_is_no_name_gets_no_command(name: str) -> None:
    assert lines("tls", msgspec.structs.replace(IMAP, host=name)) == []


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("plain-1.example:993", "plain-1.example:993"),
        ("", "''"),
        ("two words", "'two words'"),
        ("$HOME", "'$HOME'"),
        ("o'brien@corp.example", '"o\'brien@corp.example"'),
        ("it's $HOME", None),
        ("~", "'~'"),
        ("名", "'名'"),
    ],
)
def test_a_name_stays_whole_so_that_a_mask_finds_it(word: str, written: str | None) -> None:
    assert quoted(word) == written


# -- how it is shown


@pytest.mark.parametrize("width", [20, 40, 76, 500])
@pytest.mark.parametrize(
    "command",
    [
        "nc -vz -w 5 'two  words' 993",
        "printf 'a CAPABILITY\\r\\nb LOGOUT\\r\\n' | openssl s_client -quiet -connect mail.corp.example:993 </dev/null",
        'curl -gv --user "o\'brien  and co" imaps://mail.corp.example:993/',
        "a" * 100,
    ],
)
def test_a_long_line_goes_on_below_and_means_the_same(command: str, width: int) -> None:
    broken = shell_lines(command, width)

    assert all(len(line) <= width or len(shlex.split(line.rstrip("\\"))) <= 1 for line in broken)
    joined = "\n".join(broken)
    told = [
        subprocess.run(
            ["sh", "-c", f"show() {{ printf '<%s>' \"$@\"; }}\nshow {line.partition('| ')[2] or line}"],
            capture_output=True, timeout=20, check=True,
        ).stdout
        for line in (command, joined)
    ]  # fmt: skip
    assert told[0] == told[1]


def test_what_hides_a_company_leaves_the_words_of_commands() -> None:
    bare = (re.sub(r"\{\w+\}", " ", word) for command in COMMANDS for word in words(command))
    said = {part for word in bare for part in re.findall(r"[A-Za-z]+", word)}

    assert "curl" in said
    assert [part for part in sorted(said) if not vocabulary().knows(part)] == []
