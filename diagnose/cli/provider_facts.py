"""The facts of a provider's file as rows of a page, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from gettext import gettext as _
from typing import Any

from diagnose.model.protocols import BY_NAME, PROTOCOLS
from diagnose.providers import Language, Server
from diagnose.providers.accounted import Fact
from diagnose.providers.glosses import for_reader
from diagnose.providers.labels import FIELDS, PARTS
from diagnose.providers.schema import AdminSteps, PasswordRule, SwitchRule, UsernameRule, Words
from diagnose.providers.vocabulary import vocabulary
from diagnose.rendering.page import Row

TLS_MODES = {"implicit": "TLS", "starttls": "STARTTLS"}


def part_of(fact: Fact) -> str:
    """The part of the page that *fact* stands in, one of `PARTS`."""
    return fact.field if fact.field in PARTS else fact.field.rpartition(".")[0]


def rows_of(fact: Fact, lang: Language) -> Iterator[Row]:
    """One row, or one for each item of a list, the first of them with the field's name."""
    name = _(FIELDS[fact.field.rpartition(".")[2]]) if fact.field not in PARTS else "•"
    for item in _items(fact.value):
        if isinstance(item, Server):
            yield _server(item, lang, sure=not fact.unsure)
        elif said := _said(fact.field, item, lang):
            yield Row(name=name, words=said, note=_("unsure") if fact.unsure else "")
        name = name if name == "•" else ""


def _items(value: object) -> tuple[object, ...]:
    match value:
        case tuple():
            return value or (None,)
        case dict():
            return tuple(value.items())
        case _:
            return (value,)


def _server(server: Server, lang: Language, *, sure: bool) -> Row:
    notes = [
        for_reader(server.edition, lang) if server.edition else "",
        _(", ").join(server.domains),
        "" if sure and not server.unsure else _("unsure"),
    ]
    return Row(
        name=BY_NAME[server.protocol].label.render(_),
        words=f"{server.host}:{server.port} {TLS_MODES.get(server.tls) or _('not encrypted')}",
        note=" · ".join(filter(None, notes)),
    )


def _said(field: str, value: object, lang: Language) -> str:
    """*value* in words; "" for one that only its note can tell."""
    words = vocabulary()
    colon = words.colon.in_language(lang)
    match value:
        case None:
            return _("none")
        case bool():
            return (words.yes if value else words.no).in_language(lang)
        case Words():
            return for_reader(value, lang)
        case AdminSteps():
            return colon.join(_said(field, one, lang) for one in (value.edition, value.steps) if one)
        case UsernameRule():
            return f"{BY_NAME[value.protocol].label.render(_)}{colon}{_said('username.form', value.form, lang)}"
        case SwitchRule():
            told = [words.who_enables[value.who_enables].in_language(lang), *value.domains]
            return f"{BY_NAME[value.protocol].label.render(_)}{colon}{_(', ').join(told)}"
        case PasswordRule():
            told = [words.accepted[value.accepted].in_language(lang)]
            if value.until:
                told.append(_("until {date}").format(date=value.until))
            if value.note:
                told.append(_said(field, value.note, lang))
            return f"{BY_NAME[value.protocol].label.render(_)}{colon}{_(', ').join(told)}"
        case (str(name), str(told)):
            return f"{name}{colon}{told}"
    if field == "protocols.off_by_default":
        return next(one.label.render(_) for one in PROTOCOLS if one.name == value)
    fixed = _fixed_values().get(field)
    if fixed is None or not isinstance(value, str):
        return for_reader(str(value), lang)
    return fixed[value].in_language(lang) if value in fixed else ""


def _fixed_values() -> Mapping[str, Mapping[Any, Words]]:
    words = vocabulary()
    return {
        "username.form": words.username,
        "password.accepted": words.accepted,
        "password.app_password.origin": words.origin,
        "oauth2.accepted": words.oauth_accepted,
        "protocols.who_enables": words.who_enables,
        "reset.methods": words.reset_methods,
        "password_policy.classes": words.classes,
        "lockout.scope": words.lockout_scope,
    }
