"""A fleet in each format that holds one: complete, valid, and nothing that strangers wrote does anything."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from xml.etree.ElementTree import fromstring

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from diagnose.cli.fleet_summary import summary_blocks
from diagnose.fleet import table
from diagnose.fleet.shared_causes import SharedCauses
from diagnose.knowledge.catalogue import catalogue
from diagnose.locale.language import translation
from diagnose.model import quote
from diagnose.model.fleet import FleetRow, FleetSummary
from diagnose.rendering.page import Paragraph
from diagnose.rendering.renderer import RenderStyle
from reports import fleet_page, junit, openmetrics
from tests.reports.junit_readers import READERS
from tests.reports.junit_schema import faults

from .scenery import HOSTILE, fleet, some_rows


def cells() -> list[dict[str, str]]:
    words = "".join(table.render_fleet(*fleet(), RenderStyle()))
    return list(csv.DictReader(io.StringIO(words.removeprefix("\ufeff"), newline="")))


def test_a_table_has_a_line_for_each_row() -> None:
    found = cells()

    assert [one["line"] for one in found] == [str(row.line) for row in some_rows()]
    assert found[0]["cause"] == "tls.cert-expired"
    assert found[0]["servers"] == "imap.corp.example"
    assert found[0]["seconds"] == "1.234"
    assert found[3]["status"] == "healthy"
    assert found[5]["status"] == "bad"


def test_no_cell_is_a_formula() -> None:
    """Whatever a spreadsheet takes for the beginning of one, blanks aside; and no cell holds a second line."""
    found = cells()

    assert [one["row.note"] for one in found[:4]] == ["'=1+1", "'-2", "'@SUM(A1)", "'=2"]
    values = [value for one in found for value in (*one, *one.values())]
    assert not [value for value in values if value.lstrip()[:1] in set("=+-@\t\r＝＋－＠")]
    assert not [value for value in values if re.search("[\n\r\x1b\u202e]", value)]


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_of_junit_is_told_what_is_wrong_with_a_row(reader: str) -> None:
    summary, rows = fleet()
    read = READERS[reader]("".join(junit.render_fleet(summary, rows, RenderStyle())))

    failed = [case for case in read if case.status in {"failed", "failure", "error"}]
    assert len(failed) == summary.bad + summary.problems
    assert all(case.told.strip() for case in failed)
    assert not any(case.told.startswith("{") for case in read)  # a skip that tells no words but a hash
    assert len({case.key for case in read}) == len(read) == summary.rows


def from_two_places() -> tuple[FleetSummary, Callable[[], Iterator[FleetRow]]]:
    shared = SharedCauses(catalogue(), "en")
    both = [msgspec.structs.replace(one, vantage=place) for one in some_rows() for place in ("Lima", HOSTILE)]
    for one in both:
        shared.add(one)
    return shared.summary(), lambda: iter(both)


def test_every_format_says_from_where_a_row_was_looked_at() -> None:
    """Only where that is more than one place; and a case of JUnit is another one from another place."""
    told = from_two_places()
    table_ = list(csv.DictReader(io.StringIO("".join(table.render_fleet(*told, RenderStyle()))[1:], newline="")))
    assert {one["vantage"] for one in table_} == {"Lima", quote(HOSTILE)}
    page = "".join(fleet_page.render_fleet(*told, RenderStyle()))
    assert page.count("<td><bdi>Lima</bdi></td>") == len(some_rows())
    assert "Vantage" not in "".join(fleet_page.render_fleet(*fleet(), RenderStyle()))
    cases = fromstring("".join(junit.render_fleet(*told, RenderStyle()))).iter("testcase")
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == 2 * len(some_rows())
    exposed = "".join(openmetrics.render_fleet(*told, RenderStyle()))
    problems = sum(row.status == "problem" for row in some_rows())
    assert f'diagnose_fleet_problem_rows{{by="vantage",value="Lima"}} {problems}\n' in exposed


def test_junit_holds_a_case_for_each_row() -> None:
    document = fromstring("".join(junit.render_fleet(*fleet(), RenderStyle(audience="admin"))))

    assert faults(document) == []
    (suite,) = document
    assert len(suite) == 7
    assert suite.get("failures") == str(len(document.findall(".//failure")))
    assert suite.get("errors") == str(len(document.findall(".//error"))) == "1"
    failure = document.find(".//failure")
    assert failure is not None
    assert failure.get("type") == "tls.cert-expired"


def test_metrics_can_be_read() -> None:
    words = "".join(openmetrics.render_fleet(*fleet(), RenderStyle()))
    samples = {
        (one.name, *sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(words)
        for one in family.samples
    }

    assert samples["diagnose_fleet_rows", ("status", "bad")] == 1
    assert samples["diagnose_fleet_cause_rows", ("reason", "tls.cert-expired")] == 2
    assert samples["diagnose_fleet_problem_rows", ("by", "domain"), ("value", "corp.example")] == 2
    assert "alice" not in words


@pytest.mark.parametrize("audience", ["user", "admin"])
def test_a_page_holds_every_row_and_opens_nothing_else(audience: str) -> None:
    style = RenderStyle(audience=audience)  # type: ignore[arg-type]
    words = "".join(fleet_page.render_fleet(*fleet(), style))

    assert words.count("<tr>") == 8
    assert "<script>alert" not in words
    assert words.count("<script>") == 1
    assert "\x1b" not in words
    assert "\u202e" not in words
    assert not re.search(r'(?:src|href)="(?!data:|https?://)', words)
    assert " style=" not in words
    assert "default-src &#39;none&#39;" in words or "default-src 'none'" in words
    assert "alice@corp.example" in words


def test_a_chart_of_causes_names_them_as_people_do() -> None:
    """By their titles, in the language of the page; domains by their names."""
    words = "".join(fleet_page.render_fleet(*fleet(), RenderStyle(translate=translation("zh-Hans"))))

    labels = re.findall(r"<dt><bdi>(.*?)</bdi></dt>", words)
    assert translation("zh-Hans")(catalogue()["tls.cert-expired"].title) in labels
    assert "corp.example" in labels
    assert not set(labels) & set(catalogue())


def test_a_page_of_many_rows_leaves_out_the_healthy_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says so."""
    monkeypatch.setattr(fleet_page, "MOST_ROWS", 3)
    summary, rows = fleet()
    words = "".join(fleet_page.render_fleet(summary, rows, RenderStyle()))

    assert words.count("<tr>") == 4
    assert "too many for one page" in words
    assert "dave@other.example" not in words


def test_an_empty_fleet_is_written_too() -> None:
    summary, _rows = fleet()
    nothing = msgspec.structs.replace(
        summary, rows=0, problems=0, healthy=0, causes=(), by_cause=(), by_domain=(), by_office=(), by_provider=()
    )
    for render in (table.render_fleet, junit.render_fleet, openmetrics.render_fleet, fleet_page.render_fleet):
        assert "".join(render(nothing, lambda: iter(()), RenderStyle()))


def test_every_format_of_a_summary_says_who_was_asked_more_slowly() -> None:
    summary, rows = fleet()
    words = "Asked more slowly, since connections were turned away: gmx."

    assert summary.slowed == ("gmx",)
    assert 'diagnose_fleet_slowed{value="gmx"} 1' in "".join(openmetrics.render_fleet(summary, rows, RenderStyle()))
    assert words in "".join(fleet_page.render_fleet(summary, rows, RenderStyle()))
    shown = [block.words for block in summary_blocks(summary, lambda word: word) if isinstance(block, Paragraph)]
    assert shown == [words]
    quiet = msgspec.structs.replace(summary, slowed=())
    assert "more slowly" not in "".join(fleet_page.render_fleet(quiet, rows, RenderStyle()))
