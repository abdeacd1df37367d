"""`diagnose config`: the settings in force, and where each comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from gettext import gettext as _
from typing import Any, Literal

import click
import msgspec

from diagnose.cli import main_job, settings
from diagnose.cli.help import Example, Sectioned
from diagnose.cli.pages import page_options, show_json, show_page
from diagnose.locale import language
from diagnose.model import text
from diagnose.rendering.page import AnyBlock, Heading, Page, Paragraph, Row, Rows

STATES = {
    "read": text("read").msgid,
    "absent": text("not there").msgid,
    "unreadable": text("cannot be read").msgid,
}
EXAMPLE = 'help-desk = "IT, ext. 4711"'


class SearchedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a file of settings may lie."""

    file: str
    state: settings.State


class ListedSetting(msgspec.Struct, frozen=True, kw_only=True):
    """A setting in force, as ``--format json`` shows it."""

    name: str
    value: bool | float | str | tuple[str, ...] | None
    """None where it is not set, and has no value of its own."""
    source: Literal["environment", "file", "default"]
    variable: str
    """The variable of the environment that sets it, or would."""
    file: str | None
    line: int | None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """All settings, as ``--format json`` shows them."""

    files: tuple[SearchedFile, ...]
    """What goes before others first."""
    settings: tuple[ListedSetting, ...]


@click.command(
    cls=Sectioned,
    examples=(
        Example("diagnose config", text("every setting, and the files that are looked for").msgid),
        Example("DIAGNOSE_CONFIG=company.toml diagnose config", text("with that file alone").msgid),
    ),
)
@page_options
@click.pass_context
def COMMAND(context: click.Context, /, **given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Show the settings in force, and where each comes from.

    A setting is the long name of an option. The command line goes first, then the environment (DIAGNOSE_CA_FILE for
    --ca-file). Your own file comes next, and then the file for all users of this computer.
    """
    known = context.obj if isinstance(context.obj, settings.Settings) else settings.NOTHING
    defaults, trouble = known.defaults_of(main_job.COMMAND)
    if trouble is not None:
        raise trouble
    listing = Listing(
        files=tuple(SearchedFile(file=str(one.file), state=one.state) for one in known.searched),
        settings=tuple(_listed(known, defaults)),
    )
    if given["form"] == "json":
        show_json(listing, given)
    else:
        show_page(Page(blocks=tuple(_blocks(listing))), given, long=True)
    return 0


def _listed(known: settings.Settings, defaults: dict[str, Any]) -> Iterator[ListedSetting]:
    for name, option in settings.options_of(main_job.COMMAND).items():
        found = known.given.get(name)
        value = _own_value(option) if found is None else defaults[str(option.name)]
        place = found.place if found else settings.Place()
        yield ListedSetting(
            name=name,
            value=value,
            source="default" if found is None else "environment" if place.file is None else "file",
            variable=settings.variable_of(name),
            file=str(place.file) if place.file else None,
            line=place.line,
        )


def _own_value(option: click.Option) -> Any:  # noqa: ANN401 - whatever an option has
    """What *option* is where nothing sets it."""
    if option.name == "lang":
        return language.of_terminal()
    if option.is_flag and option.is_bool_flag:
        return False
    own = option.to_info_dict()["default"]
    return tuple(own) if isinstance(own, list) else own


def _blocks(listing: Listing) -> Iterator[AnyBlock]:
    set_ = tuple(one for one in listing.settings if one.source != "default")
    yield Heading(words=_("Set"))
    if set_:
        yield Rows(rows=tuple(Row(name=one.name, words=_written(one.value), note=_origin(one)) for one in set_))
    else:
        yield Paragraph(words=_("nothing"))
    yield Heading(words=_("By default"))
    yield Rows(rows=tuple(Row(name=one.name, words=_written(one.value)) for one in listing.settings if one not in set_))
    yield Heading(words=_("Files (the first goes before the others)"))
    if not listing.files:
        yield Paragraph(words=_("none is read"))
        return
    yield Rows(rows=tuple(Row(name=_(STATES[one.state]), words=one.file) for one in listing.files))
    yield Paragraph(
        words=_("To set one, write a line such as {example} into {file}.").format(
            example=EXAMPLE, file=listing.files[0].file
        ),
        quiet=True,
    )


def _written(value: object) -> str:
    """*value* as it stands in TOML; a dash for none."""
    if value is None or value == ():
        return "–"
    return json.dumps(value, ensure_ascii=False)


def _origin(setting: ListedSetting) -> str:
    if setting.source == "environment":
        return setting.variable
    return f"{setting.file}:{setting.line}" if setting.line else str(setting.file)
