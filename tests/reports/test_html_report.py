from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from html.parser import HTMLParser
from itertools import pairwise
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.locale.language import Language, translation
from diagnose.model import Certainty, Status
from diagnose.model.report import Contact, Impact, Report, ReportRemedy, Verdict
from diagnose.model.saved import saved_report
from diagnose.rendering.next_steps import next_steps
from diagnose.rendering.renderer import PALETTE, Download, RenderStyle
from reports.html import linked, render
from reports.remedies import pieces
from reports.sanitized import sanitized
from reports.summary import summary
from reports.templating import TEMPLATES
from reports.words import words
from tests.reports.samples import ATTACKS, SAMPLES, expired_certificate, hostile, the_25_checks, wrong_password
from tests.reports.texts import with_every_text

VOID = {"meta", "link", "br", "hr", "img", "input"}
# fmt: off
ALLOWED = {
    "a", "bdi", "body", "circle", "code", "dd", "details", "div", "dl", "dt", "footer", "h1", "h2", "h3",
    "head", "header", "html", "li", "line", "link", "main", "meta", "ol", "p", "path", "pre", "rect", "script",
    "section", "span", "style", "summary", "svg", "table", "tbody", "td", "text", "th", "thead", "time",
    "title", "tr", "ul",
}
# fmt: on


