"""The login: one name, one mechanism, one try; and what its answer means."""

from __future__ import annotations

import ast
import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest

from checks.credentials.password import PasswordFacts, judge_password, oddities
from checks.lockout.lockout import USUAL_LIMIT, LockoutFacts, judge_lockout, probe_lockout, weigh
from checks.login import login
from checks.login.login import LoginFacts, judge_login, probe_login
from checks.login.mailbox import MailboxFacts, judge_mailbox
from checks.login.mechanism import choose_mechanism
from checks.login.one_try import refusal, refusal_so_far
from checks.server.server import session_key
from checks.sessions import Credentials, MailSession, Reply
from diagnose.account.history import PENDING, History
from diagnose.account.person import Consent, Person
from diagnose.account.rejecting_servers import RejectingServers
from diagnose.account.secret import Secret
from diagnose.model import (
    ClosedError,
    Deadline,
    DeadlineError,
    Failure,
    Finding,
    Inputs,
    Service,
    SkipCheck,
    Subject,
)
from diagnose.network import Network
from diagnose.running.context import Context
from tests.support.build import service
from tests.support.sources import modules

USER, WORD = "alice@corp.example", "s3cret-word"
SUBJECT = Subject(domain="corp.example", address=USER, username=USER)


IMAP, POP3, SMTP = service(), service("pop3", 995), service("smtp", 465)


def given(provider: str | None = None, earlier: Any = (), **facts: Any) -> Inputs:
    return Inputs(subject=SUBJECT, provider=provider, services=(IMAP,), facts=tuple(facts.values()), elsewhere=earlier)


def bench(folder: Path | None = None, *, word: str | None = WORD, token: str | None = None, **more: Any) -> Context:
    return Context(
        network=Network(),
        deadline=Deadline(30),
        history=History(folder),
        person=Person(password=Secret(word) if word else None, access_token=Secret(token) if token else None),
        consent=Consent(**{name: more.pop(name) for name in Consent.__struct_fields__ if name in more}),
        **more,
    )


