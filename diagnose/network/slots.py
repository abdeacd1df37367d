"""A limit of connections to one port of one server, for all runs together; a run that wants one more waits."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable

from diagnose.model.deadline import Deadline
from diagnose.model.failures import FaultError
from diagnose.model.text import text

MOST_AT_ONCE = 8
"""Connections to one port of one address. Mail servers take ten of one user (Dovecot), a browser opens six."""
SLICE_SECONDS = 0.25
"""How often a waiting run looks whether it is over."""

Peer = tuple[str, int]
"""Address and port."""


class CrowdedError(FaultError):
    """Other runs of this program keep all the connections to a server that it allows itself."""

    def __init__(self, address: str) -> None:
        super().__init__(text("other runs of this program keep all connections to {address} busy", address=address))


class Slot:
    """The right to one connection, until it is freed."""

    def __init__(self, free: Callable[[], None]) -> None:
        self._free = free
        self._lock = threading.Lock()
        self._held = True

    def free(self) -> None:
        """Let another connection take its place. A second call does nothing."""
        with self._lock:
            held, self._held = self._held, False
        if held:
            self._free()


class Slots:
    """The connections that may exist: a fixed number to each port of each address."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        """*most*: at least 1."""
        if most < 1:
            raise ValueError("at least one connection")
        self._most = most
        self._changed = threading.Condition()
        self._taken: Counter[Peer] = Counter()

    def take(
        self, addresses: Iterable[str], port: int, deadline: Deadline, is_over: Callable[[], bool]
    ) -> dict[str, Slot]:
        """A slot for each of *addresses*, by address, once all are free. Raises CrowdedError.

        The wait ends by *deadline*, and when the run *is_over*.
        """
        peers = [(address, port) for address in addresses]
        with self._changed:
            while (full := next((peer for peer in peers if self._taken[peer] >= self._most), None)) is not None:
                if deadline.passed() or is_over():
                    raise CrowdedError(full[0])
                self._changed.wait(min(deadline.left(), SLICE_SECONDS))
            self._taken.update(peers)
        return {peer[0]: Slot(lambda peer=peer: self._give_back(peer)) for peer in peers}  # type: ignore[misc]  # mypy infers no lambda defaults

    def taken(self, address: str, ports: Collection[int]) -> int:
        """How many connections to *ports* of *address* are open or under way."""
        with self._changed:
            return sum(self._taken[address, port] for port in ports)

    def _give_back(self, peer: Peer) -> None:
        with self._changed:
            self._taken[peer] -= 1
            if not self._taken[peer]:
                del self._taken[peer]
            self._changed.notify_all()
