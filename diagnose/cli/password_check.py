"""`diagnose password-check`: whether a new password keeps its provider's rules, found out on this computer alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from gettext import gettext as _
from typing import Any

import click
import msgspec

from diagnose.account.password_rules import (
    PasswordDemand,
    Score,
    State,
    Strength,
    Weakness,
    judge_rules,
    judge_strength,
)
from diagnose.account.secret import Secret
from diagnose.cli import secrets
from diagnose.cli.help import Example, Sectioned
from diagnose.cli.pages import page_options, show_json, show_page, source_line
from diagnose.cli.parameters import ProviderName
from diagnose.cli.prompts import before_answer
from diagnose.cli.provider_facts import part_of, rows_of
from diagnose.locale.language import translation
from diagnose.model import text
from diagnose.providers import Language, Provider, in_language, provider
from diagnose.providers.accounted import Fact, facts_of, sources_of
from diagnose.providers.labels import PARTS
from diagnose.providers.schema import Reference
from diagnose.rendering.page import AnyBlock, Entry, Heading, Mark, Page, Paragraph, Rows

FOR_PROGRAMS = "password.app_password"
"""The part of a provider's file."""
FITS, BREAKS_A_RULE = 0, 1
FAIR: Score = 2
"""The least strength that nothing is said against."""
MARKS: Mapping[State, Mark] = {"kept": "✓", "broken": "✗", "unknown": "?"}
STRENGTHS: Mapping[Score, str] = {
    0: text("Very weak: it would be among the first guesses").msgid,
    1: text("Weak: a program guesses it within hours").msgid,
    2: text("Fair: it resists guessing at the login, but not once a stolen list of passwords is worked on").msgid,
    3: text("Strong").msgid,
    4: text("Very strong").msgid,
}
WEAKNESSES: Mapping[Weakness, str] = {
    "common_password": text("a password that many people have").msgid,
    "personal": text("the account or provider's name").msgid,
    "word": text("a word or a name").msgid,
    "keyboard": text("neighbouring keys").msgid,
    "repeat": text("repetition").msgid,
    "sequence": text("a sequence such as abc or 123").msgid,
    "date": text("a date or a year").msgid,
}


class CheckedRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in the reader's language."""

    rule: str
    demand: str
    state: State
    reason: str | None
    unsure: bool


