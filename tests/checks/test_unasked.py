"""A login is accepted by the answer to what was sent, and by nothing that a server says before or beside it."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from checks.login.login import CHECK as LOGIN
from checks.login.login import LoginFacts, judge_login, probe_login
from checks.server.server import ServerFacts, session_key
from checks.sessions import Credentials, MailSession, open_session
from diagnose.account.history import History
from diagnose.account.person import Person
from diagnose.account.secret import Secret
from diagnose.model import Deadline, Inputs, ProtocolName, Service, Subject
from diagnose.network import Network
from diagnose.running.context import Context
from tests.checks.conversation import PATIENCE, Server, Step, server

ADDRESS = "alice@corp.example"
SUBJECT = Subject(domain="corp.example", address=ADDRESS, username=ADDRESS)
ALICE = Credentials(username=ADDRESS, secret=Secret("secret"))
PLAIN = base64.b64encode(f"\0{ADDRESS}\0secret".encode()).decode()
NAME, WORD = (base64.b64encode(word.encode()).decode() for word in (ADDRESS, "secret"))
IMAP_LOGIN = f'C: %t LOGIN "{ADDRESS}" "secret"'


def imap(capabilities: str = "IMAP4rev1", greeting: str = "OK") -> tuple[Step, ...]:
    return (
        f"S: * {greeting} ready",
        "C: %t CAPABILITY",
        f"S: * CAPABILITY {capabilities}",
        "S: %t OK done",
    )


def pop3(*capabilities: str) -> tuple[Step, ...]:
    return ("S: +OK ready", "C: CAPA", "S: +OK", *(f"S: {one}" for one in capabilities), "S: .")


def smtp(*capabilities: str) -> tuple[Step, ...]:
    lines = ("corp.example", *capabilities)
    marks = ["-"] * (len(lines) - 1) + [" "]
    said = (f"S: 250{mark}{line}" for mark, line in zip(marks, lines, strict=True))
    return ("S: 220 corp.example ESMTP", "C: EHLO [127.0.0.1]", *said)


def ahead(answer: str, *first: str) -> Step:
    """*answer* to the command after the last one, before that is given; in one packet with what comes *first*."""

    def send(one: Server) -> None:
        number = one.tag.lstrip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        tag = one.tag[: -len(number)] + str(int(number) + 1).encode()
        lines = [one.tag + b" " + line.encode() for line in first] + [tag + b" " + answer.encode()]
        one.socket.sendall(b"".join(line + b"\r\n" for line in lines))

    return send


def working() -> Context:
    """What a probe has that may log in."""
    person = Person(password=ALICE.secret)
    return Context(network=Network(), deadline=Deadline(PATIENCE), history=History(None), person=person)


EARLY: tuple[tuple[ProtocolName, str, tuple[Step, ...]], ...] = (
    ("imap", "LOGIN-COMMAND", (*imap()[:-1], ahead("OK logged in", "OK done"))),
    ("imap", "PLAIN", (*imap("IMAP4rev1 AUTH=PLAIN"), "C: %t AUTHENTICATE PLAIN", "S: %t OK logged in")),
    ("imap", "LOGIN", (*imap("IMAP4rev1 AUTH=LOGIN"), "C: %t AUTHENTICATE LOGIN", "S: %t OK logged in")),
    (
        "imap",
        "LOGIN",
        (*imap("IMAP4rev1 AUTH=LOGIN"), "C: %t AUTHENTICATE LOGIN", "S: + ", f"C: {NAME}", "S: %t OK logged in"),
    ),
    ("pop3", "LOGIN-COMMAND", (*pop3("USER"), f"C: USER {ADDRESS}", b"+OK who\r\n+OK logged in\r\n")),
    ("pop3", "LOGIN-COMMAND", (*pop3("USER")[:-1], b".\r\n+OK logged in\r\n", f"C: USER {ADDRESS}", "S: +OK who")),
    ("pop3", "PLAIN", (*pop3("SASL PLAIN")[:-1], b".\r\n+OK logged in\r\n")),
    ("pop3", "LOGIN", (*pop3("SASL LOGIN"), "C: AUTH LOGIN", "S: +OK logged in")),
    ("pop3", "LOGIN", (*pop3("SASL LOGIN"), "C: AUTH LOGIN", "S: + ", f"C: {NAME}", "S: +OK logged in")),
    ("smtp", "PLAIN", (*smtp("AUTH PLAIN")[:-1], b"250 AUTH PLAIN\r\n235 2.7.0 logged in\r\n")),
    ("smtp", "LOGIN", (*smtp("AUTH LOGIN"), "C: AUTH LOGIN", "S: 235 2.7.0 logged in")),
    ("smtp", "LOGIN", (*smtp("AUTH LOGIN"), "C: AUTH LOGIN", "S: 334 ", f"C: {NAME}", "S: 235 2.7.0 logged in")),
    ("smtp", "LOGIN", (*smtp("AUTH LOGIN"), "C: AUTH LOGIN", "S: 334 ", f"C: {NAME}", b"334 \r\n235 in\r\n")),
)


def opened(one: Server, protocol: ProtocolName) -> MailSession:
    return open_session(protocol, one.stream(), Deadline(PATIENCE))


@pytest.mark.parametrize(("protocol", "mechanism", "steps"), EARLY)
def test_a_yes_before_the_secret_was_sent_is_none(
    protocol: ProtocolName, mechanism: str, steps: tuple[Step, ...]
) -> None:
    """It is told apart from a refusal, and the secret stays here."""
    with server(*steps) as one:
        session = opened(one, protocol)
        reply = session.login(ALICE, mechanism, Deadline(PATIENCE))
        session.close()

    assert (reply.ok, reply.unasked) == (False, True)
    assert not session.secret_is_out
    assert not any(word in line for line in one.heard for word in (b"secret", WORD.encode(), PLAIN.encode()))


BESIDE: tuple[tuple[ProtocolName, str, tuple[Step, ...]], ...] = (
    ("imap", "LOGIN-COMMAND", (*imap(), IMAP_LOGIN, "S: * OK logged in", "S: %t NO wrong")),
    ("imap", "LOGIN-COMMAND", (*imap(), IMAP_LOGIN, "S: zz9 OK logged in", "S: %t NO wrong")),
    ("imap", "LOGIN-COMMAND", (*imap(), IMAP_LOGIN, ahead("OK logged in"), "S: %t NO wrong")),
    ("imap", "LOGIN-COMMAND", (*imap()[:-1], "S: %t OK done", "S: * OK welcome", IMAP_LOGIN, "S: %t NO wrong")),
    ("pop3", "LOGIN-COMMAND", (*pop3("USER"), f"C: USER {ADDRESS}", "S: +OK", "C: PASS secret", "S: -ERR wrong")),
    ("smtp", "PLAIN", (*smtp("AUTH PLAIN"), f"C: AUTH PLAIN {PLAIN}", "S: 250 logged in")),
)


@pytest.mark.parametrize(("protocol", "mechanism", "steps"), BESIDE)
def test_a_yes_to_something_else_is_none(protocol: ProtocolName, mechanism: str, steps: tuple[Step, ...]) -> None:
    """What counts is the answer with the command's own tag or code."""
    with server(*steps) as one:
        session = opened(one, protocol)
        reply = session.login(ALICE, mechanism, Deadline(PATIENCE))
        session.close()

    assert (reply.ok, reply.unasked) == (False, False)
    assert session.secret_is_out


