"""The engine of a run over many: the threads of this computer, or the workers of a scheduler of Dask."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from gettext import gettext as _
from typing import Any

import click

from diagnose.cli.fleet_secrets import OwnSecrets, on_worker
from diagnose.cli.settings import as_error
from diagnose.fleet.engine import Engine, EngineError, Threads
from diagnose.fleet.pace import Pace
from diagnose.fleet.tasks import carry_out
from diagnose.model import TextError
from diagnose.network import Network
from diagnose.process.first_use import one_at_a_time
from diagnose.process.installation import adding
from diagnose.running.request import Request
from diagnose.running.shared import SharedSights


@contextlib.contextmanager
def engine_for(
    settings: Request, given: dict[str, Any], slowed: Callable[[str], None], resolve: OwnSecrets
) -> Iterator[Engine]:
    """What the options *given* ask for. *slowed*: as `Threads` has it. *resolve*: the secrets of this computer.

    Raises click.ClickException.
    """
    _require_consistent(given)
    if given["engine"] == "dask":
        with _dask(settings, given, slowed) as engine:
            yield engine
        return
    sights = SharedSights()
    with contextlib.closing(_network(settings)) as network:
        yield Threads(
            lambda task, own: carry_out(task, network, resolve, own, sights),
            at_once=given["at_once"],
            pace=Pace(given["pace"], door=network),
            slowed=slowed,
            of_house=settings.network.limits.runs_of_house,
        )


def _require_consistent(given: dict[str, Any]) -> None:
    """Raises click.UsageError."""
    if given["engine"] != "dask":
        for option, value in (("--scheduler", given["scheduler"]), ("--vantage", given["vantages"])):
            if value:
                raise click.UsageError(_("{option} goes with --engine dask.").format(option=option))
    elif given["scheduler"] is None:
        raise click.UsageError(_("--engine dask needs --scheduler: the URL of the scheduler."))


@contextlib.contextmanager
def _dask(settings: Request, given: dict[str, Any], slowed: Callable[[str], None]) -> Iterator[Engine]:
    try:
        with one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's, of settings in the environment that Dask reads as Python
            from diagnose.fleet.dask_connection import is_guarded, unguarded
            from diagnose.fleet.dask_engine import Dask
    except ImportError:
        sentence = _("--engine dask needs the package “distributed”, which is missing; run {command} first.")
        raise click.ClickException(sentence.format(command=adding("dask"))) from None
    scheduler: str = given["scheduler"]
    if settings.consent.login and not is_guarded(scheduler):
        raise click.UsageError(f"{unguarded(scheduler).render(_)}.")
    record = settings.history
    assert record is not None  # noqa: S101 - a fleet always has one
    try:
        with Dask(
            scheduler,
            on_worker,
            record,
            logs_in=settings.consent.login,
            vantages=given["vantages"],
            pace=Pace(given["pace"]),
            slowed=slowed,
        ) as engine:
            yield engine
    except EngineError as error:
        raise click.ClickException(f"{error.sentence.render(_)}.") from None


def _network(settings: Request) -> Network:
    """Raises click.ClickException for authorities that cannot be read."""
    wanted = settings.network
    try:
        return Network(wanted.nameserver, wanted.ca_file, wanted.vantage, wanted.limits)
    except TextError as error:
        raise as_error(error) from None
