"""JUnit XML: valid whatever a report holds, and telling of every check what became of it."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, fromstring

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.model.report import Report
from diagnose.rendering.renderer import RenderStyle
from reports.junit import RENDERER, render, render_many
from tests.reports.junit_schema import faults
from tests.reports.samples import (
    SAMPLES,
    error_and_skips,
    expired_certificate,
    healthy,
    hostile,
    port_blocked,
    wrong_password,
)
from tests.reports.texts import with_every_text

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 §2.2 knows no character for, not even by number."""


def document(report: Report, style: RenderStyle | None = None) -> Element:
    written = render(report, style or RenderStyle())
    assert not FORBIDDEN.search(written)
    written.encode("utf-8")
    root = fromstring(written.encode("utf-8"))
    assert faults(root) == []
    return root


def case(root: Element, check: str) -> Element:
    (found,) = [one for one in root.iter("testcase") if one.get("name", "").endswith(f"[{check}]")]
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_a_check_is_a_case_and_the_numbers_agree(name: str) -> None:
    report = SAMPLES[name]()
    (suite,) = document(report)
    cases = suite.findall("testcase")

    assert len(cases) == len(report.checks) == int(suite.get("tests", ""))
    for kind, number in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert len(suite.findall(f"testcase/{kind}")) == int(suite.get(number, ""))
    assert all(len(one.findall("failure") + one.findall("error") + one.findall("skipped")) <= 1 for one in cases)


def test_a_failure_tells_cause_evidence_and_steps() -> None:
    failure = case(document(expired_certificate()), "tls.imap.993").find("failure")
    assert failure is not None
    assert failure.get("type") == "tls.cert-expired"
    assert failure.get("message") == "The certificate ran out on 2026-02-27."
    told = failure.text or ""
    assert told.startswith("The certificate ran out on 2026-02-27. [tls.cert-expired]\n")
    assert "1. Renew the certificate." in told


def test_what_was_skipped_says_why_and_an_error_is_one() -> None:
    root = document(error_and_skips())

    assert [one.get("message") for one in case(root, "credentials.imap.993")] == ["because: no password was given"]
    assert [one.get("message") for one in case(root, "activation.mailbox")] == [
        "needs: imap.corp.example accepts the login"
    ]
    (error,) = case(root, "dns.mx")
    assert (error.tag, error.get("type"), error.get("message")) == ("error", "error", "error")
    assert [one.text for one in root.iter("system-err")] == ["\n".join(error_and_skips().verdict.unchecked)]


def test_a_warning_passes_and_is_told() -> None:
    """Since the run does: its exit code is 0. Jenkins shows what stands beside a case."""
    root = document(port_blocked())
    (told,) = case(root, "reach.smtp.465")

    assert told.tag == "system-out"
    assert (told.text or "").startswith("warning: No answer on port 465. [reach.port-blocked]\n")
    assert [suite.get("failures") for suite in root] == ["0"]


def test_a_warning_fails_where_it_makes_the_run_fail() -> None:
    """With --strict."""
    report = port_blocked()
    strict = msgspec.structs.replace(report.verdict, status="problem", exit_code=1)
    root = document(msgspec.structs.replace(report, verdict=strict))

    assert [one.tag for one in case(root, "reach.smtp.465")] == ["failure"]
    assert [suite.get("failures") for suite in root] == ["1"]


def test_the_verdict_stands_beside_the_cases() -> None:
    (suite,) = document(wrong_password())
    properties = [(one.get("name"), one.get("value")) for one in suite.iter("property")]

    assert ("verdict", "problem") in properties
    assert ("exit_code", "1") in properties
    assert ("cause", "credentials.rejected (confirmed, blocks)") in properties
    assert (suite.findtext("system-out") or "").startswith("Problem found: The mail server is fine")


def test_many_reports_are_a_suite_each_and_no_two_are_called_the_same() -> None:
    """GitLab and Jenkins throw together cases of one name."""
    root = fromstring(render_many([healthy(), wrong_password(), hostile()], RenderStyle()))

    assert faults(root) == []
    assert [suite.get("name") for suite in root][:2] == ["alice@corp.example", "alice@corp.example (2)"]
    assert root.get("tests") == str(sum(int(suite.get("tests", "")) for suite in root))
    names = [(one.get("classname"), one.get("name")) for one in root.iter("testcase")][:-2]  # of a hostile report
    assert len(names) == len(set(names))
    assert list(fromstring(render_many([], RenderStyle()))) == []


@settings(max_examples=60, deadline=None)
@given(said=st.lists(st.sampled_from(["]]>", "<![CDATA[", "&", "<", '"', "\ufffe", "\x0b"]) | st.text()).map("".join))
def test_any_words_in_any_place(said: str) -> None:
    document(with_every_text(wrong_password(), said))


@pytest.mark.parametrize(
    "said", ["]]>", "a\x00\x08\x0b\x1fb", "\ufffe\uffff", "<!-- -->", "x" * 1_000_000, "\u202eabc"]
)
def test_hostile_words_in_every_place(said: str) -> None:
    written = render(with_every_text(wrong_password(), said), RenderStyle())
    assert not FORBIDDEN.search(written)
    assert faults(fromstring(written)) == []
    assert len(written) < 1_000_000


def test_renderer() -> None:
    assert (RENDERER.format, RENDERER.suffixes, RENDERER.exit_code) == ("junit", (".xml",), None)
    assert (RENDERER.render, RENDERER.render_many) == (render, render_many)
