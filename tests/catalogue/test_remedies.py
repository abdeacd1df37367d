"""What the remedies say, with and without facts to fill in."""

from __future__ import annotations

import string
from collections.abc import Iterator

import pytest

from diagnose.knowledge.catalogue import PLACEHOLDERS, RUN_FACTS, Cause, Link, Remedy, Step, catalogue, remedies_for
from diagnose.providers import provider, provider_facts, provider_ids

RUN = {
    "address": "zoë@corp.example",
    "domain": "corp.example",
    "username": "zoë",
    "host": "imap.corp.example",
    "port": "993",
    "protocol": "IMAP",
}
ALL = RUN | {name: f"«{name}»" for name in PLACEHOLDERS}
MOST_STEPS = 8
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
        for step in remedy.steps:
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
        for step in remedy.steps:
            if isinstance(step, Step):
                assert step.needs or step.where or step.unless
                assert set(step.needs) <= fields(step.text)
        for link in remedy.links:
            assert set(link.needs) == fields(link.text) | fields(link.url)


@each_cause
@pytest.mark.parametrize("facts", [{}, RUN, ALL], ids=["nothing", "run", "everything"])
def test_steps_read_well_whatever_is_known(cause: Cause, facts: dict[str, str]) -> None:
    for remedy in remedies_for(cause, facts):
        assert 1 <= len(remedy.steps) <= MOST_STEPS
        assert len(set(remedy.steps)) == len(remedy.steps)
        for step in remedy.steps:
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


@pytest.mark.parametrize("cause_id", ["credentials.rejected", "lockout.account-locked", "lockout.address-blocked"])
def test_first_of_all_devices_with_an_old_password_are_closed(cause_id: str) -> None:
    """Otherwise they lock the account, or the office's address, again after each unlock."""
    user = remedies_for(catalogue()[cause_id], {})[0]

    assert user.fixer == "user"
    assert user.steps[0].startswith("Close the mail program on every computer, phone and tablet")


def test_links_lead_to_pages_over_https() -> None:
    for cause in catalogue():
        for remedy in cause.remedies:
            assert all(link.url.startswith(("https://", "{")) for link in remedy.links)


def cause_with(*steps: str | Step, links: tuple[Link, ...] = ()) -> Cause:
    return Cause(
        id="test.cause",
        title="T",
        summary="One. Two.",
        proof="P.",
        fixer="user",
        scope="account",
        remedies=(Remedy(fixer="user", steps=steps, links=links),),
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
    facts = RUN | provider_facts(provider(provider_id), "corp.example")

    for cause in catalogue():
        for remedy in remedies_for(cause, facts):
            assert len(remedy.steps) <= MOST_STEPS
            assert len(set(remedy.steps)) == len(remedy.steps)
            assert "{" not in "".join(remedy.steps)
            assert all(link.url.startswith(("https://", "http://")) for link in remedy.links)
