"""The formats that a report can be written in: by name or suffix, and the errors of a format that fails."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from gettext import gettext as _
from typing import TYPE_CHECKING, TypeVar

import click

from diagnose.process.ending import INTERRUPTED
from diagnose.process.entry_points import entry_points
from diagnose.process.first_use import one_at_a_time

if TYPE_CHECKING:
    from diagnose.model.report import Report
    from diagnose.rendering.renderer import Renderer, RenderStyle

GROUP = "diagnose.reports"
HIGHEST_EXIT_CODE = 255
T = TypeVar("T")


def formats() -> tuple[str, ...]:
    """The ids of all formats, the built-in ones first; nothing is loaded."""
    return tuple(dict.fromkeys(point.name for point in entry_points(GROUP)))


def renderer(name: str) -> Renderer:
    """The format called *name*, the built-in one first. Raises click.ClickException where it cannot be loaded."""
    point = next(point for point in entry_points(GROUP) if point.name == name)

    def load() -> Renderer:
        with one_at_a_time:
            from diagnose.rendering.renderer import Renderer

            found = point.load()
        if not isinstance(found, Renderer):
            raise TypeError
        return found

    return _used(name, load)


def rendered(name: str, content: Report | Sequence[Report], style: RenderStyle) -> str:
    """*content* in the format called *name*: one report, or those of many runs in one document.

    Raises click.ClickException, also where the format has no form for many.
    """
    with one_at_a_time:
        from diagnose.model.report import Report
    format_ = renderer(name)
    if isinstance(content, Report):
        return _used(name, lambda: format_.render(content, style))
    render_many = format_.render_many
    if render_many is None:
        raise click.ClickException(_single(name))
    return _used(name, lambda: render_many(content, style))


def require_many(names: Iterable[str]) -> None:
    """Check that the formats called *names* can hold the reports of many runs. Raises click.ClickException."""
    for name in names:
        if renderer(name).render_many is None:
            raise click.ClickException(_single(name))


def _single(name: str) -> str:
    """Why the format called *name* cannot hold the reports of many runs, with the formats that can."""
    able = []
    for other in formats():
        with contextlib.suppress(click.ClickException):  # told where that format is asked for
            if renderer(other).render_many is not None:
                able.append(other)
    sentence = _("the format “{name}” holds one report; those of many runs can be written as {formats}.")
    return sentence.format(name=name, formats=_(", ").join(able))


def exit_code(name: str, report: Report, *, interrupted: bool = False) -> int:
    """The exit code of a run whose *report* is shown in the format called *name*. Raises click.ClickException."""
    own = renderer(name).exit_code
    if own is None:
        return INTERRUPTED if interrupted else int(report.verdict.exit_code)

    def coded() -> int:
        code = own(report)
        if not isinstance(code, int) or not 0 <= code <= HIGHEST_EXIT_CODE:
            raise ValueError
        return int(code)

    return _used(name, coded)


def unreported(arguments: Sequence[str], sentence: str) -> tuple[str, int] | None:
    """What standard output gets, and the exit code, where *sentence* says why there is no report.

    None where the format that *arguments* ask for has no form for that, and whatever is wrong with it.
    """
    asked = None
    for place, word in enumerate(arguments, start=1):
        option, equals, value = word.partition("=")
        if option == "--format":
            asked = value if equals else "".join(arguments[place : place + 1])
    if asked not in formats():
        return None
    with contextlib.suppress(click.ClickException):  # told where that format is asked for
        own = renderer(asked).unreported
        return None if own is None else _used(asked, lambda: own(sentence))
    return None


def format_of(suffix: str) -> str | None:
    """The format of the files that end in *suffix*; None if no format claims it.

    A suffix that no format claims may belong to a format that cannot be loaded. The first such format is named,
    so that writing the file says what is wrong.
    """
    broken = None
    for name in formats():
        try:
            if suffix.lower() in _suffixes(name):
                return name
        except click.ClickException:
            broken = broken or name
    return broken


def suffixes() -> tuple[str, ...]:
    """The suffixes of all formats that can be loaded."""
    found: dict[str, None] = {}
    for name in formats():
        try:
            found.update(dict.fromkeys(_suffixes(name)))
        except click.ClickException:  # told where that format is asked for
            continue
    return tuple(found)


def _suffixes(name: str) -> tuple[str, ...]:
    format_ = renderer(name)
    return _used(name, lambda: tuple(str(suffix).lower() for suffix in format_.suffixes))


def _used(name: str, use: Callable[[], T]) -> T:
    """What *use* makes of the format called *name*. Raises click.ClickException for whatever it raises."""
    try:
        return use()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # even an exit is only this format's fault
        with one_at_a_time:
            from diagnose.model.failures import internal_fault
        sentence = _("the format “{name}” cannot be written: {words}.")
        words = internal_fault(error).render(_)
        raise click.ClickException(sentence.format(name=name, words=words)) from error
