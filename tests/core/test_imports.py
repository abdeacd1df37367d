"""What a plain diagnosis loads: nothing that only other commands need; help loads nothing that only a run needs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pytest

from tests.pace import patient

ONLY_ELSEWHERE = {
    "lab": ("aiosmtpd", "dnslib", "trustme", "diagnose.lab"),
    "browser": ("flask", "werkzeug", "playwright", "diagnose.selftest", "checks.browser.automation.launch"),
    "har": ("ijson",),
    "password-check": ("zxcvbn",),
    "a fleet on other computers": ("distributed", "dask", "diagnose.fleet.dask_engine"),
    "html": ("jinja2", "markupsafe"),
    "clocks and connects that are compared": ("statistics",),
    "a password beyond ASCII": ("encodings.cp1252", "encodings.cp932"),
    "knowledge that others bring": ("yaml", "diagnose.replies.compiling"),
    "configurations in XML": ("xml.etree",),
    "browser profiles": (
        "checks.browser.stored.profiles",
        "checks.browser.stored.cookies",
        "checks.browser.stored.caches",
    ),
    "a clean browser": ("checks.browser.automation.job", "checks.browser.automation.pins"),
}
"""By what needs them."""
ONLY_IN_A_RUN = (
    *("checks", "reports", "dns", "requests", "cryptography", "rich.console", "ssl", "email", "importlib.metadata"),
    *("diagnose.account", "diagnose.discovery", "diagnose.network", "diagnose.record", "diagnose.redaction"),
    *("diagnose.replies", "diagnose.running", "diagnose.verdict", "diagnose.knowledge.catalogue"),
)
"""What neither help, nor completion, nor wrong usage loads."""
AFTER_DNS = {"requests", "cryptography", "rich.console", "email", "importlib.metadata"}
"""Of these, what a run without any name server need not get as far as to load."""
SAID_AT_ONCE = """
import os, sys
from diagnose.cli import run
from diagnose.cli.completion import answer

codes = [run(words.split()) for words in sys.argv[1:]]
os.environ |= {"_DIAGNOSE_COMPLETE": "bash_complete", "COMP_WORDS": "diagnose --no", "COMP_CWORD": "1"}
codes.append(answer())
print(*codes, "modules:", *sys.modules, file=sys.stderr)
"""
RUN = """
import sys
from diagnose.cli import run

code = run(sys.argv[1:])
print(code, *sorted(sys.modules), file=sys.stderr)
"""

UNTIL_THE_FIRST_QUESTION = """
import sys

def watch(event, arguments):
    if event == "socket.connect" and arguments[1] == ("127.0.0.1", 9) and not seen:
        seen.append(tuple(sys.modules))

seen = []
sys.addaudithook(watch)
from diagnose.cli import run

run(sys.argv[1:])
print(*seen[0], file=sys.stderr)
"""


LOOKED_FOR = """
import gettext, sys
looked = []
find = gettext.find
gettext.find = lambda *words, **more: (looked.append(words), find(*words, **more))[1]
from diagnose.cli import run

