"""The runner: order, parallelism, skips that name the root, crashes and hangs that stay where they are."""

from __future__ import annotations

import functools
import gc
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from diagnose.account.history import History
from diagnose.cli import signals
from diagnose.knowledge.catalogue import catalogue
from diagnose.model import (
    Check,
    CheckResult,
    Deadline,
    Facts,
    Finding,
    Host,
    Inputs,
    Needs,
    Service,
    Skip,
    SkipCheck,
    Subject,
    Target,
    Text,
    Turns,
    need,
    text,
)
from diagnose.model.check import always
from diagnose.network import Network
from diagnose.planning.declaration import DISCOVERY, DeclarationError, validate
from diagnose.planning.plan import Instance, Plan
from diagnose.planning.selection import Selection
from diagnose.running import runner
from diagnose.running.context import Context
from diagnose.running.interruption import Interruption
from diagnose.running.observer import Observers
from diagnose.running.runner import Outcome, run
from diagnose.verdict.judging import judge_run
from tests.pace import patient
from tests.support.build import SUBJECT, service
from tests.support.record import record

PATIENCE, SOON = 30.0, 0.2
"""Seconds that no test waits for unless it fails."""


class Noted(Facts, frozen=True, kw_only=True):
    word: str = ""


IMAP, POP3, SMTP = service(), service("pop3", port=995), service("smtp", port=465)
OTHER = service(host="imap.corp.example")


def found(cause: str = "server.fault", certainty: Any = "confirmed", partial: bool = False) -> Finding:
    return Finding(cause=cause, certainty=certainty, proof="seen", text=text("Seen."), partial=partial)


def silent(_facts: Facts, _given: Inputs, _target: Target) -> tuple[Finding, ...]:
    return ()


def noted(target: Target, _given: Inputs, _bench: Context) -> Noted:
    return Noted(word=target.domain if isinstance(target, Subject) else "")


@functools.cache
def left_by(name: str) -> Any:  # a type that mypy cannot know
    """What the check of this *name* leaves: the facts of each are of a type of their own."""
    return msgspec.defstruct(name, [], bases=(Noted,), frozen=True, kw_only=True)


def check(
    name: str,
    probe: Callable[[Any, Inputs, Context], Any] = noted,
    *,
    each: type[Any] = Subject,
    judge: Callable[[Any, Inputs, Any], Iterable[Finding]] = silent,
    needs: Iterable[str] = (),
    reads: Iterable[str] = (),
    starts_after: Iterable[str] = (),
    **more: Any,
) -> Check[Any]:
    """A check that leaves what *probe* notes, and names others by their ids."""

    def as_its_own(target: Any, given: Inputs, bench: Context) -> Any:
        found = probe(target, given, bench)
        return left_by(name)(word=found.word) if type(found) is Noted else found

    return Check(
        id=name,
        family=more.pop("family", name),
        title="{domain}" if each is Subject else "{host}",
        each=each,
        facts=left_by(name),
        probe=as_its_own,
        judge=judge,
        needs=Needs(tuple((left_by(name), always) for name in needs), tuple(map(left_by, reads))),
        starts_after=tuple(map(left_by, starts_after)),
        **more,
    )


def announcing(*services: Service, provider: str | None = None) -> Check[Noted]:
    """A discovery that finds *services*."""

    def probe(_target: Subject, _given: Inputs, bench: Context) -> Noted:
        for one in services:
            bench.announce((one,))
        if provider:
            bench.recognise(provider)
        return Noted()

    return check(DISCOVERY, probe)


class ToldDeadline(Deadline):
    """A deadline that passes when somebody says so, however slow the machine is."""

    __slots__ = ("over",)

    def __init__(self) -> None:
        super().__init__(PATIENCE)
        self.over = False

    def left(self) -> float:
        return 0.0 if self.over else super().left()


def bench(deadline: Deadline) -> Context:
    return Context(network=Network(), deadline=deadline, history=History(None))


def hinders_only(cause: str) -> bool:
    return catalogue()[cause].impact == "hinders"


class Ran(msgspec.Struct, frozen=True):
    """What a run brought, and what its record means."""

    outcome: Outcome
    results: tuple[CheckResult, ...]

    @property
    def services(self) -> tuple[Service, ...]:
        return self.outcome.services

    @property
    def provider(self) -> str | None:
        return self.outcome.provider

    @property
    def interrupted(self) -> bool:
        return self.outcome.interrupted


class Heard:
    """What a run tells of each check that is over."""

    def __init__(self) -> None:
        self.results: list[CheckResult] = []

    def planned(self, identity: str, title: Text) -> None: ...

    def started(self, identity: str) -> None: ...

    def finished(self, result: CheckResult) -> None:
        self.results.append(result)


