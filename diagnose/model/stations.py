"""The stations of the picture of the way, and the families of causes and checks: one table that all else reads."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

import msgspec

from diagnose.model.text import text

StationName = Literal["computer", "network", "dns", "server", "encryption", "login", "mailbox"]
STATION_NAMES: tuple[StationName, ...] = get_args(StationName)
"""In the order of the way."""
STATIONS: Mapping[StationName, str] = MappingProxyType(
    {
        "computer": text("This computer").msgid,
        "network": text("Network").msgid,
        "dns": text("DNS").msgid,
        "server": text("Server").msgid,
        "encryption": text("Encryption").msgid,
        "login": text("Login").msgid,
        "mailbox": text("Mailbox").msgid,
    }
)
"""Their titles, message ids."""


class AddedStation(msgspec.Struct, frozen=True, kw_only=True):
    """A station that other packages' checks put into the picture."""

    name: str
    """As in JSON; not that of another station."""
    title: str
    """A message id."""
    behind: StationName
    """The station that it stands behind, on the way to the mailbox."""


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """A family of checks, and of causes."""

    title: str
    """A message id."""
    station: StationName | None
    """Where its causes break the way, unless the catalogue puts one elsewhere; None: it has checks only."""


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "address": Family(title=text("Address").msgid, station="computer"),
        "network": Family(title=text("This computer's network").msgid, station="computer"),
        "dns": Family(title=text("DNS").msgid, station="dns"),
        "reach": Family(title=text("Way to the server").msgid, station="server"),
        "server": Family(title=text("Mail server").msgid, station="server"),
        "tls": Family(title=text("Encryption").msgid, station="encryption"),
        "settings": Family(title=text("Settings").msgid, station="login"),
        "credentials": Family(title=text("Password and sign-in").msgid, station="login"),
        "login": Family(title=text("Login").msgid, station=None),
        "lockout": Family(title=text("Locks and limits").msgid, station="login"),
        "activation": Family(title=text("Account").msgid, station="login"),
        "web": Family(title=text("Webmail page").msgid, station="server"),
        "browser": Family(title=text("Browser").msgid, station="computer"),
        "expectation": Family(title=text("Expectations").msgid, station=None),
        "plugin": Family(title=text("Additional checks").msgid, station=None),
    }
)
"""The layers, the one that others stand on first. Other packages' families may be missing."""
