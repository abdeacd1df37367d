"""What the remedies say, with and without facts to fill in."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

import pytest

from diagnose.explain.explain import explain
from diagnose.knowledge.catalogue import (
    MOST_STEPS,
    PLACEHOLDERS,
    RUN_FACTS,
    Cause,
    Link,
    Remedy,
    Step,
    catalogue,
    remedies_for,
    summary_for,
)
from diagnose.locale.language import Language, translation
from diagnose.providers import provider, provider_facts, provider_ids, provider_traits

RUN = {
    "address": "zoë@corp.example",
    "domain": "corp.example",
    "username": "zoë",
    "host": "imap.corp.example",
    "port": "993",
    "protocol": "IMAP",
}
ALL = RUN | {name: f"«{name}»" for name in PLACEHOLDERS}
HOSTILE = "{0}{host.__class__}{unknown!r:>99}}}{\x1b[31m\u202e\nend"

each_cause = pytest.mark.parametrize("cause", list(catalogue()), ids=lambda cause: cause.id)


def fields(template: str) -> set[str]:
    """The placeholders of *template*; a conversion, format or attribute in one is a mistake."""
    found = set()
    for _, name, spec, conversion in string.Formatter().parse(template):
        if name is not None:
            assert (spec, conversion) == ("", None)
            found.add(name)
    return found


def parts(cause: Cause) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every template of the remedies, with the facts it may rely on."""
    for remedy in cause.remedies:
        for step in (*remedy.steps, *remedy.further):
            if isinstance(step, str):
                yield step, ()
            else:
                yield step.text, step.needs
                yield step.otherwise or "", ()
        for link in remedy.links:
            yield link.text, link.needs
            yield link.url, link.needs


@each_cause
def test_what_describes_the_cause_is_shown_as_it_is(cause: Cause) -> None:
    for text in (cause.title, cause.summary, cause.proof, cause.rules_out or ""):
        assert fields(text) == set()


@each_cause
def test_placeholders_are_known_and_needed_where_they_are_used(cause: Cause) -> None:
    for template, needs in parts(cause):
        assert fields(template) <= RUN_FACTS.keys() | set(needs)
        assert set(needs) <= PLACEHOLDERS.keys()


@each_cause
def test_every_needed_fact_is_used(cause: Cause) -> None:
    for remedy in cause.remedies:
        for step in (*remedy.steps, *remedy.further):
            if isinstance(step, Step):
                assert step.needs or step.where or step.unless or step.looks_for
                assert set(step.looks_for) <= set(catalogue().ids)
                assert set(step.needs) <= fields(step.text)
        for link in remedy.links:
            assert set(link.needs) == fields(link.text) | fields(link.url)


@each_cause
@pytest.mark.parametrize("facts", [{}, RUN, ALL], ids=["nothing", "run", "everything"])
def test_steps_read_well_whatever_is_known(cause: Cause, facts: dict[str, str]) -> None:
    for remedy in remedies_for(cause, facts):
        assert 1 <= len(remedy.steps) <= MOST_STEPS
        assert len({*remedy.steps, *remedy.further}) == len(remedy.steps) + len(remedy.further)
        for step in (*remedy.steps, *remedy.further):
            assert "{" not in step
            assert "}" not in step
            assert "  " not in step
            assert step[0].isupper()
            assert step.endswith((".", "»")), step
            assert len(step) < 420


@each_cause
def test_without_provider_facts_a_person_still_gets_enough_to_do(cause: Cause) -> None:
    rendered = remedies_for(cause, RUN)

    for remedy, full in zip(rendered, remedies_for(cause, ALL), strict=True):
        assert remedy.fixer == full.fixer
        assert remedy.links == tuple(link for link in full.links if "«" not in link.url)
    if cause.id in {"credentials.rejected", "lockout.account-locked", "reach.timeout", "tls.wrong-mode"}:
        assert 3 <= len(rendered[0].steps) <= 7


@pytest.mark.parametrize(
    ("cause_id", "words"),
    [
        ("lockout.account-locked", "Close the mail program on every computer, phone and tablet"),
        ("lockout.address-blocked", "Close the mail program on every computer, phone and tablet"),
    ],
)
def test_first_of_all_devices_with_an_old_password_are_closed(cause_id: str, words: str) -> None:
    """Otherwise they lock the account, or the office's address, again after each unlock."""
    user = remedies_for(catalogue()[cause_id], {})[0]

    assert user.fixer == "user"
    assert user.steps[0].startswith(words)


