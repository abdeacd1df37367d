"""Rows that are looked at from several places: one row of its own for each of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator

import msgspec

from diagnose.fleet.rows import ID_OCTETS, BadRow, Row


def from_each(rows: Iterable[Row | BadRow], labels: Collection[str]) -> Iterator[Row | BadRow]:
    """*rows*, each from every place that *labels* name; as they are where these name none. A bad row comes once."""
    for row in rows:
        if isinstance(row, BadRow) or not labels:
            yield row
        else:
            yield from (_from(row, label) for label in labels)


def _from(row: Row, label: str) -> Row:
    digest = hashlib.sha256(f"{row.id}\0{label}".encode()).digest()[:ID_OCTETS]
    return msgspec.structs.replace(row, id=digest.hex(), vantage=label)
