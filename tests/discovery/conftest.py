"""A mail domain on loopback: its zone, its web server, its mail ports."""

from __future__ import annotations

import contextlib
import socketserver
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import trustme

from diagnose.discovery import Discovered, DiscoveryOptions, discover, strategy
from diagnose.model import Deadline, Service, Subject
from tests.pace import patient

from .loopback import LoopbackNetwork, Page, Web, certificate, implicit_tls, served, web
from .nameserver import ScriptedNameserver

DOMAIN = "corp.example"
Records = Mapping[tuple[str, str], Sequence[str] | str]


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(file)
    return file


class Estate:
    """Builds servers, runs discovery against them, and takes them down."""

    def __init__(self, ca: trustme.CA, ca_file: Path, stack: contextlib.ExitStack) -> None:
        self.ca = ca
        self.ca_file = ca_file
        self.ports: dict[tuple[str, int], int] = {}
        self.announced: list[tuple[Service, ...]] = []
        self.recognised: list[str] = []
        self.network: LoopbackNetwork
        self._stack = stack

    def zone(self, records: Records, latency: float = 0.0) -> ScriptedNameserver:
        server = ScriptedNameserver(records, latency)
        self._stack.callback(server.close)
        self.network = LoopbackNetwork(server.address, self.ca_file, self.ports)
        return server

    def web(self, pages: dict[str, Page], *, ca: trustme.CA | None = None) -> Web:
        hosts = sorted({url.split("/")[2] for url in pages})
        site = self._stack.enter_context(web(certificate(ca or self.ca, *hosts), pages))
        self.ports |= {(host, 443): site.port for host in hosts}
        return site

    def serve(self, port: int, *hosts: str, handler: type[socketserver.BaseRequestHandler]) -> None:
        real = self._stack.enter_context(served(handler))
        self.ports |= {(host, port): real for host in hosts}

    def mail(self, port: int, *hosts: str, certified: Sequence[str] | None = None) -> None:
        context = certificate(self.ca, *(hosts if certified is None else certified))
        self.serve(port, *hosts, handler=implicit_tls(context))

    def discover(
        self,
        options: DiscoveryOptions | None = None,
        domain: str = DOMAIN,
        seconds: float | None = None,
        address: str | None = None,
    ) -> Discovered:
        subject = Subject(domain=domain, address=address)
        return discover(
            subject,
            options or DiscoveryOptions(third_party=False),
            self.network,
            Deadline(patient(20) if seconds is None else seconds),
            self.announced.append,
            self.recognised.append,
        )


@pytest.fixture
def estate(ca: trustme.CA, ca_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Estate]:
    """With patience for a machine that is busy; a test that is about patience sets its own."""
    for name in ("PATIENCE_SECONDS", "HEAD_START_SECONDS", "LISTENING_SECONDS"):
        monkeypatch.setattr(strategy, name, 15.0)
    with contextlib.ExitStack() as stack:
        yield Estate(ca, ca_file, stack)
