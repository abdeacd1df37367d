"""Hide the person and this computer in a report, whatever format it is written in later."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from diagnose.model.report import Report
from diagnose.model.text import quote, reworded
from diagnose.network.vantage import Vantage
from diagnose.process.first_use import convert
from diagnose.redaction.discretion import MESSAGE

USER, COMPUTER, ADDRESS, FOLDER = "user-1", "computer-1", "address-1", "folder-1"
"""Stable pseudonyms, so that a shared report stays readable."""
PROFILE = "profile-{number}"
_OF_EVERYBODY = re.compile(r"(?:Default|Profile \d+|Guest Profile|System Profile)?", re.IGNORECASE)
"""Profiles of browsers that are called so on every computer."""
_STRUCTURE = {"id", "cause", "check", "family", "protocol", "tls", "source", "status", "certainty", "impact", "fixer"}
"""Keys whose values are words of ours, never of the person's."""
_OF_REPORTS = _STRUCTURE | {"checks", "explains", "lang", "name", "state", "changed"}
_OF_FACTS = _STRUCTURE | {"operation", "outcome", "record_type"}
_FACTS = {"facts", "data"}
"""Keys below which the words are those of servers and files: any name may stand there."""


def redact(report: Report, computer: Iterable[str] = (), vantage: Vantage | None = None) -> Report:
    """*report* with the local part, the user name and this computer's names and addresses replaced.

    *computer*: further names and addresses of this computer. *vantage*: the one that the run looked from, if not this.
    """
    subject = report.subject
    local = subject.address.rpartition("@")[0] if subject.address else ""
    names = {name for name in (local, subject.username, _local(subject.username)) if name}
    hidden = {name: USER for name in names if name != subject.address}
    # a person called mail does not rename the server mail.corp.example
    hidden |= {name: name for name in (subject.domain, *(service.host for service in report.services)) if name}
    hidden |= {name: COMPUTER for name in {socket.gethostname(), *computer} if len(name) > 1}
    hidden |= dict.fromkeys((vantage or Vantage()).own_addresses(), ADDRESS)
    hidden |= dict.fromkeys(_home(), FOLDER)
    plain = msgspec.to_builtins(report, builtin_types=(bytes,))
    named = dict.fromkeys(_profiles(plain))
    hidden |= {name: PROFILE.format(number=number) for number, name in enumerate(named, 1)}
    hidden.pop("localhost", None)
    words = sorted(hidden, key=len, reverse=True)
    one_of_them = "|".join(rf"(?<![\w.-])({re.escape(word)})(?![\w-])" for word in words)
    shape = re.compile(one_of_them or "(?!)", re.IGNORECASE)

    def pseudonym(found: re.Match[str]) -> str:
        return hidden[words[(found.lastindex or 1) - 1]]

    def without_names(words: str) -> str:
        hidden = shape.sub(pseudonym, words)
        if words.isprintable():
            return hidden
        shown = shape.sub(pseudonym, quote(words, len(words)))  # a control may stand within a name
        return hidden if quote(hidden, len(hidden)) == shown else shown

    def clean(value: Any, key: str = "", structure: set[str] = _OF_REPORTS) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, str):
            if key == MESSAGE:
                return reworded(value, without_names)
            return value if key in structure else without_names(value)
        if isinstance(value, dict):
            return {name: clean(item, name, _OF_FACTS if name in _FACTS else structure) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [clean(item, key, structure) for item in value]
        if isinstance(value, bytes):
            return b""  # nobody knows what a picture shows
        return value

    return convert(clean(plain), Report)


def _profiles(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """Names of browser profiles in *value*, as people, or the browser by lot, gave them."""
    if isinstance(value, dict):
        name = value.get("profile")
        if isinstance(name, str) and not _OF_EVERYBODY.fullmatch(name):
            yield name
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _profiles(item)


def _local(username: str | None) -> str:
    return (username or "").rpartition("@")[0]


def _home() -> set[str]:
    """The home folder, where it tells something about the person."""
    try:
        home = Path.home()
    except RuntimeError:  # there is none
        return set()
    return {str(home)} if len(home.parts) > 1 else set()