FREQUENT = (
    "credentials.rejected", "credentials.expired", "credentials.app-password-required",
    "credentials.second-factor-required", "credentials.weak-password", "credentials.verification-lost",
    "lockout.account-locked", "lockout.suspicious-login", "settings.protocol-disabled", "activation.not-activated",
)  # fmt: skip


def told(provider_id: str, domain: str, cause_id: str) -> dict[str, str]:
    """The steps for an address at *domain*, those for later among them, by whom they are for."""
    known = provider(provider_id)
    remedies = remedies_for(
        catalogue()[cause_id], RUN | provider_facts(known, domain), traits=provider_traits(known, domain)
    )
    return {remedy.fixer: "\n".join((*remedy.steps, *remedy.further)) for remedy in remedies}


@pytest.mark.parametrize("cause_id", FREQUENT)
@pytest.mark.parametrize("provider_id", ["qq-mail", "netease-163", "icloud", "yahoo"])
def test_whoever_has_a_private_mailbox_is_told_of_no_administrator(provider_id: str, cause_id: str) -> None:
    said = told(provider_id, "qq.com", cause_id)

    assert "admin" not in said
    assert "administrator" not in said["user"]
    assert "staff" not in said["user"]


@pytest.mark.parametrize("cause_id", FREQUENT)
@pytest.mark.parametrize("provider_id", ["google", "microsoft365", "aliyun-qiye", "tencent-exmail", "netease-qiye"])
def test_nobody_is_told_of_programs_on_servers_of_a_provider(provider_id: str, cause_id: str) -> None:
    said = told(provider_id, "corp.example", cause_id)

    assert said["admin"]
    assert not any(word in "".join(said.values()) for word in ("doveadm", "postconf", "Postfix", "Dovecot"))


@pytest.mark.parametrize("provider_id", ["microsoft365", "outlook-com"])
def test_where_only_oauth_works_nobody_is_sent_to_another_password(provider_id: str) -> None:
    said = told(provider_id, "corp.example", "credentials.rejected")["user"]

    assert "OAuth2" in said
    assert "authorisation code" not in said
    assert "enter it in every mail program" not in said


@pytest.mark.parametrize("provider_id", ["qq-mail", "netease-163", "google"])
def test_where_an_app_password_is_wanted_the_step_names_it(provider_id: str) -> None:
    said = told(provider_id, "qq.com", "credentials.rejected")["user"]

    assert "needs another password" in said
    assert "enter it in every mail program" not in said


@pytest.mark.parametrize(
    ("provider_id", "asked"),
    [("aliyun-qiye", True), ("microsoft365", True), ("qq-mail", False), ("netease-163", False)],
)
def test_who_may_switch_a_protocol_on_is_the_one_who_is_told_to(provider_id: str, asked: bool) -> None:
    said = told(provider_id, "corp.example", "settings.protocol-disabled")["user"]

    assert ("only the administrator can switch it on" in said) == asked
    assert ("When they have done so, wait" in said) == asked
    assert ("Switch the service on here" in said or "In the settings, under IMAP" in said) != asked


@pytest.mark.parametrize(
    ("provider_id", "domain"),
    [("icloud", "icloud.com"), ("icloud", "me.com"), ("yahoo", "ymail.com"), ("aol", "aol.com")],
)
def test_where_all_is_always_on_nobody_looks_for_a_switch(provider_id: str, domain: str) -> None:
    told_to = told(provider_id, domain, "settings.protocol-disabled")
    also = told(provider_id, domain, "credentials.rejected")["user"]

    assert "Nothing has to be switched on" in told_to["user"]
    assert not any(
        words in "".join(told_to.values())
        for words in ("Switch the service on", "switch on the one", "whether the service is on")
    )
    assert "is switched on" not in also


@pytest.mark.parametrize(
    ("provider_id", "told_of"), [("google", True), ("fastmail", True), ("qq-mail", False), ("dovecot-generic", False)]
)
def test_passkeys_are_told_of_where_providers_take_a_sign_in_beside_them(provider_id: str, told_of: bool) -> None:
    assert ("passkey" in told(provider_id, "gmail.com", "credentials.rejected")["user"]) == told_of


@pytest.mark.parametrize(
    ("provider_id", "cause_id", "fixer", "words"),
    [
        ("microsoft365", "credentials.second-factor-required", "user", "More information required"),
        ("microsoft365", "credentials.second-factor-required", "admin", "More information required"),
        ("tencent-exmail", "settings.protocol-disabled", "user", "the plan does not have it"),
        ("tencent-exmail", "settings.protocol-disabled", "admin", "whether the plan includes mail programs"),
        ("netease-163", "activation.account-disabled", "user", "had asked for the account to be deleted"),
        ("rackspace", "credentials.rejected", "user", "& # %"),
        ("netease-163", "lockout.account-locked", "helpdesk", "Find what keeps trying"),
    ],
)
def test_what_is_seldom_and_hard_to_find_is_told(provider_id: str, cause_id: str, fixer: str, words: str) -> None:
    domain = provider(provider_id).domains[0] if provider(provider_id).kind == "consumer" else "corp.example"

    assert words in told(provider_id, domain, cause_id)[fixer]


