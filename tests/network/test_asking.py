"""All questions of a process are asked by one thread: none holds another up, and each still stands for itself."""

from __future__ import annotations

import errno
import socket
import struct
import threading
import time
from collections.abc import Sequence

import dns.flags
import dns.message
import dns.rrset
import pytest

from diagnose.model import Deadline
from diagnose.network import Nameserver, Network, NoThreadError, asking, resolver
from diagnose.network.asking import Asker
from diagnose.network.datagrams import GuardedSocket
from diagnose.network.resolver import Resolver
from tests.core.loopback import PATIENCE, DnsServer

THREAD = "questions"
SOON = 0.3


BEFORE = set[threading.Thread]()
"""Threads that wait for the questions of earlier tests."""


@pytest.fixture(autouse=True)
def asker(monkeypatch: pytest.MonkeyPatch) -> Asker:
    """One of each test's own, so that no other question is under way."""
    BEFORE.clear()
    BEFORE.update(threading.enumerate())
    own = Asker()
    monkeypatch.setattr(resolver, "asker", own)
    return own


def reply(question: bytes, *, cut: bool = False) -> bytes:
    asked = dns.message.from_wire(question)
    made = dns.message.make_response(asked)
    if cut:
        made.flags |= dns.flags.TC
    else:
        made.answer.append(dns.rrset.from_text(asked.question[0].name, 60, "IN", "A", "192.0.2.1"))
    return made.to_wire()


def says(question: bytes) -> Sequence[bytes]:
    return [reply(question)]


def nothing(_question: bytes) -> Sequence[bytes]:
    return []


def asking_threads() -> int:
    return sum(one.name == THREAD and one not in BEFORE for one in threading.enumerate())


def ends_soon() -> bool:
    """Whether no question is asked any more, now or in a moment."""
    until = time.monotonic() + PATIENCE
    while asking_threads() and time.monotonic() < until:
        time.sleep(0.01)
    return not asking_threads()


def test_a_hundred_questions_take_one_thread_and_that_ends_with_them() -> None:
    """Each has a port of its own: who would forge an answer has to guess that, too (RFC 5452 §9.2)."""
    ports, threads = set[int](), set[int]()
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(PATIENCE)
    with server:
        place = Nameserver(*server.getsockname())
        asked = Resolver(place)
        coming = [asked.begin(f"n{number}.example", "A", Deadline(PATIENCE)) for number in range(100)]
        waiting = list[tuple[bytes, tuple[str, int]]]()
        while len(waiting) < len(coming):
            data, peer = server.recvfrom(4096)
            ports.add(peer[1])
            threads.add(asking_threads())
            waiting.append((data, peer))
        for data, peer in reversed(waiting):
            server.sendto(reply(data), peer)
        found = [one.result(PATIENCE) for one in coming]

    assert [one.name for one in found] == [f"n{number}.example" for number in range(100)]
    assert {one.records for one in found} == {("192.0.2.1",)}
    assert len(ports) == 100
    assert threads == {1}
    assert ends_soon()


def test_a_silent_server_holds_no_other_question_up() -> None:
    with DnsServer(nothing) as silent, DnsServer(says) as well:
        waits = Resolver(silent.address).begin("a.example", "A", Deadline(PATIENCE))
        assert Resolver(well.address).query("b.example", "A", Deadline(PATIENCE)).status == "answered"
        assert not waits.done()


def test_a_question_that_comes_later_may_have_to_end_earlier() -> None:
    """The thread that waits for the first is woken."""
    with DnsServer(nothing) as silent:
        first = Resolver(silent.address).begin("a.example", "A", Deadline(PATIENCE))
        second = Resolver(silent.address).begin("b.example", "A", Deadline(0.1))
        assert "did not answer" in second.result(1.2).text
        assert not first.done()