class Session(MailSession):
    """Answers a login as the test says, and keeps what it was sent."""

    starttls = False
    mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN-COMMAND")
    lets_it_out = True
    """Whether it gets as far as the secret."""

    def __init__(self, answer: Reply | Exception, mechanisms: tuple[str, ...] | None = None) -> None:
        self.answer = answer
        self.received: list[tuple[str, str, str]] = []
        self.closed = threading.Event()
        if mechanisms is not None:
            self.mechanisms = mechanisms

    def ask_for_tls(self, deadline: Deadline) -> str | None:
        raise NotImplementedError

    def after_tls(self, deadline: Deadline) -> None:
        raise NotImplementedError

    def login(self, credentials: Credentials, mechanism: str, deadline: Deadline) -> Reply:
        self.received.append((credentials.username, credentials.secret.reveal(), mechanism))
        self.secret_is_out = self.lets_it_out
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def open_mailbox(self, deadline: Deadline) -> Reply | None:
        return None

    def say_goodbye(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.closed.set()


REJECTED = Reply(ok=False, words="NO [AUTHENTICATIONFAILED] Invalid credentials")
ACCEPTED = Reply(ok=True, words="OK logged in")


def tried(answer: Reply | Exception, where: Context, on: Service = IMAP, **more: Any) -> tuple[LoginFacts, Session]:
    session = Session(answer)
    where.connections.put(session_key(on), session)
    return probe_login(on, given(**more), where), session


def skipped(where: Context, on: Service = IMAP, **more: Any) -> str:
    session = Session(ACCEPTED)
    where.connections.put(session_key(on), session)
    with pytest.raises(SkipCheck) as skip:
        probe_login(on, given(**more), where)
    assert session.received == []
    return str(skip.value.reason.render())


def causes(findings: Any) -> list[tuple[str, str]]:
    return [(finding.cause, finding.certainty) for finding in findings]


# -- one try


def test_the_secret_is_sent_once_by_one_mechanism(tmp_path: Path) -> None:
    """And the session is kept for the look into the mailbox."""
    where = bench(tmp_path)
    facts, session = tried(ACCEPTED, where)

    assert (facts.outcome, facts.mechanism) == ("accepted", "PLAIN")
    assert session.received == [(USER, WORD, "PLAIN")]
    assert where.connections.take(session_key(IMAP), Session) is session


@pytest.mark.parametrize(
    ("answer", "remembered"),
    [
        (REJECTED, True),
        (Reply(ok=False, words="NO whatever this means"), True),
        (DeadlineError("no answer in time"), True),
        (ClosedError("closed"), True),
        (Reply(ok=False, words="NO [UNAVAILABLE] Temporary authentication failure"), False),
    ],
)
def test_what_a_server_may_have_counted_is_remembered(
    answer: Reply | Exception, remembered: bool, tmp_path: Path
) -> None:
    """A try without an answer may count; one that the server says it could not look at does not."""
    where = bench(tmp_path)
    tried(answer, where)

    assert bool(where.history.rejections(USER)) == remembered


def test_a_password_that_was_never_sent_was_not_rejected(tmp_path: Path) -> None:
    """Some servers refuse the name already; the same password is as good as before, and may be sent again."""
    for _ in range(2):
        where = bench(tmp_path)
        session = Session(REJECTED)
        session.lets_it_out = False
        where.connections.put(session_key(IMAP), session)
        facts = probe_login(IMAP, given(), where)

        assert (facts.outcome, facts.before_secret) == ("rejected", True)
        assert where.history.rejections(USER) == ()


@pytest.mark.parametrize(
    ("answer", "noted"),
    [
        (REJECTED, True),
        (Reply(ok=False, words="NO whatever this means"), True),
        (DeadlineError("no answer in time"), False),
        (ClosedError("closed"), False),
        (Reply(ok=False, words="NO [UNAVAILABLE] Temporary authentication failure"), False),
        (ACCEPTED, False),
    ],
)
def test_a_server_that_rejected_a_login_is_noted(answer: Reply | Exception, noted: bool, tmp_path: Path) -> None:
    """Its silence in the next run may be a ban; a good login says that there is none."""
    where = bench(tmp_path, rejecting=RejectingServers(tmp_path))
    tried(answer, where)
    assert (where.rejecting.rejected_at(IMAP.host, IMAP.port, 60) is not None) == noted
    tried(ACCEPTED, bench(tmp_path, rejecting=RejectingServers(tmp_path), send_again=True))
    assert where.rejecting.rejected_at(IMAP.host, IMAP.port, 60) is None


def test_a_good_login_clears_the_record(tmp_path: Path) -> None:
    """As it clears the server's counter."""
    where = bench(tmp_path)
    where.history.rejected(USER, Secret("other"), "credentials.rejected")
    tried(ACCEPTED, where)

    assert where.history.rejections(USER) == ()


def test_a_token_is_no_password_to_remember(tmp_path: Path) -> None:
    """Servers lock no accounts over tokens."""
    where = bench(tmp_path, word=None, token="tok")
    session = Session(REJECTED, ("XOAUTH2",))
    where.connections.put(session_key(IMAP), session)
    facts = probe_login(IMAP, given(), where)

    assert (facts.outcome, facts.with_token) == ("rejected", True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lockout_check_ran", [True, False])
def test_a_password_that_was_rejected_lately_is_not_sent_again(lockout_check_ran: bool, tmp_path: Path) -> None:
    """Whether or not the lockout check was left out with --only or --skip."""
    tried(REJECTED, bench(tmp_path))
    again = bench(tmp_path)
    facts: Any = {"lockout": probe_lockout(SUBJECT, given(), again)} if lockout_check_ran else {}

    assert "rejected lately" in skipped(again, **facts)
    other, _ = tried(REJECTED, bench(tmp_path, word="another"))
    assert other.outcome == "rejected"


def test_before_the_last_try_nothing_is_sent(tmp_path: Path) -> None:
    """Not even a password that may be right."""
    where = bench(tmp_path)
    for number in range(USUAL_LIMIT - 1):
        where.history.rejected(USER, Secret(f"wrong {number}"), "credentials.rejected")

    assert "may lock" in skipped(where)


def test_told_to_it_is_sent_again(tmp_path: Path) -> None:
    """The person takes the risk."""
    tried(REJECTED, bench(tmp_path))
    _, session = tried(REJECTED, bench(tmp_path, send_again=True))

    assert len(session.received) == 1


@pytest.mark.parametrize(
    ("outcome", "on", "sent"),
    [
        ("rejected", SMTP, False),
        ("unanswered", SMTP, False),
        ("accepted", POP3, False),
        ("accepted", SMTP, True),
        ("no_mechanism", SMTP, True),
    ],
)
def test_after_an_answer_no_other_service_is_tried(outcome: Any, on: Service, sent: bool, tmp_path: Path) -> None:
    """After a rejection none; after a good login only the other way."""
    before = ((IMAP, LoginFacts(outcome=outcome, reply=REJECTED.words)),)
    if sent:
        _, session = tried(ACCEPTED, bench(tmp_path), on, earlier=before)
        assert len(session.received) == 1
    else:
        assert skipped(bench(tmp_path), on, earlier=before)


def test_try_all_tries_all(tmp_path: Path) -> None:
    """Even a password that this very run has seen rejected."""
    where = bench(tmp_path, try_all=True)
    first, _ = tried(REJECTED, where)
    second, session = tried(REJECTED, where, SMTP, earlier=((IMAP, first),))

    assert second.outcome == "rejected"
    assert len(session.received) == 1


def test_without_a_password_there_is_no_login() -> None:
    """The reason is told."""
    assert skipped(bench(word=None)) == "there is no password to log in with"


@pytest.mark.parametrize(("offered", "asked"), [((), False), (("EXTERNAL",), True), (("LOGIN-COMMAND",), True)])
def test_whether_a_server_takes_any_login_needs_no_password(offered: tuple[str, ...], asked: bool) -> None:
    where, session = bench(word=None), Session(ACCEPTED, offered)
    where.connections.put(session_key(IMAP), session)

    with pytest.raises(SkipCheck) if asked else contextlib.nullcontext():
        facts = probe_login(IMAP, given(), where)
        assert causes(judge_login(facts, given(), IMAP)) == [("settings.no-common-auth", "confirmed")]
    assert session.received == []


def test_a_connection_that_is_gone_is_no_try(tmp_path: Path) -> None:
    """Nothing is remembered."""
    where = bench(tmp_path)
    with pytest.raises(SkipCheck):
        probe_login(IMAP, given(), where)
    assert where.history.rejections(USER) == ()


# -- which mechanism


@pytest.mark.parametrize(
    ("protocol", "offered", "word", "direct", "mechanism"),
    [
        ("imap", ("PLAIN", "LOGIN-COMMAND"), "simple", True, "PLAIN"),
        ("imap", ("PLAIN", "LOGIN-COMMAND"), "simple", False, "LOGIN-COMMAND"),
        ("imap", ("PLAIN",), "simple", False, "PLAIN"),
        ("imap", ("LOGIN-COMMAND",), "simple", True, "LOGIN-COMMAND"),
        ("imap", ("LOGIN",), "simple", True, "LOGIN"),
        ("imap", ("PLAIN", "LOGIN-COMMAND"), "pässwörd", False, "PLAIN"),
        ("imap", ("LOGIN", "LOGIN-COMMAND"), "密码", False, "LOGIN"),
        ("imap", ("LOGIN-COMMAND",), "“quoted”", False, "LOGIN-COMMAND"),
        ("imap", ("LOGIN-COMMAND", "XOAUTH2"), "pässwörd", True, None),
        ("imap", ("LOGIN-COMMAND", "SCRAM-SHA-256"), "pässwörd", True, "SCRAM-SHA-256"),
        ("imap", ("LOGIN-COMMAND",), "line\u2028end", False, None),
        ("imap", ("LOGIN-COMMAND",), "pässwörd\r\nA1 DELETE INBOX", False, None),
        ("pop3", ("LOGIN-COMMAND",), "пароль", True, "LOGIN-COMMAND"),
        ("pop3", ("LOGIN-COMMAND",), "пароль\nDELE 1", True, None),
        ("imap", ("LOGIN-COMMAND",), "with\r\nA1 DELETE INBOX", False, None),
        ("imap", ("PLAIN", "LOGIN-COMMAND"), "with\r\nA1 DELETE INBOX", False, "PLAIN"),
        ("imap", ("LOGIN-COMMAND",), "nul\x00", False, None),
        ("pop3", ("LOGIN-COMMAND",), "line\nend", True, None),
        ("pop3", ("LOGIN-COMMAND",), "tab\there", True, None),
        ("pop3", ("PLAIN", "LOGIN-COMMAND"), "simple", True, "PLAIN"),
        ("pop3", ("PLAIN", "LOGIN-COMMAND"), "simple", False, "PLAIN"),
        ("smtp", ("LOGIN", "PLAIN"), "simple", True, "PLAIN"),
        ("smtp", ("LOGIN", "CRAM-MD5"), "simple", True, "LOGIN"),
        ("imap", ("PLAIN", "SCRAM-SHA-256", "LOGIN-COMMAND"), "simple", False, "LOGIN-COMMAND"),
        ("imap", ("CRAM-MD5", "LOGIN-COMMAND"), "simple", True, "CRAM-MD5"),
        ("imap", ("GSSAPI", "LOGIN-COMMAND"), "simple", True, "LOGIN-COMMAND"),
        ("imap", ("SCRAM-SHA-1", "SCRAM-SHA-256"), "密码", True, "SCRAM-SHA-256"),
        ("pop3", ("CRAM-MD5", "SCRAM-SHA-1"), "simple", True, "SCRAM-SHA-1"),
        ("smtp", ("CRAM-MD5", "NTLM"), "simple", True, "CRAM-MD5"),
        ("smtp", ("DIGEST-MD5", "SCRAM-SHA-256-PLUS"), "simple", True, None),
        ("smtp", ("XOAUTH2", "GSSAPI"), "simple", True, None),
        ("smtp", (), "simple", True, None),
    ],
)
def test_the_mechanism_can_carry_the_password(
    protocol: Any, offered: tuple[str, ...], word: str, direct: bool, mechanism: str | None
) -> None:
    """What is not printable never gets into a plain command: a line end would be a command of its own."""
    credentials = Credentials(username="alice", secret=Secret(word))

    at_once = direct or protocol != "imap"  # POP3 and SMTP take the first answer with the command, always
    assert choose_mechanism(offered, credentials, initial_response=at_once) == mechanism


@pytest.mark.parametrize("name", ["älice\r\n", "a\r\nb", "a\x00", "a\u2028b"])
def test_the_name_counts_as_well(name: str) -> None:
    """It goes into the same command."""
    credentials = Credentials(username=name, secret=Secret("simple"))

    assert choose_mechanism(("LOGIN-COMMAND",), credentials, initial_response=True) is None


@pytest.mark.parametrize("name", ["älice", "用户@corp.example"])
@pytest.mark.parametrize(
    ("offered", "mechanism"),
    [
        (("LOGIN-COMMAND",), "LOGIN-COMMAND"),
        (("PLAIN", "LOGIN-COMMAND"), "PLAIN"),
        (("LOGIN", "LOGIN-COMMAND"), "LOGIN"),
    ],
)
def test_a_name_beyond_ascii_goes_by_the_command_where_nothing_else_is_offered(
    name: str, offered: tuple[str, ...], mechanism: str
) -> None:
    credentials = Credentials(username=name, secret=Secret("simple"))

    assert choose_mechanism(offered, credentials, initial_response=False) == mechanism


@pytest.mark.parametrize(
    ("offered", "mechanism"),
    [
        (("PLAIN", "XOAUTH2", "OAUTHBEARER"), "XOAUTH2"),
        (("OAUTHBEARER",), "OAUTHBEARER"),
        (("PLAIN", "LOGIN-COMMAND"), None),
    ],
)
def test_a_token_goes_only_by_a_mechanism_for_tokens(offered: tuple[str, ...], mechanism: str | None) -> None:
    """As a password it would be a wrong one."""
    credentials = Credentials(username="alice", secret=Secret("tok"), is_token=True)

    assert choose_mechanism(offered, credentials, initial_response=True) == mechanism


# -- what the answer means


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (REJECTED.words, [("credentials.rejected", "likely"), ("settings.username-format", "possible")]),
        ("NO xyzzy", [("credentials.rejected", "likely"), ("settings.username-format", "possible")]),
        ("NO [UNAVAILABLE] Temporary authentication failure", [("server.fault", "confirmed")]),
    ],
)
def test_who_is_refused_by_name_is_not_told_of_the_password(reply: str, found: list[tuple[str, str]]) -> None:
    findings = list(judge_login(LoginFacts(outcome="rejected", reply=reply, before_secret=True), given(), IMAP))

    assert causes(findings) == found
    assert all("before the password was sent" in finding.text.render() for finding in findings)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (LoginFacts(outcome="accepted", milliseconds=300), []),
        (LoginFacts(outcome="accepted", milliseconds=16_000), [("server.slow", "possible")]),
        (LoginFacts(outcome="no_mechanism", offered=("XOAUTH2",)), [("credentials.oauth-required", "confirmed")]),
        (LoginFacts(outcome="no_mechanism", offered=("GSSAPI",)), [("settings.no-common-auth", "confirmed")]),
        (LoginFacts(outcome="no_mechanism", offered=()), [("settings.no-common-auth", "confirmed")]),
        (
            LoginFacts(outcome="no_mechanism", offered=("PLAIN",), with_token=True),
            [("settings.no-common-auth", "confirmed")],
        ),
        (
            LoginFacts(outcome="unanswered", failure=Failure(name="timed_out", operation="login", text="late")),
            [("server.slow", "likely")],
        ),
        (
            LoginFacts(outcome="unanswered", failure=Failure(name="connection_closed", operation="login", text="x")),
            [("server.fault", "likely")],
        ),
        (LoginFacts(outcome="rejected", reply=REJECTED.words), [("credentials.rejected", "confirmed")]),
        (LoginFacts(outcome="rejected", reply="NO [EXPIRED] change it"), [("credentials.expired", "likely")]),
        (LoginFacts(outcome="rejected", reply="NO xyzzy"), [("credentials.rejected", "likely")]),
        (
            LoginFacts(outcome="rejected", reply="NO xyzzy", with_token=True),
            [("credentials.token-rejected", "likely")],
        ),
    ],
)
def test_an_answer_is_read(facts: LoginFacts, found: list[tuple[str, str]]) -> None:
    """Without a provider, and with nothing odd about the password."""
    assert causes(judge_login(facts, given(), IMAP))[: len(found) or None] == found