def test_the_tag_of_an_earlier_command_answers_no_login() -> None:
    """Said again, and then the end: no answer to the login came."""
    tags: list[bytes] = []
    keep = lambda one: tags.append(one.tag)  # noqa: E731
    again = lambda one: one.socket.sendall(tags[0] + b" OK logged in\r\n* BYE\r\n")  # noqa: E731
    with server(*imap(), keep, IMAP_LOGIN, again, "CLOSE") as one:
        session = opened(one, "imap")
        reply = session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        session.close()

    assert not reply.ok


LOGIN_IN_STEPS = ("C: AUTH LOGIN", "S: 334 ", f"C: {NAME}", "S: 334 ", f"C: {WORD}")

ANSWERED: tuple[tuple[ProtocolName, str, tuple[Step, ...]], ...] = (
    ("imap", "LOGIN-COMMAND", (*imap(), IMAP_LOGIN, "S: %t OK in")),
    ("imap", "LOGIN-COMMAND", (*imap(), "S: * OK [ALERT] tonight", IMAP_LOGIN, "S: * OK hm", "S: %t OK in")),
    ("imap", "PLAIN", (*imap("IMAP4rev1 AUTH=PLAIN"), "C: %t AUTHENTICATE PLAIN", "S: + ", f"C: {PLAIN}", "S: %t OK")),
    ("imap", "PLAIN", (*imap("IMAP4rev1 SASL-IR AUTH=PLAIN"), f"C: %t AUTHENTICATE PLAIN {PLAIN}", "S: %t OK in")),
    ("pop3", "LOGIN-COMMAND", (*pop3("USER"), f"C: USER {ADDRESS}", "S: +OK", "C: PASS secret", "S: +OK in")),
    ("pop3", "LOGIN", (*pop3("SASL LOGIN"), "C: AUTH LOGIN", "S: + ", f"C: {NAME}", "S: + ", f"C: {WORD}", "S: +OK")),
    ("smtp", "PLAIN", (*smtp("AUTH PLAIN"), f"C: AUTH PLAIN {PLAIN}", "S: 235 in")),
    (
        "smtp",
        "LOGIN",
        (*smtp("AUTH LOGIN"), "C: AUTH LOGIN", "S: 334 ", f"C: {NAME}", "S: 334 ", f"C: {WORD}", "S: 235"),
    ),
)


