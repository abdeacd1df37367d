"""All sources that can be asked about one mail domain, best first."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial

from diagnose.discovery import autoconfig, autodiscover, guess, pointers, provider, srv
from diagnose.discovery.queries import Source
from diagnose.model.deadline import Deadline
from diagnose.model.internal import Internal
from diagnose.model.protocols import Way
from diagnose.network import Coming, HostAddresses, Network

MAIL: frozenset[Way] = frozenset({"reading", "sending"})
ALL: frozenset[Way] = MAIL | {"web"}


class LookUps:
    """Look-ups of names ahead of need; each name is looked up once."""

    def __init__(self, network: Network, deadline: Deadline) -> None:
        self._network = network
        self._deadline = deadline
        self._lock = threading.Lock()
        self._begun: dict[str, Coming[HostAddresses]] = {}

    def __call__(self, name: str) -> Coming[HostAddresses]:
        """The look-up of *name*, under way already or begun now."""
        with self._lock:
            if name not in self._begun:
                self._begun[name] = self._network.look_up(name, self._deadline)
            return self._begun[name]

    def begin(self, hosts: Iterable[str], service: str) -> None:
        """Look up *hosts* and the SRV name *service*; the resolver keeps what it was told."""
        for host in hosts:
            self(host)
        self._network.resolver.begin(service, "SRV", self._deadline)


class Sources(Internal, frozen=True, kw_only=True):
    """The sources in groups by what it costs to ask them; the best of each group comes first."""

    by_mx: Source
    srv: Source
    own_files: tuple[Source, ...]
    """On hosts of the domain itself."""
    pointers: Source
    """Asked only about mail servers that neither MX nor SRV tells."""
    database: tuple[Source, ...]
    """Run by a third party, so asked only about mail servers that no other source knows."""
    autodiscover: tuple[Source, ...]
    guesses: tuple[Source, ...]
    hosts: tuple[str, ...]
    """Host names that asking all of them will need."""
    service: str
    """The SRV name that they will need beside those that `srv` asks for."""

    @property
    def ranked(self) -> tuple[Source, ...]:
        """All sources, the most trusted first."""
        return (self.by_mx, self.srv, *self.own_files, self.pointers, *self.database, *self.autodiscover, *self.guesses)


def hosts_for(domain: str) -> tuple[str, ...]:
    """The host names that asking all sources will need."""
    return (*guess.names(domain), *autodiscover.own_hosts(domain))


def sources_for(domain: str, network: Network, look_up: guess.LookUp) -> Sources:
    """The sources for *domain*; asks nothing yet."""
    return Sources(
        by_mx=Source(name="provider", asked=f"MX {domain}", ways=ALL, ask=partial(provider.by_mx, domain, network)),
        srv=Source(name="srv", asked=srv.asked(domain), ways=MAIL, ask=partial(srv.ask, domain, network)),
        own_files=tuple(
            Source(name="autoconfig", asked=url, ways=ALL, ask=partial(autoconfig.ask, url, domain, network))
            for url in autoconfig.own_urls(domain)
        ),
        pointers=Source(
            name="autodiscover",
            asked=pointers.asked(domain),
            ways=ALL,
            ask=partial(pointers.ask, domain, network),
        ),
        database=(
            Source(
                name="autoconfig",
                asked=autoconfig.DATABASE + domain,
                ways=MAIL,
                ask=partial(autoconfig.ask_database, domain, network),
            ),
            Source(
                name="autoconfig",
                asked=autoconfig.DATABASE_BY_MX,
                ways=MAIL,
                ask=partial(autoconfig.ask_database_by_mx, domain, network),
            ),
        ),
        autodiscover=(
            *(
                Source(
                    name="autodiscover",
                    asked=autodiscover.url_at(host),
                    ways=MAIL,
                    ask=partial(autodiscover.ask, host, domain, network),
                )
                for host in autodiscover.own_hosts(domain)
            ),
            Source(
                name="autodiscover",
                asked=f"SRV {autodiscover.srv_name(domain)}",
                ways=MAIL,
                ask=partial(autodiscover.ask_srv, domain, network),
            ),
        ),
        guesses=tuple(
            Source(
                name="guess",
                asked=guess.asked(way, domain),
                ways=frozenset({way}),
                ask=partial(guess.ask, way, domain, look_up, network),
            )
            for way in guess.WAYS
        ),
        hosts=hosts_for(domain),
        service=autodiscover.srv_name(domain),
    )
