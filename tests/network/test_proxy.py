"""Proxies on loopback, and what is said of them: only what is plainly theirs."""

from __future__ import annotations

import socketserver
from typing import Any

import pytest

from checks.network.proxy import (
    ProxyAttempt,
    ProxyFacts,
    judge_page,
    judge_proxies,
    judge_proxy,
    probe_page,
    probe_proxies,
    probe_proxy,
)
from diagnose.model import Certainty, Failure, FailureName, SkipCheck
from diagnose.network import Vantage
from diagnose.network.proxies import Proxy, ProxySettings, parse_proxy
from tests.support.build import SUBJECT as ALICE

from .conftest import Conversation, Serve
from .given import bench, given, reach, service

PAGE = service("webmail.corp.example", 443, "webmail")
MAIL = service("mail.corp.example")


def proxy_attempt(stage: Any = "answer", *, failed: FailureName | None = None, **seen: Any) -> ProxyAttempt:
    failure = Failure(name=failed, operation="connect") if failed else None
    return ProxyAttempt(
        proxy="http://proxy:3128", source="test", host="webmail", port=443, stage=stage, failure=failure, **seen
    )


GONE = proxy_attempt("proxy", failed="connection_refused")
AWAY = proxy_attempt("proxy", failed="timed_out")
SIGN_IN = proxy_attempt(status=407, offered=("basic",))
BAD_GATEWAY, UNAVAILABLE, FORBIDDEN = proxy_attempt(status=502), proxy_attempt(status=503), proxy_attempt(status=403)
CUT = proxy_attempt("page", status=200, failed="connection_closed")
THROUGH = proxy_attempt("page", status=200)


@pytest.mark.parametrize(
    ("one", "by_direct"),
    [
        (THROUGH, (None, None, None)),
        (GONE, ("confirmed", "likely", "possible")),
        (AWAY, ("confirmed", "possible", "possible")),
        (SIGN_IN, ("confirmed", "likely", "possible")),
        (BAD_GATEWAY, ("confirmed", "possible", None)),
        (UNAVAILABLE, ("confirmed", "possible", None)),
        (FORBIDDEN, ("likely", "possible", None)),
        (CUT, ("likely", "possible", None)),
        (proxy_attempt("page", status=0, failed="connection_closed"), ("likely", "possible", None)),
        (proxy_attempt(status=5), ("confirmed", "possible", None)),
        (proxy_attempt(status=407, offered=("negotiate", "ntlm")), ("possible", "possible", "possible")),
        (proxy_attempt(status=407, offered=("negotiate", "basic")), ("confirmed", "likely", "possible")),
        (proxy_attempt(status=407, offered=("basic",), signs_in=True), ("possible", "possible", "possible")),
        (proxy_attempt("proxy", failed="connection_refused", plain_only=True), ("possible", "possible", "possible")),
    ],
)
def test_with_and_without(one: ProxyAttempt, by_direct: tuple[Certainty | None, ...]) -> None:
    """Without it: the page comes, nothing comes, the server answers wrongly."""
    for direct, certainty in zip(("works", "silent", "answers"), by_direct, strict=True):
        found = list(judge_page(ProxyFacts(passages=(one,), direct=direct), given(), PAGE))  # type: ignore[arg-type]
        assert [finding.certainty for finding in found] == ([certainty] if certainty else []), direct
        assert all("http://proxy:3128" in finding.text.render() for finding in found)


def test_a_server_on_this_computer_need_not_be_known_to_a_proxy() -> None:
    here = [
        list(judge_page(ProxyFacts(passages=(one,), direct="works", on_this_computer=True), given(), PAGE))
        for one in (UNAVAILABLE, CUT, SIGN_IN)
    ]

    assert [bool(found) for found in here] == [False, False, True]


@pytest.mark.parametrize(
    ("one", "direct", "expected"),
    [
        (GONE, "works", [("confirmed", True)]),
        (SIGN_IN, "works", [("confirmed", True)]),
        (GONE, "silent", [("likely", False)]),
        (FORBIDDEN, "works", []),
        (UNAVAILABLE, "works", []),
        (THROUGH, "works", []),
    ],
)
def test_without_a_page_only_the_proxy_itself_counts(
    one: ProxyAttempt, direct: Any, expected: list[tuple[Certainty, bool]]
) -> None:
    """That it carries no mail protocol is no fault; and mail programs that get through are only hindered."""
    found = list(judge_proxy(ProxyFacts(passages=(one,), direct=direct), given(), ALICE))

    assert [(finding.certainty, finding.partial) for finding in found] == expected


def asks(reply: bytes) -> Conversation:
    def converse(connection: socketserver.StreamRequestHandler) -> None:
        while connection.rfile.readline().strip():
            pass
        connection.wfile.write(reply)

    return converse