@pytest.mark.parametrize(
    ("provider_id", "cause_id", "fixer", "words"),
    [
        ("qq-mail", "settings.protocol-disabled", "user", "plan"),  # its owner has a switch, and there are no plans
        ("dovecot-generic", "settings.protocol-disabled", "admin", "plan"),
        ("microsoft365", "credentials.verification-lost", "user", "private mailbox"),
        ("dovecot-generic", "credentials.verification-lost", "user", "the provider"),
        ("qq-mail", "credentials.rejected", "user", "& # %"),  # an app password has letters alone
    ],
)
def test_what_does_not_concern_a_mailbox_is_not_told(provider_id: str, cause_id: str, fixer: str, words: str) -> None:
    assert words not in told(provider_id, "corp.example", cause_id)[fixer]


ENTRA_WORDS = "More information required", "service principal", "Microsoft"


@pytest.mark.parametrize(
    "provider_id", ["google", "tencent-exmail", "aliyun-qiye", "zoho", "dovecot-generic", "netease-qiye", "gmx"]
)
@pytest.mark.parametrize(
    "cause_id", ["credentials.second-factor-required", "settings.consent-missing", "credentials.token-rejected"]
)
def test_no_other_makers_words_are_quoted(provider_id: str, cause_id: str) -> None:
    said = "".join(told(provider_id, "corp.example", cause_id).values())

    assert not [words for words in ENTRA_WORDS if words in said]


@pytest.mark.parametrize("provider_id", ["microsoft365", "microsoft365-21vianet"])
def test_where_people_meet_these_pages_their_words_are_quoted(provider_id: str) -> None:
    assert (
        "More information required" in told(provider_id, "corp.example", "credentials.second-factor-required")["user"]
    )
    assert "service principal" in told(provider_id, "corp.example", "credentials.token-rejected")["admin"]
    assert "admin consent workflow" in told(provider_id, "corp.example", "settings.consent-missing")["admin"]


def test_of_a_provider_that_nobody_knows_no_maker_is_named() -> None:
    """And what its page may ask for is told all the same."""
    said = {one.fixer: str(one) for one in remedies_for(catalogue()["credentials.second-factor-required"], RUN)}

    assert "If the page asks for more information first" in said["user"]
    assert not [words for words in ENTRA_WORDS if words in "".join(said.values())]


@pytest.mark.parametrize("provider_id", ["tencent-exmail", "aliyun-qiye", "gmx", "icloud"])
@pytest.mark.parametrize(
    "cause_id",
    [
        "credentials.second-factor-required",
        "credentials.app-password-required",
        "credentials.app-password-expired",
        "settings.no-common-auth",
        "settings.access-policy",
    ],
)
def test_where_servers_take_no_tokens_nobody_is_sent_to_oauth(provider_id: str, cause_id: str) -> None:
    domain = provider(provider_id).domains[0] if provider(provider_id).kind == "consumer" else "corp.example"

    assert "OAuth" not in "".join(told(provider_id, domain, cause_id).values())


@pytest.mark.parametrize("provider_id", ["google", "fastmail", "dovecot-generic"])
def test_where_they_do_or_may_it_is_told(provider_id: str) -> None:
    assert "OAuth2" in told(provider_id, "corp.example", "settings.no-common-auth")["user"]


@pytest.mark.parametrize(
    ("provider_id", "scope"),
    [
        ("google", "https://mail.google.com/"),
        ("yandex", "mail:imap_full"),
        ("microsoft365", "SMTP.Send"),
        ("zoho", "developers"),  # near miss: none is known
    ],
)
def test_a_tokens_scope_is_that_of_the_provider(provider_id: str, scope: str) -> None:
    assert scope in told(provider_id, "corp.example", "credentials.token-rejected").get("admin", scope)


def test_where_there_is_a_switch_it_is_still_named() -> None:
    """Near miss: the mailbox of a provider that has one."""
    assert "Switch the service on here" in told("gmx", "gmx.de", "settings.protocol-disabled")["user"]


