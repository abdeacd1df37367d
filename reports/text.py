"""The report for a terminal: the answer, on a screen where it can be; the whole of it where that is asked for.

Words and symbols carry the meaning; colour only repeats it.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from diagnose.model import Status, quote
from diagnose.model.report import Report, ReportCause, ReportCheck, ReportRemedy
from diagnose.rendering.renderer import Renderer, RenderStyle
from diagnose.rendering.shell import shell_lines
from reports.advice import advice, own_advice, precautions
from reports.fact_rows import fact_rows
from reports.page import page
from reports.remedies import for_audience
from reports.sanitized import sanitized
from reports.terminal import (
    COLORS,
    COMMAND_INDENT,
    Prose,
    Row,
    Verbatim,
    format_blocks,
    heading,
    indented,
    item,
    noted,
)
from reports.titles import title_of
from reports.words import (
    SYMBOLS,
    baseline_lines,
    contact_line,
    finding_texts,
    moment,
    redaction_line,
    replay_line,
    words,
)

ROOM_FOR_COLUMNS = 72
"""Columns from which a server's name, security and source stand side by side."""
MOST_LINES = 40
"""Of an answer with one cause; steps that have no room are named."""
FEWEST_STEPS = 2
"""Steps that are shown however little room there is."""
MOST_SEEN = 3
"""Pieces of evidence in an answer; all of them stand in the whole report."""
LONGEST_SEEN = 240
"""Characters of one of them."""
INDENT = 2
"""Columns before what stands under a heading."""
LAST_LINES = 2
"""The closing line, and the empty one before it."""
PROMPT_LINES = 1
"""Of a terminal, which the shell takes once the report is over."""


def render(report: Report, style: RenderStyle) -> str:
    """*report* for a terminal of ``style.width`` columns; escape sequences only with ``style.color``."""
    shown = report if style.verbose else _without_facts(report)
    return format_blocks(_Page(sanitized(shown), style).blocks(), style)


def _without_facts(report: Report) -> Report:
    """*report* without what is told with *verbose* only, and is most of it: a server may have said much."""
    checks = tuple(msgspec.structs.replace(check, facts={}) for check in report.checks)
    return msgspec.structs.replace(report, checks=checks)


