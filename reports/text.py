"""The report for a terminal: the answer first, then what to do, then how it was found out.

Words and symbols carry the meaning; colour only repeats it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from io import StringIO

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from diagnose.model.renderer import Renderer, RenderStyle
from diagnose.model.report import Report, ReportCause, ReportCheck, ReportRemedy
from reports import facts
from reports.harmless import harmless
from reports.prose import Prose
from reports.remedies import can_be_followed, for_audience
from reports.words import SYMBOLS, moment, words

NARROWEST = 32
"""Columns below which nothing can be laid out any more; a narrower terminal wraps by itself."""

_COLORS: Mapping[str, str] = {
    "healthy": "green",
    "problem": "red",
    "inconclusive": "yellow",
    "pass": "green",
    "warn": "yellow",
    "fail": "red",
    "skip": "dim",
    "error": "magenta",
    "ok": "green",
    "broken": "bold red",
    "hindered": "yellow",
    "unknown": "dim",
}
_ASCII = str.maketrans(
    {"✓": "+", "✗": "x", "–": "-", "·": ".", "•": "*", "─": "-", "╌": ".", "→": ">", "…": "~", "╳": "/"}
)


def render(report: Report, style: RenderStyle) -> str:
    """*report* for a terminal of ``style.width`` columns; escape sequences only with ``style.color``."""
    out = StringIO()
    console = Console(
        file=out,
        width=max(style.width, NARROWEST),
        force_terminal=style.color,
        color_system="standard" if style.color else None,
        no_color=not style.color,
        force_jupyter=False,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
    )
    for block in _Page(harmless(report), style).blocks():
        console.print(block)
    written = "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
    return written.translate(_ASCII) if style.ascii else written


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
            yield from (self.cause_line(cause) for cause in verdict.causes)
            yield from self.unchecked()
            return
        if self.report.path:
            yield ""
            yield self.way()
        for cause in verdict.causes[:1]:
            yield from self.root_cause(cause)
        yield from self.further_causes(verdict.causes[1:])
        yield from self.unchecked()
        yield from self.services()
        yield from self.checks()
        yield ""
        yield self.footer()

    def headline(self) -> RenderableType:
        verdict = self.report.verdict
        subject = self.report.subject
        first = Text.assemble(
            (f"{SYMBOLS[verdict.status]} {self.words.verdict[verdict.status]}", f"bold {_COLORS[verdict.status]}"),
            ("  ·  ", "dim"),
            (subject.address or subject.domain, "bold"),
        )
        return Group(Prose(first), Prose(Text(verdict.headline)))

    def way(self) -> RenderableType:
        """The stations in a row, the broken link marked; as many lines as it takes, broken between stations."""
        _ = self._
        way = Text()
        for index, station in enumerate(self.report.path):
            if index:
                link = {"broken": "─╳─", "unknown": "╌"}.get(station.state, "─")
                way.append(f"\u00a0{link} ", _COLORS[station.state])
            # no-break spaces keep a station and the link behind it together
            name = f"{SYMBOLS[station.state]} {station.title}".replace(" ", "\u00a0")
            way.append(name, _COLORS[station.state])
        marks = [
            _item(
                SYMBOLS[station.state],
                Prose(
                    Text(_("{station}: {state}").format(station=station.title, state=self.words.state[station.state]))
                ),
                indent=0,
            )
            for station in self.report.path
            if station.state in ("broken", "hindered")
        ]
        return _indented(Prose(way), *marks)

    def root_cause(self, cause: ReportCause) -> Iterator[RenderableType]:
        _ = self._
        yield from _heading(
            {"healthy": _("Worth attention"), "inconclusive": _("Best guess")}.get(
                self.report.verdict.status, _("Cause")
            )
        )
        yield _indented(self.cause_line(cause), Prose(Text(cause.summary)))
        if cause.evidence:
            yield from _heading(_("What was seen"))
            for item in cause.evidence:
                yield _item("•", _noted(item.text, item.check))
                if self.style.verbose:
                    yield from self.facts(item.data)
        if cause.explains:
            note = _("Also seen, and follows from this: {causes}").format(causes=", ".join(cause.explains))
            yield _indented(Prose(Text(note, "dim")))
        own, others = for_audience(cause.remedies, self.style.audience)
        for remedy in [*own, *(others if self.style.verbose else ())]:
            yield from self.remedy(remedy)
        if others and not self.style.verbose:
            who = ", ".join(self.words.fixer.get(remedy.fixer, remedy.fixer) for remedy in others)
            yield _indented(Prose(Text(_("Others can help, too: {who} (--verbose shows how)").format(who=who), "dim")))

    def remedy(self, remedy: ReportRemedy) -> Iterator[RenderableType]:
        _ = self._
        mine = remedy.fixer == "user" and self.style.audience == "user"
        yield from _heading(_("What to do") if mine else self.words.remedy.get(remedy.fixer, remedy.fixer))
        for number, step in enumerate(remedy.steps, start=1):
            yield _item(f"{number}.", Prose(Text(step)))
        for link in remedy.links:
            shown = f"{link.text}: {link.url}" if can_be_followed(link) and link.text != link.url else link.text
            yield _item("→", Prose(Text(shown)))

    def further_causes(self, causes: Iterable[ReportCause]) -> Iterator[RenderableType]:
        _ = self._
        causes = list(causes)
        if not causes:
            return
        yield from _heading(_("Other causes worth a look"))
        for cause in causes:
            yield _indented(self.cause_line(cause), Padding(Prose(Text(cause.summary)), (0, 0, 0, 2)))
            if self.style.verbose:
                own, others = for_audience(cause.remedies, self.style.audience)
                for remedy in [*own, *others]:
                    yield from self.remedy(remedy)
        if not self.style.verbose:
            yield _indented(Prose(Text(_("Steps for each of them: diagnose explain ID, or --verbose"), "dim")))

    def cause_line(self, cause: ReportCause) -> RenderableType:
        symbol, color = {
            ("blocks", "possible"): ("?", "yellow"),
            ("hinders", "confirmed"): ("!", "yellow"),
            ("hinders", "likely"): ("!", "yellow"),
            ("hinders", "possible"): ("?", "yellow"),
        }.get((cause.impact, cause.certainty), ("✗", "red"))
        labels = (self.words.certainty[cause.certainty], self.words.impact[cause.impact], cause.id)
        return Group(
            Prose(Text.assemble((f"{symbol} {cause.title}", f"bold {color}"))),
            Padding(Prose(Text(" · ".join(labels), "dim")), (0, 0, 0, 2)),
        )

    def unchecked(self) -> Iterator[RenderableType]:
        _ = self._
        if self.report.verdict.unchecked:
            yield from _heading(_("Could not be checked"))
            yield from (_item("?", Prose(Text(sentence))) for sentence in self.report.verdict.unchecked)

    def services(self) -> Iterator[RenderableType]:
        _ = self._
        yield from _heading(_("Servers looked at"))
        if not self.report.services:
            yield _indented(Prose(Text(_("None: no mail server is known for this domain."))))
            return
        table = Table.grid(padding=(0, 2, 0, 0))
        for service in self.report.services:
            table.add_row(
                self.words.protocol[service.protocol],
                Prose(Text(f"{service.host}:{service.port}")),
                self.words.tls[service.tls],
                Prose(Text(self.words.source[service.source], "dim")),
            )
        yield _indented(table)

    def checks(self) -> Iterator[RenderableType]:
        _ = self._
        yield from _heading(_("Checks"))
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(ratio=1)
        table.add_column(justify="right", no_wrap=True)
        for check in self.report.checks:
            status = Text(f"{SYMBOLS[check.status]} {self.words.status[check.status]}", _COLORS[check.status])
            time = Text(self.words.time(check.duration_ms), "dim") if check.duration_ms is not None else ""
            table.add_row(status, self.claim(check), time)
        yield _indented(table)

    def claim(self, check: ReportCheck) -> RenderableType:
        _ = self._
        lines: list[RenderableType] = [_noted(check.title, check.id)]
        if check.skipped_because:
            lines.append(Prose(Text(_("because: {reason}").format(reason=check.skipped_because))))
        if self.style.verbose:
            lines += [_item("•", _noted(finding.text, finding.cause), indent=0) for finding in check.findings]
            lines += self.facts(check.facts, indent=0)
        return Group(*lines)

    def facts(self, values: Mapping[str, object], indent: int = 4) -> Iterator[RenderableType]:
        for name, value in facts.rows(values):
            yield Padding(Prose(Text(f"{name}: {value}", "dim")), (0, 0, 0, indent))

    def footer(self) -> RenderableType:
        _ = self._
        report = self.report
        counts = ", ".join(
            f"{number} {word}"
            for status, word in self.words.status.items()
            if (number := sum(check.status == status for check in report.checks))
        )
        resolver = _("DNS server {resolver}").format(resolver=report.environment.resolver)
        parts = [
            f"{report.tool.name} {report.tool.version}",
            moment(report.started_at),
            self.words.time(report.duration_ms),
            counts,
            *([resolver] if report.environment.resolver else ()),
        ]
        return Prose(Text(" · ".join(part for part in parts if part), "dim"))


def _heading(words: str) -> Iterator[RenderableType]:
    yield ""
    yield Prose(Text(words, "bold"))


def _indented(*parts: RenderableType) -> RenderableType:
    return Padding(Group(*parts), (0, 0, 0, 2))


def _item(mark: str, content: RenderableType, indent: int = 2) -> RenderableType:
    """*content* beside its mark, all its lines aligned."""
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(no_wrap=True, min_width=cell_len(mark))
    row.add_column()
    row.add_row(Text(mark), content)
    return Padding(row, (0, 0, 0, indent))


def _noted(sentence: str, source: str) -> Prose:
    return Prose(Text.assemble(sentence, (f"  [{source}]", "dim")))


RENDERER = Renderer(format="text", suffixes=(".txt",), render=render)
