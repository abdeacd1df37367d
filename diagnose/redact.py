"""Hide the person and this computer in a report, whatever format it is written in later."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from diagnose.model.report import Report

USER, COMPUTER, ADDRESS, FOLDER = "user-1", "computer-1", "address-1", "folder-1"
"""Stable pseudonyms, so that a shared report stays readable."""
_STRUCTURE = {"id", "cause", "check", "family", "protocol", "tls", "source", "status", "certainty", "impact", "fixer"}
"""Keys whose values are words of ours, never of the person's."""


def redact(report: Report, computer: Iterable[str] = ()) -> Report:
    """*report* with the local part, the user name and this computer's names and addresses replaced.

    *computer*: further names and addresses of this computer.
    """
    subject = report.subject
    local = subject.address.rpartition("@")[0] if subject.address else ""
    names = {name for name in (local, subject.username, _local(subject.username)) if name}
    hidden = {name: USER for name in names if name != subject.address}
    hidden |= {name: COMPUTER for name in {socket.gethostname(), socket.getfqdn(), *computer} if len(name) > 2}
    hidden |= dict.fromkeys(own_addresses(), ADDRESS)
    hidden |= {str(Path.home()): FOLDER}
    hidden.pop("localhost", None)
    shape = re.compile(
        "|".join(rf"(?<![\w.-]){re.escape(word)}(?![\w-])" for word in sorted(hidden, key=len, reverse=True)),
        re.IGNORECASE,
    )
    by_fold = {word.casefold(): pseudonym for word, pseudonym in hidden.items()}

    def clean(value: Any, key: str = "") -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, str):
            return value if key in _STRUCTURE else shape.sub(lambda m: by_fold[m.group().casefold()], value)
        if isinstance(value, dict):
            return {name: clean(item, name) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [clean(item, key) for item in value]
        return value

    return msgspec.convert(clean(msgspec.to_builtins(report)), Report)


def _local(username: str | None) -> str:
    return (username or "").rpartition("@")[0]


def own_addresses() -> set[str]:
    """The addresses that this computer would use towards the outside (nothing is sent), loopback aside."""
    found = set()
    for family, anywhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((anywhere, 9))
                found.add(str(probe.getsockname()[0]))
        except OSError:
            continue
    return {address for address in found if not address.startswith("127.") and address != "::1"}
