"""A report of servers whose certificates are watched: what monitoring systems are tested with."""

from __future__ import annotations

import msgspec

from diagnose.model.report import Report, ReportVerdict
from tests.reports.samples import cause, check, healthy

DAY = 86_400.0
SEEN_AT = 1_772_439_330.25


def monitored(*, days: float = 7.0, accepted: bool = True) -> Report:
    """A mailbox that works, and a certificate that ends in so many *days*, of an *accepted* handshake or not."""
    ends_at = SEEN_AT + days * DAY
    shown = {"chain": [{"not_after": ends_at}, {"not_after": SEEN_AT + 900 * DAY}]}
    facts: dict[str, object] = {"at": SEEN_AT, "not_after": ends_at if accepted else None, "explanation": shown}
    report = healthy()
    checks = tuple(
        msgspec.structs.replace(one, status="warn", facts=facts) if one.id == "tls.imap.993" else one
        for one in report.checks
    )
    odd = check("tls.odd", "Odd", facts={"at": "x", "not_after": float("inf")})
    verdict = ReportVerdict(
        status="healthy",
        exit_code=0,
        headline="The login of alice@corp.example works",
        causes=(cause("tls.cert-expiring", "The certificate runs out soon", "Renew it.", impact="hinders"),),
    )
    return msgspec.structs.replace(report, checks=(*checks, odd), verdict=verdict)
