"""Whether a profile of this computer's browsers holds what breaks the login on the webmail page.

What reads profiles is loaded where that was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from checks.browser.stored.holdings import BrowsersFacts, ProfilesFacts
from checks.web.web import WebFacts
from diagnose.model import Check, Finding, Inputs, Service, SkipCheck, Text, read, text
from diagnose.process.first_use import one_at_a_time
from diagnose.running.context import Context


def probe_profiles(target: Service, inputs: Inputs[BrowsersFacts | WebFacts], context: Context) -> ProfilesFacts:
    """Read the profiles, send the server a header as large as theirs, and compare their old pages with today's."""
    if not context.person.browsing.profiles:
        raise SkipCheck(text("reading browser profiles was not asked for"))
    with one_at_a_time:
        from checks.browser.stored.reading import read_profiles

    return read_profiles(target, inputs.get(WebFacts), inputs.get(BrowsersFacts), inputs.provider, context)


def judge_profiles(facts: ProfilesFacts, inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """Do cookies, an old copy of the page or settings of a profile stand in the way?"""
    with one_at_a_time:
        from checks.browser.stored.opinions import judge_profiles as judge

    return judge(facts, inputs, target)


def _unread(facts: ProfilesFacts) -> Text | None:
    if not facts.profiles:
        return text("no browser profile was found")
    return text("not all of the browser profiles could be read") if any(one.unread for one in facts.profiles) else None


CHECK = Check(
    id="browser.profiles",
    family="browser",
    title="No browser profile holds what breaks the login at {host}",
    each=Service,
    facts=ProfilesFacts,
    probe=probe_profiles,
    judge=judge_profiles,
    untold=_unread,
    needs=read(WebFacts) | read(BrowsersFacts),
    applies=lambda target: "web" in target.ways,
)
