"""By which names login pages call things: read from a knowledge file, compared here."""

from __future__ import annotations

import re
import urllib.parse

import msgspec

from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.process.first_use import made_once


class CodedAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON answer that is known by its *fields*, and tells its outcome by the number in one of them."""

    program: str
    fields: frozenset[str]
    code: str


class Names(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lists of ``knowledge/recordings.yaml``; comments there say what each list holds."""

    password_fields: tuple[str, ...]
    no_passwords: tuple[str, ...]
    name_fields: tuple[str, ...]
    secret_fields: tuple[str, ...]
    telling_parameters: frozenset[str]
    message_fields: frozenset[str]
    code_fields: frozenset[str]
    outcome_fields: frozenset[str]
    good_outcomes: frozenset[str]
    granted_fields: frozenset[str]
    script_errors: dict[str, str]
    message_calls: dict[str, frozenset[str]]
    page_states: dict[str, str]
    coded_answers: tuple[CodedAnswer, ...]
    login_paths: frozenset[str]
    logout_paths: frozenset[str]


@made_once
def names() -> Names:
    """The package's own lists. Raises KnowledgeError."""
    return load(KNOWLEDGE / "recordings.yaml", Names)


def holds_password(field: str) -> bool:
    """Whether a form field of this name holds a password."""
    return _part_of(field, names().password_fields) and not _part_of(field, names().no_passwords)


def holds_name(field: str) -> bool:
    """Whether a form field of this name holds a user name or an address."""
    return _part_of(field, names().name_fields)


def holds_secret(field: str) -> bool:
    """Whether a field, parameter or header of this name holds what opens something."""
    return holds_password(field) or _part_of(field, names().secret_fields)


def is_login(url: str) -> bool:
    """Whether the path of *url* is one that logins are sent to."""
    return bool(_words(url) & names().login_paths) and not is_logout(url)


def is_logout(url: str) -> bool:
    """Whether the path of *url*, or its parameters, end a session."""
    query = urllib.parse.urlsplit(url).query.casefold()
    return bool((_words(url) | set(re.split("[&=]", query))) & names().logout_paths)


def _words(url: str) -> set[str]:
    path = urllib.parse.urlsplit(url).path.casefold()
    return {word for segment in path.split("/") for word in (segment, *re.split("[._]", segment))}


def _part_of(field: str, parts: tuple[str, ...]) -> bool:
    folded = field.casefold()
    return any(part in folded for part in parts)