def test_a_long_answer_that_comes_in_pieces_holds_no_other_question_up() -> None:
    """By TCP, an octet at a time."""
    go_on = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(listener.getsockname())

    def serve() -> None:
        data, peer = datagrams.recvfrom(4096)
        datagrams.sendto(reply(data, cut=True), peer)
        connected, _ = listener.accept()
        with connected:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            question = connected.recv(4096)
            answer = reply(question[2:])
            whole = struct.pack("!H", len(answer)) + answer
            connected.sendall(whole[:1])
            go_on.wait(PATIENCE)
            for place in range(1, len(whole)):
                connected.sendall(whole[place : place + 1])
            connected.recv(1)

    with listener, datagrams, DnsServer(says) as other:
        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        long = Resolver(Nameserver(*listener.getsockname())).begin("a.example", "A", Deadline(PATIENCE))
        assert Resolver(other.address).query("b.example", "A", Deadline(PATIENCE)).status == "answered"
        assert not long.done()
        go_on.set()
        assert long.result(PATIENCE).records == ("192.0.2.1",)
        serving.join(PATIENCE)


def test_without_a_thread_the_asker_waits_for_the_answer_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """And once there are threads again, all is as before."""

    def none(*_: object) -> None:
        raise NoThreadError

    with DnsServer(says) as server, monkeypatch.context() as patch:
        patch.setattr(asking, "outside_runs", none)
        asked = Resolver(server.address)
        with pytest.raises(NoThreadError):
            asked.begin("a.example", "A", Deadline(PATIENCE))
        assert asked.query("a.example", "A", Deadline(PATIENCE)).status == "answered"
        patch.undo()
        assert asked.begin("b.example", "A", Deadline(PATIENCE)).result(PATIENCE).status == "answered"


@pytest.mark.parametrize("what", ["socketpair", "GuardedSocket"])
def test_where_no_further_file_may_be_open_nobody_waits(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Neither for the thread that could not begin to wait, nor for a question that was not sent."""

    def full(*_: object) -> None:
        raise OSError(errno.EMFILE, "too many open files")

    with DnsServer(nothing) as server, monkeypatch.context() as patch:
        if what == "socketpair":
            patch.setattr(socket, "socketpair", full)
        else:
            patch.setattr(GuardedSocket, "to", full)
        found = Resolver(server.address).query("a.example", "A", Deadline(PATIENCE))
    assert found.status == "timed_out"
    assert "too many open files" in found.text
    with DnsServer(says) as server:
        assert Resolver(server.address).query("a.example", "A", Deadline(PATIENCE)).status == "answered"


def test_what_another_run_asks_is_taken_over_without_a_thread() -> None:
    """And asked again by the one that waited, where the other was cut short."""
    heard = threading.Event()

    def answer(question: bytes) -> Sequence[bytes]:
        first = not heard.is_set()
        heard.set()
        return [] if first else says(question)

    with DnsServer(answer) as server:
        network = Network(server.address)
        hasty = network.for_run().resolver.begin("a.example", "A", Deadline(SOON))
        assert heard.wait(PATIENCE)
        others = [network.for_run().resolver.begin("a.example", "A", Deadline(PATIENCE)) for _ in range(5)]
        assert asking_threads() == 1
        assert hasty.result(PATIENCE).status == "timed_out"
        assert [one.result(PATIENCE).records for one in others] == [("192.0.2.1",)] * 5
        assert len(server.asked) == 2


def test_a_fault_in_reading_one_answer_is_told_to_its_asker_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Faulty:
        def __init__(self, *_: object) -> None: ...

        def by_datagram(self, *_: object, **__: object) -> object:
            raise ZeroDivisionError

    with DnsServer(nothing) as silent, DnsServer(says) as server, monkeypatch.context() as patch:
        waits = Resolver(silent.address).begin("c.example", "A", Deadline(PATIENCE))
        patch.setattr(resolver, "_answering", lambda: Faulty)
        with pytest.raises(ZeroDivisionError):
            Resolver(server.address).query("a.example", "A", Deadline(PATIENCE))
        patch.undo()
        assert Resolver(server.address).query("b.example", "A", Deadline(PATIENCE)).status == "answered"
        assert not waits.done()