def carry_out(*checks: Check[Any], deadline: Deadline | None = None, **more: Any) -> Ran:
    """Run *checks*. What the run tells while it goes on is what its record says in the end, every time."""
    heard = Heard()
    watching = Observers(heard, more.pop("observer")) if "observer" in more else heard
    outcome = run(
        checks,
        SUBJECT,
        bench(deadline or Deadline(PATIENCE)),
        provider=more.pop("provider", None),
        hinders_only=hinders_only,
        observer=watching,
        **more,
    )
    whole = record(*outcome.checks, services=outcome.services, interrupted=outcome.interrupted)
    results = judge_run(whole, checks, hinders_only)
    assert results == outcome.results
    assert sorted(results, key=lambda one: one.id) == sorted(heard.results, key=lambda one: one.id)
    return Ran(outcome, results)


def alive() -> int:
    """How many runs, plans and instances there are, be it as garbage."""
    return sum(isinstance(one, runner._Run | Plan | Instance) for one in gc.get_objects())


def test_nothing_of_a_run_that_is_over_waits_for_a_search_for_garbage() -> None:
    """In a fleet that would be all that a row has seen, of hundreds of rows at a time."""

    def sees_nothing(_target: Target, _given: Inputs, _bench: Context) -> Noted:
        raise SkipCheck(text("There is nothing."))

    gc.collect()
    gc.disable()
    try:
        before = alive()
        carry_out(
            announcing(IMAP, SMTP, provider="qq-mail"),
            check("greets", each=Service, needs=[DISCOVERY]),
            check("logs in", sees_nothing, each=Service, needs=["greets"]),
            check("gathers", reads=["logs in"]),
            interruption=Interruption(),
        )
        until = Deadline(PATIENCE)
        while alive() > before and not until.passed():  # of threads that are just ending
            time.sleep(0.01)
        assert alive() == before
    finally:
        gc.enable()


def by_id(outcome: Ran) -> dict[str, CheckResult]:
    assert len({result.id for result in outcome.results}) == len(outcome.results)
    return {result.id: result for result in outcome.results}


def why(result: CheckResult) -> str:
    assert result.skipped_because is not None
    return result.skipped_because.render()


# -- order and parallelism


def test_a_check_gets_the_facts_it_needs() -> None:
    """What is needed, and what is waited for, has run before, whatever the order of declaration."""
    seen: list[tuple[Facts, ...]] = []

    def last(_target: Subject, given: Inputs, _bench: Context) -> Noted:
        seen.append(given.facts)
        return Noted()

    outcome = carry_out(
        check("last", last, needs=("middle",), reads=("beside",), starts_after=("before",)),
        check("middle", lambda *_: Noted(word="m"), needs=("first",)),
        check("beside", lambda *_: Noted(word="b")),
        check("before"),
        check("first"),
    )

    (facts,) = seen
    assert set(facts) == {left_by("middle")(word="m"), left_by("beside")(word="b")}
    assert {result.status for result in outcome.results} == {"pass"}
    assert all(result.usable for result in outcome.results)


def test_what_does_not_need_each_other_runs_at_once() -> None:
    """Each probe waits for all the others to have begun: one after the other they would never end."""
    together = threading.Barrier(8)

    def probe(*_: Any) -> Noted:
        together.wait(PATIENCE)
        return Noted()

    outcome = carry_out(*(check(f"c{number}", probe) for number in range(8)))

    assert [result.status for result in outcome.results] == ["pass"] * 8


def test_a_need_that_is_slow_holds_up_only_what_needs_it() -> None:
    """The slow check ends only after the one beside it, and its follower begins after it."""
    free, order = threading.Event(), []

    def slow(*_: Any) -> Noted:
        assert free.wait(PATIENCE)
        order.append("slow")
        return Noted()

    def follower(*_: Any) -> Noted:
        order.append("follower")
        return Noted()

    def quick(*_: Any) -> Noted:
        order.append("quick")
        free.set()
        return Noted()

    carry_out(
        check("slow", slow), check("follower", follower, needs=("slow",)),
        check("quick", quick),
    )  # fmt: skip

    assert order == ["quick", "slow", "follower"]


