"""The words that formats for people share, in the reader's language, and the symbols beside them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from diagnose.model import Status, text
from diagnose.model.internal import Internal
from diagnose.model.protocols import PROTOCOLS
from diagnose.model.report import Contact, Redacted, Replay, Report, ReportCause, ReportCheck, ReportVerdict
from diagnose.rendering.labels import CERTAINTIES, FAMILIES, FIXERS, IMPACTS, REDACTED
from diagnose.rendering.renderer import Audience


def finding_texts(report: Report) -> dict[str, str]:
    """What was found, by the ids of the causes."""
    return {finding.cause: finding.text for check in report.checks for finding in check.findings}


HELD: Mapping[Redacted, str] = {
    "nothing": text(
        "This report holds no password. It does hold names and addresses of servers and of this mailbox."
    ).msgid,
    "person": text("This report holds no password. It does hold names and addresses of servers.").msgid,
    "company": text("This report holds no password.").msgid,
}
URGENCY: tuple[Status, ...] = ("fail", "error", "warn", "pass", "skip")
"""Of checks: what did not pass first, what was skipped last."""
SYMBOLS: Mapping[str, str] = {
    "healthy": "✓",
    "problem": "✗",
    "inconclusive": "?",
    "pass": "✓",
    "warn": "!",
    "fail": "✗",
    "skip": "–",
    "error": "?",
    "ok": "✓",
    "broken": "✗",
    "hindered": "!",
    "unknown": "·",
}
"""For a verdict's status, a check's status and a station's state."""


class Wording(Internal, frozen=True):
    """Labels by the names that the model uses; families and fixers of other packages may be missing."""

    verdict: Mapping[str, str]
    in_part: str
    """Instead of that where nothing is wrong with the part that was looked at."""
    cause: Mapping[str, str]
    """Heading over the first cause, by the verdict's status."""
    status: Mapping[Status, str]
    state: Mapping[str, str]
    certainty: Mapping[str, str]
    impact: Mapping[str, str]
    fixer: Mapping[str, str]
    remedy: Mapping[str, str]
    """Heading over the steps of each fixer."""
    protocol: Mapping[str, str]
    tls: Mapping[str, str]
    source: Mapping[str, str]
    family: Mapping[str, str]
    milliseconds: str
    seconds: str
    number_of: str
    known: str
    """Of a cause that the baseline has already."""
    drift: str
    """Instead of the impact of a cause that is no fault, but differs from what was expected."""
    because: str
    needs: str
    comma: str
    """Between the items of an enumeration."""
    pair: str
    """Of a name and its value."""
    noted: str
    """Of a name and what is noted of it in brackets."""
    followed: str
    """Of a sentence and the next one."""
    not_helped: str
    """Heading over further steps."""
    prevention: str
    """Heading over what keeps a cause from happening again."""
    kept_working: str
    """Heading over what keeps a login that works working."""
    untested: str
    """Sentence on protocols that no check speaks."""

    def answer(self, verdict: ReportVerdict) -> str:
        """What the verdict is in a word or three."""
        return self.in_part if verdict.sound_in_part else self.verdict[verdict.status]

    def labels(self, cause: ReportCause, report: Report) -> tuple[str, ...]:
        """How sure and how grave *cause*, one of *report*'s, is, and whether it was known before."""
        known = (self.known,) if report.knows(cause.id) else ()
        drift = all("expectation" in one.data for one in cause.evidence) and cause.evidence
        return (self.certainty[cause.certainty], self.drift if drift else self.impact[cause.impact], *known)

    def count(self, status: Status, number: int) -> str:
        """How many checks ended so: ``3 passed``."""
        return self.number_of.format(number=number, status=self.status[status])

    def reason(self, check: ReportCheck, checks: Iterable[ReportCheck]) -> str:
        """Why *check*, one of *checks*, was skipped: a reason in words, or the check that stood in the way."""
        why = check.skipped_because or ""
        in_the_way = next((other for other in checks if other.id == why), None)
        return self.because.format(reason=why) if in_the_way is None else self.needs.format(check=in_the_way.title)

    def held_up(self, check: ReportCheck, checks: Iterable[ReportCheck]) -> bool:
        """Whether *check*, one of *checks*, was skipped because another one stood in the way."""
        return any(other.id == check.skipped_because for other in checks)

    def joined(self, *sentences: str) -> str:
        """One sentence behind another, as the language sets them."""
        return functools.reduce(lambda told, one: self.followed.format(sentence=told, next=one), sentences)

    def time(self, milliseconds: int) -> str:
        """A duration for people: ``34 ms``, ``1.2 s``, ``20 s``."""
        if milliseconds < 1000:
            return self.milliseconds.format(number=milliseconds)
        return self.seconds.format(number=f"{milliseconds / 1000:.1f}".removesuffix(".0"))


