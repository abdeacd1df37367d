"""The threads of a run share a few heaps, where there is a way to say so."""

from __future__ import annotations

import subprocess
import sys

import pytest

from diagnose.process import heap
from tests.machine import lacking

HEAPS = """
import ctypes, re, sys, threading
from diagnose.process import heap

if sys.argv[1:] == ["shared"]:
    assert heap.share()
allocate = ctypes.CDLL(None).malloc
allocate.restype = ctypes.c_void_p
places = []
LARGEST = 64 << 20  # octets of a further heap, which begins at a multiple of that: glibc's HEAP_MAX_SIZE
together = threading.Barrier(12)

def work():
    together.wait()
    places.append(allocate(64))
    together.wait()

threads = [threading.Thread(target=work) for _ in range(12)]
[one.start() for one in threads]
[one.join() for one in threads]
maps = [line.split() for line in open("/proc/self/maps")]
(begin, end), *_ = [[int(one, 16) for one in words[0].split("-")] for words in maps if words[-1] == "[heap]"]
print(len({"first" if begin <= place < end else place // LARGEST for place in places}))
"""


def heaps_of_threads(*arguments: str) -> int:
    """From how many heaps twelve threads got memory."""
    done = subprocess.run([sys.executable, "-c", HEAPS, *arguments], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_threads_share_heaps() -> None:
    """Without asking for it, glibc gives them their own."""
    if sys.platform != "linux" or not heap.share():
        lacking("glibc, whose heaps these are", excused=True)

    assert 1 < heaps_of_threads("shared") <= heap.HEAPS
    assert heaps_of_threads() > heap.HEAPS


def test_elsewhere_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    assert not heap.share()