class Page(HTMLParser):
    """What a browser would find, and whether every element is closed where it should be."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        assert len(dict(attrs)) == len(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["script"]):
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(name: str, style: RenderStyle | None = None) -> Page:
    return Page(render(SAMPLES[name](), style or RenderStyle()))


every_sample = pytest.mark.parametrize("name", SAMPLES)


@every_sample
def test_nothing_runs_and_nothing_is_fetched(name: str) -> None:
    found = page(name)
    assert {tag for tag, _ in found.elements} <= ALLOWED
    for _, attributes in found.elements:
        assert not [
            attribute for attribute in attributes if attribute.startswith("on") or attribute in ("src", "style")
        ]
    assert [link["href"] for link in found.all("link")] == ["data:,"]
    css = "".join(file.read_text(encoding="utf-8") for file in (PALETTE, TEMPLATES / "report.css"))
    assert not re.search(r"url\(|@import", css)


@every_sample
def test_links_open_pages_mails_and_calls_only(name: str) -> None:
    links = [link["href"] for link in page(name).all("a")]
    assert all(re.match(r"https?://|mailto:|tel:|#check-\d+$", link) for link in links)


@every_sample
def test_ids_are_unique_and_everything_named_is_there(name: str) -> None:
    found = page(name)
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = [attributes["aria-labelledby"] for _, attributes in found.elements if "aria-labelledby" in attributes]
    targets = [link["href"][1:] for link in found.all("a") if link["href"].startswith("#")]
    assert set(named) | set(targets) <= set(ids)


@every_sample
def test_one_main_heading_language_and_landmarks(name: str) -> None:
    found = page(name)
    assert [html["lang"] for html in found.all("html")] == [SAMPLES[name]().lang]
    assert [len(found.all(tag)) for tag in ("h1", "main", "header", "footer", "title")] == [1] * 5
    levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch(r"h\d", tag)]
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_what_servers_say_is_text() -> None:
    found = page("hostile")
    for attack in ATTACKS[:3]:
        assert attack in found.text
    assert "{braces} {0} %s {{ 7*7 }} {% raw %}" in found.text
    assert {unicodedata.category(c) for c in found.text if c != "\n"}.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn"})
    assert "javascript:" not in str(found.elements)
    assert len(render(hostile(), RenderStyle())) < 60_000


MARKUP = st.sampled_from(["<", "</", ">", "/>", '"', "'", "&", "&lt;", "=", "b", "script", "style", "<!--", "{{", " "])


@settings(max_examples=40, deadline=None)
@given(said=st.lists(MARKUP | st.text(max_size=5), max_size=40).map("".join))
def test_any_words_in_any_place(said: str) -> None:
    report = with_every_text(wrong_password(), said)
    assert {tag for tag, _ in Page(render(report, RenderStyle())).elements} <= ALLOWED


def digest(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


@every_sample
def test_only_the_stylesheet_and_the_script_of_ours_have_leave_to_work(name: str) -> None:
    """Both are files of the package, byte by byte; the policy allows no other, and no connection at all."""
    written = render(SAMPLES[name](), RenderStyle())
    (css,) = re.findall(r"<style>(.*?)</style>", written, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", written, re.DOTALL)
    (policy,) = [m["content"] for m in Page(written).all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert script == (TEMPLATES / "copy.js").read_text("utf-8")
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest(css)}'; script-src 'sha256-{digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert written.index("Content-Security-Policy") < written.index("<style>")
    assert not re.search(r"fetch|XMLHttp|import\b|eval|innerHTML|https?:", script)


@every_sample
def test_a_saved_page_holds_the_report(name: str) -> None:
    """To be judged again; what servers said cannot take its place."""
    report = SAMPLES[name]()
    read = saved_report(render(report, RenderStyle()).encode())
    assert (read.started_at, read.id) == (report.started_at, report.id)
    assert [cause.id for cause in read.verdict.causes] == [cause.id for cause in report.verdict.causes]


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ("Run `certbot renew`, then look.", [(False, "Run "), (True, "certbot renew"), (False, ", then look.")]),
        ("`one` and `two`", [(True, "one"), (False, " and "), (True, "two")]),
        ("no code", [(False, "no code")]),
        ("one ` alone", [(False, "one ` alone")]),
        ("`a` and one ` alone", [(True, "a"), (False, " and one ` alone")]),
        ("", []),
    ],
)
def test_code_in_a_step(step: str, found: list[tuple[bool, str]]) -> None:
    assert pieces(step) == found


PAGE = "https://webmail.corp.example/"


@pytest.mark.parametrize(
    ("prose", "pages"),
    [
        (f"Sign in at {PAGE}, then look.", [PAGE]),
        (f"请登录 {PAGE}。", [PAGE]),
        (f"Sign in ({PAGE}a_(b)).", [f"{PAGE}a_(b)"]),
        (f"{PAGE}one and {PAGE}two", [f"{PAGE}one", f"{PAGE}two"]),
        ("Sign in at https://WEBMAIL.corp.example:8443/x.", ["https://WEBMAIL.corp.example:8443/x"]),
        ("Until https://evil.example/ is back", []),
        ("https://webmail.corp.example@evil.example/", []),
        ("https://evil.example/https://webmail.corp.example/", []),
        ("https://[webmail.corp.example/", []),
        ("javascript://webmail.corp.example/", []),
        ("no page", []),
        ("", []),
    ],
)
def test_a_page_in_a_step_can_be_opened_where_the_run_knows_its_server(prose: str, pages: list[str]) -> None:
    found = linked(prose, {"webmail.corp.example"})
    assert [part for is_page, part in found if is_page] == pages
    assert "".join(part for _, part in found) == prose


def with_step(step: str) -> Report:
    cause = msgspec.structs.replace(
        wrong_password().verdict.causes[0], remedies=(ReportRemedy(fixer="user", steps=(step,)),)
    )
    verdict = msgspec.structs.replace(wrong_password().verdict, causes=(cause,))
    return msgspec.structs.replace(wrong_password(), verdict=verdict)


def test_a_servers_words_lead_nowhere() -> None:
    host = wrong_password().services[0].host
    report = with_step(f"Sign in at https://{host}/ or https://evil.example/.")
    links = [link["href"] for link in Page(render(report, RenderStyle())).all("a")]
    assert f"https://{host}/" in links
    assert not [link for link in links if "evil" in link]


def test_somebody_is_named_to_ask() -> None:
    """The company's own words where its settings name somebody, else who can do something about the cause."""
    contact = Contact(help_desk="IT <b>desk</b>, 4711", status_page="https://status.corp.example/")
    named = Page(render(msgspec.structs.replace(wrong_password(), contact=contact), RenderStyle()))
    assert "IT <b>desk</b>, 4711" in named.text
    assert "https://status.corp.example/" in [link["href"] for link in named.all("a")]
    assert "Ask next" not in named.text
    assert "Ask next: help desk, administrator" in page("wrong_password").text
    assert "Ask next: help desk\n" in Page(render(with_step("Wait."), RenderStyle())).text
    assert "Ask next" not in page("healthy").text


def test_what_can_be_run_can_be_copied() -> None:
    """A word in code, and an option, are no command."""
    steps = ("Run `certbot renew`, add `-starttls imap`, and read `dovecot.conf`.",)
    cause = msgspec.structs.replace(
        wrong_password().verdict.causes[0], remedies=(ReportRemedy(fixer="user", steps=steps),)
    )
    verdict = msgspec.structs.replace(wrong_password().verdict, causes=(cause,))
    written = render(msgspec.structs.replace(wrong_password(), verdict=verdict), RenderStyle())
    assert '<code class="copied">certbot renew</code>' in written
    assert "<code>-starttls imap</code>" in written
    assert "<code>dovecot.conf</code>" in written


