"""All threads of a run share one heap, where there is a way to say so."""

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
together = threading.Barrier(4)

def work():
    together.wait()
    places.append(allocate(64))
    together.wait()

threads = [threading.Thread(target=work) for _ in range(4)]
[one.start() for one in threads]
[one.join() for one in threads]
maps = [line.split() for line in open("/proc/self/maps")]
(begin, end), *_ = [[int(one, 16) for one in words[0].split("-")] for words in maps if words[-1] == "[heap]"]
print(sum(begin <= place < end for place in places))
"""


def of_the_first_heap(*arguments: str) -> int:
    """How many of four threads got memory from the process's first heap."""
    done = subprocess.run([sys.executable, "-c", HEAPS, *arguments], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_threads_share_one_heap() -> None:
    """Without asking for it, glibc gives them their own."""
    if sys.platform != "linux" or not heap.share():
        lacking("glibc, whose heaps these are", excused=True)

    assert of_the_first_heap("shared") == 4
    assert of_the_first_heap() < 4


def test_elsewhere_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    assert not heap.share()
