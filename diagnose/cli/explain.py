"""`diagnose explain`: what a server reply, an error message or a cause's id means, and what to do."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from gettext import gettext as _
from pathlib import Path
from typing import IO, Any, get_args

import click
from click.shell_completion import CompletionItem

from diagnose.cli.help import Example, Sectioned
from diagnose.cli.options import audience_option
from diagnose.cli.output import cannot_be_read, print_out, write_words
from diagnose.cli.pages import page_options, show_json, show_page, tell_what_is_left_out
from diagnose.cli.parameters import OneOf, ProviderName, file_names
from diagnose.cli.prompts import tell_how_input_ends
from diagnose.explain import replies_in_lines
from diagnose.explain.explain import ExplainedCause, Explanation, close_ids, explain, precautions, provider_names
from diagnose.knowledge.catalogue import catalogue
from diagnose.locale.language import translation
from diagnose.model import text
from diagnose.process.awaited import awaited
from diagnose.process.standard_streams import tell
from diagnose.providers import provider
from diagnose.rendering.labels import CERTAINTIES
from diagnose.rendering.page import Advice, AnyBlock, Entry, Heading, Page, Paragraph, Row, Rows
from diagnose.replies import Outcome, ReplyForm
from diagnose.replies.folding import LARGEST_REPLY

STANDARD_INPUT = "-"


class TakesReplies(Sectioned):
    """A command whose argument may be a POP3 reply, which begins like an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Click's, with what begins with ``-ERR`` (RFC 1939 §3) set behind the options."""
        replies = [word for word in args if word.upper().startswith("-ERR")]
        if replies and "--" not in args:
            args = [*(word for word in args if word not in replies), "--", *replies]
        return super().parse_args(ctx, args)