run(sys.argv[1:])
print(len(looked), file=sys.stderr)
"""
MOST_LOOKS = 15
"""For a catalogue: some for words of click, none for ours."""


def loaded(folder: Path, *arguments: str) -> tuple[int, set[str]]:
    """Exit code and modules of a run of its own."""
    code, *modules = started(RUN, folder, *arguments).stderr.split()
    return int(code), set(modules)


def started(program: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=patient(60), check=True,
        env={"XDG_STATE_HOME": str(folder), "PATH": "/usr/bin:/bin", "NO_COLOR": "1"},
    )  # fmt: skip


def among(modules: set[str], names: Iterable[str]) -> set[str]:
    """Those of *names* that are loaded, or a part of which is."""
    return {name for name in names if any(module == name or module.startswith(name + ".") for module in modules)}


@pytest.mark.parametrize("subject", ["alice@corp.test", "corp.test"])
def test_a_plain_diagnosis_loads_nothing_that_only_others_need(subject: str, tmp_path: Path) -> None:
    """With every check of it run as far as it goes without any network."""
    code, modules = loaded(
        tmp_path, subject, "--resolver", "127.0.0.1:9", "--no-third-party", "--timeout", "2", "--quiet"
    )

    assert code in {1, 3}
    assert among(modules, chain.from_iterable(ONLY_ELSEWHERE.values())) == set()
    assert among(modules, ONLY_IN_A_RUN) >= {*ONLY_IN_A_RUN} - AFTER_DNS  # they are the names of what a run loads


def test_a_plain_diagnosis_in_english_looks_for_hardly_any_catalogue(tmp_path: Path) -> None:
    """Each look takes a tenth of a millisecond; there are thousands of texts."""
    words = ("alice@corp.test", "--resolver", "127.0.0.1:9", "--no-third-party", "--timeout", "2", "--quiet")

    assert int(started(LOOKED_FOR, tmp_path, *words).stderr) <= MOST_LOOKS


def test_the_first_question_leaves_before_the_checks_are_loaded(tmp_path: Path) -> None:
    """Which are a third of what a run loads; the answer comes meanwhile."""
    words = ("corp.test", "--resolver", "127.0.0.1:9", "--no-third-party", "--timeout", "2", "--quiet")
    by_then = set(started(UNTIL_THE_FIRST_QUESTION, tmp_path, *words).stderr.split())

    assert "diagnose.network.resolver" in by_then
    assert among(by_then, {"checks", "reports", "requests", "cryptography", "rich.console"}) == set()
    assert among(by_then, {"dns.message", "dns.query", "email", "importlib.metadata"}) == set()  # for its answer
    later = {
        "diagnose.verdict",
        "diagnose.running.runner",
        "diagnose.comparison.baseline",
        "diagnose.replies",
        "diagnose.running.plugins",
        "diagnose.running.context",
        "diagnose.knowledge.catalogue",
        "diagnose.browsers",
        "diagnose.cli.saved_reports",
        "difflib",
    }
    assert among(by_then, later) == set()


def test_the_checks_are_loaded_without_what_conversations_are_held_by() -> None:
    """Which is loaded while the first handshakes are on their way."""
    program = "import sys; from diagnose.running.plugins import all_checks; all_checks(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    later = {"http.client", "smtplib", "poplib", "email", "checks.sessions.imap", "checks.sessions.own_imaplib2"}

    assert among(set(done.stdout.split()), {*later, "checks.sessions"}) == {"checks.sessions"}


def test_help_completion_and_wrong_usage_load_nothing_that_only_a_run_needs(tmp_path: Path) -> None:
    """All in one process: what none of them loads is loaded by no one."""
    done = started(SAID_AT_ONCE, tmp_path, "--help", "--lang zh-Hans --help", "--nosuch", "--imap", "--format nosuch x")
    said, _, modules = done.stderr.rpartition("modules:")

    assert said.splitlines()[-1].split() == ["0", "0", "2", "2", "2", "0"]
    assert "--no-login" in done.stdout
    assert among(set(modules.split()), ONLY_IN_A_RUN) == set()


def test_an_explanation_loads_nothing_of_a_run_but_the_reader_and_the_text_format(tmp_path: Path) -> None:
    """Reading a reply asks nobody anything."""
    needed = {"reports", "rich.console", "diagnose.replies", "diagnose.knowledge.catalogue"}
    code, modules = loaded(tmp_path, "explain", "535 5.7.8 authentication failed")

    assert code == 0
    assert among(modules, ONLY_IN_A_RUN) == needed


@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        (("lab", "--list"), "diagnose.lab"),
        (("browser", "--help"), "diagnose.selftest"),
    ],
)
def test_the_names_are_those_of_what_is_loaded_elsewhere(
    arguments: tuple[str, ...], needs: str, tmp_path: Path
) -> None:
    """A name that nothing has would be missed by nobody."""
    _, modules = loaded(tmp_path, *arguments)

    assert any(module == needs or module.startswith(needs + ".") for module in modules)
