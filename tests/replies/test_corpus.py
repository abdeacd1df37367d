"""The reader against real, labelled replies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replies.corpus import (
    CLIENTS,
    CORPUS,
    DESKTOP,
    FIELD,
    FURTHER,
    PORTALS,
    PROGRAMS,
    REFUSALS,
    SERVERS,
    THREADS,
    WEBMAIL,
    Judged,
    Told,
    judge,
    labelled,
)

FILES = (CORPUS, FURTHER, WEBMAIL, SERVERS, PROGRAMS, CLIENTS, THREADS, DESKTOP, PORTALS)


def report(judged: list[Judged]) -> str:
    return "\n".join(str(one) for one in judged if not one.right)


@pytest.mark.parametrize(
    ("file", "told", "at_least", "right"),
    [
        (CORPUS, "all", 500, 0.97),
        (CORPUS, "no provider", 500, 0.97),
        (CORPUS, "nothing", 500, 0.97),
        (FURTHER, "no provider", 300, 0.97),
        (WEBMAIL, "no provider", 1000, 0.97),
        (WEBMAIL, "nothing", 1000, 0.97),
        (SERVERS, "no provider", 1000, 0.97),
        (SERVERS, "nothing", 1000, 0.96),
        (PROGRAMS, "no provider", 500, 0.97),
        (CLIENTS, "nothing", 800, 0.97),
        (DESKTOP, "no provider", 400, 0.95),
        (DESKTOP, "nothing", 400, 0.94),
        (PORTALS, "no provider", 120, 0.97),
        (PORTALS, "nothing", 120, 0.97),
        (THREADS, "no provider", 250, 0.97),
        (THREADS, "nothing", 250, 0.97),
    ],
)
def test_the_first_suspect_is_right_and_hardly_ever_confidently_wrong(
    file: Path, told: Told, at_least: int, right: float
) -> None:
    judged = judge(labelled(file), told=told)

    assert len(judged) >= at_least
    assert sum(one.right for one in judged) >= right * len(judged), report(judged)
    assert sum(one.confidently_wrong for one in judged) < 0.01 * len(judged), report(judged)


@pytest.mark.parametrize(("told", "right"), [("all", 0.97), ("nothing", 0.95)])
def test_kin_of_texts_from_the_field_are_read_as_explain_reads_them(told: Told, right: float) -> None:
    judged = judge(labelled(FIELD), told=told, as_message=True)

    assert len(judged) > 200
    assert sum(one.right for one in judged) >= right * len(judged), report(judged)
    assert sum(one.confidently_wrong for one in judged) < 0.04 * len(judged), report(judged)


def test_refusals_of_every_kind_are_read_as_explain_reads_them() -> None:
    judged = judge(labelled(REFUSALS), told="nothing", as_message=True)

    assert len(judged) >= 470
    assert sum(one.right for one in judged) >= 0.95 * len(judged), report(judged)
    assert sum(one.confidently_wrong for one in judged) <= 0.01 * len(judged), report(judged)


def test_texts_that_lump_several_causes_are_never_confirmed() -> None:
    lumps = [one for file in FILES for one in judge(labelled(file)) if len(one.labelled.also) >= 3]

    assert len(lumps) > 100
    assert [str(one) for one in lumps if one.confirmed] == []


def test_what_is_confirmed_is_right() -> None:
    confirmed = [one for file in FILES for one in judge(labelled(file)) if one.confirmed]

    assert len(confirmed) > 500
    assert sum(not one.right for one in confirmed) <= 0.005 * len(confirmed), report(confirmed)


def test_success_and_noise_name_no_cause() -> None:
    noise = [one for one in judge(labelled()) if one.labelled.cause == "none" and not one.labelled.also]

    assert len(noise) > 20
    assert [str(one) for one in noise if one.reading.suspects] == []