@pytest.mark.parametrize("cause_id", ["tls.cert-expired", "tls.cert-not-yet-valid"])
def test_a_clock_that_is_right_need_not_be_looked_at(cause_id: str) -> None:
    before, after = (
        remedies_for(catalogue()[cause_id], RUN, traits=traits)[0].steps for traits in ((), ("clock-right",))
    )

    assert "clock" in before[0] or "date" in before[0]
    assert after == before[1:]


def test_a_doubted_value_leaves_no_blank_behind_its_parenthesis() -> None:
    """Chinese has none beside full-width punctuation."""
    translate = translation("zh-Hans")
    facts = {"reset_page": "https://x.example/"}
    steps = str(remedies_for(catalogue()["credentials.rejected"], facts, translate, doubted={"reset_page"}))

    assert "（可能有出入）" in steps
    assert "） 走" not in steps


def test_whoever_can_unlock_is_asked_before_anybody_waits() -> None:
    steps = remedies_for(catalogue()["lockout.account-locked"], RUN)[0].steps

    assert next(i for i, step in enumerate(steps) if "unlock" in step) == 1


def test_of_a_rejected_password_the_webmail_page_tells_the_most_and_comes_first() -> None:
    """It parts a wrong password from a program that wants another one."""
    steps = remedies_for(catalogue()["credentials.rejected"], RUN)[0].steps

    assert steps[0].startswith("Open the webmail page, and sign in there once")
    closes, resets = (next(i for i, step in enumerate(steps) if word in step) for word in ("close", "forgotten"))
    assert 0 < closes < resets


@pytest.mark.parametrize("provider_id", ["", *provider_ids()])
def test_no_step_that_ends_the_cause_waits_behind_others_for_want_of_room(provider_id: str) -> None:
    """The limit of seven is for knowledge of others: ours puts behind what is meant to be there."""
    domain = "corp.example"
    known = provider(provider_id) if provider_id else None
    facts = RUN | (provider_facts(known, domain) if known else {})
    traits = provider_traits(known, domain) if known else frozenset()

    for cause in catalogue():
        meant: dict[str, int] = {one.fixer: len(one.further) for one in cause.remedies}
        for told in remedies_for(cause, facts, traits=traits):
            assert len(told.further) <= meant[told.fixer], (cause.id, told.fixer)


def test_what_a_refusal_often_means_at_a_provider_stands_where_the_cause_is_described() -> None:
    cause, known = catalogue()["credentials.rejected"], provider("qq-mail")

    assert summary_for(cause, provider_facts(known, "qq.com")).endswith("the QQ password is always refused there.")
    assert summary_for(cause, {}) == cause.summary


FAMILIES = ("credentials", "lockout", "activation", "settings")
OF_THIS_COMPUTER = ("network", "browser")
"""Families of causes that an office's own staff ends, whoever has the mailbox."""
STAFF = re.compile(r"\b(staff|(?<!as )administrator|superior|colleague|position)", re.IGNORECASE)
OF_DOVECOT = r"doveadm|doveconf|Dovecot|postconf|postmap|Postfix|smtpd_|fail2ban|ignoreip|journalctl|systemctl"
OF_SERVERS = re.compile(
    OF_DOVECOT + r"|Active Directory|Unlock-ADAccount|certbot|snakeoil|ss -\S*ltnp|nft list|nginx", re.IGNORECASE
)
CONSOLE = re.compile(
    r"\bconsole\b|(?<!business )licen[cs]e|subscription|postmaster|provider's (support|customer)", re.IGNORECASE
)
OF_PASSWORDS = re.compile(
    r"new password in every mail|Enter it in every mail|app password|normal password"
    r"|password for (the |a |)mail program|saved password|place of your usual password",
    re.IGNORECASE,
)
OF_UNLOCKING = re.compile("administrator to unlock|unlock the account|call the provider's hotline", re.IGNORECASE)
SPEAKS_WRONGLY = {
    "private": (STAFF, ("user", "helpdesk", "admin", "provider")),
    "hosted": (OF_SERVERS, ("user", "helpdesk", "admin", "provider")),
    "other-server": (re.compile(OF_DOVECOT, re.IGNORECASE), ("user", "helpdesk", "admin", "provider")),
    "no-console": (CONSOLE, ("admin",)),
    "oauth-only": (OF_PASSWORDS, ("user",)),
    "no-admin-unlock": (OF_UNLOCKING, ("user", "helpdesk", "admin")),
}
"""What is known of a mailbox -> words that nobody who has such a one can use, and to whom they must not be said."""