@pytest.mark.parametrize(
    ("place", "reply"),
    [
        (IMAP, "BAD Invalid base64"),
        (IMAP, "BAD Already authenticated"),
        (IMAP, "BAD Command unknown: AUTHENTICATE"),
        (IMAP, "BAD Missing argument"),
        (IMAP, "BAD xyzzy"),
        (SMTP, "501 5.5.2 Invalid base64 data in continued response"),
        (SMTP, "503 5.5.1 Error: already authenticated"),
        (SMTP, "503 5.5.1 Bad sequence of commands"),
        (SMTP, "503 Command out of sequence"),
        (POP3, "-ERR Malformed initial response"),
    ],
)
def test_a_login_that_the_server_could_not_read_says_nothing_of_the_password(place: Service, reply: str) -> None:
    """So that it is no fault of the person's; the check is not passed either."""
    (finding,) = judge_login(LoginFacts(outcome="rejected", reply=reply), given(), place)

    assert (finding.cause, finding.certainty) == ("server.fault", "possible")
    assert reply in finding.text.render()


@pytest.mark.parametrize(
    "reply", ["NO Invalid password encoding", "NO user is already logged in elsewhere", "BAD Login failed", "NO xyzzy"]
)
def test_what_only_resembles_an_unreadable_login_is_read_as_before(reply: str) -> None:
    first, *_ = judge_login(LoginFacts(outcome="rejected", reply=reply), given(), IMAP)
    assert first.cause in {"credentials.rejected", "server.too-many-connections"}


