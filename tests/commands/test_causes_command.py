"""`diagnose causes` as it is typed."""

from __future__ import annotations

import pytest

from diagnose.knowledge.catalogue import FAMILIES, catalogue

from .command_line import CommandLine


def test_all_causes_are_listed_by_family(command: CommandLine) -> None:
    done = command("causes")

    places = [done.out.index(f"  {cause.id} ") for cause in catalogue()]
    assert done.code == 0
    assert places == sorted(places)
    assert [done.out.index(f"· {family}\n") for family in FAMILIES] == sorted(
        done.out.index(f"· {family}\n") for family in FAMILIES
    )


def test_a_family_lists_its_own(command: CommandLine) -> None:
    done = command("causes", "tls", "--format", "json")

    assert {cause["family"] for cause in done.json["causes"]} == {"tls"}
    assert len(done.json["causes"]) == sum(cause.id.startswith("tls.") for cause in catalogue())


@pytest.mark.parametrize("cause_id", catalogue().ids)
def test_all_about_a_cause(command: CommandLine, cause_id: str) -> None:
    cause = catalogue()[cause_id]
    told = " ".join(command("causes", cause_id).out.split())
    (shown,) = command("causes", cause_id, "--format", "json").json["causes"]

    assert told.startswith(f"{'✗' if cause.impact == 'blocks' else '!'} {cause.title} {cause_id} ·")
    for words in (cause.summary, cause.proof, cause.rules_out or "", *cause.explains):
        assert words in told
    assert told.count(" can do 1. ") == len(cause.remedies) == len(shown["remedies"])
    assert shown["rules_out"] == cause.rules_out
    assert (shown["explains"], shown["fixer"]) == (list(cause.explains), cause.fixer)


def test_an_unknown_id_is_answered_with_close_ones(command: CommandLine) -> None:
    assert "tls.cert-expired" in command.refused("causes", "tls.cert-expird")
    assert "lockout" in command.refused("causes", "lokout")
    assert command.refused("causes", "\x1b[31mx") == "no cause '[31mx'."


def test_titles_are_in_the_language_asked_for(command: CommandLine) -> None:
    assert "证书" in command("causes", "tls", "--lang", "zh-Hans").out
    assert "憑證" in command("causes", "tls", "--lang", "zh-Hant", "--format", "json").out
