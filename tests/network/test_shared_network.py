"""One network for many runs: what they share, what each keeps for itself, and whose connections end with whom."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rrset
import msgspec
import pytest

from diagnose.account.person import Consent
from diagnose.cli.lab import request_for
from diagnose.discovery import DiscoveryOptions, discover
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.model import Deadline, Service, Subject
from diagnose.model.limits import ONE_BY_ONE, Limits
from diagnose.network import CrowdedError, Nameserver, Network, answers, resolver
from diagnose.network.resolver import FAILURE_SECONDS, DnsAnswer
from diagnose.planning.selection import Selection
from diagnose.running.diagnosis import diagnose
from diagnose.running.interruption import Interruption
from diagnose.running.request import NetworkOptions, Request
from tests.core.loopback import PATIENCE, Answer, DnsServer, tcp, wait_for_end
from tests.pace import patient

NAME = "mail.corp.example"
SOON = 0.3


def says(ttl: int, *records: str, rcode: int = 0, soa: int | None = None) -> Answer:
    """*records* of `NAME` with a TTL in seconds; *soa*: that of what there is not."""

    def answer(question: bytes) -> Sequence[bytes]:
        reply = dns.message.make_response(dns.message.from_wire(question))
        reply.flags |= dns.flags.RA
        reply.set_rcode(dns.rcode.from_text(dns.rcode.to_text(dns.rcode.Rcode(rcode))))
        if records:
            reply.answer.append(dns.rrset.from_text(f"{NAME}.", ttl, "IN", "A", *records))
        if soa is not None:
            start = f"ns.corp.example. root.corp.example. 1 7200 900 1209600 {soa}"
            reply.authority.append(dns.rrset.from_text("corp.example.", 86400, "IN", "SOA", start))
        return [reply.to_wire()]

    return answer


class Clock:
    """The clock by which answers grow old."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(answers, "time", SimpleNamespace(monotonic=lambda: self.now))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def ask(network: Network, seconds: float = PATIENCE, name: str = NAME) -> DnsAnswer:
    """As a run of its own does."""
    return network.for_run().resolver.query(name, "A", Deadline(seconds))


# -- answers


def test_an_answer_is_shared_as_long_as_its_ttl(clock: Clock) -> None:
    """And not a second longer."""
    with DnsServer(says(60, "192.0.2.1")) as server:
        network = Network(server.address)
        for moment in (0, 1, 59.9):
            clock.now = 1000 + moment
            assert ask(network).records == ("192.0.2.1",)
        assert len(server.asked) == 1
        clock.now = 1060
        assert ask(network).records == ("192.0.2.1",)
        assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("answer", "status", "seconds"),
    [
        (says(0, "192.0.2.1"), "answered", 0),
        (says(60, rcode=3, soa=20), "name_not_found", 20),
        (says(60, soa=7), "no_data", 7),
        (says(60, rcode=3), "name_not_found", FAILURE_SECONDS),
        (says(60, rcode=2), "server_failure", FAILURE_SECONDS),
        (says(60, rcode=5), "refused", FAILURE_SECONDS),
        (says(1_000_000, "192.0.2.1"), "answered", answers.MOST_SECONDS),
    ],
    ids=["for now only", "no name", "no record", "no name, nobody says how long", "SERVFAIL", "REFUSED", "eleven days"],
)
def test_each_answer_has_its_time(answer: Answer, status: str, seconds: float, clock: Clock) -> None:
    """What is not there by its SOA (RFC 2308), a failure for seconds, nothing for days."""
    with DnsServer(answer) as server:
        network = Network(server.address)
        for moment, asked in ((0, 1), (seconds - 0.5, 1), (seconds + 0.5, 2)):
            if moment >= 0:
                clock.now = 1000 + moment
                assert ask(network).status == status
                assert len(server.asked) == asked