def kinds_of_mailboxes() -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """All that is known of the mailboxes of any provider, by any protocol: traits, and names of facts; each once."""
    found = set[tuple[frozenset[str], frozenset[str]]]()
    for name in provider_ids():
        known = provider(name)
        for domain in ("corp.example", *known.domains[:1]):
            facts = frozenset(provider_facts(known, domain))
            found.update(
                (provider_traits(known, domain, protocol), facts) for protocol in (None, "imap", "pop3", "smtp")
            )
    return iter(sorted(found, key=repr))


@pytest.mark.parametrize("trait", SPEAKS_WRONGLY)
def test_remedies_know_whom_they_speak_to_at_every_provider(trait: str) -> None:
    """No staff card for a private mailbox, no commands of another server, no password where none is taken."""
    words, fixers = SPEAKS_WRONGLY[trait]
    wrong = set[tuple[str, str, str]]()
    looked_at = 0
    for traits, names in kinds_of_mailboxes():
        if trait not in traits:
            continue
        looked_at += 1
        facts = RUN | dict.fromkeys(names, "«»")
        for cause in (one for one in catalogue() if one.family not in OF_THIS_COMPUTER or trait != "private"):
            for remedy in remedies_for(cause, facts, traits=traits):
                steps = (*remedy.steps, *remedy.further)
                wrong.update(
                    (cause.id, remedy.fixer, step) for step in steps if remedy.fixer in fixers and words.search(step)
                )

    assert looked_at
    assert sorted(wrong) == []


@pytest.mark.parametrize("cause_id", FREQUENT)
@pytest.mark.parametrize("provider_id", ["dovecot-generic", "docker-mailserver"])
def test_where_there_is_no_console_the_administrator_is_told_what_to_do_on_the_server(
    provider_id: str, cause_id: str
) -> None:
    said = told(provider_id, "corp.example", cause_id)["admin"]

    assert "console" not in said
    if cause_id in {"credentials.rejected", "activation.not-activated"}:
        assert "doveadm" in said


@pytest.mark.parametrize("cause_id", [*FREQUENT, "lockout.risk"])
@pytest.mark.parametrize("provider_id", ["dovecot-generic", "docker-mailserver"])
def test_where_nobody_can_reset_a_password_alone_the_administrator_is_asked(provider_id: str, cause_id: str) -> None:
    """Dovecot has neither a page for forgotten passwords nor mails that activate an account."""
    said = told(provider_id, "corp.example", cause_id)["user"]

    assert not re.search("forgotten-password|follow its link|provider says", said)
    if cause_id in {"credentials.rejected", "lockout.account-locked", "lockout.risk"}:
        assert "ask your administrator" in said.lower()


@pytest.mark.parametrize("cause_id", FREQUENT)
@pytest.mark.parametrize("provider_id", ["exchange-onprem", "mdaemon", "zimbra", "coremail"])
def test_nobody_is_told_of_the_commands_of_a_server_that_they_do_not_run(provider_id: str, cause_id: str) -> None:
    said = told(provider_id, "corp.example", cause_id)

    assert "doveadm" not in said["admin"]
    assert "provider" not in said


def test_who_runs_a_server_made_of_dovecot_is_told_of_its_commands_beside_the_console() -> None:
    """The near miss: it has a console, and the commands hold all the same."""
    said = told("mailcow", "corp.example", "credentials.rejected")["admin"]

    assert "console" in said
    assert "doveadm" in said


COMES_AFTER = re.compile(
    r"\b(sign in|try again|try once|save\b|and try|Enter (it|the new password)"
    r"|restart the mail program|test mail|follow (its|the newest) link|switch the service on|Set the port)",
    re.IGNORECASE,
)
"""What is done to see whether it works now, or what people cannot know without being told."""
SEEN = re.compile(
    r"You (see|are asked|get)|mail appears|\bopens?\b|comes in|is gone|arrives|\bsays\b|\bshows?\b|reads"
    r"|If (you|mail|it|they|the|that|web)|means|holds|faster|the reason",
    re.IGNORECASE,
)
LOOKED_AT_LATER = re.compile(
    r"\b(do not|never) |^(Wait|Try again in) |half an hour|since these are two settings|save (it|large) "
    r"|^Save the (settings|account)|whether they can|may let you|provider's page\.$|the server names the one"
    r"|^The server names|look for it|Do not save",
    re.IGNORECASE,
)
"""What is only waited for or kept from, and what the next step goes on with."""


def untold(said: str) -> bool:
    """Whether *said* asks for something and leaves the person without a sign that it worked."""
    return bool(COMES_AFTER.search(said)) and not SEEN.search(said) and not LOOKED_AT_LATER.search(said)


