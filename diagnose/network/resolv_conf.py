"""The name servers that a Unix system is set up with, read without dnspython: the first question needs them."""

from __future__ import annotations

from pathlib import Path

RESOLV_CONF = Path("/etc/resolv.conf")
LARGEST = 65_536
"""Bytes of it that are read."""
_COMMENTS = (b"#", b";")


def nameservers_in(file: Path = RESOLV_CONF) -> tuple[str, ...]:
    """What stands behind ``nameserver`` in *file*, line by line (resolv.conf(5)); nothing where it cannot be read."""
    try:
        with file.open("rb") as stream:
            lines = stream.read(LARGEST).splitlines()
    except OSError:
        return ()
    rows = [line.split() for line in lines if not line.startswith(_COMMENTS)]
    return tuple(row[1].decode("ascii", "replace") for row in rows if row[:1] == [b"nameserver"] and len(row) > 1)