def test_a_time_out_is_shared_for_seconds(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the asker waited as long as anybody would."""
    monkeypatch.setattr(resolver, "TRY_SECONDS", (SOON,))
    with DnsServer(lambda _: []) as server:
        network = Network(server.address)
        assert [ask(network).status for _ in range(3)] == ["timed_out"] * 3
        assert len(server.asked) == 1
        clock.now += FAILURE_SECONDS
        assert ask(network).status == "timed_out"
        assert len(server.asked) == 2


def test_a_run_in_haste_speaks_for_itself_alone() -> None:
    """What its own deadline cut short says nothing to others, those who wait for it among them."""
    heard, waits = threading.Event(), threading.Event()

    def answer(question: bytes) -> Sequence[bytes]:
        first = not heard.is_set()
        heard.set()
        waits.wait(PATIENCE if first else 0)
        return [] if first else says(60, "192.0.2.1")(question)

    with DnsServer(answer) as server, ThreadPoolExecutor(2) as pool:
        network = Network(server.address)
        hasty = pool.submit(ask, network, SOON)
        assert heard.wait(PATIENCE)
        other = pool.submit(ask, network)
        assert hasty.result(PATIENCE).status == "timed_out"
        waits.set()
        assert other.result(PATIENCE).records == ("192.0.2.1",)


def test_in_one_run_an_answer_stays_as_it_is(clock: Clock) -> None:
    """All its checks speak of the same facts, however old."""
    with DnsServer(says(1, "192.0.2.1")) as server:
        run = Network(server.address).for_run()
        run.resolver.query(NAME, "A", Deadline(PATIENCE))
        clock.now += 1000
        run.resolver.query(NAME, "A", Deadline(PATIENCE))
        assert len(server.asked) == 1


def test_an_old_answer_is_no_sign_of_life(clock: Clock) -> None:
    """A run knows which of its answers a nameserver has not given lately."""
    with DnsServer(says(60, "192.0.2.1")) as server:
        network = Network(server.address)
        first, second, third = (network.for_run().resolver for _ in range(3))
        assert not first.remembers(first.query(NAME, "A", Deadline(PATIENCE)))
        assert not second.remembers(second.query(NAME, "A", Deadline(PATIENCE)))
        clock.now += 30
        assert third.remembers(third.query(NAME, "A", Deadline(PATIENCE)))


def test_networks_of_their_own_share_nothing() -> None:
    """As a run without one given has."""
    with DnsServer(says(60, "192.0.2.1")) as server:
        for _ in range(2):
            assert ask(Network(server.address)).status == "answered"
        assert len(server.asked) == 2


# -- connections


def held(network: Network, port: int) -> contextlib.ExitStack:
    """One connection, until it is closed."""
    stack = contextlib.ExitStack()
    stack.callback(network.connect("127.0.0.1", port, Deadline(PATIENCE)).abort)
    return stack


def test_who_wants_one_connection_more_waits_for_one_to_end() -> None:
    """In another run or the same."""
    with tcp(wait_for_end) as port, ThreadPoolExecutor(1) as pool:
        network = Network(limits=Limits(host_connections=2))
        first, second = held(network.for_run(), port), held(network.for_run(), port)
        third = pool.submit(held, network.for_run(), port)
        assert network.open_connections("127.0.0.1", {port}) == 2
        with pytest.raises(TimeoutError):
            third.result(SOON)
        first.close()
        third.result(PATIENCE).close()
        second.close()
        assert network.open_connections("127.0.0.1", {port}) == 0


def test_other_ports_and_other_addresses_are_other_servers() -> None:
    """A mailbox is read and sent from at the same time."""
    with tcp(wait_for_end) as port, tcp(wait_for_end) as other:
        network = Network(limits=Limits(host_connections=1))
        with held(network, port), held(network, other):
            race = network.connect_all(("127.0.0.2",), port, Deadline(PATIENCE))
            assert race.attempts(PATIENCE)


def test_the_wait_keeps_to_the_deadline() -> None:
    """And is nothing that the server has done."""
    with tcp(wait_for_end) as port:
        network = Network(limits=Limits(host_connections=1))
        run, other = network.for_run(), network.for_run()
        with held(network, port), pytest.raises(CrowdedError, match="127"):
            run.connect("127.0.0.1", port, Deadline(SOON))
        run.close()
        held(other, port).close()

    assert [view.held_back for view in (run, other, network)] == [True, False, False]


def test_the_end_of_a_run_ends_its_wait() -> None:
    """Whatever time it would have left."""
    with tcp(wait_for_end) as port, ThreadPoolExecutor(1) as pool:
        network = Network(limits=Limits(host_connections=1))
        run = network.for_run()
        with held(network, port):
            waiting = pool.submit(held, run, port)
            with pytest.raises(TimeoutError):
                waiting.result(SOON)
            run.close()
            with pytest.raises(CrowdedError):
                waiting.result(PATIENCE)
        assert not run.held_back


def test_the_time_to_connect_begins_after_the_wait() -> None:
    """Or a server would seem slow."""
    with tcp(wait_for_end) as port, ThreadPoolExecutor(1) as pool:
        network = Network(limits=Limits(host_connections=1))
        before = held(network, port)
        race = pool.submit(network.connect_all, ("127.0.0.1",), port, Deadline(PATIENCE), 5.0)
        time.sleep(SOON)
        before.close()
        assert race.result(PATIENCE).seconds > 5.0 - SOON
        assert race.result().attempts(PATIENCE)[0].failure is None
        race.result().close()


@pytest.mark.parametrize("way", ["refused", "probed", "lost", "given up", "released"])
def test_what_no_longer_stands_no_longer_counts(way: str) -> None:
    """However it came to its end."""
    with tcp(wait_for_end) as port, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        network = Network(limits=Limits(host_connections=1))
        addresses = ("127.0.0.1",)
        if way == "refused":
            closed = bound.getsockname()[1]
            assert network.connect_all(addresses, closed, Deadline(PATIENCE)).attempts(PATIENCE)[0].failure
        elif way == "probed":
            assert network.probe_port("127.0.0.1", port, Deadline(PATIENCE)).failure is None
        elif way == "lost":
            stream = network.connect("127.0.0.1", port, Deadline(PATIENCE))
            stream.shutdown(socket.SHUT_RDWR)
            stream.close()
        elif way == "given up":
            race = network.connect_all(addresses, port, Deadline(PATIENCE))
            assert race.attempts(PATIENCE)
            race.close()
        else:
            network.connect("127.0.0.1", port, Deadline(PATIENCE)).release().close()
        assert network.open_connections("127.0.0.1", {port, bound.getsockname()[1]}) == 0


def test_the_end_of_one_run_leaves_the_others_connections() -> None:
    """Who made the network ends them all."""
    with tcp(wait_for_end) as port:
        network = Network()
        one, other = network.for_run(), network.for_run()
        first, second = (run.connect("127.0.0.1", port, Deadline(PATIENCE)) for run in (one, other))
        one.close()
        assert (first.fileno() < 0, second.fileno() < 0) == (True, False)
        network.close()
        assert second.fileno() < 0
        assert network.for_run().connect("127.0.0.1", port, Deadline(PATIENCE)).fileno() < 0


def test_what_is_asked_once_a_run_is_asked_in_each() -> None:
    """Of another run's probe nobody knows how old it is."""
    with tcp(wait_for_end) as port:
        network = Network()
        one, other = network.for_run(), network.for_run()
        first = one.probe_port("127.0.0.1", port, Deadline(PATIENCE))
        assert one.probe_port("127.0.0.1", port, Deadline(PATIENCE)) is first
        assert other.probe_port("127.0.0.1", port, Deadline(PATIENCE)) is not first


# -- whole runs


class Relay:
    """Hands on connections to a server, and counts how many stand at once."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self.total = self.most = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                # what the client had ended before it connected again has ended here, too, whoever has noticed by now
                self._open = [one for one in self._open if _stands(one)] + [client]
                self.total += 1
                self.most = max(self.most, len(self._open))
                server = socket.create_connection(("127.0.0.1", self._to))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=_hand_on, args=pair, daemon=True).start()


_TCP_INFO_STATE = struct.Struct("B")
_ESTABLISHED = 1


def _stands(one: socket.socket) -> bool:
    """By the kernel's word: whether neither side has ended it."""
    try:
        info = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_STATE.size)
    except OSError:
        return False
    return bool(_TCP_INFO_STATE.unpack(info)[0] == _ESTABLISHED)


