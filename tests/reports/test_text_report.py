from __future__ import annotations

import os
import re
import unicodedata
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from diagnose.knowledge.catalogue import catalogue, remedies_for
from diagnose.locale.language import LANGUAGES, translation
from diagnose.model.report import Contact, Evidence, Report, ReportRemedy, Station
from diagnose.providers import Language
from diagnose.rendering.prose import line_starts
from diagnose.rendering.renderer import Audience, RenderStyle
from reports.html import render as as_html
from reports.markdown import render as as_markdown
from reports.remedies import for_audience
from reports.text import RENDERER, render
from reports.titles import title_of
from tests.reports.chinese import translate
from tests.reports.samples import SAMPLES, error_and_skips, expired_certificate, hostile, wrong_password
from tests.reports.texts import with_every_text

GOLDEN = Path(__file__).with_name("golden")
WHOLE: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in SAMPLES},
    "chinese": ("chinese", {"translate": translate}),
    "wrong_password_60_columns": ("wrong_password", {"width": 60}),
    "wrong_password_ascii": ("wrong_password", {"ascii": True}),
}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"whole_{name}": (sample, style | {"complete": True}) for name, (sample, style) in WHOLE.items()},
    **WHOLE,
    "wrong_password_on_a_terminal": ("wrong_password", {"height": 24}),
    "wrong_password_quiet": ("wrong_password", {"quiet": True}),
    "wrong_password_admin": ("wrong_password", {"audience": "admin"}),
    "expired_certificate_verbose": ("expired_certificate", {"verbose": True}),
}
SGR = re.compile(r"\x1b\[[0-9;]*m")


def as_words(shown: str) -> str:
    return " ".join(shown.split())


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_whole_output(variant: str) -> None:
    name, style = VARIANTS[variant]
    actual = render(SAMPLES[name](), RenderStyle(**style))
    golden = GOLDEN / f"{variant}.txt"
    if os.environ.get("ACCEPT_GOLDEN"):
        golden.write_text(actual, encoding="utf-8", newline="\n")
    assert actual == golden.read_text(encoding="utf-8"), (
        "if this is how it should read: ACCEPT_GOLDEN=1 pytest tests/reports"
    )


@pytest.mark.parametrize("width", [32, 40, 60, 80, 132])
@pytest.mark.parametrize("name", SAMPLES)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    for more in ({}, {"height": 24}, {"complete": True}, {"verbose": True}):
        shown = render(SAMPLES[name](), RenderStyle(width=width, translate=translate, **more))
        assert max(map(cell_len, shown.splitlines())) <= width


@pytest.mark.parametrize("name", SAMPLES)
def test_color_repeats_what_the_words_say(name: str) -> None:
    plain = render(SAMPLES[name](), RenderStyle())
    colored = render(SAMPLES[name](), RenderStyle(color=True))
    assert colored != plain
    assert [line.rstrip() for line in SGR.sub("", colored).splitlines()] == plain.splitlines()


def test_what_servers_say_is_no_markup() -> None:
    shown = as_words(render(hostile(), RenderStyle()))
    assert "[bold red]markup[/bold red] [/] [link=https://evil.example]x[/link]" in shown
    assert "{braces} {0} %s {{ 7*7 }}" in shown


@pytest.mark.parametrize("verbose", [False, True])
def test_only_plain_characters_reach_the_terminal(verbose: bool) -> None:
    shown = render(hostile(), RenderStyle(verbose=verbose))
    assert {unicodedata.category(c) for c in shown if c != "\n"}.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn"})


def test_links_that_could_run_something_are_not_shown() -> None:
    shown = render(hostile(), RenderStyle(verbose=True))
    assert "javascript:" not in shown
    assert "data:text" not in shown


def test_remedies_of_the_audience_come_in_full_and_others_by_name() -> None:
    shown = as_words(render(wrong_password(), RenderStyle(audience="helpdesk")))
    assert "What the help desk can do 1. Ask for the exact user name" in shown
    assert "Others can help, too: the person, administrator" in shown
    assert "Look up the rejected login" not in shown