@pytest.mark.parametrize(
    ("place", "reply"),
    [
        (SMTP, "454 4.7.0 Greylisted, try again in 5 minutes"),
        (SMTP, "454 4.7.0 xyzzy"),
        (SMTP, "450 xyzzy"),
        (SMTP, '{"status":"500"}\n451 xyzzy'),
        (IMAP, "* BYE Disconnected for inactivity"),
        (IMAP, "* BYE xyzzy"),
        (IMAP, "* BYE xyzzy\nOK Logged in"),
        (SMTP, "250 2.0.0 OK"),
        (SMTP, "220 ready"),
        (POP3, "xyzzy"),
    ],
)
def test_what_refuses_no_password_is_the_servers_fault(place: Service, reply: str) -> None:
    """A reply about the moment (RFC 5321 §4.2.1, 9051 §7.1.5), or one that neither accepts nor refuses."""
    first, *others = causes(judge_login(LoginFacts(outcome="rejected", reply=reply), given(), place))

    assert first == ("server.fault", "likely")
    assert all(certainty == "possible" for _, certainty in others)


@pytest.mark.parametrize(
    ("place", "reply", "cause"),
    [
        (SMTP, "554 5.7.0 xyzzy", "credentials.rejected"),
        (SMTP, "435 4.7.8 Authentication failed, wrong password", "credentials.rejected"),
        (IMAP, "NO [AUTHENTICATIONFAILED] xyzzy\n* BYE see you", "credentials.rejected"),
        (IMAP, "* BYE see you\nNO [AUTHENTICATIONFAILED] xyzzy", "credentials.rejected"),
        (IMAP, "* BYE Your account has been suspended", "activation.account-disabled"),
        (POP3, "-ERR [AUTH] xyzzy", "credentials.rejected"),
        (SMTP, "421 4.7.0 Too many failed logins, try again later", "lockout.rate-limited"),
    ],
)
def test_what_refuses_it_is_read_as_before(place: Service, reply: str, cause: str) -> None:
    """Near-misses: a refusal for good, and a reply about the moment whose words say more."""
    first, *_ = causes(judge_login(LoginFacts(outcome="rejected", reply=reply), given(), place))

    assert (first[0], first[1] != "possible") == (cause, True)


