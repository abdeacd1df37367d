"""Markdown is read by GitHub's own parser: it shows every word of a report as it is, and makes nothing of any."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

import cmarkgfm
import msgspec
import pytest
from cmarkgfm.cmark import Options
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diagnose.locale.language import Language, translation
from diagnose.model import quote
from diagnose.model.report import Report, RuledOut
from diagnose.rendering.renderer import RenderStyle
from reports.markdown import RENDERER, render, render_many
from reports.markup import code, link, plain, prose
from tests.reports.samples import ATTACKS, SAMPLES, healthy, hostile, wrong_password
from tests.reports.texts import with_every_text

ALLOWED = {
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "p",
    "ul",
    "ol",
    "li",
    "code",
    "a",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


class Shown(HTMLParser):
    """What GitHub makes of a document: its elements, where its links go, and its text."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.in_code = 0
        self.bare = ""
        """The text outside of what stands in fixed width, of which GitHub makes neither names nor numbers."""
        # raw HTML is let through, so that it can be seen
        self.feed(cmarkgfm.github_flavored_markdown_to_html(document, options=Options.CMARK_OPT_UNSAFE))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.in_code += tag == "code"
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        self.in_code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.text += data
        self.bare += " " if self.in_code else data


def one_line(words: str) -> str:
    return " ".join(words.split())


every_sample = pytest.mark.parametrize("name", SAMPLES)


@every_sample
@pytest.mark.parametrize("verbose", [False, True])
def test_nothing_but_the_structure_is_made_of_it(name: str, verbose: bool) -> None:
    document = render(SAMPLES[name](), RenderStyle(verbose=verbose))
    found = Shown(document)

    assert set(found.elements) <= ALLOWED
    assert found.elements.count("h1") == 1
    assert all(re.match("https?://|mailto:|tel:", address) for address in found.links)
    assert "\\" not in found.text.replace("\\x", "") or name == "hostile"
    assert {unicodedata.category(c) for c in document if c != "\n"}.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn"})


@every_sample
def test_every_part_of_the_report_is_there(name: str) -> None:
    report = SAMPLES[name]()
    text = one_line(Shown(render(report, RenderStyle(quiet=False))).text)
    for cause in report.verdict.causes:
        assert cause.id in text
        if name != "hostile":
            for sentence in (cause.title, cause.summary, *(item.text for item in cause.evidence)):
                assert one_line(sentence) in text
            assert all(one_line(step) in text for remedy in cause.remedies for step in remedy.steps)
    assert all(check.id in text for check in report.checks)
    assert all(f"{service.port}" in text for service in report.services)


def test_what_servers_say_is_shown_as_they_said_it() -> None:
    text = Shown(render(hostile(), RenderStyle(verbose=True))).text
    for attack in (*ATTACKS[:2], "[bold red]markup[/bold red] [/]", "{braces} {0} %s {{ 7*7 }} {% raw %}"):
        assert attack in text


SIGNS = [
    "\\",
    "`",
    "``",
    "*",
    "**",
    "_",
    "__",
    "~",
    "~~",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "#",
    "##",
    "+",
    "-",
    "---",
    ".",
    "!",
    "|",
    "&",
    "&amp;",
    "&#64;",
    ":",
    "::",
    "$",
    "$$",
    "^",
    "=",
    "===",
    "/",
    "1.",
    "1)",
    "@",
    "%",
    "{",
    "}",
    '"',
    "'",
    ",",
]
# fmt: off
WORDS = [
    "a", "é", "张", "x_y", "@admin", "#123", "!7", ":smile:", "www.x.example/a_b_", "https://h.example/a_b*c?d&e", " ",
    "mailto:a@b.example", "ftp://h.example/_a_", "a@b.example", "<script>", "]]>", "[^1]", "[ ]", "- [x]", "![x](y)",
    "[x](javascript:alert)", "[x]: y", "<!--", "-->", "</a>", "/close", "1.", "http://", "https://x.example)",
]
# fmt: on
SAID = st.lists(st.sampled_from([*SIGNS, *WORDS]) | st.text(max_size=3), max_size=12).map("".join)
PLACES = {
    "paragraph": "{}",
    "heading": "# {}",
    "item": "- {}",
    "number": "1. {}",
    "cell": "| a | b |\n| --- | --- |\n| {} | c |",
    "behind": "so: {} (x)",
}


def clean(said: str) -> str:
    return quote(said).strip()


@settings(max_examples=400, deadline=None)
@given(said=SAID.map(clean), place=st.sampled_from(sorted(PLACES)))
@example(said="http://&amp;#", place="behind")
@example(said="https://h.example/?a=1&lt;2", place="item")
def test_any_words_are_shown_as_they_are(said: str, place: str) -> None:
    found = Shown(PLACES[place].format(plain(said)))

    assert set(found.elements) <= ALLOWED
    assert said in found.text
    assert all(re.match("https?://|mailto:", address) for address in found.links)
    assert "\\" not in "".join(found.links)


@settings(max_examples=200, deadline=None)
@given(said=SAID.map(clean), place=st.sampled_from(sorted(PLACES)))
def test_any_words_are_copied_as_they_are(said: str, place: str) -> None:
    """A bar parts what stands in fixed width where it stands outside of a table, too."""
    found = Shown(PLACES[place].format(code(said)))

    assert set(found.elements) <= ALLOWED
    assert said in found.text
    assert found.links == []


