"""A rejection that gives no reason, judged: itself, and in words what may be behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Never

import msgspec

from checks.credentials.password import WORDS
from checks.login.reasons import Reason, reasons_behind
from diagnose.model import Finding, Inputs, Service, Text, text

if TYPE_CHECKING:
    from checks.credentials.password import PasswordFacts


def judge_bare_rejection(
    rejected: Finding, hidden: list[Finding], inputs: Inputs[PasswordFacts], target: Service
) -> Iterator[Finding]:
    """*rejected* itself, and the deeper reasons for it, *hidden* ones that such replies can mean among them.

    While one of them is open, the password is not proven to be at fault.
    """
    reasons = reasons_behind(inputs, target)
    known = {reason.cause for reason in reasons.found} | set(reasons.excluded)
    deeper = [
        *(_told(reason, inputs, target) for reason in reasons.found),
        *(finding for finding in hidden if finding.cause not in known),
    ]
    if deeper and rejected.certainty == "confirmed":
        rejected = msgspec.structs.replace(rejected, certainty="likely")
    for finding in deeper:
        if finding.certainty == "likely":  # by what is documented, and by the answer
            yield from (finding, msgspec.structs.replace(rejected, cause=finding.cause, certainty="likely"))
    yield rejected
    yield from (finding for finding in deeper if finding.certainty != "likely")


def _told(reason: Reason, inputs: Inputs[Never], target: Service) -> Finding:
    return Finding(
        cause=reason.cause,
        certainty=reason.certainty,
        proof=reason.proof,
        text=_words(reason, inputs, target),
        data={"provider": reason.provider} if reason.provider else {},
    )


def _words(reason: Reason, inputs: Inputs[Never], target: Service) -> Text:
    name = inputs.subject.username or ""
    match reason.seen:
        case "form_differs":
            return text("The user name {username} is not a full address, and this provider wants one.", username=name)
        case "no_address":
            return text("The user name {username} is not a full address, and many servers want one.", username=name)
        case "beyond_ascii":
            return text(
                "The password holds characters beyond ASCII. It was sent in UTF-8, and servers that expect another "
                "encoding, or ASCII alone, take it for a wrong one."
            )
        case "takes_no_passwords":
            return text("This provider takes no passwords from mail programs.")
        case "wants_app_password":
            return text("This provider wants an app password from mail programs, not the one for the web page.")
        case "may_want_app_password":
            return text("This provider may want an app password from mail programs, not the one for the web page.")
        case "switched_off_at_first":
            return text("{protocol} is off by default at this provider.", protocol=target.label)
        case oddity:
            return WORDS[oddity]