@pytest.mark.parametrize("reply", ["-ERR use APOP", "-ERR", "-ERR not here"])
def test_a_way_in_that_is_not_listed_is_refused_to_anybody(reply: str) -> None:
    """A POP3 server that lists neither USER nor SASL may take APOP alone (RFC 1939 §7, 2449 §6)."""
    facts = LoginFacts(outcome="rejected", reply=reply, before_secret=True, unlisted=True)

    assert causes(judge_login(facts, given(), POP3)) == [
        ("settings.no-common-auth", "likely"),
        ("credentials.rejected", "possible"),
    ]


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        (LoginFacts(outcome="rejected", reply="-ERR", unlisted=True), "credentials.rejected"),
        (LoginFacts(outcome="rejected", reply="-ERR", before_secret=True), "credentials.rejected"),
        (
            LoginFacts(outcome="rejected", reply="-ERR no such user", before_secret=True, unlisted=True),
            "activation.mailbox-missing",
        ),
    ],
)
def test_a_way_in_that_goes_on_or_gives_a_reason_is_there(facts: LoginFacts, cause: str) -> None:
    first, *_ = causes(judge_login(facts, given(), POP3))
    assert first[0] == cause


def test_an_odd_password_that_is_rejected_is_why() -> None:
    """Seen in the password before, and now rejected."""
    facts = LoginFacts(outcome="rejected", reply=REJECTED.words)
    odd = PasswordFacts(oddities=("full_width", "caps_lock"))

    found = causes(judge_login(facts, given(password=odd), IMAP))
    assert ("credentials.input-error", "confirmed") in found
    assert ("credentials.input-error", "possible") in found
    assert causes(judge_login(LoginFacts(outcome="accepted"), given(password=odd), IMAP)) == []


