"""The browser that opened the self-test page: is it fit for a webmail page, and does it get there?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Never

from checks.network.clock import ClockFacts
from checks.network.reference_clocks import MOST_SKEW_SECONDS
from checks.web.web import WebFacts
from diagnose.browsers import Recognised, recognise
from diagnose.model import Certainty, Check, Facts, Finding, Inputs, Service, SkipCheck, Subject, Text, read, text
from diagnose.model.browsing import BrowserAnswer, Oddity, Reaching
from diagnose.running.context import Context

SLOW_MILLISECONDS = 5000
"""Half of what the self-test page waits for another: where this program waits as long, that page may wait in vain."""

TYPED: dict[Oddity, tuple[Certainty, Text]] = {
    "full_width": (
        "confirmed",
        text("Full-width characters arrived in the typing field, as an input method makes them."),
    ),
    "invisible": ("confirmed", text("Characters that cannot be seen arrived in the typing field.")),
    "caps_lock": ("likely", text("Caps Lock was on while something was typed into the typing field.")),
    "composition": ("possible", text("An input method put together what was typed into the typing field.")),
    "autofill": ("possible", text("The browser filled in the typing field by itself.")),
}
"""Input methods and stored passwords are at work in many a browser that logs in well."""


class BrowserFacts(Facts, frozen=True, kw_only=True):
    """The browser's answer; None where the page was not opened."""

    answer: BrowserAnswer | None
    chosen_resolver: bool = False
    """Whether this program asked another DNS server than the browser does."""


def probe_browser(_target: Subject, _inputs: Inputs[Never], context: Context) -> BrowserFacts:
    """Hand over what the page has told; no I/O."""
    if not context.person.browsing.self_test:
        raise SkipCheck(text("the self-test in the browser was not asked for"))
    return BrowserFacts(
        answer=context.person.browsing.answer, chosen_resolver=context.network.resolver.chosen is not None
    )


def judge_browser(facts: BrowserFacts, inputs: Inputs[ClockFacts | WebFacts], _target: Subject) -> Iterator[Finding]:
    """Too old, held back by its settings, kept from the page, or typing what is not meant?"""
    answer = facts.answer
    if answer is None:
        return
    found = recognise(answer.user_agent, answer.hints)
    data = {"browser": found.id, "browser_version": found.version} if found else {}
    if found and found.too_old:
        yield _outdated(found, data)
    if answer.scripts is False:
        sentence = text("JavaScript did not run on the self-test page.")
        yield Finding(
            cause="browser.javascript-off", certainty="confirmed", proof="no-script-part", text=sentence, data=data
        )
    if answer.cookies is False:
        sentence = text("The browser did not give back the cookie of the self-test page.")
        yield Finding(
            cause="browser.cookies-blocked", certainty="confirmed", proof="not-given-back", text=sentence, data=data
        )
    yield from _judge_reaching(facts, answer.reaching, inputs, data)
    for oddity in answer.typing:
        certainty, sentence = TYPED[oddity]
        yield Finding(
            cause="browser.input-method",
            certainty=certainty,
            proof="seen-in-typing-field",
            text=sentence,
            data=data | {"oddity": oddity},
        )
    yield from _judge_clock(answer, inputs)


def _outdated(found: Recognised, data: dict[str, Any]) -> Finding:
    oldest = found.browser.oldest
    return Finding(
        cause="browser.outdated",
        certainty="confirmed",
        proof="version",
        text=text(
            "This is {browser}. Its engine has version {own}; webmail pages need {oldest}.",
            browser=f"{found.browser.names.en} {found.version}".strip(),
            own=found.engine_version,
            oldest=oldest.version if oldest else None,
        ),
        data=data,
    )


def _judge_reaching(
    facts: BrowserFacts, reaching: tuple[Reaching, ...], inputs: Inputs[WebFacts], data: dict[str, Any]
) -> Iterator[Finding]:
    """Only what this program reaches can be kept away by the browser."""
    visits = {target.url: web for target, web in inputs.each(WebFacts) if isinstance(target, Service)}
    for one in reaching:
        web = visits.get(one.url)
        if web is None or web.loop or web.hops[-1].status is None or "answered" in {one.page, one.image}:
            continue
        if any(hop.resource_policy for hop in web.hops):
            continue  # the page forbids others to fetch it (Fetch standard, Cross-Origin-Resource-Policy)
        certainty: Certainty = "confirmed" if one.page == one.image == "failed" else "likely"
        wants_cookies = any(hop.cookies for hop in web.hops[:-1])  # which the self-test has none of
        slow = one.page == "no_answer" and sum(hop.milliseconds for hop in web.hops) > SLOW_MILLISECONDS
        yield Finding(
            cause="browser.blocked-from-browser",
            certainty="possible" if facts.chosen_resolver or wants_cookies or slow else certainty,
            proof="reached-by-this-tool",
            text=text("This program reaches {url}, the browser does not.", url=one.url),
            data=data | {"url": one.url},
        )


def _judge_clock(answer: BrowserAnswer, inputs: Inputs[ClockFacts]) -> Iterator[Finding]:
    """Where the browser runs on another computer, or is told another time, and other clocks speak for ours."""
    ahead = answer.clock_ahead_seconds
    if ahead is None or abs(ahead) <= MOST_SKEW_SECONDS:
        return
    clock = inputs.get(ClockFacts)
    ticks = clock.ticks if clock else ()
    ours_is_right = any(abs(tick.ahead_seconds) <= MOST_SKEW_SECONDS for tick in ticks)
    yield Finding(
        cause="network.clock-skew",
        certainty="likely" if ours_is_right else "possible",
        text=text(
            "The browser's clock differs by {minutes} minutes from this program's.", minutes=round(abs(ahead) / 60)
        ),
        data={"ahead_seconds": ahead},
    )


def left_open(facts: BrowserFacts) -> Text | None:
    """Whether the page told nothing."""
    if facts.answer is None or facts.answer.scripts is None:
        return text("The self-test in the browser was not carried out.")
    return None


def _unsettled(facts: BrowserFacts) -> Iterator[str]:
    """What the page could not find out of the browser."""
    answer = facts.answer
    if answer is None or answer.cookies is None:
        yield "browser.cookies-blocked"
    if answer is None or answer.scripts is None:
        yield "browser.javascript-off"
    found = recognise(answer.user_agent, answer.hints) if answer else None
    if found is None or found.engine_version is None:
        yield "browser.outdated"


CHECK = Check(
    id="browser.self-test",
    family="browser",
    title="The browser that opened the self-test is fit for webmail",
    each=Subject,
    station="computer",
    facts=BrowserFacts,
    probe=probe_browser,
    judge=judge_browser,
    needs=read(WebFacts) | read(ClockFacts),
    usable=lambda facts: left_open(facts) is None,
    left_open=left_open,
    untold=left_open,
    unsettled=_unsettled,
    # input methods are not among them: nobody knows what was typed into the page's field, if anything was
    rules_out=("browser.outdated", "browser.javascript-off", "browser.cookies-blocked"),
)
