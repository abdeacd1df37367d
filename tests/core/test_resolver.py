"""DNS answers as facts: silence, failure, absence and emptiness are told apart, and no answer is unbounded."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Sequence
from typing import get_args

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.locale.language import translation
from diagnose.model import Deadline, Text
from diagnose.network import (
    DnsAnswer,
    MxRecord,
    Nameserver,
    Network,
    NoThreadError,
    SrvRecord,
    asking,
    mx_records,
    resolver,
    srv_records,
)
from diagnose.network.resolver import MOST_RECORDS, DnsStatus, RecordType, Resolver
from tests.core.loopback import PATIENCE, Answer, DnsServer, closed_port
from tests.pace import within

NAME = "mail.corp.example"


@pytest.fixture
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence costs a second only."""
    monkeypatch.setattr(resolver, "TRY_SECONDS", (1.0,))


def reply(question: bytes, *records: str, rcode: int = 0, flags: int = 0, owner: str = "") -> dns.message.Message:
    asked = dns.message.from_wire(question)
    answer = dns.message.make_response(asked)
    answer.set_rcode(dns.rcode.Rcode(rcode))
    answer.flags |= flags
    for record in records:
        name, kind, value = record.split(" ", 2)
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, value))
    return answer


def says(*records: str, rcode: int = 0, flags: int = 0) -> Answer:
    return lambda question: [reply(question, *records, rcode=rcode, flags=flags).to_wire(max_size=65535)]


def nothing(_question: bytes) -> Sequence[bytes]:
    return []


def ask(server: DnsServer, kind: RecordType = "A", seconds: float = PATIENCE, **more: bool) -> DnsAnswer:
    return Resolver(server.address).query(NAME, kind, Deadline(seconds), **more)


# -- the statuses


@pytest.mark.usefixtures("one_try")
@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (says(f"{NAME}. A 192.0.2.1"), "answered", ""),
        (says(), "no_data", ""),
        (says(rcode=3), "name_not_found", "NXDOMAIN"),
        (says(rcode=2), "server_failure", "SERVFAIL"),
        (says(rcode=5), "refused", "REFUSED"),
        (says(rcode=4), "server_failure", "NOTIMP"),
        (says(rcode=1), "server_failure", "FORMERR"),
        (nothing, "timed_out", "did not answer"),
        (lambda q: [b"\x00"], "malformed", ""),
        (lambda q: [q[:2] + b"\x81\x80" + b"\xff" * 40], "malformed", ""),
        (lambda q: [struct.pack("!H", 1 + struct.unpack("!H", q[:2])[0] % 65535) + q[2:]], "malformed", ""),
        (lambda q: [q], "malformed", ""),
    ],
    ids=["A", "empty", "NXDOMAIN", "SERVFAIL", "REFUSED", "NOTIMP", "FORMERR", "silence", "a byte", "garbage",
         "wrong id", "echo"],
)  # fmt: skip
def test_every_way_of_answering_is_its_own_fact(answer: Answer, status: str, words: str) -> None:
    """What the server said is kept as words, except where all is well."""
    with DnsServer(answer) as server:
        found = ask(server)

    assert found.status == status
    assert words in found.text
    assert found.records == (("192.0.2.1",) if status == "answered" else ())
    assert (found.name, found.record_type) == (NAME, "A")


@pytest.mark.usefixtures("one_try")
@pytest.mark.parametrize(
    ("answer", "told", "in_chinese"),
    [
        (nothing, "{server}: no answer in time", "{server}：响应超时"),
        (says(rcode=3), "{server}: NXDOMAIN", "{server}: NXDOMAIN"),
        (says(rcode=2), "{server}: SERVFAIL", "{server}: SERVFAIL"),
    ],
    ids=["silence", "NXDOMAIN", "SERVFAIL"],
)
def test_why_there_are_no_records_is_told_in_any_language(answer: Answer, told: str, in_chinese: str) -> None:
    """Codes of DNS stay as they are; the system's own words are for the facts."""
    with DnsServer(answer) as server:
        found, place = ask(server), str(server.address)

    assert quoted(found.words, str) == told.format(server=place)
    assert quoted(found.words, translation("zh-Hans")) == in_chinese.format(server=place)


def test_a_resolver_that_refuses_the_connection_is_told_in_any_language() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        place = Nameserver("127.0.0.1", taken.getsockname()[1])
    found = Resolver(place).query(NAME, "A", Deadline(PATIENCE))

    assert found.status == "timed_out"
    assert "refused" in found.text
    assert quoted(found.words, str) == f"{place}: connection refused"
    assert quoted(found.words, translation("zh-Hant")) == f"{place}：連線被拒絕"


