"""The report as one HTML page that needs no network, no script and no other file; a script only helps."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Collection, Iterable
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from diagnose.model import Status
from diagnose.model.internal import Internal
from diagnose.model.picture import Picture, pictures
from diagnose.model.report import Report, ReportCheck
from diagnose.model.saved import machine_readable
from diagnose.process.first_use import lazy_pattern, made_once, one_at_a_time
from diagnose.rendering.next_steps import next_steps
from diagnose.rendering.renderer import Audience, Renderer, RenderStyle
from reports.documentation import command_for, page_of
from reports.fact_rows import fact_rows
from reports.fleet_page import render_fleet
from reports.mailbox_provider import mailbox_provider
from reports.remedies import can_be_followed, for_audience, pieces
from reports.sanitized import sanitized
from reports.summary import summary
from reports.templating import environment, style_and_script
from reports.titles import title_of
from reports.words import (
    SYMBOLS,
    URGENCY,
    Wording,
    baseline_lines,
    contact_line,
    finding_texts,
    held_line,
    moment,
    redaction_line,
    replay_line,
    words,
)

if TYPE_CHECKING:
    from jinja2 import Template

SHORTEST_BAR = 0.8
"""Hundredths of the time line; anything shorter could not be seen."""
TICKS = (1, 2, 5)
"""Steps that people read off a time line with ease, times a power of ten."""

_URL = lazy_pattern(r"https?://[A-Za-z0-9._~:/?#\[\]!$&'()*+,;=%@-]+")


class Row(Internal, frozen=True, kw_only=True):
    """A check on the time line; its bar in hundredths of the line."""

    anchor: str
    check: ReportCheck
    start: float
    length: float


class Lane(Internal, frozen=True, kw_only=True):
    """The checks of one family."""

    family: str
    rows: tuple[Row, ...]

    @property
    def status(self) -> Status:
        """The one to be told first."""
        return min((row.check.status for row in self.rows), key=URGENCY.index)

    @property
    def counts(self) -> list[tuple[Status, int]]:
        """How many there are of each status."""
        found = Counter(row.check.status for row in self.rows)
        return [(status, found[status]) for status in URGENCY if found[status]]


class Shot(Internal, frozen=True, kw_only=True):
    """A picture that a check took."""

    anchor: str
    check: ReportCheck
    picture: Picture

    @property
    def source(self) -> str:
        """The picture itself, as an address."""
        return _source(self.picture.media_type, self.picture.data)


class Tick(Internal, frozen=True, kw_only=True):
    """A mark on the time line's scale."""

    at: float
    milliseconds: int


def render(report: Report, style: RenderStyle) -> str:
    """*report* as a page; its stylesheet and its script are all that its content security policy lets work."""
    with one_at_a_time:
        from markupsafe import Markup  # with jinja2: wanted for this format only

    block = machine_readable(report)
    report = sanitized(report)
    end = max([report.duration_ms, 1, *((c.started_ms or 0) + (c.duration_ms or 0) for c in report.checks)])
    rows = _rows(report.checks, end)
    said = words(style.translate, style.audience)
    hosts = _hosts(report)
    return _template().render(
        report=report,
        _=style.translate,
        words=said,
        symbols=SYMBOLS,
        **style_and_script("report.css", "copy.js"),
        block=Markup(block),  # noqa: S704 - letters that need no escaping
        audience=style.audience,
        verbose=style.verbose,
        lanes=[Lane(family=name, rows=tuple(found)) for name, found in groupby(rows, lambda row: row.check.family)],
        counts=Counter(check.status for check in report.checks),
        anchors={row.check.id: row.anchor for row in reversed(rows)},
        title_of=lambda cause: title_of(cause, style.translate),
        texts_by_cause=finding_texts(report),
        shots=[
            Shot(anchor=row.anchor, check=row.check, picture=one) for row in rows for one in pictures(row.check.facts)
        ],
        ticks=_ticks(end),
        moment=moment,
        provider=mailbox_provider(report),
        summary=summary(report, style.translate, style.audience),
        next_steps=next_steps(report, style.translate),
        contact_line=contact_line(report.contact, style.translate),
        pieces=pieces,
        linked=lambda prose: linked(prose, hosts),
        whom_to_ask=_whom_to_ask(report, style.audience, said),
        command_for=command_for,
        page_of=lambda cause: page_of(cause, report.lang, report.contact),
        replay_line=replay_line,
        redaction_line=redaction_line(report.redacted, style.translate),
        held_line=held_line(report.redacted, style.translate),
        baseline_lines=baseline_lines(report, style.translate),
        for_audience=for_audience,
        can_be_followed=can_be_followed,
        fact_rows=fact_rows,
        downloads=[(one.label, one.name, _source(one.media_type, one.content.encode())) for one in style.downloads],
    )


