"""Who may import what, and that every name known in two places is known in both."""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from checks.sessions import sessions
from diagnose import providers
from diagnose.knowledge.catalogue import PLACEHOLDERS, RUN_FACTS, catalogue
from diagnose.model import Host, Service, Subject
from diagnose.model.protocols import BY_NAME, PAGE, PROTOCOLS, ProtocolName
from diagnose.planning.declaration import DISCOVERY, validate
from diagnose.running.plugins import all_checks
from tests.support.build import targets_of
from tests.support.sources import PACKAGES, Source, all_modules, modules

PUBLIC = {
    "diagnose.browsers",
    "diagnose.process.children",
    "diagnose.discovery",
    "diagnose.process.first_use",
    "diagnose.process.installation",
    "diagnose.har",
    "diagnose.account.history",
    "diagnose.account.person",
    "diagnose.model",
    "diagnose.running.context",
    "diagnose.network",
    "diagnose.providers",
    "diagnose.rendering",
    "diagnose.process.regular_file",
    "diagnose.replies",
    "diagnose.account.secret",
    "diagnose.account.subject",
    "diagnose.knowledge",
}
"""What our own checks and reports may build on, with the modules below; others rely on `diagnose.api` alone."""


def imported(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_diagnose_imports_neither_checks_nor_reports() -> None:
    """They come in by entry points, like anybody's."""
    wrong = [
        (source.name, name)
        for source in modules("diagnose")
        for name in imported(source)
        if name.partition(".")[0] in {"checks", "reports", "tests"}
    ]
    assert wrong == []


@pytest.mark.parametrize("package", ["checks", "reports"])
def test_checks_and_reports_build_on_what_is_public(package: str) -> None:
    """On the model, the network and the knowledge; not on the runner, the verdict or the command line."""
    others = {"checks", "reports", "tests"} - {package}
    wrong = []
    for source in modules(package):
        for name in imported(source):
            top = name.partition(".")[0]
            allowed = any(name == public or name.startswith(public + ".") for public in PUBLIC)
            if top in others or (
                top == "diagnose" and name not in {"diagnose", "diagnose.__version__"} and not allowed
            ):
                wrong.append((source.name, name))
    assert wrong == []


def docstrings(source: Source) -> set[int]:
    """The nodes of strings that stand alone: documentation, which may name servers as examples."""
    return {
        id(node.value) for node in source.nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def test_no_code_names_a_provider() -> None:
    """What is known about providers is in their files; code reads it."""
    ids = {provider.id for provider in providers.all_providers()}
    words = {
        word
        for provider in providers.all_providers()
        for word in re.split(r"[^\w.-]+", provider.names.in_language("en"))
        if len(word) > 3 and word[0].isupper()
    } - ORDINARY
    wrong = []
    for source in all_modules():
        documentation = docstrings(source)
        for node in source.nodes:
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in documentation:
                continue
            if "\\" not in node.value:  # a place in the operating system's registry
                found = {node.value} & ids | set(re.findall(r"[\w.-]+", node.value)) & words
                wrong += [(source.name, node.lineno, word) for word in found]
    assert wrong == []


ORDINARY = {
    "Mail",
    "Email",
    "Enterprise",
    "Business",
    "Server",
    "Online",
    "Cloud",
    "Webmail",
    "Post",
    "Free",
    "Exchange",
}
"""Words of providers' names that mean something by themselves."""


NAMED_ALL_THE_SAME = {
    "diagnose/model/protocols.py": "the records themselves",
    "diagnose/replies/wire.py": "the grammars of replies and the registries of codes, some called as their protocol",
    "diagnose/replies/reader.py": "the same registries",
    "diagnose/providers/labels.py": "a field of provider files",
    "diagnose/providers/accounted.py": "the same field",
    "diagnose/selftest/words.py": "a sentence of the self-test's page, by its name",
    "diagnose/lab/imap.py": "the lab's session",
    "diagnose/lab/pop3.py": "the lab's session",
    "diagnose/lab/submission.py": "the lab's session",
    "diagnose/lab/jmap.py": "the lab's session",
    "diagnose/lab/sieve.py": "the lab's session",
}
"""Files of diagnose that write the name of a protocol, and why they do."""


def test_no_code_names_a_protocol() -> None:
    """What is known of one is in its record, and how it is spoken in its session; all else reads them."""
    found = set()
    for source in modules("diagnose"):
        documentation = docstrings(source)
        for node in source.nodes:
            if isinstance(node, ast.Constant) and node.value in BY_NAME and id(node) not in documentation:
                found.add(source.name)
    assert found == set(NAMED_ALL_THE_SAME)


def test_there_is_one_record_a_protocol() -> None:
    """Under the names that types know; no scheme, label or port stands for two of them."""
    assert tuple(BY_NAME) == get_args(ProtocolName)
    assert len(BY_NAME) == len(PROTOCOLS)
    labels = [port.srv for protocol in PROTOCOLS for port in protocol.ports if port.srv]
    schemes = [port.scheme for protocol in PROTOCOLS for port in protocol.ports if not protocol.http]
    assert len(set(labels)) == len(labels)
    assert len(set(schemes)) == len(schemes)
    assert set(sessions()) == {protocol.name for protocol in PROTOCOLS} - {PAGE.name}
    schema = json.loads((PACKAGES["reports"] / "report.schema.json").read_text("utf-8"))
    assert schema["$defs"]["service"]["properties"]["protocol"]["enum"] == list(BY_NAME)


# -- checks


def test_the_built_in_checks_can_run() -> None:
    """No unknown need, no circle."""
    validate(all_checks())


def test_ids_and_families_of_checks() -> None:
    """An id of several parts begins with the id or family it belongs to, and every family is one of few words."""
    known = {check.id for check in all_checks()} | {check.family for check in all_checks()}
    for check in all_checks():
        assert re.fullmatch(r"[a-z]+(\.[a-z-]+)*", check.id), check.id
        assert check.id.partition(".")[0] in known
        assert check.family.isidentifier()
        assert DISCOVERY not in check.id.split(".")


def fields(msgid: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(msgid) if name is not None}


def test_titles_hold_only_what_a_target_has() -> None:
    """A host has no port, a subject has only its domain."""
    allowed: dict[type, set[str]] = {Service: {"host", "port", "protocol"}, Host: {"host"}, Subject: {"domain"}}
    for check in all_checks():
        assert targets_of(check), check.id
        for target in targets_of(check):
            title = check.title_for(target)
            assert fields(title) <= allowed[type(target)], check.id
            assert not title.endswith(".")


def written_causes(package: str) -> Iterator[tuple[str, int, str]]:
    """Every word in the code that looks like a cause of a known family.

    The fields of provider files are written with a dot too; the one module that shows them is left out.
    """
    families = {cause.id.partition(".")[0] for cause in catalogue()}
    known_checks = {check.id for check in all_checks()}
    cause = re.compile(rf"(?:{'|'.join(families)})\.[a-z]+(?:-[a-z]+)*")
    for source in modules(package):
        if source.name == "diagnose/cli/provider_facts.py":
            continue
        for node in source.nodes:
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and cause.fullmatch(node.value)
                and node.value not in known_checks
            ):
                yield source.name, node.lineno, node.value


@pytest.mark.parametrize("package", PACKAGES)
def test_every_cause_that_code_names_is_in_the_catalogue(package: str) -> None:
    """A typing mistake would be a check in error, seen only where it happens."""
    named = list(written_causes(package))
    assert [place for place in named if place[2] not in catalogue()] == []
    if package == "checks":
        assert len({cause for _, _, cause in named}) > 30


def test_what_a_check_rules_out_is_in_the_catalogue() -> None:
    """By name."""
    for check in all_checks():
        for cause in getattr(check, "rules_out", ()):
            assert cause in catalogue(), (check.id, cause)


def sentences() -> Iterator[tuple[str, ast.Call, set[str]]]:
    """Calls that make a sentence, and what may be spread into them: a service's place, mappings of the same module."""
    place = Service(protocol="imap", host="", port=0, tls="none", source="guess").place
    for source in all_modules():
        keys = set(place) | {
            key.value
            for node in source.nodes
            if isinstance(node, ast.Dict)
            for key in node.keys
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        }
        for node in source.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "text":
                yield source.name, node, keys


def test_placeholders_of_sentences_match_their_arguments() -> None:
    """What is missing would fail when the sentence is shown; what is too much is never shown."""
    count, wrong = 0, []
    for file, call, keys in sentences():
        if not call.args or not isinstance(call.args[0], ast.Constant) or not call.keywords:
            continue  # without any arguments it is a message id taken for later
        given = {keyword.arg for keyword in call.keywords}
        wanted = fields(str(call.args[0].value))
        spread = keys if None in given else set()
        missing, idle = wanted - given - spread, given - wanted - {None}
        count += 1
        if missing or idle:
            wrong.append((file, call.lineno, missing, idle))
    assert wrong == []
    assert count > 100


def test_placeholders_of_remedies_are_known() -> None:
    """Facts of the run, the provider or the browser, nothing else."""
    known = set(RUN_FACTS) | set(PLACEHOLDERS)
    wrong = [(cause.id, fields(msgid) - known) for cause in catalogue() for msgid in cause.msgids()
             if fields(msgid) - known]  # fmt: skip
    assert wrong == []


def test_a_check_is_where_its_id_says() -> None:
    """`dns.resolver` in `checks/dns/resolver.py`: the folder is the family, the file the last word of the id."""
    wrong = {
        check.id: check.probe.__module__
        for check in all_checks()
        if check.probe.__module__ != f"checks.{check.family}.{check.id.rpartition('.')[2].replace('-', '_')}"
    }
    assert wrong == {}


ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "architecture.md").read_text("utf-8")
EXAMPLES = {"browsers/ID.yaml", "providers/ID.yaml", "/Microsoft-Server-ActiveSync"}