def words(translate: Callable[[str], str], audience: Audience = "user") -> Wording:
    """The labels in the language of *translate*; who reads for somebody else, by *audience*, is not told “you”."""
    _ = translate
    person = {} if audience == "user" else {"user": _("the person")}
    persons_part = _("What you can do") if audience == "user" else _("What the person can do")
    return Wording(
        verdict={"healthy": _("Healthy"), "problem": _("Problem found"), "inconclusive": _("Not clear yet")},
        in_part=_("Looked at in part"),
        cause={"healthy": _("Worth attention"), "problem": _("Cause"), "inconclusive": _("Best guess")},
        status={
            "pass": _("passed"),
            "warn": _("warning"),
            "fail": _("failed"),
            "skip": _("skipped"),
            "error": _("error"),
        },
        state={
            "ok": _("works"),
            "broken": _("breaks here"),
            "hindered": _("works with limits"),
            "unknown": _("not tested"),
        },
        certainty={name: _(label) for name, label in CERTAINTIES.items()},
        impact={name: _(label) for name, label in IMPACTS.items()},
        fixer={name: _(label) for name, label in FIXERS.items()} | person,
        remedy={
            "user": persons_part,
            "helpdesk": _("What the help desk can do"),
            "admin": _("What the administrator can do"),
            "provider": _("What the mail provider can do"),
        },
        protocol={protocol.name: protocol.label.render(_) for protocol in PROTOCOLS},
        tls={"implicit": "TLS", "starttls": "STARTTLS", "none": _("not encrypted")},
        source={
            "option": _("named on the command line"),
            "provider": _("known for this provider"),
            "srv": _("DNS (SRV)"),
            "autoconfig": "autoconfig",
            "autodiscover": "autodiscover",
            "guess": _("guessed"),
        },
        family={name: _(label) for name, label in FAMILIES.items()},
        milliseconds=_("{number} ms"),
        seconds=_("{number} s"),
        number_of=_("{number} {status}"),
        known=_("known before"),
        drift=_("differs from --expect"),
        because=_("because: {reason}"),
        needs=_("needs: {check}"),
        comma=_(", "),
        pair=_("{name}: {value}"),
        noted=_("{told} ({notes})"),
        followed=_("{sentence} {next}"),
        not_helped=_("If that did not help"),
        prevention=_("So that it does not happen again"),
        kept_working=_("So that it stays that way"),
        untested=_("Not tested, though phones and Outlook may use it: {names}"),
    )


def replay_line(replay: Replay, translate: Callable[[str], str]) -> str:
    """What became of a saved report in one sentence; what has changed follows it, where anything has."""
    _ = translate
    if replay.judged_by is None:
        sentence = _(
            "diagnose {version} saved this report without the record of its run, so its verdict stands as it was; "
            "a new run tells what is known today."
        )
        return sentence.format(version=replay.saved_by)
    if replay.changes:
        sentence = _("Saved by diagnose {version}, judged again by {now}. What has changed:")
    else:
        sentence = _("Saved by diagnose {version}, judged again by {now}: nothing has changed.")
    return sentence.format(version=replay.saved_by, now=replay.judged_by)


def redaction_line(redacted: Redacted, translate: Callable[[str], str]) -> str:
    """That names are placeholders; "" where nothing is hidden."""
    return translate(REDACTED[redacted]) if redacted in REDACTED else ""


def held_line(redacted: Redacted, translate: Callable[[str], str]) -> str:
    """What a report holds that not everybody is to read."""
    return translate(HELD[redacted])


def contact_line(contact: Contact | None, translate: Callable[[str], str]) -> str:
    """Whom to ask next, in one line; "" where nobody is named."""
    _, named = translate, list[str]()
    if contact is not None and contact.help_desk:
        named.append(_("Help desk: {contact}").format(contact=contact.help_desk))
    if contact is not None and contact.status_page:
        named.append(_("Current outages: {page}").format(page=contact.status_page))
    return " · ".join(named)


def moment(started_at: str) -> str:
    """An RFC 3339 time for people, in UTC; any other text is returned unchanged."""
    try:
        return f"{datetime.fromisoformat(started_at).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return started_at


def baseline_lines(report: Report, translate: Callable[[str], str]) -> tuple[str, ...]:
    """What came of holding *report* against an earlier one: a sentence, and what is new, known and better."""
    _, baseline = translate, report.baseline
    if baseline is None:
        return ()
    named = {"id": baseline.report, "day": baseline.started_at[:10]}
    lines = [_("Held against report {id} of {day}.").format_map(named)]
    for cause in report.verdict.causes:
        if cause.certainty != "possible":
            sentence = _("Known: {title} ({cause})") if report.knows(cause.id) else _("New: {title} ({cause})")
            lines.append(sentence.format(title=cause.title, cause=cause.id))
    return (*lines, *baseline.better)