@each_cause
def test_who_has_done_something_is_told_what_is_seen_then(cause: Cause) -> None:
    steps = [step for one in cause.remedies if one.fixer == "user" for step in (*one.steps, *one.further)]
    said = [said for step in steps for said in ([step] if isinstance(step, str) else [step.text, step.otherwise or ""])]

    assert [one for one in said if untold(one)] == []


@pytest.mark.parametrize(
    ("step", "without"),
    [
        ("Save, and send yourself a short test mail.", True),
        ("Save, and send yourself a short test mail. It arrives within minutes.", False),
        ("Sign in to your mailbox in the browser.", True),
        ("Sign in once in the browser. You are asked for a password of your own.", False),
        ("Restart the mail program and try again.", True),
        ("Wait half an hour, then try once more.", False),
        ("Close the mail program on your phone.", False),
        ("Do not sign in on a computer that is not yours.", False),
    ],
)
def test_a_step_without_a_sign_that_it_worked_is_found(step: str, without: bool) -> None:
    assert untold(step) == without


@pytest.mark.parametrize("family", ["tls", "reach", "server", "web", "dns"])
def test_nobody_with_a_private_mailbox_is_sent_to_an_administrator(family: str) -> None:
    for cause in (one for one in catalogue() if one.family == family):
        user = next(one for one in remedies_for(cause, RUN, traits={"private"}) if one.fixer == "user")

        assert user.steps
        assert "administrator" not in "".join((*user.steps, *user.further))


@pytest.mark.parametrize("trait", [set(), {"private"}, {"hosted", "company"}, {"oauth-only"}, {"app-password-only"}])
def test_everybody_is_told_something(trait: set[str]) -> None:
    for cause in catalogue():
        if cause.family in FAMILIES:
            user = next(one for one in remedies_for(cause, RUN, traits=trait) if one.fixer == "user")
            assert user.steps


VERBS = (
    "Accept Add Agree Allow Ask Call Change Check Choose Click Close Compare Confirm Connect Copy Correct Delete "
    "Disconnect Empty Enter Find Have Install Let Look Make Move Note Open Pause Press Pull Read Reload Remove Reset "
    "Restart Save Search See Send Set Sign Sort Start Stop Store Switch Take Tell Tick Try Turn Type Update Use "
    "Wait Write"
)
ASKS = re.compile(
    rf"(?:^|[.;:] |, and |, then |,? but )(?:then |and )?({'|'.join(VERBS.split())})\b",
    re.IGNORECASE,
)


def asked_for(step: str) -> int:
    """How many things *step* asks for; what is quoted in it is to be passed on, not to be done."""
    return len(ASKS.findall(re.sub("“[^”]*”", "", step)))


@each_cause
def test_a_person_is_asked_for_one_thing_at_a_time_and_the_way_there(cause: Cause) -> None:
    steps = [step for one in cause.remedies if one.fixer == "user" for step in (*one.steps, *one.further)]
    said = [said for step in steps for said in ([step] if isinstance(step, str) else [step.text, step.otherwise or ""])]

    assert [one for one in said if asked_for(one) > 2] == []


@pytest.mark.parametrize(
    ("step", "things"),
    [
        ("Save, close the mail program. Open it again, and try once more.", 3),
        ("Check the address; type it yourself, and do not use an old bookmark.", 2),
        ("Open the settings, choose privacy, then cookies, and allow them.", 2),
        ("Send your administrator this: “Open the port, and close the other”.", 1),
        ("The login page is here: https://mail.example/", 0),
    ],
)
def test_what_a_step_asks_for_is_counted(step: str, things: int) -> None:
    assert asked_for(step) == things


def test_links_lead_to_pages_over_https() -> None:
    for cause in catalogue():
        for remedy in cause.remedies:
            assert all(link.url.startswith(("https://", "{")) for link in remedy.links)


def cause_with(*steps: str | Step, links: tuple[Link, ...] = (), further: tuple[str | Step, ...] = ()) -> Cause:
    return Cause(
        id="test.cause",
        title="T",
        summary="One. Two.",
        proof="P.",
        fixer="user",
        scope="account",
        remedies=(Remedy(fixer="user", steps=steps, further=further, links=links),),
    )


def test_a_step_says_what_is_known_and_something_else_otherwise() -> None:
    cause = cause_with(
        "Wait.",
        Step(text="Open {reset_page} for {address}.", needs=("reset_page",), otherwise="Ask for {address}."),
        Step(text="Call {support_phone}.", needs=("support_phone",)),
    )

    assert remedies_for(cause, {"address": "a@b.example", "support_phone": ""})[0].steps == (
        "Wait.",
        "Ask for a@b.example.",
    )
    assert remedies_for(cause, {"reset_page": "https://r.example/", "support_phone": "+1 555"})[0].steps == (
        "Wait.",
        "Open https://r.example/ for [address].",
        "Call +1 555.",
    )