@pytest.mark.parametrize("package", ["diagnose", "checks"])
def test_the_document_names_every_room(package: str) -> None:
    rooms = {file.parent.name for file in (ROOT / package).glob("*/__init__.py")}
    named = set(re.findall(r"[\w]+", DOCUMENT.partition("The rooms of `diagnose`")[2].partition("| where |")[0]))
    assert rooms - named == set()


def test_the_document_names_no_file_that_is_gone() -> None:
    """A path in full, or as it stands in the room or the sample package that is spoken of."""
    written = set(re.findall(r"`([\w./-]+)`", DOCUMENT))
    paths = {name for name in written if name.endswith((".py", ".yaml", ".md")) or "/" in name} - EXAMPLES
    places = [ROOT / place for place in ("diagnose", "checks", "reports", "docs", "tests", "benchmarks")]
    there = {str(file) for place in places for file in place.rglob("*")}
    assert len(paths) > 60
    assert {name for name in paths if not any(file.endswith(f"/{name.rstrip('/')}") for file in there)} == set()


TWICE = {"Row", "Rows", "Verbatim"}
"""A row of the file of a fleet and one of a page's list; and what a page holds, with how a terminal lays it out."""


def module_of(source: Source) -> str:
    return source.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def room_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def test_what_other_rooms_use_has_a_name_of_its_own() -> None:
    """A type that a second room imports is not called as another such type."""
    users: dict[tuple[str, str], set[str]] = {}
    homes: dict[str, set[str]] = {}
    for source in all_modules():
        for node in source.nodes:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    users.setdefault((node.module, alias.name), set()).add(room_of(module_of(source)))
            elif isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, set()).add(module_of(source))
    shared = {
        name: [home for home in found if (users.get((home, name), set()) | users.get((room_of(home), name), set()))
               - {room_of(home)}]
        for name, found in homes.items()
    }  # fmt: skip
    assert {name for name, found in shared.items() if len(found) > 1} == TWICE


PRIVATE_WORDS = ("workbench", "shelf", "knock", "landmark", "harmless", "wishes", "conduct")
"""Words of our own for what the field has a word for: context, connection pool, probe, reference host, sanitize."""


@pytest.mark.parametrize("package", PACKAGES)
def test_what_the_field_has_a_word_for_has_no_private_one(package: str) -> None:
    """In names of modules, functions, types and parameters; sentences may say what they like."""
    named: list[str] = []
    for source in modules(package):
        named.append(source.name)
        for node in source.nodes:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                named.append(node.name)
            elif isinstance(node, ast.arg):
                named.append(node.arg)
    assert len(named) > 100
    assert [name for name in named if any(word in name.lower() for word in PRIVATE_WORDS)] == []
