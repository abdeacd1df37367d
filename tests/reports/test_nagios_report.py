"""The output of a plugin, taken apart as Nagios and its guidelines have it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.model import Certainty
from diagnose.model.report import Report
from diagnose.rendering.renderer import RenderStyle
from reports.nagios import CODES, MOST_OCTETS, RENDERER, exit_code, render, unreported
from tests.reports.monitored import monitored
from tests.reports.samples import SAMPLES, cause, healthy, hostile, port_blocked, wrong_password
from tests.reports.texts import with_every_text

RANGE = r"(?:@?(?:(?:~|-?[0-9.]+)?:)?(?:-?[0-9.]+)?)?"
NUMBER = re.compile(
    rf"'(?P<label>[^'=|]+)'=(?P<value>-?[0-9.]+)(?P<unit>s|us|ms|%|B|KB|MB|TB|c)?"
    rf"(?:;(?P<warn>{RANGE})(?:;(?P<crit>{RANGE})(?:;(?P<min>-?[0-9.]*)(?:;(?P<max>-?[0-9.]*))?)?)?)?"
)
"""By the guidelines, section Performance data."""


def taken_apart(output: str) -> tuple[str, dict[str, dict[str, Any]], list[str]]:
    """The first line's text, its numbers, the long output."""
    assert output.endswith("\n")
    assert len(output.encode()) <= MOST_OCTETS
    first, *long = output.splitlines()
    assert output.count("|") == 1
    text, numbers = first.split(" | ")
    found = list(NUMBER.finditer(numbers))
    assert " ".join(one[0] for one in found) == numbers
    labels = [one["label"] for one in found]
    assert len(labels) == len(set(labels))
    assert not re.search("[<>|]", text + "".join(long))
    return text, {one["label"]: one.groupdict() for one in found}, long


def with_verdict(report: Report, **changes: Any) -> Report:
    return msgspec.structs.replace(report, verdict=msgspec.structs.replace(report.verdict, **changes))


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("healthy", "OK"),
        ("port_blocked", "WARNING"),
        ("wrong_password", "CRITICAL"),
        ("no_mail_domain", "CRITICAL"),
        ("chinese", "CRITICAL"),
        ("error_and_skips", "UNKNOWN"),
    ],
)
def test_state_and_exit_code(name: str, state: Any) -> None:
    report = SAMPLES[name]()
    text, _, _ = taken_apart(render(report, RenderStyle()))

    assert text.startswith(f"MAIL {state}: {report.subject.address or report.subject.domain}: ")
    assert exit_code(report) == CODES[state]


@pytest.mark.parametrize("certainty", get_args(Certainty))
def test_what_only_may_hinder_is_no_warning(certainty: Certainty) -> None:
    causes = (cause("reach.port-blocked", "T", "S", certainty=certainty, impact="hinders"),)
    report = with_verdict(port_blocked(), causes=causes)

    assert exit_code(report) == (0 if certainty == "possible" else 1)


def test_with_strict_it_is_critical() -> None:
    assert exit_code(with_verdict(port_blocked(), status="problem", exit_code=1)) == 2


def test_a_part_that_is_sound_is_called_a_part() -> None:
    report = with_verdict(healthy(), narrowed=("--only dns",))

    assert exit_code(report) == 0
    assert taken_apart(render(report, RenderStyle()))[0].startswith("MAIL OK: alice@corp.example: Looked at in part")


@pytest.mark.parametrize(("sample", "code"), [(healthy, 0), (port_blocked, 1)])
def test_a_narrowed_run_has_the_state_of_what_it_looked_at(sample: Callable[[], Report], code: int) -> None:
    """A verdict calls no part healthy; the exit code says whether the part is."""
    narrowed = {"status": "inconclusive", "narrowed": ("--only tls",)}

    assert exit_code(with_verdict(sample(), **narrowed, exit_code=0)) == code
    assert exit_code(with_verdict(sample(), **narrowed, exit_code=3)) == 3


def test_the_first_line_says_what_the_trouble_is() -> None:
    assert taken_apart(render(monitored(), RenderStyle()))[0] == (
        "MAIL WARNING: alice@corp.example: The login of alice@corp.example works · The certificate runs out soon"
        " [tls.cert-expiring]"
    )


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize(("days", "shown"), [(60.0, "60"), (0.25, "0.25"), (-3.5, "-3.5")])
def test_numbers_have_units_and_ranges(days: float, shown: str, accepted: bool) -> None:
    _, numbers, _ = taken_apart(render(monitored(days=days, accepted=accepted), RenderStyle()))

    assert (numbers["time"]["value"], numbers["time"]["unit"], numbers["time"]["min"]) == ("1.834", "s", "0")
    left = numbers["days imap.corp.example:993"]
    assert (left["value"], left["unit"], left["warn"], left["crit"]) == (shown, None, "14:", "0:")
    assert numbers["checks warn"] | {"label": ""} == numbers["checks warn"] | {
        "label": "", "value": "1", "min": "0", "max": "26",
    }  # fmt: skip
    assert numbers["login" if "login" in numbers else "web.page.443"]["value"] == "0.702"


def test_the_long_output_is_for_who_watches() -> None:
    """Steps of the administrator, whom a monitoring system tells; of others where they are asked for."""
    shown = render(wrong_password(), RenderStyle())
    assert "1. Look up the rejected login in the authentication log." in taken_apart(shown)[2]
    shown = render(wrong_password(), RenderStyle(audience="helpdesk"))
    assert "1. Ask for the exact user name the program sends." in taken_apart(shown)[2]


def test_quiet_is_one_line() -> None:
    assert taken_apart(render(wrong_password(), RenderStyle(quiet=True)))[2] == []


@pytest.mark.parametrize("name", SAMPLES)
def test_symbols_have_ascii_stand_ins(name: str) -> None:
    if name not in {"chinese", "hostile"}:
        shown = render(SAMPLES[name](), RenderStyle(ascii=True))
        assert shown.isascii()
        taken_apart(shown)


def test_however_much_there_is_to_say_it_is_not_cut_by_nagios() -> None:
    long = with_every_text(wrong_password(), "long " * 200)
    text, numbers, details = taken_apart(render(long, RenderStyle()))

    assert len(text) <= 300
    assert "time" in numbers
    assert details


@settings(max_examples=60, deadline=None)
@given(said=st.lists(st.sampled_from(["|", "'", "=", "\n", ";", "<b>", "\\n"]) | st.text(max_size=5)).map("".join))
def test_any_words_in_any_place(said: str) -> None:
    taken_apart(render(with_every_text(monitored(), said), RenderStyle()))
    assert taken_apart(f"{unreported(said)[0].rstrip()} | 'x'=1\n")[2] == []


def test_hostile_words() -> None:
    taken_apart(render(hostile(), RenderStyle()))


def test_without_a_report_the_state_is_unknown() -> None:
    assert unreported("no | such option") == ("MAIL UNKNOWN: no ¦ such option\n", 3)


def test_renderer() -> None:
    assert (RENDERER.format, RENDERER.suffixes, RENDERER.render_many) == ("nagios", (), None)
    assert (RENDERER.render, RENDERER.exit_code, RENDERER.unreported) == (render, exit_code, unreported)
