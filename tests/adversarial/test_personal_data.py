"""Personal data planted in every word that a check can bring is found in no format of a redacted report."""

from __future__ import annotations

import base64
import getpass
import html
import json
import re
import socket
import types
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from checks.server.server import ServerFacts
from diagnose.cli.formats import formats, rendered
from diagnose.comparison.replay import replayed
from diagnose.model import Subject, text
from diagnose.model.report import Report
from diagnose.model.saved import SavedReportError, plain_report, saved_report
from diagnose.network import Vantage
from diagnose.record.run import Asked, CheckRun, Run
from diagnose.redaction.own import occurring, own_words
from diagnose.redaction.redact import redact, strings_in
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.chosen import every_check
from diagnose.running.reporting import discreet, report_of
from diagnose.running.request import Presentation
from tests.adversarial.personal_data import (
    ADDRESS,
    COMPANY,
    DOMAIN,
    KINDS,
    OWN_ACCOUNT,
    OWN_ADDRESS,
    OWN_HOME,
    OWN_NAME,
    PERSON,
    Kind,
)
from tests.commands.command_line import CommandLine
from tests.reports.samples import wrong_password
from tests.support.build import service
from tests.support.record import record

LONGEST = 420
"""Characters of kinds in one text: what shows a text shows its first five hundred characters, words of ours and all."""


