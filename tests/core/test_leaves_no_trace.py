"""Importing and running a diagnosis changes nothing of the process that other code in it shares."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.pace import patient

WATCHED = """
import email_validator, gettext, imaplib2, imaplib2.imaplib2, locale, os, requests, signal, socket, sys, warnings

PLAIN = (str, int, float, bytes, tuple, list, dict, set)

def of_module(module):
    return {n: repr(v) if isinstance(v, PLAIN) else id(v) for n, v in vars(module).items() if not n.startswith("__")}

def state():
    return {
        "environment": dict(os.environ), "filters": list(warnings.filters), "showwarning": id(warnings.showwarning),
        "locale": locale.setlocale(locale.LC_ALL), "text domain": gettext.textdomain(),
        "place of texts": gettext.bindtextdomain("diagnose"), "time-out": socket.getdefaulttimeout(),
        "recursion": sys.getrecursionlimit(), "switch": sys.getswitchinterval(), "directory": os.getcwd(),
        "excepthook": id(sys.excepthook), "signals": [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)],
        "path": list(sys.path), "streams": [id(sys.stdin), id(sys.stdout), id(sys.stderr)],
        **{module.__name__: of_module(module) for module in (imaplib2, imaplib2.imaplib2, email_validator)},
    }

before = state()
"""
"""requests adds filters for its own warnings as it is imported, by whomever."""
COMPARED = """
after = state()
print(*sorted(name for name in before if before[name] != after[name]), sep=", ")
"""
DIAGNOSED = """
from diagnose.account.subject import parse_subject
from diagnose.cli.lab import request_for
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.running.diagnosis import diagnose
from diagnose.running.request import Presentation
assert parse_subject("alice@corp.local").domain == "corp.local"
with Estate(SCENARIOS["{scenario}"]) as estate:
    report = diagnose(
        request_for(estate, seconds={seconds}, presentation=Presentation(lang="zh-Hans", redact=True))
    ).report
assert any(check.id.startswith("login.imap") for check in report.checks), report.verdict.headline
"""
COMMAND_LINE = """
import contextlib, io
from diagnose.cli import run
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    assert run(["explain", "--lang", "zh-Hant", "535 5.7.8 Error: authentication failed"]) == 0
    assert run(["--no-such-option", "--lang", "zh-Hans"]) == 2
"""


def left_changed(*programs: str) -> str:
    """What is not as it was after *programs*, by name."""
    done = subprocess.run(
        [sys.executable, "-c", "\n".join((WATCHED, *programs, COMPARED))],
        capture_output=True, text=True, timeout=patient(120), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("scenario", ["healthy", "wrong-password", "cert-expired"])
def test_a_diagnosis_leaves_everything_as_it_was(scenario: str) -> None:
    """Environment, filters of warnings, locale, signals, and the modules of libraries."""
    assert left_changed(DIAGNOSED.format(scenario=scenario, seconds=patient(30))) == ""


def test_so_does_the_command_line() -> None:
    """In a program that calls it, and in whatever language."""
    assert left_changed(COMMAND_LINE) == ""


@pytest.mark.parametrize(
    ("program", "changed"),
    [
        ("os.environ['LANGUAGE'] = 'zh_Hans'", "environment"),
        ("warnings.simplefilter('ignore', UserWarning)", "filters"),
        ("imaplib2.imaplib2.time = None", "imaplib2.imaplib2"),
        ("email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()", "email_validator"),
        (
            "locale.setlocale(locale.LC_ALL, 'C.UTF-8' if 'UTF' not in locale.setlocale(locale.LC_ALL) else 'C')",
            "locale",
        ),
    ],
)
def test_a_trace_is_seen(program: str, changed: str) -> None:
    """Or the tests above would say nothing."""
    assert left_changed(program) == changed
