"""Which browser it is, from what it says of itself: User-Agent (RFC 9110 §10.1.5) and User-Agent Client Hints."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from diagnose.browsers.files import all_browsers, browser
from diagnose.browsers.schema import Browser, Engine
from diagnose.process.first_use import lazy_pattern

LONGEST_HEADER = 1000
"""Characters of a header that are looked at."""

_ENGINE_VERSIONS: Mapping[Engine, str] = {
    "chromium": r"\b(?:Headless)?Chrom(?:e|ium)/(\d{1,4})",
    "gecko": r"\bFirefox/(\d{1,4})",
    "webkit": r"\bVersion/(\d{1,4})",
    "trident": r"\b(?:MSIE |rv:)(\d{1,4})",
}
_BRAND = lazy_pattern(r'"((?:[^"\\]|\\.){1,80})"\s*;\s*v="(\d{1,4})')


class Recognised(msgspec.Struct, frozen=True, kw_only=True):
    """A browser and its version."""

    id: str
    version: str
    """As the browser's own about page begins it; "" where it does not tell."""
    engine_version: int | None
    """What `Oldest.version` is compared with."""

    @property
    def browser(self) -> Browser:
        """What is known about it."""
        return browser(self.id)

    @property
    def too_old(self) -> bool:
        """Whether webmail pages of today cannot be expected to work in it."""
        oldest = self.browser.oldest
        return oldest is not None and self.engine_version is not None and self.engine_version < oldest.version


def recognise(user_agent: str, hints: str = "") -> Recognised | None:
    """The browser that sends *user_agent*, and *hints* as Sec-CH-UA; None for one that is not known.

    Of several whose marks are there it is the one that pretends to be the others.
    """
    agent, brands = user_agent[:LONGEST_HEADER], dict(_BRAND.findall(hints[:LONGEST_HEADER]))
    found = {one.id: one for one in all_browsers() if _carries_marks(one, agent, brands)}
    pretended = {other for one in found.values() for other in one.recognition.pretends}
    own = [one for one in found.values() if one.id not in pretended]
    if len(own) != 1:
        return None
    return Recognised(
        id=own[0].id, version=_version(own[0], agent, brands), engine_version=_engine_version(own[0], agent, brands)
    )


def _carries_marks(one: Browser, agent: str, brands: Mapping[str, str]) -> bool:
    if brands and one.recognition.brands:
        return any(brand in brands for brand in one.recognition.brands)
    return any(re.search(pattern, agent) for pattern in one.recognition.user_agent)


def _version(one: Browser, agent: str, brands: Mapping[str, str]) -> str:
    told = [brands[brand] for brand in one.recognition.brands if brand in brands]
    found = (re.search(pattern, agent) for pattern in one.recognition.user_agent)
    told += [match["version"] for match in found if match and match.groupdict().get("version")]
    return told[0] if told else ""


def _engine_version(one: Browser, agent: str, brands: Mapping[str, str]) -> int | None:
    if one.engine == "chromium" and "Chromium" in brands:
        return int(brands["Chromium"])
    match = re.search(_ENGINE_VERSIONS[one.engine], agent)
    return int(match[1]) if match else None
