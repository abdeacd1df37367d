"""What becomes of a report in GitLab, in Jenkins and in GitHub's checks: each reader gets what it shows."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from diagnose.rendering.renderer import RenderStyle
from reports.junit import render, render_many
from tests.reports.junit_readers import READERS, by_gitlab, by_jenkins
from tests.reports.samples import SAMPLES, error_and_skips, expired_certificate, port_blocked, wrong_password

GOOD = {"success", "passed"}
ORDINARY = sorted(set(SAMPLES) - {"hostile"})
every_reader = pytest.mark.parametrize("reader", READERS)


@every_reader
@pytest.mark.parametrize("name", ORDINARY)
def test_every_check_is_a_case_with_its_ending(reader: str, name: str) -> None:
    report = SAMPLES[name]()
    read = READERS[reader](render(report, RenderStyle()))

    assert len(read) == len(report.checks)
    assert len({case.key for case in read}) == len(read)
    for case, check in zip(read, report.checks, strict=True):
        assert case.key[-1] == f"{check.title} [{check.id}]"
        assert (case.status in GOOD) == (check.status in {"pass", "warn"})
        assert (case.status == "skipped") == (check.status == "skip")
        assert case.seconds == (check.duration_ms or 0) / 1000


@every_reader
def test_who_opens_a_failed_case_is_told_evidence_and_steps(reader: str) -> None:
    (failed,) = [one for one in READERS[reader](render(wrong_password(), RenderStyle())) if one.status in {
        "failed", "failure"}]  # fmt: skip
    (cause,) = wrong_password().verdict.causes[:1]

    assert cause.title in failed.told
    assert f"[{cause.id}]" in failed.told
    assert all(f"{number}. {step}" in failed.told for number, step in enumerate(cause.remedies[0].steps, start=1))


def test_an_error_and_a_skip_say_why_wherever_they_are_told() -> None:
    for read in (
        by_gitlab(render(error_and_skips(), RenderStyle())),
        by_jenkins(render(error_and_skips(), RenderStyle())),
    ):
        told = [case.told for case in read if case.status not in GOOD]
        assert told
        assert all(words.strip() and not words.startswith("{") for words in told)


def test_what_jenkins_keeps_of_a_warning_holds_what_was_found() -> None:
    """It cuts the output of a case that passed to its first and last 500 characters."""
    (warned,) = [
        one for one in by_jenkins(render(port_blocked(), RenderStyle())) if one.status == "passed" and one.told
    ]
    assert warned.told.startswith("warning: No answer on port 465. [reach.port-blocked]\n")


@every_reader
def test_the_same_check_is_found_again_in_the_next_build(reader: str) -> None:
    """Its history hangs on suite, class and name, none of which may change with what was found."""
    before = msgspec.structs.replace(wrong_password(), checks=expired_certificate().checks)
    keys = [
        {case.key for case in READERS[reader](render(one, RenderStyle()))} for one in (before, expired_certificate())
    ]
    assert keys[0] == keys[1]


@every_reader
def test_two_reports_about_one_mailbox_stay_two(reader: str) -> None:
    read = READERS[reader](render_many([wrong_password(), wrong_password()], RenderStyle()))
    assert set(Counter(case.key for case in read).values()) == {1}
