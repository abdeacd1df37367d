"""`diagnose providers`: what is known about mail providers, readable."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from gettext import gettext as _
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import msgspec

from diagnose.cli.help import Example, Sectioned
from diagnose.cli.pages import page_options, show_json, show_page, source_line
from diagnose.cli.parameters import FileName, Number, ProviderName
from diagnose.cli.provider_facts import part_of, rows_of
from diagnose.model import quote, text
from diagnose.process.first_use import one_at_a_time
from diagnose.providers import Language, all_providers, provider
from diagnose.providers.accounted import Fact, facts_of
from diagnose.providers.labels import PARTS
from diagnose.providers.schema import Kind
from diagnose.providers.vocabulary import vocabulary
from diagnose.rendering.page import AnyBlock, Entry, Heading, Page, Paragraph, Row, Rows

A_YEAR = "a year"
"""What ``--stale`` means without a date."""
DAYS_OF_A_YEAR = 365


class ListedProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A provider by its name in the reader's language."""

    id: str
    name: str
    kind: Kind | None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """All providers, as ``--format json`` shows them."""

    providers: tuple[ListedProvider, ...]


class DescribedProvider(ListedProvider, frozen=True, kw_only=True):
    """One provider, as ``--format json`` shows it."""

    facts: tuple[Fact, ...]


@click.command(
    cls=Sectioned,
    examples=(
        Example("diagnose providers 163.com", text("by an address domain").msgid),
        Example("diagnose providers exmail --json", text("by a name, for programs").msgid),
        Example("diagnose providers --stale", text("which facts nobody has looked at for a year").msgid),
        Example("diagnose providers qq --check", text("whether DNS still says what the file says").msgid),
    ),
)
@click.argument("name", metavar="[NAME]", type=ProviderName(), required=False)
@click.option(
    "--stale",
    is_flag=False,
    flag_value=A_YEAR,
    metavar="[=DATE]",
    help="Only parts whose sources are all older than DATE (YYYY-MM-DD), by default than a year.",
)
@click.option("--check", is_flag=True, help="Compare with what DNS, SRV and autoconfig say today; over the network.")
@click.option("--resolver", metavar="IP[:PORT]", help="With --check: ask this DNS server.")
@click.option("--ca-file", type=FileName(), metavar="PEM", help="With --check: trust these authorities too.")
@click.option(
    "--timeout",
    type=Number(1, 3600),
    default=30.0,
    metavar="SECONDS",
    help="With --check: how long one provider may take.",
)
@page_options
def COMMAND(  # noqa: N802 - see main_job
    name: str | None,
    stale: str | None,
    check: bool,
    resolver: str | None,
    ca_file: Path | None,
    timeout: float,
    **given: Any,  # noqa: ANN401 - see main_job
) -> int:
    """List the mail providers that are known here, or tell all about one, each fact with its source and date.

    NAME is what people call it, an address domain such as 163.com, a mail server, or an id.
    """
    if stale is not None and check:
        raise click.UsageError(_("--stale and --check do not go together."))
    if stale is not None or check:
        with one_at_a_time:
            from diagnose.cli.provider_upkeep import show_check, show_stale  # bring the network, which a list needs not
        return (
            show_check(name, resolver, ca_file, timeout, given)
            if stale is None
            else show_stale(name, _since(stale), given)
        )
    lang: Language = given["lang"]
    answer: Listing | DescribedProvider = _listed(lang) if name is None else _described(name, lang)
    if given["form"] == "json":
        show_json(answer, given)
    else:
        blocks = _table(answer, lang) if isinstance(answer, Listing) else _all_about(answer, lang)
        show_page(Page(blocks=tuple(blocks)), given, long=True)
    return 0


def _since(word: str) -> date:
    """The day that *word* names. Raises click.UsageError."""
    if word == A_YEAR:
        return datetime.now(UTC).date() - timedelta(days=DAYS_OF_A_YEAR)
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise click.UsageError(_("“{word}” is not a date such as 2026-01-31.").format(word=quote(word))) from None


def _listed(lang: Language) -> Listing:
    known = all_providers()
    return Listing(
        providers=tuple(ListedProvider(id=one.id, name=one.names.in_language(lang), kind=one.kind) for one in known)
    )


def _described(name: str, lang: Language) -> DescribedProvider:
    known = provider(name)
    return DescribedProvider(id=known.id, name=known.names.in_language(lang), kind=known.kind, facts=facts_of(known))


def _table(listing: Listing, lang: Language) -> Iterator[AnyBlock]:
    yield Rows(rows=tuple(Row(name=one.id, words=one.name, note=_kind(one.kind, lang)) for one in listing.providers))
    yield Paragraph(words=_("All about one of them: diagnose providers ID"), quiet=True)


def _kind(kind: Kind | None, lang: Language) -> str:
    return vocabulary().kind[kind].in_language(lang) if kind else ""


def _all_about(known: DescribedProvider, lang: Language) -> Iterator[AnyBlock]:
    yield Entry(mark="•", title=known.name, note=f"{known.id} · {_kind(known.kind, lang)}")
    for part, facts in groupby(known.facts, key=part_of):
        members = list(facts)
        yield Heading(words=_(PARTS[part]))
        yield Rows(rows=tuple(row for fact in members for row in rows_of(fact, lang)))
        yield from (Paragraph(words=source_line(source, lang), quiet=True) for source in members[0].sources)
