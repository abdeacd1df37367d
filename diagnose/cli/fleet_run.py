"""`diagnose fleet` carried out: rows in, results out, and in the end what they have in common."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from gettext import gettext as _
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from diagnose.account.person import Consent
from diagnose.cli import signals
from diagnose.cli.carrying_out import raise_together
from diagnose.cli.fleet_engine import engine_for
from diagnose.cli.fleet_formats import fleet_renderer
from diagnose.cli.fleet_progress import progress_or_none
from diagnose.cli.fleet_secrets import OwnSecrets
from diagnose.cli.fleet_summary import summary_blocks
from diagnose.cli.output import cannot_be_read, cannot_be_written, write_words
from diagnose.cli.pages import show_json, show_page
from diagnose.cli.parameters import ProviderName
from diagnose.cli.prompts import tell_how_input_ends
from diagnose.cli.request import presentation, selection_of
from diagnose.cli.saved_reports import STANDARD_INPUT
from diagnose.cli.server_parameters import ServiceUrl
from diagnose.cli.waiting import wait_until
from diagnose.discovery import DiscoveryOptions
from diagnose.fleet.changes import Earlier
from diagnose.fleet.encoding import EncodingError
from diagnose.fleet.engine import Engine, EngineError
from diagnose.fleet.results import Results, ResultsError, earlier_in, line_of, rows_in
from diagnose.fleet.rows import BadRow, InputError, Readers, Row, RowError, Rows
from diagnose.fleet.shared_causes import SharedCauses
from diagnose.fleet.tasks import Result, tasks
from diagnose.fleet.vantages import from_each
from diagnose.knowledge.catalogue import catalogue
from diagnose.locale.language import translation
from diagnose.model import Service, Subject, quote, text
from diagnose.model.fleet import FleetSummary
from diagnose.model.limits import Limits
from diagnose.model.protocols import BY_NAME
from diagnose.process import children
from diagnose.process.ending import INTERRUPTED
from diagnose.process.files_in_use import replace
from diagnose.process.short_lived import short_lived_folder
from diagnose.process.standard_streams import tell
from diagnose.rendering.page import Page
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.interruption import Interruption
from diagnose.running.request import NetworkOptions, Request, history_folder

MOST_BAD = 20
"""Bad rows that are named on standard error."""
T = TypeVar("T")


def carry_out_all(file: Path, given: dict[str, Any]) -> int:
    """Diagnose all rows of *file* as the options *given* say; the exit code. Raises click.ClickException."""
    if given["resume"] and given["results"] is None:
        raise click.UsageError(_("--resume goes with --results."))
    if given["resume"] and given["redact"]:
        raise click.UsageError(_("--resume cannot be used with --redact: such results do not say whose they are."))
    if given["resume"] and given["every"] is not None:
        raise click.UsageError(_("--resume cannot be used with --every: each run begins with the first row."))
    _require_apart(file, given)
    with short_lived_folder("diagnose-") as folder:
        children.folders.add(str(folder))  # a signal that ends all at once would leave it
        rows = _copied(folder) if str(file) == STANDARD_INPUT else file
        with signals.held_back() as interruption:
            fleet = _Fleet(rows, _shown(file), given, folder, interruption)
            return fleet.once() if given["every"] is None else fleet.again_and_again(given["every"])


def _copied(folder: Path) -> Path:
    """The rows on standard input as a file in *folder*: they are read more than once. Raises click.ClickException."""
    place = folder / "rows"
    tell_how_input_ends()
    try:
        with place.open("wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
    except OSError as error:
        raise click.ClickException(cannot_be_read(_("standard input"), error)) from None
    return place


def _shown(file: Path) -> str:
    return _("standard input") if str(file) == STANDARD_INPUT else str(file)


class _Fleet:
    """One run over all rows of a file, or one after the other."""

    def __init__(self, file: Path, shown: str, given: dict[str, Any], beside: Path, interruption: Interruption) -> None:
        """*shown*: what people know *file* by. *beside*: a folder for what nobody wants to keep."""
        self._file = file
        self._shown = shown
        self._given = given
        self._beside = beside
        self._interruption = interruption
        self._secrets = OwnSecrets()

    def once(self) -> int:
        """The exit code. Raises click.ClickException."""
        given = self._given
        summary, unwritten = self._run(given["results"] or self._beside / "results.jsonl")
        if self._interruption.asked_for and given["results"] is not None and not given["redact"]:
            tell(_("The same command with --resume goes on with the rows that are left."))
        return self._exit_code(summary, unwritten)

    def again_and_again(self, seconds: float) -> int:
        """Begin a run every *seconds* seconds, until an interruption; the exit code.

        The files hold the last run that came to its end. Raises click.ClickException of the first run; those of
        later ones are told.
        """
        kept: Path | None = self._given["results"]
        earlier, first = _earlier(kept), True
        while True:
            began = time.monotonic()
            try:
                with short_lived_folder(".", kept.parent if kept else self._beside) as folder:
                    fresh = folder / "results.jsonl"
                    summary, unwritten = self._run(fresh, earlier, keep_reports=not first)
                    if kept is not None and (first or not summary.interrupted):
                        replace(fresh, kept)
                    raise_together(unwritten)
            except (click.ClickException, OSError) as error:
                if first:
                    raise
                words = error.format_message() if isinstance(error, click.ClickException) else error.strerror
                tell(f"diagnose: {words}")
            if self._interruption.asked_for or not wait_until(began + seconds, self._interruption):
                return INTERRUPTED
            first = False

    def _run(
        self, place: Path, earlier: Earlier | None = None, *, keep_reports: bool = False
    ) -> tuple[FleetSummary, list[click.ClickException]]:
        """Write results to *place*, and tell of them; also the errors of what could not be written.

        *keep_reports*: those of an earlier run are not replaced by one that was broken off.
        Raises click.ClickException.
        """
        given = self._given
        with contextlib.ExitStack() as stack:
            rows = _rows(self._file, self._shown, given["encoding"])
            if rows.guessed and not given["quiet"]:
                sentence = _("{file} is read as {encoding}; --encoding names another encoding.")
                tell(sentence.format(file=self._shown, encoding=rows.guessed))
            if rows.unknown and not given["quiet"]:
                sentence = _("Columns that mean nothing here go into the results as they are: {names}.")
                tell(sentence.format(names=_(", ").join(map(quote, rows.unknown))))
            settings = _settings(given, self._beside)
            engine = stack.enter_context(engine_for(settings, given, partial(_tell_slowed, given), self._secrets))
            results = stack.enter_context(_results(place, resume=given["resume"]))
            work = _Work(rows, results, settings, given, earlier)
            failed = work.carried_out(engine, self._interruption, self._file, self._shown)
            broken_off = self._interruption.asked_for or failed is not None
            if earlier is not None:
                earlier.run_ended(whole=not broken_off)
            summary = _summary(place, given, rows.duplicates, interrupted=broken_off)
            unwritten = [click.ClickException(failed)] if failed else []
            if not (keep_reports and broken_off):
                unwritten += _write_reports(summary, place, given)
            try:
                show(summary, given)
            except click.ClickException as error:
                unwritten.append(error)
        return summary, unwritten

    def _exit_code(self, summary: FleetSummary, unwritten: list[click.ClickException]) -> int:
        raise_together(unwritten)
        return INTERRUPTED if self._interruption.asked_for else summary.exit_code


def _earlier(kept: Path | None) -> Earlier:
    """What the results found that are there already. Raises click.ClickException where *kept* holds something else."""
    if kept is None:
        return Earlier()
    try:
        return earlier_in(kept) if kept.exists() and kept.stat().st_size else Earlier()
    except (ResultsError, OSError) as error:
        raise click.ClickException(cannot_be_written(kept, error)) from None


def _require_apart(file: Path, given: dict[str, Any]) -> None:
    """Raises click.UsageError where two files are one, of which one would be lost."""
    written = [one for one in (given["results"], given["output"], *given["reports"]) if one is not None]
    places = [_place_of(one) for one in (file, *written)]
    twice = next((one for number, one in enumerate(written, 1) if places[number] in places[:number]), None)
    if twice is not None:
        raise click.UsageError(_("“{file}” cannot be two things at once.").format(file=twice))


def _place_of(file: Path) -> Path:
    """Where *file* is, whatever leads there. What leads nowhere stays as it is, and is told when it is opened."""
    try:
        return file.resolve()
    except (OSError, RuntimeError):  # the folder one is in has gone; links lead to each other
        return file


class _Work:
    """The rows of one run, and where their results go."""

    def __init__(
        self, rows: Rows, results: Results, settings: Request, given: dict[str, Any], earlier: Earlier | None
    ) -> None:
        self._rows = rows
        self._results = results
        self._settings = settings
        self._given = given
        self._earlier = earlier
        self._told = 0

    def carried_out(self, engine: Engine, interruption: Interruption, file: Path, shown: str) -> str | None:
        """Write the result of each row as it comes; why no more could be, None where all was."""
        vantages, quiet = max(1, len(self._given["vantages"])), self._given["quiet"]
        done = len(self._results.done)
        progress = progress_or_none(
            file, translation(self._given["lang"]), vantages=vantages, done=done, quiet=quiet, before=self._rows.before
        )
        came = engine.results(tasks(self._wanted(), self._settings), interruption)
        try:
            with contextlib.closing(came), progress or contextlib.nullcontext():
                for result in came:
                    if not result.interrupted:
                        self._written(result)
                    if progress is not None:
                        progress.add(result)
        except (InputError, EncodingError) as error:  # of octets in the middle of the file that are no text
            return cannot_be_read(shown, error)
        except EngineError as error:
            return _("not all rows were run: {words}.").format(words=error.sentence.render(_))
        except OSError as error:
            sentence = _("the results cannot be written: {words}; those before are whole.")
            return sentence.format(words=error.strerror)
        return None

    def _wanted(self) -> Iterator[Row | BadRow]:
        """The rows that stand in no results yet."""
        for row in from_each(self._rows, self._given["vantages"]):
            if int(row.id, 16) not in self._results.done:
                yield row

    def _written(self, result: Result) -> None:
        """Raises OSError."""
        redact = bool(self._given["redact"])
        kept = result
        if redact and result.bad is not None:  # which may repeat what stands in the row
            kept = msgspec.structs.replace(result, bad=_("nothing can be diagnosed by this row"))
        if self._earlier is not None:
            verdict = result.report.verdict if result.report is not None else None
            changes = self._earlier.compared(
                result.origin.id, verdict.status if verdict else None, verdict.causes if verdict else ()
            )
            kept = msgspec.structs.replace(kept, changes=changes if self._earlier.is_there else None)
        self._results.write(line_of(kept, redact=redact))
        if kept.bad is not None and not self._given["quiet"]:
            self._told += 1
            if self._told <= MOST_BAD:
                told = _("Line {number}: {words}.").format(number=kept.origin.line, words=kept.bad)
                tell(told[:-1] if kept.bad.endswith(("?", "？")) else told)
            if self._told == MOST_BAD:
                tell(_("Further bad rows stand in the results alone."))


def _tell_slowed(given: dict[str, Any], house: str) -> None:
    if not given["quiet"]:
        tell(_("{name} turns connections away: its further rows are begun more slowly.").format(name=quote(house)))


def _rows(file: Path, shown: str, encoding: str | None) -> Rows:
    """Raises click.UsageError."""
    try:
        return Rows(file, Readers(service=_service, provider=_provider), encoding)
    except (InputError, EncodingError, OSError) as error:
        raise click.UsageError(cannot_be_read(shown, error)) from None


def _results(file: Path, *, resume: bool) -> Results:
    """Raises click.ClickException."""
    try:
        return Results(file, resume=resume)
    except (ResultsError, OSError) as error:
        raise click.ClickException(cannot_be_written(file, error)) from None


def _service(protocol: str, word: str) -> Service:
    """Raises RowError."""
    return _told_of_row(lambda: ServiceUrl(BY_NAME[protocol]).convert(word, None, None))  # type: ignore[index]


def _provider(word: str) -> str:
    """Raises RowError."""
    return _told_of_row(lambda: ProviderName().convert(word, None, None))


def _told_of_row(read: Callable[[], T]) -> T:
    try:
        return read()
    except click.ClickException as error:
        raise RowError(text("{words}", words=error.format_message().removesuffix("."))) from None


def _settings(given: dict[str, Any], beside: Path) -> Request:
    """What all rows have in common. Without a record of its own a run keeps one as long as it lasts, in *beside*."""
    selection = selection_of(given["only"], given["skip"])
    return Request(
        subject=Subject(domain=""),
        selection=selection,
        narrowed=selection.options,
        consent=Consent(login=not given["no_login"], ask_recipient=not given["no_rcpt"]),
        discovery=DiscoveryOptions(third_party=not given["no_third_party"]),
        network=NetworkOptions(nameserver=given["resolver"], ca_file=given["ca_file"], limits=_limits(given)),
        strict=given["strict"],
        seconds=given["timeout"],
        history=beside / "history" if given["no_history"] else history_folder(),
        presentation=presentation(given),
    )


def _limits(given: dict[str, Any]) -> Limits:
    return Limits(
        host_connections=given["host_connections"],
        house_connections=given["provider_connections"],
        host_rate=given["host_rate"],
        house_rate=given["provider_rate"],
    )


def _summary(place: Path, given: dict[str, Any], duplicates: int, *, interrupted: bool) -> FleetSummary:
    """Of all rows in the results at *place*. Raises click.ClickException."""
    shared = SharedCauses(catalogue(), given["lang"])
    try:
        for row in rows_in(place):
            shared.add(row)
    except OSError as error:
        raise click.ClickException(cannot_be_read(place, error)) from None
    return shared.summary(duplicates=duplicates, interrupted=interrupted)


def _write_reports(summary: FleetSummary, place: Path, given: dict[str, Any]) -> Iterator[click.ClickException]:
    """Write every report that was asked for from the results at *place*; the errors of those that failed."""
    style = RenderStyle(translate=translation(given["lang"]), audience=given["audience"], complete=True)
    for file in given["reports"]:
        found = fleet_renderer(file.suffix.lower())
        if found is not None:
            try:
                pieces = found[0](summary, lambda: rows_in(place), style)
                write_words(file, pieces, for_collectors=found[1])
            except click.ClickException as error:
                yield error


def show(summary: FleetSummary, given: dict[str, Any]) -> None:
    """*summary* to standard output. Raises click.ClickException."""
    if given["form"] == "json":
        show_json(summary, given)
    else:
        show_page(Page(blocks=tuple(summary_blocks(summary, translation(given["lang"])))), given)