def quoted(words: Text | str, translate: Callable[[str], str]) -> str:
    return words if isinstance(words, str) else words.render(translate)


def test_a_wrong_answer_before_the_right_one_does_not_count() -> None:
    """Somebody else's datagram, or an old one: whoever answers with another id has answered another question."""

    def answer(question: bytes) -> Sequence[bytes]:
        right = reply(question, f"{NAME}. A 192.0.2.1").to_wire()
        wrong = reply(question, f"{NAME}. A 192.0.2.66").to_wire()
        return [bytes([wrong[0] ^ 1]) + wrong[1:], right]

    with DnsServer(answer) as server:
        assert ask(server).records == ("192.0.2.1",)


@pytest.mark.usefixtures("one_try")
def test_an_answer_to_another_question_does_not_count() -> None:
    """The question section has to be ours (RFC 5452 §4.2)."""

    def answer(question: bytes) -> Sequence[bytes]:
        other = dns.message.make_query("other.example.", "A")
        other.id = dns.message.from_wire(question).id
        return [reply(other.to_wire(), "other.example. A 192.0.2.66").to_wire()]

    with DnsServer(answer) as server:
        assert ask(server).status == "malformed"


def test_a_lost_datagram_costs_one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second question is answered."""
    monkeypatch.setattr(resolver, "TRY_SECONDS", (0.2, PATIENCE))

    def answer(question: bytes) -> Sequence[bytes]:
        if len(server.asked) == 1:
            return []
        return says(f"{NAME}. A 192.0.2.1")(question)

    with DnsServer(answer) as server:
        assert ask(server).status == "answered"
    assert len(server.asked) == 2


@pytest.mark.usefixtures("one_try")
def test_a_server_that_is_not_there_is_one_that_does_not_answer() -> None:
    """An ICMP port unreachable is no answer."""
    found = Resolver(Nameserver("127.0.0.1", closed_port())).query(NAME, "A", Deadline(PATIENCE))

    assert found.status == "timed_out"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "::1"])
def test_a_port_that_refuses_is_known_at_once(address: str) -> None:
    """By ICMP; the tries of a server that is silent would take eight seconds."""
    with within(0.5):
        answer = Resolver(Nameserver(address, closed_port())).query(NAME, "MX", Deadline(PATIENCE))

    assert answer.status == "timed_out"
    assert "refused" in answer.text


def test_behind_a_port_that_refuses_the_next_server_is_asked() -> None:
    with DnsServer(says()) as server:
        both = Resolver(configured=lambda: (Nameserver("127.0.0.1", closed_port()), server.address))
        with within(0.5):
            assert both.query(NAME, "MX", Deadline(PATIENCE)).status == "no_data"


def test_no_question_is_asked_after_the_deadline() -> None:
    """Nothing leaves this computer any more."""
    with DnsServer(nothing) as server:
        assert ask(server, seconds=0).status == "timed_out"
    assert server.asked == []


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", "a." * 200 + "example", "\udcff.example"])
def test_what_is_no_name_is_not_asked_for(name: str) -> None:
    """Told as malformed."""
    with DnsServer(nothing) as server:
        found = Resolver(server.address).query(name, "A", Deadline(PATIENCE))
    assert found.status == "malformed"
    assert server.asked == []


def test_a_computer_without_a_resolver_says_so() -> None:
    """That is a finding of its own."""
    assert Resolver(configured=lambda: ()).query(NAME, "A", Deadline(PATIENCE)).status == "no_resolver"


def test_a_second_server_is_asked_where_the_first_is_of_no_use() -> None:
    """As this computer itself would do."""
    with DnsServer(says(rcode=2)) as ill, DnsServer(says(f"{NAME}. A 192.0.2.1")) as well:
        both = Resolver(configured=lambda: (ill.address, well.address))
        assert both.query(NAME, "A", Deadline(PATIENCE)).status == "answered"


# -- what is asked


def test_a_question_is_asked_once_a_run() -> None:
    """In any letter case, with or without the final dot; CD is another question."""
    with DnsServer(says(f"{NAME}. A 192.0.2.1")) as server:
        one = Resolver(server.address)
        for name in (NAME, NAME.upper(), NAME + "."):
            assert one.query(name, "A", Deadline(PATIENCE)).status == "answered"
        assert len(server.asked) == 1
        one.query(NAME, "A", Deadline(PATIENCE), checking_disabled=True)
        assert len(server.asked) == 2
    flags = [dns.message.from_wire(question).flags & dns.flags.CD for question in server.asked]
    assert flags == [0, dns.flags.CD]


def test_askers_at_once_share_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine threads, one datagram; an asker with less patience does not wait for the others'."""
    monkeypatch.setattr(resolver, "TRY_SECONDS", (PATIENCE,))
    together, asked, go = threading.Barrier(9), threading.Event(), threading.Event()

    def answer(question: bytes) -> Sequence[bytes]:
        asked.set()
        go.wait(PATIENCE)
        return says(f"{NAME}. A 192.0.2.1")(question)

    found: list[str] = []
    with DnsServer(answer) as server:
        one = Resolver(server.address)

        def work() -> None:
            together.wait(PATIENCE)
            found.append(one.query(NAME, "A", Deadline(PATIENCE)).status)

        workers = [threading.Thread(target=work, daemon=True) for _ in range(9)]
        for worker in workers:
            worker.start()
        assert asked.wait(PATIENCE)
        assert one.query(NAME, "A", Deadline(0.05)).status == "timed_out"
        go.set()
        for worker in workers:
            worker.join(PATIENCE)
    assert found == ["answered"] * 9
    assert len(server.asked) == 1


