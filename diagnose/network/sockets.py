"""What the systems' sockets have in common: an address with its zone, and an error by its number."""

from __future__ import annotations

import os
import socket
import sys

from diagnose.process.first_use import one_at_a_time


def socket_address(address: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """*address* and *port* as a socket connects to them. Raises OSError for a zone that this computer has not.

    A zone (RFC 4007 §11) is an interface's name or number. Python passes over one that stands in the text.
    """
    plain, mark, zone = address.partition("%")
    if not mark:
        return address, port
    return plain, port, 0, int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)


def socket_error(number: int) -> OSError:
    """What a connect of *number* would have raised; Windows has numbers of its own (WSAGetLastError), and words."""
    if sys.platform == "win32":
        with one_at_a_time:
            import ctypes

        return ctypes.WinError(number)
    return OSError(number, os.strerror(number))
