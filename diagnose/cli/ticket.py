"""`diagnose ticket`: the mail or comment to send about a saved report, in the words of whoever gets it."""

from __future__ import annotations

from collections.abc import Iterator
from gettext import gettext as _
from typing import Any

import click

from diagnose.cli.help import Example, Sectioned
from diagnose.cli.options import lang_option, no_color_option, output_option, redact_option
from diagnose.cli.pages import show_page, tell_what_is_left_out
from diagnose.cli.parameters import OneOf, file_names
from diagnose.cli.saved_reports import read_saved, unreadable
from diagnose.comparison.replay import NOWHERE, UnfitRecordError, replayed
from diagnose.model.report import Report, ReportCause, ReportRemedy
from diagnose.model.text import text
from diagnose.process.standard_streams import tell
from diagnose.rendering.labels import CERTAINTIES, REDACTED
from diagnose.rendering.next_steps import next_steps
from diagnose.rendering.page import Advice, AnyBlock, Entry, Heading, Page, Paragraph, Verbatim
from diagnose.rendering.renderer import Audience
from diagnose.running.reporting import discreet
from diagnose.running.request import Presentation

AUDIENCES: dict[str, Audience] = {"user": "user", "helpdesk": "helpdesk", "administrator": "admin", "provider": "admin"}
FIXERS = {"user": "user", "helpdesk": "helpdesk", "administrator": "admin", "provider": "provider"}
"""Whose steps a ticket holds, by whom it is sent to."""
MOST_CAUSES = 3
"""Causes that a ticket tells; the report holds all."""


@click.command(
    cls=Sectioned,
    epilog="Nothing is sent: the text goes to standard output. Exit codes: 0 written, 2 wrong usage.",
    examples=(
        Example("diagnose ticket report.json --to user", text("plain words, and steps to follow").msgid),
        Example("diagnose ticket report.html --to provider --redact", text("evidence to forward, without names").msgid),
    ),
)
@click.argument("file", metavar="REPORT", shell_complete=file_names)
@click.option(
    "--to",
    "recipient",
    type=OneOf(FIXERS, also={"admin": "administrator"}),
    default="administrator",
    show_default=True,
    help="Who gets it: plain words and steps, or the evidence and commands that show it.",
)
@redact_option
@output_option
@lang_option
@no_color_option
def COMMAND(file: str, recipient: str, **given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Write the mail or comment to send about a saved report.

    REPORT is a report that diagnose wrote as .json, .html or .md; - reads one from standard input.
    """
    saved = read_saved(file)
    tell_what_is_left_out()
    shown = Presentation(lang=given["lang"], audience=AUDIENCES[recipient], redact=given["redact"])
    try:
        report = discreet(replayed(saved, shown), shown, NOWHERE)
    except UnfitRecordError as error:
        raise unreadable(file, error) from None
    if report.record is None and report.lang != given["lang"]:
        tell(_("diagnose: the report was saved without its record, so its own words stay in its language."))
    show_page(Page(blocks=tuple(_blocks(report, recipient))), given)
    return 0


def _blocks(report: Report, recipient: str) -> Iterator[AnyBlock]:
    name = report.subject.address or report.subject.domain
    subject = _("Subject: {answer} ({name}, report {id})")
    yield Paragraph(words=subject.format(answer=report.verdict.headline, name=name or "–", id=report.id))
    yield Paragraph(words="")
    yield Paragraph(words=_("Hello,"))
    yield Paragraph(words="")
    yield Paragraph(words=_opening(report, recipient).format(name=name or "–", moment=_moment(report)))
    if report.redacted in REDACTED:
        yield Paragraph(words=_(REDACTED[report.redacted]))
    causes = report.verdict.causes[: 1 if recipient == "user" else MOST_CAUSES]
    for cause in causes:
        yield from _cause(cause, recipient)
    if recipient == "user" and (steps := next_steps(report, _)):
        yield Advice(remedies=(ReportRemedy(fixer="user", steps=steps),), everybody=True)
    if report.verdict.unchecked and (recipient != "user" or not causes):
        yield Heading(words=_("Could not be checked"))
        yield from (Entry(mark="?", title=sentence) for sentence in report.verdict.unchecked)
    yield Paragraph(words="")
    yield from _closing(report, recipient)


def _opening(report: Report, recipient: str) -> str:
    if report.verdict.status == "healthy":
        return _("We looked on {moment} at the login of {name}, and found nothing that stands in its way.")
    if not report.verdict.causes:
        return _("We looked on {moment} at why the login of {name} fails, and found no cause.")
    if recipient == "user":
        if report.verdict.status == "inconclusive":
            return _(
                "We looked on {moment} at why you cannot log in to {name}. The cause is not clear yet; "
                "this is our best guess."
            )
        return _("We looked on {moment} at why you cannot log in to {name}. This is what we found.")
    if any(cause.commands for cause in report.verdict.causes[:MOST_CAUSES]):
        return _(
            "The login of {name} was looked at on {moment}. This was seen, and can be seen again by the commands below."
        )
    return _("The login of {name} was looked at on {moment}. This was seen.")


def _cause(cause: ReportCause, recipient: str) -> Iterator[AnyBlock]:
    yield Heading(words=cause.title)
    yield Paragraph(words=cause.summary)
    certainty = _(CERTAINTIES[cause.certainty])
    if recipient != "user":
        yield Paragraph(words=f"{certainty} · {cause.id}", quiet=True)
        if cause.evidence:
            yield Heading(words=_("What was seen"))
            yield from (Entry(mark="•", title=seen.text, note=seen.check) for seen in cause.evidence)
        if cause.commands:
            yield Heading(words=_("To repeat it yourself, in a Linux or macOS shell"))
            for one in cause.commands:
                yield Entry(mark="•", title=one.shows, note=one.check)
                yield Verbatim(command=one.command)
    elif cause.certainty != "confirmed":
        yield Paragraph(words=_("This is {certainty}, and not proven.").format(certainty=certainty), quiet=True)
    remedies = tuple(one for one in cause.remedies if one.fixer == FIXERS[recipient])
    if remedies:
        yield Advice(remedies=remedies, everybody=True)


def _closing(report: Report, recipient: str) -> Iterator[AnyBlock]:
    if recipient == "user":
        yield Paragraph(words=_("If this does not help, answer this message with the words that you see."))
    else:
        causes = report.verdict.causes[:MOST_CAUSES]
        if causes and not any(one.fixer == FIXERS[recipient] for cause in causes for one in cause.remedies):
            yield Paragraph(words=_("Please put this right, or tell us what we have to change."))
        if report.verdict.status == "healthy":  # nobody is asked to look for what is not there
            yield Paragraph(
                words=_("If the login fails again, please answer with the words that are seen then, and the time.")
            )
        else:
            yield Paragraph(words=_("Please answer with what you found, and name the report's number."))
    if report.contact and report.contact.help_desk:
        yield Paragraph(words=_("Help desk: {contact}").format(contact=report.contact.help_desk))


def _moment(report: Report) -> str:
    return report.started_at.replace("T", " ").replace("Z", " UTC")
