"""All places that can be asked about one mail domain, best first."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from diagnose.discovery import autoconfig, autodiscover, guess, provider, srv
from diagnose.discovery.inquiry import Place
from diagnose.model.deadline import Deadline
from diagnose.model.protocols import Way
from diagnose.network import HostAddresses, Network, in_background

MAIL: frozenset[Way] = frozenset({"reading", "sending"})
ALL: frozenset[Way] = MAIL | {"web"}


class LookUps:
    """Names looked up ahead of need, each once."""

    def __init__(self, network: Network, deadline: Deadline) -> None:
        self._network = network
        self._deadline = deadline
        self._lock = threading.Lock()
        self._begun: dict[str, Future[HostAddresses]] = {}

    def __call__(self, name: str) -> Future[HostAddresses]:
        """The look-up of *name*, under way already or begun now."""
        with self._lock:
            if name not in self._begun:
                self._begun[name] = in_background(
                    lambda: self._network.addresses(name, self._deadline), f"look up {name}"
                )
            return self._begun[name]

    def begin(self, hosts: Iterable[str], service: str) -> None:
        """Look up *hosts* and the SRV name *service*; the resolver keeps what it was told."""
        for host in hosts:
            self(host)
        in_background(lambda: self._network.resolver.query(service, "SRV", self._deadline), f"look up {service}")


@dataclass(frozen=True, kw_only=True)
class Places:
    """The places by what it costs to ask them, each group with the best first."""

    by_mx: Place
    srv: Place
    own_files: tuple[Place, ...]
    """On hosts of the domain itself."""
    database: tuple[Place, ...]
    """Somebody else's, so only asked about mail servers that are not known otherwise."""
    autodiscover: tuple[Place, ...]
    guesses: tuple[Place, ...]
    hosts: tuple[str, ...]
    """Host names that asking all of them will need."""
    service: str
    """The SRV name that they will need beside those that `srv` asks for."""

    @property
    def ranked(self) -> tuple[Place, ...]:
        """All, by how far they are believed."""
        return (self.by_mx, self.srv, *self.own_files, *self.database, *self.autodiscover, *self.guesses)


def places(domain: str, network: Network, look_up: guess.LookUp) -> Places:
    """The places for *domain*; asks nothing yet."""
    return Places(
        by_mx=Place(source="provider", asked=f"MX {domain}", ways=ALL, ask=partial(provider.by_mx, domain, network)),
        srv=Place(source="srv", asked=srv.asked(domain), ways=MAIL, ask=partial(srv.ask, domain, network)),
        own_files=tuple(
            Place(source="autoconfig", asked=url, ways=ALL, ask=partial(autoconfig.ask, url, domain, network))
            for url in autoconfig.own_urls(domain)
        ),
        database=(
            Place(
                source="autoconfig",
                asked=autoconfig.DATABASE + domain,
                ways=MAIL,
                ask=partial(autoconfig.ask_database, domain, network),
            ),
            Place(
                source="autoconfig",
                asked=autoconfig.DATABASE_BY_MX,
                ways=MAIL,
                ask=partial(autoconfig.ask_database_by_mx, domain, network),
            ),
        ),
        autodiscover=(
            *(
                Place(
                    source="autodiscover",
                    asked=autodiscover.url_at(host),
                    ways=MAIL,
                    ask=partial(autodiscover.ask, host, domain, network),
                )
                for host in autodiscover.own_hosts(domain)
            ),
            Place(
                source="autodiscover",
                asked=f"SRV {autodiscover.srv_name(domain)}",
                ways=MAIL,
                ask=partial(autodiscover.ask_srv, domain, network),
            ),
        ),
        guesses=tuple(
            Place(
                source="guess",
                asked=guess.asked(way, domain),
                ways=frozenset({way}),
                ask=partial(guess.ask, way, domain, look_up, network),
            )
            for way in guess.WAYS
        ),
        hosts=(*guess.names(domain), *autodiscover.own_hosts(domain)),
        service=autodiscover.srv_name(domain),
    )
