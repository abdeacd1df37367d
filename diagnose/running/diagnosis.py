"""One diagnosis, from a request to a report: what the command line, the lab and programs that import us all run."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import msgspec

from diagnose.discovery import FOUND_WITHIN, DiscoveryAhead, ask_ahead, look_up_ahead, servers_known_ahead
from diagnose.model import Deadline
from diagnose.model.report import Report
from diagnose.network import Network, NoThreadError, share_of_run, threads_kept
from diagnose.network.proxies import proxy_secrets
from diagnose.network.resolver import get_ready
from diagnose.process.first_use import one_at_a_time
from diagnose.redaction.mask import Mask
from diagnose.running.interruption import Interruption
from diagnose.running.observer import Observer
from diagnose.running.request import NetworkOptions, Request

if TYPE_CHECKING:
    from diagnose.running.shared import RunsShare


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """A report, and whether the run was cut short by the person."""

    report: Report
    interrupted: bool = False
    held_back: bool = False
    """It did without a connection that other runs had, so that later it might find more."""


def diagnose(
    request: Request,
    observer: Observer | None = None,
    interruption: Interruption | None = None,
    *,
    network: Network | None = None,
    shared: RunsShare | None = None,
) -> Diagnosis:
    """Carry out *request*, until *interruption* is asked for.

    Raises CaFileError, UnknownProviderError before anything is sent. *network*: one that many runs may share. Its
    resolver, authorities and computer count, and a request that names others is a ValueError; who made it closes it.
    Without one the run makes its own. Of a process 32 runs are under way at once. A further one waits for its
    turn, within its own deadline. *shared*: what runs of the same fleet have seen, which goes with *network*.
    """
    deadline = Deadline(request.seconds)
    with (
        threads_kept(),  # most calls of a run are shorter than the start of a thread
        share_of_run(deadline, lambda: interruption is not None and interruption.asked_for) as may_begin,
        contextlib.closing(_network(request.network, network).for_run(request.house)) as view,
    ):
        ahead = None
        if may_begin and not (interruption is not None and interruption.asked_for):
            ahead = _ask_ahead(request, view, deadline, alone=shared is None)
        view.read_authorities_ahead()
        with one_at_a_time:
            from diagnose.running.after_asking import carried_on  # with the checks; the first answers are on their way
        report, interrupted = carried_on(
            request,
            view,
            deadline if may_begin else Deadline(0),
            mask_of(request),
            observer,
            interruption,
            shared,
            ahead,
        )
    return Diagnosis(report=report, interrupted=interrupted, held_back=view.held_back)


def _ask_ahead(request: Request, network: Network, deadline: Deadline, *, alone: bool) -> DiscoveryAhead | None:
    """Send the questions that the run begins with, where it looks for services at all.

    A run that is *alone* goes on, finds services and connects to them, unless it was narrowed to some checks. Of
    several, one may do that for all.
    """
    if not request.find_services or request.subject.flaw is not None:
        return None
    until = deadline.share(FOUND_WITHIN, deadline.left())
    guessed = ask_ahead(request.subject, request.discovery, network, until)
    if not request.narrowed:
        look_up_ahead(servers_known_ahead(request.subject, request.discovery), network, deadline)
    look_up_ahead(guessed, network, until)
    get_ready()
    if request.narrowed or not alone:
        return None
    with contextlib.suppress(NoThreadError):
        return DiscoveryAhead(request.subject, request.discovery, network, deadline, until)
    return None


def mask_of(request: Request) -> Mask:
    """The mask for every secret of a run: those of the request, and those that proxies are set with."""
    person, subject = request.person, request.subject
    other = person.other_mailbox.password if person.other_mailbox else None
    own = (person.password, person.access_token, other, *proxy_secrets(os.environ))
    return Mask(filter(None, own), known=(subject.address, subject.username, subject.domain))


def _network(wanted: NetworkOptions, shared: Network | None) -> Network:
    if shared is None:
        return Network(wanted.nameserver, wanted.ca_file, wanted.vantage, wanted.limits)
    if wanted.nameserver not in {None, shared.resolver.chosen} or wanted.ca_file not in {None, shared.ca_file}:
        raise ValueError("the request names another resolver or other authorities than its network has")
    return shared
