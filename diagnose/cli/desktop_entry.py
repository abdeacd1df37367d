"""`diagnose desktop-entry`: the self-test in the menu of the desktop."""

from __future__ import annotations

import os
import shutil
import sys
from gettext import gettext as _
from pathlib import Path

import click

from diagnose.cli.help import Example, Sectioned
from diagnose.cli.options import lang_option
from diagnose.cli.output import cannot_be_written, print_out, write_words
from diagnose.desktop.entry import ICON, ICON_MARK, MARK, NAME, TITLE, EntryError, entry
from diagnose.model import text
from diagnose.process.first_use import one_at_a_time
from diagnose.process.home_folder import of_person
from diagnose.process.standard_streams import tell

OTHERS = {"win32": "Windows", "darwin": "macOS"}
"""Systems without desktop entries, as `sys.platform` calls them."""
LONGEST_OWN = 65536
"""Bytes; no file of ours is longer."""
STARTED = ("browser", "--page-only")
"""What the entry starts: a desktop keeps what a program says in a journal, where no mail address belongs."""


@click.command(
    cls=Sectioned,
    examples=(
        Example("diagnose desktop-entry", text("puts it into the menu").msgid),
        Example("diagnose desktop-entry --remove", text("takes it out again").msgid),
        Example("diagnose desktop-entry --print", text("shows the entry, for a package or another folder").msgid),
    ),
)
@click.option("--remove", is_flag=True, help="Remove the entry and its icon.")
@click.option("--print", "shown", is_flag=True, help="Print the entry; write nothing.")
@lang_option
def COMMAND(remove: bool, shown: bool, lang: str) -> int:  # noqa: N802 - see main_job
    """Put the self-test into the menu of a Linux desktop, for people who open no terminal.

    It opens the page that asks for the mail address. docs/desktop.md tells how on Windows and macOS.
    """
    if remove and shown:
        raise click.UsageError(_("only one of {names} can be used at a time.").format(names="--remove, --print"))
    if shown:
        print_out(_entry())
        return 0
    if sys.platform in OTHERS:
        sentence = _("Desktop entries are for Linux; docs/desktop.md tells how it is done on {system}.")
        raise click.UsageError(sentence.format(system=OTHERS[sys.platform]))
    files = {_data() / "applications" / f"{NAME}.desktop": MARK,
             _data() / "icons/hicolor/scalable/apps" / f"{NAME}.svg": ICON_MARK}  # fmt: skip
    for file, mark in files.items():
        if os.path.lexists(file) and not _is_ours(file, mark):
            raise click.ClickException(_("“{file}” is not of this program, and stays as it is.").format(file=file))
    if remove:
        return _remove(list(files))
    for file, words in zip(files, (_entry(), ICON.read_text(encoding="utf-8")), strict=True):
        _make_folder(file.parent)
        write_words(file, words, for_collectors=True)
    file, _icon = files
    tell(_("“{title}” is in the menu now: {file}").format(title=_(TITLE), file=file))
    return 0


def _entry() -> str:
    try:
        return entry([*_program(), *STARTED])
    except EntryError as error:
        raise click.ClickException(_("{sentence}.").format(sentence=error.sentence.render(_))) from None


def _program() -> list[str]:
    """How this program is started from anywhere; not the file behind links, which an update may replace."""
    invoked = Path(sys.argv[0])
    if invoked.stem == "diagnose" and (found := shutil.which(str(invoked.absolute()))) is not None:
        return [found]
    return [sys.executable, "-m", "diagnose"]


def _data() -> Path:
    """The person's own folder of data (XDG Base Directory Specification). Raises click.ClickException."""
    with one_at_a_time:
        import platformdirs

    if (folder := of_person(platformdirs.user_data_path)) is None:
        raise click.ClickException(_("This account has no home folder; set the variable HOME first."))
    return folder


def _is_ours(file: Path, mark: str) -> bool:
    """Whether *file* was written by this command; links and folders were not."""
    if file.is_symlink() or not file.is_file():
        return False
    try:
        with file.open("rb") as stream:
            begin = stream.read(LONGEST_OWN)
    except OSError:
        return False
    return any(line.startswith(mark) for line in begin.decode("utf-8", "replace").splitlines())


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(cannot_be_written(folder, error)) from None


def _remove(files: list[Path]) -> int:
    gone = [file for file in files if file.exists()]
    for file in gone:
        try:
            file.unlink()
        except OSError as error:
            sentence = _("{file} cannot be removed: {words}.")
            raise click.ClickException(sentence.format(file=file, words=error.strerror)) from None
    tell(_("“{title}” is no longer in the menu.").format(title=_(TITLE)) if gone else _("There is nothing to remove."))
    return 0
