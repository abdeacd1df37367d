"""The disk cache of Firefox: one file an entry, the body first, what is known about it behind.

Format: netwerk/cache2/CacheFileMetadata.h of its source.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

from checks.browser.stored.caches import (
    LARGEST_BODY,
    LARGEST_HEADERS,
    MOST_ENTRIES,
    Copy,
    Held,
    fields,
    host_of,
)
from checks.browser.stored.files import UnreadableError, files, opened, read
from diagnose.model.deadline import Deadline

CHUNK = 256 * 1024
"""Bytes of a body that one check sum is for."""
_HEADER = struct.Struct(">7I")
"""Version, fetch count, three times and a rank between them, key size; newer versions add flags."""
WITH_FLAGS = 2


def held(folder: Path, host: str, page: str, deadline: Deadline) -> Held:
    """What the cache in *folder* holds of *host*, and its copies of *page*."""
    count, seen = 0, 0
    copies: list[Copy] = []
    for path in files(folder / "entries", MOST_ENTRIES):
        if deadline.passed():
            return Held(count, tuple(copies), stopped="no_time")
        seen += 1
        found = _metadata(path)
        if found is None:
            continue
        url, headers, size = found
        if host_of(url) != host:
            continue
        count += 1
        if url == page:
            copies.append(Copy(url=url, headers=headers, body=_body(path, size)))
    return Held(count, tuple(copies), stopped="too_large" if seen == MOST_ENTRIES else None)


def _metadata(path: Path) -> tuple[str, dict[str, str], int] | None:
    """Address, header fields and the body's length of an entry; None where the bytes are no entry."""
    try:
        with opened(path) as (file, size):
            file.seek(max(0, size - 4))
            body = int.from_bytes(file.read(4), "big")
            start = body + 4 + 2 * -(-body // CHUNK)
            file.seek(start)
            known = file.read(LARGEST_HEADERS)
    except UnreadableError:
        return None
    if not 0 < len(known) - 4 == size - start - 4 or len(known) < _HEADER.size:
        return None
    version, *_, length = _HEADER.unpack_from(known)
    begin = _HEADER.size + (4 if version >= WITH_FLAGS else 0)
    key = re.search(rb"(?:^|,):(https?://[^\0]+)$", known[begin : begin + length])
    if key is None:
        return None
    parts = known[begin + length + 1 : -4].split(b"\0")
    elements = dict(zip(parts[::2], parts[1::2], strict=False))
    return key[1].decode("latin-1"), fields(elements.get(b"response-head", b"").decode("latin-1")), body


def _body(path: Path, size: int) -> bytes:
    if size > LARGEST_BODY:
        return b""
    try:
        return (read(path, LARGEST_BODY + LARGEST_HEADERS) or b"")[:size]
    except UnreadableError:
        return b""