class _Page:
    def __init__(self, report: Report, style: RenderStyle) -> None:
        self.report = report
        self.style = style
        self.words = words(style.translate, style.audience)
        self._ = style.translate

    def blocks(self) -> Iterator[RenderableType]:
        verdict = self.report.verdict
        yield from self.top()
        if self.style.quiet:
            yield from (indented(self.named_cause(cause)) for cause in verdict.causes)
            yield from self.unchecked()
            return
        yield from self.whole() if self.style.verbose or self.style.complete else self.answer()

    def top(self) -> Iterator[RenderableType]:
        """The answer in a sentence, and the picture of the way."""
        yield self.headline()
        if self.report.path and not self.style.quiet:
            yield ""
            yield self.way()

    def answer(self) -> Iterator[RenderableType]:
        """The root cause, what was seen, what to do; then in a line each what else there is."""
        causes = self.report.verdict.causes[:1]
        for cause in causes:
            blocks = [*self.answered(cause)]
            scrolls = self.style.height is not None and self.lines([*self.top(), *blocks]) > self.screen
            if scrolls and self.proves:
                yield from (*self.proof(cause), *self.commands(cause))
            yield from self.answered(cause, on_screen=True) if scrolls else blocks
        if not causes:
            yield from precautions(self.report.verdict.prevention, self.words.kept_working)
            yield from self.last()

    def answered(self, cause: ReportCause, *, on_screen: bool = False) -> Iterator[RenderableType]:
        """*cause*, what was seen, and as many of its steps as have room.

        *on_screen*: the headline scrolls away, so the cause is said again, and all else is told in fewer lines.
        """
        told = [
            *(("",) if on_screen else heading(self.words.cause[self.report.verdict.status])),
            indented(self.cause_line(cause) if on_screen else self.named_cause(cause)),
            indented(Prose(Text(cause.summary))),
            *self.seen(cause, on_screen=on_screen),
        ]
        last = [*self.last(on_screen=on_screen)]
        if on_screen:
            room = self.screen - self.lines([*told, *last])
        else:
            room = MOST_LINES - self.lines([*self.top(), *told, *self.contact()]) - LAST_LINES
        yield from told
        yield from self.steps(cause, None if self.proves and not on_screen else self.fitting(cause, room))
        yield from last

    def seen(self, cause: ReportCause, *, on_screen: bool) -> Iterator[RenderableType]:
        """What was seen of *cause*; who proves has it all, above the answer where that would scroll away."""
        if not self.proves:
            yield from self.proof(cause, 1 if on_screen else MOST_SEEN)
        elif not on_screen:
            yield from (*self.proof(cause), *self.commands(cause))

    @property
    def proves(self) -> bool:
        """Whether the reader wants all that was seen, word by word, and the commands that show it."""
        return self.style.audience == "helpdesk"

    @property
    def screen(self) -> int:
        """Lines that the terminal shows at once."""
        return (self.style.height or 0) - PROMPT_LINES

    def last(self, *, on_screen: bool = False) -> Iterator[RenderableType]:
        """Further causes, what could not be checked, and what else there is."""
        _ = self._
        causes = self.report.verdict.causes[1:]
        if on_screen and causes:
            titles = _(", ").join(cause.title for cause in causes)
            yield indented(Prose(Text(_("Also worth a look: {causes}").format(causes=titles))))
        elif causes:
            yield from heading(_("Other causes worth a look"))
            yield from (item(self.mark(cause), noted(cause.title, cause.id)) for cause in causes)
        yield from self.unchecked()
        yield ""
        yield from self.contact()
        more = _("More: --verbose (everybody's steps, servers, checks), --report FILE (to pass on)")
        yield Prose(Text(more, "dim"))

    def contact(self) -> Iterator[RenderableType]:
        """Whom to ask next, where anybody is named."""
        if line := contact_line(self.report.contact, self._):
            yield Prose(Text(line))

    def fitting(self, cause: ReportCause, room: int) -> int:
        """How many steps for the audience fit into *room* lines; all where leaving out gains nothing."""
        count = sum(map(_length, for_audience(cause.remedies, self.style.audience)[0][:1]))
        whole = self.lines(self.steps(cause, count))
        if whole <= room:
            return count
        fewer = range(FEWEST_STEPS, count)
        fitting = bisect.bisect_right(fewer, min(room, whole - 2), key=lambda most: self.lines(self.steps(cause, most)))
        if fitting:
            return fewer[fitting - 1]
        gains = bool(fewer) and self.lines(self.steps(cause, FEWEST_STEPS)) < whole - 1
        return FEWEST_STEPS if gains else count

    def steps(self, cause: ReportCause, most: int | None) -> Iterator[RenderableType]:
        """At most *most* steps for the audience, where the others are told, and who else can help."""
        _ = self._
        yield from own_advice(cause.remedies, self.style, self.words, most)
        own, others = for_audience(cause.remedies, self.style.audience)
        if own and most is not None and most < _length(own[0]):
            provider = f" --provider {self.report.subject.provider}" if self.report.subject.provider else ""
            words = _("Further steps: diagnose explain {cause}, or --verbose").format(cause=f"{cause.id}{provider}")
            yield item("…", Prose(Text(words, "dim")))
        if others:
            who = self.words.comma.join(self.words.fixer.get(one.fixer, one.fixer) for one in others)
            yield indented(Prose(Text(_("Others can help, too: {who}").format(who=who), "dim")))

    def lines(self, blocks: Iterable[RenderableType]) -> int:
        """How many lines *blocks* take."""
        return format_blocks(blocks, self.style).count("\n")

    def whole(self) -> Iterator[RenderableType]:
        """The answer and all behind it: what was ruled out, servers, checks; with *verbose* their facts, too."""
        for cause in self.report.verdict.causes[:1]:
            yield from self.root_cause(cause)
        yield from precautions(self.report.verdict.prevention, self.words.kept_working)
        yield from self.further_causes()
        yield from self.unchecked()
        yield from self.ruled_out()
        if self.report.looked_for_servers:
            yield from self.services()
        if self.report.checks:
            yield from self.checks()
        yield ""
        yield from self.contact()
        yield self.footer()

    def headline(self) -> RenderableType:
        verdict = self.report.verdict
        subject = self.report.subject.address or self.report.subject.domain
        first = Text.assemble(
            (f"{SYMBOLS[verdict.status]} {self.words.answer(verdict)}", f"bold {COLORS[verdict.status]}"),
            *((("  ·  ", "dim"), (subject, "bold")) if subject else ()),
        )
        return Group(Prose(first), Prose(Text(verdict.headline)), *self.redaction(), *self.replay(), *self.baseline())

    def redaction(self) -> Iterator[RenderableType]:
        """That names are placeholders, where they are."""
        if line := redaction_line(self.report.redacted, self._):
            yield Prose(Text(line, "dim"))

    def replay(self) -> Iterator[RenderableType]:
        """What became of a saved report that was judged again."""
        replay = self.report.replay
        if replay is None:
            return
        yield from ("", Prose(Text(replay_line(replay, self._))))
        for change in replay.changes:
            yield item("•", Group(Prose(Text(change.text)), *(Prose(Text(one, "dim")) for one in change.because)))

    def baseline(self) -> Iterator[RenderableType]:
        """What came of holding the run against an earlier report."""
        for number, line in enumerate(baseline_lines(self.report, self._)):
            yield from (item("•", Prose(Text(line))),) if number else ("", Prose(Text(line)))

    def way(self) -> RenderableType:
        """The stations in a row, closer together where room is scarce, and below it where the way breaks."""
        way, close = self.row(), self.row(roomy=False)
        if way.cell_len > self.style.width - INDENT >= close.cell_len:
            way = close
        marks = [
            item(
                SYMBOLS[station.state],
                Prose(Text(self.words.pair.format(name=station.title, value=self.words.state[station.state]))),
                indent=0,
            )
            for station in self.report.path
            if station.state in ("broken", "hindered")
        ]
        return indented(way, *marks)

    def row(self, *, roomy: bool = True) -> Row:
        """The stations, the broken link marked; a line is broken behind a link, where *roomy* with a blank there."""
        blank = " " if roomy else ""
        parts: list[Text] = []
        for station in self.report.path:
            color = COLORS[station.state]
            if parts:
                link = {"broken": "─╳─", "unknown": "╌"}.get(station.state, "─")
                parts[-1].append(f"{blank}{link}", color)
            parts.append(Text(f"{SYMBOLS[station.state]} {station.title}", color))
        return Row(tuple(parts), blank)

    def root_cause(self, cause: ReportCause) -> Iterator[RenderableType]:
        _ = self._
        yield from heading(self.words.cause[self.report.verdict.status])
        yield indented(self.named_cause(cause), Prose(Text(cause.summary)))
        yield from self.proof(cause)
        yield from self.commands(cause)
        yield from advice(cause.remedies, self.style, self.words)
        if self.style.verbose:
            yield from precautions(cause.prevention, self.words.prevention)

    def commands(self, cause: ReportCause) -> Iterator[RenderableType]:
        """The commands that show it by hand, for those who prove and those who repair."""
        wanted = self.style.verbose or self.proves or (self.style.complete and self.style.audience != "user")
        if not cause.commands or not wanted:
            return
        yield from heading(self._("To repeat it yourself, in a Linux or macOS shell"))
        for one in cause.commands:
            yield item("•", noted(one.shows, one.check))
            lines = shell_lines(one.command, self.style.width - len(COMMAND_INDENT))
            yield Verbatim(tuple(COMMAND_INDENT + line for line in lines))

    def proof(self, cause: ReportCause, most: int | None = None) -> Iterator[RenderableType]:
        """What was seen of *cause*: all of it, or in short the *most* important pieces."""
        _ = self._
        if cause.evidence:
            yield from heading(_("What was seen"))
        for seen in cause.evidence[:most]:
            words = seen.text if most is None or self.style.audience == "helpdesk" else quote(seen.text, LONGEST_SEEN)
            yield item("•", noted(words, seen.check))
            if self.style.verbose:
                yield from self.facts(seen.data)
        if cause.explains and most is None:
            yield from heading(_("Also seen, and follows from this"))
            texts = finding_texts(self.report)
            for one in cause.explains:
                title, told = title_of(one, _), texts.get(one)
                words = title if told is None else self.words.pair.format(name=title, value=told)
                yield item("•", noted(words, one) if self.style.verbose else Prose(Text(words)))

    def further_causes(self) -> Iterator[RenderableType]:
        _ = self._
        causes = self.report.verdict.causes[1:]
        if not causes:
            return
        yield from heading(_("Other causes worth a look"))
        for cause in causes:
            yield indented(self.cause_line(cause), Padding(Prose(Text(cause.summary)), (0, 0, 0, 2)))
            if self.style.verbose:
                yield from self.proof(cause)
                yield from self.commands(cause)
                yield from advice(cause.remedies, self.style, self.words)
        if not self.style.verbose:
            yield indented(Prose(Text(_("Steps for each of them: diagnose explain ID, or --verbose"), "dim")))

    def named_cause(self, cause: ReportCause) -> RenderableType:
        """Its title, unless the headline has said it, and its labels."""
        return self.cause_labels(cause) if cause.title == self.report.verdict.headline else self.cause_line(cause)

    def cause_line(self, cause: ReportCause) -> RenderableType:
        mark = self.mark(cause)
        title = Text(cause.title, f"bold {'red' if mark == '✗' else 'yellow'}")
        return item(mark, Group(Prose(title), self.cause_labels(cause)), indent=0)

    def mark(self, cause: ReportCause) -> str:
        """The symbol that stands before *cause*."""
        if cause.certainty == "possible":
            return "?"
        return "✗" if cause.impact == "blocks" else "!"

    def cause_labels(self, cause: ReportCause) -> Prose:
        labels = (*self.words.labels(cause, self.report), cause.id)
        return Prose(Text(" · ".join(labels), "dim"))

    def unchecked(self) -> Iterator[RenderableType]:
        _ = self._
        if self.report.verdict.unchecked:
            yield from heading(_("Could not be checked"))
            yield from (item("?", Prose(Text(sentence))) for sentence in self.report.verdict.unchecked)

    def ruled_out(self) -> Iterator[RenderableType]:
        _ = self._
        causes = self.report.verdict.ruled_out
        if not causes:
            return
        yield from heading(_("Ruled out"))
        if self.style.verbose:
            for cause in causes:
                because = _("passed: {checks}").format(checks=_(", ").join(cause.checks))
                yield item("–", Group(Prose(Text(cause.title)), Prose(Text(f"{cause.id} · {because}", "dim"))))
            return
        counted = Counter(cause.id.partition(".")[0] for cause in causes)
        families = _(", ").join(
            _("{name} ({number})").format(name=self.words.family.get(name, name), number=count)
            for name, count in counted.items()
        )
        yield indented(Prose(Text(_("{count} causes: {families}").format(count=len(causes), families=families))))

    def services(self) -> Iterator[RenderableType]:
        _ = self._
        yield from heading(_("Servers looked at"))
        if not self.report.services:
            yield indented(Prose(Text(_("None: no mail server is known for this domain."))))
            return
        table = Table.grid(padding=(0, 2, 0, 0))
        for service in self.report.services:
            protocol = self.words.protocol[service.protocol]
            place = Prose(Text(f"{service.host}:{service.port}"))
            tls, source = self.words.tls[service.tls], self.words.source[service.source]
            if self.style.width < ROOM_FOR_COLUMNS:
                table.add_row(protocol, Group(place, Prose(Text(f"{tls} · {source}", "dim"))))
            else:
                table.add_row(protocol, place, Prose(Text(tls)), Prose(Text(source, "dim")))
        yield indented(table)
        if names := self.words.comma.join(self.report.verdict.untested):
            yield indented(Prose(Text(self.words.untested.format(names=names))))

    def checks(self) -> Iterator[RenderableType]:
        """All of them with *verbose*; else those that did not pass, and the others in a row for each family."""
        _ = self._
        yield from heading(_("Checks"))
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(ratio=1)
        table.add_column(justify="right", no_wrap=True)
        folded: dict[tuple[Status, str], list[str]] = {}
        idle: dict[str, None] = {}
        for check in self.report.checks:
            if self.style.verbose or check.status not in ("pass", "skip"):
                table.add_row(self.status(check.status), self.claim(check), self.time(check))
            elif check.skipped_because and not self.words.held_up(check, self.report.checks):
                idle[check.skipped_because] = None
            else:
                family = self.words.family.get(check.family, check.family)
                heads = self.reason(check) if check.skipped_because else family
                folded.setdefault((check.status, heads), []).append(check.id)
        for (status, heads), ids in sorted(folded.items(), key=lambda fold: fold[0][0] == "pass"):
            table.add_row(self.status(status), noted(heads, self.words.comma.join(ids)))
        if idle:
            reasons = self.words.because.format(reason=" · ".join(idle))
            table.add_row(self.status("skip"), Prose(Text(reasons, "dim")))
        yield indented(table)

    def status(self, status: Status) -> Text:
        return Text(f"{SYMBOLS[status]} {self.words.status[status]}", COLORS[status])

    def time(self, check: ReportCheck) -> Text:
        took = "" if check.status == "skip" or check.duration_ms is None else self.words.time(check.duration_ms)
        return Text(took, "dim")

    def claim(self, check: ReportCheck) -> RenderableType:
        lines: list[RenderableType] = [noted(check.title, check.id)]
        if check.skipped_because:
            lines.append(Prose(Text(self.reason(check))))
        if self.style.verbose:
            lines += [item("•", noted(finding.text, finding.cause), indent=0) for finding in check.findings]
            lines += self.facts(check.facts, indent=0)
        return Group(*lines)

    def reason(self, check: ReportCheck) -> str:
        return self.words.reason(check, self.report.checks)

    def facts(self, values: Mapping[str, object], indent: int = 4) -> Iterator[RenderableType]:
        for name, value in fact_rows(values):
            yield Padding(Prose(Text(f"{name}: {value}", "dim")), (0, 0, 0, indent))

    def footer(self) -> RenderableType:
        _ = self._
        report = self.report
        found = Counter(check.status for check in report.checks)
        counts = self.words.comma.join(self.words.count(name, found[name]) for name in self.words.status if found[name])
        resolver = _("DNS server {resolver}").format(resolver=report.environment.resolver)
        parts = [
            f"{report.tool.name} {report.tool.version}",
            moment(report.started_at),
            self.words.time(report.duration_ms),
            counts,
            *([resolver] if report.environment.resolver else ()),
            _("Report {id}").format(id=report.id),
        ]
        return Prose(Text(" · ".join(part for part in parts if part), "dim"))


def _length(remedy: ReportRemedy) -> int:
    """How many steps there are, those that are for later among them."""
    return len(remedy.steps) + len(remedy.further)


RENDERER = Renderer(format="text", suffixes=(".txt",), render=render, page=page)
