"""Completion: what shells offer, asked of the shells themselves, and what is loaded for it."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diagnose.cli import COMMANDS
from diagnose.cli.completion import SHELLS, candidates
from diagnose.lab.scenario import SCENARIOS
from diagnose.providers import provider_called
from tests.machine import need
from tests.pace import patient

from .command_line import CommandLine


def environment(**more: str) -> dict[str, str]:
    own = Path(sys.executable).parent
    return {"PATH": f"{own}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "TERM": "dumb"} | more


def ran(*line: str, **more: str) -> str:
    done = subprocess.run(
        line, capture_output=True, text=True, timeout=patient(60), env=environment(**more), stdin=subprocess.DEVNULL
    )
    assert done.stderr == ""
    return done.stdout


def in_bash(*words: str) -> list[str]:
    """What bash has to offer for the last of *words*."""
    code = (
        'eval "$(diagnose completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        '_diagnose_completion diagnose; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return ran("bash", "--norc", "-c", code, "bash", *words).split()


def in_fish(line: str) -> list[str]:
    """What fish has to offer at the end of *line*."""
    out = ran("fish", "--no-config", "-c", "diagnose completion fish | source; complete -C $argv[1]", line, HOME="/tmp")
    return [one.partition("\t")[0] for one in out.splitlines()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ca",), ["causes"]),
        (("--json", "pro"), ["providers"]),
        (("--lang", "zh"), ["zh-Hans", "zh-Hant"]),
        (("--lang", "=", "zh"), ["zh-Hans", "zh-Hant"]),
        (("alice@corp.example", "--no-th"), ["--no-third-party"]),
        (("explain", "--jso"), ["--jsonl", "--json"]),
        (("causes", "tls.cert-exp"), ["tls.cert-expired", "tls.cert-expiring"]),
        (("explain", "lockout.acc"), ["lockout.account-locked"]),
        (("alice@corp.example", "--only", "lockou"), ["lockout"]),
        (("lab", "cert-expired"), ["cert-expired"]),
        (("completion", "p"), ["powershell"]),
        (("alice@corp.example", "c"), []),
        (("--no-such=",), []),
        (("nonsense", "x", ""), []),
        (("causes", "--no-such", "x"), []),
    ],
)  # fmt: skip
def test_bash_offers_what_can_follow(words: tuple[str, ...], offered: list[str]) -> None:
    assert in_bash("diagnose", *words) == offered


def test_bash_offers_the_commands() -> None:
    assert in_bash("diagnose", "") == list(COMMANDS)


def test_bash_offers_files_where_one_is_wanted(tmp_path: Path) -> None:
    """By the keys themselves: Tab at the end of what is typed."""
    (tmp_path / "the report.json").touch()
    shell, terminal = pty.openpty()
    child = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"], stdin=terminal, stdout=terminal, stderr=terminal, cwd=tmp_path,
        env=environment(PS1="$ ", HISTFILE="/dev/null"), start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    try:
        os.write(shell, b'eval "$(diagnose completion bash)"; echo rea""dy\n')
        assert "ready" in heard(shell, "ready")
        os.write(shell, b"diagnose replay the\t")
        assert "the\\ report.json" in heard(shell, "report.json")
    finally:
        child.kill()
        child.wait()
        os.close(shell)


def heard(terminal: int, word: str) -> str:
    """What comes out of *terminal* until *word* is in it."""
    told, until = "", time.monotonic() + patient(60)
    while word not in told and time.monotonic() < until:
        if select.select([terminal], [], [], 1)[0]:
            told += os.read(terminal, 4096).decode("utf-8", "replace")
    return told


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("diagnose ca", ["causes"]),
        ("diagnose alice@corp.example --no-th", ["--no-third-party"]),
        ("diagnose causes tls.cert-exp", ["tls.cert-expired", "tls.cert-expiring"]),
        ("diagnose --for he", ["helpdesk"]),
        ("diagnose --lang=z", ["--lang=zh-Hans", "--lang=zh-Hant"]),
        ("diagnose explain --provider=gma", ["--provider=gmail"]),
        ("diagnose --no-such=", []),
    ],
)
def test_fish_offers_what_can_follow(line: str, offered: list[str]) -> None:
    need(fish="fish")
    assert in_fish(line) == offered


def test_fish_offers_files_for_an_option_in_the_same_word(tmp_path: Path) -> None:
    need(fish="fish")
    (tmp_path / "the-report.json").touch()
    assert in_fish(f"diagnose --baseline={tmp_path}/the") == [f"--baseline={tmp_path}/the-report.json"]


def test_fish_shows_what_a_command_does_with_its_commas() -> None:
    need(fish="fish")
    out = ran(
        "fish", "--no-config", "-c", "diagnose completion fish | source; complete -C 'diagnose expl'", HOME="/tmp"
    )
    assert out == "explain\tWhat a server's reply, an error message or a cause means.\n"


ZSH_SETUP = b'autoload -Uz compinit; compinit -u; eval "$(diagnose completion zsh)"; echo rea""dy\n'


def test_zsh_offers_what_can_follow(tmp_path: Path) -> None:
    """By the keys themselves: Tab completes what is the only one, and the line is printed as it then is."""
    need(zsh="zsh")
    (tmp_path / "the-report.json").touch()
    shell, terminal = pty.openpty()
    child = subprocess.Popen(
        ["zsh", "-f", "-i"], stdin=terminal, stdout=terminal, stderr=terminal, cwd=tmp_path,
        env=environment(HOME=str(tmp_path), ZDOTDIR=str(tmp_path)), start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    try:
        os.write(shell, ZSH_SETUP)
        assert "ready" in heard(shell, "\r\nready")
        for typed, line in (
            ("diagnose providers tencent-ex", "diagnose providers tencent-exmail"),
            ("diagnose alice@corp.example --no-thi", "diagnose alice@corp.example --no-third-party"),
            ("diagnose --lang zh expl", "diagnose --lang zh explain"),
            ("diagnose explain --protocol=oa", "diagnose explain --protocol=oauth"),
            ("diagnose --baseline=the", "diagnose --baseline=the-report.json"),
        ):
            os.write(shell, typed.encode() + b"\t" + b"\x01print -r -- '[\x05]'\n")
            assert f"[{line}]" in heard(shell, "]\r\n").splitlines()
    finally:
        child.kill()
        child.wait()
        os.close(shell)


def test_powershell_gets_a_script_and_lines(command: CommandLine) -> None:
    """By its protocol: kind, word and help in three lines; words as the script writes them, each in quotes."""
    script = command("completion", "powershell").out
    assert "Register-ArgumentCompleter -Native -CommandName diagnose" in script
    told = ran(
        sys.executable, "-m", "diagnose", _DIAGNOSE_COMPLETE="powershell_complete", COMP_CWORD="4",
        COMP_WORDS="""'diagnose' 'explain' 'C:\\a b' 'it'"'"'s' '--protocol=oa'""",
    )  # fmt: skip
    assert told.splitlines() == ["plain", "oauth", "_"]


def test_a_command_after_options_is_offered_with_what_it_does() -> None:
    assert [one.help for one in candidates("zsh", ["--lang", "zh"], "expl")] == [COMMANDS["explain"].summary]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_has_a_script(shell: str, command: CommandLine) -> None:
    done = command("completion", shell)

    assert (done.code, done.err) == (0, "")
    assert "_DIAGNOSE_COMPLETE" in done.out
    assert command.refused("completion", "csh")
    assert command.refused("completion")


@pytest.mark.parametrize(
    "given",
    [
        {"_DIAGNOSE_COMPLETE": "csh_complete"},
        {"_DIAGNOSE_COMPLETE": "bash_complete"},
        {"_DIAGNOSE_COMPLETE": "bash_complete", "COMP_WORDS": "diagnose", "COMP_CWORD": "x"},
        {"_DIAGNOSE_COMPLETE": "fish_complete", "COMP_WORDS": "diagnose 'zz", "COMP_CWORD": "'zz"},
        {"_DIAGNOSE_COMPLETE": "zsh_complete", "COMP_WORDS": 'diagnose "zz', "COMP_CWORD": "1"},
        {"_DIAGNOSE_COMPLETE": "bash_complete", "COMP_WORDS": "diagnose --provider \x1b]", "COMP_CWORD": "2"},
        {"_DIAGNOSE_COMPLETE": "bash_complete", "COMP_WORDS": "diagnose\n" + "x" * 100_000, "COMP_CWORD": "1"},
    ],
)
def test_what_makes_no_sense_is_answered_with_nothing(given: dict[str, str]) -> None:
    assert ran(sys.executable, "-m", "diagnose", **given) == ""


def test_a_broken_settings_file_hinders_no_completion(tmp_path: Path) -> None:
    broken = tmp_path / "diagnose.toml"
    broken.write_text("nonsense")
    told = ran(
        sys.executable, "-m", "diagnose", DIAGNOSE_CONFIG=str(broken), _DIAGNOSE_COMPLETE="bash_complete",
        COMP_WORDS="diagnose\nca", COMP_CWORD="1",
    )  # fmt: skip
    assert told == "plain,causes\n"


def test_providers_are_offered_by_id_and_name() -> None:
    """And each of these names is one."""
    every = [one.value for one in candidates("bash", ["providers"], "")]
    assert "gmail" not in every
    for begun in ("gm", "腾讯", "ex"):
        found = [one.value for one in candidates("bash", ["--provider"], begun)]
        assert found
        assert all(provider_called(one) for one in found)
    assert "gmail" in [one.value for one in candidates("bash", ["alice@corp.example", "--provider"], "GM")]


def test_scenarios_are_offered_with_what_they_are() -> None:
    found = candidates("zsh", ["lab"], "")
    assert {one.value: one.help for one in found} == {one.id: one.title for one in SCENARIOS.values()}


ASKED = """
import os, sys
os.environ |= {"_DIAGNOSE_COMPLETE": "bash_complete", "COMP_WORDS": sys.argv[1], "COMP_CWORD": sys.argv[2]}
from diagnose.cli.completion import answer
answer()
print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("typed", "without"),
    [
        ("diagnose ca", ("diagnose.cli.main_job", "diagnose.network", "diagnose.lab", "yaml")),
        ("diagnose causes tls", ("diagnose.cli.main_job", "diagnose.network", "diagnose.lab")),
        ("diagnose --no", ("diagnose.lab", "checks", "flask", "requests", "rich", "cryptography", "jinja2")),
        ("diagnose lab c", ("checks", "flask", "requests", "rich", "jinja2")),
    ],
)
def test_only_what_is_needed_is_loaded(typed: str, without: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKED, typed, str(typed.count(" "))], capture_output=True, text=True,
        timeout=patient(60), env=environment(), check=True,
    )  # fmt: skip

    assert done.stdout
    assert set(without) & set(done.stderr.split()) == set()
