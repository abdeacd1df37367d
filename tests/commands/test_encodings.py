"""Standard output in other encodings than UTF-8: words come out right where they can, and nothing dies of others."""

from __future__ import annotations

import functools
import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.model.saved import machine_readable, saved_report
from diagnose.process import standard_streams
from diagnose.process.encodings import ALIKE, LIKENESS, can_express, in_ascii, unreadable
from diagnose.rendering.renderer import SYMBOLS
from tests.pace import patient
from tests.reports.samples import wrong_password
from tests.support import loaded

ENCODINGS = ("gbk", "cp936", "gb18030", "big5", "cp950", "cp437", "cp1252", "latin-1", "koi8-r", "ascii", "utf-8")


def ran(encoding: str, *arguments: str, stdin: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
    """A command whose streams have this encoding, strictly; in a process that Python starts in it."""
    return done_by((sys.executable, "-m", "diagnose"), encoding, *arguments, stdin=stdin, **more)


def done_by(
    program: tuple[str, ...], encoding: str, *arguments: str, stdin: bytes = b"", **more: str
) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"PYTHONIOENCODING": f"{encoding}:strict", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"} | more
    return subprocess.run(
        [*program, *arguments], capture_output=True, env=environment, input=stdin,
        timeout=patient(60),
    )  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("saved") / "saved.json"
    file.write_text(machine_readable(wrong_password()), "utf-8")
    return file


@pytest.mark.parametrize("encoding", ["gbk", "cp936", "gb18030", "utf-8"])
def test_chinese_comes_out_right_where_the_encoding_has_it(encoding: str) -> None:
    done = ran(encoding, "causes", "tls.cert-expired", "--lang", "zh-Hans")

    out = done.stdout.decode(encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "服务器的证书已过期" in out
    assert "?" not in out
    assert "\\u" not in out


@pytest.mark.parametrize("encoding", ["big5", "cp950"])
def test_traditional_chinese_comes_out_right(encoding: str) -> None:
    out = ran(encoding, "causes", "tls.cert-expired", "--lang", "zh-Hant").stdout.decode(encoding)

    assert "伺服器的憑證已過期" in out
    assert "?" not in out


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("form", ["text", "html", "markdown", "json", "junit", "nagios", "openmetrics"])
def test_nothing_dies_of_an_encoding(encoding: str, form: str, saved: Path) -> None:
    """And what programs read means the same in all of them."""
    done = replayed(encoding, saved, form)

    assert done.returncode in {1, 2}
    assert b"internal fault" not in done.stderr
    assert b"Traceback" not in done.stderr
    out = done.stdout.decode(encoding)
    whole = in_utf_8(saved, form)
    if form == "json":
        assert json.loads(done.stdout.decode("utf-8")) == json.loads(whole)
    elif form == "junit":
        assert ET.tostring(ET.fromstring(done.stdout)) == ET.tostring(ET.fromstring(whole))
    elif form == "html":
        assert words_of(done.stdout.decode("utf-8")) == words_of(whole)
        assert saved_report(done.stdout).id == saved_report(whole.encode()).id
    elif form == "text":
        assert len(out.splitlines()) == len(whole.splitlines())


@functools.cache
def in_utf_8(saved: Path, form: str) -> str:
    return replayed("utf-8", saved, form).stdout.decode()


@functools.cache
def replayed(encoding: str, saved: Path, form: str) -> subprocess.CompletedProcess[bytes]:
    arguments = "replay", str(saved), "--lang", "zh-Hans", "--format", form, "--verbose"
    return done_by(loaded.command(), encoding, *arguments)


def words_of(page: str) -> list[str]:
    found = list[str]()

    class Words(HTMLParser):
        def handle_data(self, data: str) -> None:
            found.append(data)

    reader = Words()
    reader.feed(page)
    reader.close()
    return ["".join(found)]


@pytest.mark.parametrize(
    ("encoding", "words", "lost"),
    [
        ("ascii", "没有问题", True),
        ("cp437", "IMAP 服务器的证书已过期", True),
        ("big5", "服务器的证书已过期", True),
        ("gbk", "服务器的证书已过期", False),
        ("utf-8", "服务器的证书已过期", False),
        ("cp65001", "服务器的证书已过期", False),
        (None, "没有问题", False),
        ("no-such-encoding", "没有问题", False),
        ("cp437", "服务器的证书已过期" + "a report on the way to the mailbox " * 20, True),
        ("cp437", "✓ Healthy · alice@corp.example", False),
        ("ascii", "A greeting of Bücher’s server, in a report of many words that can be read", False),
        ("ascii", "", False),
        ("ascii", "12 … 34", False),
    ],
)
def test_what_cannot_be_read_in_an_encoding_is_known(encoding: str | None, words: str, lost: bool) -> None:
    assert unreadable(encoding, words) == lost


@pytest.mark.parametrize(("form", "told"), [("text", True), ("json", False)])
def test_a_report_of_question_marks_says_where_the_letters_are(saved: Path, form: str, told: bool) -> None:
    done = replayed("cp437", saved, form)

    sentence = done.stderr.decode("cp437")
    assert sentence.count("\n") == told
    assert ("encoding cp437 of standard output lacks; -o FILE writes them" in sentence) == told
    assert replayed("gbk", saved, form).stderr == b""


@pytest.mark.parametrize("encoding", ["gbk", "cp437", "latin-1", "ascii", "utf-8"])
def test_symbols_are_those_that_the_encoding_has(encoding: str) -> None:
    out = ran(encoding, "causes", "tls.cert-expired", "--lang", "en").stdout.decode(encoding)

    assert ("✗" in out) is (encoding == "utf-8")
    assert out.startswith("x " if encoding != "utf-8" else "✗ ")


@pytest.mark.parametrize("encoding", ["ascii", "gbk"])
def test_errors_are_readable(encoding: str) -> None:
    """On standard error, too: quotation marks are some, and no escapes."""
    told = ran(encoding, "causes", "tsl").stderr.decode(encoding)

    assert "\\u" not in told
    assert "tsl" in told
    told = ran(encoding, "providers", "no such one").stderr.decode(encoding)
    assert "no such one" in told
    assert "“" not in told if encoding == "ascii" else "\\u" not in told


def test_files_are_in_utf_8_whatever_the_terminal_is_in(saved: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"report.{suffix}" for suffix in ("html", "md", "txt")]
    ran("gbk", "replay", str(saved), "--lang", "zh-Hans", *(word for one in files for word in ("--report", str(one))))
    ran("gbk", "replay", str(saved), "--lang", "zh-Hans", "-o", str(tmp_path / "out.txt"))

    for one in (*files, tmp_path / "out.txt"):
        assert re.search("[一-鿿]{3}", one.read_text("utf-8"))
    assert "✗" in (tmp_path / "out.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("encoding", "chinese"), [("gbk", True), ("utf-8", True), ("big5", False), ("cp437", False), ("ascii", False)]
)
def test_the_computer_s_language_is_spoken_where_it_can_be_shown(encoding: str, *, chinese: bool) -> None:
    """Else English, and not a page of question marks; who asks for a language gets it."""
    out = ran(encoding, "causes", "--help", LC_ALL="zh_CN.UTF-8").stdout.decode(encoding)
    assert ("示例" in out) is chinese
    assert "???" not in out


def test_one_reply_a_line_is_json_in_any_encoding() -> None:
    reply = json.dumps({"id": "登录", "reply": "LOGIN failed"}, ensure_ascii=False).encode()
    for encoding in ("gbk", "ascii", "utf-8"):
        done = ran(encoding, "explain", "--jsonl", "-", stdin=reply + b"\n")
        assert json.loads(done.stdout.decode("utf-8"))["id"] == "登录"


def test_help_is_shown_in_gbk() -> None:
    out = ran("gbk", "--help", LC_ALL="zh_CN.GBK").stdout.decode("gbk")
    assert "示例" in out
    assert "?" not in out.replace("？", "")


def test_what_libraries_write_does_not_die_either(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, "gbk", errors="strict"))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))

    standard_streams.open_closed_ones()
    standard_streams.tell("✓ Zoë’s 密码 \udc80 😀")
    sys.stderr.flush()

    assert raw.getvalue().decode("gbk").rstrip("\r\n") == "+ Zoe’s 密码 ? ?"


def test_what_stands_in_is_one_character_of_ascii() -> None:
    assert all(len(one) == 1 and one.isascii() for one in ALIKE.values())
    assert set(SYMBOLS) <= ALIKE.keys()


@given(st.text())
def test_any_text_can_be_written_in_any_encoding(words: str) -> None:
    for encoding in ENCODINGS:
        shown = words.encode(encoding, LIKENESS).decode(encoding)
        assert len(shown) == len(words)
        assert not can_express(encoding, words) or shown == words.encode(encoding).decode(encoding)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_escapes_mean_the_same(words: str) -> None:
    assert json.loads(in_ascii(json.dumps(words, ensure_ascii=False), "json")) == words
    assert in_ascii(words, "xml").isascii()