@pytest.mark.parametrize(("protocol", "mechanism", "steps"), ANSWERED)
def test_the_answer_to_the_secret_counts(protocol: ProtocolName, mechanism: str, steps: tuple[Step, ...]) -> None:
    """Near misses: remarks in between change nothing."""
    with server(*steps) as one:
        session = opened(one, protocol)
        reply = session.login(ALICE, mechanism, Deadline(PATIENCE))
        session.close()

    assert reply.ok


# -- what is made of it


def logged_in(protocol: ProtocolName, *steps: Step, **facts: Any) -> LoginFacts:
    service = Service(protocol=protocol, host="mail.corp.example", port=993, tls="implicit", source="option")
    with server(*steps) as one:
        bench = working()
        bench.connections.put(session_key(service), opened(one, protocol))
        known = Inputs(subject=SUBJECT, provider=None, services=(service,), facts=(ServerFacts(**facts),))
        found = probe_login(service, known, bench)
        bench.connections.close()
    assert not any(b"secret" in line or PLAIN.encode() in line for line in one.heard) or "said" in facts
    return found


def told(facts: LoginFacts) -> tuple[list[str], bool, bool, bool]:
    """Causes, whether the check has passed, whether others can go on with it, whether a question is left open."""
    check = LOGIN
    service = Service(protocol="imap", host="mail.corp.example", port=993, tls="implicit", source="option")
    findings = list(judge_login(facts, Inputs(subject=SUBJECT, provider=None, services=()), service))
    assert all(one.certainty == "possible" for one in findings)
    passed = not findings and check.untold(facts) is None
    return [one.cause for one in findings], passed, check.usable(facts), check.left_open(facts) is not None


def test_who_is_let_in_by_the_greeting_has_not_logged_in() -> None:
    """PREAUTH (RFC 9051 §7.1.4): nothing is sent, and nothing is known of the password."""
    facts = logged_in("imap", *imap("IMAP4rev1 AUTH=PLAIN", "PREAUTH"), greeting="* PREAUTH ready")

    assert (facts.outcome, facts.reply) == ("unasked", "* PREAUTH ready")
    assert told(facts) == ([], False, False, True)


@pytest.mark.parametrize("refusal", ["-ERR Unknown command.", "-ERR not in this state", "-ERR"])
def test_a_pop3_server_in_whose_mailbox_one_is_already_rejects_no_password(refusal: str) -> None:
    """A connection that begins in the TRANSACTION state takes STAT, and no USER."""
    steps = (*pop3("USER"), f"C: USER {ADDRESS}", f"S: {refusal}", "C: STAT", "S: +OK 2 320")
    facts = logged_in("pop3", *steps)

    assert facts.outcome == "unasked"
    assert told(facts) == ([], False, False, True)


@pytest.mark.parametrize(
    "steps",
    [
        (*pop3("USER"), f"C: USER {ADDRESS}", "S: -ERR [AUTH] no such user"),
        (*pop3("USER"), f"C: USER {ADDRESS}", "S: -ERR hm", "C: STAT", "S: -ERR log in first"),
        (*pop3("USER"), f"C: USER {ADDRESS}", "S: -ERR hm", "C: STAT", "CLOSE"),
    ],
)
def test_a_pop3_server_that_refuses_is_taken_at_its_word(steps: tuple[Step, ...]) -> None:
    """Only where it does not say why is it asked whether it needs a login at all."""
    assert logged_in("pop3", *steps).outcome == "rejected"


