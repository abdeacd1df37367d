"""Where the processor time of a whole run and of a read reply goes: what an aim that is missed would have to save."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from pathlib import Path

import msgspec

from benchmarks.mailbox import Mailbox
from benchmarks.process import ended
from benchmarks.results import say

TIMES = 3
"""The least of so many; other load of the machine only adds."""
SHOWN = 12
LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
"""What ``python -X importtime`` writes: microseconds of a module without those that it imports, and its name."""
IMPORTING = """
import gc, sys, time
gc.disable()
begun = time.process_time()
for name in sys.argv[1:]:
    try:
        __import__(name)  # which -X importtime tells of, as it does not of importlib
    except ImportError:
        pass
print(time.process_time() - begun)
"""
READING = """
import cProfile, io, json, pstats, sys
from collections import Counter
from diagnose.explain import replies_in_lines as lines

given = sys.stdin.buffer.read()
read = lambda: [lines.format_line(one) for one in lines.read_lines(io.BytesIO(given))]
read()
profile = cProfile.Profile()
profile.runcall(read)
taken = Counter()
for (file, _, name), (_, _, own, _, _) in pstats.Stats(profile).stats.items():
    taken[file.rpartition("/diagnose/")[2].removesuffix(".py") if "/diagnose/" in file else "Python's own"] += own
print(json.dumps(taken))
"""


async def show_profile(command: str, mailbox: Mailbox) -> None:
    """Print both tables."""
    python = str(Path(command).with_name("python"))
    await _imports(python, command, mailbox)
    await _reading(python)


async def _imports(python: str, command: str, mailbox: Mailbox) -> None:
    """What a run imports, in the order in which it does, imported in one thread and with nothing beside it."""
    options = ("--resolver", f"127.0.0.1:{mailbox.nameserver_port}", "--no-third-party", "--no-history", "--no-login")
    places = ("--ca-file", mailbox.ca_file, "--webmail", mailbox.webmail)
    words = [python, "-X", "importtime", "-c", _RUN, mailbox.address, *options, *places]
    with tempfile.TemporaryDirectory() as elsewhere:  # where no checkout is in the way of what is installed
        modules = [name for _, name in _told((await ended(words, folder=elsewhere)).complaints)]
        importing = [python, "-c", IMPORTING, *modules]
        whole = min([float((await ended(importing, folder=elsewhere)).output) for _ in range(TIMES)])
        timed = [python, "-X", "importtime", "-c", IMPORTING, *modules]
        least: dict[str, int] = {}
        for _ in range(TIMES):
            for taken, name in _told((await ended(timed, folder=elsewhere)).complaints):
                least[name] = min(taken, least.get(name, taken))
    by_package = Counter[str]()
    for name, taken in least.items():
        by_package[name.partition(".")[0]] += taken
    number = Counter(name.partition(".")[0] for name in least)
    say(f"\nOf a whole run, its imports alone: {whole:.3f} s of processor time, {len(least)} modules")
    for name, taken in by_package.most_common(SHOWN):
        say(f"  {name:<34} {taken / 1e6:8.3f} s  {number[name]:4} modules")
    rest = sum(by_package.values()) - sum(taken for _, taken in by_package.most_common(SHOWN))
    say(f"  {'all others':<34} {rest / 1e6:8.3f} s")


async def _reading(python: str) -> None:
    """Shares of a profiler's time, which weighs small functions too much."""
    lines = [{"id": one, "reply": f"535 5.7.8 authentication failed for user{one}"} for one in range(2000)]
    given = b"\n".join(map(msgspec.json.encode, lines))
    with tempfile.TemporaryDirectory() as elsewhere:
        told = (await ended([python, "-c", READING], given, folder=elsewhere)).output
    taken = Counter(msgspec.json.decode(told, type=dict[str, float]))
    say("\nOf a reply read by explain --jsonl, by module, in hundredths of a profiler's time")
    for name, seconds in taken.most_common(SHOWN):
        say(f"  {name:<34} {100 * seconds / taken.total():5.0f}")


_RUN = """
import sys
from diagnose.__main__ import main
main()
"""


def _told(complaints: bytes) -> list[tuple[int, str]]:
    return [(int(taken), name) for taken, name in LINE.findall(complaints.decode("utf-8", "replace"))]