def test_facts_reach_services_hosts_and_the_subject() -> None:
    """A service reads its host's and the subject's facts; the subject reads those of all services."""
    given_to: dict[str, Inputs] = {}

    def keep(name: str) -> Callable[[Any, Inputs, Context], Noted]:
        def probe(target: Any, given: Inputs, _bench: Context) -> Noted:
            given_to[f"{name} {getattr(target, 'port', '')}"] = given
            return Noted(word=name)

        return probe

    outcome = carry_out(
        announcing(IMAP, SMTP, provider="somebody"),
        check("domain"),
        check("host", keep("host"), each=Host, needs=("domain",)),
        check("port", keep("port"), each=Service, needs=("host", "domain")),
        check("sum", keep("sum"), needs=("port",), reads=("host",)),
    )

    port, host = left_by("port"), left_by("host")
    assert list(map(type, given_to["port 993"].facts)) == [host, left_by("domain")]
    assert given_to["port 465"][host] == host(word="host")
    assert given_to["sum "].facts == ()
    assert list(given_to["sum "].each(port)) == [(IMAP, port(word="port")), (SMTP, port(word="port"))]
    assert list(given_to["sum "].each(host)) == [(Host(name=IMAP.host, source="option"), host(word="host"))]
    assert given_to["sum "].provider == outcome.provider == "somebody"
    assert given_to["sum "].services == outcome.services == (IMAP, SMTP)


def test_services_announced_late_are_checked_too() -> None:
    """A subject's check that reads services waits until discovery is over, however late the last one comes."""
    first_checked = threading.Event()
    counted: list[int] = []

    def probe(_target: Subject, _given: Inputs, bench: Context) -> Noted:
        bench.announce((IMAP,))
        assert first_checked.wait(PATIENCE)
        bench.announce((IMAP, SMTP))
        return Noted()

    def port(target: Service, _given: Inputs, _bench: Context) -> Noted:
        if target == IMAP:
            first_checked.set()
        return Noted()

    def total(_target: Subject, given: Inputs, _bench: Context) -> Noted:
        counted.append(len(list(given.each(left_by("port")))))
        return Noted()

    outcome = carry_out(
        check(DISCOVERY, probe), check("port", port, each=Service), check("total", total, reads=("port",))
    )

    assert counted == [2]
    assert sorted(by_id(outcome)) == ["discovery", "port.imap.993", "port.smtp.465", "total"]


def test_two_servers_on_one_port_have_ids_of_their_own() -> None:
    """The id of an instance is unique, and a service that is announced twice is checked once."""
    outcome = carry_out(announcing(IMAP, OTHER, IMAP), check("port", each=Service), check("name", each=Host))

    assert sorted(by_id(outcome)) == [
        "discovery",
        "name.imap.corp.example",
        "name.mail.corp.example",
        "port.imap.993",
        "port.imap.993.2",
    ]
    assert by_id(outcome)["port.imap.993.2"].target == OTHER


def test_a_check_runs_only_for_targets_it_applies_to() -> None:
    """Each service is met by those that are for its way alone."""
    ran: list[tuple[str, int]] = []

    def probe(name: str) -> Callable[[Service, Inputs, Context], Noted]:
        return lambda target, _given, _bench: ran.append((name, target.port)) or Noted()  # type: ignore[func-returns-value]

    outcome = carry_out(
        announcing(IMAP, SMTP),
        check("reads", probe("reading"), each=Service, applies=lambda s: "reading" in s.ways),
        check("sends", probe("sending"), each=Service, applies=lambda s: "sending" in s.ways),
    )

    assert sorted(ran) == [("reading", 993), ("sending", 465)]
    assert sorted(by_id(outcome)) == ["discovery", "reads.imap.993", "sends.smtp.465"]


# -- taking turns


def test_turns_are_taken_one_at_a_time_in_the_order_of_services() -> None:
    """No two instances overlap, and each sees what those before it left."""
    inside = threading.Lock()
    seen: list[tuple[int, list[int]]] = []

    def probe(target: Service, given: Inputs, _bench: Context) -> Noted:
        assert inside.acquire(blocking=False), "two turns at once"
        seen.append((target.port, [one.port for one, _ in given.each(left_by("login")) if isinstance(one, Service)]))
        inside.release()
        return Noted(word=str(target.port))

    carry_out(announcing(IMAP, POP3, SMTP), check("login", probe, each=Service, turns=Turns()))

    assert seen == [(993, []), (995, [993]), (465, [993, 995])]


def test_a_turn_waits_for_an_earlier_one_that_is_held_up() -> None:
    """The order holds even where the first service's needs take longest."""
    order: list[int] = []
    second_ready = threading.Event()

    def reach(target: Service, _given: Inputs, _bench: Context) -> Noted:
        if target == IMAP:
            assert second_ready.wait(PATIENCE)
        else:
            second_ready.set()
        return Noted()

    def login(target: Service, _given: Inputs, _bench: Context) -> Noted:
        order.append(target.port)
        return Noted()

    carry_out(
        announcing(IMAP, SMTP),
        check("reach", reach, each=Service),
        check("login", login, each=Service, needs=("reach",), turns=Turns()),
    )

    assert order == [993, 465]


