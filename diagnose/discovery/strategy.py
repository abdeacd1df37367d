"""The strategy of discovery: every DNS question at once, then pages and ports for what is still open.

All host names that may be needed are looked up together with the first questions. So a page or port that is
tried later costs no further DNS round trip. No server is asked about a way that DNS has answered.
The domain's own configuration files are the exception: they are fetched from the start.
One that contradicts the MX is worth knowing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping

from diagnose.discovery import provider, srv
from diagnose.discovery.autoconfig import DATABASE_HOST
from diagnose.discovery.facts import Discovered, DiscoveryOptions, ProviderBy, SourceResult, SourceStatus
from diagnose.discovery.naming import owner
from diagnose.discovery.precedence import beside, disagreeing, settled
from diagnose.discovery.queries import Queries, Source
from diagnose.discovery.sources import ALL, MAIL, LookUps, hosts_for, sources_for
from diagnose.model.deadline import Deadline
from diagnose.model.protocols import ORDER, Way
from diagnose.model.targets import Service, Subject
from diagnose.network import Network, NoThreadError, RecordType, is_address
from diagnose.providers import by_domain

PATIENCE_SECONDS = 4.0
"""How long a better source is waited for once a lesser one has answered, and pages once anything is known."""
HEAD_START_SECONDS = 1.0
"""How long most pages, and all ports, wait for DNS answers that could spare them."""
LISTENING_SECONDS = 0.5
"""How long, with the provider known by MX, the domain's own word is waited for, to see whether it agrees."""

FOUND_WITHIN = 0.7
"""The part of a run's time that discovery has; what is found later could not be checked."""


def discover(
    subject: Subject,
    options: DiscoveryOptions,
    network: Network,
    deadline: Deadline,
    found: Callable[[tuple[Service, ...]], None],
    recognised: Callable[[str], None] = lambda _: None,
) -> Discovered:
    """Find the services of *subject*, by *deadline*.

    *found* is called from this thread as soon as services are settled, each once; *recognised*, at most
    once, as soon as the provider is known. A domain without DNS, or an address literal (RFC 5321
    §4.1.3), has the services of the options only. Raises UnknownProviderError for a provider that does
    not exist, and nothing else.
    """
    return _Discovery(subject.domain, options, network, deadline, found, recognised).run()


def ask_ahead(subject: Subject, options: DiscoveryOptions, network: Network, deadline: Deadline) -> tuple[str, ...]:
    """Ask what `discover` asks first of all, where it will; its answers come while the rest of a run is loaded.

    Returns the hosts that it will look up. Waits for nothing and raises nothing: what is not asked here is asked there.
    """
    domain = subject.domain
    if options.services_only or options.provider is not None or _is_literal(domain) or by_domain(domain) is not None:
        return ()
    first: list[tuple[str, RecordType]] = [(domain, "MX"), *((srv.name(label, domain), "SRV") for label in srv.LABELS)]
    with contextlib.suppress(NoThreadError):
        for name, kind in first:
            network.resolver.begin(name, kind, deadline)
    return hosts_for(domain) if _lacking(options) else ()


def servers_known_ahead(subject: Subject, options: DiscoveryOptions) -> tuple[str, ...]:
    """The servers that a run will connect to, as far as that is known without any network."""
    known = None if options.services_only else by_domain(subject.domain)
    services = (
        options.services if known is None else (*options.services, *provider.of(known, subject.domain, "").services)
    )
    return tuple(dict.fromkeys(service.host for service in services))


def look_up_ahead(hosts: Iterable[str], network: Network, deadline: Deadline) -> None:
    """Look up *hosts*, which will be wanted, without waiting for that."""
    with contextlib.suppress(NoThreadError):
        for host in hosts:
            network.look_up(host, deadline)


def _lacking(options: DiscoveryOptions) -> frozenset[Way]:
    """The ways that no option names a service for."""
    return ALL - {way for option in options.services for way in option.ways}


def _is_literal(domain: str) -> bool:
    return domain.startswith("[") or is_address(domain)


