"""What is known to hold of a mailbox by its provider, and the steps that follow from it."""

from __future__ import annotations

import pytest

from diagnose.knowledge.catalogue import Cause, Remedy, Step, remedies_for
from diagnose.providers import provider, provider_traits, software_traits, with_told


@pytest.mark.parametrize(
    ("name", "domain", "holds", "not_so"),
    [
        (
            "qq-mail",
            "qq.com",
            {"hosted", "private", "app-password-only", "user-switches"},
            {"company", "app-passwords-stay", "takes-oauth"},
        ),
        (
            "tencent-exmail",
            "corp.example",
            {"hosted", "company", "app-passwords-stay", "no-oauth"},
            {"private", "entra"},
        ),
        ("gmx", "gmx.de", {"no-oauth"}, {"takes-oauth"}),
        ("outlook-com", "outlook.com", {"private"}, {"entra", "no-oauth"}),  # near miss: a maker's other sign-in pages
        ("godaddy", "corp.example", {"company"}, {"no-oauth", "entra"}),  # near miss: it depends
        ("netease-163", "126.com", {"hosted", "private", "app-password-only"}, {"company"}),
        ("icloud", "corp.example", {"hosted", "private", "always-on"}, {"company", "user-switches"}),
        ("yahoo", "yahoo.com", {"always-on"}, {"user-switches"}),
        ("yahoo", "yahoo.com", {"app-passwords-stay"}, {"app-password-chosen"}),
        ("proton", "proton.me", {"app-password-standing"}, {"app-password-chosen"}),
        ("mail-139", "139.com", {"app-password-chosen"}, {"app-password-standing"}),
        ("qq-mail", "qq.com", {"app-password-only"}, {"app-password-chosen", "app-password-standing"}),  # near miss
        ("microsoft365-21vianet", "corp.example", {"oauth-only", "company"}, {"password-works"}),
        ("google", "gmail.com", {"hosted", "private"}, {"company"}),
        ("google", "corp.example", {"hosted", "company"}, {"private", "own-server"}),
        (
            "microsoft365",
            "corp.example",
            {"hosted", "company", "oauth-only", "takes-oauth", "admin-switches", "no-admin-unlock", "entra"},
            {"private", "no-oauth"},
        ),
        ("aliyun-qiye", "corp.example", {"hosted", "company", "admin-switches"}, {"private", "oauth-only"}),
        ("dovecot-generic", "corp.example", {"no-console"}, {"hosted", "other-server", "company"}),
        ("docker-mailserver", "corp.example", {"no-console"}, {"hosted", "other-server"}),
        ("exchange-onprem", "corp.example", {"other-server", "own-server"}, {"hosted", "no-console"}),
        ("mailcow", "corp.example", {"own-server"}, {"hosted", "other-server", "no-console"}),  # near miss: both
        (
            "zimbra",
            "corp.example",
            {"other-server"},
            {"hosted", "private", "company"},
        ),  # software is nobody in particular
        ("google", "{domain}", {"hosted"}, {"private", "company"}),  # near miss: nobody said whose mailbox it is
    ],
)
def test_what_holds(name: str, domain: str, holds: set[str], not_so: set[str]) -> None:
    found = provider_traits(provider(name), domain)

    assert holds <= found
    assert not found & not_so


@pytest.mark.parametrize(
    ("domain", "protocol", "on"),
    [
        ("gmail.com", "imap", True),
        ("gmail.com", "pop3", False),  # near miss: POP3 has a switch there
        ("gmail.com", None, False),
        ("corp.example", "imap", False),  # near miss: in Workspace the administrator decides
    ],
)
def test_a_switch_that_one_protocol_lacks_is_told_of_that_protocol_alone(
    domain: str, protocol: str | None, on: bool
) -> None:
    assert ("always-on" in provider_traits(provider("google"), domain, protocol)) == on


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("dovecot-generic", {"own-server"}),
        ("exchange-onprem", {"own-server", "other-server"}),
        ("mdaemon", {"own-server", "other-server"}),
    ],
)
def test_of_servers_known_by_their_greeting_alone_no_more_is_taken_for_granted(name: str, holds: set[str]) -> None:
    assert software_traits(provider(name)) == holds


@pytest.mark.parametrize(
    ("name", "domain", "protocol", "off"),
    [
        ("gmx", "gmx.de", "imap", True),
        ("webde", "web.de", "pop3", True),
        ("zoho", "corp.example", "imap", True),
        ("gmx", "gmx.de", "smtp", False),  # near miss: sending has no switch there
        ("aliyun-qiye", "corp.example", "imap", False),  # near miss: only the administrator has a switch
        ("yahoo", "yahoo.com", "imap", False),
    ],
)
def test_a_way_in_that_is_off_in_a_new_mailbox_is_worth_a_look(
    name: str, domain: str, protocol: str, off: bool
) -> None:
    assert ("off-at-first" in provider_traits(provider(name), domain, protocol)) == off


@pytest.mark.parametrize(
    ("known", "told", "holds"),
    [
        ({"company", "user-switches"}, ["admin-switches"], {"company", "admin-switches"}),
        ({"always-on"}, ["admin-switches"], {"admin-switches"}),
        ({"off-at-first", "takes-oauth"}, ["admin-switches"], {"takes-oauth", "admin-switches"}),
        ({"admin-switches"}, [], {"admin-switches"}),
        ({"user-switches"}, ["private"], {"user-switches", "private"}),  # near miss: it contradicts nothing
        ({"user-switches"}, ["unheard-of"], {"user-switches"}),
    ],
)
def test_what_a_server_tells_comes_before_what_is_known_of_the_provider(
    known: set[str], told: list[str], holds: set[str]
) -> None:
    assert with_told(frozenset(known), told) == holds


CAUSE = Cause(
    id="test.cause",
    title="T",
    summary="One. Two.",
    proof="P.",
    fixer="user",
    scope="account",
    remedies=(
        Remedy(
            fixer="user",
            steps=(
                "Wait.",
                Step(text="Ask your administrator.", unless=("private",)),
                Step(text="Choose OAuth2.", where=("oauth-only",)),
                Step(text="Check your clock.", unless=("clock-right", "private")),
            ),
        ),
        Remedy(fixer="admin", unless=("private",), steps=("Reset it.",)),
    ),
)


@pytest.mark.parametrize(
    ("traits", "steps"),
    [
        (set(), [["Wait.", "Ask your administrator.", "Check your clock."], ["Reset it."]]),
        ({"private"}, [["Wait."]]),
        (
            {"oauth-only", "company", "clock-right"},
            [["Wait.", "Ask your administrator.", "Choose OAuth2."], ["Reset it."]],
        ),
    ],
)
def test_steps_that_are_pointless_are_left_out(traits: set[str], steps: list[list[str]]) -> None:
    assert [list(one.steps) for one in remedies_for(CAUSE, {}, traits=traits)] == steps


@pytest.mark.parametrize("part", [Step, Remedy])
def test_a_trait_that_there_is_not_is_a_mistake(part: type[Step] | type[Remedy]) -> None:
    with pytest.raises(ValueError, match="there is no trait rich"):
        part(unless=("rich",), **({"text": "Wait."} if part is Step else {"fixer": "user", "steps": ("Wait.",)}))
