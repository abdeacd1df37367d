"""`diagnose har`: what a browser's recording of a login shows, and the recording without its secrets."""

from __future__ import annotations

from gettext import gettext as _
from pathlib import Path
from typing import Any

import click

from diagnose import providers
from diagnose.account.person import Consent, Person
from diagnose.cli.carrying_out import carry_out
from diagnose.cli.help import Example, Sectioned
from diagnose.cli.main_job import SHORTEST_RUN, options
from diagnose.cli.output import cannot_be_read, cannot_be_written
from diagnose.cli.pages import tell_what_is_left_out
from diagnose.cli.parameters import FileName
from diagnose.cli.request import presentation
from diagnose.discovery import DiscoveryOptions
from diagnose.har.reader import Recording, read_har
from diagnose.har.stream import HarError
from diagnose.model import Deadline, Subject, text
from diagnose.model.browsing import Browsing
from diagnose.network.owner import registered
from diagnose.planning.selection import Selection
from diagnose.running.request import Request

CHECK = "har"
READING_SHARE, READING_SHARE_OF_TWO = 0.8, 0.45
"""Of the time there is, with a copy to be written as well; a part is left for the judgement."""


@click.command(
    cls=Sectioned,
    examples=(
        Example("diagnose har login.har", text("which request broke the login").msgid),
        Example("diagnose har login.har --sanitize shared.har", text("and a copy that can be passed on").msgid),
    ),
    epilog="Nothing is sent over any network. Exit codes: 0 the recorded login works, 1 a cause that blocks, "
    "2 wrong usage, 3 no login in the recording, or none that explains itself.",
)
@click.argument("file", type=FileName())
@click.option(
    "--sanitize",
    "target",
    type=FileName(),
    metavar="OUT",
    help="Also write a copy without cookies, passwords, tokens and page contents, fit to be passed on.",
)
@options
def COMMAND(file: Path, target: Path | None, **given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Tell from a browser's recording of a failed login which request broke it.

    FILE is a HAR file, as the network tab of a browser's developer tools saves it.
    """
    if target is not None:
        if given["redact"] == "strict":
            sentence = _("the copy of --sanitize names the servers; --redact=strict cannot hide them there.")
            raise click.UsageError(sentence)
        _may_be_written(target)
    deadline = Deadline(given["timeout"])
    part = READING_SHARE if target is None else READING_SHARE_OF_TWO
    recording = _read(file, deadline.share(part, given["timeout"]))
    if target is not None:
        _sanitize(recording, file, target, deadline.share(READING_SHARE, given["timeout"]))
    host = recording.facts.host
    request = Request(
        subject=Subject(domain=registered(host)),
        person=Person(browsing=Browsing(har=recording.facts)),
        consent=Consent(login=False),
        discovery=DiscoveryOptions(provider=providers.by_host(host) or providers.by_domain(registered(host))),
        find_services=False,
        selection=Selection(only=(CHECK,)),
        seconds=max(SHORTEST_RUN, deadline.left()),
        strict=given["strict"],
        presentation=presentation(given),
    )
    tell_what_is_left_out()
    return carry_out(request, given)


def _read(file: Path, deadline: Deadline) -> Recording:
    try:
        return read_har(file, deadline)
    except HarError as error:
        raise click.ClickException(error.sentence.render(_)) from None
    except OSError as error:
        raise click.ClickException(cannot_be_read(file, error)) from None


def _sanitize(recording: Recording, file: Path, target: Path, deadline: Deadline) -> None:
    try:
        recording.write_sanitized(file, target, deadline)
    except HarError as error:
        raise click.ClickException(error.sentence.render(_)) from None
    except OSError as error:
        raise click.ClickException(cannot_be_written(target, error)) from None


def _may_be_written(target: Path) -> None:
    """Raises click.UsageError where writing *target* would destroy something."""
    standard_output = str(target) == "-"  # which holds the report
    if standard_output or target.exists() or target.is_symlink():
        raise click.UsageError(_("{file} is there already; give another name.").format(file=target))
    if not target.parent.is_dir():
        raise click.UsageError(_("there is no folder “{folder}”.").format(folder=target.parent))
