"""The unit of work, which holds no secret and can be pickled, and how it is carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec

from diagnose.account.person import Person
from diagnose.account.secret import Secret
from diagnose.account.spelling import account_name
from diagnose.fleet.rows import BadRow, Row, SecretSource
from diagnose.locale.language import translation
from diagnose.model import TextError
from diagnose.model.fleet import RowChanges
from diagnose.model.report import Report
from diagnose.network import Network
from diagnose.redaction.mask import Mask
from diagnose.running.diagnosis import diagnose
from diagnose.running.interruption import Interruption
from diagnose.running.request import Request
from diagnose.running.shared import RunsShare, SharedSights

Resolve: TypeAlias = Callable[[SecretSource], Secret | None]
"""Hands out the secret, None for an empty one. Raises TextError. It is called where the work is carried out."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The row that a result is of."""

    line: int
    id: str
    office: str | None = None
    vantage: str | None = None
    """The label of the workers that it runs on; None: anywhere."""
    columns: dict[str, str] = {}

    @property
    def place(self) -> tuple[int, str]:
        """What no two of one run share: the line, and from where it is looked at."""
        return self.line, self.vantage or ""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One diagnosis to be carried out."""

    origin: Origin
    request: Request
    """Without any secret."""
    source: SecretSource | None = None

    @property
    def account(self) -> str | None:
        """The account that it logs in to, in the one spelling of all its names; None without a login."""
        subject = self.request.subject
        if not self.request.logs_in:
            return None
        return account_name(subject.username or subject.name, subject.domain)

    @property
    def house(self) -> str:
        """Whose servers it will most likely ask: the provider's id where one is known, or the domain."""
        return self.request.house


class Slowed(msgspec.Struct, frozen=True, kw_only=True):
    """Why further rows come later: servers turned connections away."""

    house: str
    """Whose: a provider's id, or a domain."""
    seconds: float
    """Between two of its rows from now on, more or less."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one row."""

    origin: Origin
    report: Report | None = None
    bad: str | None = None
    """Why nothing could be diagnosed, in the report's language."""
    interrupted: bool = False
    """The run was cut short, so that the row is still to be done."""
    held_back: bool = False
    """Other rows had the connections that this one needed to find out; it sent no secret, and can be run again."""
    changes: RowChanges | None = None
    """Since the last run over the same rows, where there was one."""
    slowed: Slowed | None = None
    """Of a row that asked servers which turned connections away, this one's or earlier ones."""


def task_of(row: Row, settings: Request) -> Task:
    """What *row* asks for; all that it leaves open is as *settings* has it."""
    discovery = msgspec.structs.replace(
        settings.discovery,
        services=row.services or settings.discovery.services,
        provider=row.provider or settings.discovery.provider,
    )
    consent = msgspec.structs.replace(settings.consent, login=settings.consent.login and row.secret is not None)
    request = msgspec.structs.replace(
        settings,
        subject=row.subject,
        person=Person(),
        consent=consent,
        discovery=discovery,
        expected=row.expected or settings.expected,
    )
    origin = Origin(line=row.line, id=row.id, office=row.office, vantage=row.vantage, columns=row.columns)
    return Task(origin=origin, request=request, source=row.secret if consent.login else None)


def result_of_bad(row: BadRow, settings: Request) -> Result:
    """A row that nothing can be diagnosed by is a result, too."""
    origin = Origin(line=row.line, id=row.id, columns=row.columns)
    return Result(origin=origin, bad=row.reason.render(translation(settings.presentation.lang)))


def carry_out(
    task: Task,
    network: Network | None,
    resolve: Resolve,
    interruption: Interruption,
    sights: SharedSights | None = None,
) -> Result:
    """Diagnose, with the secret from where *task* says; what cannot be diagnosed is a bad row.

    What other rows have seen of servers is taken over from *sights*. Where that turns out to be outdated, and no
    secret was sent yet, the row is diagnosed anew without them.
    """
    share = RunsShare(sights) if sights is not None else None
    try:
        password = resolve(task.source) if task.source is not None else None
        request = msgspec.structs.replace(
            task.request,
            person=msgspec.structs.replace(task.request.person, password=password),
        )
        done = diagnose(request, interruption=interruption, network=network, shared=share)
        if share is not None and share.ends_here and not done.interrupted:
            share = RunsShare(share.sights, afresh=True)
            done = diagnose(request, interruption=interruption, network=network, shared=share)
    except TextError as error:
        return Result(origin=task.origin, bad=error.sentence.render(translation(task.request.presentation.lang)))
    origin = task.origin
    if password is not None:
        hide = Mask((password,)).hide
        columns = {hide(name): hide(value) for name, value in origin.columns.items()}
        origin = msgspec.structs.replace(origin, columns=columns)
    sent = share.final if share is not None else request.logs_in
    unclear = done.report.verdict.status == "inconclusive"
    return Result(
        origin=origin,
        report=done.report,
        interrupted=done.interrupted,
        held_back=done.held_back and unclear and not sent,
    )


def tasks(rows: Iterator[Row | BadRow], settings: Request) -> Iterator[Task | Result]:
    """Each row as work to be done, or as the result that it is at once."""
    for row in rows:
        yield task_of(row, settings) if isinstance(row, Row) else result_of_bad(row, settings)
