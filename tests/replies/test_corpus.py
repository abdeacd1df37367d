"""The reader against real, labelled replies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replies.corpus import CORPUS, FURTHER, Judged, judge, labelled


def report(judged: list[Judged]) -> str:
    return "\n".join(str(one) for one in judged if not one.right)


@pytest.mark.parametrize(
    ("file", "at_least", "with_provider"), [(CORPUS, 500, True), (CORPUS, 500, False), (FURTHER, 300, False)]
)
def test_the_first_suspect_is_right_and_hardly_ever_confidently_wrong(
    file: Path, at_least: int, with_provider: bool
) -> None:
    judged = judge(labelled(file), with_provider=with_provider)

    assert len(judged) >= at_least
    assert sum(one.right for one in judged) >= 0.97 * len(judged), report(judged)
    assert sum(one.confidently_wrong for one in judged) < 0.01 * len(judged), report(judged)


def test_texts_that_lump_several_causes_are_never_confirmed() -> None:
    lumps = [one for one in judge(labelled()) if len(one.labelled.also) >= 3]

    assert lumps
    for one in lumps:
        assert [s.cause for s in one.reading.suspects if s.certainty == "confirmed"] == [], str(one)


def test_success_and_noise_name_no_cause() -> None:
    noise = [one for one in judge(labelled()) if one.labelled.cause == "none" and not one.labelled.also]

    assert len(noise) > 20
    assert [str(one) for one in noise if one.reading.suspects] == []
