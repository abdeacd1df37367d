"""`diagnose fleet`: many mailboxes and domains in one run, and what they have in common."""

from __future__ import annotations

import codecs
import re
from gettext import gettext as _
from pathlib import Path
from typing import Any

import click

from diagnose.cli.help import Example, Sectioned, section
from diagnose.cli.main_job import LONGEST_RUN, SHORTEST_RUN
from diagnose.cli.options import (
    audience_option,
    ca_file_option,
    documentation_option,
    help_desk_option,
    no_history_option,
    no_login_option,
    no_rcpt_option,
    no_third_party_option,
    only_option,
    redact_option,
    skip_option,
    status_page_option,
    strict_option,
    verbose_option,
)
from diagnose.cli.pages import page_options
from diagnose.cli.parameters import FileName, Number, OneLine, OneOf, OutputFile, file_names
from diagnose.cli.server_parameters import SchedulerAddress, resolver_option
from diagnose.model.deadline import DEFAULT_SECONDS
from diagnose.model.limits import FLEET, OF_ONE_RUN
from diagnose.model.text import text
from diagnose.process.first_use import one_at_a_time

LONGEST_INTERVAL = 168 * 3600.0
"""Seconds: a week."""
AT_ONCE, MOST_AT_ONCE = 16, 32
"""Rows under way; a process carries out no more runs at once."""


