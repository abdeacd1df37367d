"""A server of several addresses that do not show the same: what is wrong is told whichever of them connects first."""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import struct
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest

from checks.network.reference_clocks import Testimony
from checks.reach.reach import ReachFacts, stream_key
from checks.reach.retry import call_again
from checks.server.server import judge_server, probe_server, session_key
from checks.sessions import MailSession
from checks.tls.handshake import TlsFacts
from checks.tls.tls import judge_tls, probe_tls
from diagnose.account.history import History
from diagnose.lab.account import Account
from diagnose.lab.authority import Authority
from diagnose.lab.imap import ImapSession
from diagnose.lab.listener import Listener
from diagnose.lab.scenario import CertificateKind
from diagnose.lab.session import ServerSettings
from diagnose.model import Deadline, Finding, Inputs, Service, Subject, TlsMode
from diagnose.network import Network, Stream
from diagnose.running.context import Context
from tests.pace import patient

HOST = "mail.corp.example"
Kind = CertificateKind | Literal["hangs-up", "resets", "no-greeting"]
"""Of what an address shows: a certificate, or that it takes connections and ends them."""
FIRST, SECOND, THIRD = "127.0.0.1", "127.0.0.2", "127.0.0.3"


def hangs_up(*_: Any) -> None:
    """Say nothing, and go."""


def resets(connection: Any, *_: Any) -> None:
    """Take what comes first, and go without any manners."""
    connection.settimeout(0.1)
    with contextlib.suppress(TimeoutError):
        connection.recv(4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.socket.close(connection)


def forward(one: socket.socket, other: socket.socket) -> None:
    """Pass on what either sends, until one of them goes."""
    while True:
        for ready in select.select([one, other], [], [], 10)[0]:
            data = ready.recv(65536)
            if not data:
                return
            (other if ready is one else one).sendall(data)


@contextlib.contextmanager
def up(shown: Mapping[str, Kind | None], tls: TlsMode, folder: Path) -> Iterator[tuple[Service, Network]]:
    """IMAP at one port of several addresses, each with a certificate of its own; None: with no STARTTLS."""
    authority, account = Authority(), Account(["alice@corp.example"], "x", {})
    authority.write_root(folder / "ca.pem")
    with contextlib.ExitStack() as stack:
        port = 0
        for address, kind in shown.items():
            match kind:
                case "hangs-up" | "resets" | "no-greeting":
                    good = authority.server_context("good", HOST) if kind == "no-greeting" else None
                    listener = Listener(resets if kind == "resets" else hangs_up, address, port=port, tls=good)
                    port = stack.enter_context(listener).port
                    continue
            context = authority.server_context(kind or "good", HOST)
            settings = ServerSettings(
                host=HOST, tls=tls if kind else "none", context=context, account=account, mechanisms=("PLAIN",),
                examine=None, needs_id=False, delay=0,
            )  # fmt: skip
            conversation = partial(ImapSession, settings=settings)
            listener = Listener(conversation, address, port=port, tls=context if tls == "implicit" else None)
            port = stack.enter_context(listener).port
        network = stack.enter_context(contextlib.closing(Network(ca_file=folder / "ca.pem")))
        yield Service(protocol="imap", host=HOST, port=port, tls=tls, source="option"), network


def looked_at(
    service: Service,
    network: Network,
    addresses: tuple[str, ...],
    *,
    connected: str,
    provider: str | None = None,
) -> tuple[TlsFacts, list[Finding], str | None]:
    """Of a handshake with *connected*, the first of *addresses*; and the address that the run goes on with."""
    context = Context(network=network, deadline=Deadline(patient(30.0)), history=History(None))
    network.once("clocks", Testimony)  # none is asked: they are elsewhere
    stream = network.connect_all((connected,), service.port, context.deadline).winner(context.deadline)
    assert stream is not None
    context.connections.put(stream_key(service), stream)
    reach = ReachFacts(addresses=addresses, connected=connected, attempts=())
    inputs = Inputs(subject=Subject(domain="corp.example"), provider=provider, services=(service,), facts=(reach,))
    told: list[Finding] = []
    if service.tls == "starttls":
        server = probe_server(service, inputs, context)
        told += judge_server(server, inputs, service)
        inputs = Inputs(subject=inputs.subject, provider=provider, services=(service,), facts=(reach, server))
    facts = probe_tls(service, inputs, context)
    gone_on = None
    if facts.verified:
        held = context.connections.take(session_key(service), MailSession)  # type: ignore[type-abstract]
        kept = held.stream if held else context.connections.take(stream_key(service), Stream)
        gone_on = kept.peer if kept else None
        again = call_again(service, inputs, context, at_once=True)
        assert again.peer == gone_on
        again.abort()
    context.connections.close()
    return facts, [*told, *judge_tls(facts, inputs, service)], gone_on


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize("connected", [FIRST, SECOND])
@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        ("other-name", "tls.name-mismatch"),
        ("expired", "tls.cert-expired"),
        ("self-signed", "tls.untrusted-issuer"),
        ("not-yet-valid", "tls.cert-not-yet-valid"),
        ("old-tls", "tls.protocol-too-old"),
    ],
)
def test_one_of_two_addresses_hinders(
    tmp_path: Path, wrong: CertificateKind, cause: str, connected: str, tls: TlsMode
) -> None:
    """Whichever connects first; the run goes on by the right one."""
    with up({FIRST: "good", SECOND: wrong}, tls, tmp_path) as (service, network):
        facts, findings, gone_on = looked_at(service, network, (FIRST, SECOND), connected=connected)

    assert facts.verified
    assert gone_on == FIRST
    assert [(one.cause, one.partial) for one in findings if one.certainty != "possible"] == [(cause, True)]
    assert (facts.address, [one.address for one in facts.not_accepted]) == (FIRST, [SECOND])
    words = findings[0].text.render()
    assert words.startswith(f"By its address {SECOND}: ")
    assert words.endswith(f" By {FIRST} it shows a certificate that is accepted.")


