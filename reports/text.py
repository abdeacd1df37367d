"""The report for a terminal: the answer first, then what to do, then how it was found out.

Words and symbols carry the meaning; colour only repeats it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from diagnose.model import Status
from diagnose.model.report import Report, ReportCause, ReportCheck
from diagnose.rendering.renderer import Renderer, RenderStyle
from reports.advice import advice
from reports.fact_rows import fact_rows
from reports.page import page
from reports.sanitized import sanitized
from reports.terminal import COLORS, NO_BREAK, Prose, format_blocks, heading, indented, item, noted
from reports.words import SYMBOLS, contact_line, moment, replay_line, words

ROOM_FOR_COLUMNS = 72
"""Columns from which a server's name, security and source stand side by side."""


def render(report: Report, style: RenderStyle) -> str:
    """*report* for a terminal of ``style.width`` columns; escape sequences only with ``style.color``."""
    return format_blocks(_Page(sanitized(report), style).blocks(), style)


class _Page:
    def __init__(self, report: Report, style: RenderStyle) -> None:
        self.report = report
        self.style = style
        self.words = words(style.translate)
        self._ = style.translate

    def blocks(self) -> Iterator[RenderableType]:
        verdict = self.report.verdict
        yield self.headline()
        if self.style.quiet:
            yield from (indented(self.named_cause(cause)) for cause in verdict.causes)
            yield from self.unchecked()
            return
        if self.report.path:
            yield ""
            yield self.way()
        for cause in verdict.causes[:1]:
            yield from self.root_cause(cause)
        yield from self.further_causes()
        yield from self.unchecked()
        yield from self.ruled_out()
        if self.report.looked_for_servers:
            yield from self.services()
        if self.report.checks:
            yield from self.checks()
        yield ""
        if line := contact_line(self.report.contact, self._):
            yield Prose(Text(line))
        yield self.footer()

    def headline(self) -> RenderableType:
        verdict = self.report.verdict
        subject = self.report.subject.address or self.report.subject.domain
        first = Text.assemble(
            (f"{SYMBOLS[verdict.status]} {self.words.answer(verdict)}", f"bold {COLORS[verdict.status]}"),
            *((("  ·  ", "dim"), (subject, "bold")) if subject else ()),
        )
        return Group(Prose(first), Prose(Text(verdict.headline)), *self.replay())

    def replay(self) -> Iterator[RenderableType]:
        """What became of a saved report that was judged again."""
        replay = self.report.replay
        if replay is None:
            return
        yield from ("", Prose(Text(replay_line(replay, self._))))
        for change in replay.changes:
            yield item("•", Group(Prose(Text(change.text)), *(Prose(Text(one, "dim")) for one in change.because)))

    def way(self) -> RenderableType:
        """The stations in a row, the broken link marked; as many lines as it takes, broken between stations."""
        way = Text()
        for index, station in enumerate(self.report.path):
            if index:
                link = {"broken": "─╳─", "unknown": "╌"}.get(station.state, "─")
                way.append(f"{NO_BREAK}{link} ", COLORS[station.state])
            name = f"{SYMBOLS[station.state]} {station.title}".replace(" ", NO_BREAK)
            way.append(name, COLORS[station.state])
        marks = [
            item(
                SYMBOLS[station.state],
                Prose(Text(self.words.pair.format(name=station.title, value=self.words.state[station.state]))),
                indent=0,
            )
            for station in self.report.path
            if station.state in ("broken", "hindered")
        ]
        return indented(Prose(way), *marks)

    def root_cause(self, cause: ReportCause) -> Iterator[RenderableType]:
        _ = self._
        yield from heading(self.words.cause[self.report.verdict.status])
        yield indented(self.named_cause(cause), Prose(Text(cause.summary)))
        yield from self.proof(cause)
        yield from advice(cause.remedies, self.style, self.words)

    def proof(self, cause: ReportCause) -> Iterator[RenderableType]:
        _ = self._
        if cause.evidence:
            yield from heading(_("What was seen"))
        for seen in cause.evidence:
            yield item("•", noted(seen.text, seen.check))
            if self.style.verbose:
                yield from self.facts(seen.data)
        if cause.explains:
            note = _("Also seen, and follows from this: {causes}").format(causes=self.words.comma.join(cause.explains))
            yield indented(Prose(Text(note, "dim")))

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
                yield from advice(cause.remedies, self.style, self.words)
        if not self.style.verbose:
            yield indented(Prose(Text(_("Steps for each of them: diagnose explain ID, or --verbose"), "dim")))

    def named_cause(self, cause: ReportCause) -> RenderableType:
        """Its title, unless the headline has said it, and its labels."""
        return self.cause_labels(cause) if cause.title == self.report.verdict.headline else self.cause_line(cause)

    def cause_line(self, cause: ReportCause) -> RenderableType:
        blocks = cause.impact == "blocks" and cause.certainty != "possible"
        symbol = "✗" if blocks else "?" if cause.certainty == "possible" else "!"
        title = Text(cause.title, f"bold {'red' if blocks else 'yellow'}")
        return item(symbol, Group(Prose(title), self.cause_labels(cause)), indent=0)

    def cause_labels(self, cause: ReportCause) -> Prose:
        labels = (self.words.certainty[cause.certainty], self.words.impact[cause.impact], cause.id)
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
        ]
        return Prose(Text(" · ".join(part for part in parts if part), "dim"))


RENDERER = Renderer(format="text", suffixes=(".txt",), render=render, page=page)