class Interval(click.ParamType[float]):
    """A time between two runs, with its unit: seconds, minutes or hours."""

    name = "interval"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """*value* in seconds."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"([0-9]{1,9})\s*([smh])", str(value).strip(), re.ASCII)
        if found is None:
            self.fail(_("“{value}” is not a time: write 90s, 5m or 1h.").format(value=value), param, ctx)
        seconds = float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]
        if not 1 <= seconds <= LONGEST_INTERVAL:
            self.fail(_("“{value}” is not between 1s and 168h.").format(value=value), param, ctx)
        return seconds


class Encoding(click.ParamType[str]):
    """The name of an encoding of texts."""

    name = "encoding"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """*value* as Python names it."""
        words = str(value).strip()
        try:
            "".encode(words)  # which refuses what turns octets into octets
            return codecs.lookup(words).name
        except (LookupError, ValueError):
            sentence = _("“{value}” is not an encoding: write utf-8, gb18030, big5 or windows-1252.")
            self.fail(sentence.format(value=words), param, ctx)


class FleetReport(OutputFile):
    """A file to write all rows to; its suffix has to name a format that can hold a fleet."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """*value* as a path that can be written to."""
        file = Path(str(value))
        with one_at_a_time:
            from diagnose.cli.fleet_formats import fleet_renderer, fleet_suffixes
        if fleet_renderer(file.suffix.lower()) is None:
            able = fleet_suffixes()
            sentence = _("“{file}” ends in none of {suffixes}.")
            self.fail(sentence.format(file=file, suffixes=_(", ").join(able)), param, ctx)
        return self._writable(file, param, ctx)


@click.command(
    cls=Sectioned,
    examples=(
        Example("diagnose fleet people.csv --results results.jsonl", text("one line a row, as they come").msgid),
        Example("diagnose fleet people.csv --results results.jsonl --resume", text("goes on where it broke off").msgid),
        Example("diagnose fleet people.csv --report fleet.html --report fleet.csv", text("a page, and a table").msgid),
        Example("diagnose fleet people.csv --every 5m --report fleet.prom", text("again and again").msgid),
        Example("grep corp domains.txt | diagnose fleet -", text("from another program").msgid),
        Example("diagnose fleet domains.txt --format json", text("what they have in common, for programs").msgid),
    ),
    epilog="FILE is CSV with a header, JSON Lines, or a list of addresses and domains; - is standard input. Columns: "
    "address, domain, username, password_env, password_keyring, provider, office, expect, and servers by protocol. "
    "Exit codes: 0 all healthy, 1 a cause that blocks, 2 wrong usage or results that cannot be written, 3 a row is "
    "not clear, 130 interrupted.",
)
@click.argument("file", type=FileName(), metavar="FILE", shell_complete=file_names)
@section(
    text("The report").msgid,
    click.option(
        "--results",
        type=OutputFile(),
        metavar="FILE",
        help="Write each row and its report to FILE as a line of JSON, as they come.",
    ),
    click.option(
        "--report",
        "reports",
        type=FleetReport(),
        multiple=True,
        metavar="FILE",
        help="Also write all rows; the suffix gives the format: .html .csv .xml (JUnit) .prom.",
    ),
    click.option("--resume", is_flag=True, help="Go on with the rows that are not in the results yet."),
    click.option(
        "--every",
        type=Interval(),
        metavar="TIME",
        help="Run again after TIME, such as 90s, 5m or 1h, and say what is new, gone or still there. A rejected "
        "password is not sent again.",
    ),
    page_options,
    audience_option,
    verbose_option,
    redact_option,
    help_desk_option,
    status_page_option,
    documentation_option,
    strict_option,
    click.option("-q", "--quiet", is_flag=True, help="No progress, and no bad rows on standard error."),
)
@section(
    text("Where the servers are").msgid,
    resolver_option,
    ca_file_option,
)
@section(
    text("What is checked").msgid,
    only_option,
    skip_option,
)
@section(
    text("What may be done for it").msgid,
    no_login_option,
    no_rcpt_option,
    no_third_party_option,
    no_history_option,
    click.option(
        "--at-once",
        type=Number(1, MOST_AT_ONCE, whole=True),
        default=AT_ONCE,
        show_default=True,
        metavar="NUMBER",
        help="Rows that are under way at a time.",
    ),
    click.option(
        "--pace",
        type=Number(0.01, 1000),
        default=2.0,
        show_default=True,
        metavar="NUMBER",
        help="Rows a second that are begun at one provider or domain; one that turns connections away gets fewer.",
    ),
    click.option(
        "--host-connections",
        type=Number(1, 1000, whole=True),
        default=FLEET.host_connections,
        show_default=True,
        metavar="NUMBER",
        help="Connections at a time to one port of one server, and rows at a time of one provider or domain.",
    ),
    click.option(
        "--provider-connections",
        type=Number(2 * OF_ONE_RUN + 1, 1000, whole=True),
        default=FLEET.house_connections,
        show_default=True,
        metavar="NUMBER",
        help="Connections at a time to all servers of one provider or domain.",
    ),
    click.option(
        "--host-rate",
        type=Number(0.1, 10_000),
        default=FLEET.host_rate,
        show_default=True,
        metavar="NUMBER",
        help="New connections a second to one server.",
    ),
    click.option(
        "--provider-rate",
        type=Number(0.1, 10_000),
        default=FLEET.house_rate,
        show_default=True,
        metavar="NUMBER",
        help="New connections a second to all servers of one provider or domain.",
    ),
)
@section(
    text("Where rows are run").msgid,
    click.option(
        "--engine",
        type=OneOf(["threads", "dask"]),
        default="threads",
        show_default=True,
        help="On this computer, or on the workers of a Dask scheduler.",
    ),
    click.option("--scheduler", type=SchedulerAddress(), metavar="URL", help="tls://HOST:PORT of the Dask scheduler."),
    click.option(
        "--vantage",
        "vantages",
        type=OneLine(),
        multiple=True,
        callback=lambda _context, _option, labels: tuple(dict.fromkeys(labels)),
        metavar="LABEL",
        help="Run each row on a worker that has the resource LABEL, and compare with other vantages.",
    ),
)
@click.option(
    "--encoding",
    type=Encoding(),
    metavar="NAME",
    help="FILE's encoding, such as gb18030, big5 or windows-1252; without it, the one is taken that FILE reads like.",
)
@click.option(
    "--timeout",
    type=Number(SHORTEST_RUN, LONGEST_RUN),
    default=DEFAULT_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="The deadline of each row.",
)
def COMMAND(file: Path, **given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Diagnose many mailboxes and domains, and tell what they have in common.

    No password stands in FILE: a row names a variable of the environment or an entry of the keyring.
    """
    with one_at_a_time:
        from diagnose.cli import fleet_run
    return fleet_run.carry_out_all(file, given)
