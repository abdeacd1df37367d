"""What a server says means the same by a run as by `diagnose explain`, in whatever charset it says it."""

from __future__ import annotations

import base64
from typing import Any, Literal

import pytest

from checks.activation.mail import read_headers
from checks.login.login import LoginFacts, judge_login, probe_login
from checks.reach.reach import ReachFacts, stream_key
from checks.server.server import ServerFacts, judge_server, probe_server
from checks.sessions.session import shown
from checks.web.web import judge_web, probe_web
from diagnose.account.history import History
from diagnose.account.person import Person
from diagnose.account.secret import MASK, Secret
from diagnose.explain.explain import explain
from diagnose.lab.listener import Listener
from diagnose.model import Deadline, Finding, Inputs, Service, Subject
from diagnose.network import Network
from diagnose.replies import ReplyForm
from diagnose.running.context import Context
from tests.checks.conversation import CLOSE, Server, Step, server
from tests.replies.test_decoding import LOCKED

USER, WORD = "alice@corp.example", "s3cret-word"
SUBJECT = Subject(domain="corp.example", address=USER, username=USER)

MailProtocol = Literal["imap", "pop3", "smtp"]

GREETINGS: dict[MailProtocol, str] = {"imap": "* BYE [ALERT] {}", "pop3": "-ERR {}", "smtp": "554 5.7.1 {}"}
REPLIES: dict[MailProtocol, str] = {"imap": "NO {}", "pop3": "-ERR {}", "smtp": "535 5.7.8 Error: {}"}


def login(protocol: MailProtocol, reply: bytes, word: str = WORD) -> tuple[Step, ...]:
    """A session in which the login is answered by *reply*."""

    def answers(one: Server) -> None:
        one.socket.sendall((one.tag + b" " if protocol == "imap" else b"") + reply + b"\r\n")

    secret = base64.b64encode(f"\0{USER}\0{word}".encode()).decode()
    hello: dict[MailProtocol, tuple[Step, ...]] = {
        "imap": ("S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN LOGINDISABLED] ready",),
        "pop3": ("S: +OK ready", "C: CAPA", "S: +OK", "S: SASL PLAIN", "S: ."),
        "smtp": ("S: 220 ready", "C: EHLO [127.0.0.1]", "S: 250-mail", "S: 250 AUTH PLAIN"),
    }
    command = "%t AUTHENTICATE" if protocol == "imap" else "AUTH"
    return (*hello[protocol], f"C: {command} PLAIN {secret}", answers)


class Run:
    """The checks of one mail service, as a run does them."""

    def __init__(self, one: Server, protocol: MailProtocol, word: str = WORD) -> None:
        self.target = Service(protocol=protocol, host="localhost", port=one.port, tls="starttls", source="option")
        self.context = Context(
            network=Network(), deadline=Deadline(30), history=History(None), person=Person(password=Secret(word))
        )
        self.context.connections.put(stream_key(self.target), one.stream())
        self._facts: dict[str, Any] = {
            "reach": ReachFacts(addresses=("127.0.0.1",), connected="127.0.0.1", attempts=())
        }

    @property
    def inputs(self) -> Inputs:
        return Inputs(subject=SUBJECT, provider=None, services=(self.target,), facts=tuple(self._facts.values()))

    def greet(self) -> tuple[ServerFacts, list[Finding]]:
        facts = self._facts["server"] = probe_server(self.target, self.inputs, self.context)
        return facts, list(judge_server(facts, self.inputs, self.target))

    def log_in(self) -> tuple[LoginFacts, list[Finding]]:
        self.greet()
        facts = probe_login(self.target, self.inputs, self.context)
        self.context.connections.close()
        return facts, list(judge_login(facts, self.inputs, self.target))


def causes(found: Any) -> list[tuple[str, str]]:
    return [(getattr(one, "cause", None) or one.id, one.certainty) for one in found]


def explained(octets: bytes, charset: str, protocol: ReplyForm) -> list[str]:
    """What `diagnose explain` makes of *octets*, and as surely of the same words in no charset at all.

    How sure it is of words alone, its second opinion says, which a run does without: that knows where they were said.
    """
    found = causes(explain(octets, protocol=protocol).causes)
    assert found == causes(explain(octets.decode(charset), protocol=protocol).causes)
    return [cause for cause, _ in found]


@pytest.mark.parametrize("charset", [*LOCKED, "utf-8"])
@pytest.mark.parametrize("protocol", REPLIES)
def test_a_login_reply_means_what_explain_says(protocol: MailProtocol, charset: str) -> None:
    """Readable in the facts and in the evidence."""
    words = LOCKED.get(charset, LOCKED["gb18030"])
    reply = REPLIES[protocol].format(words).encode(charset)
    with server(*login(protocol, reply), complete=False) as one:
        facts, found = Run(one, protocol).log_in()

    sent = b"a1 " + reply if protocol == "imap" else reply
    assert causes(found) == [("lockout.account-locked", "confirmed")]
    assert explained(sent, charset, protocol) == ["lockout.account-locked"]
    assert words in facts.reply
    assert words in found[0].text.render()


@pytest.mark.parametrize("charset", [*LOCKED, "utf-8"])
@pytest.mark.parametrize("protocol", GREETINGS)
def test_a_greeting_means_what_explain_says(protocol: MailProtocol, charset: str) -> None:
    words = LOCKED.get(charset, LOCKED["gb18030"])
    greeting = GREETINGS[protocol].format(words).encode(charset)
    with server(greeting + b"\r\n", CLOSE, complete=False) as one:
        facts, found = Run(one, protocol).greet()

    assert causes(found) == [("lockout.account-locked", "confirmed")]
    assert explained(greeting, charset, protocol) == ["lockout.account-locked"]
    assert facts.greeting == greeting.decode(charset)
    assert words in found[0].text.render()


