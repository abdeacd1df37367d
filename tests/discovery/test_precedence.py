"""Which source is believed, as a pure decision."""

from __future__ import annotations

import pytest

from diagnose.discovery.facts import SourceResult
from diagnose.discovery.precedence import beside, disagreeing, settled
from diagnose.model import Service
from diagnose.model.protocols import ProtocolName
from diagnose.model.targets import SourceName

RANKS: tuple[SourceName, ...] = ("provider", "srv", "autoconfig", "autodiscover", "guess")


def _service(source: SourceName, protocol: ProtocolName = "imap", host: str | None = None) -> Service:
    return Service(protocol=protocol, host=host or f"{source}.example", port=993, tls="implicit", source=source)


def _says(source: SourceName, *protocols: ProtocolName, absent: tuple[ProtocolName, ...] = ()) -> SourceResult:
    services = tuple(_service(source, protocol) for protocol in protocols)
    return SourceResult(
        source=source, status="found" if services else "nothing", asked="", services=services, absent=absent
    )


def _ranked(*answers: SourceResult, due: tuple[SourceName, ...] = ()) -> list[tuple[SourceName, SourceResult | None]]:
    """Every source in its rank: with this answer, still due, or with nothing to say."""
    given = {answer.source: answer for answer in answers}
    return [(source, None if source in due else given.get(source, _says(source))) for source in RANKS]


@pytest.mark.parametrize("best", range(len(RANKS)))
def test_the_best_source_that_names_a_service_is_believed(best: int) -> None:
    answers = [_says(source, "imap", "pop3") for source in RANKS[best:]]
    found = settled("reading", _ranked(*answers), (), patient=True)
    assert found == (_service(RANKS[best], "imap"), _service(RANKS[best], "pop3"))


@pytest.mark.parametrize("patient", [True, False])
def test_a_better_answer_that_is_due_is_waited_for_only_with_patience(patient: bool) -> None:
    ranked = _ranked(_says("guess", "imap"), due=("srv",))
    expected = None if patient else (_service("guess"),)
    assert settled("reading", ranked, (), patient=patient) == expected


@pytest.mark.parametrize("patient", [True, False])
def test_a_lesser_answer_that_is_due_is_never_waited_for(patient: bool) -> None:
    ranked = _ranked(_says("srv", "imap"), due=("autoconfig", "autodiscover", "guess"))
    assert settled("reading", ranked, (), patient=patient) == (_service("srv"),)


@pytest.mark.parametrize("patient", [True, False])
def test_while_nothing_is_known_every_answer_is_waited_for(patient: bool) -> None:
    assert settled("reading", _ranked(due=("autoconfig",)), (), patient=patient) is None


def test_nothing_anywhere_is_an_answer() -> None:
    assert settled("reading", _ranked(), (), patient=True) == ()


def test_an_option_replaces_its_protocol_and_leaves_the_other_to_dns() -> None:
    option = _service("option", "imap", "mine.example")
    found = settled("reading", _ranked(_says("srv", "imap", "pop3")), (option,), patient=True)
    assert found == (_service("srv", "pop3"),)


def test_slow_sources_are_not_heard_about_a_way_that_an_option_covers() -> None:
    option = _service("option", "imap")
    ranked = _ranked(_says("guess", "pop3"), due=("autoconfig", "autodiscover"))
    assert settled("reading", ranked, (option,), patient=True) == ()
    assert settled("sending", ranked, (option,), patient=True) is None


def test_a_provider_offers_what_it_names_and_no_more() -> None:
    ranked = _ranked(_says("provider", "imap"), _says("srv", "imap", "pop3"))
    assert settled("reading", ranked, (), patient=True) == (_service("provider"),)


def test_a_provider_without_known_servers_leaves_the_word_to_others() -> None:
    ranked = _ranked(_says("provider", "webmail"), _says("srv", "imap"))
    assert settled("reading", ranked, (), patient=True) == (_service("srv"),)
    assert settled("web", ranked, (), patient=True) == (_service("provider", "webmail"),)


def test_what_srv_declares_absent_is_not_taken_from_lesser_sources() -> None:
    ranked = _ranked(_says("srv", absent=("pop3",)), _says("autoconfig", "imap", "pop3"))
    assert settled("reading", ranked, (), patient=True) == (_service("autoconfig"),)


def test_a_way_declared_absent_is_settled_at_once() -> None:
    ranked = _ranked(_says("srv", absent=("smtp",)), due=("autoconfig", "guess"))
    assert settled("sending", ranked, (), patient=True) == ()


def test_sources_with_other_servers_disagree() -> None:
    used = [_service("provider", "imap", "imap.gmail.com"), _service("provider", "smtp", "smtp.gmail.com")]

    def says(source: SourceName, host: str) -> SourceResult:
        named = (_service(source, "imap", host),)
        return SourceResult(source=source, status="found", asked="", services=named)

    assert disagreeing([says("autoconfig", "mail.old.example")], used, "google") == ("autoconfig",)
    assert disagreeing([says("autoconfig", "imap.gmail.com")], used, "google") == ()
    assert disagreeing([says("guess", "imap.corp.example")], used, "google") == ()


def test_two_servers_of_one_provider_are_no_disagreement() -> None:
    used = [_service("provider", "imap", "imap.exmail.qq.com")]
    other = SourceResult(
        source="autoconfig",
        status="found",
        asked="",
        services=(_service("autoconfig", "imap", "hwimap.exmail.qq.com"),),
    )
    assert disagreeing([other], used, "tencent-exmail") == ()


@pytest.mark.parametrize("patient", [True, False])
def test_what_is_never_guessed_settles_no_way(patient: bool) -> None:
    """A domain that publishes JMAP does not lack IMAP for that."""
    ranked = _ranked(_says("srv", "jmap", "sieve"), _says("guess", "imap"))
    assert settled("reading", ranked, (), patient=patient) == (_service("guess"),)
    assert beside(ranked, (), patient=patient) == (_service("srv", "jmap"), _service("srv", "sieve"))


def test_what_is_never_guessed_is_taken_from_the_best_that_names_it() -> None:
    ranked = _ranked(_says("srv", "sieve"), _says("autoconfig", "sieve", "jmap"))
    assert beside(ranked, (), patient=False) == (_service("autoconfig", "jmap"), _service("srv", "sieve"))
    assert beside(ranked, (_service("option", "sieve"),), patient=False) == (_service("autoconfig", "jmap"),)


def test_it_is_waited_for_only_as_long_as_a_better_source_may_name_it() -> None:
    ranked = _ranked(_says("autoconfig", "sieve"), due=("srv",))
    assert beside(ranked, (), patient=True) == ()
    assert beside(ranked, (), patient=False) == (_service("autoconfig", "sieve"),)


def test_an_option_of_both_ways_covers_both() -> None:
    ranked = _ranked(_says("guess", "imap", "smtp"), due=("autoconfig",))
    for way in ("reading", "sending"):
        assert settled(way, ranked, (_service("option", "jmap"),), patient=True) == ()