def test_a_turn_that_was_skipped_leaves_no_facts_and_lets_the_next_go() -> None:
    """Only turns that were taken are handed on."""
    seen: list[int] = []

    def probe(target: Service, given: Inputs, _bench: Context) -> Noted:
        if target == IMAP:
            raise SkipCheck(text("not this one"))
        seen.append(len(given.elsewhere))
        return Noted()

    outcome = carry_out(announcing(IMAP, SMTP), check("login", probe, each=Service, turns=Turns()))

    assert seen == [0]
    assert why(by_id(outcome)["login.imap.993"]) == "not this one"


@pytest.mark.parametrize("crash", [RuntimeError("boom"), SystemExit(1)], ids=["exception", "exit"])
def test_after_a_turn_that_crashed_no_other_is_taken(crash: BaseException) -> None:
    """What a crashed login had sent is not known: another service must not get the same password."""
    sent: list[int] = []

    def probe(target: Service, _given: Inputs, _bench: Context) -> Noted:
        sent.append(target.port)
        raise crash

    outcome = carry_out(announcing(IMAP, POP3, SMTP), check("login", probe, each=Service, turns=Turns()))

    assert sent == [993]
    assert [r.status for r in outcome.results if r.check == "login"] == ["error", "skip", "skip"]
    assert why(by_id(outcome)["login.smtp.465"]) == "login.imap.993"


# -- skips


def test_a_skip_names_the_root_need() -> None:
    """What could not run says what failed first, not what is nearest."""
    outcome = by_id(
        carry_out(
            check("a", usable=lambda _: False),
            check("b", needs=("a",)),
            check("c", needs=("b",)),
            check("d", needs=("c",)),
            check("e", reads=("d",)),
        )
    )

    assert [outcome[name].status for name in "abcde"] == ["pass", "skip", "skip", "skip", "pass"]
    assert [why(outcome[name]) for name in "bcd"] == ["a", "a", "a"]


def test_the_reason_of_a_probe_that_skips_is_passed_on() -> None:
    """Where the root is a skip, its own words are what the others were skipped for."""

    def probe(*_: Any) -> Noted:
        raise SkipCheck(text("there is no {thing}", thing="password"))

    outcome = by_id(carry_out(check("a", probe), check("b", needs=("a",)), check("c", needs=("b",))))

    assert {why(outcome[name]) for name in "abc"} == {"there is no password"}
    assert not outcome["a"].usable


def test_only_runs_what_was_asked_for_and_what_that_needs() -> None:
    """Needs of needs run, others are shown as left out, with the reason."""
    checks = (check("a"), check("b", needs=("a",)), check("c", needs=("b",)), check("d"), check("e", needs=("c",)))
    outcome = by_id(carry_out(*checks, selection=Selection(only=("c",))))

    assert [outcome[name].status for name in "abcde"] == ["pass", "pass", "pass", "skip", "skip"]
    assert why(outcome["d"]) == "not among the checks chosen with --only"


def test_only_runs_a_subjects_check_that_a_service_found_later_needs() -> None:
    """Whether a need is needed shows only once discovery is over."""
    outcome = by_id(
        carry_out(
            announcing(IMAP),
            check("domain"),
            check("port", each=Service, needs=("domain",)),
            selection=Selection(only=("port",)),
        )
    )

    assert outcome["port.imap.993"].status == "pass"
    assert outcome["domain"].status == "pass"


@pytest.mark.parametrize(
    ("only", "ran"),
    [
        (("port",), {"port.imap.993", "port.smtp.465"}),
        (("port.imap",), {"port.imap.993"}),
        (("port.smtp.465",), {"port.smtp.465"}),
        (("port.im",), set()),
        (("reach",), {"port.imap.993", "port.smtp.465"}),
        (("name", "port.imap.993"), {"name", "port.imap.993"}),
    ],
)
def test_only_takes_ids_their_beginnings_and_families(only: tuple[str, ...], ran: set[str]) -> None:
    """A beginning ends at a dot; a family is all its checks."""
    outcome = carry_out(
        announcing(IMAP, SMTP),
        check("port", each=Service, family="reach"),
        check("name"),
        selection=Selection(only=only),
    )

    assert {r.id for r in outcome.results if r.status == "pass"} == ran | {"discovery"}


def test_skip_leaves_out_a_check_and_what_needs_it() -> None:
    """And says so; discovery cannot be left out."""
    outcome = by_id(
        carry_out(
            announcing(IMAP), check("a"), check("b", needs=("a",)), check("c", reads=("a",)),
            selection=Selection(skip=("a", DISCOVERY)),
        )
    )  # fmt: skip

    assert {name: result.status for name, result in outcome.items()} == {
        "a": "skip",
        "b": "skip",
        "c": "pass",
        "discovery": "pass",
    }
    assert why(outcome["b"]) == "left out with --skip"