def test_verbose_shows_everybodys_remedies() -> None:
    shown = as_words(render(wrong_password(), RenderStyle(verbose=True)))
    assert shown.index("Close the mail programs") < shown.index("Offer a reset") < shown.index("Look up the rejected")


def test_where_the_reader_can_do_nothing_the_one_who_can_is_named_with_steps() -> None:
    shown = as_words(render(expired_certificate(), RenderStyle(audience="user")))
    assert "please pass it on. What the administrator can do 1. Renew the certificate." in shown


def test_symbols_have_ascii_stand_ins() -> None:
    shown = render(SAMPLES["wrong_password"](), RenderStyle(ascii=True))
    assert shown.isascii()


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - {"hostile"}))
def test_every_check_is_accounted_for(name: str, verbose: bool) -> None:
    """By its name; a check that had nothing to do by its reason, unless more is asked for."""
    report = SAMPLES[name]()
    ids = {check.id for check in report.checks}
    shown = "".join(render(report, RenderStyle(complete=True, verbose=verbose)).split())
    for check in report.checks:
        reason = "".join((check.skipped_because or "").split())
        idle = bool(reason) and check.skipped_because not in ids
        assert (reason if idle and not verbose else check.id) in shown


@settings(max_examples=60, deadline=None)
@given(words=st.text(max_size=200), width=st.integers(min_value=1, max_value=100), verbose=st.booleans())
def test_any_words_in_any_place(words: str, width: int, verbose: bool) -> None:
    report: Report = with_every_text(wrong_password(), words)
    shown = render(report, RenderStyle(width=width, verbose=verbose))
    assert {unicodedata.category(c) for c in shown if c != "\n"}.isdisjoint({"Cc", "Cf", "Cs"})


ONE_CAUSE = [name for name, sample in SAMPLES.items() if name != "hostile" and len(sample().verdict.causes) < 2]


@pytest.mark.parametrize("name", ONE_CAUSE)
def test_an_answer_takes_forty_lines_at_most(name: str) -> None:
    assert render(SAMPLES[name](), RenderStyle()).count("\n") <= 40


LONG_WORDS = "One long sentence that somebody has to read before anything gets better here, and another one behind it. "


def with_one_cause(*, steps: int, length: int = 1, evidence: int = 1) -> Report:
    report = wrong_password()
    remedy = ReportRemedy(fixer="user", steps=tuple(f"Step {n}. {LONG_WORDS * length}" for n in range(1, steps + 1)))
    seen = tuple(Evidence(check="login.imap.993", text=f"Seen {n}. {LONG_WORDS}", data={}) for n in range(evidence))
    cause = replace(report.verdict.causes[0], remedies=(remedy,), evidence=seen, title="The one cause")
    return replace(report, verdict=replace(report.verdict, causes=(cause,), headline="The one cause"))


@pytest.mark.parametrize(("steps", "length"), [(3, 1), (7, 2), (12, 1), (30, 2)])
@pytest.mark.parametrize("height", [24, 30, 50])
def test_cause_and_first_steps_stand_on_the_last_screen(steps: int, length: int, height: int) -> None:
    shown = render(with_one_cause(steps=steps, length=length), RenderStyle(height=height)).splitlines()
    screen = "\n".join(shown[-(height - 1) :])
    assert "The one cause" in screen
    assert "1. Step 1." in screen
    assert "2. Step 2." in screen
    assert shown[-1].startswith("More: --verbose")


