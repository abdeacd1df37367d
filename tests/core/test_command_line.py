"""The command line of the main job: wrong usage is one sentence before anything is sent; secrets stay secret."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from diagnose import __version__, cli
from diagnose.account.secret import Secret
from diagnose.account.subject import subject_of_run
from diagnose.cli import secrets
from diagnose.cli.carrying_out import write_reports
from diagnose.cli.main_job import COMMAND as MAIN
from diagnose.cli.output import write_file
from diagnose.cli.parameters import LanguageName, Number
from diagnose.cli.server_parameters import ResolverAddress, ServiceUrl
from diagnose.cli.ticket import COMMAND as TICKET
from diagnose.model.protocols import BY_NAME, PAGE
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.diagnosis import diagnose
from diagnose.running.request import Presentation, Request
from tests.pace import patient
from tests.reports.samples import wrong_password

PATIENCE = 60.0
ALICE = "alice@corp.example"
WORD = "hunter2-s3cret"


@pytest.fixture
def resolver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A name server that nobody may ask anything."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "C")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.setblocking(False)
        yield f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(BlockingIOError):
            silent.recv(1)


def usage_error(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence that these arguments bring."""
    code = cli.run(list(arguments))
    out, err = capfd.readouterr()
    assert (code, out) == (2, ""), err
    assert err.startswith("diagnose: ")
    assert err.endswith((".\n", "?\n", ")\n"))
    assert err.count("\n") == 1
    return err


LOOSE = re.compile("[，。；：、！？（）「」“”] | [，。；：、！？（）「」“”]")
"""A blank beside full-width punctuation."""