@pytest.mark.parametrize(
    ("selection", "left_out"),
    [(Selection(), ""), (Selection(skip=("b",)), "b"), (Selection(only=("a",)), "bc"), (Selection(only=("c",)), "b")],
)
def test_a_probe_knows_for_whom_nothing_need_be_done(selection: Selection, left_out: str) -> None:
    told: list[frozenset[type[Facts]]] = []

    def notice(target: Target, given: Inputs, bench: Context) -> Noted:
        told.append(bench.left_out)
        return noted(target, given, bench)

    carry_out(check("a", notice), check("b"), check("c", needs=("a",)), selection=selection)
    assert told == [frozenset(map(left_by, left_out))]


# -- crashes and hangs

SECRET = "hunter2-secret"


@pytest.mark.parametrize(
    "error",
    [RuntimeError(SECRET), KeyError(SECRET), SystemExit(SECRET), KeyboardInterrupt(SECRET), RecursionError(SECRET)],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("where", ["probe", "judge", "usable"])
def test_a_crash_is_the_checks_own_error_without_its_words(where: str, error: BaseException) -> None:
    """Type and place are shown; the message and the variables, which may hold a secret, are not. Others go on."""

    def crash(*_: Any) -> Any:
        password = SECRET
        assert password
        raise error

    outcome = by_id(
        carry_out(
            check(
                "ill",
                crash if where == "probe" else noted,
                judge=crash if where == "judge" else silent,
                usable=crash if where == "usable" else always,
            ),
            check("well"),
            check("needy", needs=("ill",)),
        )
    )

    assert outcome["ill"].status == "error"
    assert type(error).__name__ in why(outcome["ill"])
    assert "test_runner.py:" in why(outcome["ill"])
    assert outcome["well"].status == "pass"
    assert why(outcome["needy"]) == "ill"
    assert SECRET not in repr(outcome)


def test_a_judge_that_crashes_half_way_leaves_its_facts() -> None:
    """The facts were seen, and can be judged again; half the findings are none."""

    def judge(*_: Any) -> Iterator[Finding]:
        yield found()
        raise ValueError

    (result,) = carry_out(check("a", judge=judge)).results

    assert (result.status, result.facts, result.findings) == ("error", left_by("a")(word="corp.example"), ())


def test_a_cause_that_no_catalogue_knows_is_the_checks_error() -> None:
    """A typing mistake in a check must not end the run, nor be shown as a cause."""
    (result,) = carry_out(check("a", judge=lambda *_: (found("no.such-cause"),))).results

    assert result.status == "error"
    assert result.findings == ()


def test_a_check_that_hangs_is_cut_off_and_the_rest_is_reported() -> None:
    """At the deadline: what hangs is an error, what waited for it is skipped, what is finished counts."""
    let_go, finished = threading.Event(), threading.Event()

    def hang(*_: Any) -> Noted:
        assert finished.wait(PATIENCE)
        let_go.wait(PATIENCE)
        return Noted(word="too late")

    def quick(*_: Any) -> Noted:
        finished.set()
        return Noted()

    try:
        outcome = by_id(carry_out(check("stuck", hang), check("waits", needs=("stuck",)), check("quick", quick),
                                  deadline=Deadline(patient(0.5))))  # fmt: skip
    finally:
        let_go.set()

    assert {name: result.status for name, result in outcome.items()} == {
        "stuck": "error",
        "waits": "skip",
        "quick": "pass",
    }
    assert why(outcome["stuck"]) == why(outcome["waits"]) == "the time for the whole run was over"


def test_a_chain_of_checks_does_not_outlive_the_deadline() -> None:
    """Checks that each come back a moment late must not add up: nothing is begun once the time is over."""
    begun: list[str] = []
    deadline = ToldDeadline()

    def late(name: str) -> Callable[..., Noted]:
        def probe(_target: Subject, _given: Inputs, bench: Context) -> Noted:
            begun.append(name)
            deadline.over = True
            assert bench.deadline.passed()
            return Noted()

        return probe

    outcome = carry_out(
        check("c0", late("c0")), *(check(f"c{n}", late(f"c{n}"), needs=(f"c{n - 1}",)) for n in range(1, 30)),
        deadline=deadline,
    )  # fmt: skip

    assert begun == ["c0"]
    assert [result.status for result in outcome.results] == ["pass"] + ["skip"] * 29


class Interrupted(queue.SimpleQueue[Any]):
    """An inbox at which somebody presses Ctrl-C once a message has come in, and before it is read."""

    arrived: threading.Event
    pressed = False

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        super().put(item, block, timeout)
        self.arrived.set()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if type(self).pressed:
            return super().get(block, timeout)
        assert self.arrived.wait(PATIENCE)
        type(self).pressed = True
        raise KeyboardInterrupt


def test_ctrl_c_reports_what_was_found_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is finished counts even where the runner had not looked yet; what the person stopped is in no error."""
    monkeypatch.setattr(Interrupted, "arrived", threading.Event(), raising=False)
    monkeypatch.setattr(Interrupted, "pressed", False)
    monkeypatch.setattr(runner, "queue", SimpleNamespace(SimpleQueue=Interrupted, Empty=queue.Empty))
    let_go = threading.Event()

    def hang(*_: Any) -> Noted:
        let_go.wait(PATIENCE)
        return Noted()

    try:
        outcome = carry_out(check("stuck", hang), check("quick"), check("waits", needs=("stuck",)))
    finally:
        let_go.set()

    assert outcome.interrupted
    results = by_id(outcome)
    assert {name: result.status for name, result in results.items()} == {
        "stuck": "skip",
        "quick": "pass",
        "waits": "skip",
    }
    assert why(results["stuck"]) == why(results["waits"]) == "the run was interrupted"
    assert {name: result.cut_off for name, result in results.items()} == {"stuck": True, "quick": False, "waits": False}


def test_a_signal_that_another_thread_has_caught_is_heard() -> None:
    """It ends no wait of the run's own thread; on Windows none does."""
    let_go = threading.Event()

    def hang(*_: Any) -> Noted:
        time.sleep(SOON)  # by then the run's own thread waits
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        let_go.wait(PATIENCE)
        return Noted()

    with signals.held_back() as interruption:
        try:
            outcome = carry_out(check("stuck", hang), interruption=interruption)
        finally:
            let_go.set()

    assert outcome.interrupted
    assert why(by_id(outcome)["stuck"]) == "the run was interrupted"


def test_what_is_kept_open_is_closed_at_the_end() -> None:
    """Connections on the shelf are closed with the run, also when a check hangs or puts one there too late."""
    closed: list[str] = []

    class Connection:
        def __init__(self, name: str) -> None:
            self.name = name

        def close(self) -> None:
            closed.append(self.name)
            if self.name == "cross":
                raise OSError

    one = bench(Deadline(PATIENCE))

    def probe(_target: Subject, _given: Inputs, bench: Context) -> Noted:
        for name in ("first", "cross", "last"):
            bench.connections.put(name, Connection(name))
        return Noted()

    run((check("a", probe),), SUBJECT, one, provider=None, hinders_only=hinders_only)
    one.connections.put("late", Connection("late"))

    assert sorted(closed) == ["cross", "first", "last", "late"]


def test_the_shelf_gives_out_once_and_only_the_right_kind() -> None:
    """What is taken is the taker's; what is replaced, or of another kind, is closed."""

    class Line:
        closed = False

        def close(self) -> None:
            self.closed = True

    class Other(Line):
        pass

    connections, first, second, other = bench(Deadline(PATIENCE)).connections, Line(), Line(), Other()
    connections.put("k", first)
    connections.put("k", second)
    assert first.closed
    assert connections.take("k", Line) is second
    assert connections.take("k", Line) is None
    connections.put("k", second)
    assert connections.take("k", Other) is None
    assert second.closed
    connections.put("k", other)
    assert connections.take("k", Line) is other
    assert not other.closed


# -- status


@pytest.mark.parametrize(
    ("findings", "status"),
    [
        ((), "pass"),
        ((found(),), "fail"),
        ((found(certainty="likely"),), "fail"),
        ((found(certainty="possible"),), "warn"),
        ((found("tls.cert-expiring"),), "warn"),
        ((found("tls.cert-expiring"), found(certainty="possible")), "warn"),
        ((found("tls.cert-expiring"), found()), "fail"),
        ((found(partial=True),), "warn"),
    ],
)
def test_status_says_how_bad(findings: tuple[Finding, ...], status: str) -> None:
    """fail: something that can block was seen; warn: it is only possible, only hinders, or is true of a part only."""
    (result,) = carry_out(check("a", judge=lambda *_: findings)).results

    assert (result.status, result.findings) == (status, findings)


# -- progress


class Watcher:
    """Notes what it is told, and by which thread."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.threads: set[threading.Thread] = set()

    def note(self, what: str, identity: str) -> None:
        self.told.append((what, identity))
        self.threads.add(threading.current_thread())

    def planned(self, identity: str, title: Text) -> None:
        self.note("planned", f"{identity} {title.render()}")

    def started(self, identity: str) -> None:
        self.note("started", identity)

    def finished(self, result: CheckResult) -> None:
        self.note(result.status, result.id)


def test_the_observer_is_told_of_every_change_in_order() -> None:
    """Planned, started, finished, each once, from the caller's thread; a skip never starts."""
    watcher = Watcher()
    carry_out(
        check("a", usable=lambda _: False), check("b", needs=("a",)), check("c", lambda *_: 1 // 0),
        observer=watcher,
    )  # fmt: skip

    assert watcher.threads == {threading.current_thread()}
    assert watcher.told[:3] == [("planned", f"{name} corp.example") for name in "abc"]
    for name, states in {"a": ["started", "pass"], "b": ["skip"], "c": ["started", "error"]}.items():
        assert [what for what, identity in watcher.told[3:] if identity == name] == states


def test_times_are_milliseconds_since_the_run_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that ran has both, one that was skipped has neither."""
    outcome = by_id(carry_out(check("a", usable=lambda _: False), check("b", needs=("a",))))

    assert outcome["a"].started_ms is not None
    assert outcome["a"].duration_ms is not None
    assert 0 <= outcome["a"].started_ms <= 1000 * PATIENCE
    assert (outcome["b"].started_ms, outcome["b"].duration_ms) == (None, None)


# -- declarations


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ((check("a", needs=("b",)),), "a waits for b, which no check leaves"),
        ((check("a", reads=("b", "c")),), "a waits for b, c, which no check leaves"),
        ((check("a", starts_after=("b",)),), "a waits for b, which no check leaves"),
        ((check("a"), check("a")), "two checks are called a"),
        ((check("a"), msgspec.structs.replace(check("b"), facts=left_by("a"))), "b leaves a, as a does"),
        ((check("a", needs=("a",)),), "in a circle: a"),
        ((check("a", needs=("b",)), check("b", reads=("a",))), "in a circle: a, b"),
        ((check("a", starts_after=("b",)), check("b", needs=("a",))), "in a circle: a, b"),
        ((check("x"), check("a", needs=("c",)), check("b", needs=("a",)), check("c", needs=("b",))), "a, b, c"),
        (
            (check("a", each=Service, needs=("b",)), check("b", each=Service, needs=("a",))),
            "in a circle: a, b",
        ),
    ],
)
def test_declarations_that_cannot_run_are_refused(checks: tuple[Check[Any], ...], words: str) -> None:
    """By name, and before anything has run."""
    with pytest.raises(DeclarationError, match=words):
        validate(checks)
    with pytest.raises(DeclarationError):
        carry_out(*checks)


def test_what_is_absent_may_be_read_and_not_needed() -> None:
    """A run of few checks goes without the others: what they would have left is not there, and that is no mistake."""
    away, seen = left_by("away"), []

    def probe(_target: Subject, given: Inputs, _bench: Context) -> Noted:
        seen.append((given.get(away), list(given.each(away))))
        return Noted()

    (result,) = carry_out(check("a", probe, reads=("away",)), absent=frozenset({away})).results

    assert (result.status, seen) == ("pass", [(None, [])])
    with pytest.raises(DeclarationError, match="a waits for away"):
        carry_out(check("a", needs=("away",)), absent=frozenset({away}))


def test_a_circle_over_kinds_of_services_that_never_meet_is_none() -> None:
    """TLS before the greeting on one kind of port, after it on the other."""
    early, late = check("tls", each=Service), check("hello", each=Service)
    validate(
        (
            msgspec.structs.replace(early, needs=need(late.facts, where=lambda s: s.tls == "starttls")),
            msgspec.structs.replace(late, needs=need(early.facts, where=lambda s: s.tls == "implicit")),
        )
    )


def test_a_plain_tuple_of_needs_will_do_for_a_package_that_nobody_has_checked() -> None:
    plain: Any = (left_by("a"),)
    later = msgspec.structs.replace(check("b"), needs=plain)
    outcome = by_id(carry_out(check("a", usable=lambda _: False), later))

    assert later.needed(SUBJECT) == plain
    assert outcome["b"].status == "skip"


def test_what_is_needed_may_depend_on_the_target() -> None:
    """One record serves both kinds of port: what one waits for, the other is waited for by."""
    order: list[tuple[str, int]] = []

    def noting(name: str) -> Callable[..., Noted]:
        return lambda target, *_: order.append((name, target.port)) or Noted()  # type: ignore[func-returns-value]

    upgraded = msgspec.structs.replace(IMAP, port=143, tls="starttls")
    early, late = check("tls", noting("tls"), each=Service), check("hello", noting("hello"), each=Service)
    outcome = carry_out(
        announcing(IMAP, upgraded),
        msgspec.structs.replace(early, needs=need(late.facts, where=lambda s: s.tls == "starttls")),
        msgspec.structs.replace(late, needs=need(early.facts, where=lambda s: s.tls == "implicit")),
    )

    assert {result.status for result in outcome.results} == {"pass"}
    assert [name for name, port in order if port == 993] == ["tls", "hello"]
    assert [name for name, port in order if port == 143] == ["hello", "tls"]


def test_one_check_may_be_for_several_kinds_of_targets() -> None:
    """Its title may depend on which; whoever is on the subject gets its own facts, and those of the others."""
    seen: list[tuple[Facts | None, int]] = []

    def total(_target: Subject, given: Inputs, _bench: Context) -> Noted:
        both = left_by("both")
        seen.append((given.get(both), len(list(given.each(both)))))
        return Noted()

    both = msgspec.structs.replace(
        check("both"), each=Subject | Service, title=lambda target: "{port}" if isinstance(target, Service) else "it"
    )
    outcome = by_id(carry_out(announcing(IMAP, SMTP), both, check("total", total, reads=("both",))))

    assert [outcome[name].title.render() for name in ("both", "both.imap.993")] == ["it", "993"]
    assert seen == [(left_by("both")(word="corp.example"), 2)]


def test_inputs_hand_out_facts_by_type() -> None:
    """A need that left none is a mistake that shows; what is only read may be missing."""
    first, other = left_by("a"), left_by("b")
    given = Inputs(subject=SUBJECT, provider=None, services=(), facts=(first(word="w"),))

    assert given[first].word == "w"
    assert given.get(first) == first(word="w")
    assert given.get(other) is None
    with pytest.raises(KeyError):
        given[other]


@pytest.mark.parametrize(
    "ask",
    [
        lambda given: given[left_by("first")],
        lambda given: given.get(left_by("first")),
        lambda given: list(given.each(left_by("first"))),
        lambda given: given.get(left_by("order")),
    ],
    ids=["needed", "read", "each", "started after"],
)
def test_what_is_not_declared_is_not_handed_out(ask: Callable[[Inputs], object]) -> None:
    """A need that was forgotten is the check's error in every run, and not only where the other is late."""

    def probe(_target: Subject, given: Inputs, _bench: Context) -> Noted:
        ask(given)
        return Noted()

    outcome = by_id(
        carry_out(check("first"), check("order"), check("a", probe, reads=("beside",), starts_after=("order",)),
                  check("beside"))
    )  # fmt: skip

    assert outcome["a"].status == "error"
    assert "UndeclaredError" in why(outcome["a"])


def test_a_probe_leaves_the_facts_that_its_check_declares() -> None:
    """Others ask by the type, so another one would never be found."""
    outcome = by_id(carry_out(check("a", lambda *_: left_by("b")()), check("b", needs=("a",))))

    assert (outcome["a"].status, outcome["a"].facts) == ("error", None)
    assert why(outcome["b"]) == "a"


def test_results_are_plain_data() -> None:
    """What a run brings can be written as JSON as it is."""
    outcome = carry_out(announcing(IMAP), check("port", each=Service, judge=lambda *_: (found(),)))

    assert b"server.fault" in msgspec.json.encode(outcome)


# -- a tick means the title


@pytest.mark.parametrize(
    ("findings", "untold", "status"),
    [
        ((), None, "pass"),
        ((), text("nothing came"), "skip"),
        ((found(certainty="possible"),), text("nothing came"), "warn"),
        ((found(),), text("nothing came"), "fail"),
    ],
)
def test_a_check_passes_only_where_its_facts_bear_the_title_out(
    findings: tuple[Finding, ...], untold: Text | None, status: str
) -> None:
    """Without findings and without an answer it is left aside, with the reason and its facts."""
    outcome = by_id(
        carry_out(
            check("a", judge=lambda _facts, _given, _target: findings, untold=lambda _: untold),
            check("b", needs=("a",)),
        )
    )

    assert outcome["a"].status == status
    assert outcome["a"].facts is not None
    assert (outcome["a"].skipped_because is not None) is (status == "skip")
    assert outcome["b"].status == "pass"  # its facts can be gone on with all the same


def test_what_needs_facts_that_tell_nothing_names_the_check() -> None:
    """The reason why nothing was told is not that of those behind it."""
    outcome = by_id(
        carry_out(
            check("a", untold=lambda _: text("nothing came"), usable=lambda _: False),
            check("b", needs=("a",)),
            check("c", needs=("b",)),
        )
    )

    assert [outcome[name].skipped_because for name in "bc"] == [Skip(need="a")] * 2


def test_what_the_person_left_out_is_marked() -> None:
    """It is told apart from what could not be done."""
    outcome = by_id(
        carry_out(
            check("a"), check("b", usable=lambda _: False), check("c", needs=("b",)), selection=Selection(skip=("a",))
        )
    )

    assert {name: result.left_out for name, result in outcome.items()} == {"a": True, "b": False, "c": False}
