"""The person's computer, and ports that lose what is sent to them: made on loopback, without root."""

from __future__ import annotations

import socket

import pytest
import requests

from diagnose.lab.computer import Computer
from diagnose.lab.estate import Estate
from diagnose.network import Vantage

from .clients import browse
from .conftest import BringUp

PATIENCE = 0.3


def connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize(("scenario", "service"), [("timeout", "imaps"), ("port-blocked", "imaps")])
def test_a_port_that_drops_answers_no_connect(scenario: str, service: str, bring_up: BringUp) -> None:
    estate = bring_up(scenario)

    assert [connects(estate.ports[service]) for _ in range(3)] == [False] * 3
    assert connects(estate.ports["submissions"])


def test_a_port_that_takes_some_connections_answers_one_more_and_then_none(bring_up: BringUp) -> None:
    """The one more waits in the system's queue for good."""
    estate = bring_up("line-unstable")
    for _ in range(3):
        assert browse(estate).status_code == 200
    port = estate.ports["webmail"]
    with socket.create_connection(("127.0.0.1", port), PATIENCE):
        assert not connects(port)


def test_a_computer_without_a_network_has_nothing(bring_up: BringUp) -> None:
    computer = bring_up("offline").computer

    assert (computer.nameservers(), computer.interfaces()) == ((), ())
    assert computer.source_towards("192.0.2.9") is None
    with pytest.raises(socket.gaierror):
        computer.look_up("imap.corp.example")


def test_a_computer_with_a_network_asks_the_estate(bring_up: BringUp) -> None:
    computer = bring_up("healthy").computer

    assert computer.look_up("imap.corp.example") == ("127.0.0.1",)
    assert computer.source_towards("192.0.2.9")
    assert computer.interfaces()
    with pytest.raises(socket.gaierror):
        computer.look_up("nobody.corp.example")


def test_what_a_computer_is_set_up_with(bring_up: BringUp) -> None:
    assert "imap.corp.example" in bring_up("hosts-override").computer.hosts_file().read_text()
    (proxy,) = bring_up("proxy-wants-sign-in").computer.proxies().proxies
    through = {"http": proxy.url}
    assert requests.get("http://webmail.corp.example/", proxies=through, timeout=5).status_code == 407


def test_pages_with_known_answers_come_back_as_somebody_elses(bring_up: BringUp) -> None:
    one, other = bring_up("captive-portal").computer.known_answers()

    assert one.operator != other.operator
    page = requests.get(one.url, allow_redirects=False, timeout=5)
    assert (page.status_code, page.headers["Location"]) == (302, "http://login.guest-wifi.example/")


def test_nothing_of_the_real_computer_is_left_in() -> None:
    """Whoever runs the lab behind a proxy, offline or with a long hosts file gets the same results."""
    own = {name for name in vars(Computer) if not name.startswith("_")}

    assert {name for name in vars(Vantage) if not name.startswith("_")} <= own
    assert Estate.__annotations__["computer"] == "Computer"