REFUSED_BY_NAME: tuple[tuple[ProtocolName, tuple[Step, ...]], ...] = (
    ("pop3", (*pop3("USER"), f"C: USER {ADDRESS}", "S: -ERR [AUTH] no such user")),
    ("pop3", (*pop3("SASL LOGIN"), "C: AUTH LOGIN", "S: + ", f"C: {NAME}", "S: -ERR [AUTH] no")),
    ("smtp", (*smtp("AUTH LOGIN"), "C: AUTH LOGIN", "S: 334 ", f"C: {NAME}", "S: 535 5.7.8 no")),
    ("smtp", (*smtp("AUTH LOGIN"), "C: AUTH LOGIN", "S: 535 5.7.8 no")),
    ("imap", (*imap("IMAP4rev1 AUTH=PLAIN LOGINDISABLED"), "C: %t AUTHENTICATE PLAIN",
              "S: %t NO [AUTHENTICATIONFAILED] no")),
)  # fmt: skip
REFUSED_BY_PASSWORD: tuple[tuple[ProtocolName, str, tuple[Step, ...]], ...] = (
    ("pop3", "LOGIN-COMMAND", (*pop3("USER"), f"C: USER {ADDRESS}", "S: +OK", "C: PASS secret", "S: -ERR [AUTH] no")),
    (
        "smtp",
        "LOGIN",
        (*smtp("AUTH LOGIN"), "C: AUTH LOGIN", "S: 334 ", f"C: {NAME}", "S: 334 ", f"C: {WORD}", "S: 535 5.7.8 no"),
    ),
    ("smtp", "PLAIN", (*smtp("AUTH PLAIN"), f"C: AUTH PLAIN {PLAIN}", "S: 535 5.7.8 no")),
    ("imap", "LOGIN-COMMAND", (*imap(), IMAP_LOGIN, "S: %t NO [AUTHENTICATIONFAILED] no")),
)


@pytest.mark.parametrize(("protocol", "steps"), REFUSED_BY_NAME)
def test_a_refusal_before_the_secret_is_told_apart(protocol: ProtocolName, steps: tuple[Step, ...]) -> None:
    facts = logged_in(protocol, *steps)

    assert (facts.outcome, facts.before_secret) == ("rejected", True)


@pytest.mark.parametrize(("protocol", "mechanism", "steps"), REFUSED_BY_PASSWORD)
def test_a_refusal_of_the_secret_comes_after_it(
    protocol: ProtocolName, mechanism: str, steps: tuple[Step, ...]
) -> None:
    with server(*steps) as one:
        session = opened(one, protocol)
        reply = session.login(ALICE, mechanism, Deadline(PATIENCE))
        session.close()

    assert (reply.ok, session.secret_is_out) == (False, True)


def test_an_answer_that_came_too_soon_is_told() -> None:
    """It is a fault of the server's, if one at all, and leaves the login open."""
    facts = logged_in("smtp", *smtp("AUTH LOGIN"), "C: AUTH LOGIN", "S: 235 2.7.0 logged in")

    assert facts.outcome == "unasked"
    assert told(facts) == (["server.fault"], False, False, True)


def test_a_submission_server_without_any_login_has_proven_none() -> None:
    """That it would take mail is no accepted login."""
    assert logged_in("smtp", *smtp("8BITMIME")).outcome == "no_mechanism"


@pytest.mark.parametrize(
    ("facts", "goes_on"),
    [
        (LoginFacts(outcome="unasked", let_in=True), True),
        (LoginFacts(outcome="unasked", mechanism="LOGIN"), True),
        (LoginFacts(outcome="unasked", mechanism="PLAIN", let_in=True, secret_sent=True), False),
        (LoginFacts(outcome="rejected", mechanism="PLAIN", reply="NO"), False),
    ],
)
def test_another_service_is_tried_where_the_secret_stayed_here(facts: LoginFacts, goes_on: bool) -> None:
    """What nobody has got to see cannot have been rejected."""
    check = LOGIN
    first = Service(protocol="imap", host="mail.corp.example", port=993, tls="implicit", source="option")
    second = msgspec.structs.replace(first, protocol="smtp", port=465)
    known = Inputs(subject=SUBJECT, provider=None, services=(first, second), elsewhere=((first, facts),))
    bench = working()

    assert check.turns is not None
    assert (check.turns.spared(second, known, bench) is None) is goes_on