def test_questions_are_absolute_and_recursive() -> None:
    """No search list of this computer is tried."""
    with DnsServer(says(rcode=3)) as server:
        Resolver(server.address).query("imap", "A", Deadline(PATIENCE))
    (question,) = (dns.message.from_wire(one) for one in server.asked)
    assert str(question.question[0].name) == "imap."
    assert question.flags & dns.flags.RD
    assert question.edns == 0


# -- large and odd answers


def test_a_truncated_answer_is_asked_for_by_tcp() -> None:
    """And only that one counts."""
    with DnsServer(says(flags=dns.flags.TC), says(f"{NAME}. A 192.0.2.1")) as server:
        assert ask(server).records == ("192.0.2.1",)
    assert len(server.asked_by_tcp) == 1


@pytest.mark.usefixtures("one_try")
@pytest.mark.parametrize("over_tcp", [None, nothing, lambda q: [b"\x00\x01\x02"]], ids=["refused", "silent", "garbage"])
def test_a_truncated_answer_without_tcp_is_no_answer(over_tcp: Answer | None) -> None:
    """Half the records are none."""
    with DnsServer(says(f"{NAME}. A 192.0.2.1", flags=dns.flags.TC), over_tcp) as server:
        found = ask(server, seconds=2)
    assert found.status in {"timed_out", "malformed"}
    assert found.records == ()


