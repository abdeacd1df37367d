"""Conversations with mail servers, which the checks of several families share. Each module holds one protocol's."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from checks.sessions.session import Credentials, MailSession, Reply, Resource, StrangerError, TurnedAwayError
from diagnose.model import Deadline, ProtocolName
from diagnose.network import Stream
from diagnose.process.first_use import NEEDED_FIRST, made_once, made_while_waiting

__all__ = [
    "Credentials",
    "MailSession",
    "Reply",
    "Resource",
    "StrangerError",
    "TurnedAwayError",
    "open_session",
    "sessions",
]


@made_while_waiting(NEEDED_FIRST)
@made_once
def sessions() -> Mapping[ProtocolName, type[MailSession]]:
    """All kinds by protocol; a page that people open has none.

    With the libraries that they are held by they take 10 ms to load: the first handshakes leave before that.
    """
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    ours = (kind for kind in MailSession.__subclasses__() if kind.__module__.startswith(f"{__name__}."))
    return MappingProxyType({kind.protocol: kind for kind in ours})


def open_session(
    protocol: ProtocolName, stream: Stream, deadline: Deadline, resource: Resource | None = None
) -> MailSession:
    """Take the greeting on *stream* and ask what the server can do; *resource*: of a session that is held in HTTP.

    Raises OSError, TurnedAwayError, StrangerError.
    """
    return sessions()[protocol](stream, deadline, resource)
