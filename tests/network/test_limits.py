"""How many connections stand at once and how soon new ones follow, whatever many runs want."""

from __future__ import annotations

import contextlib
import gc
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from diagnose.model import Deadline
from diagnose.model.limits import FLEET, OF_ONE_RUN, ONE_BY_ONE, Limits
from diagnose.network import CrowdedError, Network
from diagnose.network.slots import Run, Slot, Slots
from diagnose.network.spacing import AT_ONCE, JITTER, MOST_KEPT, SLOWEST_A_SECOND, Spacing
from tests.core.loopback import tcp, wait_for_end
from tests.network.test_shared_network import held
from tests.pace import by_the_hundred, patient

HOST = "192.0.2.1"
NEVER = lambda: False  # noqa: E731 - a value
SOON = 0.05


class Clock:
    """Goes forward when somebody sleeps, and never else."""

    def __init__(self) -> None:
        self.now = 1000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def spacing(clock: Clock, chance: float = 0.5) -> Spacing:
    return Spacing(lambda: chance, lambda: clock.now, clock.sleep)


def moments(one: Spacing, clock: Clock, number: int, rate: float, name: str = HOST) -> Iterator[float]:
    for _ in range(number):
        one.take([(name, rate)], 1, Deadline(3600), NEVER)
        yield clock.now - 1000.0


# -- new ones


@pytest.mark.parametrize("rate", [0.5, 10.0, 200.0])
def test_some_at_once_and_then_as_many_a_second_as_may_be(clock: Clock, rate: float) -> None:
    found = list(moments(spacing(clock), clock, AT_ONCE + 20, rate))

    assert found[:AT_ONCE] == pytest.approx([0.0] * AT_ONCE)
    assert found[AT_ONCE:] == pytest.approx([number / rate for number in range(1, 21)])


def test_whoever_was_quiet_saves_up_no_more_than_that(clock: Clock) -> None:
    one = spacing(clock)
    list(moments(one, clock, AT_ONCE, 10))
    clock.now = 5000.0

    assert list(moments(one, clock, AT_ONCE + 1, 10))[-1] == pytest.approx(4000.1)


def test_each_server_has_moments_of_its_own(clock: Clock) -> None:
    """And one that wants two kinds waits for the later."""
    one = spacing(clock)
    list(moments(one, clock, AT_ONCE, 1))

    assert list(moments(one, clock, 1, 1, "192.0.2.2")) == pytest.approx([0.0])
    one.take([("192.0.2.2", 1.0), (HOST, 1.0)], 1, Deadline(3600), NEVER)
    assert clock.now == pytest.approx(1001.0)


def test_the_time_between_two_varies_within_bounds(clock: Clock) -> None:
    """And on average stays as it is."""
    chances = itertools.cycle([0.0, 1.0])
    found = list(moments(Spacing(lambda: next(chances), lambda: clock.now, clock.sleep), clock, AT_ONCE + 40, 1))
    seconds = [later - before for before, later in itertools.pairwise(found[AT_ONCE:])]

    assert sorted({round(one, 6) for one in seconds}) == [1 - JITTER, 1 + JITTER]
    assert found[-1] == pytest.approx(40, abs=JITTER)


def test_who_turns_connections_away_gets_fewer_down_to_a_bound(clock: Clock) -> None:
    """The others get as many as before."""
    one, found = spacing(clock), []
    for _ in range(6):
        one.slow_down(HOST, 8.0)
        clock.now += 1e6
        before = clock.now
        list(moments(one, clock, AT_ONCE + 1, 8.0))
        found.append(1 / (clock.now - before))
    assert found == pytest.approx([4.0, 2.0, 1.0, 1.0, 1.0, 1.0])
    assert found[-1] == pytest.approx(SLOWEST_A_SECOND)
    before = clock.now
    list(moments(one, clock, AT_ONCE + 1, 8.0, "192.0.2.2"))
    assert clock.now - before == pytest.approx(1 / 8)


def test_a_moment_that_comes_too_late_is_not_waited_for(clock: Clock) -> None:
    """Nor is it taken from those who can wait."""
    one = spacing(clock)
    list(moments(one, clock, AT_ONCE, 1 / 60))
    with pytest.raises(CrowdedError, match="192"):
        one.take([(HOST, 1 / 60)], 1, Deadline(30), NEVER)

    assert clock.now == pytest.approx(1000.0)
    assert list(moments(one, clock, 1, 1 / 60)) == pytest.approx([60.0])


def test_the_end_of_a_run_ends_its_wait_for_a_moment(clock: Clock) -> None:
    one = spacing(clock)
    list(moments(one, clock, AT_ONCE, 1 / 60))
    with pytest.raises(CrowdedError):
        one.take([(HOST, 1 / 60)], 1, Deadline(3600), lambda: clock.now > 1001.0)

    assert clock.now < 1002.0
    assert one.waiting == 0


def test_what_is_remembered_of_servers_is_bounded(clock: Clock) -> None:
    one = spacing(clock)
    for number in range(2 * MOST_KEPT):
        clock.now += 1
        one.take([(str(number), 10.0)], 1, Deadline(30), NEVER)

    assert len(one._spent) <= MOST_KEPT + 1


# -- open ones


def taken(slots: Slots, run: Run | None = None, port: int = 993, seconds: float = 0.0) -> list[Slot]:
    return list(slots.take([HOST], port, Deadline(seconds), NEVER, run=run).values())


