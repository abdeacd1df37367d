"""A browser's facts as the texts that remedies put in for their placeholders."""

from __future__ import annotations

from typing import get_args

from diagnose.browsers.files import browser
from diagnose.browsers.schema import Menu
from diagnose.locale.language import Language
from diagnose.providers.schema import Words


def browser_facts(browser_id: str, version: str | None = None, lang: Language = "en") -> dict[str, str]:
    """What is known of a browser in *version*, by the names of `BROWSER_PLACEHOLDERS`; what is not known is absent.

    Raises UnknownBrowserError.
    """
    known = browser(browser_id)
    number = (version or "").partition(".")[0]
    menus = known.menus_of(int(number) if number.isdecimal() else None)
    facts = {"browser_name": known.names.in_language(lang), "browser_version": version or ""}
    for menu in get_args(Menu):
        place: Words | None = getattr(menus, menu)
        if place is not None:
            facts[f"browser_menu_{menu}"] = place.in_language(lang)
    return {name: value for name, value in facts.items() if value}
