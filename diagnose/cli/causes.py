"""`diagnose causes`: the catalogue of causes, readable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from gettext import gettext as _
from itertools import groupby
from typing import Any

import click
import msgspec
from click.shell_completion import CompletionItem

from diagnose.cli.help import Example, Sectioned
from diagnose.cli.pages import page_options, show_json, show_page
from diagnose.knowledge.catalogue import Cause, Fixer, Scope, UnknownCauseError, catalogue, remedies_for
from diagnose.locale.language import translation
from diagnose.model import text
from diagnose.model.report import Impact, ReportRemedy
from diagnose.rendering.labels import FAMILIES as FAMILY_LABELS
from diagnose.rendering.labels import FIXERS, IMPACTS
from diagnose.rendering.page import Advice, AnyBlock, Entry, Heading, Page, Paragraph, Row, Rows


class DescribedCause(msgspec.Struct, frozen=True, kw_only=True):
    """A cause of the catalogue in the reader's language, as ``--format json`` shows it."""

    id: str
    family: str
    title: str
    summary: str
    proof: str
    """What has to be seen before the cause may be called confirmed."""
    rules_out: str | None
    """What shows that this is not the cause."""
    fixer: Fixer
    """Who can end it."""
    scope: Scope
    """What it is true of."""
    impact: Impact
    explains: tuple[str, ...]
    """Ids of causes whose findings only follow from this one."""
    remedies: tuple[ReportRemedy, ...]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The causes asked for."""

    causes: tuple[DescribedCause, ...]


def _ids_and_families(context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """For shells: what begins so."""
    known = catalogue()
    found = [one for one in (*known.families, *known.ids) if one.startswith(incomplete)]
    return [CompletionItem(one) for one in found if not context.params.get("name")]


@click.command(
    cls=Sectioned,
    examples=(
        Example("diagnose causes tls", text("a family of causes").msgid),
        Example("diagnose causes tls.cert-expired", text("all about one").msgid),
    ),
)
@click.argument("name", metavar="[ID]", required=False, shell_complete=_ids_and_families)
@page_options
def COMMAND(name: str | None, **given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """List the causes of failed logins that are known here, or tell all about one.

    ID is a cause's id, or a family of causes such as tls.
    """
    try:
        chosen = _chosen(name)
    except UnknownCauseError as error:
        raise click.UsageError(error.sentence.render(_)) from None
    causes = tuple(_described(cause, translation(given["lang"])) for cause in chosen)
    if given["form"] == "json":
        show_json(Listing(causes=causes), given)
    else:
        blocks = _all_about(causes[0], translation(given["lang"])) if name in catalogue() else _table(causes)
        show_page(Page(blocks=tuple(blocks)), given, long=True)
    return 0


def _chosen(name: str | None) -> list[Cause]:
    """Raises UnknownCauseError."""
    known = catalogue()
    if name is None or name in known.families:
        return [cause for cause in known if name in (None, cause.family)]
    if name not in known:
        raise UnknownCauseError(name, (*known.ids, *known.families))
    return [known[name]]


def _described(cause: Cause, translate: Callable[[str], str]) -> DescribedCause:
    return DescribedCause(
        id=cause.id,
        family=cause.family,
        title=translate(cause.title),
        summary=translate(cause.summary),
        proof=translate(cause.proof),
        rules_out=translate(cause.rules_out) if cause.rules_out else None,
        fixer=cause.fixer,
        scope=cause.scope,
        impact=cause.impact,
        explains=cause.explains,
        remedies=remedies_for(cause, {}, translate),
    )


def _table(causes: tuple[DescribedCause, ...]) -> Iterator[AnyBlock]:
    for family, members in groupby(causes, key=lambda cause: cause.family):
        yield Heading(words=f"{_(FAMILY_LABELS[family])} · {family}" if family in FAMILY_LABELS else family)
        yield Rows(rows=tuple(Row(name=cause.id, words=cause.title, note=_ended_by(cause)) for cause in members))
    yield Paragraph(words=_("All about one of them: diagnose causes ID"), quiet=True)


def _ended_by(cause: DescribedCause) -> str:
    return _("can be ended by: {fixer}").format(fixer=_(FIXERS[cause.fixer]))


def _all_about(cause: DescribedCause, translate: Callable[[str], str]) -> Iterator[AnyBlock]:
    yield Entry(
        mark="✗" if cause.impact == "blocks" else "!",
        title=cause.title,
        note=f"{cause.id} · {_(IMPACTS[cause.impact])} · {_ended_by(cause)}",
        words=cause.summary,
    )
    yield Heading(words=_("What proves it"))
    yield Paragraph(words=cause.proof)
    if cause.rules_out:
        yield Heading(words=_("What rules it out"))
        yield Paragraph(words=cause.rules_out)
    if cause.explains:
        yield Heading(words=_("What may only follow from it"))
        yield Rows(rows=tuple(Row(name=one, words=translate(catalogue()[one].title)) for one in cause.explains))
    yield Advice(remedies=cause.remedies, everybody=True)
