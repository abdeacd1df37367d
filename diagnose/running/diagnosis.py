"""One diagnosis, from a request to a report: what the command line, the lab and programs that import us all run."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

from diagnose import __version__, providers
from diagnose.account.history import History
from diagnose.account.rejecting_servers import RejectingServers
from diagnose.account.secret import Secret
from diagnose.discovery import Discovered, DiscoveryOptions, discover
from diagnose.knowledge.catalogue import catalogue
from diagnose.model import Check, Deadline, Finding, Inputs, Service, Subject
from diagnose.model.browsing import Browsing
from diagnose.model.report import Report
from diagnose.model.text import text
from diagnose.network import Nameserver, Network, NoThreadError, Vantage, in_background, share_of_run
from diagnose.network.proxies import proxy_secrets
from diagnose.planning.declaration import DISCOVERY
from diagnose.planning.selection import Selection, matches
from diagnose.record.run import Asked, Run
from diagnose.redaction.discretion import DiscreetObserver, masked_report
from diagnose.redaction.mask import Mask
from diagnose.redaction.redact import redact
from diagnose.rendering.renderer import Audience
from diagnose.running.context import Context, OtherMailbox
from diagnose.running.interruption import Interruption
from diagnose.running.observer import Observer
from diagnose.running.plugins import all_checks
from diagnose.running.runner import Outcome, run
from diagnose.verdict.compose import compose
from diagnose.verdict.judging import judge_run
from diagnose.verdict.verdict import judge

DEFAULT_SECONDS = 30.0
PROXIES_SECONDS = 0.3
"""At the end of a run, for a program that is asked for the system's settings."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be diagnosed, and how."""

    subject: Subject
    wishes: DiscoveryOptions = DiscoveryOptions()
    discovery: bool = True
    """Whether the subject's mail services are looked for. Where not, nothing runs but the subject's own checks that
    `selection` names, so that a record can be judged without any network."""
    password: Secret | None = None
    access_token: Secret | None = None
    other_mailbox: OtherMailbox | None = None
    """Where an activation or verification mail was sent to."""
    seen: tuple[str, ...] = ()
    """Messages that the person saw in a mail program or on a page."""
    browsing: Browsing = Browsing()
    login: bool = True
    """Whether the login itself is to be tested; never for a bare domain."""
    nameserver: Nameserver | None = None
    ca_file: Path | None = None
    vantage: Vantage = Vantage()
    """The computer that the login fails on: this one."""
    selection: Selection = Selection()
    narrowed: tuple[str, ...] = ()
    """The options by which the person left checks out, so that nothing found is no sign of health."""
    seconds: float = DEFAULT_SECONDS
    """The whole run's deadline."""
    try_all: bool = False
    send_again: bool = False
    ask_recipient: bool = True
    """Whether the domain's MX may be asked if there is such a mailbox."""
    strict: bool = False
    redact: bool = False
    history: Path | None = None
    """Folder of the record of rejected logins; None: it is neither read nor written."""
    lang: providers.Language = "en"
    audience: Audience = "user"


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """A report, and whether the run was cut short by the person."""

    report: Report
    interrupted: bool = False


def history_folder() -> Path:
    """Where the record of rejected logins lies."""
    return platformdirs.user_state_path("mail-login-doctor", appauthor=False)


def diagnose(
    request: Request,
    observer: Observer | None = None,
    interruption: Interruption | None = None,
    *,
    network: Network | None = None,
) -> Diagnosis:
    """Carry out *request*, until *interruption* is asked for. Raises CaFileError, UnknownProviderError before
    anything is sent.

    *network*: one that many runs may share. Its resolver, authorities and computer count, and a request that names
    others is a ValueError; who made it closes it. Without one the run makes its own.

    Sixteen runs of a process are under way at once. A further one waits for its turn, within its own deadline.
    """
    deadline = Deadline(request.seconds)
    with share_of_run(deadline, lambda: interruption is not None and interruption.asked_for) as may_begin:
        if network is None:
            network = Network(request.nameserver, request.ca_file, request.vantage)
        elif request.nameserver not in {None, network.resolver.chosen} or request.ca_file not in {
            None,
            network.ca_file,
        }:
            raise ValueError("the request names another resolver or other authorities than its network has")
        with contextlib.closing(network.for_run()) as view:
            return _diagnosed(request, observer, interruption, view, deadline if may_begin else Deadline(0))