@pytest.fixture(autouse=True)
def computer(monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose name, address, home and account are known."""
    monkeypatch.setattr(socket, "gethostname", lambda: OWN_NAME)
    monkeypatch.setattr(Vantage, "own_addresses", lambda _: frozenset({OWN_ADDRESS}))
    monkeypatch.setattr(Path, "home", lambda: Path(OWN_HOME))
    monkeypatch.setattr(getpass, "getuser", lambda: OWN_ACCOUNT)


def made(kind: Any, words: str, around: tuple[Any, ...] = ()) -> Any:
    """Plain values of the type *kind*, with *words* in every text; *around*: the types that it stands in."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        limit = longest(kind)
        some = words if limit is None or len(words) <= limit else words[:limit].rpartition(" ; ")[0]
        return made(parts[0], some, around)
    if kind is str:
        return words
    if origin is Literal:
        return parts[0]
    if origin in {Union, types.UnionType}:
        return made(next((part for part in parts if part is not type(None)), None), words, around)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind.__name__ == "Text":
            return {"msgid": "{words}", "args": {"words": words}}
        hints = get_type_hints(kind, include_extras=True)
        return {name: made(hint, words, (*around, kind)) for name, hint in hints.items()}
    if origin is tuple:
        if parts[0] in around:  # one within another of its kind: that one has all that it can have
            return []
        limit = longest(parts[0]) if get_args(parts[0])[:1] == (str,) else None
        each = [one for one in (words.split(" ; ") if limit else [words]) if len(one) <= (limit or 500)]
        return [made(parts[0], one, around) for one in each]
    if origin in {dict, Mapping}:
        return {words: made(parts[1], words, around)}
    return {bool: True, int: 1, float: 1.0, bytes: ""}.get(kind)


def longest(kind: Any) -> int | None:
    """How long a text of the type *kind* may be; None where nothing says so."""
    return next((one.max_length for one in get_args(kind)[1:] if isinstance(one, msgspec.Meta)), None)


def planted(words: str) -> Run:
    """A record in which *words* stand wherever a check can bring words, and in what was asked for."""
    checks = [
        CheckRun(
            id=f"{check.id}.{number}",
            check=check.id,
            place=place,
            facts=msgspec.convert(made(check.facts, words), check.facts),
            services=1,
            started_ms=1,
            duration_ms=1,
        )
        for number, check in enumerate(every_check())
        for place in (None, 0)
    ]
    said = CheckRun(id="login.x", check="login", place=0, fault=text("{words}", words=words))
    asked = Asked(login=True, narrowed=(f"--only {words}",))
    subject = Subject(domain=DOMAIN, address=ADDRESS, username=ADDRESS)
    services = (service(host=f"imap.{DOMAIN}"), service("webmail", 443, host=f"webmail.{DOMAIN}"))
    run = record(*checks, said, services=services, subject=subject, asked=asked)
    run = msgspec.structs.replace(run, resolver=words, proxy=words, os=words)
    return msgspec.structs.replace(run, own=occurring(own_words(Vantage()), run))


def shown(report: Report) -> Iterator[tuple[str, str]]:
    """Every format in every way that it can be asked for, and what a program reads back out of it."""
    for name in formats():
        for style in (RenderStyle(), RenderStyle(verbose=True), RenderStyle(quiet=True), RenderStyle(audience="admin")):
            words = rendered(name, report, style)
            yield name, words
        try:
            yield f"{name}, read back", json.dumps(plain_report(saved_report(words.encode())), ensure_ascii=False)
        except SavedReportError:  # a format for people, or for programs that read no report
            continue


def opened(words: str) -> str:
    """*words*, and in the place of a packed report what is packed: letters of base64 say any short word by chance."""

    def unpacked(block: re.Match[str]) -> str:
        letters = "".join(re.findall(r'"([A-Za-z0-9+/=]*)"', block[1]))
        return zlib.decompress(base64.b64decode(letters)).decode("ascii")

    return re.sub(r'(?<="encoding": "zlib\+base64", "data": )\[([^\]]*)\]', unpacked, words)


def leaks(kinds: tuple[Kind, ...], outputs: Iterator[tuple[str, str]]) -> list[tuple[str, str, str]]:
    found = []
    for where, packed in outputs:
        words = opened(packed)
        forms = [one.casefold() for one in (words, html.unescape(words), words.replace("\\\\", "\\"))]
        found += [
            (kind.name, needle, where)
            for kind in kinds
            for needle in kind.needles
            if any(needle.casefold() in form for form in forms)
        ]
    return sorted(set(found))


def batches(kinds: tuple[Kind, ...]) -> list[tuple[Kind, ...]]:
    """As few as hold all *kinds*, in their order."""
    found: list[tuple[Kind, ...]] = [()]
    for kind in kinds:
        if len(joined((*found[-1], kind))) > LONGEST:
            found.append(())
        found[-1] = (*found[-1], kind)
    return found


def joined(kinds: tuple[Kind, ...]) -> str:
    return " ; ".join(kind.words for kind in kinds)


def test_there_are_sixty_kinds() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 60
    for kind in KINDS:
        assert leaks((kind,), iter([("", kind.words)])), kind.name


@pytest.mark.parametrize("lang", ["en", "zh-Hans"])
@pytest.mark.parametrize("kinds", batches(KINDS), ids=lambda kinds: kinds[0].name)
def test_strictly_redacted_no_kind_is_found_anywhere(kinds: tuple[Kind, ...], lang: Any) -> None:
    how = Presentation(lang=lang, redact="strict")
    report = report_of(planted(joined(kinds)), every_check(), how)
    strict = discreet(report, how)
    assert leaks(kinds, shown(strict)) == []
    assert leaks(kinds, shown(discreet(replayed(strict, how), how))) == []


@pytest.mark.parametrize(
    "path", ["/tmp/diagnose-lab-36_170er/ca.pem", "/home/mail/server/root.pem", "C:\\mail\\ca.pem", "mail/server.pem"]
)
def test_a_file_of_the_persons_is_hidden_whole(path: str) -> None:
    """Though every word of its path may be one that tells of nobody."""
    how = Presentation(redact="strict")
    run = msgspec.structs.replace(planted("x"), ca_file=path)
    strict = discreet(report_of(run, every_check(), how), how)

    assert strict.record is not None
    assert strict.record["ca_file"] == "file-1"
    plain = path.replace("\\", "/")
    assert [where for where, words in shown(strict) if plain in re.sub(r"\\+", "/", words)] == []


def with_files_at(path: str, value: Any, key: str = "") -> Any:
    """*value* of JSON, all files in it at *path*."""
    if isinstance(value, dict):
        return {name: with_files_at(path, one, name) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [with_files_at(path, one, key) for one in value]
    return path if key == "file" and isinstance(value, str) else value


@pytest.mark.parametrize(
    ("path", "is_shown"),
    [
        ("/tmp/diagnose-lab-50t_ont8/hosts", False),
        ("/home/max/mail/hosts", False),
        ("D:\\mail\\hosts", False),
        ("/etc/hosts", True),
        ("C:\\Windows\\System32\\drivers\\etc\\hosts", True),
    ],
)
def test_where_the_hosts_file_is_stays_if_it_is_there_for_everybody(path: str, *, is_shown: bool) -> None:
    how = Presentation(redact="strict")
    plain = msgspec.to_builtins(report_of(planted("x"), every_check(), how), builtin_types=(bytes,))
    report = msgspec.convert(with_files_at(path, plain), Report)
    files = {words for key, words in strings_in(plain_report(discreet(report, how))) if key == "file"}

    assert files == {path if is_shown else "file-1"}


@pytest.mark.parametrize("kinds", batches(PERSON), ids=lambda kinds: kinds[0].name)
def test_redacted_no_kind_of_the_person_is_found_anywhere(kinds: tuple[Kind, ...]) -> None:
    report = redact(report_of(planted(joined(kinds)), every_check(), Presentation()))
    assert leaks(kinds, shown(report)) == []


@pytest.mark.parametrize("kinds", batches(KINDS), ids=lambda kinds: kinds[0].name)
def test_a_report_without_a_record_hides_them_too(kinds: tuple[Kind, ...]) -> None:
    """As older versions wrote it: what its facts hold is known in its sentences."""
    how = Presentation(redact="strict")
    report = msgspec.structs.replace(report_of(planted(joined(kinds)), every_check(), how), record=None)
    assert leaks(kinds, shown(discreet(report, how))) == []


@pytest.mark.parametrize("kinds", [KINDS[::9], KINDS[4::9]], ids=["some", "others"])
def test_commands_that_read_reports_hide_them(
    kinds: tuple[Kind, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cli = CommandLine(monkeypatch, capsys)
    report = report_of(planted(joined(kinds)), every_check(), Presentation())
    whole, strict = tmp_path / "whole.json", tmp_path / "strict.json"
    whole.write_text(json.dumps(plain_report(report)), "utf-8")
    strict.write_text(json.dumps(plain_report(discreet(report, Presentation(redact="strict")))), "utf-8")
    said = [cli("replay", str(whole), "--redact=strict", "--verbose", "--format", form) for form in ("text", "json")]
    said += [cli("compare", str(strict), str(strict), "--format", form) for form in ("text", "json")]
    assert leaks(kinds, ((str(at), one.out + one.err) for at, one in enumerate(said))) == []


def greeted(words: str) -> Run:
    """A record in which a server said *words*."""
    facts = ServerFacts(greeting=words, milliseconds=1, open=True, failure=None)
    subject = Subject(domain=DOMAIN, address=ADDRESS, username=ADDRESS)
    run = CheckRun(id="server.imap.993", check="server", place=0, facts=facts)
    return record(run, services=(service(host=f"imap.{DOMAIN}"),), subject=subject)


def test_of_the_company_nothing_is_hidden_unasked() -> None:
    """Without strict a report keeps what the help desk looks for."""
    words = "250 2.0.0 Ok: queued as 4FgYQz77Zz9z at mx-muc-07.quimbyworks.example, call Petra"
    assert words in json.dumps(plain_report(redact(report_of(greeted(words), every_check(), Presentation()))))
    assert len(COMPANY) + len(PERSON) == len(KINDS)


def test_one_value_is_one_word_in_every_format() -> None:
    how = Presentation(redact="strict")
    words = "exch-muc.quimbyworks.example says: Vogelsang, 203.0.113.177 is Vogelsang"
    report = discreet(report_of(greeted(words), every_check(), how), how)
    hidden = "host-1.domain-1.example says: word-1, 198.18.0.1 is word-1"
    for where, out in shown(report):
        if where in {"json", "html, read back", "markdown, read back"}:
            assert hidden in out, where
        if where not in {"nagios", "openmetrics"}:
            assert "domain-1.example" in out, where


def test_redacting_strictly_twice_changes_no_word() -> None:
    how = Presentation(redact="strict")
    once = discreet(report_of(planted(joined(KINDS[::5])), every_check(), how), how)
    assert plain_report(discreet(once, how))["verdict"] == plain_report(once)["verdict"]


@pytest.mark.parametrize("name", ["html", "markdown"])
def test_what_a_report_packs_is_looked_through_as_well(name: str) -> None:
    """And no word that the packed letters alone happen to make is taken for a leak."""
    page = rendered(name, wrong_password(), RenderStyle())
    block = page[page.index('"encoding": "zlib+base64"') :]

    assert '"schema_version":1' not in page
    assert '"schema_version":1' in opened(page)
    assert opened(block)[:200] not in page
