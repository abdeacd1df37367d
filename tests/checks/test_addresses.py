"""A server of several addresses that do not show the same: what is wrong is told whichever of them connects first."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from checks.network.reference_clocks import Testimony
from checks.reach.reach import ReachFacts, stream_key
from checks.reach.retry import call_again
from checks.server.server import probe_server, session_key
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
FIRST, SECOND, THIRD = "127.0.0.1", "127.0.0.2", "127.0.0.3"


@contextlib.contextmanager
def up(shown: Mapping[str, CertificateKind | None], tls: TlsMode, folder: Path) -> Iterator[tuple[Service, Network]]:
    """IMAP at one port of several addresses, each with a certificate of its own; None: with no STARTTLS."""
    authority, account = Authority(), Account(["alice@corp.example"], "x", {})
    authority.write_root(folder / "ca.pem")
    with contextlib.ExitStack() as stack:
        port = 0
        for address, kind in shown.items():
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
    if service.tls == "starttls":
        server = probe_server(service, inputs, context)
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
    return facts, list(judge_tls(facts, inputs, service)), gone_on


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