def test_the_fallback_to_tcp_keeps_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the datagram has used up is gone."""
    monkeypatch.setattr(resolver, "TRY_SECONDS", (PATIENCE,))
    with DnsServer(says(flags=dns.flags.TC), nothing) as server:
        deadline = Deadline(0.3)
        found = Resolver(server.address).query(NAME, "A", deadline)
    assert found.status == "timed_out"
    assert found.milliseconds < 1000 * PATIENCE / 3


def test_a_chain_of_aliases_is_followed_to_its_end() -> None:
    """Within the answer, in any order of the records."""
    records = ("b.example. A 192.0.2.1", "a.example. CNAME b.example.", f"{NAME}. CNAME a.example.")
    with DnsServer(says(*records)) as server:
        found = ask(server)
    assert (found.status, found.records, found.canonical_name) == ("answered", ("192.0.2.1",), "b.example")


def test_an_alias_that_leads_nowhere_is_told_with_its_end() -> None:
    """The name is there, what it points at is not."""
    with DnsServer(says(f"{NAME}. CNAME gone.example.", rcode=3)) as server:
        found = ask(server)
    assert (found.status, found.canonical_name) == ("name_not_found", "gone.example")


@pytest.mark.parametrize(
    "records",
    [
        (f"{NAME}. CNAME {NAME}.",),
        (f"{NAME}. CNAME a.example.", f"a.example. CNAME {NAME}."),
        (f"{NAME}. CNAME c0.example.", *(f"c{n}.example. CNAME c{n + 1}.example." for n in range(60))),
    ],
    ids=["itself", "circle", "endless"],
)
def test_aliases_in_circles_are_malformed(records: tuple[str, ...]) -> None:
    """Never followed for ever."""
    with DnsServer(says(*records)) as server:
        found = ask(server)
    assert found.records == ()
    assert found.status in {"malformed", "no_data"}


def test_hundreds_of_records_are_bounded() -> None:
    """Sorted, so that two runs keep the same ones."""
    addresses = [f"192.0.{n // 250}.{n % 250}" for n in range(500)]
    with DnsServer(says(flags=dns.flags.TC), says(*(f"{NAME}. A {address}" for address in addresses))) as server:
        found = ask(server)
    assert len(found.records) == MOST_RECORDS
    assert found.records == tuple(sorted(found.records))


def test_records_of_other_names_and_kinds_do_not_count() -> None:
    """Only what was asked for."""
    with DnsServer(says("evil.example. A 192.0.2.66", f"{NAME}. TXT hello")) as server:
        found = ask(server)
    assert (found.status, found.records) == ("no_data", ())


def test_what_the_resolver_explains_is_kept() -> None:
    """Extended DNS errors (RFC 8914) tell a bogus zone from a dead one."""

    def answer(question: bytes) -> Sequence[bytes]:
        ill = reply(question, rcode=2)
        ill.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS, "no valid signature")])
        return [ill.to_wire()]

    with DnsServer(answer) as server:
        assert "no valid signature" in ask(server).text


@pytest.mark.usefixtures("one_try")
@settings(max_examples=150, deadline=None)
@given(junk=st.binary(max_size=80), keep=st.integers(0, 40))
def test_no_answer_is_an_exception(junk: bytes, keep: int) -> None:
    """Whatever bytes come back, it is one of the statuses."""
    with DnsServer(lambda question: [question[:keep] + junk]) as server:
        found = ask(server, seconds=0.05)
    assert found.status in get_args(DnsStatus)


# -- what is made of records


def answered(kind: RecordType, *records: str) -> DnsAnswer:
    return DnsAnswer(name=NAME, record_type=kind, status="answered", records=records)


def test_mx_records_come_best_first() -> None:
    """And the null MX has no exchange."""
    assert mx_records(answered("MX", "20 B.example.", "10 c.example.", "10 a.example.")) == (
        MxRecord(preference=10, exchange="a.example"),
        MxRecord(preference=10, exchange="c.example"),
        MxRecord(preference=20, exchange="b.example"),
    )
    assert mx_records(answered("MX", "0 .")) == (MxRecord(preference=0, exchange=""),)
    assert mx_records(answered("MX")) == ()


def test_srv_records_come_in_the_order_to_try() -> None:
    """By priority, then the heavier first; an absent service has no target (RFC 2782)."""
    records = srv_records(
        answered("SRV", "10 5 993 b.example.", "10 9 993 c.example.", "0 0 993 A.example.", "20 0 0 .")
    )

    assert [record.target for record in records] == ["a.example", "c.example", "b.example", ""]
    assert records[0] == SrvRecord(priority=0, weight=0, port=993, target="a.example")


# -- addresses of a host


def test_with_a_chosen_resolver_its_answer_alone_counts() -> None:
    """The system is not asked, and IPv6 stands before IPv4."""

    def answer(question: bytes) -> Sequence[bytes]:
        kind = dns.message.from_wire(question).question[0].rdtype
        return says(f"{NAME}. AAAA 2001:db8::1" if kind == 28 else f"{NAME}. A 192.0.2.1")(question)

    with DnsServer(answer) as server:
        found = Network(server.address).addresses(NAME, Deadline(PATIENCE))
    assert found.addresses == ("2001:db8::1", "192.0.2.1")
    assert found.system is None


def test_the_unspecified_address_is_none() -> None:
    """Block lists answer with it."""
    with DnsServer(says(f"{NAME}. A 0.0.0.0")) as server:
        found = Network(server.address).addresses(NAME, Deadline(PATIENCE))
    assert found.addresses == ()
    assert found.ipv4 is not None
    assert found.ipv4.records == ("0.0.0.0",)


@pytest.mark.parametrize(
    ("server", "shown"),
    [
        (Nameserver("192.0.2.1"), "192.0.2.1"),
        (Nameserver("192.0.2.1", 5353), "192.0.2.1:5353"),
        (Nameserver("2001:db8::1"), "2001:db8::1"),
        (Nameserver("2001:db8::1", 5353), "[2001:db8::1]:5353"),
    ],
)
def test_a_nameserver_is_shown_as_it_is_given(server: Nameserver, shown: str) -> None:
    """With the port where it is not the usual one."""
    assert str(server) == shown


# -- servers that say nothing


def of(server: DnsServer) -> list[str]:
    """The names that *server* was asked for."""
    return [str(dns.message.from_wire(question).question[0].name) for question in server.asked]


def test_a_server_that_answers_nothing_is_given_up_after_two_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whichever question; a later one is still asked once."""
    monkeypatch.setattr(resolver, "TRY_SECONDS", (0.2, 0.3, PATIENCE))
    with DnsServer(nothing) as server:
        one = Resolver(server.address)
        assert [one.query(name, "A", Deadline(PATIENCE)).status for name in ("one.test", "two.test")] == [
            "timed_out"
        ] * 2
        assert of(server) == ["one.test.", "one.test.", "two.test."]


