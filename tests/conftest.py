"""What all tests start from; and what was left out, and why, is the last that a run of them says."""

from __future__ import annotations

import functools
import gc
import os
import re
import signal
import ssl
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
import trustme

from diagnose.account import history
from diagnose.knowledge.compiled import compile_all
from diagnose.replies import load_knowledge
from tests.commands.command_line import CommandLine
from tests.support.record_key import keys

# A command that is started five hundred times would otherwise be compiled as often, which takes longer than it runs.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False  # nor the tests themselves, whose assertions pytest rewrites
# A test is no job of GitHub Actions, whoever runs it, unless it says so itself.
for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
    os.environ.pop(name, None)
# Nor does it have the settings of whoever runs it.
for name in [name for name in os.environ if name.startswith("DIAGNOSE_")]:
    os.environ.pop(name)
os.environ["DIAGNOSE_CONFIG"] = ""  # no file
# No test trusts what the system trusts, and each run would read its 140 authorities, a twentieth of a second's work.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("support") / "nobody.pem")

# Nor is it left to chance whether two passwords of it look alike.
history.new_key = keys

# A shell has its programs in the background ignore Ctrl-C, and those that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

STARTERS = {
    *("subprocess", "multiprocessing", "mypy.api"),
    *("diagnose.lab.estate", "diagnose.lab.trial", "benchmarks.__main__"),
}
"""Whoever takes something from these modules starts programs (mypy: within this process), or an estate on loopback."""
MEASURES = {"within", "working", "process_time", "get_traced_memory", "Counted"}
"""Whoever calls one of these asks how much time, memory or work something takes, mostly of something large."""
CORPORA = {"labelled", "LABELLED", "EVERY_CAUSE", "extracted", "planted", "kinds_of_mailboxes", "imported_anywhere"}
"""Whoever uses one of these goes through a whole corpus: labelled replies, all causes, the texts of all sources, words
in every place of a report, or all causes at all providers."""
NUMBERS = {"by_the_hundred"}
"""Whoever uses this does the same so often that it cannot be quick."""


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """For a server that is called localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    """That verifies."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line, for each test its own."""
    return CommandLine(monkeypatch, capsys)


MANY, EVERY = 200, 5
"""Of a test with more cases than that, every fifth is quick."""
REAL = re.compile(r"^pytestmark = pytest\.mark\.real$", re.MULTILINE)
STARTS = re.compile(rf"^(import|from) ({'|'.join(map(re.escape, STARTERS))})($| import )", re.MULTILINE)
"""In a file of which each test is `whole`; one that takes nothing but constants from there does it otherwise."""


def pytest_configure(config: pytest.Config) -> None:
    """Compiles knowledge once, before the first of many commands that would each find it out of date."""
    if not hasattr(config, "workerinput"):
        compile_all()
        load_knowledge()
    gc.disable()  # of what is collected nothing is garbage, and looking for some is a quarter of the work


def pytest_collection_finish() -> None:
    """Looks for garbage again, but never among the tests themselves, which stay to the end."""
    gc.freeze()
    gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Reads no file of which nothing would be run: such ones load drivers of browsers and makers of zones."""
    return True if marks_throughout(collection_path) & left_out(config) else None


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> list[pytest.Item] | None:
    """Makes nothing of a function of which no case would be run, rather than all its cases."""
    out = left_out(collector.config)
    if out and isinstance(obj, FunctionType) and name.startswith("test") and out & marks_of(obj, collector.module):
        return []
    return None


@functools.cache
def marks_throughout(path: Path) -> set[str]:
    """Which of `real` and `whole` all tests of the file *path* are, as far as its text tells."""
    if path.suffix != ".py":
        return set()
    text, beside = path.read_text("utf-8"), path.with_name("conftest.py")
    starting = STARTS.search(text) or (beside.exists() and STARTS.search(beside.read_text("utf-8")))
    return {name for name, found in (("real", REAL.search(text)), ("whole", starting)) if found}


def left_out(config: pytest.Config) -> set[str]:
    """The marks none of which a test may have, to be run."""
    expression = config.getoption("markexpr")
    return set() if " or " in expression else set(re.findall(r"\bnot (\w+)", expression))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Gives each test the same keys, whichever came before it."""
    keys.start()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is `whole` or `thorough`, and puts whole and real runs first.

    A long file that begins late would keep one worker busy in the end.
    """
    cases = Counter(map(name_of, items))
    before = Counter[str]()
    for item in items:
        if cases[name_of(item)] > MANY and before[name_of(item)] % EVERY:
            item.add_marker("thorough")
        before[name_of(item)] += 1
        if isinstance(item, pytest.Function):
            for mark in sorted(marks_of(item.obj, item.module)):
                item.add_marker(mark)
    items.sort(key=lambda item: not any(item.iter_markers("real")) and not any(item.iter_markers("whole")))


def name_of(item: pytest.Item) -> str:
    """File and function, whichever its case."""
    return item.nodeid.partition("[")[0]


def marks_of(function: Any, module: ModuleType) -> set[str]:
    """Whether the test *function* is `whole`, and whether it is `thorough`, whichever its case."""
    names = names_in(getattr(function, "__func__", function), module)
    marks = set()
    if starts_something(module) or STARTERS & names:  # some import it within
        marks.add("whole")
    if (MEASURES | CORPORA | NUMBERS) & names or getattr(function, "is_hypothesis_test", False):
        marks.add("thorough")
    return marks


@functools.cache
def starts_something(module: ModuleType) -> bool:
    """Whether the tests of *module*, or the fixtures of its folder, start programs or an estate."""
    fixtures = sys.modules.get(f"{module.__package__}.conftest")
    found = [one for place in (module, fixtures) if place is not None for one in vars(place).values()]
    return any(STARTERS & {getattr(one, "__module__", None), getattr(one, "__name__", None)} for one in found)


@functools.cache
def names_in(function: Callable[..., object], module: ModuleType) -> set[str]:
    """The names that *function* uses, and the functions of *module* that it calls."""
    own = names_of(function.__code__) if isinstance(function, FunctionType) else set()
    called = [vars(module).get(name) for name in own]
    return own.union(*(names_of(one.__code__) for one in called if isinstance(one, FunctionType)))


@functools.cache
def names_of(code: CodeType) -> set[str]:
    """The names that *code* uses, and the functions inside it."""
    return set(code.co_names).union(*(names_of(one) for one in code.co_consts if isinstance(one, CodeType)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tests that were skipped, counted by reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(reason_of(report) for report in skipped)
    if reasons:
        terminalreporter.section("left out")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count} {'test' if count == 1 else 'tests'}: {reason}")


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why pytest skipped it; of a skip, longrepr holds file, line and reason."""
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return told.removeprefix("Skipped: ")