def linked(prose: str, hosts: Collection[str]) -> list[tuple[bool, str]]:
    """The parts of *prose*, and whether each is the URL of a page on one of *hosts*.

    Any other URL stays prose: servers' words stand in steps, too, and nobody is to be led astray by them.
    """
    parts, begin = [], 0
    for found in _URL.finditer(prose):
        url = found[0].rstrip(".,;:!?'")
        while url.endswith(")") and url.count(")") > url.count("("):
            url = url[:-1].rstrip(".,;:!?'")
        if _host(url) in hosts:
            parts += [(False, prose[begin : found.start()]), (True, url)]
            begin = found.start() + len(url)
    return [(is_page, part) for is_page, part in [*parts, (False, prose[begin:])] if part]


def _hosts(report: Report) -> frozenset[str]:
    """Whose pages *report* may lead to: the servers looked at, what remedies link, the company's own page."""
    urls = [link.url for cause in report.verdict.causes for remedy in cause.remedies for link in remedy.links]
    if report.contact and report.contact.status_page:
        urls.append(report.contact.status_page)
    named = {_host(url) for url in urls} | {service.host.lower() for service in report.services}
    return frozenset(named - {""})


def _host(url: str) -> str:
    """The host that *url* names, in lower case; "" where it names no host, or a user beside it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return "" if "@" in parts.netloc else (parts.hostname or "")


def _whom_to_ask(report: Report, audience: Audience, said: Wording) -> str:
    """Who else can do something about the first cause, the help desk where there is nobody."""
    fixers = [remedy.fixer for cause in report.verdict.causes[:1] for remedy in cause.remedies]
    others = [fixer for fixer in dict.fromkeys(fixers) if fixer not in ("user", audience)]
    return said.comma.join(said.fixer.get(fixer, fixer) for fixer in others or ["helpdesk"])


def _source(media_type: str, content: bytes) -> str:
    """*content* itself as an address (RFC 2397)."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _rows(checks: Iterable[ReportCheck], end: int) -> list[Row]:
    """The checks by family, in the order of each family's first check; within it what failed comes first."""
    checks = list(checks)
    families = list(dict.fromkeys(check.family for check in checks))
    in_order = sorted(checks, key=lambda check: (families.index(check.family), URGENCY.index(check.status)))
    rows = []
    for number, check in enumerate(in_order, start=1):
        length = max(round(100 * (check.duration_ms or 0) / end, 2), SHORTEST_BAR)
        start = min(round(100 * (check.started_ms or 0) / end, 2), 100 - length)
        rows.append(Row(anchor=f"check-{number}", check=check, start=start, length=length))
    return rows


def _ticks(end: int) -> list[Tick]:
    """Two to five marks for a line of *end* milliseconds."""
    power = 10 ** max(len(str(end)) - 2, 0)
    step = next((t * p for p in (power, 10 * power) for t in TICKS if end / (t * p) <= 4), end)
    return [Tick(at=round(100 * at / end, 2), milliseconds=at) for at in range(0, end + 1, step)]


@made_once
def _template() -> Template:
    return environment().get_template("report.html.j2")


RENDERER = Renderer(format="html", suffixes=(".html", ".htm"), render=render, render_fleet=render_fleet, escapes="xml")
