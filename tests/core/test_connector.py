"""Connecting to all addresses at once: the first wins, each is told what came of it, and giving up gives up."""

from __future__ import annotations

import socket
import threading
from typing import NoReturn

import pytest

from diagnose.model import Deadline, DeadlineError
from diagnose.model.failures import NamedError
from diagnose.network import NameNotFoundError, Nameserver, Network, NoThreadError, Race, Vantage, family_of
from diagnose.network.connector import MOST_ADDRESSES_A_FAMILY
from tests.core.loopback import PATIENCE, closed_port, full_port, tcp, wait_for_end
from tests.machine import need_ipv6

SOON = 0.3


@pytest.fixture
def needs_ipv6() -> None:
    """Leaves out the test where there is no IPv6."""
    need_ipv6()


def outcome(race: Race) -> dict[str, str | None]:
    return {a.address: a.failure.name if a.failure else None for a in race.attempts(PATIENCE)}


def test_the_first_connection_is_handed_out_once() -> None:
    """It is the caller's from then on."""
    with tcp(wait_for_end) as port:
        race = Race(("127.0.0.1",), port, Deadline(PATIENCE))
        stream = race.winner(Deadline(PATIENCE))
        assert stream is not None
        assert stream.peer == "127.0.0.1"
        assert race.winner(Deadline(PATIENCE)) is None
        assert outcome(race) == {"127.0.0.1": None}
        race.close()
        assert stream.fileno() != -1
        stream.abort()


@pytest.mark.usefixtures("needs_ipv6")
@pytest.mark.parametrize("alive", [socket.AF_INET, socket.AF_INET6])
def test_one_family_that_is_dead_does_not_matter(alive: socket.AddressFamily) -> None:
    """Refused over the one, connected over the other."""
    with tcp(wait_for_end, family=alive) as port:
        race = Race(("::1", "127.0.0.1"), port, Deadline(PATIENCE))
        stream = race.winner(Deadline(PATIENCE))
        assert stream is not None
        lives, dead = ("127.0.0.1", "::1") if alive == socket.AF_INET else ("::1", "127.0.0.1")
        assert stream.peer == lives
        assert outcome(race) == {lives: None, dead: "connection_refused"}
        stream.abort()


def test_an_address_that_is_silent_holds_up_nobody() -> None:
    """The other one's connection is there at once; the silent one has the rest of its time."""
    with full_port() as port, tcp(wait_for_end, family=socket.AF_INET6, port=port):
        race = Race(("127.0.0.1", "::1"), port, Deadline(PATIENCE))
        assert race.decided(PATIENCE)
        stream = race.winner(Deadline(PATIENCE))
        assert stream is not None
        assert stream.peer == "::1"
        assert len(race.attempts(0)) == 1
        race.close()
        assert outcome(race) == {"::1": None, "127.0.0.1": "timed_out"}
        stream.abort()


def test_all_refused_is_known_at_once() -> None:
    """Without waiting for the deadline."""
    race = Race(("127.0.0.1",), closed_port(), Deadline(1000))
    assert race.decided(PATIENCE)
    assert race.winner(Deadline(PATIENCE)) is None
    assert outcome(race) == {"127.0.0.1": "connection_refused"}


def test_silence_is_told_at_the_deadline() -> None:
    """Nothing answers: timed out, for each address."""
    with full_port() as port:
        race = Race(("127.0.0.1",), port, Deadline(SOON))
        assert race.winner(Deadline(PATIENCE)) is None
        assert outcome(race) == {"127.0.0.1": "timed_out"}


def test_giving_up_ends_what_is_under_way() -> None:
    """A thousand seconds of patience are over with it, and no thread is left."""
    before = threading.active_count()
    with full_port() as port:
        race = Race(("127.0.0.1",), port, Deadline(1000))
        race.close()
        assert outcome(race) == {"127.0.0.1": "timed_out"}
        assert race.decided(PATIENCE)
        assert race.winner(Deadline(PATIENCE)) is None
        race._finished.result(PATIENCE)
    assert threading.active_count() <= before + 1


def test_a_connection_that_nobody_took_is_closed() -> None:
    """The server sees the end."""
    gone = threading.Event()

    def talk(connected: socket.socket) -> None:
        wait_for_end(connected)
        gone.set()

    with tcp(talk) as port:
        race = Race(("127.0.0.1",), port, Deadline(PATIENCE))
        assert outcome(race) == {"127.0.0.1": None}
        race.close()
        assert race.winner(Deadline(1)) is None
        assert gone.wait(PATIENCE)


