"""Help that is found one's way in, and words that are nearly right."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import click
import pytest
from rich.cells import cell_len

from diagnose.cli import COMMANDS, MAIN, run
from diagnose.planning.called import known
from diagnose.running.plugins import all_checks
from tests.pace import patient

ALICE = "alice@corp.example"


def command(name: str) -> click.Command:
    found: click.Command = import_module(COMMANDS[name].module if name else MAIN).COMMAND
    return found


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("explian", "'explain'"),
        ("cause", "'causes'"),
        ("provider", "'providers'"),
        ("password_check", "'password-check'"),
        ("browse", "'browser'"),
        ("lbb", "'lab'"),
    ],
)
def test_a_command_that_is_misspelt_is_guessed(typed: str, meant: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run([typed]) == 2

    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "neither a command, nor a mailbox address, nor a mail domain" in err
    assert f"Did you mean {meant}?" in err


@pytest.mark.parametrize("typed", ["nonsense", "alice@", "explain@", "@har", "", "Ωmega"])
def test_what_resembles_no_command_is_no_misspelling(typed: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run([typed]) == 2

    assert "Did you mean" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("--pasword-stdin", "--password-stdin"), ("--no-hystory", "--no-history"), ("--resolvr", "--resolver")],
)
def test_an_option_that_is_misspelt_is_guessed(typed: str, meant: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run([ALICE, typed]) == 2

    assert meant in capfd.readouterr().err.partition("did you mean")[2]


@pytest.mark.parametrize(
    ("typed", "meant"), [("tlss", "tls"), ("nework.proxy", "network.proxy"), ("loggin", "login"), ("DNS", "dns")]
)
def test_a_check_that_is_misspelt_is_guessed(typed: str, meant: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The list of all is for a word that is like none."""
    assert run([ALICE, "--only", typed]) == 2
    said = capfd.readouterr().err
    assert meant in said.partition("did you mean ")[2]
    assert len(said) < 200

    assert run([ALICE, "--skip", "xyzzy"]) == 2
    assert "there are activation, " in capfd.readouterr().err


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize("columns", [44, 60, 80, 200])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_the_terminal(
    name: str, columns: int, lang: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Examples stay as they are, to be copied, and so does what is one word; Chinese has no blank beside a colon."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LC_ALL", {"en": "C.UTF-8", "zh-Hans": "zh_CN.UTF-8", "zh-Hant": "zh_TW.UTF-8"}[lang])
    assert run([*filter(None, [name]), "--help"]) == 0

    told = capfd.readouterr().out.splitlines()
    wide = [one.strip() for one in told if cell_len(one) > columns]
    stays = ("diagnose ", "DIAGNOSE_", "eval ", "source ", "-")
    assert [one for one in wide if not one.startswith(stays) or "  " in one] == []
    assert not [one for one in told if "： " in one]


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
def test_the_short_guide_fits_a_terminal(
    lang: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LANGUAGE", lang.replace("-", "_"))
    monkeypatch.setenv("LC_ALL", {"en": "C.UTF-8", "zh-Hans": "zh_CN.UTF-8", "zh-Hant": "zh_TW.UTF-8"}[lang])
    assert run([]) == 2
    *guide, _missing = capfd.readouterr().err.splitlines()
    assert len(guide) > 10
    assert max(map(cell_len, guide)) <= 80


def test_a_command_may_be_named_like_no_address(capfd: pytest.CaptureFixture[str]) -> None:
    """What holds an @ or a dot is an address or a domain, however it begins."""
    assert run(["explain@corp.example", "--only", "nothing"]) == 2
    assert run(["har.example", "--only", "nothing"]) == 2

    assert capfd.readouterr().err.count("no check or family is called") == 2


@pytest.mark.parametrize("name", ["", "browser", "har", "lab"])
def test_each_option_is_shown_once_and_in_its_section(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*name.split(), "--help"]) == 0

    options = [one for one in command(name).params if isinstance(one, click.Option)]
    shown = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  -")]
    assert sorted(word.rstrip(",") for word in shown) == sorted({*(one.opts[0] for one in options), "-h"})