def _cause_ids(context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """For shells: causes that begin so."""
    return [
        CompletionItem(one) for one in catalogue().ids if one.startswith(incomplete) and not context.params.get("words")
    ]


@click.command(
    cls=TakesReplies,
    examples=(
        Example(
            'diagnose explain "535 5.7.8 authentication failed" --provider qq.com',
            text("a line of a mail program or a server").msgid,
        ),
        Example("diagnose explain tls.cert-expired --for admin", text("the steps of one cause").msgid),
        Example("diagnose explain --jsonl replies.jsonl", text("many replies").msgid),
    ),
    epilog="Exit codes: 0 also where the text reports no failure or means nothing, 2 wrong usage.",
)
@click.argument("words", metavar="TEXT", nargs=-1, shell_complete=_cause_ids)
@click.option("--protocol", type=OneOf(get_args(ReplyForm)), help="What the text was said in, where that is known.")
@click.option(
    "--provider",
    "provider_id",
    type=ProviderName(provider_names),
    metavar="NAME",
    help="The mail provider that the text comes from: by name, domain or id.",
)
@click.option(
    "--jsonl",
    metavar="FILE",
    shell_complete=file_names,
    help="Read many texts, a JSON object with “id” and “reply” a line (- is standard input), and write one a line.",
)
@click.option("-v", "--verbose", is_flag=True, help="Everybody's remedies, and those of all causes.")
@audience_option
@page_options
def COMMAND(words: tuple[str, ...], **given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Tell what a server's reply or an error message means, and what to do.

    TEXT is the reply, the message of any mail program or page, or the id of a cause; - reads standard input.
    """
    if given["jsonl"]:
        if words:
            raise click.UsageError(_("give either a TEXT or --jsonl FILE."))
        _explain_lines(given["jsonl"], given)
        return 0
    told = _told(words)
    explanation = explain(
        told,
        protocol=given["protocol"],
        provider=given["provider_id"],
        lang=given["lang"],
        audience=given["audience"],
        translate=translation(given["lang"]),
    )
    if given["form"] == "json":
        show_json(explanation, given)
    else:
        kept_away, whose = _kept_away(explanation, given), tuple(_whose(explanation, given))
        show_page(_page(explanation, close_ids(told), kept_away, whose, verbose=given["verbose"]), given)
    return 0


def _kept_away(explanation: Explanation, given: Mapping[str, Any]) -> tuple[str, ...]:
    """How the first cause is kept from happening again, for those who want to know all."""
    if not (given["verbose"] and explanation.causes):
        return ()
    translate = translation(given["lang"])
    return precautions(
        explanation.causes[0].id,
        protocol=given["protocol"],
        provider=given["provider_id"] or explanation.provider,
        translate=translate,
    )


def _told(words: tuple[str, ...]) -> bytes:
    """The text to explain, as many bytes of it as are read. Raises click.UsageError for an empty one."""
    piped = words == (STANDARD_INPUT,)
    if piped:
        tell_how_input_ends()
    told = sys.stdin.buffer.read(LARGEST_REPLY + 1) if piped else os.fsencode(" ".join(words))
    if not told.strip():
        raise click.UsageError(_("there is no text to explain."))
    if len(told) > LARGEST_REPLY:
        tell(_("Only the first {number} bytes of the text are read.").format(number=LARGEST_REPLY))
    return told[:LARGEST_REPLY]


def _explain_lines(file: str, given: dict[str, Any]) -> None:
    translate = translation(given["lang"])
    piped = file == STANDARD_INPUT
    tell_what_is_left_out()
    lines = list[str]()

    def show() -> None:
        """All answers so far, before more replies are awaited: to write each by itself takes longer than to read it."""
        if lines and given["output"] is None:
            told = "".join(lines)
            lines.clear()
            print_out(told, "json")

    with contextlib.nullcontext(sys.stdin.buffer) if piped else _opened(file) as stream:
        try:
            for answer in replies_in_lines.read_lines(awaited(stream, show), given["protocol"], given["provider_id"]):
                lines.append(replies_in_lines.format_line(answer, translate) + "\n")
        except replies_in_lines.LineError as error:
            name, problem = _("standard input") if piped else file, error.sentence.render(_)
            sentence = _("{file}, line {number}: {problem}").format(file=name, number=error.number, problem=problem)
            raise click.ClickException(sentence) from None
        finally:
            show()
    if given["output"] is not None:
        write_words(given["output"], "".join(lines))


def _opened(file: str) -> IO[bytes]:
    """The bytes of *file*. Raises click.ClickException."""
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise click.ClickException(cannot_be_read(file, error)) from None


def _whose(explanation: Explanation, given: Mapping[str, Any]) -> Iterator[str]:
    """Whose words they are, or may be, where the person has named no provider."""
    if explanation.provider and not given["provider_id"]:
        name = provider(explanation.provider).names.in_language(given["lang"])
        yield _("The steps are those for {name}, which the text names; --provider names another one.").format(name=name)
    if explanation.elsewhere:
        yield _("At {names} such words mean: {title}. --provider tells what to do there.").format(
            names=_(", ").join(explanation.elsewhere), title=explanation.causes[-1].title
        )


def _page(
    explanation: Explanation,
    close: tuple[str, ...],
    prevention: tuple[str, ...],
    whose: tuple[str, ...],
    *,
    verbose: bool,
) -> Page:
    if not explanation.causes:
        return Page(blocks=tuple(_nothing(explanation.outcome, close)))
    first, *others = explanation.causes
    blocks: list[AnyBlock] = [_entry(first)]
    if explanation.matched != first.id:
        told = _("Recognised in the text: “{words}”")
        if explanation.told_by == "likeness":
            told = _("Its words alone leave the cause open; it is like: “{words}”")
        told = told.format(words=explanation.matched)
        blocks.append(Paragraph(words=told, quiet=True))
    blocks.extend(Paragraph(words=sentence, quiet=True) for sentence in whose)
    blocks.append(Advice(remedies=first.remedies))
    if prevention:
        blocks.append(Heading(words=_("So that it does not happen again")))
        blocks.append(Rows(rows=tuple(Row(name="•", words=sentence) for sentence in prevention)))
    if others:
        blocks.append(Heading(words=_("Other possible causes")))
    for cause in others:
        blocks.append(_entry(cause))
        if verbose:
            blocks.append(Advice(remedies=cause.remedies))
    if others and not verbose:
        blocks.append(Paragraph(words=_("Steps for each of them: diagnose explain ID, or --verbose"), quiet=True))
    return Page(blocks=tuple(blocks))


def _entry(cause: ExplainedCause) -> Entry:
    return Entry(
        mark="?" if cause.certainty == "possible" else "✗",
        title=cause.title,
        note=f"{_(CERTAINTIES[cause.certainty])} · {cause.id}",
        words=cause.summary,
    )


def _nothing(outcome: Outcome, close: tuple[str, ...]) -> Iterator[AnyBlock]:
    match outcome:
        case "no-failure":
            yield Entry(
                mark="✓",
                title=_("This text reports no failed login"),
                words=_("What it says keeps nobody out of the mailbox: it confirms, explains or asks for something."),
            )
        case "program-slip":
            yield Entry(
                mark="?",
                title=_("The mail program broke the rules of the conversation"),
                words=_(
                    "The server complains of a command at the wrong time or in the wrong form, and says nothing about "
                    "the account. Update the mail program, or look at the lines before this one."
                ),
            )
        case _:
            yield Entry(
                mark="?",
                title=_("No cause of a failed login was found in this text"),
                words=_("Either it reports no failure, or it does so in words that are not known here."),
            )
            yield Paragraph(
                words=_(
                    "Give the whole message, with its numbers, or say in a few words what happens: forgot my password, "
                    "mailbox full, certificate expired, no verification mail. All causes: diagnose causes"
                ),
                quiet=True,
            )
    if close:
        yield Paragraph(
            words=_("Is it meant as the id of a cause? There is {close}.").format(close=_(", ").join(close))
        )
