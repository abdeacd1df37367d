"""The report as Markdown: for an issue, a merge request, a ticket, or a mail that shows it as it is.

No HTML stands in it but one comment at its end, since mail programs show that as it is; no line is broken within a
paragraph, since GitHub keeps such breaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from diagnose.model.report import Report
from diagnose.model.saved import machine_readable
from diagnose.process.first_use import made_once, one_at_a_time
from diagnose.rendering.renderer import Renderer, RenderStyle
from reports.documentation import page_of
from reports.fact_rows import fact_rows
from reports.mailbox_provider import mailbox_provider
from reports.markup import code, code_link, link, plain, prose, verbatim
from reports.remedies import can_be_followed, for_audience
from reports.sanitized import sanitized
from reports.templating import environment
from reports.titles import title_of
from reports.words import (
    SYMBOLS,
    URGENCY,
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
    from markupsafe import Markup

LINKS: Mapping[str, str] = {"broken": "─╳─", "unknown": "╌"}
"""Before a station of that state; a plain line before all others."""


def render(report: Report, style: RenderStyle) -> str:
    """*report* as a document of its own; with ``style.quiet`` the verdict and its causes alone."""
    return _written("report.md.j2", style, report=sanitized(report), block=_block(report), depth=1)


def render_many(reports: Sequence[Report], style: RenderStyle) -> str:
    """*reports* in their order below a table that names each with its answer."""
    return _written("reports.md.j2", style, reports=[(sanitized(one), _block(one)) for one in reports], depth=2)


def _block(report: Report) -> Markup:
    """What `diagnose replay` reads, of letters that end no comment; GitHub and GitLab do not show it."""
    with one_at_a_time:
        from markupsafe import Markup

    return Markup(machine_readable(report))  # noqa: S704 - as the function says


def _written(template: str, style: RenderStyle, **about: Any) -> str:  # noqa: ANN401 - whatever the template takes
    with one_at_a_time:
        from markupsafe import Markup  # with jinja2: wanted for this format only

    said = words(style.translate, style.audience)
    document = _template(template).render(
        **about,
        _=style.translate,
        words=said,
        style=style,
        symbols=SYMBOLS,
        links=LINKS,
        moment=moment,
        contact_line=contact_line,
        replay_line=replay_line,
        redaction_line=redaction_line,
        held_line=held_line,
        baseline_lines=baseline_lines,
        for_audience=for_audience,
        page_of=page_of,
        mailbox_provider=mailbox_provider,
        fact_rows=fact_rows,
        can_be_followed=can_be_followed,
        verbatim=lambda words: Markup(verbatim(words)),  # noqa: S704 - as the function says
        code=lambda words: Markup(code(words)),  # noqa: S704 - as the function says
        prose=lambda words: Markup(prose(words)),  # noqa: S704 - likewise
        code_link=lambda words, url: Markup(code_link(words, url)),  # noqa: S704 - likewise
        link=lambda words, url: Markup(link(words, url)),  # noqa: S704 - as the function says
        in_order=lambda checks: sorted(checks, key=lambda check: URGENCY.index(check.status)),
        finding_texts=finding_texts,
        title_of=lambda cause: title_of(cause, style.translate),
    )
    return document.strip("\n") + "\n"


@made_once
def _template(name: str) -> Template:
    from markupsafe import Markup

    def as_markdown(value: object) -> object:
        return value if hasattr(value, "__html__") else Markup(plain(str(value)))  # noqa: S704 - as the function says

    # Jinja's own escaping is for HTML, and leaves alone what is marked; `finalize` comes before it, and marks all
    return environment(as_markdown).get_template(name)


RENDERER = Renderer(format="markdown", suffixes=(".md", ".markdown"), render=render, render_many=render_many)