@pytest.mark.parametrize("language", ["zh-CN", "zh-TW"])
@pytest.mark.parametrize(
    "arguments",
    [
        (ALICE, "--frob"),
        (ALICE, "--onyl", "tls"),
        ("ticket", "--too", "user", "report.json"),
        ("expalin", "535"),
        ("providrs", "x"),
        (ALICE, "--format", "jsno"),
        (ALICE, "--only", "tsl"),
        (ALICE, "--only", "xyz"),
        (ALICE, "--imap", "pop3s://mail.corp.example"),
        (ALICE, "--smtp", "smpts://mail.corp.example"),
        (ALICE, "--timeout"),
        (ALICE, "--timeout", "soon"),
        (ALICE, "extra", "words"),
        (ALICE, "--json=yes"),
        (ALICE, "--password-stdin", "--no-login"),
        (ALICE, "--report", "/no/such/a.html", "--output", "/no/such/b.html"),
        ("compare", "old.json"),
        ("nonsense",),
        ("alice@@corp.example",),
    ],
)
def test_no_blank_stands_beside_the_punctuation_of_chinese(
    arguments: tuple[str, ...], language: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nor where one sentence is put behind another."""
    assert cli.run([*arguments, "--lang", language]) == 2

    said = capfd.readouterr().err
    assert re.search("[\u4e00-\u9fff]", said)
    assert not LOOSE.search(said.removeprefix("diagnose: ")), said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("help", "tikcet"), "did you mean ticket?"),
        (("causes", "tsl"), "did you mean tls?"),
        (("explain", "--protocol", "impa", "535"), "did you mean imap?"),
        (("lab", "--list", "--lang", "klingon"), "not one of en, zh-Hans, zh-Hant."),
        (("ticket", "report.json", "--to", "adminstrator"), "did you mean administrator?"),
        (("ticket", "report.json", "--to", "boss"), "not one of user, helpdesk, administrator, provider."),
        (("completion", "bsh"), "did you mean bash?"),
        (("fleet", "rows.csv", "--engine", "task"), "did you mean dask?"),
    ],
)
def test_a_misspelt_word_is_told_with_what_it_is_like(
    arguments: tuple[str, ...], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert told in usage_error(
        capfd, *arguments, *(() if {"--lang", "completion"} & {*arguments} else ("--lang", "en"))
    )


@pytest.mark.parametrize(
    ("word", "meant"), [("cn", "zh-Hans"), ("TW", "zh-Hant"), ("cht", "zh-Hant"), ("chs", "zh-Hans"), ("hk", "zh-Hant")]
)
def test_chinese_is_called_by_its_country_too(word: str, meant: str) -> None:
    assert LanguageName().convert(word, None, None) == meant


@pytest.mark.parametrize(
    ("kind", "word", "meant"), [("to", "admin", "administrator"), ("for", "administrator", "admin")]
)
def test_the_administrator_is_called_alike_everywhere(kind: str, word: str, meant: str) -> None:
    from_ticket = next(one for one in TICKET.params if one.name == "recipient")
    from_main = next(one for one in MAIN.params if one.name == "audience")

    option = {"to": from_ticket, "for": from_main}[kind]
    assert option.type.convert(word, option, None) == meant
    assert option.type.convert(meant, option, None) == meant


NO_NUMBERS = ("nan", "-nan", "inf", "-inf", "1e9", "-1", "", "０", "0x10", "thirty", "30s", "3 0", "1,5")


@pytest.mark.parametrize("word", NO_NUMBERS)
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((ALICE, "--timeout"), ("not a number from 1 to 3600", "不是 1 到 3600 之间的数", "不是 1 到 3600 之間的數字")),
        (
            ("browser", "--wait"),
            ("not a number from 1 to 3600", "不是 1 到 3600 之间的数", "不是 1 到 3600 之間的數字"),
        ),
        (("fleet", "rows.csv", "--pace"), ("from 0.01 to 1000", "不是 0.01 到 1000 之间", "不是 0.01 到 1000 之間")),
        (
            ("fleet", "rows.csv", "--at-once"),
            ("not a whole number from 1 to 32", "1 到 32 之间的整数", "1 到 32 之間的整數"),
        ),
    ],
)
def test_what_is_no_number_is_told_with_both_bounds_in_words(
    word: str, arguments: tuple[str, ...], told: tuple[str, str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """In every language: no mathematical notation, and what was typed."""
    for language, words in zip(("en", "zh-Hans", "zh-Hant"), told, strict=True):
        assert cli.run([*arguments[:-1], "--lang", language, f"{arguments[-1]}={word}"]) == 2
        out, said = capfd.readouterr()
        assert (out, said.count("\n")) == ("", 1)
        assert words in said
        assert f"“{word}”" in said or f"「{word}」" in said
        assert "<=" not in said


@pytest.mark.parametrize(
    ("word", "number"), [("30", 30), ("３０", 30), (" 30 ", 30), ("2.5", 2.5), ("1e1", 10), ("1", 1), ("3600", 3600)]
)
def test_a_number_within_the_bounds_is_taken(word: str, number: float) -> None:
    """However it is written: full-width digits and blanks come with what somebody pastes."""
    assert Number(1, 3600).convert(word, None, None) == number
    if number == int(number):
        assert Number(1, 3600, whole=True).convert(word, None, None) == number


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("",), "address or domain is empty; an address looks like alice@corp.example."),
        (("nonsense",), "neither a command"),
        (("nonsense",), "an address looks like alice@corp.example."),
        (("CORP\\alice",), "an address looks like alice@corp.example."),
        (("version",), "did you mean --version?"),
        (("my password does not work",), "diagnose explain tells what a message means."),
        (("535 5.7.8 authentication failed",), "diagnose explain tells what a message means."),
        (("我登录不了邮箱",), "diagnose explain tells what a message means."),
        (("LOGIN", "failed"), "diagnose explain tells what a message means."),
        (("my", "password", "--lang", "en", "is", "wrong"), "diagnose explain tells what a message means."),
        (("alice", "at", "corp.example"), "did you mean diagnose alice@corp.example?"),
        (("alice", "@corp.example"), "did you mean diagnose alice@corp.example?"),
        (("login", ALICE), "did you mean diagnose alice@corp.example?"),
        (("check", "--no-login", "corp.example"), "did you mean diagnose corp.example?"),
        ((ALICE, "bob@corp.example"), "diagnose fleet looks at many."),
        (("corp.example", "--only", "dns", "corp.test"), "diagnose fleet looks at many."),
        (("alice@corp.example;bob@corp.example",), "more than one address; did you mean alice@corp.example?"),
        (("--lang", "en", "expalin", "535"), "Did you mean 'explain'?"),
        (("--timeout", "5", "replya", "report.json"), "Did you mean 'replay'?"),
        (("alice@",), "after the @"),
        (("@corp.example",), "before the @"),
        (("a b@corp.example",), "a space"),
        (("alice@@corp.example",), "more than one @"),
        (("alice＠corp.example＠",), "an address looks like"),
        (("alice @ corp.example",), "did you mean alice@corp.example?"),
        (("alice@@corp.example",), "did you mean alice@corp.example?"),
        (("alice@gmail,com",), "did you mean alice@gmail.com?"),
        (("alice@gmail",), "did you mean alice@gmail.com?"),
        (("alice at corp.example",), "did you mean alice@corp.example?"),
        (("https://webmail.corp.example/x",), "did you mean webmail.corp.example?"),
        (("@corp.example",), "alice@corp.example"),
        (("expalin", "535 5.7.8"), "explain"),
        (("explain", "--protcol", "imap", "x"), "--protocol"),
        (("--json", "providrs"), "providers"),
        (("a..b@corp.example",), "dot too many"),
        (("192.0.2.1",), "neither a command"),
        (("x" * 300 + ".example",), "not a domain name"),
        (("--seen", "Login failed"), "diagnose explain tells what a message alone means"),
        (("--no-login", "--seen", "535"), "needs a mailbox address or a mail domain"),
        (("--no-login",), "ADDRESS|DOMAIN"),
        ((ALICE, "--bogus"), "--bogus"),
        ((ALICE, "--onyl", "dns"), "'--onyl'; did you mean --only?"),
        ((ALICE, "--pasword-env", "X"), "did you mean --password-env"),
        ((ALICE, "--user", "alice"), "did you mean --username?"),
        ((ALICE, "--password", "x"), "did you mean --password-stdin, --password-env, --keyring?"),
        ((ALICE, "-p", "x"), "did you mean --password-stdin, --password-env, --keyring?"),
        ((ALICE, "--server", "x"), "did you mean --imap, --pop3, --smtp?"),
        ((ALICE, "-verbose"), "'-verbose'; did you mean --verbose"),
        ((ALICE, "-timeout=5"), "'-timeout'; did you mean --timeout?"),
        ((ALICE, "-xyz"), "No such option '-x'."),
        ((ALICE, "--zzz"), "No such option '--zzz'."),
        (("fleet", "rows.csv", "--workers", "4"), "did you mean --at-once?"),
        (("ticket", "report.json", "--server", "x"), "No such option '--server'."),
        ((ALICE, "--activation-mailbox", "x"), "--activation-mailbox wants a mailbox address"),
        ((ALICE, "--activation-mailbox", "corp.example"), "--activation-mailbox wants a mailbox address"),
        ((ALICE, "--activation-mailbox", "bob@gmail,com"), "did you mean bob@gmail.com?"),
        ((ALICE, "extra"), "extra"),
        ((ALICE, "--timeout", "soon"), "soon"),
        ((ALICE, "--timeout", "0"), "0"),
        ((ALICE, "--timeout", "nan"), "nan"),
        ((ALICE, "--timeout", "inf"), "inf"),
        ((ALICE, "--timeout", "1e9"), "3600"),
        ((ALICE, "--format", "docx"), "docx"),
        ((ALICE, "--for", "boss"), "boss"),
        ((ALICE, "--lang", "tlh"), "tlh"),
        ((ALICE, "--provider", "no-such"), "no-such"),
        ((ALICE, "--only", "no-such"), "no-such"),
        ((ALICE, "--only", "tsl"), "did you mean tls?"),
        ((ALICE, "--only", "DSN"), "did you mean dns"),
        ((ALICE, "--skip", "wbe"), "did you mean web?"),
        ((ALICE, "--skip", "hra"), "did you mean har?"),
        ((ALICE, "--only", "xyz"), "; there are activation, address, browser, "),
        ((ALICE, "--only", "dns,tls"), "once for each: --only dns --only tls."),
        ((ALICE, "--skip", "web login.sender; reach"), "--skip web --skip login.sender --skip reach."),
        ((ALICE, "--only", "dns，tls"), "once for each: --only dns --only tls."),
        ((ALICE, "--only", "dns,nonsense"), "is called “dns,nonsense”"),
        ((ALICE, "--format", "jsno"), "did you mean json?"),
        ((ALICE, "--format", "HTML"), "did you mean html?"),
        ((ALICE, "--for", "admni"), "did you mean admin?"),
        ((ALICE, "--lang", "eng"), "did you mean en?"),
        (
            (
                ALICE,
                "--redact=stirct",
            ),
            "did you mean strict?",
        ),
        ((ALICE, "--provider", "gogle"), "did you mean google?"),
        ((ALICE, "--skip", "tlss"), "tlss"),
        ((ALICE, "--only", "discovery"), "discovery"),
        ((ALICE, "--imap", "imap.corp.example"), "imaps://"),
        ((ALICE, "--imap", "imap.corp.example"), "did you mean imaps://imap.corp.example?"),
        ((ALICE, "--imap", "imap.corp.example:2993"), "imap://imap.corp.example:2993"),
        ((ALICE, "--imap", "imap.corp.example:99999"), "imaps://"),
        ((ALICE, "--imap", "993"), "imaps://"),
        ((ALICE, "--imap", "1" * 100_000), "imaps://"),
        ((ALICE, "--webmail", "webmail.corp.example"), "did you mean https://webmail.corp.example?"),
        ((ALICE, "--output", "/no/such/folder/report.html"), "/no/such/folder"),
        ((ALICE, "--imap", "pop3s://mail.corp.example"), "imaps://"),
        ((ALICE, "--imap", "pop3s://mail.corp.example:995"), "begins with imaps:// / imap://; it belongs to --pop3."),
        ((ALICE, "--smtp", "https://mail.corp.example"), "it belongs to --webmail."),
        ((ALICE, "--webmail", "imaps://mail.corp.example/x"), "it belongs to --imap."),
        ((ALICE, "--pop3", "smtp://mail.corp.example"), "it belongs to --smtp."),
        ((ALICE, "--jmap", "sieve://mail.corp.example"), "it belongs to --sieve."),
        ((ALICE, "--jmap", "http://mail.corp.example/x"), "did you mean https://mail.corp.example/x?"),
        ((ALICE, "--smtp", "smpts://mail.corp.example"), "did you mean smtps://mail.corp.example?"),
        ((ALICE, "--imap", "imaps:/mail.corp.example"), "did you mean imaps://mail.corp.example?"),
        ((ALICE, "--webmail", "htps://mail.corp.example/x?y=1"), "did you mean https://mail.corp.example/x?y=1?"),
        ((ALICE, "--imap", "ftp://mail.corp.example"), "begins with imaps:// / imap://."),
        ((ALICE, "--imap", "imap.corp.example, 993"), "did you mean imaps://imap.corp.example:993?"),
        ((ALICE, "--imap", "imap.corp.example (143)"), "did you mean imap://imap.corp.example:143?"),
        ((ALICE, "--smtp", "服务器：smtp.corp.example 端口：465"), "did you mean smtps://smtp.corp.example:465?"),
        ((ALICE, "--imap", "ssl://imap.corp.example:993"), "did you mean imaps://imap.corp.example:993?"),
        ((ALICE, "--imap", "imap.corp.example:993 (SSL)"), "did you mean imaps://imap.corp.example:993?"),
        ((ALICE, "--imap", "{imap.corp.example:993/imap/ssl}INBOX"), "did you mean imaps://imap.corp.example:993?"),
        ((ALICE, "--imap", "Server imap.corp.example, version 12"), "begins with imaps:// / imap://."),
        ((ALICE, "--imap", "imap.corp.example, 99399"), "begins with imaps:// / imap://."),
        ((ALICE, "--imap", "imaps://"), "imaps://"),
        ((ALICE, "--imap", "imaps://mail.corp.example:99999"), "not a URL"),
        ((ALICE, "--imap", "imaps://mail.corp.example:0"), "no port"),
        ((ALICE, "--imap", "imaps://mail.corp.example/INBOX"), "more than a host"),
        ((ALICE, "--imap", "imaps://ma il.corp.example"), "not a host name"),
        ((ALICE, "--imap", "imaps://[::1"), "not a URL"),
        ((ALICE, "--jmap", "http://jmap.corp.example"), "https://"),
        ((ALICE, "--jmap", "jmap.corp.example"), "https://"),
        ((ALICE, "--sieve", "sieve://sieve.corp.example/scripts"), "more than a host"),
        ((ALICE, "--sieve", "imaps://sieve.corp.example"), "sieve://"),
        ((ALICE, "--smtp", "https://mail.corp.example"), "smtps://"),
        ((ALICE, "--webmail", "ftp://mail.corp.example"), "https://"),
        ((ALICE, "--password-stdin", "--no-login"), "only one of"),
        ((ALICE, "--password-env", "A", "--access-token-env", "B"), "only one of"),
        ((ALICE, "--password-env", "NO_SUCH_VARIABLE"), "NO_SUCH_VARIABLE"),
        ((ALICE, "--access-token-env", "NO_SUCH_VARIABLE"), "NO_SUCH_VARIABLE"),
        (("corp.example", "--password-stdin"), "without any login"),
        ((ALICE, "--report", "report.docx"), ".html"),
        ((ALICE, "--report", "/no/such/folder/report.html"), "/no/such/folder"),
    ],
)
def test_wrong_usage_is_one_sentence(
    arguments: tuple[str, ...], told: str, resolver: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """On standard error, with exit code 2, and before anything is asked of the network."""
    also = ("--resolver", resolver) if arguments else ()

    sentence = usage_error(capfd, *arguments, *also)
    assert told in sentence
    assert sentence.endswith((" --help)\n", " --list)\n"))


def test_a_command_behind_an_option_that_may_have_a_value_is_no_value(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--redact", "replay", "no-such.json", "--lang", "en"]) == 2
    assert "no-such.json cannot be read" in capfd.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [("login", ALICE, WORD), ("alice", WORD), ("alice", "@corp.example", WORD), (ALICE, "bob@c.example", WORD)],
)
def test_a_word_behind_the_address_is_not_repeated(
    arguments: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    """It may be the password."""
    assert WORD not in usage_error(capfd, *arguments)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("alice@", "after the @"),
        ("@corp.example", "before the @"),
        ("a b@corp.example", "a space"),
        ("alice@@corp.example", "more than one @"),
        ("alice＠corp.example", "full-width"),
        ("a..b@corp.example", "dot too many"),
        ("Alice <alice@corp.example>", "angle brackets"),
        ("alice\x1b[31m@corp.example", "not a mailbox address"),
    ],
)
@pytest.mark.parametrize("redacted", [False, True])
def test_an_address_that_is_none_is_a_cause_without_any_network(typed: str, told: str, *, redacted: bool) -> None:
    """For what hands over many addresses at once: the same words, in a report as for any other cause."""
    report = diagnose(Request(subject=subject_of_run(typed), presentation=Presentation(redact=redacted))).report
    (cause,) = report.verdict.causes

    assert (report.verdict.exit_code, report.verdict.status) == (1, "problem")
    assert (cause.id, cause.certainty, cause.impact) == ("address.invalid", "confirmed", "blocks")
    assert told in cause.evidence[0].text
    assert cause.remedies[0].steps
    assert [check.id for check in report.checks] == ["address.syntax"]
    out = msgspec.json.encode(report).decode()
    assert "\x1b" not in out
    assert not redacted or "alice" not in out.lower()


@pytest.mark.parametrize(
    "word", ["", "dns.example", "1.2.3", "127.0.0.1:0", "127.0.0.1:99999", "127.0.0.1:x", "[::1]:x"]
)
def test_a_resolver_is_an_address(word: str, resolver: str, capfd: pytest.CaptureFixture[str]) -> None:
    """With a port, if any, that there is."""
    usage_error(capfd, ALICE, "--no-login", "--resolver", word)


@pytest.mark.parametrize(
    ("word", "address", "port"),
    [
        ("192.0.2.1", "192.0.2.1", 53),
        ("192.0.2.1:5353", "192.0.2.1", 5353),
        ("2001:db8::1", "2001:db8::1", 53),
        ("[2001:db8::1]", "2001:db8::1", 53),
        ("[2001:db8::1]:5353", "2001:db8::1", 5353),
    ],
)
def test_resolvers_that_are_fine(word: str, address: str, port: int) -> None:
    """IPv6 with a port in brackets."""
    found = ResolverAddress().convert(word, None, None)
    assert (found.address, found.port) == (address, port)


@pytest.mark.parametrize("content", [None, b"", b"no certificate\n", b"-----BEGIN CERTIFICATE-----\n"])
def test_a_file_of_authorities_that_cannot_be_used(
    content: bytes | None, resolver: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Missing, empty, or without a certificate."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)

    assert "ca.pem" in usage_error(capfd, ALICE, "--no-login", "--ca-file", str(file), "--resolver", resolver)


def test_a_report_that_cannot_be_written_is_told_before_the_run(
    resolver: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not after half a minute's work. /proc is a folder that not even root can write to."""
    assert "/proc/report.html" in usage_error(
        capfd, ALICE, "--no-login", "--report", "/proc/report.html", "--resolver", resolver
    )
    folder = tmp_path / "x.html"
    folder.mkdir()
    usage_error(capfd, ALICE, "--no-login", "--report", str(folder), "--resolver", resolver)


@pytest.mark.parametrize(
    "url",
    [
        f"imaps://alice:{WORD}@mail.corp.example",
        f"imaps://alice:{WORD}@mail.corp.example:99999",
        f"imaps://alice:{WORD}@mail.corp.example:port",
        f"imaps://:{WORD}@mail.corp.example",
        f"imap//alice:{WORD}@mail.corp.example",
        f"alice:{WORD}@mail.corp.example",
        f"pop3s://alice:{WORD}@mail.corp.example",
        f"imaps://alice:{WORD}@[::1",
        f"imaps://alice:{WORD}/x@mail.corp.example",
    ],
)
def test_a_password_in_a_url_is_not_repeated(url: str, resolver: str, capfd: pytest.CaptureFixture[str]) -> None:
    """However wrong the rest of it is."""
    assert WORD not in usage_error(capfd, ALICE, "--no-login", "--imap", url, "--resolver", resolver)
    assert WORD not in usage_error(capfd, ALICE, "--no-login", "--webmail", url, "--resolver", resolver)


@pytest.mark.parametrize("url", ["https://web.corp.example/@alice?to=a@b", "https://web.corp.example:8443/mail#@"])
def test_an_at_sign_in_a_path_is_fine(url: str) -> None:
    """Only what stands before the host can be a password."""
    assert ServiceUrl(PAGE).convert(url, None, None).url == url


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("imaps://mail.corp.example", ("imap", 993, "implicit", None)),
        ("smtp://mail.corp.example", ("smtp", 587, "starttls", None)),
        ("mail.corp.example:993", ("imap", 993, "implicit", None)),
        ("imaps://mail.corp.example：993", ("imap", 993, "implicit", None)),
        ("imap：//mail．corp．example：１４３", ("imap", 143, "starttls", None)),
        ("imaps://mail.corp.example,", ("imap", 993, "implicit", None)),
        ("imaps://[2001:db8::1]", ("imap", 993, "implicit", None)),
        ("mail.corp.example：143", ("imap", 143, "starttls", None)),
        ("mail.corp.example 465", ("smtp", 465, "implicit", None)),
        (" “mail.corp.example:587” ", ("smtp", 587, "starttls", None)),
        ("192.0.2.1:993", ("imap", 993, "implicit", None)),
        ("[2001:db8::1]:993", ("imap", 993, "implicit", None)),
        ("webmail.corp.example:443", ("webmail", 443, "implicit", "https://webmail.corp.example:443")),
        ("https://mail.corp.example/a.", ("webmail", 443, "implicit", "https://mail.corp.example/a.")),
        ("sieve://mail.corp.example", ("sieve", 4190, "starttls", None)),
        ("sieves://mail.corp.example:5190", ("sieve", 5190, "implicit", None)),
        ("https://mail.corp.example:8443/jmap", ("jmap", 8443, "implicit", "https://mail.corp.example:8443/jmap")),
    ],
)
def test_a_url_is_read_by_the_record_of_its_protocol(url: str, place: tuple[object, ...]) -> None:
    """Its schemes, its ports, and whether it has a path."""
    found = ServiceUrl(BY_NAME[place[0]]).convert(url, None, None)  # type: ignore[index]  # a name from above
    assert (found.protocol, found.port, found.tls, found.url) == place


