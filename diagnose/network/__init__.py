"""The one way to the network: every look-up, connection and page of a run goes through a `Network`."""

from __future__ import annotations

from diagnose.network.answers import SHARED_SECONDS, Heard
from diagnose.network.coming import Coming, come_within
from diagnose.network.connector import AddressFamily, Attempt, Race, family_of
from diagnose.network.door import CONNECT_SECONDS, HostAddresses, NameNotFoundError, Network, SystemLookup
from diagnose.network.http import Cookie, FetchedPage, Hop, astray, is_web_address
from diagnose.network.resolver import (
    DnsAnswer,
    MxRecord,
    Nameserver,
    RecordType,
    SrvRecord,
    ask_nameserver,
    is_address,
    mx_records,
    srv_records,
)
from diagnose.network.slots import CrowdedError
from diagnose.network.stream import Stream, read_exactly, read_line
from diagnose.network.threads import NoThreadError, in_background, share_of_run, threads_kept
from diagnose.network.trust import CaFileError, read_system_ahead, trust_context
from diagnose.network.vantage import KnownAnswer, Vantage

__all__ = [
    "CONNECT_SECONDS",
    "SHARED_SECONDS",
    "AddressFamily",
    "Attempt",
    "CaFileError",
    "Coming",
    "Cookie",
    "CrowdedError",
    "DnsAnswer",
    "FetchedPage",
    "Heard",
    "Hop",
    "HostAddresses",
    "KnownAnswer",
    "MxRecord",
    "NameNotFoundError",
    "Nameserver",
    "Network",
    "NoThreadError",
    "Race",
    "RecordType",
    "SrvRecord",
    "Stream",
    "SystemLookup",
    "Vantage",
    "ask_nameserver",
    "astray",
    "come_within",
    "family_of",
    "in_background",
    "is_address",
    "is_web_address",
    "mx_records",
    "read_exactly",
    "read_line",
    "read_system_ahead",
    "share_of_run",
    "srv_records",
    "threads_kept",
    "trust_context",
]
