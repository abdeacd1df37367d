"""The report as JUnit XML, for GitHub, GitLab, Jenkins and all that read the schema of Jenkins' xUnit plugin.

A mailbox or domain is a suite, a check is a case, named by its title and its id: readers tell cases apart by names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from diagnose.model.fleet import FleetRow, FleetSummary
from diagnose.model.report import Report, ReportCause, ReportCheck
from diagnose.rendering.renderer import Renderer, RenderStyle
from reports.remedies import for_audience
from reports.sanitized import sanitized
from reports.words import Wording, words

OUTCOMES = {"fail": "failure", "error": "error", "skip": "skipped"}
"""Elements by the status of a check; what passed or only warns has no such element."""


def render(report: Report, style: RenderStyle) -> str:
    """*report* as a document with one suite."""
    return render_many([report], style)


def render_many(reports: Sequence[Report], style: RenderStyle) -> str:
    """*reports* as a document with one suite each, in their order."""
    document = Element("testsuites", name="diagnose")
    names = Counter[str]()
    for report in map(sanitized, reports):
        name = report.subject.address or report.subject.domain or report.tool.name
        names[name] += 1
        # readers throw together what has the same name
        document.append(_Suite(report, style, name if names[name] == 1 else f"{name} ({names[name]})").element())
    totals = {key: sum(int(suite.get(key, "0")) for suite in document) for key in ("tests", "failures", "errors")}
    document.attrib |= {key: str(number) for key, number in totals.items()}
    document.set("time", _seconds(sum(report.duration_ms for report in reports)))
    indent(document)
    # of XML 1.0's forbidden characters `sanitized` leaves none
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(document, encoding="unicode") + "\n"


class _Suite:
    """One report."""

    def __init__(self, report: Report, style: RenderStyle, name: str) -> None:
        self.report = report
        self.style = style
        self.name = name
        self.words: Wording = words(style.translate, style.audience)
        verdict = report.verdict
        blocking = any(cause.impact == "blocks" and cause.certainty != "possible" for cause in verdict.causes)
        self.strict = verdict.status == "problem" and not blocking
        """What only hinders makes this run fail, so that a warning is a failure."""

    def element(self) -> Element:
        outcomes = Counter(self.outcome(check) for check in self.report.checks)
        suite = Element(
            "testsuite",
            name=self.name,
            tests=str(len(self.report.checks)),
            failures=str(outcomes["failure"]),
            errors=str(outcomes["error"]),
            skipped=str(outcomes["skipped"]),
            time=_seconds(self.report.duration_ms),
            timestamp=self.report.started_at,
        )
        listed = SubElement(suite, "properties")
        for name, value in self.properties():
            SubElement(listed, "property", name=name, value=value)
        for check in self.report.checks:
            self.add_case(suite, check)
        SubElement(suite, "system-out").text = "\n".join(self.verdict())
        if self.report.verdict.unchecked:
            SubElement(suite, "system-err").text = "\n".join(self.report.verdict.unchecked)
        return suite

    def outcome(self, check: ReportCheck) -> str:
        """The element that tells how *check* ended; empty where it has none."""
        if self.known(check):
            return OUTCOMES["skip"]
        if check.status == "warn" and self.strict:
            return OUTCOMES["fail"]
        return OUTCOMES.get(check.status, "")

    def known(self, check: ReportCheck) -> bool:
        """Whether what *check* found stood in the baseline already, and nothing else."""
        baseline = self.report.baseline
        if baseline is None or check.status == "error":
            return False
        found = {one.cause for one in check.findings if one.certainty != "possible"}
        folded = {cause.id: {cause.id, *cause.explains} for cause in self.report.verdict.causes}
        known = {cause for one in baseline.known if check.id in one.checks for cause in folded.get(one.cause, ())}
        return bool(found) and found <= known

    def properties(self) -> Iterator[tuple[str, str]]:
        report, verdict = self.report, self.report.verdict
        yield "verdict", verdict.status
        yield "exit_code", str(verdict.exit_code)
        yield "headline", verdict.headline
        yield from (("cause", f"{cause.id} ({cause.certainty}, {cause.impact})") for cause in verdict.causes)
        yield from (("narrowed", option) for option in verdict.narrowed)
        if report.subject.provider:
            yield "provider", report.subject.provider
        yield "language", report.lang
        yield "tool", f"{report.tool.name} {report.tool.version}"

    def add_case(self, suite: Element, check: ReportCheck) -> None:
        case = SubElement(
            suite,
            "testcase",
            classname=f"{self.name}.{check.family}",
            name=f"{check.title} [{check.id}]",
            time=_seconds(check.duration_ms or 0),
        )
        outcome = self.outcome(check)
        findings = [f"{finding.text} [{finding.cause}]" for finding in check.findings]
        if outcome == "skipped":
            known = self.words.pair.format(name=self.words.known, value=", ".join(findings))
            message = known if self.known(check) else self.words.reason(check, self.report.checks)
            SubElement(case, outcome, message=message).text = message  # GitLab shows the text, Jenkins the message
        elif outcome:
            told = [finding.text for finding in check.findings]
            message = told[0] if told else self.words.status[check.status]
            kind = check.findings[0].cause if check.findings else check.status
            # GitLab shows the text alone, Jenkins and GitHub show both
            lines = [*(findings or [message]), *self.advice(check)]
            SubElement(case, outcome, type=kind, message=message).text = "\n".join(lines)
        elif check.status == "warn":
            warning = self.words.status["warn"]
            lines = [self.words.pair.format(name=warning, value=line) for line in findings or [check.title]]
            SubElement(case, "system-out").text = "\n".join([*lines, *self.advice(check)])

    def advice(self, check: ReportCheck) -> Iterator[str]:
        """What the causes that *check* found are, and what to do about them."""
        found = {finding.cause for finding in check.findings}
        for cause in self.report.verdict.causes:
            if cause.id in found:
                yield from ("", *self.told(cause))

    def verdict(self) -> Iterator[str]:
        verdict = self.report.verdict
        yield self.words.pair.format(name=self.words.answer(verdict), value=verdict.headline)
        if not self.style.quiet:
            for cause in verdict.causes:
                yield from ("", *self.told(cause))

    def told(self, cause: ReportCause) -> Iterator[str]:
        labels = (*self.words.labels(cause, self.report), cause.id)
        yield f"{cause.title} [{' · '.join(labels)}]"
        yield cause.summary
        yield from _steps(cause, self.words, self.style)


def render_fleet(summary: FleetSummary, rows: Callable[[], Iterator[FleetRow]], style: RenderStyle) -> Iterator[str]:
    """A document with one suite, and a case for each row."""
    totals = {"tests": summary.rows, "failures": summary.problems, "errors": summary.bad}
    counts = {name: str(number) for name, number in totals.items()}
    suite = Element("testsuite", counts, name="diagnose fleet", skipped=str(summary.inconclusive))
    suite.set("time", _seconds(summary.duration_ms))
    if summary.started_at:
        suite.set("timestamp", summary.started_at)
    head = tostring(suite, encoding="unicode").removesuffix(" />")
    outer = tostring(Element("testsuites", counts, name="diagnose"), encoding="unicode").removesuffix(" />")
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n{outer}>\n{head}>\n'
    for row in rows():
        yield tostring(_fleet_case(sanitized(row), style), encoding="unicode") + "\n"
    yield "</testsuite>\n</testsuites>\n"


def _fleet_case(row: FleetRow, style: RenderStyle) -> Element:
    place = f"[{row.line}, {row.vantage}]" if row.vantage else f"[{row.line}]"
    name = f"{row.name} {place}" if row.name else place
    case = Element("testcase", classname=row.domain or "diagnose", name=name, time=_seconds(row.duration_ms))
    verdict, cause = row.verdict, row.cause
    if verdict is None:
        error = SubElement(case, "error", type="row", message=row.bad or "")
        error.text = row.bad  # GitLab and test reporters of GitHub show the text alone
    elif row.status == "problem":
        failure = SubElement(case, "failure", type=cause.id if cause else "problem", message=verdict.headline)
        failure.text = "\n".join(_fleet_advice(cause, style)) if cause else verdict.headline
    elif row.status == "inconclusive":
        said, why = words(style.translate, style.audience), verdict.headline
        if verdict.unchecked:
            why = said.pair.format(name=why, value=said.joined(*verdict.unchecked))
        SubElement(case, "skipped", message=why).text = why
    return case


def _fleet_advice(cause: ReportCause, style: RenderStyle) -> Iterator[str]:
    said = words(style.translate, style.audience)
    yield f"{cause.title} [{cause.id}]"
    yield from (evidence.text for evidence in cause.evidence)
    yield from _steps(cause, said, style)


def _steps(cause: ReportCause, said: Wording, style: RenderStyle) -> Iterator[str]:
    """What those can do whom *style* names, each remedy below the name of who does it."""
    for remedy in for_audience(cause.remedies, style.audience)[0]:
        yield said.pair.format(name=said.remedy.get(remedy.fixer, remedy.fixer), value="").rstrip()
        yield from (f"{number}. {step}" for number, step in enumerate(remedy.steps, start=1))


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"


RENDERER = Renderer(
    format="junit",
    suffixes=(".xml",),
    render=render,
    render_many=render_many,
    render_fleet=render_fleet,
    escapes="xml",
)