def test_the_servers_words_are_evidence_and_never_a_template() -> None:
    """Braces in a reply stay braces."""
    facts = LoginFacts(outcome="rejected", reply="NO {0} {host} %s {reply!r}")
    finding, *_ = judge_login(facts, given(), IMAP)

    assert "NO {0} {host} %s {reply!r}" in finding.text.render()


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (MailboxFacts(ok=True), []),
        (MailboxFacts(ok=False, reply="NO [SERVERBUG] oops"), ["server.fault"]),
        (MailboxFacts(ok=False, reply="NO xyzzy"), ["server.fault"]),
        (MailboxFacts(ok=False, hollow=True, reply="OK Your password has expired"), ["server.fault"]),
        (
            MailboxFacts(ok=False, failure=Failure(name="timed_out", operation="mailbox", text="late")),
            ["server.fault"],
        ),
    ],
)
def test_a_mailbox_that_does_not_open(facts: MailboxFacts, found: list[str]) -> None:
    """After a good login it is no matter of the password."""
    judge: Any = judge_mailbox

    assert [finding.cause for finding in judge(facts, given(), IMAP)] == found


# -- lockout and password


def lockout(recent: int = 0, **more: Any) -> LockoutFacts:
    return LockoutFacts(**{"recent": recent, "limit": 5, "limit_is_documented": False, "send_again": False} | more)


def test_a_try_that_is_under_way_is_waited_for() -> None:
    """Whoever has its turn then refuses it, should it still have no answer; one that has been answered is settled."""
    under_way = lockout(same_password_at=1.0, same_password_cause=PENDING)
    rejected = lockout(same_password_at=1.0, same_password_cause="credentials.rejected")

    assert refusal_so_far(under_way) is None
    assert refusal(under_way) is not None
    assert refusal_so_far(rejected) == refusal(rejected) is not None
    assert refusal_so_far(lockout(5)) == refusal(lockout(5)) is not None