@pytest.mark.parametrize("protocol", REPLIES)
@pytest.mark.parametrize(
    "words",
    [b"D\xe9sol\xe9", b"\xff\xfe\xfd\xfc\xfb", "Grüße".encode("latin-1"), b"caf\xe9 \xa7", "\u5bc6".encode()[:2]],
)
def test_what_is_no_chinese_does_not_become_chinese(protocol: MailProtocol, words: bytes) -> None:
    """And the rejection stays one."""
    reply = REPLIES[protocol].encode().replace(b"{}", b"Invalid password " + words)
    with server(*login(protocol, reply), complete=False) as one:
        facts, found = Run(one, protocol).log_in()

    assert found[0].cause == "credentials.rejected"
    assert not any("\u2e80" <= letter <= "\uffdc" for letter in facts.reply)


@pytest.mark.parametrize("protocol", REPLIES)
@pytest.mark.parametrize("charset", ["gb18030", "utf-16-le", "utf-16-be", "big5", "utf-8"])
@pytest.mark.parametrize("lead", [b"", b"\xd5", "帐号".encode("gb18030")], ids=["alone", "half a character", "Chinese"])
def test_a_secret_is_masked_in_whatever_charset_it_comes_back(
    protocol: MailProtocol, charset: str, lead: bytes
) -> None:
    """Before anything is cut, and whatever the charset of the words around it."""
    word = "小明的密碼甲乙"
    told = b"x " + lead + word.encode(charset) + b" "
    reply = REPLIES[protocol].encode().replace(b"{}", told + "用户名或密码错误".encode("gb18030"))
    with server(*login(protocol, reply, word), complete=False) as one:
        facts, _ = Run(one, protocol, word).log_in()

    assert facts.outcome == "rejected"
    assert MASK in facts.reply
    assert not any(piece in facts.reply for piece in (word[1:3], word[2:4], word[3:5], word[5:]))


@pytest.mark.parametrize("octets", [b"\xd5hunter2-horse", b"\xc3\xdchunter2-horse \xd5\xca", b"\x81hunter2-horse"])
def test_no_letter_of_a_secret_is_taken_for_half_a_character(octets: bytes) -> None:
    told = shown(b"535 " + octets, Secret("hunter2-horse"))
    assert "unter" not in told
    assert MASK in told


def test_a_near_miss_of_a_secret_is_no_secret() -> None:
    """Neither are words in another charset that share some octets with it."""
    assert shown("535 帐号已被锁定".encode("gb18030"), Secret("密码密码")) == "535 帐号已被锁定"
    assert shown(b"535 hunter", Secret("hunter2-horse")) == "535 hunter"


def test_a_long_reply_is_bounded_in_words() -> None:
    long = "密码错误。" * 3000
    assert shown(long.encode("gb18030")) == long[:4000]


PAGE = "<html>{}<title>Mail</title><p>{}</p>"


@pytest.mark.parametrize("declared", ["header", "meta", "neither", "wrong"])
@pytest.mark.parametrize("charset", [*LOCKED, "utf-8"])
def test_a_page_means_what_explain_says(charset: str, declared: str) -> None:
    """By its header, by itself, by its words, and against a header that names another charset."""
    words = LOCKED.get(charset, LOCKED["gb18030"])
    body = PAGE.format(f'<meta charset="{charset}">' if declared == "meta" else "", words).encode(charset)
    wrong = "iso-8859-1" if charset == "utf-8" else "utf-8"
    named = {"header": f"; charset={charset}", "wrong": f"; charset={wrong}"}.get(declared, "")

    def page(connection: Any, *_: Any) -> None:
        connection.recv(4096)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html{named}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    inputs = Inputs(subject=Subject(domain="localhost"), provider=None, services=())
    with Listener(page, "127.0.0.1") as listener:
        url = f"http://localhost:{listener.port}/"
        target = Service(protocol="webmail", host="localhost", port=listener.port, tls="none", source="option", url=url)
        context = Context(network=Network(), deadline=Deadline(30), history=History(None))
        facts = probe_web(target, inputs, context)
    found = list(judge_web(facts, inputs, target))

    assert facts.page is not None
    assert facts.page.text == words
    assert causes(found) == [("lockout.account-locked", "possible")]  # nobody has given a name on it
    assert explained(body, charset, "http") == ["lockout.account-locked"]
    assert words in found[0].text.render()


@pytest.mark.parametrize(
    ("headers", "subject"),
    [
        ("Subject: 帐号激活邮件\nFrom: 客服 <a@corp.example>".encode("gb18030"), "帐号激活邮件"),
        ("Subject: 帳號啟用信\nFrom: a@corp.example".encode("big5"), "帳號啟用信"),
        (b"Subject: =?gb2312?B?1cq6xbyku+4=?= x\nFrom: a@corp.example", "帐号激活 x"),
        (b"Subject: =?utf-8?B?5r+A?=\n =?utf-8?B?5rS7?=\nFrom: a@corp.example", "激活"),
        ("Subject: アカウント有効化\nFrom: a@corp.example".encode("iso2022_jp"), "アカウント有効化"),
        ("Subject: Ключ активации\nFrom: a@corp.example".encode("koi8_r"), "Ключ активации"),
        ("Subject: Compte activé\nFrom: a@corp.example".encode("latin-1"), "Compte activé"),
        (b"Subject: Activate your account\nFrom: a@corp.example", "Activate your account"),
    ],
)
def test_a_mails_subject_is_read_with_and_without_encoded_words(headers: bytes, subject: str) -> None:
    mail = read_headers(headers, "inbox")
    assert (mail.subject, mail.sender) == (subject, "a@corp.example")