class CheckedPassword(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, as ``--format json`` shows it; nothing of the password is in it."""

    provider: str
    fits: bool
    """No rule is broken, as far as they are known."""
    rules: tuple[CheckedRule, ...]
    note: str | None
    """What the provider says beside these rules."""
    valid_days: int | None
    """After how many days a password has to be changed."""
    sources: tuple[Reference, ...]
    strength: Strength
    strength_told: str
    """The same in words."""
    app_password: tuple[Fact, ...]
    """What is known of the second password that only mail programs use."""


@click.command(
    cls=Sectioned,
    examples=(
        Example("diagnose password-check --provider exmail", text("asks for the new password").msgid),
        Example(
            "diagnose password-check --provider exmail --account alice@corp.example",
            text("and looks for the account's name in it").msgid,
        ),
    ),
    epilog="Exit codes: 0 the password fits, 1 it breaks a rule, 2 wrong usage.",
)
@click.option(
    "--provider",
    "provider_id",
    type=ProviderName(),
    required=True,
    metavar="NAME",
    help="The mail provider whose rules count: by name, domain or id.",
)
@click.option("--account", metavar="ADDRESS", help="The mailbox that the password is for; rules may forbid its name.")
@click.option("--password-stdin", is_flag=True, help="The password is the first line of standard input.")
@page_options
def COMMAND(**given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Say which rules of a provider a new password breaks, and how hard it is to guess.

    It is asked for without echo, looked at on this computer alone, and never shown, sent or kept.
    """
    known = provider(given["provider_id"])
    password = secrets.from_standard_input() if given["password_stdin"] else _typed()
    if password is None:
        raise click.UsageError(_("there is no password to check."))
    lang: Language = given["lang"]
    rules = judge_rules(password.reveal(), known, given["account"], lang)
    strength = judge_strength(password.reveal(), _personal(given["account"], known))
    fits = all(rule.state != "broken" for rule in rules)
    if given["form"] == "json":
        show_json(_answer(known, rules, strength, lang), given)
    else:
        show_page(Page(blocks=tuple(_blocks(known, rules, strength, lang))), given)
    return FITS if fits else BREAKS_A_RULE


def _typed() -> Secret | None:
    """What is typed without echo. Raises click.UsageError where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(_("there is no terminal to ask at; --password-stdin reads the password instead."))
    import getpass

    word = getpass.getpass(before_answer(_("New password (it is not shown, sent or kept):")), stream=sys.stderr)
    return Secret(word) if word else None


def _personal(account: str | None, known: Provider) -> tuple[str, ...]:
    local, _at, domain = (account or "").partition("@")
    return (local, *domain.split("."), known.id, known.names.en)


def _answer(known: Provider, rules: tuple[PasswordDemand, ...], strength: Strength, lang: Language) -> CheckedPassword:
    translate = translation(lang)
    return CheckedPassword(
        provider=known.id,
        fits=all(rule.state != "broken" for rule in rules),
        rules=tuple(
            CheckedRule(
                rule=rule.name,
                demand=rule.demand.render(translate),
                state=rule.state,
                reason=rule.reason.render(translate) if rule.reason else None,
                unsure=rule.unsure,
            )
            for rule in rules
        ),
        note=_note(known, lang),
        valid_days=known.password_policy.valid_days,
        sources=sources_of(known, "password_policy"),
        strength=strength,
        strength_told=translate(STRENGTHS[strength.score]),
        app_password=_of_app_password(known),
    )


def _blocks(
    known: Provider, rules: tuple[PasswordDemand, ...], strength: Strength, lang: Language
) -> Iterator[AnyBlock]:
    yield _headline(known.names.in_language(lang), rules, strength)
    if rules:
        yield Heading(words=_("Rules"))
    for rule in rules:
        reasons = [rule.reason.render(_) if rule.reason else "", _("unsure") if rule.unsure else ""]
        yield Entry(mark=MARKS[rule.state], title=rule.demand.render(_), note=" · ".join(filter(None, reasons)))
    if note := _note(known, lang):
        yield Paragraph(words=note)
    if days := known.password_policy.valid_days:
        yield Paragraph(
            words=_("By default it has to be changed after {number} days; note the day.").format(number=days)
        )
    yield from (
        Paragraph(words=source_line(source, lang), quiet=True)
        for source in sources_of(known, "password_policy")
        if rules
    )
    yield Heading(words=_("Strength"))
    found = _(", ").join(_(WEAKNESSES[weakness]) for weakness in strength.weaknesses)
    yield Entry(
        mark="✓" if strength.score > FAIR else "!" if strength.score == FAIR else "✗",
        title=_(STRENGTHS[strength.score]),
        words=_("Why it is easy to guess: {found}").format(found=found) if found else "",
    )
    if facts := _of_app_password(known):
        yield Heading(words=_(PARTS[FOR_PROGRAMS]))
        yield Rows(rows=tuple(row for fact in facts for row in rows_of(fact, lang)))
        yield from (Paragraph(words=source_line(source, lang), quiet=True) for source in facts[0].sources)


def _of_app_password(known: Provider) -> tuple[Fact, ...]:
    """What the file of *known* says of app passwords."""
    return tuple(fact for fact in facts_of(known) if part_of(fact) == FOR_PROGRAMS)


def _note(known: Provider, lang: Language) -> str | None:
    note = known.password_policy.note
    return None if note is None else in_language(note, lang)


def _headline(name: str, rules: tuple[PasswordDemand, ...], strength: Strength) -> Entry:
    if not rules:
        title = _("{name} has published no rules that are known here, so only the strength is judged")
        return Entry(mark="?", title=title.format(name=name))
    if any(rule.state == "broken" for rule in rules):
        return Entry(mark="✗", title=_("This password breaks a rule of {name}").format(name=name))
    title = _("This password keeps the rules of {name}").format(name=name)
    return Entry(mark="✓" if strength.score >= FAIR else "!", title=title)
