"""The disk cache of Chromium, in its two formats: one file an entry (Linux, macOS), files of blocks (Windows).

Formats: net/disk_cache/simple/simple_entry_format.h and net/disk_cache/blockfile/disk_format.h of its source.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

from checks.browser.stored.caches import (
    LARGEST_BODY,
    LARGEST_HEADERS,
    LONGEST_KEY,
    MOST_ENTRIES,
    Copy,
    Held,
    fields,
    host_of,
)
from checks.browser.stored.files import UnreadableError, files, is_folder, opened, read
from diagnose.model.deadline import Deadline

LARGEST_BLOCK_FILE = 64_000_000

_SIMPLE = struct.Struct("<QIII4x")
_SIMPLE_MAGIC = 0xFCFB6D1BA7725C30
_SIMPLE_END = struct.Struct("<QIII4x")
_SIMPLE_END_MAGIC = 0xF4FA6F45970D41D8
_HAS_KEY_HASH, _KEY_HASH = 2, 32

_BLOCK_MAGIC = 0xC104CAC3
_BLOCK_HEADER, _ENTRY_BLOCK = 8192, 256
_ENTRY = struct.Struct("<5IiQiI4i4I")
"""Up to the addresses of its streams: hash, next, rankings, two counts, state, creation, key length, long key, …"""
_KEY_AT, _MOST_KEY_BLOCKS = 96, 4
_BLOCK_SIZES = {2: 256, 3: 1024, 4: 4096}


def held(folder: Path, host: str, page: str, deadline: Deadline) -> Held:
    """What the cache in *folder* holds of *host*, and its copies of *page*. Raises UnreadableError."""
    inner = folder / "Cache_Data"
    folder = inner if is_folder(inner) else folder
    block_file = read(folder / "data_1", LARGEST_BLOCK_FILE)
    if block_file is None:
        return _held_in_files(folder, host, page, deadline)
    return _held_in_blocks(folder, block_file, host, page, deadline)


def _held_in_files(folder: Path, host: str, page: str, deadline: Deadline) -> Held:
    count, seen = 0, 0
    copies: list[Copy] = []
    for path in files(folder, MOST_ENTRIES):
        if deadline.passed():
            return Held(count, tuple(copies), stopped="no_time")
        seen += 1
        if not path.name.endswith("_0"):
            continue
        url = _simple_url(path)
        if url is None or host_of(url) != host:
            continue
        count += 1
        if url == page and (copy := _simple_copy(path, url)):
            copies.append(copy)
    return Held(count, tuple(copies), stopped="too_large" if seen == MOST_ENTRIES else None)


def _simple_url(path: Path) -> str | None:
    try:
        with opened(path) as (file, _size):
            head = file.read(_SIMPLE.size + LONGEST_KEY)
    except UnreadableError:
        return None
    if len(head) < _SIMPLE.size:
        return None
    magic, _version, length, _hash = _SIMPLE.unpack_from(head)
    if magic != _SIMPLE_MAGIC or length > LONGEST_KEY:
        return None
    return _url(head[_SIMPLE.size : _SIMPLE.size + length])


def _url(key: bytes) -> str | None:
    """The address in a key, behind what separates one top-level page's cache from another's."""
    found = re.search(r"(?:^|[ /])(https?://\S+)$", key.decode("latin-1"))
    return found[1] if found else None


def _simple_copy(path: Path, url: str) -> Copy | None:
    try:
        data = read(path, LARGEST_BODY) or b""
    except UnreadableError:
        return None
    if len(data) < _SIMPLE.size + 2 * _SIMPLE_END.size:
        return None
    magic, flags, _crc, size = _SIMPLE_END.unpack_from(data, len(data) - _SIMPLE_END.size)
    start = len(data) - _SIMPLE_END.size - (_KEY_HASH if flags & _HAS_KEY_HASH else 0) - size
    if magic != _SIMPLE_END_MAGIC or start < _SIMPLE.size + _SIMPLE_END.size:
        return None
    key = _SIMPLE.unpack_from(data)[2]
    return Copy(
        url=url,
        headers=_headers(data[start : start + size]),
        body=data[_SIMPLE.size + key : start - _SIMPLE_END.size],
    )


def _headers(stream: bytes) -> dict[str, str]:
    """Those of a pickled response: the status line and the fields, each ended by a zero byte, two at the end."""
    start = stream.find(b"HTTP/")
    if start < 0:
        return {}
    end = stream.find(b"\0\0", start)
    return fields(stream[start : end if end > 0 else len(stream)].decode("latin-1"))


def _held_in_blocks(folder: Path, entries: bytes, host: str, page: str, deadline: Deadline) -> Held:
    if not entries.startswith(struct.pack("<I", _BLOCK_MAGIC)):
        raise UnreadableError("damaged")
    count = 0
    copies: list[Copy] = []
    for place in range(_BLOCK_HEADER, len(entries) - _ENTRY_BLOCK + 1, _ENTRY_BLOCK):
        if deadline.passed():
            return Held(count, tuple(copies), stopped="no_time")
        entry = entries[place : place + _MOST_KEY_BLOCKS * _ENTRY_BLOCK]
        *_, state, _creation, length, long_key = _ENTRY.unpack_from(entry)[:9]
        if state != 0 or long_key or not 0 < length <= len(entry) - _KEY_AT:
            continue
        url = _url(entry[_KEY_AT : _KEY_AT + length])
        if url is None or host_of(url) != host:
            continue
        count += 1
        if url == page:
            sizes, addresses = _ENTRY.unpack_from(entry)[9:13], _ENTRY.unpack_from(entry)[13:17]
            header, body = (
                _stream(folder, addresses[n], sizes[n], most) for n, most in enumerate((LARGEST_HEADERS, LARGEST_BODY))
            )
            copies.append(Copy(url=url, headers=_headers(header), body=body))
    return Held(count, tuple(copies))


def _stream(folder: Path, address: int, size: int, most: int) -> bytes:
    """The bytes at a cache address; empty where it cannot be followed."""
    kind, number = address >> 28 & 7, address >> 16 & 0xFF
    if not address >> 31 or not 0 < size <= most:
        return b""
    try:
        if kind == 0:
            return (read(folder / f"f_{address & 0x0FFFFFFF:06x}", most) or b"")[:size]
        block = _BLOCK_SIZES.get(kind)
        start = _BLOCK_HEADER + (address & 0xFFFF) * (block or 0)
        if not block:
            return b""
        with opened(folder / f"data_{number}") as (file, _size):
            file.seek(start)
            return file.read(size)
    except UnreadableError:
        return b""