@pytest.mark.parametrize("connected", [FIRST, SECOND])
def test_starttls_that_is_stripped_at_one_of_two_addresses_hinders(tmp_path: Path, connected: str) -> None:
    with up({FIRST: "good", SECOND: None}, "starttls", tmp_path) as (service, network):
        facts, findings, gone_on = looked_at(service, network, (FIRST, SECOND), connected=connected)

    assert (facts.verified, gone_on) == (True, FIRST)
    assert [(one.cause, one.certainty, one.partial) for one in findings] == [
        ("tls.starttls-missing", "confirmed", True)
    ]
    assert [one.address for one in facts.not_accepted] == [SECOND]


def test_starttls_that_no_address_offers_blocks(tmp_path: Path) -> None:
    with up({FIRST: None, SECOND: None}, "starttls", tmp_path) as (service, network):
        facts, findings, _ = looked_at(service, network, (FIRST, SECOND), connected=FIRST)

    assert [(one.cause, one.partial) for one in findings] == [("tls.starttls-missing", False)]
    assert facts.not_accepted == ()


@pytest.mark.parametrize("connected", [FIRST, SECOND, THIRD])
def test_one_of_three_addresses_hinders(tmp_path: Path, connected: str) -> None:
    with up({FIRST: "good", SECOND: "good", THIRD: "expired"}, "implicit", tmp_path) as (service, network):
        facts, findings, gone_on = looked_at(service, network, (FIRST, SECOND, THIRD), connected=connected)

    assert [(one.cause, one.partial) for one in findings] == [("tls.cert-expired", True)]
    assert gone_on in {FIRST, SECOND}
    assert [one.address for one in facts.not_accepted] == [THIRD]


def test_all_addresses_block(tmp_path: Path) -> None:
    """No address lets anybody in."""
    with up({FIRST: "other-name", SECOND: "other-name"}, "implicit", tmp_path) as (service, network):
        facts, findings, _ = looked_at(service, network, (FIRST, SECOND), connected=FIRST)

    assert not facts.verified
    assert [(one.cause, one.partial) for one in findings] == [("tls.name-mismatch", False)]
    assert facts.not_accepted == ()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_addresses_that_are_alike_are_no_matter(tmp_path: Path, tls: TlsMode) -> None:
    with up({FIRST: "good", SECOND: "good"}, tls, tmp_path) as (service, network):
        facts, findings, gone_on = looked_at(service, network, (FIRST, SECOND), connected=SECOND)

    assert (facts.verified, findings, gone_on, facts.address, facts.not_accepted) == (True, [], SECOND, "", ())


@pytest.mark.parametrize("missing", [SECOND, THIRD])
def test_an_address_that_does_not_connect_shows_nothing(tmp_path: Path, missing: str) -> None:
    """Whether it does is what another check says; nor does it take the good one's place."""
    with up({FIRST: "good"}, "implicit", tmp_path) as (service, network):
        facts, findings, gone_on = looked_at(service, network, (FIRST, missing), connected=FIRST)
    with up({FIRST: "expired"}, "implicit", tmp_path) as (service, network):
        _, wrong, _ = looked_at(service, network, (FIRST, missing), connected=FIRST)

    assert (facts.verified, findings, gone_on) == (True, [], FIRST)
    assert [(one.cause, one.partial) for one in wrong] == [("tls.cert-expired", False)]