class _Discovery:
    def __init__(
        self,
        domain: str,
        options: DiscoveryOptions,
        network: Network,
        deadline: Deadline,
        found: Callable[[tuple[Service, ...]], None],
        recognised: Callable[[str], None],
    ) -> None:
        self.domain = domain
        self.options = options
        self.deadline = deadline
        self.found = found
        self.recognised = recognised
        self.look_up = LookUps(network, deadline)
        self.sources = sources_for(domain, network, self.look_up)
        self.queries = Queries(deadline)
        self.expected: set[Source] = set()
        """Sources that are or will be asked."""
        self.lacking = _lacking(options)
        """Ways for which slow sources are worth asking."""
        self.is_literal = _is_literal(domain)
        self.open = set(ALL)
        self.services: list[Service] = []
        self.provider: str | None = None
        self.provider_by: ProviderBy | None = None

    def run(self) -> Discovered:
        known = provider.known(self.domain, self.options)
        self._announce(self.options.services)
        if self.options.services_only:
            return self._result()
        enough = self.is_literal
        if known is not None:
            self._recognise(*known)
            result = provider.of(known[0], self.domain, "option" if known[1] == "option" else self.domain)
            self.expected.add(self.sources.by_mx)
            self.queries.put(self.sources.by_mx, result)
            enough = enough or {way for service in result.services for way in service.ways} >= MAIL
        if not enough:
            self._ask()
        self._settle(patient=False)
        return self._result()

    # -- asking

    def _ask(self) -> None:
        sources = self.sources
        first = {source for source in (sources.by_mx, sources.srv) if source not in self.expected}
        late: set[Source] = set()
        if self.lacking:
            first.update(sources.own_files)
            late.add(sources.pointers)
            late.update(sources.database if self.options.third_party else (), sources.autodiscover, sources.guesses)
        self.expected |= first | late
        for source in sources.ranked:
            if source in first:
                self.queries.start(source)
        if self.lacking:
            self.look_up.begin(
                [*sources.hosts, *([DATABASE_HOST] if self.options.third_party else ())], sources.service
            )
        self._follow(late)
        if self.provider_by == "mx":
            self._listen(first)

    def _follow(self, late: set[Source]) -> None:
        """Settle what can be settled with each answer that comes, until all is."""
        patience = self.deadline.within(PATIENCE_SECONDS)
        head_start = self.deadline.within(HEAD_START_SECONDS)
        while True:
            answers = self.queries.answers()
            self._settle(patient=not patience.passed())
            if late and (head_start.passed() or {self.sources.by_mx, self.sources.srv} <= answers.keys()):
                self._start_late(late)
                late = set()
                continue  # what is no longer expected may have settled something
            if self.deadline.passed() or self._is_over(answers.keys(), patient=not patience.passed()):
                return
            moments = [head_start.left() if late else 0.0, patience.left(), self.deadline.left()]
            self.queries.wait_for_more(len(answers), min((seconds for seconds in moments if seconds), default=0.0))

    def _is_over(self, answered: Collection[Source], *, patient: bool) -> bool:
        if patient:
            return not self.open and self.sources.by_mx in answered
        guessing = any(self.queries.started(source) and source not in answered for source in self.sources.guesses)
        return not self.open or (bool(self.services) and not guessing)

    def _start_late(self, late: set[Source]) -> None:
        for source in self.sources.ranked:
            if source in late and source.ways & self.open & self.lacking:
                self.queries.start(source)
            elif source in late:
                self.expected.discard(source)

    def _listen(self, sources: set[Source]) -> None:
        until = self.deadline.within(LISTENING_SECONDS)
        while not sources <= (answers := self.queries.answers()).keys() and not until.passed():
            self.queries.wait_for_more(len(answers), until.left())

    # -- settling

    def _settle(self, *, patient: bool) -> None:
        answers = self.queries.answers()
        by_mx = answers.get(self.sources.by_mx)
        if self.provider is None and by_mx is not None and by_mx.provider is not None:
            self._recognise(by_mx.provider, "mx")
        now: list[Service] = []
        for way in sorted(self.open):
            ranked = [
                (source.name, answers.get(source))
                for source in self.sources.ranked
                if source in self.expected and way in source.ways
            ]
            services = settled(way, ranked, self.options.services, patient=patient)
            if services is not None:
                self.open.discard(way)
                now += services
        named = [(source.name, answers.get(source)) for source in self.sources.ranked if source in self.expected]
        now += beside(named, self.options.services, patient=patient)
        if self.provider is None and not self.open & MAIL and (by_mx is not None or not patient):
            host_owner = self._pointed_at(answers, [*self.services, *now]) or owner([*self.services, *now])
            if host_owner is not None:
                self._recognise(host_owner, "host")
        self._announce(now)

    def _pointed_at(self, answers: Mapping[Source, SourceResult], services: Iterable[Service]) -> str | None:
        """The provider that the domain's own names are handed to, where it is that one's mail servers that are used."""
        pointers = answers.get(self.sources.pointers)
        if pointers is None:
            return None
        used = {service.host for service in services if MAIL & set(service.ways)}
        return pointers.provider if used & {service.host for service in pointers.services} else None

    def _recognise(self, provider_id: str, by: ProviderBy) -> None:
        self.provider, self.provider_by = provider_id, by
        self.recognised(provider_id)

    def _announce(self, services: Iterable[Service]) -> None:
        once = (service for service in dict.fromkeys(services) if service not in self.services)
        new = tuple(sorted(once, key=lambda s: ORDER[s.protocol]))
        if new:
            self.services += new
            self.found(new)

    # -- afterwards

    def _result(self) -> Discovered:
        answers = self.queries.answers()
        given = self.options.services
        results = [self._option_result(given)] if given else []
        for source in () if self.is_literal and not answers else self.sources.ranked:
            status: SourceStatus = "not_waited_for" if self.queries.started(source) else "not_asked"
            results.append(answers.get(source) or SourceResult(source=source.name, status=status, asked=source.asked))
        others = dict.fromkeys(r.provider for r in results if r.provider not in {None, self.provider})
        return Discovered(
            provider=self.provider,
            provider_by=self.provider_by,
            other_providers=tuple(other for other in others if other is not None),
            disagreeing=disagreeing(results, self.services, self.provider),
            services=tuple(sorted(self.services, key=lambda s: ORDER[s.protocol])),
            sources=tuple(results),
        )

    @staticmethod
    def _option_result(services: tuple[Service, ...]) -> SourceResult:
        return SourceResult(
            source="option", status="found", asked="command line", services=services, provider=owner(services)
        )
