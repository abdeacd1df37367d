"""Discovery that is under way before there is anybody to tell: while the rest of a run is loaded.

Each service is connected to as soon as it is found, since the checks that come will do that.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from diagnose.discovery.facts import Discovered, DiscoveryOptions
from diagnose.discovery.strategy import discover
from diagnose.model.deadline import Deadline
from diagnose.model.targets import Service, Subject
from diagnose.network import Network, NoThreadError, in_background

Announce = Callable[[tuple[Service, ...]], None]
Recognise = Callable[[str], None]


class DiscoveryAhead:
    """What `discover` finds, kept for one who asks later."""

    def __init__(
        self, subject: Subject, options: DiscoveryOptions, network: Network, deadline: Deadline, until: Deadline
    ) -> None:
        """Begin. *until*: for discovery; *deadline*: for connections. Raises NoThreadError."""
        self._network = network
        self._deadline = deadline
        self._lock = threading.Lock()
        self._told: list[Callable[[Announce, Recognise], None]] = []
        self._listener: tuple[Announce, Recognise] | None = None
        self._found = in_background(
            lambda: discover(subject, options, network, until, self._announced, self._recognised), "discover ahead"
        )

    def follow(self, announce: Announce, recognise: Recognise) -> Discovered:
        """What `discover` returns; until then *announce* and *recognise* hear what it has told, and what it tells."""
        with self._lock:
            self._listener = announce, recognise
            for told in self._told:
                told(announce, recognise)
        return self._found.result()

    def _announced(self, services: tuple[Service, ...]) -> None:
        # a login for sending waits for that for reading, so that its conversation is the one that is over last
        with contextlib.suppress(NoThreadError):
            for service in sorted(services, key=lambda one: "sending" not in one.ways):
                self._network.connect_ahead(service.host, service.port, self._deadline, tls=service.tls == "implicit")
        self._tell(lambda announce, _: announce(services))

    def _recognised(self, provider: str) -> None:
        self._tell(lambda _, recognise: recognise(provider))

    def _tell(self, told: Callable[[Announce, Recognise], None]) -> None:
        with self._lock:
            if self._listener is None:
                self._told.append(told)
            else:
                told(*self._listener)
