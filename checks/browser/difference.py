"""The person's own browser beside a clean one: what only the former meets lies in what it has kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Never

from checks.browser.automation import Visit
from checks.browser.clean import shows_login
from checks.browser.stored.holdings import ProfilesFacts
from checks.credentials.seen import SeenFacts
from diagnose.model import Certainty, Check, Facts, Finding, Inputs, Service, SkipCheck, Text, read, text
from diagnose.replies import read_reply
from diagnose.running.context import Context

KEPT: Mapping[str, str] = {
    "browser.stale-cookies": "browser.stale-cookies",
    "web.redirect-loop": "browser.stale-cookies",
    "web.session-expired": "browser.stale-cookies",
    "browser.stale-cache": "browser.stale-cache",
}
"""What the person's browser meets, and what in it brings that about where a clean one does not meet it."""


class DifferenceFacts(Facts, frozen=True, kw_only=True):
    """How both fared."""

    clean_works: bool
    """The clean browser showed where to log in."""
    messages: tuple[str, ...]
    """What the person's own browser showed, as told."""
    worker: bool = False
    """A browser profile holds a service worker of the page."""


def probe_difference(
    _target: Service, inputs: Inputs[ProfilesFacts | SeenFacts | Visit], _context: Context
) -> DifferenceFacts:
    """Put side by side what other checks have left; no I/O."""
    clean, seen, held = inputs.get(Visit), inputs.get(SeenFacts), inputs.get(ProfilesFacts)
    if clean is None:
        raise SkipCheck(text("there was no visit with a clean browser"))
    if seen is None or not seen.messages:
        raise SkipCheck(text("nothing is known of the person's own browser"))
    return DifferenceFacts(
        clean_works=shows_login(clean),
        messages=seen.messages,
        worker=any(one.service_worker for one in held.profiles) if held else False,
    )


def judge_difference(facts: DifferenceFacts, inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """Does the clean one work where the person's own fails?"""
    if not facts.clean_works:
        return
    for message in facts.messages:
        for suspect in read_reply(message, provider=inputs.provider).suspects[:1]:
            if suspect.cause in KEPT:
                yield Finding(
                    cause=KEPT[suspect.cause],
                    certainty=_certainty(KEPT[suspect.cause], suspect.certainty, facts) if target.named else "possible",
                    proof="clean-profile-works",
                    text=text(
                        "A clean browser shows the login form of {host}, where this was seen: {words}",
                        host=target.host,
                        words=message,
                    ),
                )


def _certainty(cause: str, told: Certainty, facts: DifferenceFacts) -> Certainty:
    """The person's message makes *cause* likely; a means to bring it about, found in a profile, confirms it."""
    if told == "possible":
        return "possible"
    return "confirmed" if cause == "browser.stale-cache" and facts.worker else "likely"


def _untold(facts: DifferenceFacts) -> Text | None:
    return text("what was seen tells nothing of the browser") if facts.clean_works else None


CHECK = Check(
    id="browser.difference",
    family="browser",
    title="The person's own browser behaves like a clean one at {host}",
    each=Service,
    facts=DifferenceFacts,
    probe=probe_difference,
    judge=judge_difference,
    untold=_untold,
    needs=read(Visit) | read(ProfilesFacts) | read(SeenFacts),
    applies=lambda target: "web" in target.ways,
)