def _hand_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def counted() -> Iterator[tuple[Request, DnsServer, Relay]]:
    """A request for an account of the lab, its nameserver and its IMAP server with somebody who counts before them."""
    with Estate(SCENARIOS["healthy"]) as estate:
        request = request_for(estate, seconds=patient(30.0))
        given = request.network.nameserver
        assert given is not None
        real = (given.address, given.port)

        def hand_on(question: bytes) -> Sequence[bytes]:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
                asking.settimeout(PATIENCE)
                asking.sendto(question, real)
                return [asking.recv(4096)]

        with DnsServer(hand_on) as nameserver, Relay(estate.ports["imaps"]) as relay:
            host = estate.scenario.host("imaps")
            service = Service(protocol="imap", host=host, port=relay.port, tls="implicit", source="option")
            yield (
                msgspec.structs.replace(
                    request,
                    network=msgspec.structs.replace(request.network, nameserver=nameserver.address),
                    discovery=DiscoveryOptions(services=(service,), services_only=True, third_party=False),
                    history=None,
                ),
                nameserver,
                relay,
            )


def network_of(request: Request, limits: Limits = ONE_BY_ONE) -> Network:
    """The network that a run of *request* would make."""
    wanted = request.network
    return Network(wanted.nameserver, wanted.ca_file, wanted.vantage, limits)