EVERY_CAUSE = tuple(catalogue())
OTHER = "credentials.app-password-required"


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize("audience", ["user", "helpdesk", "admin"])
def test_every_cause_that_is_known_and_its_first_steps_stand_on_the_last_screen(
    lang: Language, audience: Audience
) -> None:
    to_reader = translation(lang)
    facts = {"address": "alice@corp.example", "username": "alice@corp.example", "domain": "corp.example"}
    for known in EVERY_CAUSE:
        title, remedies = to_reader(known.title), remedies_for(known, facts, to_reader)
        one = with_one_cause(steps=1)
        cause = replace(one.verdict.causes[0], title=title, summary=to_reader(known.summary), remedies=remedies)
        other = replace(cause, title=to_reader(catalogue()[OTHER].title), remedies=())
        verdict = replace(one.verdict, causes=(cause, other), headline=title)
        style = RenderStyle(translate=to_reader, audience=audience, height=24)
        shown = render(replace(one, verdict=verdict), style).splitlines()
        screen = "".join("".join(shown[-23:]).split())
        assert "".join(title.split()) in screen, f"{known.id}: {len(shown)}"
        for step in for_audience(remedies, audience)[0][0].steps[:2]:
            assert "".join(step.split()) in screen, known.id


def test_what_fits_on_the_screen_is_told_once_and_whole() -> None:
    shown = render(with_one_cause(steps=4), RenderStyle(height=60))
    assert shown.count("The one cause") == 1
    assert "4. Step 4." in shown
    assert "diagnose explain" not in shown


def test_steps_without_room_are_named_with_the_command_that_tells_them() -> None:
    shown = as_words(render(with_one_cause(steps=12, length=2), RenderStyle(height=24)))
    assert "Further steps: diagnose explain credentials.rejected --provider corp-mail, or --verbose" in shown
    assert "12. Step 12." not in shown


def test_no_step_is_left_out_for_a_line_that_is_as_long() -> None:
    for steps in range(1, 8):
        shown = as_words(render(with_one_cause(steps=steps, length=0), RenderStyle(height=24)))
        assert ("Further steps" in shown) != (f"{steps}. Step {steps}." in shown)
        assert "Further steps" not in shown or f"{steps - 1}. Step" not in shown


@pytest.mark.parametrize("steps", [7, 12, 40])
def test_an_answer_off_a_terminal_has_forty_lines_for_it(steps: int) -> None:
    shown = render(with_one_cause(steps=steps, evidence=9), RenderStyle())
    assert shown.count("\n") <= 40
    assert "2. Step 2." in shown


@pytest.mark.parametrize("steps", [7, 40])
@pytest.mark.parametrize("more", [{"complete": True}, {"verbose": True}])
def test_the_whole_report_leaves_out_no_step_and_nothing_seen(steps: int, more: dict[str, Any]) -> None:
    shown = render(with_one_cause(steps=steps, length=3, evidence=9), RenderStyle(height=24, **more))
    assert f"{steps}. Step {steps}." in shown
    assert "Seen 8." in shown


def way_of(*titles: str) -> Report:
    stations = tuple(Station(name="dns", title=title, state="ok") for title in titles)
    return replace(wrong_password(), path=(*stations, Station(name="login", title="Login", state="broken")))


@pytest.mark.parametrize(
    ("titles", "broken"),
    [
        (("This computer", "DNS"), False),
        (("This computer", "Network", "DNS", "Server", "Encryption"), False),
        (("这台电脑", "网络", "域名解析", "服务器", "加密连接", "浏览器"), False),
        (("This computer", "Network", "Virtual private network", "DNS", "Server", "Encryption"), True),
    ],
)
def test_the_picture_stands_on_one_line_where_it_can(titles: tuple[str, ...], broken: bool) -> None:
    shown = render(way_of(*titles), RenderStyle()).splitlines()
    assert (shown[4].strip() == "✗ Login: breaks here") != broken


