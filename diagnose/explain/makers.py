"""Whose words a text is, and what its words mean elsewhere: what a provider that nobody named adds to an answer."""

from __future__ import annotations

import re
import urllib.parse
from itertools import islice
from typing import NamedTuple

from diagnose import providers
from diagnose.model.protocols import PAGE
from diagnose.process.first_use import lazy_pattern, made_once
from diagnose.replies import Reading, ReplyForm, load_knowledge, read_message
from diagnose.replies.folding import LARGEST_REPLY
from diagnose.replies.houses import owners_named_in

_LINK = lazy_pattern(r"\bhttps?://[^\s<>\"']{1,500}", re.IGNORECASE)
MOST_LINKS = 20
OWN_WORDS = "own words"
"""The sign of a reading by the words of one maker."""


class Elsewhere(NamedTuple):
    """What words mean with the servers of one house, where others mean something else by them."""

    cause: str
    names: tuple[str, ...]
    """Of the house's providers, in English."""


def maker_of(words: str | bytes, reading: Reading) -> str | None:
    """The id of the provider whose server *words* name; of a server's reply also the one whose page it leads to.

    What people write may lead anywhere.
    """
    owners = owners_named_in(words)
    if not owners and reading.protocol not in (None, PAGE.replies):
        owners = _owners_of_links(words)
    return owners[0] if len(owners) == 1 else None


def meant_elsewhere(words: str | bytes, reading: Reading, *, protocol: ReplyForm | None) -> Elsewhere | None:
    """What *words* mean in the house whose own they are, where *reading* could not know that they came from there."""
    if not reading.suspects or reading.sign == OWN_WORDS:
        return None
    told = {suspect.cause for suspect in reading.suspects}
    for family in load_knowledge().families:
        there = read_message(words, protocol=protocol, provider=family.name)
        if there.sign == OWN_WORDS and there.suspects and there.suspects[0].cause not in told:
            ids = [one for one in family.providers if one in providers.provider_ids()]
            return Elsewhere(there.suspects[0].cause, tuple(providers.provider(one).names.en for one in ids))
    return None


def _owners_of_links(words: str | bytes) -> tuple[str, ...]:
    text = words if isinstance(words, str) else words.decode("ascii", "replace")
    found = (_host(link[0]) for link in islice(_LINK.finditer(text[:LARGEST_REPLY]), MOST_LINKS))
    return next((owners for host in found if (owners := _owners_of_pages().get(host, ()))), ())


@made_once
def _owners_of_pages() -> dict[str, tuple[str, ...]]:
    """Host of a provider's own page -> the ids of the providers that have it."""
    found: dict[str, set[str]] = {}
    for name in providers.provider_ids():
        known = providers.provider(name)
        pages = (
            known.webmail, known.reset.page, known.reset.appeal, known.password.app_password.page, known.admin.console,
            known.status.page, known.support.page,
        )  # fmt: skip
        for page in filter(None, pages):
            found.setdefault(_host(page), set()).add(name)
    return {host: tuple(sorted(owners)) for host, owners in found.items() if host}


def _host(link: str) -> str:
    try:
        return urllib.parse.urlsplit(link).hostname or ""
    except ValueError:
        return ""