@every_sample
def test_the_summary_is_ten_lines_at_most(name: str) -> None:
    report = sanitized(SAMPLES[name]())
    lines = summary(report, str).split("\n")
    assert 2 < len(lines) <= 10
    assert report.verdict.headline in lines
    assert report.id in lines[-1]


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant"])
@every_sample
def test_what_is_handed_on_has_chinese_punctuation(name: str, lang: Language) -> None:
    """Full-width colons and brackets beside Chinese characters, and no blank behind a full stop."""
    report = sanitized(SAMPLES[name]())
    style = RenderStyle(translate=translation(lang))
    (said,) = re.findall(f"<p>([^<]*{style.translate('Never send your password.')})</p>", render(report, style))
    shown = "\n".join([said, *(line for line in summary(report, style.translate).split("\n") if line[0] != "-")])

    assert re.findall(r"[\u4e00-\u9fff] ?[:(]|[(][\u4e00-\u9fff]|\): |。 ", shown) == []


def test_the_summary_holds_what_to_do_first() -> None:
    """Of whom it is for; where they can do nothing, of who can, named."""
    report = wrong_password()
    first = {remedy.fixer: remedy.steps[0] for remedy in report.verdict.causes[0].remedies}
    assert f"What to do: {first['user']}" in summary(report, str).split("\n")
    assert f"What to do: {first['admin']}" in summary(report, str, "admin").split("\n")
    only = msgspec.structs.replace(
        report.verdict.causes[0], remedies=(ReportRemedy(fixer="provider", steps=("Mend it.",)),)
    )
    other = msgspec.structs.replace(report, verdict=msgspec.structs.replace(report.verdict, causes=(only,)))
    assert "What the mail provider can do: Mend it." in summary(other, str).split("\n")
    assert "What to do" not in summary(SAMPLES["healthy"](), str)


def test_who_has_no_cause_has_a_next_step() -> None:
    """By what is known: of a mailbox that lets in, of one that nobody tried, of a browser alone, of nothing."""
    in_order = SAMPLES["healthy"]()
    path = tuple(msgspec.structs.replace(one, state="unknown") if one.name == "login" else one for one in in_order.path)
    check = msgspec.structs.replace(in_order.checks[0], family="browser")
    unclear = msgspec.structs.replace(in_order.verdict, status="inconclusive", exit_code=3)
    found = [
        next_steps(report, str)[0]
        for report in (
            in_order,
            msgspec.structs.replace(in_order, path=path),
            msgspec.structs.replace(in_order, checks=(check,)),
            msgspec.structs.replace(in_order, verdict=unclear),
        )
    ]
    assert len(set(found)) == 4
    assert found[0].startswith("The mailbox itself is in order.")
    assert "no login was tried" in found[1]
    assert "in this browser" in found[2]
    assert "once more" in found[3]
    assert found[0] in page("healthy").text
    assert next_steps(wrong_password(), str) == ()
    narrowed = msgspec.structs.replace(in_order.verdict, narrowed=("--only dns",))
    assert next_steps(msgspec.structs.replace(in_order, verdict=narrowed), str) == ()


def test_files_are_handed_out_where_they_are_offered() -> None:
    files = (Download(label="Save <it>", name='a"b.html', media_type="text/html", content="<p>é"),)
    found = Page(render(wrong_password(), RenderStyle(downloads=files)))
    (link,) = [one for one in found.all("a") if "download" in one]
    assert link["download"] == 'a"b.html'
    assert base64.b64decode(link["href"].partition("data:text/html;base64,")[2]).decode() == "<p>é"
    assert "Save <it>" in found.text
    assert not [one for one in page("wrong_password").all("a") if "download" in one]


def test_the_number_of_a_report_tells_nothing_and_stays() -> None:
    """It is that of the run: in another language, and redacted, it is the same."""
    one = wrong_password()
    other = msgspec.structs.replace(one, lang="zh-Hans", subject=msgspec.structs.replace(one.subject, address=None))
    assert re.fullmatch(r"[0-9a-f]{8}", one.id)
    assert other.id == one.id
    assert msgspec.structs.replace(one, duration_ms=one.duration_ms + 1).id != one.id


@every_sample
def test_every_status_and_state_is_said_in_words(name: str) -> None:
    report = SAMPLES[name]()
    found = page(name)
    said = words(str)
    for check in report.checks:
        assert said.status[check.status] in found.text
    for station in report.path:
        assert said.state[station.state] in found.text
    assert said.verdict[report.verdict.status] in found.text
    assert len(found.all("rect")) >= sum(check.status != "skip" for check in report.checks)