def _diagnosed(
    request: Request, observer: Observer | None, interruption: Interruption | None, network: Network, deadline: Deadline
) -> Diagnosis:
    started, began = datetime.now(UTC), time.monotonic()
    mask = mask_of(request)
    login = request.login and request.subject.address is not None and request.subject.flaw is None
    context = Context(
        network=network,
        deadline=deadline,
        history=History(request.history, request.subject.domain),
        rejecting=RejectingServers(request.history),
        password=request.password if login else None,
        access_token=request.access_token if login else None,
        other_mailbox=request.other_mailbox,
        seen=request.seen,
        browsing=request.browsing,
        try_all=request.try_all,
        send_again=request.send_again,
        ask_recipient=request.ask_recipient,
        third_party=request.wishes.third_party,
    )
    checks = _checks(request)
    outcome = run(
        checks,
        request.subject,
        context,
        provider=request.wishes.provider or providers.by_domain(request.subject.domain),
        hinders_only=hinders_only,
        selection=request.selection,
        absent=frozenset({check.facts for check in all_checks()} - {check.facts for check in checks}),
        observer=DiscreetObserver(observer, mask) if observer and mask else observer,
        interruption=interruption,
    )
    record = _record(request, outcome, network, login=login, started=started, began=began)
    report = report_of(record, checks, request.lang, request.audience)
    report = masked_report(report, mask, frozenset({DISCOVERY, *(check.id for check in all_checks())}))
    if request.redact:
        report = redact(report, vantage=network.vantage)
    return Diagnosis(report=report, interrupted=outcome.interrupted)


def hinders_only(cause: str) -> bool:
    """Whether *cause*, an id, can never block a login. Raises KeyError for an unknown one."""
    return catalogue()[cause].impact == "hinders"


def report_of(record: Run, checks: tuple[Check[Any], ...], lang: providers.Language, audience: Audience) -> Report:
    """What today's knowledge, and the judges of *checks*, make of a *record*."""
    records = {check.id: check for check in (*checks, *all_checks())}
    results = judge_run(record, checks, hinders_only)
    judgement = judge(record, results, catalogue(), records)
    return compose(record, results, judgement, catalogue(), records, lang, audience)


def mask_of(request: Request) -> Mask:
    """The mask for every secret of a run: those of the request, and those that proxies are set with."""
    other = request.other_mailbox.password if request.other_mailbox else None
    own = (request.password, request.access_token, other, *proxy_secrets(os.environ))
    subject = request.subject
    return Mask(filter(None, own), known=(subject.address, subject.username, subject.domain))


def _checks(request: Request) -> tuple[Check[Any], ...]:
    """Those to run; no network is needed to tell that an address is none, nor for a record."""
    if request.subject.flaw is not None:
        return tuple(check for check in all_checks() if check.of_flaws)
    if not request.discovery:
        words = request.selection.only
        return tuple(c for c in all_checks() if c.is_for(Subject) and any(matches(word, c.id, c) for word in words))
    return (_discovery(request.wishes), *all_checks())


def _record(
    request: Request, outcome: Outcome, network: Network, *, login: bool, started: datetime, began: float
) -> Run:
    return Run(
        subject=request.subject,
        asked=Asked(
            login=login and _login_chosen(request),
            services=_services_asked(request),
            strict=request.strict,
            narrowed=request.narrowed,
            selection=request.selection,
        ),
        provider=outcome.provider,
        services=outcome.services,
        checks=outcome.checks,
        interrupted=outcome.interrupted,
        started_at=started,
        duration_ms=round(1000 * (time.monotonic() - began)),
        tool=__version__,
        os=f"{platform.system()} {platform.release()}",
        python=".".join(map(str, sys.version_info[:3])),
        resolver=(", ".join(map(str, network.resolver.nameservers())) or None) if request.discovery else None,
        proxy=_proxies(network.vantage),
    )


def _proxies(vantage: Vantage) -> str | None:
    """Those that are set, where the system tells in time; by now it has been asked, most often."""
    try:
        return in_background(lambda: vantage.proxies().described, "proxies").result(timeout=PROXIES_SECONDS)
    except (TimeoutError, NoThreadError):
        return None


def _services_asked(request: Request) -> bool:
    """Whether there has to be a service: one was to be looked for, and a check of it is wanted."""
    if not request.discovery or (request.wishes.services_only and not request.wishes.services):
        return False
    return not request.narrowed or any(c.is_for(Service) and request.selection.leaves(c) for c in all_checks())


def _login_chosen(request: Request) -> bool:
    """Whether --only and --skip leave the login in."""
    return any(request.selection.leaves(check) for check in all_checks() if check.opens == "login")


def _discovery(wishes: DiscoveryOptions) -> Check[Discovered]:
    def probe(target: Subject, _inputs: Inputs, context: Context) -> Discovered:
        until = context.deadline.share(0.7, context.deadline.left())  # later finds could not be checked
        found = discover(target, wishes, context.network, until, context.announce, context.recognise)
        catalogue()  # read while servers are being talked to, and not at the end
        return found

    return Check(
        id=DISCOVERY,
        family="settings",
        title=text("The mail services of {domain} can be found").msgid,
        each=Subject,
        facts=Discovered,
        probe=probe,
        judge=_no_opinion,
        untold=lambda facts: None if facts.services else text("no mail service was found"),
    )


def _no_opinion(_facts: Discovered, _inputs: Inputs, _target: Subject) -> tuple[Finding, ...]:
    """That nothing was found is said by the verdict; what sources disagree on is read by other checks."""
    return ()
