"""What is known about browsers, and which of them a request comes from."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from diagnose.browsers import (
    BROWSER_PLACEHOLDERS,
    Browser,
    UnknownBrowserError,
    all_browsers,
    browser,
    browser_facts,
    browser_ids,
    recognise,
)
from diagnose.providers import Language
from diagnose.providers.schema import Words

ALL = list(all_browsers())
KIT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
WIN = "Mozilla/5.0 (Windows NT 10.0; WOW64; "
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "

each_browser = pytest.mark.parametrize("known", ALL, ids=lambda known: known.id)


@pytest.mark.parametrize(
    ("agent", "hints", "expected"),
    [
        (KIT + "Chrome/143.0.0.0 Safari/537.36", '"Google Chrome";v="143", "Chromium";v="143", "Not A(Brand";v="24"',
         ("chrome", "143", False)),
        (KIT + "Chrome/143.0.0.0 Safari/537.36", "", ("chrome", "143", False)),
        (KIT + "Chrome/79.0.3945.130 Safari/537.36", "", ("chrome", "79", True)),
        (KIT + "Chrome/143.0.0.0 Safari/537.36", '"Chromium";v="143", "Not A(B";v="24"', ("chromium", "143", False)),
        (KIT + "HeadlessChrome/143.0.0.0 Safari/537.36", "", ("chromium", "143", False)),
        (KIT + "Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0", '"Microsoft Edge";v="143", "Chromium";v="143"',
         ("edge", "143", False)),
        (KIT + "Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763", "", ("edge", "18", True)),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "", ("firefox", "140", False)),
        ("Mozilla/5.0 (Windows NT 6.1; rv:52.0) Gecko/20100101 Firefox/52.0", "", ("firefox", "52", True)),
        (MAC + "Version/18.1 Safari/605.1.15", "", ("safari", "18.1", False)),
        (MAC + "Version/12.1.2 Safari/605.1.15", "", ("safari", "12.1", True)),
        (KIT + "Chrome/122.0.0.0 Safari/537.36 QIHU 360SE", "", ("360", "", False)),
        (KIT + "Chrome/63.0.3239.132 Safari/537.36 QIHU 360EE", "", ("360", "", True)),
        (KIT + "Chrome/94.0.4606.71 Safari/537.36 QQBrowser/11.9.5355.400", "", ("qq", "11.9", False)),
        (KIT + "Chrome/49.0.2623.221 Safari/537.36 SE 2.X MetaSr 1.0", "", ("sogou", "1.0", True)),
        (WIN + "Trident/7.0; rv:11.0) like Gecko", "", ("internet-explorer", "11", True)),
        ("Mozilla/4.0 (compatible; MSIE 7.0; Trident/7.0; 360SE)", "", ("internet-explorer", "7", True)),
    ],
)  # fmt: skip
def test_a_browser_is_known_by_what_it_says(agent: str, hints: str, expected: tuple[str, str, bool]) -> None:
    found = recognise(agent, hints)

    assert found is not None
    assert (found.id, found.version, found.too_old) == expected


@pytest.mark.parametrize("agent", ["", "curl/8.5.0", "Lynx/2.9.0", "Firefox", "Chrome/x", "\x00" * 5000])
def test_what_is_not_known_is_not_guessed(agent: str) -> None:
    assert recognise(agent) is None


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (X11; Linux x86_64; rv:68.0) Gecko/20100101 Goanna/4.8 Firefox/68.0 PaleMoon/29.4.4",
        "Mozilla/5.0 (X11; Linux x86_64; rv:68.0) Gecko/20100101 Firefox/68.0 SeaMonkey/2.53.20",
        MAC + "Version/13.0 Safari/605.1.15 Epiphany/605.1.15",
    ],
)
def test_a_relative_that_keeps_an_old_number_is_not_the_old_browser(agent: str) -> None:
    assert recognise(agent) is None


def test_the_browser_on_an_iphone_is_its_own() -> None:
    """Its engine is not the one of the same name elsewhere, so its version says nothing."""
    found = recognise("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                      "CriOS/60.0.3112.89 Mobile/15E148 Safari/604.1")  # fmt: skip

    assert found is not None
    assert (found.id, found.too_old) == ("chrome", False)


@each_browser
def test_a_file_is_named_and_formed_well(known: Browser) -> None:
    assert browser(known.id) is known
    assert known.id in browser_ids()
    assert set(known.recognition.pretends) <= set(browser_ids()) - {known.id}
    for pattern in known.recognition.user_agent:
        re.compile(pattern)
    order = [menus.since for menus in known.menus]
    assert order == sorted(set(order), reverse=True)
    assert known.oldest is not None
    assert {field for source in known.sources for field in source.covers} >= {"oldest"}


@each_browser
@pytest.mark.parametrize("lang", get_args(Language))
def test_facts_are_finished_text_in_every_language(known: Browser, lang: Language) -> None:
    facts = browser_facts(known.id, "120", lang)

    assert set(facts) <= set(BROWSER_PLACEHOLDERS)
    assert set(facts) == set(browser_facts(known.id, "120"))
    assert [said for said in facts.values() if not said.strip() or "\n" in said or "{" in said or "`" in said] == []


def test_every_placeholder_is_filled_by_some_browser() -> None:
    assert {name for known in ALL for name in browser_facts(known.id, "120")} == set(BROWSER_PLACEHOLDERS)


def test_menus_go_by_version() -> None:
    """Without one they are the newest."""
    older, newer, unknown = (
        browser_facts("chrome", version)["browser_menu_cookies"] for version in ("100", "143", None)
    )

    assert older != newer == unknown


def test_an_unknown_browser_names_those_that_are_known() -> None:
    with pytest.raises(UnknownBrowserError, match="firefox"):
        browser("../providers/google")


def test_names_say_which_browser_it_is() -> None:
    names = [known.names for known in ALL]

    assert all(isinstance(name, Words) for name in names)
    assert len({name.en for name in names}) == len(ALL)
