"""The mail account of an estate, and the record of how it was used."""

from __future__ import annotations

import hmac
import threading
from collections import Counter
from collections.abc import Iterable, Mapping

from diagnose.model.protocols import ProtocolName


class Account:
    """Decides on logins and counts them; used by many connections at once."""

    def __init__(
        self, names: Iterable[str], password: str, replies: Mapping[ProtocolName, str], beside: Iterable[str] = ()
    ) -> None:
        """An account known by any of *names*; *replies* replace the decision where there is one for the protocol.

        Names *beside* it are another mailbox's, which gets in with the same password whatever *replies* say.
        """
        self._names = {name.casefold() for name in names}
        self._beside = {name.casefold() for name in beside}
        self._password = password.encode()
        self._replies = replies
        self._lock = threading.Lock()
        self._ok: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._in_clear: Counter[str] = Counter()

    def log_in(self, protocol: ProtocolName, name: bytes, password: bytes, *, encrypted: bool) -> bool:
        """Whether *name* and *password* get in."""
        inputs = name.decode("utf-8", "replace").casefold()
        known = inputs in self._beside or (inputs in self._names and protocol not in self._replies)
        right = hmac.compare_digest(password, self._password)
        return self._count(protocol, known and right, encrypted=encrypted)

    def refuse(self, protocol: ProtocolName, *, encrypted: bool) -> None:
        """Count a login that fails whatever it holds: before TLS, or with an access token, as no estate issues any."""
        self._count(protocol, False, encrypted=encrypted)

    def reply(self, protocol: ProtocolName, rejection: str) -> str:
        """The words that a failed login gets: the scenario's, or the server's usual *rejection*."""
        return self._replies.get(protocol, rejection)

    @property
    def logins_ok(self) -> Counter[str]:
        """Successful logins so far, by protocol."""
        with self._lock:
            return Counter(self._ok)

    @property
    def logins_failed(self) -> Counter[str]:
        """Failed logins so far, by protocol."""
        with self._lock:
            return Counter(self._failed)

    @property
    def logins_in_clear(self) -> Counter[str]:
        """Logins, good or bad, whose secret came over a connection without TLS, by protocol."""
        with self._lock:
            return Counter(self._in_clear)

    def _count(self, protocol: ProtocolName, admitted: bool, *, encrypted: bool) -> bool:
        with self._lock:
            (self._ok if admitted else self._failed)[protocol] += 1
            if not encrypted:
                self._in_clear[protocol] += 1
        return admitted