def told(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Make *url* the proxy of this computer."""
    one = parse_proxy(url, "test")
    monkeypatch.setattr(Vantage, "proxies", lambda _: ProxySettings(proxies=(one,) if one else ()))


@pytest.mark.parametrize(
    ("reply", "stage", "status", "offered", "failed"),
    [
        (
            b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nProxy-Authenticate: NTLM\r\n\r\n",
            "answer",
            407,
            ("basic", "ntlm"),
            None,
        ),
        (b"HTTP/1.0 503 Service Unavailable\r\n\r\n", "answer", 503, (), None),
        (b"HTTP/1.1 200 Connection established\r\n\r\n", "page", 200, (), "connection_closed"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "answer", None, (), "unknown"),
        (b"", "answer", None, (), "connection_closed"),
        (b"HTTP/1.1 200 " + b"x" * 100_000, "answer", None, (), "unknown"),
    ],
)
def test_what_http_proxies_say(
    monkeypatch: pytest.MonkeyPatch,
    serve: Serve,
    reply: bytes,
    stage: str,
    status: int | None,
    offered: tuple[str, ...],
    failed: str | None,
) -> None:
    told(monkeypatch, f"http://alice:geheim@127.0.0.1:{serve(asks(reply))}")
    (seen,) = probe_page(PAGE, given(PAGE), bench()).passages

    assert (seen.stage, seen.status, seen.offered) == (stage, status, offered)
    if failed == "connection_closed":
        assert seen.failure is not None
        assert seen.failure.name in {"connection_closed", "connection_reset"}
    else:
        assert (seen.failure and seen.failure.name) == failed
    assert "geheim" not in repr(seen)


@pytest.mark.parametrize(
    ("greeting", "reply", "stage", "status"),
    [
        (b"\x05\x00", b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", "page", 0),
        (b"\x05\x00", b"\x05\x04\x00\x03\x04abcd\x00\x00", "answer", 4),
        (b"\x05\xff", b"", "answer", 255),
        (b"\x05\x02", b"", "answer", 255),
        (b"\x04\x00", b"", "answer", None),
        (b"", b"", "answer", None),
    ],
)
def test_what_socks_proxies_say(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, greeting: bytes, reply: bytes, stage: str, status: int | None
) -> None:
    asked: list[bytes] = []

    def converse(connection: socketserver.StreamRequestHandler) -> None:
        connection.rfile.read(3)
        connection.wfile.write(greeting)
        if reply:
            asked.append(connection.rfile.read(5 + len(MAIL.host) + 2))
            connection.wfile.write(reply)

    told(monkeypatch, f"socks5://127.0.0.1:{serve(converse)}")
    (seen,) = probe_proxy(ALICE, given(MAIL), bench()).passages

    assert (seen.stage, seen.status) == (stage, status)
    assert asked == ([b"\x05\x01\x00\x03\x11mail.corp.example\x03\xe1"] if reply else [])
    assert seen.worked is (stage == "page")
    if status is None:
        assert seen.failure is not None


def test_a_proxy_that_nobody_runs(monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:
    told(monkeypatch, f"http://127.0.0.1:{closed_port}")
    facts = probe_page(PAGE, given(PAGE, facts=(reach("192.0.2.9"),)), bench())

    assert facts.direct == "answers"
    assert facts.passages[0].stage == "proxy"
    assert facts.passages[0].failure is not None
    assert facts.passages[0].failure.name == "connection_refused"


def test_a_silent_proxy_does_not_hold_up_the_run(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    def listens(connection: socketserver.StreamRequestHandler) -> None:
        connection.rfile.read(100_000)

    told(monkeypatch, f"http://127.0.0.1:{serve(listens)}")
    (seen,) = probe_page(PAGE, given(PAGE), bench(seconds=1)).passages

    assert seen.failure is not None
    assert seen.failure.name == "timed_out"


@pytest.mark.parametrize("target", [PAGE, ALICE], ids=["page", "mail"])
def test_a_variable_that_names_no_proxy_is_told(target: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that heed it may fail; those that do not may be fine: a hint, which never says that anything is down."""
    monkeypatch.setattr(Vantage, "proxies", lambda _: ProxySettings(unread=("HTTPS_PROXY",)))
    facts = probe_proxies(target, given(PAGE if target is PAGE else MAIL), bench())
    findings = list(judge_proxies(facts, given(MAIL), target))

    assert [(one.cause, one.certainty, one.partial) for one in findings] == [
        ("network.proxy-misconfigured", "possible", True)
    ]
    assert "HTTPS_PROXY" in findings[0].text.render()


def test_nobody_is_asked_where_no_proxy_is_set_or_the_host_is_exempt(monkeypatch: pytest.MonkeyPatch) -> None:
    exempt = Proxy(scheme="http", host="proxy", port=3128, source="test", bypass=("corp.example",))
    for settings in (ProxySettings(), ProxySettings(proxies=(exempt,)), ProxySettings(pac="http://wpad/proxy.pac")):
        monkeypatch.setattr(Vantage, "proxies", lambda _, settings=settings: settings)
        with pytest.raises(SkipCheck):
            probe_page(PAGE, given(PAGE), bench())


def test_a_proxy_elsewhere_is_not_asked_for_a_server_on_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, "http://proxy.corp.example:3128")

    with pytest.raises(SkipCheck):
        probe_page(PAGE, given(PAGE, facts=(reach("127.0.0.1"),)), bench())


def test_the_webmail_page_speaks_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, "http://127.0.0.1:1")

    with pytest.raises(SkipCheck):
        probe_proxy(ALICE, given(MAIL, PAGE), bench())