@pytest.mark.parametrize("module", ["checks/login/login.py", "checks/activation/mail.py"])
def test_whoever_has_no_turn_yet_asks_so(module: str) -> None:
    (source,) = (one for one in modules("checks") if one.name == module)
    assert "refusal_so_far(" in source.text
    assert " refusal(" not in source.text


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (lockout(0), []),
        (lockout(3), []),
        (lockout(4), [("lockout.risk", "likely")]),
        (lockout(9), [("lockout.risk", "likely")]),
        (lockout(4, limit_is_documented=True), [("lockout.risk", "confirmed")]),
        (lockout(3, limit_is_documented=True), []),
        (
            lockout(1, same_password_at=1.7e9, same_password_cause="credentials.expired"),
            [("credentials.expired", "likely"), ("lockout.risk", "possible")],
        ),
        (lockout(1, same_password_at=1.7e9), [("credentials.rejected", "likely"), ("lockout.risk", "possible")]),
        (lockout(1, same_password_at=1.7e9, send_again=True), []),
    ],
)
def test_the_record_is_judged(facts: LockoutFacts, found: list[tuple[str, str]]) -> None:
    """By the provider's limit, and by whether this very password was in it."""
    judge: Any = judge_lockout

    assert causes(judge(facts, given(), SUBJECT)) == found


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("correct horse", ()),
        ("Tr0ub4dor&3", ()),
        ("пароль", ()),
        ("密码123", ()),
        ("pässwörd", ()),
        ("word ", ("blank_at_the_end",)),
        ("\tword", ("blank_at_the_end",)),
        ("wo\u200brd", ("invisible",)),
        ("wo\u00adrd", ("invisible",)),
        ("wo\ufeffrd", ("invisible",)),
        ("ｗｏｒｄ", ("full_width",)),
        ("word！", ("full_width",)),
        ("wo\u00a0rd", ("unusual_blank",)),
        ("wo\x07rd", ("control",)),
        ("“word”", ("curly_quote",)),
        ("pаssword", ("look_alike",)),
        ("hELLO wORLD", ()),
        ("hELLOWORLD", ("caps_lock",)),
        ("HELLO", ()),
        ("", ()),
    ],
)
def test_what_people_do_not_mean_to_type_is_seen(word: str, found: tuple[str, ...]) -> None:
    """By Unicode properties; letters of one script are fine, whatever it is."""
    assert oddities(word) == found


def test_an_odd_password_is_likely_wrong_before_it_is_sent() -> None:
    """And a guess is only possible; nothing of the password is in the finding."""
    judge: Any = judge_password
    findings: list[Finding] = list(judge(PasswordFacts(oddities=("full_width", "caps_lock")), given(), SUBJECT))

    assert causes(findings) == [("credentials.input-error", "likely"), ("credentials.input-error", "possible")]
    assert login.CHECK.turns is not None


def test_a_login_referral_names_its_server_in_the_finding() -> None:
    reply = "NO [REFERRAL imap://alice;AUTH=*@imap3.corp.example/] Password is wrong on this server"
    finding, *others = judge_login(LoginFacts(outcome="rejected", reply=reply), given(), IMAP)

    assert (finding.cause, finding.certainty) == ("settings.wrong-host", "confirmed")
    assert finding.data["referred_host"] == "imap3.corp.example"
    assert "to the server imap3.corp.example" in finding.text.render()
    assert [other.cause for other in others if other.certainty != "possible"] == []


def test_only_one_place_sends_a_password() -> None:
    """So that no login goes around the record."""
    callers = {
        source.name
        for source in modules("checks")
        if source.name.startswith("checks/login/")
        for node in source.nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "login"
        and ast.unparse(node.func.value).endswith("session")
    }

    assert callers == {"checks/login/one_try.py"}


def test_the_try_is_on_record_while_the_server_thinks(tmp_path: Path) -> None:
    """Whatever ends the run meanwhile."""
    where = bench(tmp_path)
    seen: list[str] = []

    class Watching(Session):
        def login(self, credentials: Credentials, mechanism: str, deadline: Deadline) -> Reply:
            seen.extend(one.cause for one in History(tmp_path).rejections(USER))
            self.secret_is_out = True
            return REJECTED

    where.connections.put(session_key(IMAP), Watching(REJECTED))
    probe_login(IMAP, given(), where)

    assert seen == [PENDING]
    assert [one.cause for one in History(tmp_path).rejections(USER)] == ["credentials.rejected"]


@pytest.mark.parametrize(
    "answer", [ConnectionResetError("gone"), TimeoutError("late"), Reply(ok=False, words="", unasked=True)]
)
@pytest.mark.parametrize("out", [True, False], ids=["sent", "kept"])
def test_only_what_went_out_stays_on_record(tmp_path: Path, answer: Reply | Exception, out: bool) -> None:
    """A server that ends the conversation before the secret has not seen it."""
    where = bench(tmp_path)
    session = Session(answer)
    session.lets_it_out = out
    where.connections.put(session_key(IMAP), session)
    probe_login(IMAP, given(), where)

    assert [one.cause for one in History(tmp_path).rejections(USER)] == [PENDING] * out


