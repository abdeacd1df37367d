"""Start many times, and touch in several threads at once whatever is made on first use; count the starts that die.

A start is a child of a process that has everything imported and nothing made, so that 200 of them take seconds and not
minutes. Run as a program: ``python -m tests.core.starts COUNT``.
"""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import os
import random
import sys
import tempfile
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from checks.activation import mail as awaited_mail
from checks.browser import clean as clean_browser
from checks.network import connection as offline
from checks.network import interception
from checks.server import client_limits as limits
from checks.server import maintenance
from checks.tls import certificates
from checks.tls import unverified as handshake
from checks.web import html as page
from diagnose import browsers, providers
from diagnose.account.history import History, Rejection
from diagnose.account.subject import parse_subject
from diagnose.explain.replies_in_lines import read_lines
from diagnose.har import names
from diagnose.knowledge import catalogue
from diagnose.model import Deadline
from diagnose.model.picture import pictures
from diagnose.network import vantage
from diagnose.network.http import fetch
from diagnose.network.stream import Stream
from diagnose.providers import vocabulary
from diagnose.rendering.page import Page, Paragraph
from diagnose.replies import knowledge
from diagnose.running.plugins import all_checks
from reports import html
from reports.sanitized import sanitized

THREADS = 8
HEAVY_EVERY = 8
"""Starts: what takes long is made in every one of so many."""


def _history() -> None:
    with tempfile.TemporaryDirectory() as folder:
        record = Rejection(at=0, account="x", secret="x", cause="x")
        History(Path(folder)).rejections("alice@corp.example")  # makes the key without which no record is read
        Path(folder, "rejected-logins.jsonl").write_bytes(msgspec.json.encode(record))
        History(Path(folder)).rejections("alice@corp.example")


def _line() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b'{"id": 1, "reply": ""}\n')
        file.seek(0)
        next(read_lines(file), None)


def _page() -> None:
    def nobody(_host: str, _port: int, _tls: bool, _until: Deadline) -> Stream:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")

    failed = fetch("https://mail.corp.example/", Deadline(5), nobody).last.failure
    assert failed is not None
    assert failed.name == "connection_refused", failed


def _handshake() -> None:
    class Nobody(Stream):
        def __init__(self) -> None:
            pass

        def sendall(self, _data: object, _flags: int = 0) -> None:
            raise ConnectionResetError

    with contextlib.suppress(ConnectionResetError):
        handshake.unverified_handshake(Nobody(), "mail.corp.example", legacy=False)


LIGHT: tuple[Callable[[], object], ...] = (
    lambda: providers.provider("gmx"),
    lambda: providers.provider("zimbra"),
    lambda: providers.by_domain("gmx.de"),
    vocabulary.vocabulary,
    vantage.known_answers,
    names.names,
    limits.client_limits,
    offline.reference_hosts,
    interception.interceptors,
    interception.public_hosts,
    maintenance._known,
    awaited_mail.recognition,
    lambda: page.parked_words("nothing"),
    lambda: clean_browser._words("name"),
    lambda: browsers.browser("firefox"),
    lambda: sanitized(Page(blocks=(Paragraph(words="x"),))),
    lambda: list(pictures({"p": {"media_type": "image/png", "width": 1, "height": 1, "data": b"x"}})),
)
HEAVY: tuple[Callable[[], object], ...] = (
    lambda: parse_subject("alice@corp.example"),
    lambda: certificates.read_certificate(b"none"),
    catalogue.catalogue,
    knowledge.load_knowledge,
    html._template,
    _handshake,
    _history,
    _line,
    _page,
)
"""What reads long files or imports large packages."""


def _touch(places: list[Callable[[], object]], barrier: threading.Barrier, faults: list[str]) -> None:
    barrier.wait()
    for place in places:
        try:
            place()
        except Exception:
            faults.append(traceback.format_exc())
            return


def start(number: int) -> None:
    """One start, in this very process, which ends with it: 0 when nothing went wrong."""
    faulthandler.disable()
    sys.setswitchinterval(1e-5)
    chance = random.Random(number)
    places = [*LIGHT, *(() if number % HEAVY_EVERY else HEAVY)]
    chance.shuffle(places)
    barrier, faults = threading.Barrier(THREADS), list[str]()
    # pairs of threads in the same order: each place is touched by two for the first time at the same moment
    orders = [places[turn:] + places[:turn] for turn in range(0, len(places), max(1, 2 * len(places) // THREADS))]
    threads = [
        threading.Thread(target=_touch, args=(orders[n // 2 % len(orders)], barrier, faults)) for n in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        sys.stderr.write(faults[0])
        sys.stderr.flush()
    os._exit(1 if faults else 0)


def main(count: int) -> int:
    """*count* starts, one after the other; how many did not end well."""
    all_checks()  # imports what a run has imported before its threads begin
    ends: Counter[str] = Counter()
    for number in range(count):
        child = os.fork()
        if child == 0:
            start(number)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        ends["well" if code == 0 else f"signal {-code}" if code < 0 else "fault"] += 1
    sys.stdout.write(f"{dict(ends)}\n")
    return count - ends["well"]


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]))))
