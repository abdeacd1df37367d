"""Which browsers are installed, and how old they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from checks.browser.stored.holdings import READ_SECONDS, BrowsersFacts
from checks.browser.stored.installed import installed
from checks.login.login import LoginFacts
from diagnose.browsers import browser
from diagnose.model import NO_NEEDS, Check, Finding, Inputs, Subject, Text, text
from diagnose.network import SHARED_SECONDS, Heard
from diagnose.running.context import Context


def probe_installed(_target: Subject, _inputs: Inputs[Never], context: Context) -> BrowsersFacts:
    """Look where browsers are installed."""
    limit = context.deadline.share(0.5, READ_SECONDS)

    def look() -> Heard[BrowsersFacts]:
        found = BrowsersFacts(browsers=tuple(installed(limit)))
        return Heard(found, SHARED_SECONDS, for_others=not limit.passed())

    return context.network.once_for_all(("browsers", "installed"), limit, look)


def judge_installed(facts: BrowsersFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Too old for webmail pages? Which one the person uses is not known, and a mail program does not care."""
    current = any(not one.too_old for one in facts.browsers)
    for one in facts.browsers:
        oldest = browser(one.browser).oldest
        if one.too_old and oldest:
            yield Finding(
                cause="browser.outdated",
                certainty="possible" if current else "likely",
                partial=True,
                text=text(
                    "{name} {version} is installed; webmail pages need version {oldest} or later.",
                    name=browser(one.browser).names.en,
                    version=one.version,
                    oldest=oldest.version,
                ),
                data={"browser": one.browser, "browser_version": one.version},
            )


def _unknown_age(facts: BrowsersFacts) -> Text | None:
    if not facts.browsers:
        return text("no browser was found")
    unknown = tuple(browser(one.browser).names.en for one in facts.browsers if one.engine_version is None)
    return text("the version of {names} does not tell", names=unknown) if unknown else None


CHECK = Check(
    id="browser.installed",
    family="browser",
    title="The browsers on this computer are new enough for webmail",
    each=Subject,
    facts=BrowsersFacts,
    probe=probe_installed,
    judge=judge_installed,
    needs=NO_NEEDS,
    untold=_unknown_age,
    starts_after=(LoginFacts,),  # what nobody waits for leaves the processor to the way to the mailbox
)
