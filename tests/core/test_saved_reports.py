"""What a saved report is read back from: JSON, and the block that pages and texts embed. All else is one sentence."""

from __future__ import annotations

import base64
import html.parser
import json
import re
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.model.picture import Picture
from diagnose.model.report import Report
from diagnose.model.saved import DEEPEST, LARGEST, SavedReportError, machine_readable, plain_report, saved_report
from diagnose.process.first_use import convert
from diagnose.rendering.renderer import RenderStyle
from reports.html import render as as_page
from reports.json import render as as_json
from tests.reports.samples import SAMPLES

HOSTILE = (
    "]]>", "</script><script>alert(1)</script>", "--><!--", "```\n````", '"', "\\", "a\nb", "|", "\x00\x1b[31m",
    "\u202e",
    '\n{"diagnose_report": 1, "encoding": "zlib+base64", "data": ["AA=="]}\n', "\ud800", "\u2028", "x" * 100_000,
)  # fmt: skip


def saying(words: str) -> Report:
    """A report with *words* wherever words may stand."""

    def said(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: said(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [said(one, key) for one in value]
        free = isinstance(value, str) and key in {"text", "title", "headline", "summary", "name", "steps", "host", "os"}
        return words if free else value

    plain = said(plain_report(SAMPLES["wrong_password"]()))
    plain["checks"][0]["facts"] = {words: [words]}
    return convert(plain, Report)


def page(block: str) -> bytes:
    script = f'<script type="application/json">\n{block}\n</script>'
    return f"<!DOCTYPE html><body><p>words</p>\n{script}</body>".encode()


@pytest.mark.parametrize("name", SAMPLES)
def test_what_was_saved_is_read_back(name: str) -> None:
    """Out of JSON, a page, a comment and a fence of Markdown, the last quoted in a mail and with its line ends."""
    report = SAMPLES[name]()
    block = machine_readable(report)
    saved = convert(plain_report(report), Report)
    assert saved_report(as_json(report, RenderStyle()).encode()) == saved
    assert saved_report(page(block)) == saved
    assert saved_report(f"# words\n\n<!--\n{block}\n-->\n".encode()) == saved
    quoted = "".join(f"> {line}\r\n" for line in f"# words\n\n```json\n{block}\n```".splitlines())
    assert saved_report(f"See below.\r\n{quoted}\r\nBob\r\n".encode()) == saved


@pytest.mark.parametrize("words", HOSTILE, ids=lambda words: ascii(words)[:20])
def test_no_words_end_what_the_block_stands_in(words: str) -> None:
    report = saying(words)
    block = machine_readable(report)
    assert re.fullmatch(r'[A-Za-z0-9{}\[\]":,_+/= \n]+', block)
    assert max(map(len, block.splitlines())) < 120
    assert json.loads(block)["diagnose_report"] == 1
    assert saved_report(page(block)) == report
    assert saved_report(as_json(report, RenderStyle()).encode()) == report


JSON = st.none() | st.booleans() | st.floats() | st.text() | st.integers()


@given(st.recursive(JSON, lambda below: st.lists(below) | st.dictionaries(st.text(), below), max_leaves=9))
@settings(max_examples=60, deadline=None)
def test_facts_come_back_as_json_has_them(facts: Any) -> None:
    report = saying("words")
    checks = [{**plain_report(report)["checks"][0], "facts": {"it": facts}}]
    report = convert({**plain_report(report), "checks": checks}, Report)
    assert saved_report(page(machine_readable(report))) == convert(plain_report(report), Report)


def test_a_script_of_a_page_holds_the_block_as_it_stands() -> None:
    """A browser hands a program just that text."""

    class Scripts(html.parser.HTMLParser):
        found = ""

        def handle_data(self, data: str) -> None:
            self.found += data if self.lasttag == "script" else ""

    reader = Scripts()
    reader.feed(page(machine_readable(saying("</script>"))).decode())
    assert zlib.decompress(base64.b64decode("".join(json.loads(reader.found)["data"]))).startswith(b"{")


def test_pictures_stay_in_json_and_are_left_out_of_the_block() -> None:
    report = saying("words")
    picture = Picture(media_type="image/png", width=1, height=1, data=b"\x89PNG")
    checks = [{**plain_report(report)["checks"][0], "facts": {"picture": picture}}]
    report = convert({**plain_report(report), "checks": checks}, Report)
    again = saved_report(as_json(report, RenderStyle()).encode())
    assert "data:image/png;base64,iVBORw==" in as_page(again, RenderStyle())
    assert saved_report(page(machine_readable(report))).checks[0].facts["picture"]["data"] == b""


def test_of_several_blocks_the_last_is_the_reports() -> None:
    """Words of a server that begin a line and look like one stand before it."""
    forged, real = machine_readable(saying("forged")), machine_readable(saying("real"))
    assert saved_report(f"{forged}\n{real}\n".encode()) == saying("real")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_shell_may_write_the_file_in_its_own_encoding(encoding: str) -> None:
    report = saying("账号已锁定")
    assert saved_report(as_json(report, RenderStyle()).encode(encoding)) == report


WHOLE = as_json(saying("words"), RenderStyle()).encode()
PAGE = as_page(saying("words"), RenderStyle()).encode()
BLOCK = machine_readable(saying("words"))
CUT = "it ends in the middle of the report; save or copy the whole file again"
CHANGED = "its machine-readable block was changed on the way; save or copy the whole file again"
NONE = "it holds no report of diagnose; save the report as .json, .html or .md"
OTHER = "it is JSON, but no report of diagnose; name one that --report wrote"
NO_JSON = "it is not JSON that a report could be"
NEWER = "a newer diagnose wrote it (version {} of its shape, and this one reads 1); install that"


def packed(octets: bytes) -> bytes:
    letters = base64.b64encode(zlib.compress(octets)).decode()
    return f'{{"diagnose_report": 1, "encoding": "zlib+base64", "data": ["{letters}"]}}'.encode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", NONE),
        (b"Dear help desk,", NONE),
        (b"<!DOCTYPE html><p>an older page</p>", NONE),
        (b"%PDF-1.7", NONE),
        (PAGE[:5000], CUT),
        (PAGE[:40_000], CUT),
        (b'<!DOCTYPE html><meta name="generator" content="WordPress"><p>diagnose</p>', NONE),
        (b"\x89PNG\r\n\x1a\n\xff", "it is not a text in UTF-8, as reports of diagnose are"),
        (b"{}", OTHER),
        (b'{"causes": [], "matched": ""}', OTHER),
        (b"[]", "it holds the reports of 0 runs; save the one that is wanted by itself"),
        (b"[7]", OTHER),
        (b"[{}]", OTHER),
        (b"[" + WHOLE + b", null]", OTHER),
        (b"[" + WHOLE + b"," + WHOLE + b"]", "it holds the reports of 2 runs; save the one that is wanted by itself"),
        (b'{"schema_version": 2, "verdict": {}}', NEWER.format(2)),
        (b'{"schema_version": "1", "verdict": {}}', OTHER),
        (
            b'{"schema_version": 1, "verdict": 7}',
            "it is not a report of diagnose: the value at $.verdict is not what belongs there",
        ),
        (
            WHOLE.replace(b'"exit_code": 0', b'"exit_code": 7').replace(b'"exit_code": 1', b'"exit_code": 7'),
            "it is not a report of diagnose: the value at $.verdict.exit_code is not what belongs there",
        ),
        (WHOLE[:-3], CUT),
        (WHOLE[:2000], CUT),
        (WHOLE[:1], CUT),
        (b'{"schema_version": 1,\n nonsense}', "it is not JSON: line 2, column 2"),
        (b'{"a": ' + b"9" * 5000 + b"}", NO_JSON),
        (b"[" * 100_000, NO_JSON),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), NO_JSON),
        (page(BLOCK)[: len(BLOCK) // 2], CUT),
        (page(BLOCK.replace("A", "B")), CHANGED),
        (page(BLOCK.replace('",\n"', '",\n"====', 1)), CHANGED),
        (page(re.sub(r'"[^"]*"\n\]', '""\n]', BLOCK)), CHANGED),
        (packed("é".encode()), CHANGED),
        (packed(b"[]"), "it holds the reports of 0 runs; save the one that is wanted by itself"),
        (packed(b"7"), OTHER),
        (page(BLOCK.replace('report": 1', 'report": 9')), NEWER.format(9)),
        (b'{"a": "' + b"x" * LARGEST + b'"}', "it is larger than 16 MB, and no report is"),
        (packed(b" " * (LARGEST + 1)), "it is larger than 16 MB, and no report is"),
    ],
    ids=lambda given: ascii(given[:24])[:24],  # some are many megabytes
)
def test_what_is_no_report_is_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(SavedReportError) as error:
        saved_report(content)
    assert str(error.value) == sentence


@given(st.binary(max_size=300), st.integers(0, len(WHOLE)), st.booleans())
@settings(max_examples=200, deadline=None)
def test_whatever_a_file_holds_nothing_else_is_raised(noise: bytes, place: int, block: bool) -> None:
    whole = BLOCK.encode() if block else WHOLE
    for content in (noise, whole[:place] + noise + whole[place + len(noise) :], b'{"diagnose_report": 1,' + noise):
        try:
            assert isinstance(saved_report(content), Report)
        except SavedReportError:
            continue