STEPS = (
    "Wait.",
    Step(text="Open any page.", looks_for=("network.offline",)),
    Step(text="Allow scripts and cookies.", looks_for=("browser.javascript-off", "browser.cookies-blocked")),
    Step(text="Call {support_phone}.", needs=("support_phone",), otherwise="Ask.", looks_for=("server.fault",)),
)


@pytest.mark.parametrize(
    ("ruled_out", "left"),
    [
        (set(), ["Wait.", "Open any page.", "Allow scripts and cookies.", "Ask."]),
        ({"network.offline"}, ["Wait.", "Allow scripts and cookies.", "Ask."]),
        ({"browser.javascript-off"}, ["Wait.", "Open any page.", "Allow scripts and cookies.", "Ask."]),
        ({"browser.javascript-off", "browser.cookies-blocked"}, ["Wait.", "Open any page.", "Ask."]),
        ({"server.fault", "network.unstable"}, ["Wait.", "Open any page.", "Allow scripts and cookies."]),
    ],
)
def test_what_a_run_has_ruled_out_nobody_has_to_look_for(ruled_out: set[str], left: list[str]) -> None:
    assert list(remedies_for(cause_with(*STEPS), {}, ruled_out=ruled_out)[0].steps) == left


def test_more_than_seven_steps_are_for_whom_these_did_not_help() -> None:
    first, many = ("One.", "Two.", "Three.", "Four.", "Five.", "Six.", "Seven."), ("Eight.", "Nine.")

    told = remedies_for(cause_with(*first, *many, further=("Last.",)), {})[0]
    assert (told.steps, told.further) == (first, (*many, "Last."))
    told = remedies_for(cause_with(*first, further=("Last.",)), {})[0]
    assert (told.steps, told.further) == (first, ("Last.",))


def test_what_is_left_when_the_first_steps_fall_away_comes_first() -> None:
    cause = cause_with(Step(text="Look.", looks_for=("network.offline",)), further=("Ask.",))

    told = remedies_for(cause, {}, ruled_out={"network.offline"})[0]

    assert (told.steps, told.further) == (("Ask.",), ())


def test_where_no_blank_may_be_left_a_step_is_left_out_instead() -> None:
    cause = cause_with("Wait.", "Ask for {host} with `dig {host}`.", "Write to {address}.")

    assert remedies_for(cause, {"address": "a@b.example"}, blanks=False)[0].steps == ("Wait.", "Write to a@b.example.")
    assert remedies_for(cause_with("Ask {host}."), {}, blanks=False) == ()


def test_a_link_needs_its_facts() -> None:
    cause = cause_with("Wait.", links=(Link(text="Reset", url="{reset_page}", needs=("reset_page",)),))

    assert remedies_for(cause, {})[0].links == ()
    (link,) = remedies_for(cause, {"reset_page": "https://r.example/"})[0].links
    assert (link.text, link.url) == ("Reset", "https://r.example/")


def test_values_from_outside_are_harmless() -> None:
    cause = cause_with("Ask {host} about {address}.")

    (step,) = remedies_for(cause, {"host": HOSTILE, "address": "a@b.example"})[0].steps

    assert step == "Ask {0}{host.__class__}{unknown!r:>99}}}{[31m end about a@b.example."


def test_values_from_outside_are_harmless_in_commands_that_people_copy() -> None:
    cause = cause_with("Ask {host} with `dig MX {host} +short` or `nc -vz {host} {port}`.")

    (step,) = remedies_for(cause, {"host": "a.example; rm -rf ~"})[0].steps

    assert step == (
        "Ask a.example; rm -rf ~ with `dig MX 'a.example; rm -rf ~' +short` or `nc -vz 'a.example; rm -rf ~' [port]`."
    )


@each_cause
def test_commands_are_closed(cause: Cause) -> None:
    assert [msgid for msgid in cause.msgids() if msgid.count("`") % 2] == []


def test_a_long_menu_path_is_shown_whole() -> None:
    path = "Settings > " * 100

    (step,) = remedies_for(cause_with("Go to {host}"), {"host": path})[0].steps

    assert step == "Go to " + path.strip()


