"""What to do about a cause, as every text for a terminal tells it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace
from rich.console import RenderableType
from rich.text import Text

from diagnose.model.report import ReportRemedy
from diagnose.rendering.renderer import RenderStyle
from reports.remedies import can_be_followed, for_audience
from reports.terminal import Prose, heading, indented, item
from reports.words import Wording


def advice(remedies: tuple[ReportRemedy, ...], style: RenderStyle, words: Wording) -> Iterator[RenderableType]:
    """The steps for the audience. ``style.verbose`` adds those of all others; else a line tells who else can help."""
    _ = style.translate
    yield from own_advice(remedies, style, words)
    others = for_audience(remedies, style.audience)[1]
    if style.verbose:
        for remedy in others:
            yield from steps(remedy, words, _title(remedy, style))
    elif others:
        who = words.comma.join(words.fixer.get(remedy.fixer, remedy.fixer) for remedy in others)
        yield indented(Prose(Text(_("Others can help, too: {who} (--verbose shows how)").format(who=who), "dim")))


def own_advice(
    remedies: tuple[ReportRemedy, ...], style: RenderStyle, words: Wording, most: int | None = None
) -> Iterator[RenderableType]:
    """The steps for the audience, at most the first *most* of each, those that are for later among them."""
    _ = style.translate
    own = for_audience(remedies, style.audience)[0]
    if own and own[0].fixer != style.audience:
        yield ""
        yield indented(Prose(Text(_("This is not yours to change; please pass it on."))))
    for remedy in own:
        rest = None if most is None else max(most - len(remedy.steps), 0)
        shown = replace(remedy, steps=remedy.steps[:most], further=remedy.further[:rest])
        yield from steps(shown, words, _title(remedy, style))


def _title(remedy: ReportRemedy, style: RenderStyle) -> str | None:
    return style.translate("What to do") if remedy.fixer == style.audience == "user" else None


def steps(remedy: ReportRemedy, words: Wording, title: str | None = None) -> Iterator[RenderableType]:
    """The numbered steps of one kind of person, and the pages that help; *title* in place of whose they are."""
    yield from heading(title or words.remedy.get(remedy.fixer, remedy.fixer))
    for number, step in enumerate(remedy.steps, start=1):
        yield item(f"{number}.", Prose(Text(step)))
    if remedy.further:
        yield indented(Prose(Text(words.not_helped)))
    for number, step in enumerate(remedy.further, start=len(remedy.steps) + 1):
        yield item(f"{number}.", Prose(Text(step)))
    for link in remedy.links:
        told_apart = can_be_followed(link) and link.text != link.url
        shown = words.pair.format(name=link.text, value=link.url) if told_apart else link.text
        yield item("→", Prose(Text(shown)))


def precautions(prevention: tuple[str, ...], under: str) -> Iterator[RenderableType]:
    """What keeps a cause from happening again, or a login working, *under* a heading."""
    if prevention:
        yield from heading(under)
        yield from (item("•", Prose(Text(sentence))) for sentence in prevention)
