"""`diagnose har` and files of all kinds: one clear sentence for what is no HAR, bounds for what is too much."""

from __future__ import annotations

import gzip
import json
import os
import socket
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.har import responses, sanitize, stream
from diagnose.har.exchanges import exchange
from diagnose.har.reader import read_har
from diagnose.har.responses import ResponseText
from diagnose.har.secrets import Secrets
from diagnose.har.stream import HarError
from diagnose.model import Deadline
from tests.commands.command_line import CommandLine
from tests.pace import patient

from .recordings import Recorder, form
from .test_verdicts import let_in, sure, wrong_password


def save(file: Path, content: str | bytes) -> Path:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no JSON at all",
        "[]",
        "null",
        "{}",
        '{"log": {}}',
        '{"log": {"entries": {}}}',
        '{"log": [{"entries": []}]}',
        '{"log": {"entries": NaN}}',
        "[" * 100_000,
        '{"log": ' * 100_000,
        '{"a": ' + "9" * 100_000 + "}",
        b"\x1f\x8bno gzip",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"\xff\xfe" + b"\x00" * 9,
        '{"log": {"x": "' + "\\" * 600_000,
    ],
    ids=range(16),
)
def test_what_is_no_har_is_refused_in_one_sentence(command: CommandLine, tmp_path: Path, content: str | bytes) -> None:
    assert (
        command.refused("har", str(save(tmp_path / "x.har", content)))
        == "x.har is not a HAR file; save one in the network tab of the browser's developer tools."
    )