UNREAD = [
    (IMAP, "a1 BAD AUTHENTICATE failed; invalid base64 input"),
    (IMAP, "BAD Error in IMAP command LOGIN: Unknown command."),
    (IMAP, "a1 BAD Command not valid in this state"),
    (SMTP, "501 5.5.2 Cannot decode response"),
    (SMTP, "501 5.5.4 Invalid argument"),
    (SMTP, "503 5.5.1 Bad sequence of commands"),
    (SMTP, "503 AUTH command used when not advertised"),
    (SMTP, "504 5.5.4 Unrecognized authentication type"),
    (SMTP, "500 5.5.6 Authentication Exchange line is too long"),
    (POP3, "-ERR Unknown command"),
    (POP3, "-ERR bad base64"),
]
"""A server that could not read the command, or took none then, has not looked at the password."""
READ = [
    (IMAP, "BAD"),
    (IMAP, "BAD invalid credentials"),
    (IMAP, "BAD [AUTHENTICATIONFAILED] Authentication failed"),
    (IMAP, "BAD User is authenticated but not connected"),
    (IMAP, "BAD Something else"),
    (IMAP, "NO invalid command"),
    (SMTP, "501 Authentication failed"),
    (SMTP, "501 5.7.0 Authentication failed"),
    (SMTP, "501 5.1.7 malformed user name or password"),
    (SMTP, "503 5.7.0 too many authentication failures"),
    (SMTP, "500 5.5.1 Too many errors. Quitting now"),
    (SMTP, "535 5.5.2 cannot decode"),
    (POP3, "-ERR"),
    (POP3, "-ERR invalid user name or password"),
]
"""One that may have, whatever the status: some give that of an unread command for wrong passwords."""


@pytest.mark.parametrize(("service_", "words", "on_record"), [(*o, False) for o in UNREAD] + [(*o, True) for o in READ])
def test_what_judges_no_password_is_no_try(tmp_path: Path, service_: Service, words: str, on_record: bool) -> None:
    """By record and by what this run knows of the server; another service is not tried either way."""
    where = bench(tmp_path, rejecting=RejectingServers(tmp_path))
    facts, _ = tried(Reply(ok=False, words=words), where, service_)

    assert facts.outcome == "rejected"
    assert bool(History(tmp_path).rejections(USER)) is on_record
    assert (where.rejecting.rejected_at(service_.host, service_.port, 60) is not None) is on_record
    with pytest.raises(SkipCheck):
        tried(ACCEPTED, where, POP3 if service_ is not POP3 else IMAP, earlier=((service_, facts),))
    said = [one.cause for one in judge_login(facts, given(), service_) if one.certainty != "possible"]
    assert on_record or not any(cause.startswith("credentials") for cause in said)


def test_what_this_run_has_sent_is_not_sent_again_by_another_check(tmp_path: Path) -> None:
    """One wrong password a run, whoever asks; more services are tried where the person says so."""
    for try_all, sent_before in ((False, True), (True, False)):
        where = bench(tmp_path / str(try_all), try_all=try_all)
        with where.history.turn(USER, 1) as turn:
            turn.reserve(Secret(WORD))
            turn.rejected("credentials.rejected")

        facts = weigh(USER, Secret(WORD), None, where)
        assert (facts.same_password_at is not None, facts.recent) == (sent_before, 1)


@pytest.mark.parametrize(
    ("service_", "words"),
    [
        (IMAP, "NO [PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure (SSL/TLS) connections."),
        (SMTP, "538 5.7.11 Encryption required for requested authentication mechanism"),
        (SMTP, "530 5.7.0 Must issue a STARTTLS command first"),
        (SMTP, "523 5.7.10 Encryption needed"),
        (POP3, "-ERR [AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections."),
        (service("smtp", 587, "starttls"), "530 Must issue a STARTTLS command first"),
    ],
)
def test_an_encrypted_login_that_is_refused_as_one_in_clear_is_told_as_such(service_: Service, words: str) -> None:
    """The server does not see the encryption, which something before it ends: no setting of a program mends that."""
    facts = LoginFacts(outcome="rejected", reply=words)
    found = [one for one in judge_login(facts, given(), service_) if one.cause == "settings.plaintext-refused"]

    assert [(one.certainty, one.data.get("over_tls")) for one in found] == [("confirmed", True)]
    assert "over verified TLS" in found[0].text.render()
    assert words in found[0].text.render()


@pytest.mark.parametrize(
    ("service_", "words"),
    [
        (IMAP, "NO [AUTHENTICATIONFAILED] Invalid credentials"),
        (service("imap", 143, "none"), "NO [PRIVACYREQUIRED] Plaintext authentication disallowed"),
    ],
)
def test_of_other_refusals_nothing_is_said_of_tls(service_: Service, words: str) -> None:
    facts = LoginFacts(outcome="rejected", reply=words)
    found = list(judge_login(facts, given(), service_))

    assert found
    assert not any("over_tls" in one.data or "TLS" in one.text.render() for one in found)
