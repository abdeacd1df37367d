"""What a run over many came to, in a few words that every format says alike."""

from __future__ import annotations

from collections.abc import Callable

from diagnose.model import quote, text
from diagnose.model.fleet import FleetCause, FleetChange, FleetChanges, FleetCount, FleetSummary, Grouping

GROUPS: dict[Grouping, str] = {
    "all": text("All {hit} rows").msgid,
    "host": text("All {hit} that use {value}").msgid,
    "domain": text("All {hit} of {value}").msgid,
    "provider": text("All {hit} at the provider {value}").msgid,
    "office": text("All {hit} in the office {value}").msgid,
    "vantage": text("{hit} of {among}, from {value} alone").msgid,
    "account": text("{hit} of {among}, each by itself").msgid,
}
"""By what those that a cause hits have in common: who they are."""


def headline(summary: FleetSummary, translate: Callable[[str], str]) -> str:
    """How many rows ended how, in one line."""
    _ = translate
    parts = [
        _("{problems} of {rows} with a problem").format(problems=summary.problems, rows=summary.rows),
        _("{number} healthy").format(number=summary.healthy),
    ]
    if summary.sound_in_part:
        parts.append(_("{number} without a problem in what was looked at").format(number=summary.sound_in_part))
    if unclear := summary.inconclusive - summary.sound_in_part:
        parts.append(_("{number} not clear yet").format(number=unclear))
    if summary.bad:
        parts.append(_("{number} that could not be run").format(number=summary.bad))
    if summary.duplicates:
        parts.append(_("{number} left out as duplicates").format(number=summary.duplicates))
    answer = _(", ").join(parts)
    if not summary.narrowed:
        return answer
    options = _(", ").join(map(quote, summary.narrowed))
    return _("{answer} (looked at in part: {options})").format(answer=answer, options=options)


def slowed(summary: FleetSummary, translate: Callable[[str], str], most: int) -> str:
    """Whose rows came more slowly, and why; "" where none did."""
    _ = translate
    if not summary.slowed:
        return ""
    told = _(", ").join(map(quote, summary.slowed[:most]))
    if len(summary.slowed) > most:
        told = _("{names} …").format(names=told)
    return _("Asked more slowly, since connections were turned away: {names}.").format(names=told)


def guessed(summary: FleetSummary, translate: Callable[[str], str]) -> str:
    """What most rows that are not clear have as their best guess; "" where there is no such."""
    _ = translate
    if (guess := summary.guess) is None:
        return ""
    return _(
        "{hit} of the {among} that are not clear yet have the same best guess, which nothing proves: {cause}."
    ).format(hit=guess.hit, among=guess.among, cause=guess.title)


def changed(changes: FleetChanges, translate: Callable[[str], str]) -> str:
    """How many causes of rows are other than in the last run, in one line."""
    _ = translate
    return _("Since the last run: {new} new, {gone} gone, {still} still there.").format(
        new=changes.new, gone=changes.gone, still=changes.still
    )


def change(one: FleetChange, translate: Callable[[str], str]) -> str:
    """One cause of one row that is new, or gone."""
    _ = translate
    told = _("New for {name}: {cause}") if one.change == "new" else _("Gone for {name}: {cause}")
    return told.format(name=quote(one.name), cause=one.title)


def who(cause: FleetCause, translate: Callable[[str], str]) -> str:
    """Those that *cause* hits, in a few words; a single one by its name."""
    if _is_one(cause):
        return cause.names[0]
    return translate(GROUPS[cause.grouping]).format(hit=cause.hit, among=cause.among, value=cause.value)


def names(cause: FleetCause, translate: Callable[[str], str], most: int) -> str:
    """The first of those that *cause* hits; "" where `who` names the only one."""
    _ = translate
    if _is_one(cause):
        return ""
    told = _(", ").join(dict.fromkeys(cause.names[:most]))
    return _("{names} …").format(names=told) if cause.hit > most else told


def _is_one(cause: FleetCause) -> bool:
    """Whether it hits a single one, from wherever that was looked at."""
    return cause.grouping == "account" and len(cause.names) == 1


def ended(count: FleetCount, translate: Callable[[str], str]) -> str:
    """How the rows of *count* ended."""
    _ = translate
    told = _("{problems} of {rows} with a problem").format(problems=count.problems, rows=count.rows)
    if count.inconclusive:
        told += _(", ") + _("{number} not clear yet").format(number=count.inconclusive)
    return told