def test_a_file_that_cannot_be_read(command: CommandLine, tmp_path: Path) -> None:
    assert "No such file" in command.refused("har", str(tmp_path / "none.har"))
    assert "directory" in command.refused("har", str(tmp_path))


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(command: CommandLine, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert (
        command.refused("har", str(tmp_path / "pipe"))
        == "pipe is not a HAR file; save one in the network tab of the browser's developer tools."
    )


def test_a_name_that_is_dangerous_to_show(command: CommandLine, tmp_path: Path) -> None:
    assert "\x1b" not in command.refused("har", str(save(tmp_path / "\x1b[2J.har", "{}")))


def test_a_file_that_holds_too_much(command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its size, or once it is unpacked."""
    monkeypatch.setattr(stream, "LARGEST_FILE", 1 << 20)
    plain = save(tmp_path / "plain.har", '{"log": {"entries": [{"x": "' + "abc" * 400_000 + '"}]}}')
    packed = save(tmp_path / "packed.har", gzip.compress(plain.read_bytes()))

    assert "more than 1 MB" in command.refused("har", str(plain))
    assert "more than 1 MB" in command.refused("har", str(packed))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gzip"])
def test_encodings(command: CommandLine, tmp_path: Path, encoding: str) -> None:
    made = json.dumps(wrong_password(Recorder()).har, ensure_ascii=False)
    raw = gzip.compress(made.encode()) if encoding == "gzip" else made.encode(encoding)

    assert sure(command("har", str(save(tmp_path / "x.har", raw)), "--format", "json").json) == ["credentials.rejected"]


def test_bytes_that_are_no_utf8_cost_only_themselves(command: CommandLine, tmp_path: Path) -> None:
    raw = json.dumps(wrong_password(Recorder()).har).encode().replace(b"<title>Mail", b"<title>\xff\xfe\x80Mail")

    assert sure(command("har", str(save(tmp_path / "x.har", raw)), "--format", "json").json) == ["credentials.rejected"]


def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    made = json.dumps(wrong_password(Recorder()).add("/later").har)
    facts = read_har(save(tmp_path / "x.har", made[:-200]), Deadline(patient(9))).facts

    assert (facts.requests, facts.broken_off) == (2, True)


ODD: list[Any] = [
    None, 1, "x", [], {}, {"request": None}, {"request": {"url": 1}}, {"request": {"url": "ftp://x"}},
    {"request": {"url": "data:text/html,x"}}, {"request": {"url": "https://["}}, {"request": {"url": "https://h:99999/"}},
    {"request": {"url": "http://" + "a" * 9000}},
]  # fmt: skip
WRONG: list[Any] = [
    {"request": {"url": "https://h.example/", "headers": {"a": 1}, "cookies": "x", "postData": [], "queryString": 3}},
    {"request": {"url": "https://h.example/", "headers": [1, None, {"name": 1}, {"value": "x"}], "method": None}},
    {"request": {"url": "https://h.example/"}, "response": {"status": "200", "content": [], "headers": "x"}},
    {"request": {"url": "https://h.example/"}, "response": {"status": 10**30, "content": {"text": {"a": 1}}}},
    {"request": {"url": "https://h.example/"}, "time": -5, "startedDateTime": 12, "response": {"status": True}},
    {"request": {"url": "https://h.example/"}, "time": 1e308, "startedDateTime": "9999-99-99", "response": None},
    {"request": {"url": "https://h.example/", "postData": {"params": [1, {"name": None}], "text": 5}}},
    {"request": {"url": "https://h.example/", "cookies": [1, {"value": None}]}, "_error": {"a": 1}, "_fromCache": [1]},
    {"request": {"url": "https://h.example/\x1b[31m\u202e<script>"}, "response": {"status": -1, "redirectURL": 7}},
]


def test_odd_entries_are_skipped_and_counted(tmp_path: Path) -> None:
    made = wrong_password(Recorder())
    made.entries[1:1] = [*ODD, *WRONG]
    file = made.save(tmp_path / "x.har")
    recording = read_har(file, Deadline(patient(9)))
    recording.write_sanitized(file, tmp_path / "clean.har", Deadline(patient(9)))

    assert (recording.facts.skipped, recording.facts.requests) == (len(ODD), 2 + len(WRONG))
    assert len(json.loads((tmp_path / "clean.har").read_text())["log"]["entries"]) == 2 + len(WRONG)


def test_of_fields_given_twice_the_last_counts(tmp_path: Path) -> None:
    made = json.dumps(wrong_password(Recorder()).har).replace('"status": 200', '"status": 500, "status": 200')

    assert read_har(save(tmp_path / "x.har", made), Deadline(patient(9))).facts.exchanges[0].status == 200


FIELDS = st.sampled_from(
    ["request", "response", "url", "headers", "name", "value", "content", "text", "mimeType", "status", "postData",
     "params", "cookies", "encoding", "startedDateTime", "time", "redirectURL", "method", "_error", "_fromCache"]
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | st.text(max_size=5), inner, max_size=6),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(json_values, max_size=4), st.sampled_from(["url", "content", "headers", "postData"]), json_values)
def test_no_value_anywhere_breaks_the_reading(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Any], field: str, value: Any
) -> None:
    """Types may be wrong everywhere; the copy without secrets can be read again."""
    made = Recorder().add("/login", body=form()).login(200, form())
    made.entries[0]["request"][field] = value
    made.entries[1]["response"][field] = value
    made.entries += entries
    folder = tmp_path_factory.mktemp("har")
    file = folder / "x.har"
    try:
        file.write_text(json.dumps(made.har, allow_nan=False), "utf-8", "surrogatepass")
    except ValueError:
        return
    read = read_har(file, Deadline(patient(9)))
    read.write_sanitized(file, folder / "clean.har", Deadline(patient(9)))

    assert read_har(folder / "clean.har", Deadline(patient(9))).facts.exchanges == read.facts.exchanges


def _large(kind: str) -> Iterator[bytes]:
    yield b'{"log": {"entries": ['
    match kind:
        case "a string":
            yield b'{"request": {"url": "https://h.example/", "x": "'
            yield from (b"A" * 999 + b'\\"' for _ in range(40_000))
            yield b'"}}'
        case "tiny entries":
            yield b"{}" + b",{}" * 4_000_000
        case "values":
            yield b'{"a": [' + b"1," * 5_000_000 + b"1]}"
        case "depth":
            yield b"[" * 20_000_000
        case "a number":
            yield b"9" * 30_000_000
    yield b"]}}"


@pytest.mark.parametrize("kind", ["a string", "tiny entries", "values", "depth", "a number"])
def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Whatever a large file is made of."""
    monkeypatch.setattr(stream, "MOST_ENTRIES", 20_000)
    file = tmp_path / "x.har"
    with file.open("wb") as out:
        out.writelines(_large(kind))
    tracemalloc.start()
    try:
        read_har(file, Deadline(patient(4)))
    except HarError:
        assert kind in {"values", "depth", "a number"}
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert file.stat().st_size > 9_000_000
    assert peak < 40_000_000


def test_half_a_copy_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that runs out in the middle leaves no file that looks whole."""
    monkeypatch.setattr(stream, "_EVENTS_A_LOOK", 10)
    made = wrong_password(Recorder())
    made.entries *= 200
    file = made.save(tmp_path / "x.har")
    recording = read_har(file, Deadline(60))
    late = iter([False] * 20)
    deadline = Deadline(60)
    monkeypatch.setattr(type(deadline), "passed", lambda _: next(late, True))
    with pytest.raises(HarError, match="in time"):
        recording.write_sanitized(file, tmp_path / "clean.har", deadline)

    assert [left.name for left in tmp_path.iterdir()] == ["x.har"]


def test_no_time_left_is_said(tmp_path: Path) -> None:
    file = wrong_password(Recorder()).save(tmp_path / "x.har")
    with pytest.raises(HarError, match="in time"):
        read_har(file, Deadline(0))
    recording = read_har(file, Deadline(patient(9)))
    with pytest.raises(HarError, match="in time"):
        recording.write_sanitized(file, tmp_path / "clean.har", Deadline(0))

    assert [left.name for left in tmp_path.iterdir()] == ["x.har"]


# -- what is written


def test_nothing_is_overwritten(command: CommandLine, tmp_path: Path) -> None:
    file = wrong_password(Recorder()).save(tmp_path / "x.har")
    before = file.read_bytes()
    link = tmp_path / "link.har"
    link.symlink_to(file)

    dangling = tmp_path / "dangling.har"
    dangling.symlink_to(tmp_path / "none.har")

    for target in (file, link, dangling, tmp_path, Path("-")):
        assert "there already" in command.refused("har", str(file), "--sanitize", str(target))
    assert "no folder" in command.refused("har", str(file), "--sanitize", str(tmp_path / "none" / "x.har"))
    strict = command.refused("har", str(file), "--sanitize", str(tmp_path / "shared.har"), "--redact=strict")
    assert "the copy of --sanitize names the servers" in strict
    assert file.read_bytes() == before


def test_nothing_half_written_is_left(command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("diagnose.har.reader._write", fails)
    file = wrong_password(Recorder()).save(tmp_path / "x.har")

    assert "No space" in command.refused("har", str(file), "--sanitize", str(tmp_path / "clean.har"))
    assert [file.name for file in tmp_path.iterdir()] == ["x.har"]


def test_the_copy_is_a_har_that_developer_tools_import(tmp_path: Path) -> None:
    """Every field that HAR 1.2 requires is there, with the type that it requires."""
    made = wrong_password(Recorder())
    made.entries.append(ODD[0])
    made.entries += WRONG
    file = made.save(tmp_path / "x.har")
    read_har(file, Deadline(patient(9))).write_sanitized(file, tmp_path / "clean.har", Deadline(patient(9)))
    log = json.loads((tmp_path / "clean.har").read_text("utf-8"))["log"]

    assert (log["version"], set(log["creator"])) == ("1.2", {"name", "version"})
    for entry in log["entries"]:
        request, response = entry["request"], entry["response"]
        assert entry["startedDateTime"].endswith("Z")
        assert isinstance(entry["time"], float)
        assert entry["cache"] == {}
        assert all(isinstance(entry["timings"][name], int | float) for name in ("send", "wait", "receive"))
        assert all(isinstance(request[name], str) for name in ("method", "url", "httpVersion"))
        assert all(isinstance(response[name], str) for name in ("statusText", "httpVersion", "redirectURL"))
        assert isinstance(response["status"], int)
        assert isinstance(response["content"]["size"], int)
        assert isinstance(response["content"]["mimeType"], str)
        for part in (request, response):
            assert isinstance(part["headersSize"], int)
            assert isinstance(part["bodySize"], int)
            rows = [
                *part["headers"],
                *part["cookies"],
                *part.get("queryString", []),
                *part.get("postData", {}).get("params", []),
            ]
            assert all(set(row) == {"name", "value"} for row in rows)


# -- the command


def test_nothing_goes_over_the_network(command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a socket is made, nor a name looked up."""

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setattr(socket.socket, "sendto", forbidden)
    done = command("har", str(wrong_password(Recorder()).save(tmp_path / "x.har")), "--format", "json")

    assert sure(done.json) == ["credentials.rejected"]
    assert [check["id"] for check in done.json["checks"]] == ["har"]
    assert done.json["subject"] == {"address": None, "domain": "corp.example", "username": None, "provider": None}


@pytest.mark.parametrize("form", ["text", "html", "json"])
@pytest.mark.parametrize(("make", "code"), [(let_in, 0), (wrong_password, 1)])
def test_every_format(command: CommandLine, tmp_path: Path, make: Any, code: int, form: str) -> None:
    done = command("har", str(make(Recorder()).save(tmp_path / "x.har")), "--format", form)

    assert (done.code, "corp.example" in done.out) == (code, True)
    assert "no mail server is known" not in done.out


def test_the_provider_is_recognised_by_the_page(command: CommandLine, tmp_path: Path) -> None:
    made = Recorder().add("https://outlook.office.com/mail/", 503)

    assert command("har", str(made.save(tmp_path / "x.har")), "--format", "json").code == 1


def test_a_recording_that_is_read_again_is_not_the_old_one(tmp_path: Path) -> None:
    """Even where the file's name, length and date say that it is the same."""
    file = save(tmp_path / "x.har", json.dumps({"log": {"entries": []}}).ljust(200))
    os.utime(file, (1, 1))
    first = read_har(file, Deadline(patient(9)))
    other = {"request": {"url": "https://h.example/"}}
    os.utime(save(file, json.dumps({"log": {"entries": [other]}}).ljust(200)), (1, 1))

    assert (first.facts.requests, read_har(file, Deadline(patient(9))).facts.requests) == (0, 1)


def test_a_recording_is_read_once(command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check gets what the command has read, and each body is taken apart once."""
    bodies: list[str] = []
    taken_apart = responses.read_html

    def counted(body: str, *more: Any, **named: Any) -> ResponseText:
        bodies.append(body)
        return taken_apart(body, *more, **named)

    monkeypatch.setattr(sanitize, "read_html", counted)
    file = wrong_password(Recorder()).save(tmp_path / "x.har")
    opened = _opens(file, lambda: command("har", str(file)))

    assert len(opened) == 1
    assert len(bodies) == len(set(bodies)) == 2


def _opens(file: Path, run: Callable[[], object]) -> list[str]:
    """How often *run* opens *file*."""
    seen: list[str] = []
    watching = True

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open" and str(arguments[0]) == str(file):
            seen.append(event)

    sys.addaudithook(hear)
    run()
    watching = False  # a hook cannot be taken away
    return seen


bodies = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<div hidden>", "</div>", "<noscript>", "</noscript>", "<script>", "</script>", "<form>",
         '<form action="/a?b=c&d">', '<input type="password">', "</form>", "<a href=x>", "&lt;b&gt;", "&amp;",
         "Login failed", "wrong password", '"error":"x"', "it\u2028is", "x\u200by", "登录失败", "a" * 50, "<td>",
         "<br>", "\n", " "]
    )
    | st.text(max_size=8),
    max_size=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(bodies, st.sampled_from(["text/html", "application/json", "text/plain", "text/xml"]), st.booleans())
def test_to_clean_what_is_clean_changes_nothing(parts: list[str], media: str, login: bool) -> None:
    """Neither the entry, nor what is read of it."""
    made = Recorder().login(200 if login else 403, "".join(parts), media=media)
    once = sanitize.clean_entry(made.entries[0], Secrets())
    assert once is not None
    twice = sanitize.clean_entry(once.entry, Secrets())

    assert twice is not None
    assert twice.entry == once.entry
    assert exchange(1, twice) == exchange(1, once)


@pytest.mark.parametrize("form", ["text", "html", "json"])
def test_a_recording_of_nothing_is_nobodys(form: str, command: CommandLine, tmp_path: Path) -> None:
    """The name of the file is no mail domain."""
    file = Recorder().save(tmp_path / "secret-name.har")
    done = command("har", str(file), "--format", form)

    assert done.code == 3
    assert "secret-name" not in done.out
    if form == "json":
        assert done.json["subject"] == {"address": None, "domain": "", "username": None, "provider": None}
    assert " ·  \n" not in done.out