def test_a_server_that_answers_anything_is_asked_as_often_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """One name is slow to find, and others are not."""
    monkeypatch.setattr(resolver, "TRY_SECONDS", (0.2, 0.2, 0.2))

    def answer(question: bytes) -> Sequence[bytes]:
        slow = str(dns.message.from_wire(question).question[0].name) == "slow.test."
        return () if slow else says(rcode=3)(question)

    with DnsServer(answer) as server:
        one = Resolver(server.address)
        assert one.query("quick.test", "A", Deadline(PATIENCE)).status == "name_not_found"
        assert one.query("slow.test", "A", Deadline(PATIENCE)).status == "timed_out"
        assert of(server) == ["quick.test.", *["slow.test."] * 3]


def test_nonsense_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever sends it, something is there."""
    monkeypatch.setattr(resolver, "TRY_SECONDS", (0.2, 0.2, 0.2))
    with DnsServer(lambda question: [b"\x00"]) as server:
        assert Resolver(server.address).query(NAME, "A", Deadline(PATIENCE)).status == "malformed"
        assert len(server.asked) == 3


# -- several questions at once


def test_several_questions_are_asked_at_once_and_answered_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is answered before all have come, so that one after the other would bring nothing."""
    monkeypatch.setattr(resolver, "TRY_SECONDS", (0.3,) * 20)
    monkeypatch.setattr(resolver, "silence", lambda: PATIENCE)
    names = ("c.example", "a.example", "b.example")
    came = set[str]()

    def answer(question: bytes) -> Sequence[bytes]:
        name = str(dns.message.from_wire(question).question[0].name)
        came.add(name)
        return says(f"{name} A 192.0.2.1")(question) if len(came) == len(names) else []

    with DnsServer(answer) as server:
        found = Resolver(server.address).query_all(((name, "A") for name in names), Deadline(PATIENCE))

    assert [(one.name, one.records) for one in found] == [(name, ("192.0.2.1",)) for name in names]


def test_what_is_asked_already_is_not_asked_again() -> None:
    with DnsServer(says(f"{NAME}. A 192.0.2.1")) as server:
        asking = Resolver(server.address)
        begun = asking.begin(NAME, "A", Deadline(PATIENCE))
        found = asking.query_all([(NAME, "A"), (NAME.upper(), "A")], Deadline(PATIENCE))
        assert begun.result(PATIENCE) == found[0] == found[1] == asking.query(NAME, "A", Deadline(PATIENCE))

        assert len(server.asked) == 1


def test_without_a_thread_several_questions_are_asked_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> object:
        raise NoThreadError

    monkeypatch.setattr(asking, "outside_runs", none)
    with DnsServer(says(f"{NAME}. A 192.0.2.1")) as server:
        asked = Resolver(server.address)
        found = asked.query_all([(NAME, "A"), (NAME, "AAAA")], Deadline(PATIENCE))
        assert [one.status for one in found] == ["answered", "no_data"]
        with pytest.raises(NoThreadError):
            asked.begin(NAME, "TXT", Deadline(PATIENCE))
        assert asked.query(NAME, "TXT", Deadline(PATIENCE)).status == "no_data"


def test_what_another_asks_is_waited_for_no_longer_than_the_own_deadline() -> None:
    with DnsServer(nothing) as server:
        asking = Resolver(server.address)
        begun = asking.begin(NAME, "A", Deadline(1))
        (found,) = asking.query_all([(NAME, "A")], Deadline(0))
        assert (found.status, found.text) == ("timed_out", "")  # nobody was asked for this one
        assert "did not answer" in begun.result(PATIENCE).text