def test_what_is_in_doubt_is_said_to_be_so_and_is_bare_where_it_is_used() -> None:
    """A link has to lead somewhere, and a command to work."""
    cause = cause_with(
        Step(text="Open {reset_page}, or run `curl {reset_page}`.", needs=("reset_page",)),
        links=(Link(text="Reset", url="{reset_page}", needs=("reset_page",)),),
    )
    facts = {"reset_page": "https://r.example/"}

    (sure,) = remedies_for(cause, facts)
    (doubted,) = remedies_for(cause, facts, doubted={"reset_page", "support_page"})
    assert sure.steps == ("Open https://r.example/, or run `curl https://r.example/`.",)
    assert doubted.steps == ("Open https://r.example/ (may differ), or run `curl https://r.example/`.",)
    assert [(one.text, one.url) for one in sure.links] == [("Reset", "https://r.example/")]
    assert [(one.text, one.url) for one in doubted.links] == [("Reset (may differ)", "https://r.example/")]


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "may differ"), ("zh-Hans", "可能有出入"), ("zh-Hant", "可能有出入")]
)
@pytest.mark.parametrize(
    ("provider_id", "doubted"), [("west-cn", True), ("godaddy", True), ("qq-mail", False), ("aliyun-qiye", False)]
)
def test_an_address_that_no_good_source_bears_out_is_said_to_be_so(
    provider_id: str, doubted: bool, lang: Language, words: str
) -> None:
    """Of the webmail page, which is the first that people are sent to."""
    (told,) = explain("credentials.rejected", provider=provider_id, lang=lang, translate=translation(lang)).causes
    user = next(one for one in told.remedies if one.fixer == "user")

    assert (words in user.steps[0]) == doubted


def test_a_number_that_is_unsure_is_not_told() -> None:
    known = provider("netease-qiye")

    assert known.lockout.attempts
    assert "lockout_attempts" not in provider_facts(known, "corp.example")
    assert provider_facts(provider("aliyun-qiye"), "corp.example")["password_min"] == "8"


def test_the_lock_of_an_account_says_nothing_of_the_one_of_an_address() -> None:
    told_at = {
        name: "\n".join(
            remedies_for(catalogue()["lockout.address-blocked"], provider_facts(provider(name), "corp.example"))[
                0
            ].steps
        )
        for name in ("microsoft365", "plesk")
    }

    assert "Wait for an hour" in told_at["microsoft365"]
    assert "Wait for 10 minutes" in told_at["plesk"]


def test_the_sentence_is_translated_before_it_is_filled() -> None:
    chinese = {"Ask {host} about {address}.": "请向 {host} 询问 {address}。", "[address]": "[您的地址]"}
    cause = cause_with("Ask {host} about {address}.")

    (step,) = remedies_for(cause, {"host": "h.example"}, lambda msgid: chinese.get(msgid, msgid))[0].steps

    assert step == "请向 h.example 询问 [您的地址]。"


@each_cause
def test_msgids_are_all_there_is_to_translate(cause: Cause) -> None:
    asked: set[str] = set()

    def record(msgid: str) -> str:
        asked.add(msgid)
        return msgid

    remedies_for(cause, {}, record)
    remedies_for(cause, ALL, record)

    assert asked - set(RUN_FACTS.values()) <= set(cause.msgids())
    assert {cause.title, cause.summary, cause.proof} <= set(cause.msgids())


@pytest.mark.parametrize("provider_id", provider_ids())
def test_the_facts_of_every_provider_fit_into_every_remedy(provider_id: str) -> None:
    known = provider(provider_id)
    facts, traits = RUN | provider_facts(known, "corp.example"), provider_traits(known, "corp.example")

    for cause in catalogue():
        for remedy in remedies_for(cause, facts, traits=traits):
            assert remedy.steps
            assert len(remedy.steps) <= MOST_STEPS
            assert len({*remedy.steps, *remedy.further}) == len(remedy.steps) + len(remedy.further)
            assert "{" not in "".join((*remedy.steps, *remedy.further))
            assert all(link.url.startswith(("https://", "http://")) for link in remedy.links)


PROVEN_BY_THE_LOGIN = {"settings.sender-mismatch", "credentials.stored-password", "activation.sending-barred"}
"""Causes that are found only where a login was accepted."""


@pytest.mark.parametrize("cause", [one.id for one in catalogue() if one.impact == "hinders"])
def test_what_only_hinders_does_not_say_that_logins_work(cause: str) -> None:
    """It may stand beside a cause that blocks, in a run that was broken off, or in one without a login."""
    told = catalogue()[cause]
    steps = [step for remedy in told.remedies for step in remedy.steps]
    words = [told.summary, *(step if isinstance(step, str) else step.text for step in steps)]
    if cause not in PROVEN_BY_THE_LOGIN:
        assert [one for one in words if re.search(r"\b(mail|login|logins|mailbox) works?\b", one, re.IGNORECASE)] == []
