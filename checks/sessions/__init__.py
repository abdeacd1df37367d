"""Conversations with mail servers, which the checks of several families share. Each module holds one protocol's."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from checks.sessions.session import Credentials, MailSession, Reply, Resource, StrangerError, TurnedAwayError
from diagnose.model import Deadline, ProtocolName
from diagnose.network import Stream

__all__ = [
    "SESSIONS",
    "Credentials",
    "MailSession",
    "Reply",
    "Resource",
    "StrangerError",
    "TurnedAwayError",
    "open_session",
]


def _sessions() -> Mapping[ProtocolName, type[MailSession]]:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return MappingProxyType({session.protocol: session for session in MailSession.__subclasses__()})


SESSIONS: Mapping[ProtocolName, type[MailSession]] = _sessions()
"""By protocol; a page that people open has none."""


def open_session(
    protocol: ProtocolName, stream: Stream, deadline: Deadline, resource: Resource | None = None
) -> MailSession:
    """Take the greeting on *stream* and ask what the server can do; *resource*: of a session that is held in HTTP.

    Raises OSError, TurnedAwayError, StrangerError.
    """
    return SESSIONS[protocol](stream, deadline, resource)
