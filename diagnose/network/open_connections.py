"""The connections of one run, which all end with it."""

from __future__ import annotations

import threading

from diagnose.network.connector import Race
from diagnose.network.stream import Stream


class OpenConnections:
    """The open connections of one run, and those under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[Race | Stream] = []
        self.closed = False
        """Whether the run is over."""

    def begin(self, race: Race) -> Race:
        """Register *race* and return it; the end of the run aborts it."""
        self._add(race)
        return race

    def keep(self, stream: Stream) -> Stream:
        """Register *stream* and return it; the end of the run aborts it, at once if the run is over."""
        self._add(stream)
        if self.closed:
            stream.abort()
        return stream

    def close(self) -> None:
        """Abort all of them, and each stream that is kept from now on."""
        with self._lock:
            self.closed = True
            ending, self._open = self._open, []
        for one in ending:
            one.abort()

    def _add(self, one: Race | Stream) -> None:
        with self._lock:
            self._open = [other for other in self._open if not other.is_over()]
            self._open.append(one)