def test_a_known_providers_servers_are_not_asked_one_by_one(tmp_path: Path) -> None:
    with up({FIRST: "good", SECOND: "expired"}, "implicit", tmp_path) as (service, network):
        facts, findings, _ = looked_at(service, network, (FIRST, SECOND), connected=FIRST, provider="gmx")

    assert (facts.verified, findings) == (True, [])


@pytest.mark.usefixtures("without_pause")
@pytest.mark.parametrize("connected", [FIRST, SECOND])
@pytest.mark.parametrize(
    ("tls", "kind", "cause"),
    [
        ("implicit", "hangs-up", "tls.handshake-failed"),
        ("implicit", "resets", "tls.handshake-failed"),
        ("starttls", "hangs-up", "server.fault"),
        ("starttls", "resets", "server.fault"),
    ],
)
def test_one_of_two_addresses_that_hangs_up_hinders(
    tmp_path: Path, tls: TlsMode, kind: Kind, cause: str, connected: str
) -> None:
    """A program that took the connection tries no other address; whichever connects first is told, and gone round."""
    with up({FIRST: "good", SECOND: kind}, tls, tmp_path) as (service, network):
        facts, findings, gone_on = looked_at(service, network, (FIRST, SECOND), connected=connected)

    assert (facts.verified, gone_on) == (True, FIRST)
    assert [(one.cause, one.certainty, one.partial) for one in findings][:1] == [(cause, "confirmed", True)]
    words = {one.text.render() for one in findings}
    assert len(words) == 1, "told twice"
    assert words.pop().startswith(f"By its address {SECOND}: ")


@pytest.mark.usefixtures("without_pause")
@pytest.mark.parametrize("connected", [FIRST, SECOND])
def test_one_of_two_that_ends_the_conversation_behind_the_handshake_hinders(tmp_path: Path, connected: str) -> None:
    """As a proxy does that ends TLS itself, and whose server behind it is gone."""
    with up({FIRST: "good", SECOND: "no-greeting"}, "implicit", tmp_path) as (service, network):
        context = Context(network=network, deadline=Deadline(patient(30.0)), history=History(None))
        stream = network.connect_all((connected,), service.port, context.deadline).winner(context.deadline)
        assert stream is not None
        context.connections.put(stream_key(service), stream)
        reach = ReachFacts(addresses=(FIRST, SECOND), connected=connected, attempts=())
        subject = Subject(domain="corp.example")
        inputs = Inputs(subject=subject, provider=None, services=(service,), facts=(reach,))
        handshake = probe_tls(service, inputs, context)
        greeting = probe_server(service, inputs, context)
        findings = [*judge_tls(handshake, inputs, service), *judge_server(greeting, inputs, service)]
        again = call_again(service, inputs, context, at_once=True)
        again.abort()
        context.connections.close()

    assert (greeting.open, again.peer) == (True, FIRST)
    assert {(one.cause, one.certainty, one.partial) for one in findings} == {("server.fault", "confirmed", True)}
    assert {one.data["address"] for one in findings} == {SECOND}


@pytest.mark.usefixtures("without_pause")
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_server_that_hangs_up_at_all_addresses_blocks(tmp_path: Path, tls: TlsMode) -> None:
    with up({FIRST: "hangs-up", SECOND: "resets"}, tls, tmp_path) as (service, network):
        context = Context(network=network, deadline=Deadline(patient(30.0)), history=History(None))
        stream = network.connect_all((FIRST,), service.port, context.deadline).winner(context.deadline)
        assert stream is not None
        context.connections.put(stream_key(service), stream)
        reach = ReachFacts(addresses=(FIRST, SECOND), connected=FIRST, attempts=())
        inputs = Inputs(subject=Subject(domain="corp.example"), provider=None, services=(service,), facts=(reach,))
        if tls == "implicit":
            findings = [*judge_tls(probe_tls(service, inputs, context), inputs, service)]
        else:
            findings = [*judge_server(probe_server(service, inputs, context), inputs, service)]
        context.connections.close()

    assert [(one.certainty, one.partial) for one in findings] == [("confirmed", False)]


@pytest.mark.usefixtures("without_pause")
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_an_address_that_hangs_up_once_shows_nothing(tmp_path: Path, tls: TlsMode) -> None:
    """It may be what a limit of connections does, or a moment's trouble."""
    turns = itertools.count()
    with up({FIRST: "good"}, tls, tmp_path) as (service, network):

        def first_hangs_up(*given: Any) -> None:
            if next(turns):
                with contextlib.closing(socket.create_connection((FIRST, service.port))) as there:
                    forward(given[0], there)

        with Listener(first_hangs_up, SECOND, port=service.port):
            facts, findings, gone_on = looked_at(service, network, (FIRST, SECOND), connected=FIRST)

    assert (facts.verified, findings, gone_on, facts.not_accepted) == (True, [], FIRST, ())
    assert next(turns) == 2