@pytest.mark.parametrize("name", ["", "browser"])
def test_secrets_servers_checks_and_report_have_sections(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([*name.split(), "--help"])

    out = capsys.readouterr().out
    sections = {part.partition(":\n")[0]: part for part in out.split("\n\n") if ":\n" in part}
    for title, option in [
        ("Where the password comes from", "--keyring"),
        ("Where the servers are", "--imap"),
        ("What is checked", "--profiles"),
        ("What may be done for it", "--no-third-party"),
        ("The report", "--redact"),
        ("Options", "--timeout"),
    ]:
        assert f"  {option}" in sections[title]
    assert list(sections)[-1] == "Options"


def test_all_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--help"])

    out = capsys.readouterr().out
    assert all(f"  diagnose {name} " in out for name in COMMANDS)


def test_help_loads_no_command_but_its_own() -> None:
    """Nor what only a diagnosis needs."""
    modules = sorted(one.module for one in COMMANDS.values())
    code = (
        f"import sys\nfrom diagnose.cli import run\nrun(['--help'])\n"
        f"print(sorted({{*{modules}, 'flask', 'requests', 'publicsuffixlist'}} & set(sys.modules)), "
        "file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=patient(60), check=True)

    assert done.stderr == "[]\n"


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize("name", ["", "explain", "password-check", "help"])
def test_help_is_a_command_too(name: str, lang: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["--lang", lang, *name.split(), "--help"]) == 0
    by_option = capfd.readouterr()
    assert run(["help", *name.split(), "--lang", lang]) == 0
    assert capfd.readouterr() == by_option


def test_every_command_has_help_by_its_name(capfd: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        assert run(["help", name, "--lang", "en"]) == 0
        assert capfd.readouterr().out.startswith(f"Usage: diagnose {name} ")


@pytest.mark.parametrize("typed", ["nonsense", "alice@corp.example", "", "--only"])
def test_there_is_no_help_on_what_is_no_command(typed: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["help", typed]) == 2

    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)


def test_help_with_settings_that_are_wrong(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DIAGNOSE_TIMEOUT", "soon")
    assert run(["help"]) == 0
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("expectation.tsl", "expectation.tls"),
        ("login.mailboxes", "login.mailbox"),
        ("dns.resolvr", "dns.resolver"),
        ("reach.pahts", "reach.paths"),
        ("login.imp", "login.imap"),
        ("network.prox", "network.proxy"),
        ("tls.imaps.993", "tls.imap"),
    ],
)
@pytest.mark.parametrize("option", ["--only", "--skip"])
def test_a_check_that_is_misspelt_below_its_family_is_guessed(
    option: str, typed: str, meant: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run([ALICE, option, typed]) == 2

    assert meant in capfd.readouterr().err.partition("did you mean ")[2].partition("?")[0].split(", ")


@pytest.mark.parametrize(
    "typed",
    ["login.imap.x", "login.imap.993000", "lockout.imap", "har.x", "discovery", "login.", "address.syntax.2", "."],
)
def test_no_check_answers_to_it(typed: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The port that no server has, the server of a check that asks none, the check that always runs."""
    assert run([ALICE, "--only", typed]) == 2
    assert f"“{typed}”" in capfd.readouterr().err


def test_of_a_family_that_is_there_its_own_checks_are_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert run([ALICE, "--lang", "en", "--only", "tls.xyzzyxyzzyxyzzyxyzzy"]) == 2
    assert "there are tls." in capfd.readouterr().err


@pytest.mark.parametrize(
    "word",
    [
        "expectation", "expectation.tls", "browser", "browser.self-test", "login.imap", "login.imap.993",
        "login.imap.993.2", "tls.smtp", "dns.host.imap.corp.example", "network.proxy.imap.993", "har", "credentials",
        "login.mailbox.imap",
    ],
)  # fmt: skip
def test_what_some_check_is_called_stays_valid(word: str) -> None:
    assert known(word, all_checks())


def test_every_id_and_family_is_valid() -> None:
    assert all(known(name, all_checks()) for check in all_checks() for name in (check.id, check.family))
