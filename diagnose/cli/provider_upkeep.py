"""`diagnose providers --stale` and `--check`: which of what is known about providers is to be looked at again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import date
from gettext import gettext as _
from pathlib import Path
from typing import Any

import msgspec

from diagnose.cli.pages import show_json, show_page
from diagnose.cli.server_parameters import ResolverAddress
from diagnose.cli.settings import as_error
from diagnose.discovery.upkeep import Drift, Kind, ask, differences
from diagnose.model import Deadline
from diagnose.model.text import Text, quote, text
from diagnose.network import CaFileError, Nameserver, Network
from diagnose.providers import Language, Provider, all_providers, provider
from diagnose.providers.age import older_than
from diagnose.providers.labels import PARTS
from diagnose.rendering.page import AnyBlock, Entry, Heading, Page, Paragraph, Row, Rows

SENTENCES: dict[Kind, Text] = {
    "no-domain": text("the domain does not exist"),
    "no-mx": text("nobody takes mail for it"),
    "other-mx": text("another provider takes its mail"),
    "unknown-mx": text("its mail goes to hosts that the file does not name"),
    "other-servers": text("other servers than in the file"),
    "no-host": text("the host has no address"),
    "not-found-out": text("could not be checked"),
}
"""What is otherwise than in the file."""


class StalePart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a file that nobody has vouched for lately."""

    provider: str
    field: str
    date: str
    ref: str


class Stale(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, as ``--format json`` shows them."""

    older_than: str
    stale: tuple[StalePart, ...]


class CheckedProvider(msgspec.Struct, frozen=True, kw_only=True):
    """What is otherwise today than in one provider's file."""

    id: str
    name: str
    domains: int
    """How many address domains were asked about."""
    hosts: int
    """How many server names were looked up."""
    differences: tuple[Drift, ...]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """All providers that were looked at, as ``--format json`` shows them."""

    providers: tuple[CheckedProvider, ...]


def show_stale(name: str | None, since: date, given: dict[str, Any]) -> int:
    """Tell which parts of the files, or of that of *name*, no source of *since* or later vouches for; the exit code."""
    found = tuple(
        StalePart(provider=one.id, field=part.field, date=part.date, ref=part.source.ref)
        for one in _chosen(name)
        for part in sorted(older_than(one, since), key=lambda part: part.date)
    )
    if given["form"] == "json":
        show_json(Stale(older_than=since.isoformat(), stale=found), given)
    else:
        show_page(Page(blocks=tuple(_stale_blocks(found, since))), given, long=True)
    return 0


def _stale_blocks(found: tuple[StalePart, ...], since: date) -> Iterator[AnyBlock]:
    if not found:
        yield Entry(mark="✓", title=_("Nothing is older than {date}").format(date=since))
    for known in dict.fromkeys(one.provider for one in found):
        yield Heading(words=known)
        parts = [one for one in found if one.provider == known]
        yield Rows(rows=tuple(Row(name=one.date, words=_(PARTS[one.field]), note=one.ref) for one in parts))


def show_check(
    name: str | None, resolver: str | None, ca_file: Path | None, seconds: float, given: dict[str, Any]
) -> int:
    """Tell what DNS, SRV and autoconfig say otherwise than the files, or that of *name*; 1 where anything does.

    3 where nothing does and not everything could be found out. Raises click.UsageError.
    """
    server: Nameserver | None = None if resolver is None else ResolverAddress().convert(resolver, None, None)
    try:
        network = Network(server, ca_file)
    except CaFileError as error:
        raise as_error(error) from None
    with contextlib.closing(network):
        checked = Checked(providers=tuple(_check(one, network, seconds, given["lang"]) for one in _chosen(name)))
    if given["form"] == "json":
        show_json(checked, given)
    else:
        show_page(Page(blocks=tuple(_check_blocks(checked.providers))), given, long=True)
    kinds = {drift.kind for one in checked.providers for drift in one.differences}
    return 1 if kinds - {"not-found-out"} else 3 if kinds else 0


def _check(known: Provider, network: Network, seconds: float, lang: Language) -> CheckedProvider:
    answers = ask(known, network.for_run(), Deadline(seconds))
    return CheckedProvider(
        id=known.id,
        name=known.names.in_language(lang),
        domains=len(answers.domains),
        hosts=len(answers.hosts),
        differences=tuple(differences(known, answers)),
    )


def _check_blocks(checked: Iterable[CheckedProvider]) -> Iterator[AnyBlock]:
    for one in checked:
        asked = _("{domains} domains, {hosts} hosts").format(domains=one.domains, hosts=one.hosts)
        kinds = {drift.kind for drift in one.differences}
        if not kinds:
            yield Entry(mark="✓", title=one.name, note=f"{one.id} · {asked}", words=_("as in the file"))
            continue
        yield Entry(mark="✗" if kinds - {"not-found-out"} else "?", title=one.name, note=f"{one.id} · {asked}")
        yield Rows(
            rows=tuple(
                Row(name=drift.name, words=SENTENCES[drift.kind].render(_), note=_sides(drift))
                for drift in one.differences
            )
        )
    yield Paragraph(
        words=_("Most domains publish no SRV records and no file; that does not count as a difference."), quiet=True
    )


def _sides(drift: Drift) -> str:
    """What was asked, what it says today, and what stands in the file; names from outside made fit to be shown."""
    today = _("today {names}").format(names=_(", ").join(map(quote, drift.today))) if drift.today else ""
    here = _("in the file {names}").format(names=_(", ").join(drift.here)) if drift.here else ""
    return " · ".join(filter(None, (drift.asked, today, here)))


def _chosen(name: str | None) -> Iterable[Provider]:
    return all_providers() if name is None else (provider(name),)