def test_a_house_is_many_servers() -> None:
    """Whatever their ports and addresses; another house has room of its own."""
    slots = Slots(100, OF_ONE_RUN)
    run, other = slots.begin_run("corp.example"), slots.begin_run("other.example")
    for port in range(OF_ONE_RUN):
        taken(slots, run, port)
    with pytest.raises(CrowdedError, match=r"corp\.example"):
        slots.take(["192.0.2.9"], 443, Deadline(0), NEVER, run=run)

    assert taken(slots, other)
    assert taken(slots)


def test_the_oldest_run_always_has_room() -> None:
    """Or runs would wait for each other, each with what the other wants."""
    slots = Slots(4, 20)
    runs = [slots.begin_run("a.example") for _ in range(8)]
    for port in range(OF_ONE_RUN):  # the younger ones come first, and take as much as they may
        for run in runs[:0:-1]:
            with contextlib.suppress(CrowdedError):
                taken(slots, run, port)
    for port in range(OF_ONE_RUN):
        assert taken(slots, runs[0], port)
    slots.end_run(runs[0])
    with pytest.raises(CrowdedError):
        taken(slots, runs[0], 993)


def test_what_is_set_aside_is_for_the_oldest_alone() -> None:
    """Until it ends, or nobody knows of it any more; what it holds then is another's."""
    slots = Slots(4)
    runs = [slots.begin_run() for _ in range(5)]
    for run in runs[1:4]:
        assert taken(slots, run)
    with pytest.raises(CrowdedError):
        taken(slots, runs[4])
    runs[0] = runs[1]
    gc.collect()
    assert taken(slots, runs[4])
    assert slots.taken(HOST, [993]) == 4


def test_all_that_is_given_back_is_forgotten() -> None:
    slots = Slots(4, 20)
    run = slots.begin_run("a.example")
    for one in [*taken(slots, run), *taken(slots, run), *taken(slots)]:
        one.free()
        one.free()

    assert not slots._held
    assert slots.waiting == 0


@pytest.mark.parametrize(("most", "of_house"), [(0, None), (1, OF_ONE_RUN - 1)])
def test_limits_leave_room_for_one_run(most: int, of_house: int | None) -> None:
    with pytest.raises(ValueError, match="one"):
        Slots(most, of_house)


# -- at a real server


def test_the_door_counts_for_the_runs_house() -> None:
    """Views of one house share its room; while one waits, the door is crowded."""
    with tcp(wait_for_end) as port, tcp(wait_for_end) as other, ThreadPoolExecutor(1) as pool:
        network = Network(limits=Limits(host_connections=100, house_connections=OF_ONE_RUN))
        first, second = network.for_run("a.example"), network.for_run("a.example")
        streams = [held(first, (port, other)[number % 2]) for number in range(OF_ONE_RUN)]
        waiting = pool.submit(held, second, port)
        with pytest.raises(TimeoutError):
            waiting.result(SOON)
        assert network.is_crowded()
        held(network.for_run("b.example"), port).close()
        first.close()
        waiting.result(patient(10)).close()
        assert not network.is_crowded()
        assert len(streams) == OF_ONE_RUN
        network.close()


def test_the_door_hands_out_moments() -> None:
    """The first ones at once; a moment that is out of reach is refused, and the place is given back."""
    with tcp(wait_for_end) as port:
        for limits in (Limits(host_rate=0.001), Limits(house_rate=0.001)):
            network = Network(limits=limits)
            run = network.for_run("a.example")
            for _ in range(AT_ONCE):
                held(run, port).close()
            with pytest.raises(CrowdedError):
                held(run, port)
            assert network.open_connections("127.0.0.1", [port]) == 0
            assert (network.seconds_left("a.example") > 0) == (limits.house_rate is not None)
            network.close()


def test_runs_that_stand_for_themselves_wait_for_no_moment() -> None:
    assert (ONE_BY_ONE.host_rate, ONE_BY_ONE.house_rate, ONE_BY_ONE.house_connections) == (None, None, None)
    with tcp(wait_for_end) as port:
        network = Network()
        for _ in range(3 * AT_ONCE):
            held(network, port).close()
        assert not network.is_crowded()
        network.close()


def test_many_runs_keep_below_what_servers_come_with() -> None:
    """Courier's four of one address, Dovecot's ten of one user, Postfix's fifty."""
    assert FLEET.host_connections <= 4
    assert FLEET.house_connections is not None
    assert OF_ONE_RUN <= FLEET.house_connections < 50


def test_many_threads_never_stand_at_one_port_together_beyond_the_limit() -> None:
    """Counted by what they hold; and all of them get in, with two ports that each wants at once."""
    slots, lock, now, most, done = Slots(4, 20), threading.Lock(), Counter[int](), 0, 0

    def take(run: Run, port: int) -> list[Slot]:
        nonlocal most
        found = taken(slots, run, port, patient(30))
        with lock:
            now[port] += 1
            most = max(most, now[port])
        return found

    def go(number: int) -> None:
        nonlocal done
        run, ports = slots.begin_run("a.example"), (993, 587)
        held = [one for port in ports[:: 1 if number % 2 else -1] for one in take(run, port)]
        with lock:
            done += 1
            now.subtract(ports)
        for one in held:
            one.free()
        slots.end_run(run)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(go, by_the_hundred(200)))
    assert done == 200
    assert 2 <= most <= 4
