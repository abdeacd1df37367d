"""What the profiles of a computer's browsers say about a login that fails; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Never

from checks.browser.stored.holdings import ProfileFacts, ProfilesFacts, Trial, works
from diagnose.browsers import browser
from diagnose.model import Certainty, Finding, Inputs, Service, Text, text

COMMON_LIMIT = 8190
"""Bytes; Apache httpd's LimitRequestFieldSize. nginx (large_client_header_buffers) and Tomcat (maxHttpHeaderSize) stop
near it."""
TOO_LARGE = {400, 413, 431, 494}
"""RFC 6585 §5; what older servers say instead; and nginx's own number."""

TOO_MANY_REQUESTS = 429
"""RFC 6585 §4: it is not about their size."""

Opinion = tuple[str, Certainty, Text]
"""Cause, certainty and the sentence that says why."""
PROOFS = {"browser.stale-cookies": "too-large-with-cookies", "browser.stale-cache": "copy-held"}
"""What is seen of those that a profile can confirm."""


def judge_profiles(facts: ProfilesFacts, _inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """Do cookies, an old copy of the page or settings of a profile stand in the way?

    A finding is partial where a sound profile was used for the page later.
    """
    opinions = [(one, _opinions(one, facts)) for one in facts.profiles]
    sound_at = max((_used(one) for one, found in opinions if not _sure(found)), default=0.0)
    for one, found in opinions:
        data = {"browser": one.browser, "profile": one.profile}
        if one.browser_version:
            data["browser_version"] = one.browser_version
        for cause, certainty, sentence in found:
            yield Finding(
                cause=cause,
                certainty=certainty if target.named else "possible",
                proof=PROOFS.get(cause, ""),
                partial=sound_at > _used(one),
                text=sentence,
                data=data,
            )


def _sure(found: Iterable[Opinion]) -> bool:
    return any(certainty != "possible" for _, certainty, _ in found)


def _used(one: ProfileFacts) -> float:
    return (one.cookies.last_used_at if one.cookies else None) or 0.0


def _opinions(one: ProfileFacts, facts: ProfilesFacts) -> tuple[Opinion, ...]:
    return (*_of_cookies(one, facts), *_of_page(one, facts), *_of_settings(one, facts))


def _of_cookies(one: ProfileFacts, facts: ProfilesFacts) -> Iterator[Opinion]:
    held, trial, named = one.cookies, one.trial, _named(one, facts)
    if held is None or facts.clean_session_works is False:
        return
    if trial is None:
        if held.header_bytes > COMMON_LIMIT:
            yield (
                "browser.stale-cookies",
                "possible",
                text(
                    "{browser} sends {size} bytes of cookies to the webmail page; many servers take no more than 8 KB.",
                    size=held.header_bytes,
                    **named,
                ),
            )
    elif works(trial.clean_status) and (trial.failure or not works(trial.status)):
        yield (
            "browser.stale-cookies",
            _certainty(trial),
            text(
                "{browser} sends {size} bytes of cookies to the webmail page. With that many the server answers "
                "{answer}, without them it shows the page.",
                size=trial.header_bytes,
                answer=trial.status or (trial.failure.words if trial.failure else ""),
                **named,
            ),
        )
    if held.across_domains:
        yield (
            "browser.stale-cookies",
            "likely" if held.of_login and facts.clean_session_works else "possible",
            text(
                "{browser} sends {count} cookies of the webmail page twice, and the two contradict each other.",
                count=held.across_domains,
                **named,
            ),
        )
    if held.expired and (held.expired_of_login or not held.sent):
        yield (
            "browser.stale-cookies",
            "possible",
            text(
                "{browser} still keeps {count} cookies of the webmail page that have expired.",
                count=held.expired,
                **named,
            ),
        )
    if held.sent and facts.session_complaint and facts.clean_session_works:
        yield (
            "browser.stale-cookies",
            "likely",
            text(
                "{browser} sends {count} cookies to the webmail page; without any the page works.",
                count=held.sent,
                **named,
            ),
        )


def _certainty(trial: Trial) -> Certainty:
    """What the answer to as many bytes says of their number."""
    if trial.status in TOO_LARGE:
        return "confirmed"
    late = trial.failure is not None and trial.failure.name == "timed_out"
    return "possible" if late or trial.status == TOO_MANY_REQUESTS else "likely"


def _of_page(one: ProfileFacts, facts: ProfilesFacts) -> Iterator[Opinion]:
    page, named = one.page, _named(one, facts)
    if one.service_workers_gone:
        sentence = text(
            "{browser} lets an old service worker answer for the webmail page; the server no longer has its script.",
            **named,
        )
        yield "browser.stale-cache", "likely", sentence
    if page is None or page.changed is False:
        return
    day = datetime.fromtimestamp(page.stored_at, UTC).strftime("%Y-%m-%d")
    if page.gone:
        sentence = text(
            "{browser} shows the login page as it was on {day}, and that needs files which the server no longer has.",
            day=day,
            **named,
        )
        yield "browser.stale-cache", "confirmed", sentence
    else:
        yield (
            "browser.stale-cache",
            "possible",
            text("{browser} shows the login page as it was on {day}, without asking the server.", day=day, **named),
        )


def _of_settings(one: ProfileFacts, facts: ProfilesFacts) -> Iterator[Opinion]:
    if one.cookies_blocked:
        sentence = text("{browser} is set to refuse cookies of the webmail page.", **_named(one, facts))
        yield "browser.cookies-blocked", "likely", sentence
    if one.javascript_blocked and facts.scripts:
        sentence = text("{browser} is set to run no JavaScript on the webmail page.", **_named(one, facts))
        yield "browser.javascript-off", "likely", sentence


def _named(one: ProfileFacts, facts: ProfilesFacts) -> dict[str, str | Text]:
    """The browser, and which of its profiles where there are several."""
    name = browser(one.browser).names.en
    if sum(other.browser == one.browser for other in facts.profiles) == 1:
        return {"browser": name}
    return {"browser": text("{name} (profile {profile})", name=name, profile=one.profile)}