# -- secrets


@pytest.mark.parametrize(
    ("typed", "secret"),
    [
        (b"word\n", "word"),
        (b"word\r\n", "word"),
        (b"word", "word"),
        (b" word \n", " word "),
        (b"word\r\r\n", "word\r"),
        (b"first\nsecond\n", "first"),
        ("pässwörd密码\n".encode(), "pässwörd密码"),
        ("\ufeffwörd\r\n".encode(), "wörd"),
        ("\ufeffwörd密码\r\nmore\r\n".encode("utf-16-le"), "wörd密码"),
        ("\ufeffwörd\n".encode("utf-16-be"), "wörd"),
        ("\ufeff上上\n".encode("utf-16-le"), "上上"),
        ("\ufeffwörd".encode("utf-16-le"), "wörd"),
        ("\ufeff".encode("utf-16-le"), None),
        ("wo\ufeffrd\n".encode(), "wo\ufeffrd"),
        (b"\n", None),
        (b"\r\n", None),
        (b"", None),
    ],
)
def test_the_first_line_is_the_password(typed: bytes, secret: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its line end aside, whoever wrote it; blanks belong to it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed)))
    found = secrets.from_standard_input()

    assert (found.reveal() if found else None) == secret


def test_bytes_that_are_no_text_survive(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password in an old encoding is sent as it was typed."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"p\xe4ss\n")))
    found = secrets.from_standard_input()
    assert found is not None
    assert found.reveal().encode("utf-8", "surrogateescape") == b"p\xe4ss"


def test_an_empty_variable_is_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set one is."""
    monkeypatch.setenv("MAIL_WORD", "")
    assert secrets.from_environment("MAIL_WORD") is None
    monkeypatch.setenv("MAIL_WORD", WORD)
    found = secrets.from_environment("MAIL_WORD")
    assert isinstance(found, Secret)
    assert found.reveal() == WORD


# -- the whole command


def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"XDG_STATE_HOME": str(tmp_path / "state"), "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "diagnose", *arguments]


def run(tmp_path: Path, *arguments: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command(*arguments),
        env=environment(tmp_path),
        capture_output=True,
        timeout=patient(PATIENCE),
        check=False,
        **more,
    )


@pytest.fixture
def nobody() -> str:
    """A port of this computer where no name server is, for runs that shall find nothing, quickly."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    return f"127.0.0.1:{port}"


def test_version(tmp_path: Path) -> None:
    """With other options too."""
    for arguments in (("--version",), ("--version", "--no-color")):
        done = run(tmp_path, *arguments)
        assert (done.returncode, done.stdout.decode(), done.stderr) == (0, f"diagnose {__version__}\n", b"")


def test_the_version_is_told_without_loading_what_only_a_diagnosis_needs() -> None:
    """It is what scripts ask most often."""
    code = (
        "import sys\nsys.argv = ['diagnose', '--version']\nimport diagnose.__main__ as m\n"
        "try:\n    m.main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'click', 'msgspec', 'rich', 'dns', 'yaml', 'ssl', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=patient(PATIENCE), check=True, text=True
    )

    assert done.stdout.splitlines() == [f"diagnose {__version__}", "[]"]


def test_reports_are_written_whole_beside_standard_output(tmp_path: Path, nobody: str) -> None:
    """Each in the format of its suffix, for its owner alone where it is new, and nothing else is left."""
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "a.json").write_text("from before")
    (folder / "a.json").chmod(0o640)
    done = run(
        tmp_path, ALICE, "--no-login", "--timeout", "1", "--no-third-party", "--resolver", nobody, "--format", "json",
        "--report", str(folder / "a.json"), "--report", str(folder / "b.html"), "--report", str(folder / "c.txt"),
    )  # fmt: skip

    assert done.returncode in {1, 3}
    shown = json.loads(done.stdout)
    assert json.loads((folder / "a.json").read_text()) == shown
    assert (folder / "b.html").read_text().startswith("<!DOCTYPE html>")
    assert sorted(file.name for file in folder.iterdir()) == ["a.json", "b.html", "c.txt"]
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert modes == {"a.json": 0o640, "b.html": 0o600, "c.txt": 0o600}
    assert done.stderr == b""


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_what_a_collector_takes_up_has_the_mode_that_the_umask_leaves(tmp_path: Path, umask: int, mode: int) -> None:
    """A textfile collector is another user; what it replaces keeps its mode, as any report does."""
    old = tmp_path / "old.prom"
    old.write_text("")
    old.chmod(0o604)
    before = os.umask(umask)
    try:
        for name in ("new.prom", "old.prom", "new.json"):
            write_file(tmp_path / name, wrong_password(), RenderStyle())
    finally:
        os.umask(before)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"new.prom": mode, "old.prom": 0o604, "new.json": 0o600}


