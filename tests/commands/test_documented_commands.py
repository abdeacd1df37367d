"""Every command line, option, variable, target and path that README and docs name is one that there is.

Each line is parsed as the program parses it, down to the values of its options, and none is carried out.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from diagnose.cli import COMMANDS, MAIN, Root
from diagnose.cli.settings import PREFIX
from diagnose.process.first_use import one_at_a_time

TOP = Path(__file__).parents[2]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
CODE = re.compile(
    r"^```(?P<language>\w*)\n(?P<fenced>.*?)^```$|(?P<indented>(?:^(?: {4}|\t)[^\n]*\n)+)", re.MULTILINE | re.DOTALL
)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
OTHERS = {"nagios", "icinga", "toml", "text", "python"}
"""Languages of blocks that hold no shell lines; tests/commands/test_ci_snippets.py runs the first two."""
OPERATORS = set("();<>|&")
FILLED = {"LAB_DOMAIN": "corp.example", "LAB_ADDRESS": "alice@corp.example", "LAB_IMAPS": "imap.corp.example:993"}
"""What `diagnose lab --serve` puts into variables."""
FOLDERS = {"HOME": ".", "folder": "."}
OF_A_PLUGIN = {"acme": "json"}
"""What a package of somebody else's would add, and one of ours in its place."""
PLACES = ("diagnose/", "checks/", "reports/", "tests/", "docs/", "benchmarks/", ".ci/", ".github/")


def shell_lines(page: Path) -> Iterator[str]:
    """Lines of code that a shell reads, continued ones joined, and code within sentences."""
    words = page.read_text("utf-8")
    for block in CODE.finditer(words):
        if block["language"] not in OTHERS:
            yield from (block["fenced"] or block["indented"] or "").replace("\\\n", " ").splitlines()
    yield from INLINE.findall(CODE.sub("", words))


def commands(line: str) -> Iterator[list[str]]:
    """The arguments of each `diagnose` in *line*, up to an operator of the shell or a comment."""
    for found in re.finditer(r"(?:^|[\s(/\"'-])diagnose(?=\s)", line):
        rest = re.sub(r"\$\{?(\w+)\}?", lambda name: (FILLED | FOLDERS).get(name[1], name[1]), line[found.end() :])
        if line[: found.end()].endswith(("$(diagnose", '"$(diagnose')):
            rest = rest.partition(")")[0]
        lexer = shlex.shlex(rest, posix=True, punctuation_chars="".join(OPERATORS))
        lexer.whitespace_split = True
        arguments = []
        for word in lexer:
            if set(word) <= OPERATORS:
                break
            arguments.append(word)
        yield arguments


DOCUMENTED = [
    pytest.param(arguments, id=f"{page.name}: {shlex.join(arguments)}")
    for page in PAGES
    for line in shell_lines(page)
    for arguments in commands(line)
]


@pytest.fixture(scope="module")
def options() -> set[str]:
    """All names of all options of all commands."""
    names = {"--help", "-h"}
    for module in (MAIN, *(one.module for one in COMMANDS.values())):
        with one_at_a_time:
            command = import_module(module).COMMAND
        names |= {name for one in command.params for name in (*one.opts, *one.secondary_opts) if name[0] == "-"}
    return names


def test_there_are_documented_commands() -> None:
    assert len(DOCUMENTED) > 60


@pytest.mark.parametrize("arguments", DOCUMENTED)
def test_a_documented_command_is_understood(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that a line reads are there: what is in them is another test's."""
    monkeypatch.chdir(tmp_path)
    arguments = [OF_A_PLUGIN.get(word, word).replace("/var/lib/prometheus/node-exporter/", "") for word in arguments]
    if len(arguments) == 1 and arguments[0] in COMMANDS:
        return  # it is only named
    for word in arguments:
        if re.fullmatch(r"[\w-]+\.(?:json|jsonl|html|md|har|csv|pem)", word):
            (tmp_path / word).touch()
    root = Root()
    name, command, words = root.resolve_command(click.Context(root), arguments)
    with contextlib.suppress(click.exceptions.Exit):  # --help
        command.make_context(name or "diagnose", words, default_map={})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_names_is_one(page: Path, options: set[str]) -> None:
    named = {
        found
        for words in INLINE.findall(CODE.sub("", page.read_text("utf-8")))
        if words.split()[0] not in {"pip", "pipx", "uv", "git", "dask"}
        for found in re.findall(r"(?<![\w-])--[a-z][a-z-]+", words)
    }

    assert named <= options


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_variable_that_a_page_names_is_one(page: Path, options: set[str]) -> None:
    known = {PREFIX + name[2:].replace("-", "_").upper() for name in options} | {PREFIX + "CONFIG"}

    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+", page.read_text("utf-8"))) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_and_link_of_a_page_leads_somewhere(page: Path) -> None:
    words = page.read_text("utf-8")
    linked = {page.parent / one.partition("#")[0] for one in re.findall(r"\]\(([^)]*)\)", words) if "://" not in one}
    named = {
        TOP / one
        for code in INLINE.findall(words)
        for one in re.findall(r"(?<![\w./<-])[\w.][\w./-]*", code)
        if one.startswith(PLACES) and "*" not in code
    }

    assert [str(one) for one in linked | named if not one.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_target_and_extra_that_a_page_names_is_one(page: Path) -> None:
    lines = [line.strip() for line in shell_lines(page)]
    targets = {
        word
        for line in lines
        if line.startswith("make ")
        for word in re.findall(r"(?<=\s)[a-z-]+(?=\s|$)", line.partition("#")[0])
    }
    extras = {name for line in lines for name in re.findall(r"\.\[([\w,]+)\]", line)}
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]

    assert targets <= set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert extras <= project["optional-dependencies"].keys()
