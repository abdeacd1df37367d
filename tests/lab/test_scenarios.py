"""The table of scenarios: complete, consistent, and every estate of it can be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.account.history import History
from diagnose.account.secret import Secret
from diagnose.knowledge.catalogue import catalogue
from diagnose.lab import scenario as module
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import PASSWORD, SCENARIOS, Scenario

from .clients import Imap, resolver
from .conftest import BringUp

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: scenario.id)


@each_scenario
def test_every_cause_is_in_the_catalogue(scenario: Scenario) -> None:
    assert set(scenario.expects + scenario.hints + scenario.allows) <= set(catalogue().ids)


@each_scenario
def test_every_estate_comes_up_and_goes(scenario: Scenario, bring_up: BringUp) -> None:
    estate = bring_up(scenario.id)

    assert set(estate.ports) == set(scenario.services)
    assert all(0 < port < 65536 for port in estate.ports.values())
    assert estate.ca_file.read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert (estate.webmail_url is None) == ("webmail" not in scenario.services)
    assert (estate.logins_ok + estate.logins_failed + estate.logins_in_clear).total() == 0


@each_scenario
def test_only_what_is_there_is_changed(scenario: Scenario) -> None:
    """A fault written for a service that the estate lacks would silently make it healthy."""
    hosts = {scenario.host_label(service) for service in scenario.services}
    protocols = {scenario.protocol(service) for service in scenario.services}

    assert set(scenario.ports) <= set(scenario.services)
    assert set(scenario.certificates) <= hosts
    assert set(scenario.turned_away) <= protocols
    assert bool(protocols & set(scenario.login)) == bool(scenario.login)


@each_scenario
def test_exit_code_fits_the_causes(scenario: Scenario) -> None:
    assert not scenario.expects or not scenario.id.startswith("healthy")
    assert scenario.exit_code == 0 or scenario.expects
    assert scenario.expects or scenario.hints or scenario.id.startswith("healthy")


def test_every_cause_but_a_browsers_has_a_scenario() -> None:
    """That the main job finds each of them is then proved by carrying all scenarios out."""
    roots = {scenario.expects[0] for scenario in SCENARIOS.values() if scenario.expects}

    assert roots == {cause for cause in catalogue().ids if not cause.startswith("browser.")}


@pytest.mark.parametrize("which", [0, 3])
def test_a_password_rejected_before_never_passes_for_the_one_at_hand(
    which: int, bring_up: BringUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record keeps ten bits of a password's hash: with one key in a thousand, two words look the same."""
    scenario = SCENARIOS["lockout-risk"]
    typed = Secret(PASSWORD)
    keys = (bytes([which]) * 30 + number.to_bytes(2, "big") for number in range(20_000))

    def alike(key: bytes) -> bool:
        record = History(tmp_path)
        (tmp_path / "key").write_bytes(key)
        record.rejected(scenario.address, Secret(f"another password {which}"), "credentials.rejected")
        found = record.is_of(record.rejections(scenario.address)[-1], scenario.address, typed)
        record.accepted(scenario.address)
        return found

    unlucky = next(filter(alike, keys))
    monkeypatch.setattr("diagnose.account.history.new_key", lambda: unlucky)
    estate = bring_up(scenario.id)

    assert estate.history is not None
    record = History(estate.history)
    kept = record.rejections(scenario.address)
    assert len(kept) == scenario.rejected_before
    assert not any(record.is_of(one, scenario.address, typed) for one in kept)


def test_what_stands_in_braces_in_a_record_is_a_port(bring_up: BringUp) -> None:
    estate = bring_up("healthy-srv-priorities")
    found = resolver(estate).resolve("_imaps._tcp.corp.example", "SRV")

    assert {record.port for record in found} == {estate.ports["imaps"]}
    assert len(found) == 2


def test_an_id_may_be_used_once() -> None:
    twice = Scenario(id="same", title="T")

    with pytest.raises(ValueError, match="share an id"):
        module._by_id((twice, twice))


def test_what_the_main_job_is_run_with(bring_up: BringUp) -> None:
    estate = bring_up("username-format")

    assert (estate.address, estate.username, estate.access_token) == ("alice@corp.example", "alice", None)
    assert estate.password == "correct horse battery staple"
    assert estate.webmail_url == f"https://webmail.corp.example:{estate.ports['webmail']}/"
    assert estate.resolver.startswith("127.0.0.1:")
    assert estate.history is None


def test_an_estate_can_be_brought_up_again() -> None:
    estate = Estate(SCENARIOS["healthy"])
    for _ in range(2):
        with estate:
            assert estate.ca_file.exists()
            with Imap(estate) as imap:
                imap.login(estate.address, estate.password)
        assert estate.logins_ok == {"imap": 1}
        assert not estate.ca_file.exists()