def test_words_exist_for_everything_the_model_can_say() -> None:
    said = words(str)
    for labels, names in (
        (said.verdict, get_args(Verdict)),
        (said.cause, get_args(Verdict)),
        (said.status, get_args(Status)),
        (said.certainty, get_args(Certainty)),
        (said.impact, get_args(Impact)),
    ):
        assert set(labels) == set(names)


@pytest.mark.parametrize(
    ("audience", "first"),
    [("user", "What to do"), ("helpdesk", "What the help desk can do"), ("admin", "What the administrator can do")],
)
def test_remedies_of_the_audience_stand_open_and_others_are_folded(audience: str, first: str) -> None:
    written = render(wrong_password(), RenderStyle(audience=audience))  # type: ignore[arg-type]  # a literal from the list above
    card = written[written.index('class="cause card') : written.index('id="others"')]
    assert f"<h3>{first}</h3>" in card
    assert card.count('<details class="fold">') == 2
    assert card.index(f"<h3>{first}</h3>") < card.index('<details class="fold">') < card.index("What was seen")


def test_what_only_follows_is_told_in_the_words_of_its_finding() -> None:
    """Behind the title of its cause; the id is for those who want all."""
    said = "The webmail page is down: The page cannot be opened over verified TLS."
    short, whole = (
        " ".join(Page(render(expired_certificate(), RenderStyle(verbose=verbose))).text.split())
        for verbose in (False, True)
    )

    assert said in short
    assert f"{said} web.login-page-down" not in short
    assert f"{said} web.login-page-down" in whole


def test_bars_lie_on_the_time_line() -> None:
    for name in SAMPLES:
        for bar in page(name).all("rect"):
            if bar["x"].endswith("%"):
                start, length = float(bar["x"][:-1]), float(bar["width"][:-1])
                assert start >= 0
                assert length > 0
                assert start + length <= 100.01


def test_all_25_checks_are_on_the_page() -> None:
    found = page("healthy")
    assert len(the_25_checks()) == 25
    assert all(check.id in found.text and check.title in found.text for check in the_25_checks())


def luminance(color: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    channels = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_contrast_is_wcag_aa(scheme: int) -> None:
    css = "".join(file.read_text(encoding="utf-8") for file in (PALETTE, TEMPLATES / "report.css"))
    palettes = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    ]
    assert len(palettes) == 3
    assert css.count("prefers-color-scheme") == css.count("@media screen and (prefers-color-scheme: dark)") == 1
    palette = palettes[0] | palettes[scheme]  # nothing of the dark one comes onto paper
    assert scheme != 1 or palettes[0].keys() == palettes[1].keys()
    for text in ("ink", "soft", "link"):
        assert contrast(palette[text], palette["page"]) >= 4.5
        assert contrast(palette[text], palette["card"]) >= 4.5
    for accent in ("good", "bad", "warn", "error", "idle"):
        for ground in ("page", "card", f"{accent}-tint"):
            assert contrast(palette[accent], palette[ground]) >= 4.5, (accent, ground)
    for text in ("ink", "soft"):
        assert contrast(palette[text], palette["idle-tint"]) >= 4.5


def test_steps_are_numbered_for_each_person_alone() -> None:
    """Those that go on where the first did not help are counted on, whatever stood before for somebody else."""
    report = wrong_password()
    remedies = (
        ReportRemedy(fixer="user", steps=("u1", "u2", "u3"), further=("u4", "u5")),
        ReportRemedy(fixer="admin", steps=("a1",), further=("a2", "a3")),
        ReportRemedy(fixer="provider", steps=("p1", "p2")),
    )
    first = msgspec.structs.replace(report.verdict.causes[0], remedies=remedies)
    verdict = msgspec.structs.replace(report.verdict, causes=(first,))
    page = render(msgspec.structs.replace(report, verdict=verdict), RenderStyle())

    numbers = re.findall(r'<li data-step="(\d+)">([uap]\d)</li>', page)
    assert [step[1:] for _, step in numbers] == [number for number, _ in numbers]
    assert len(numbers) == 10
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    assert "content: attr(data-step)" in css  # what a browser shows


@pytest.mark.parametrize("name", SAMPLES)
def test_every_step_has_its_number(name: str) -> None:
    page = render(SAMPLES[name](), RenderStyle())
    for steps in re.findall(r'<ol class="steps".*?</ol>', page, re.DOTALL):
        assert steps.count("<li") == steps.count("<li data-step=") > 0