@pytest.mark.parametrize("width", range(32, 90))
@pytest.mark.parametrize(
    "titles",
    [("This computer", "Network", "DNS"), ("这台电脑", "网络", "域名解析", "加密"), ("這台電腦", "VPN 連線", "伺服器")],
)
def test_a_line_of_the_picture_begins_with_the_sign_of_a_station_and_parts_none(
    titles: tuple[str, ...], width: int
) -> None:
    shown = render(way_of(*titles), RenderStyle(width=width)).split("\n\n")[1].splitlines()
    way = shown[: next(i for i, line in enumerate(shown) if "Login" in line) + 1]
    assert all(line.strip()[0] in "✓✗" for line in way)
    assert all(any(f"✓ {title}" in line for line in way) for title in titles)
    assert max(map(cell_len, way)) <= width


CHINESE_TEXT = "开启 IMAP/SMTP 服务，按提示用绑定的手机（例如 139 开头）完成“验证”，然后生成新的授权码。"


@pytest.mark.parametrize("width", range(4, 60))
def test_chinese_lines_begin_with_no_closing_punctuation(width: int) -> None:
    starts = [0, *line_starts(CHINESE_TEXT, width), len(CHINESE_TEXT)]
    lines = [CHINESE_TEXT[a:b].rstrip() for a, b in pairwise(starts)]
    assert max(map(cell_len, lines)) <= width
    if width >= 12:  # a word with its punctuation has room
        assert not any(line[0] in "，。）”" for line in lines)
        assert not any(line[-1] in "（“" for line in lines)


@given(words=st.text(max_size=100), width=st.integers(min_value=2, max_value=40))
def test_line_starts_are_places_in_the_text_in_order(words: str, width: int) -> None:
    text = " ".join(words.split())
    starts = line_starts(text, width)
    assert starts == sorted(set(starts))
    assert all(0 < start < len(text) for start in starts)


def test_renderer() -> None:
    assert (RENDERER.format, RENDERER.suffixes, RENDERER.render) == ("text", (".txt",), render)


@pytest.mark.parametrize(
    ("contact", "line"),
    [
        (Contact(help_desk="IT, ext. 8888", status_page="https://status.corp.example"),
         "Help desk: IT, ext. 8888 · Current outages: https://status.corp.example"),
        (Contact(help_desk="信息部 8888"), "Help desk: 信息部 8888"),
        (Contact(status_page="https://status.corp.example"), "Current outages: https://status.corp.example"),
        (Contact(), None),
        (None, None),
    ],
)  # fmt: skip
def test_whom_the_company_names_stands_in_one_line_before_the_last(contact: Contact | None, line: str | None) -> None:
    named = replace(wrong_password(), contact=contact)
    without = render(wrong_password(), RenderStyle(complete=True)).splitlines()
    shown = render(named, RenderStyle(complete=True)).splitlines()
    answer = render(named, RenderStyle()).splitlines()

    assert (answer[-2] == line) == (line is not None)
    assert len(answer) <= 40
    footer = next(place for place, words in enumerate(without) if words.startswith("diagnose "))
    assert shown == [*without[:footer], *([line] if line else []), *without[footer:]]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("render", [render, as_html, as_markdown])
def test_people_read_titles_where_a_program_reads_ids(render: Any, lang: Language) -> None:
    """What follows from a cause, and what stood in a check's way."""
    said = translation(lang)
    style = RenderStyle(translate=said, complete=True)
    told = unescape(re.sub(r"\s|\\", "", render(expired_certificate(), style)))

    for cause in ("tls.untrusted-issuer", "web.login-page-down"):
        assert "".join(said(catalogue()[cause].title).split()) in told
    beside = unescape(re.sub(r"\s|\\", "", render(error_and_skips(), style)))
    assert "".join(said("needs: {check}").format(check="imap.corp.example accepts the login").split()) in beside


def test_a_cause_that_nobody_knows_is_called_by_its_id() -> None:
    assert title_of("acme.vpn-down", str) == "acme.vpn-down"
    assert title_of("dns.no-mx", translation("zh-Hans")) == translation("zh-Hans")(catalogue()["dns.no-mx"].title)