@settings(max_examples=200, deadline=None)
@given(said=SAID.map(clean).filter(str.strip), path=SAID.map(clean))
def test_a_link_has_any_words_and_goes_where_it_says(said: str, path: str) -> None:
    found = Shown(f"- {link(said, 'https://a.example/' + path)} end")

    assert found.elements.count("a") == 1
    assert found.links[0].startswith("https://a.example/")
    assert found.text.strip() == f"{said} end".strip()


@settings(max_examples=60, deadline=None)
@given(said=SAID, verbose=st.booleans())
def test_any_words_in_any_place(said: str, verbose: bool) -> None:
    report: Report = with_every_text(wrong_password(), said)
    found = Shown(render(report, RenderStyle(verbose=verbose)))

    assert set(found.elements) <= ALLOWED
    assert clean(said) in found.text


@pytest.mark.parametrize("said", ["@admin", "(@admin)", "张@corp.example", "see @org/team", ".@x"])
def test_nobody_is_notified_by_what_a_server_says(said: str) -> None:
    """GitHub and GitLab leave fixed width alone."""
    assert not re.search(r"(?<![A-Za-z0-9_])@[A-Za-z0-9]", Shown(plain(said)).bare)
    assert Shown(plain(said)).text.strip() == said


def test_an_address_of_a_person_is_no_such_thing() -> None:
    assert plain("alice@corp.example") == "alice@corp.example"


@pytest.mark.parametrize("said", ["#12", "fixed in #12,", "!7", "a/b#3"])
def test_no_issue_is_told_of_it(said: str) -> None:
    assert not re.search(r"[#!][0-9]", Shown(plain(said)).bare)


@pytest.mark.parametrize("said", ["Room # 12", "C#", "No! 7"])
def test_other_signs_stay_bare(said: str) -> None:
    assert "`" not in plain(said)


def test_no_line_is_a_command_of_gitlab() -> None:
    report = with_every_text(wrong_password(), "/close")
    assert not re.search(r"^/", render(report, RenderStyle()), re.MULTILINE)


def test_quiet_leaves_the_verdict_and_its_causes() -> None:
    shown = render(wrong_password(), RenderStyle(quiet=True))
    assert "credentials.rejected" in shown
    assert "lockout.risk" in shown
    assert "Checks" not in shown
    assert len(shown.splitlines()) < 40


def test_a_plain_mail_reads_well() -> None:
    """No sign of what is escaped in what people and servers commonly say."""
    for name in SAMPLES.keys() - {"hostile"}:
        assert "\\" not in render(SAMPLES[name](), RenderStyle())


def test_many_reports_are_told_in_a_table_and_follow_one_by_one() -> None:
    reports = [healthy(), wrong_password(), hostile()]
    document = render_many(reports, RenderStyle())
    found = Shown(document)

    assert found.elements.count("h1") == 1
    assert found.elements.count("h2") == 3
    assert set(found.elements) <= ALLOWED
    for one in reports[:2]:
        assert one.verdict.headline in found.text
    assert Shown(render_many([], RenderStyle())).elements[0] == "h1"


def test_a_long_word_takes_no_long_time() -> None:
    """A report is cut to what can be shown; the functions themselves are not quadratic on what is."""
    for said in ("@" * 500, "a@" * 250, ":a" * 250, "[" * 500, "`" * 500, "https://" * 60, "_" * 500):
        assert plain(said)
        assert link(said, "https://a.example/" + said)


@pytest.mark.parametrize(
    ("step", "commands"),
    [
        ("Run `certbot renew`, then `systemctl reload nginx`.", ["certbot renew", "systemctl reload nginx"]),
        ("`openssl s_client -connect a:993 </dev/null | openssl x509 -noout`", [
            "openssl s_client -connect a:993 </dev/null | openssl x509 -noout"
        ]),
        ("用 `doveadm user *@corp.example` 查看", ["doveadm user *@corp.example"]),
        ("An accent ` alone is a sign", []),
        ("Nothing *here* is <b>code</b>", []),
    ],
)  # fmt: skip
def test_a_command_in_a_step_is_code(step: str, commands: list[str]) -> None:
    found = Shown(f"1. {prose(step)}\n")

    assert re.findall("<code>(.*?)</code>", cmarkgfm.github_flavored_markdown_to_html(f"1. {prose(step)}")) == [
        one.replace("<", "&lt;") for one in commands
    ]
    assert one_line(found.text) == (step.replace("`", "") if commands else step)
    assert set(found.elements) <= {"ol", "li", "code"}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_stands_in_a_step_is_no_markup(attack: str) -> None:
    said = " ".join(quote(attack).split())
    for step in (said, f"Run `{said}`.", f"`x` {said} `y`"):
        assert set(Shown(f"1. {prose(step)}\n").elements) <= {"ol", "li", "code", "a"}


@pytest.mark.parametrize(("lang", "between"), [("en", ", "), ("zh-Hans", "、"), ("zh-Hant", "、")])
def test_causes_that_are_ruled_out_are_an_enumeration(lang: Language, between: str) -> None:
    """With a blank behind the comma: forty of them would be one word that breaks nowhere."""
    report = wrong_password()
    ids = ("dns.no-mx", "tls.cert-expired", "web.redirect-loop")
    out = tuple(RuledOut(id=one, title="…", checks=("dns.domain",)) for one in ids)
    verdict = msgspec.structs.replace(report.verdict, ruled_out=out)
    said = render(msgspec.structs.replace(report, verdict=verdict), RenderStyle(translate=translation(lang)))

    assert between.join(f"`{one}`" for one in ids) in said


def test_renderer() -> None:
    assert (RENDERER.format, RENDERER.suffixes) == ("markdown", (".md", ".markdown"))
    assert (RENDERER.render, RENDERER.render_many, RENDERER.exit_code) == (render, render_many, None)