def test_few_addresses_of_each_family_are_tried_in_turn() -> None:
    """Neither family stands at the end of the line, and a name with a hundred addresses gets few connections."""
    fours = tuple(f"127.0.0.{n}" for n in range(1, 30))
    sixes = tuple(f"::ffff:7f00:{n:x}" for n in range(1, 30))
    race = Race((*fours, *fours, *sixes), closed_port(), Deadline(PATIENCE))

    assert len(race.addresses) == 2 * MOST_ADDRESSES_A_FAMILY
    assert [family_of(a) for a in race.addresses] == ["ipv6", "ipv4"] * MOST_ADDRESSES_A_FAMILY
    assert race.addresses[:4] == (sixes[0], fours[0], sixes[1], fours[1])
    assert len(outcome(race)) == 2 * MOST_ADDRESSES_A_FAMILY


def test_brackets_are_no_part_of_an_address() -> None:
    """As URLs write them; what is no address is a mistake of ours."""
    assert Race(("[::1]",), closed_port(), Deadline(1)).addresses == ("::1",)
    with pytest.raises(ValueError, match="mail"):
        Race(("mail.corp.example",), 1, Deadline(1))


def test_a_route_is_known_without_sending() -> None:
    """Loopback always has one."""
    assert Vantage().has_route("127.0.0.1")
    assert not Vantage().has_route("fe80::1")  # on which link, nobody says


# -- through a Network


def network() -> Network:
    """Whose resolver is never asked here."""
    return Network(Nameserver("127.0.0.1", closed_port()))


def test_connect_tells_refused_from_silent() -> None:
    """By the failure's name."""
    with pytest.raises(NamedError) as refused:
        network().connect("127.0.0.1", closed_port(), Deadline(PATIENCE))
    assert refused.value.known.name == "connection_refused"
    with full_port() as port, pytest.raises(DeadlineError):
        network().connect("127.0.0.1", port, Deadline(SOON))


def test_a_host_without_address_is_told_as_such() -> None:
    """Before any connection."""
    with pytest.raises(NameNotFoundError) as missing:
        network().connect("mail.corp.example", 993, Deadline(SOON))
    assert missing.value.known.name == "name_not_found"


def test_a_port_is_probed_once_a_run() -> None:
    """Whoever asks again gets the answer of the first time; the connection is not kept."""
    accepted = []
    arrived = threading.Event()

    def talk(connected: socket.socket) -> None:
        accepted.append(connected)
        arrived.set()
        wait_for_end(connected)

    with tcp(talk) as port:
        one = network()
        first = one.probe_port("127.0.0.1", port, Deadline(PATIENCE))
        assert one.probe_port("127.0.0.1", port, Deadline(PATIENCE)) is first
        assert first.failure is None
        assert arrived.wait(PATIENCE)  # the kernel accepts before the server does
    assert len(accepted) == 1
    refused = one.probe_port("127.0.0.1", closed_port(), Deadline(PATIENCE))
    assert refused.failure is not None
    assert refused.failure.name == "connection_refused"


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("127.0.0.1", ("127.0.0.1",)),
        ("[::1]", ("::1",)),
        ("localhost", ("127.0.0.1", "::1")),
        ("LocalHost.", ("127.0.0.1", "::1")),
        ("mail.localhost", ("127.0.0.1", "::1")),
    ],
)
def test_literals_and_localhost_are_not_asked_for(host: str, addresses: tuple[str, ...]) -> None:
    """RFC 6761 §6.3: such names never leave this computer."""
    found = network().addresses(host, Deadline(PATIENCE))
    assert (found.addresses, found.ipv4, found.ipv6, found.system) == (addresses, None, None, None)


def test_without_a_thread_no_connect_is_left_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []

    class Noted(socket.socket):
        def __init__(self, *kind: int) -> None:
            super().__init__(*kind)
            made.append(self)

    def none(*_call: object) -> NoReturn:
        raise NoThreadError

    with full_port() as port:
        monkeypatch.setattr(socket, "socket", Noted)
        monkeypatch.setattr("diagnose.network.connector.in_background", none)
        with pytest.raises(NoThreadError):
            Race(("127.0.0.1",), port, Deadline(PATIENCE))

    assert len(made) == 1
    assert made[0].fileno() < 0
