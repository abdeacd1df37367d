"""Discovery that begins before there is anybody to tell: who comes later hears the same, and it connects by then."""

from __future__ import annotations

import pytest

from diagnose.discovery import DiscoveryAhead, DiscoveryOptions
from diagnose.model import Deadline, Service, Subject
from tests.discovery.conftest import DOMAIN, Estate
from tests.pace import patient

SRV = {
    (DOMAIN, "MX"): ["10 mx.corp.example."],
    (f"_imaps._tcp.{DOMAIN}", "SRV"): ["0 1 993 mail.corp.example."],
    (f"_submission._tcp.{DOMAIN}", "SRV"): ["0 1 587 mail.corp.example."],
    ("mail.corp.example", "A"): ["127.0.0.1"],
    ("mx.corp.example", "A"): ["127.0.0.1"],
}
GIVEN = Service(protocol="webmail", host="mail.corp.example", port=443, tls="implicit", source="option")


def begun(estate: Estate) -> DiscoveryAhead:
    options, seconds = DiscoveryOptions(services=(GIVEN,), third_party=False), patient(20)
    return DiscoveryAhead(Subject(domain=DOMAIN), options, estate.network, Deadline(seconds), Deadline(seconds))


@pytest.mark.parametrize("late", [True, False])
def test_who_listens_hears_what_has_been_told_and_what_is_told_from_then_on(
    late: bool, estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order, each once; and the same is returned as by a discovery of one's own."""
    estate.zone(SRV)
    own = estate.discover(DiscoveryOptions(services=(GIVEN,), third_party=False))
    told, recognised = estate.announced.copy(), estate.recognised.copy()
    connected: list[tuple[str, int, bool]] = []
    monkeypatch.setattr(
        estate.network, "connect_ahead", lambda host, port, _deadline, *, tls: connected.append((host, port, tls))
    )
    ahead = begun(estate)
    if late:
        ahead._found.wait(patient(20))
    heard: list[tuple[Service, ...]] = []
    known: list[str] = []
    found = ahead.follow(heard.append, known.append)

    assert (heard, known) == (told, recognised)
    assert (found.services, found.provider) == (own.services, own.provider)
    assert sorted(connected) == [
        ("mail.corp.example", 443, True),
        ("mail.corp.example", 587, False),
        ("mail.corp.example", 993, True),
    ]


def test_what_goes_wrong_is_told_to_who_listens(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a discovery of one's own would raise it."""
    estate.zone(SRV)
    monkeypatch.setattr("diagnose.discovery.ahead.discover", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        begun(estate).follow(lambda _: None, lambda _: None)