def questions(server: DnsServer) -> Counter[str]:
    """How often each question came."""
    return Counter(str(dns.message.from_wire(asked).question[0]) for asked in server.asked)


@pytest.mark.parametrize("most", [1, 2])
def test_runs_side_by_side_ask_once_and_keep_the_limit(most: int) -> None:
    """Each question of DNS goes out once, and never more connections stand than there may be."""
    with counted() as (request, nameserver, relay):
        network = network_of(request, limits=Limits(host_connections=most))
        with contextlib.closing(network), ThreadPoolExecutor(4) as pool:
            runs = [pool.submit(diagnose, request, network=network) for _ in range(4)]
            reports = [run.result(patient(60)).report for run in runs]

    assert [report.verdict.status for report in reports] == ["healthy"] * 4
    assert set(questions(nameserver).values()) == {1}
    assert relay.most <= most
    assert relay.total >= 4


def test_what_is_found_before_a_run_is_not_looked_up_again() -> None:
    """As `diagnose browser` does, which finds the webmail page before its diagnosis begins."""
    with counted() as (request, nameserver, _):
        looking = msgspec.structs.replace(request, discovery=DiscoveryOptions(third_party=False))
        network = network_of(request)
        with contextlib.closing(network):
            deadline = Deadline(patient(8.0))
            discover(looking.subject, looking.discovery, network, deadline, lambda _found: None)
            before = questions(nameserver)
            diagnose(looking, network=network)

    assert before
    assert set(questions(nameserver).values()) == {1}


def test_a_run_with_a_network_of_its_own_asks_for_itself() -> None:
    """As ever."""
    with counted() as (request, nameserver, relay):
        assert [diagnose(request).report.verdict.status for _ in range(2)] == ["healthy"] * 2

    assert set(questions(nameserver).values()) == {2}
    assert relay.total >= 2


@pytest.mark.parametrize("end", ["Ctrl-C", "deadline"])
def test_one_runs_end_leaves_the_other_run(end: str) -> None:
    """Both wait for a silent server; one ends, and the server still has the other."""
    came, ended = threading.Semaphore(0), threading.Semaphore(0)

    def talk(connected: socket.socket) -> None:
        came.release()
        try:
            wait_for_end(connected)
        finally:
            ended.release()

    with tcp(talk) as port, ThreadPoolExecutor(2) as pool:
        service = Service(protocol="imap", host="127.0.0.1", port=port, tls="starttls", source="option")
        request = Request(
            subject=Subject(domain="corp.example", address="a@corp.example", username="a@corp.example"),
            discovery=DiscoveryOptions(services=(service,), services_only=True, third_party=False),
            network=NetworkOptions(nameserver=Nameserver("127.0.0.1", 9)),
            selection=Selection(only=("server",)),
            consent=Consent(login=False),
            seconds=PATIENCE,
        )
        first_end, second_end = Interruption(), Interruption()
        with contextlib.closing(network_of(request)) as network:
            short = msgspec.structs.replace(request, seconds=1.0) if end == "deadline" else request
            first = pool.submit(diagnose, short, None, first_end, network=network)
            second = pool.submit(diagnose, request, None, second_end, network=network)
            assert came.acquire(timeout=PATIENCE)
            assert came.acquire(timeout=PATIENCE)
            if end == "Ctrl-C":
                first_end.ask()
            first.result(PATIENCE)
            assert ended.acquire(timeout=PATIENCE)
            assert not ended.acquire(timeout=SOON)
            assert not second.done()
            second_end.ask()
            second.result(PATIENCE)
            assert ended.acquire(timeout=PATIENCE)


def test_a_request_for_another_resolver_is_no_run_of_this_network() -> None:
    """What it names would be left out without a word."""
    request = Request(
        subject=Subject(domain="corp.example"), network=NetworkOptions(nameserver=Nameserver("192.0.2.53"))
    )
    with (
        contextlib.closing(Network(Nameserver("127.0.0.1", 9))) as network,
        pytest.raises(ValueError, match="resolver"),
    ):
        diagnose(request, network=network)