def test_a_collector_never_sees_half_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes up every file of its suffix in the folder, hidden or not."""
    file, seen = tmp_path / "mail.prom", list[list[str]]()
    replace = Path.replace

    def looked_at(fresh: Path, target: Path) -> Path:
        seen.append([one.name for one in tmp_path.iterdir() if one.name.endswith(".prom")])
        assert fresh.read_text("utf-8").endswith("# EOF\n")
        return replace(fresh, target)

    monkeypatch.setattr(Path, "replace", looked_at)
    write_file(file, wrong_password(), RenderStyle())

    assert seen == [[]]
    assert [one.name for one in tmp_path.iterdir()] == ["mail.prom"]


@pytest.mark.parametrize("suffix", [".txt", ".md", ".xml", ".html", ".json", ".prom"])
def test_a_report_in_a_file_is_complete_whatever_quiet_says(tmp_path: Path, suffix: str) -> None:
    """--quiet concerns standard output alone."""
    given: dict[str, Any] = {"lang": "en", "audience": "user", "verbose": False}
    for quiet in (False, True):
        files = [tmp_path / f"{quiet}{suffix}"]
        assert write_reports(wrong_password(), {**given, "quiet": quiet, "reports": files}) == []

    assert (tmp_path / f"True{suffix}").read_bytes() == (tmp_path / f"False{suffix}").read_bytes()


def test_a_reader_that_has_gone_costs_no_report_and_no_complaint(tmp_path: Path, nobody: str) -> None:
    """As with a pipe into head."""
    reading, writing = os.pipe()
    os.close(reading)
    report = tmp_path / "a.json"
    try:
        done = subprocess.run(
            command(ALICE, "--no-login", "--timeout", "1", "--no-third-party", "--resolver", nobody, "--report",
                    str(report)),
            env=environment(tmp_path), stdout=writing, stderr=subprocess.PIPE, timeout=patient(PATIENCE), check=False,
        )  # fmt: skip
    finally:
        os.close(writing)

    assert done.stderr == b""
    assert json.loads(report.read_text())["verdict"]["exit_code"] == done.returncode


def test_a_password_from_standard_input_is_in_no_output(tmp_path: Path, nobody: str) -> None:
    """Not in any report, nor in the folder of the record."""
    files = [tmp_path / f"report{suffix}" for suffix in (".json", ".html", ".txt")]
    done = run(
        tmp_path, ALICE, "--password-stdin", "--verbose", "--timeout", "1", "--no-third-party", "--resolver", nobody,
        *(word for file in files for word in ("--report", str(file))),
        input=WORD.encode() + b"\r\n",
    )  # fmt: skip

    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert WORD.encode() not in done.stdout + done.stderr + written
    assert all(file.stat().st_size for file in files)


def interrupted(process: subprocess.Popen[bytes]) -> bytes:
    """Press Ctrl-C; what it wrote.

    CPython sleeps through a signal that comes just before it begins to read; whoever sees nothing happen presses again.
    """
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=patient(PATIENCE / 3))[0]
    process.kill()
    return process.communicate()[0]


def test_ctrl_c_at_the_prompt_is_130(tmp_path: Path) -> None:
    """Nothing was sent, and that is said on standard error alone."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(ALICE, "--resolver", "127.0.0.1:9"), env=environment(tmp_path), stdin=theirs, stderr=theirs,
        stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):
        while b"Password of" not in shown:
            shown += os.read(ours, 1000)
    out = interrupted(process)
    with contextlib.suppress(OSError):
        while data := os.read(ours, 1000):
            shown += data
    os.close(ours)

    assert process.returncode == 130
    assert out == b""
    assert b"interrupted" in shown
    assert b"Traceback" not in shown
