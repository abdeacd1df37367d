"""DNS as facts: each answer is what was asked, what came back, and how long it took.

Timeout, SERVFAIL, NXDOMAIN and an empty answer are four different facts (RFC 1035, 2308, 8914).
"""

from __future__ import annotations

import ipaddress
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple, Self, TypeAlias

import dns.exception
import msgspec

from diagnose.model.deadline import Deadline
from diagnose.model.domains import ascii_name, host_and_port
from diagnose.model.failures import Failure, FailureName, failure_name
from diagnose.model.text import Text, text
from diagnose.network.answers import Answers, Asked, Heard
from diagnose.network.asking import Tries, Try, Unread, asker
from diagnose.network.coming import Coming
from diagnose.network.datagrams import NonsenseError
from diagnose.network.message import BAD_VERSION, FORMAT_ERROR, NOT_IMPLEMENTED
from diagnose.network.question import Question
from diagnose.network.question import RecordType as RecordType
from diagnose.network.resolv_conf import nameservers_in
from diagnose.network.threads import NoThreadError
from diagnose.process.first_use import made_once, one_at_a_time

if TYPE_CHECKING:
    import dns.resolver

    from diagnose.network.answering import Answering

DnsStatus = Literal[
    "answered", "no_data", "name_not_found", "server_failure", "refused", "timed_out", "malformed", "no_resolver"
]

TRY_SECONDS = (1.5, 2.5, 4.0)
"""Patience of each try; a lost datagram costs the first, never the run."""
REFUSES_EDNS = {FORMAT_ERROR, NOT_IMPLEMENTED, BAD_VERSION}
"""What a server that knows no EDNS answers; without it, it may well answer (RFC 6891 §7)."""
MOST_RECORDS = 50
LATE_SECONDS = 1.0
"""After the deadline, for word of what it has cut short."""
FAILURE_SECONDS = 3.0
"""How long runs that share answers hand on a failure (RFC 9520 §3.2: 1 to 5 seconds at first)."""


class DnsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one question brought."""

    name: str
    record_type: RecordType
    status: DnsStatus
    records: tuple[str, ...] = ()
    """Presentation format (RFC 1035 §5.1), names with their final dot."""
    canonical_name: str | None = None
    """Where a chain of CNAMEs ended, without final dot; None when there was no alias."""
    milliseconds: int = 0
    text: str = ""
    """What the server or the system said of a failure."""
    server: str = ""
    """Who was asked in vain, where a connection failed or nothing came."""
    failure: FailureName | None = None
    """What became of the connection to that server."""

    @property
    def words(self) -> Text | str:
        """Why there are no records, for a sentence in any language; codes of DNS stay as they are."""
        if self.status != "timed_out" and self.failure is None:
            return self.text or self.status
        problem = Failure(name=self.failure or "timed_out", operation="resolve", text=self.text).words
        return text("{server}: {words}", server=self.server, words=problem) if self.server else problem


class MxRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An MX record (RFC 5321 §5); the exchange is "" for the null MX of RFC 7505."""

    preference: int
    exchange: str


class SrvRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An SRV record (RFC 2782); the target is "" where the service is declared absent."""

    priority: int
    weight: int
    port: int
    target: str


def mx_records(answer: DnsAnswer) -> tuple[MxRecord, ...]:
    """The MX records of *answer*, best preference first."""
    pairs = (record.split() for record in answer.records)
    found = [MxRecord(preference=int(p), exchange=_bare(name)) for p, name in pairs]
    return tuple(sorted(found, key=lambda mx: (mx.preference, mx.exchange)))


def srv_records(answer: DnsAnswer) -> tuple[SrvRecord, ...]:
    """The SRV records of *answer*, in the order to try (priority, then weight)."""
    rows = (record.split() for record in answer.records)
    found = [SrvRecord(priority=int(a), weight=int(b), port=int(c), target=_bare(name)) for a, b, c, name in rows]
    return tuple(sorted(found, key=lambda srv: (srv.priority, -srv.weight, srv.target)))


def _bare(name: str) -> str:
    return name.rstrip(".").lower()


class Nameserver(msgspec.Struct, frozen=True):
    """Where to send questions."""

    address: str
    port: int = 53

    def __str__(self) -> str:
        if self.port == 53:
            return self.address
        return host_and_port(self.address, self.port)


def silence() -> float:
    """Seconds after which a server that has answered nothing is dead: two tries of a question, whichever it was."""
    return sum(TRY_SECONDS[:2])


_Key: TypeAlias = tuple[str, RecordType, bool]
"""Name, type, and whether checking is disabled."""
_Tries: TypeAlias = Tries[tuple[int, Heard["DnsAnswer"]], Heard["DnsAnswer"]]


class _Claim(NamedTuple):
    """The right to bring the answer to a question."""

    key: _Key
    answer: Coming[DnsAnswer]


class _Wanted(NamedTuple):
    """A question of this run."""

    key: _Key
    coming: Coming[DnsAnswer]
    mine: _Claim | None
    """The right to bring the answer, for the one who has to."""


def _in_time(wanted: _Wanted, deadline: Deadline, more: float) -> DnsAnswer:
    """What comes by *deadline*, and *more* seconds."""
    try:
        return wanted.coming.result(timeout=deadline.left() + more)
    except TimeoutError:
        return DnsAnswer(name=wanted.key[0], record_type=wanted.key[1], status="timed_out")


class Resolver:
    """Asks the chosen nameserver, or those that this computer is set up with; each question once a run."""

    def __init__(
        self,
        chosen: Nameserver | None = None,
        configured: Callable[[], tuple[Nameserver, ...]] | None = None,
        answers: Answers[DnsAnswer] | None = None,
    ) -> None:
        """*configured* tells, once it is needed, what this computer is set up with; None: the system does.

        *answers*: those that other runs have got and get.
        """
        self.chosen = chosen
        self._configure = configured or system_nameservers
        self._answers: Answers[DnsAnswer] = Answers() if answers is None else answers
        self._lock = threading.Lock()
        self._asked: dict[_Key, Coming[DnsAnswer]] = {}
        self._configured: tuple[Nameserver, ...] | None = None
        self._nonsense: dict[Nameserver, str] = {}
        """Servers that sent nonsense -> what was wrong with it."""
        self._first_asked: dict[Nameserver, float] = {}
        self._heard_from: set[Nameserver] = set()
        self._remembered: set[tuple[str, RecordType]] = set()

    def for_run(self) -> Self:
        """One for another run: its own questions, each asked once, and the answers shared as long as they are good."""
        return type(self)(self.chosen, self._configure, self._answers)

    def remembers(self, answer: DnsAnswer) -> bool:
        """Whether another run got *answer*, some time ago: no sign that a nameserver answers now."""
        return (answer.name, answer.record_type) in self._remembered

    def query(
        self, name: str, record_type: RecordType, deadline: Deadline, *, checking_disabled: bool = False
    ) -> DnsAnswer:
        """Ask for *name* (absolute, no search list). Never raises; failures are in the status.

        *checking_disabled* sets CD (RFC 4035 §3.2.2): a validating resolver then hands out even what
        fails DNSSEC, which tells a bogus zone from a broken delegation.
        """
        return self._told([self._claimed(name, record_type, checking_disabled=checking_disabled)], deadline)[0]

    def query_all(self, questions: Iterable[tuple[str, RecordType]], deadline: Deadline) -> tuple[DnsAnswer, ...]:
        """As `query`, for all *questions* at once; the answers in their order."""
        return self._told([self._claimed(name, kind) for name, kind in questions], deadline)

    def begin(self, name: str, record_type: RecordType, deadline: Deadline) -> Coming[DnsAnswer]:
        """As `query`, but the answer is yet to come. Raises NoThreadError."""
        wanted = self._claimed(name, record_type)
        if wanted.mine is not None:
            try:
                self._bring(wanted.mine, deadline)
            except NoThreadError as error:
                with self._lock:
                    self._asked.pop(wanted.key, None)
                wanted.coming.set_exception(error)
                raise
        return wanted.coming

    def _told(self, wanted: list[_Wanted], deadline: Deadline) -> tuple[DnsAnswer, ...]:
        """What is *wanted*. What nobody asks for yet is asked for, all at once."""
        late = [0.0 if one.mine is None or not self._begun(one.mine, deadline) else LATE_SECONDS for one in wanted]
        # the last comes last, most often, so that it is waited for once
        found = [_in_time(one, deadline, more) for one, more in zip(reversed(wanted), reversed(late), strict=True)]
        return tuple(reversed(found))

    def _begun(self, claim: _Claim, deadline: Deadline) -> bool:
        """As `_bring`; without a thread for it this one waits for the answer, and for all that are under way."""
        try:
            return self._bring(claim, deadline)
        except NoThreadError:
            return self._bring(claim, deadline, here=True)

    def _claimed(self, name: str, record_type: RecordType, *, checking_disabled: bool = False) -> _Wanted:
        """Where the answer comes, and the right to bring it, which the first who asks gets and has to use."""
        key = (ascii_name(name).rstrip(".").lower(), record_type, checking_disabled)
        with self._lock:
            known = self._asked.get(key)
            if known is not None:
                return _Wanted(key, known, None)
            claim = _Claim(key, Coming())
            self._asked[key] = claim.answer
        return _Wanted(key, claim.answer, claim)

    def _bring(self, claim: _Claim, deadline: Deadline, *, here: bool = False) -> bool:
        """See to it that the answer comes. Whether this run asks for it, and not another one. Raises NoThreadError.

        *here*: as `Asker.begin` has it.
        """
        try:
            servers = self.nameservers()
            asked, mine = self._answers.claim((servers, *claim.key))
        except BaseException as error:
            claim.answer.set_exception(error)
            raise
        if not mine:
            asked.coming.add_done_callback(lambda _: self._take_over(asked, claim, deadline))
            return False

        def over(came: Heard[DnsAnswer] | BaseException) -> None:
            if isinstance(came, BaseException):
                asked.put(None)
                claim.answer.set_exception(came)
            else:
                asked.put(came)
                claim.answer.set_result(came.answer)

        try:
            asker.begin(self._timed(servers, claim.key, deadline), over, here=here)
        except NoThreadError:
            asked.put(None)
            raise
        return True

    def _take_over(self, asked: Asked[DnsAnswer], claim: _Claim, deadline: Deadline) -> None:
        """What another run was told, or what this one is, where that was cut short."""
        told = asked.told()
        if told is None:
            try:
                self._bring(claim, deadline)
            except NoThreadError as error:
                claim.answer.set_exception(error)
            return
        answer, age = told
        if age > FAILURE_SECONDS:
            self._remembered.add((answer.name, answer.record_type))
        claim.answer.set_result(answer)

    def nameservers(self) -> tuple[Nameserver, ...]:
        """Who is asked, in order; () when this computer is set up with none."""
        if self.chosen is not None:
            return (self.chosen,)
        if self._configured is None:
            self._configured = self._configure()
        return self._configured

    def _patience(self, server: Nameserver, seconds: float, *, again: bool) -> float:
        """How long to wait for *server* now, *seconds* at most; one that is dead gets a first try of each question."""
        with self._lock:
            first = self._first_asked.setdefault(server, time.monotonic())
            if server in self._heard_from:
                return seconds
        left = first + silence() - time.monotonic()
        return min(seconds, left if again else max(left, TRY_SECONDS[0]))

    def _timed(self, servers: tuple[Nameserver, ...], key: _Key, deadline: Deadline) -> _Tries:
        started = time.monotonic()
        heard = yield from self._ask(servers, key, deadline)
        answer = msgspec.structs.replace(heard.answer, milliseconds=round(1000 * (time.monotonic() - started)))
        return Heard(answer, heard.seconds, for_others=answer.status != "timed_out" or not deadline.passed())

    def _ask(self, servers: tuple[Nameserver, ...], key: _Key, deadline: Deadline, *, edns: bool = True) -> _Tries:
        name, record_type, checking_disabled = key

        def answer(
            status: DnsStatus, words: str = "", server: str = "", why: FailureName | None = None
        ) -> Heard[DnsAnswer]:
            return _failed(
                DnsAnswer(name=name, record_type=record_type, status=status, text=words, server=server, failure=why)
            )

        if not servers:
            return answer("no_resolver")
        try:
            question = Question(name=name, record_type=record_type, checking_disabled=checking_disabled, edns=edns)
            message = question.written()
        except ValueError as error:
            return answer("malformed", str(error))
        last = answer("timed_out")
        strays = False
        for number, seconds in enumerate(TRY_SECONDS):
            for server in servers:
                if (nonsense := self._nonsense.get(server)) is not None:
                    last = answer("malformed", nonsense)
                    continue
                if (patience := self._patience(server, seconds, again=number > 0)) <= 0:
                    continue
                limit = deadline.within(patience)
                if limit.passed():
                    return last
                try:
                    reading = _Reading(question, message, server, strays=strays)
                    code, heard = yield Try(server.address, server.port, message, limit, reading)
                    self._heard_from.add(server)
                except NonsenseError as error:
                    last = answer("malformed", self._nonsense.setdefault(server, f"{server}: {error}"))
                    continue
                except dns.exception.Timeout:
                    if not strays:
                        last = answer("timed_out", f"{server} did not answer", str(server), "timed_out")
                    question = msgspec.structs.replace(question, edns=False)  # some middleboxes drop what has it
                    message = question.written()
                    continue
                except (OSError, EOFError) as error:
                    last = answer("timed_out", f"{server}: {error}", str(server), failure_name(error))
                    continue
                except dns.exception.DNSException as error:
                    last = answer("malformed", f"{server}: {error}")
                    self._heard_from.add(server)
                    strays = True  # the right answer may stand behind it: the next try passes over such
                    continue
                if edns and code in REFUSES_EDNS:
                    return (yield from self._ask(servers, key, deadline, edns=False))
                last = heard
                if last.answer.status not in {"server_failure", "refused", "malformed"}:
                    return last
            if last.answer.status not in {"timed_out", "malformed"}:
                return last  # every server answered, none usefully: asking again brings the same
        return last


class _Reading:
    """How the answers of a try are read; what does it is loaded with the first that comes.

    With *strays* what is no answer to *question*, sent as *message*, is passed over.
    """

    def __init__(self, question: Question, message: bytes, server: Nameserver, *, strays: bool) -> None:
        self._question = question
        self._message = message
        self._server = server
        self._strays = strays

    def by_datagram(self, data: bytes) -> tuple[int, Heard[DnsAnswer]] | Unread:
        """See `Reading`."""
        return self._answering().by_datagram(data, strays=self._strays)

    def by_stream(self, data: bytes) -> tuple[int, Heard[DnsAnswer]]:
        """See `Reading`."""
        return self._answering().by_stream(data)

    def _answering(self) -> Answering:
        return _answering()(self._question, self._message, self._server)


@made_once
def _answering() -> type[Answering]:
    """What reads answers, which is not loaded before the first question has left."""
    with one_at_a_time:
        from diagnose.network.answering import Answering

    return Answering


def get_ready() -> None:
    """Load what answers are read with: before anything else is loaded that they would have to wait for."""
    _answering()


def _failed(answer: DnsAnswer) -> Heard[DnsAnswer]:
    return Heard(answer, FAILURE_SECONDS)


def ask_nameserver(server: Nameserver, name: str, record_type: RecordType, deadline: Deadline) -> DnsAnswer:
    """Ask *server* alone, for itself. Never raises; failures are in the status."""
    return Resolver(server).query(name, record_type, deadline)


def system_nameservers() -> tuple[Nameserver, ...]:
    """The name servers that this computer is set up with, in order; may be empty."""
    if sys.platform != "win32":
        return tuple(Nameserver(server) for server in nameservers_in() if is_address(server))
    configured = _configured()
    if configured is None:
        return ()
    return tuple(
        Nameserver(str(server), configured.port) for server in configured.nameservers if is_address(str(server))
    )


def search_domains() -> tuple[str, ...]:
    """What this computer's own look-up appends to a name that it does not find."""
    configured = _configured()
    if configured is None:
        return ()
    found = (name.to_text(omit_final_dot=True) for name in (*configured.search, configured.domain))
    return tuple(dict.fromkeys(name for name in found if name and name != "."))


def _configured() -> dns.resolver.Resolver | None:
    """How this computer is set up; None where that cannot be read."""
    with one_at_a_time:
        import dns.resolver

    try:
        return dns.resolver.Resolver(configure=True)
    except (dns.exception.DNSException, OSError, ValueError):
        return None


def is_address(host: str) -> bool:
    """Whether *host* is an IP address literal (brackets and zone index aside)."""
    bare = host.strip("[]").partition("%")[0]
    if ":" not in bare and not bare[-1:].isdigit():  # as nearly all are, and a refusal takes the library longest
        return False
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return False
    return True


def is_local(address: str) -> bool:
    """Whether *address* is one of loopback, of a private network, or of no network at all."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_private
    except ValueError:
        return False
