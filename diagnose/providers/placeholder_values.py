"""A provider's facts as the texts that remedies put in for their placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from diagnose.locale.language import Language
from diagnose.model.protocols import PAGE
from diagnose.providers.accounted import is_sure
from diagnose.providers.glosses import for_reader
from diagnose.providers.schema import Label, Provider
from diagnose.providers.servers import fill, other_servers, servers_for, webmail_for
from diagnose.providers.vocabulary import vocabulary

MOST_OTHERS = 5
"""Servers of other editions that a step can hold."""
MENU_PATHS = (
    "app_password_where",
    "protocol_enable_user",
    "protocol_enable_admin",
    "admin_reset_first",
    "admin_unlock_steps",
    "admin_bind_steps",
)
"""What names words of a provider's page, as that page writes them."""
WORDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "app_password_where": ("password", "app_password", "where"),
        "app_password_needs": ("password", "app_password", "needs"),
        "protocol_enable_user": ("protocols", "where_user"),
        "protocol_enable_admin": ("protocols", "where_admin"),
        "admin_bind_steps": ("admin", "bind"),
        "admin_unbind_steps": ("admin", "unbind"),
        "admin_reset_first": ("admin", "reset"),
        "admin_unlock_steps": ("admin", "unlock"),
        "lockout_duration": ("lockout", "duration"),
        "block_duration": ("lockout", "duration"),
        "pause_duration": ("lockout", "pause"),
        "unlock_how": ("lockout", "unlock"),
        "support_phone": ("support", "phone"),
        "browsers": ("browsers",),
    }
)
"""Placeholder -> the field behind it, where its words tell that it is unsure."""
DOUBTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "webmail_page": (PAGE.name,),
        "reset_page": ("reset", "page"),
        "appeal_page": ("reset", "appeal"),
        "app_password_page": ("password", "app_password", "page"),
        "admin_console": ("admin", "console"),
        "status_page": ("status", "page"),
        "support_page": ("support", "page"),
        "self_reset_ways": ("reset", "methods"),
        "username_form": ("username", "form"),
        "oauth_scopes": ("oauth2", "scopes"),
    }
)
"""Placeholder -> the field behind it, which stays bare since it may be a link: the sentence around it tells."""
LEFT_OUT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "app_password_length": ("password", "app_password", "length"),
        "password_min": ("password_policy", "min"),
        "password_max": ("password_policy", "max"),
        "password_classes": ("password_policy", "classes_required"),
        "lockout_attempts": ("lockout", "attempts"),
    }
)
"""Placeholder -> the field behind it: a number that is unsure helps nobody, and what is said without it holds."""


def provider_facts(provider: Provider, domain: str, lang: Language = "en") -> dict[str, str]:
    """What is known for an address at *domain*, by the names of `PLACEHOLDERS`; what is not known is absent."""
    words = vocabulary()
    app_password, policy, lockout = provider.password.app_password, provider.password_policy, provider.lockout
    ways = [words.reset_methods[method].in_language(lang) for method in provider.reset.methods]
    resets = [
        [said for part in (step.edition, step.steps) if (said := _said(part, lang))] for step in provider.admin.reset
    ]
    numbered = (f"admin_reset_{place}" for place in ("first", "second", "third", "fourth"))
    path_for = words.path_for.in_language(lang)
    enabling = [_said(label, lang) or "" for label in provider.protocols.where_admin]
    semicolon = words.semicolon.in_language(lang)  # menu paths hold commas
    facts = {
        "provider_name": provider.names.in_language(lang),
        "webmail_page": webmail_for(provider, domain),
        "username_form": _user_name(provider, lang),
        "reset_page": _address(provider.reset.page, domain),
        "appeal_page": provider.reset.appeal,
        "self_reset_ways": words.comma.in_language(lang).join(ways),
        "app_password_name": _said(app_password.name, lang),
        "app_password_where": _said(app_password.where, lang),
        "app_password_page": app_password.page,
        "app_password_length": _number(app_password.length),
        "app_password_needs": _said(app_password.needs, lang),
        "protocol_enable_user": _said(provider.protocols.where_user, lang),
        "protocol_enable_admin": semicolon.join(enabling),
        "admin_console": _address(provider.admin.console, domain),
        "admin_reset_steps": semicolon.join(words.colon.in_language(lang).join(parts) for parts in resets),
        "admin_reset_first": None,
        **{
            name: path_for.format(path=parts[-1], edition=parts[0]) if len(parts) > 1 else parts[0]
            for name, parts in zip(numbered, resets, strict=False)
        },
        "admin_bind_steps": _said(provider.admin.bind, lang),
        "admin_unbind_steps": _said(provider.admin.unbind, lang),
        "admin_unlock_steps": _said(provider.admin.unlock, lang),
        "plain_rejection": _said(provider.rejection[0], lang) if provider.rejection else None,
        "oauth_scopes": " ".join(provider.oauth2.scopes),
        "password_min": _number(policy.min),
        "password_max": _number(policy.max),
        "password_classes": _number(policy.classes_required),
        "password_history": _number(policy.history if policy.history != 1 else None),  # one is the present password
        "lockout_attempts": _number(lockout.attempts),
        "lockout_duration": _said(lockout.duration, lang),
        "block_duration": _said(lockout.duration, lang) if lockout.scope == "client-address" else None,
        "pause_duration": _said(lockout.pause, lang),
        "unlock_how": _said(lockout.unlock, lang),
        "status_page": provider.status.page,
        "support_phone": provider.support.phone,
        "support_page": provider.support.page,
        "browsers": _said(provider.browsers, lang),
    }
    may_differ = words.may_differ.in_language(lang)
    facts |= {
        name: may_differ.format(value=value)
        for name, field in WORDED.items()
        if (value := facts[name]) and not is_sure(provider, ".".join(field))
    }
    facts |= {name: None for name, field in LEFT_OUT.items() if not is_sure(provider, ".".join(field))}
    if lang == "zh-Hant":
        said = words.in_simplified.in_language(lang)
        facts |= {name: said.format(path=path) for name in MENU_PATHS if (path := facts[name]) and _is_simplified(path)}
    for server in reversed(servers_for(provider, domain)):  # the first choice of a protocol is written last
        facts[f"{server.protocol}_server"] = f"{server.host}:{server.port}"
    facts["server_others"] = words.comma.in_language(lang).join(_others(provider, domain, lang))
    return {name: value for name, value in facts.items() if value}


def _others(provider: Provider, domain: str, lang: Language) -> list[str]:
    """Servers of other regions and editions, for the first protocol of the usual ones, and what each is for."""
    usual = [one.protocol for one in servers_for(provider, domain)][:1]
    named = [one for one in other_servers(provider, domain) if one.protocol in usual and not one.unsure]
    pair = vocabulary().path_for.in_language(lang)
    return [
        pair.format(path=f"{one.host}:{one.port}", edition=_said(one.edition, lang))
        for one in named[:MOST_OTHERS]
        if one.edition
    ]


def _user_name(provider: Provider, lang: Language) -> str | None:
    """The form in words; the note where one form alone would be wrong for a protocol, or has no name."""
    username = provider.username
    if username.note and (username.form == "other" or username.by_protocol):
        return _said(username.note, lang)
    return _said(vocabulary().username.get(username.form) if username.form else None, lang)


def doubted_facts(provider: Provider, domain: str) -> frozenset[str]:
    """Names of `provider_facts` whose bare values no good source bears out, for an address at *domain*."""
    doubted = {name for name, field in DOUBTED.items() if not is_sure(provider, ".".join(field))}
    if domain in provider.webmail_by_domain and not is_sure(provider, "webmail_by_domain"):
        doubted.add("webmail_page")
    if not is_sure(provider, "servers"):
        doubted |= {f"{server.protocol}_server" for server in provider.servers}
    return frozenset(doubted)


def _is_simplified(path: str) -> bool:
    """Whether *path* holds a character that mainland China writes and Taiwan does not."""
    return any(_is_in(one, "gb2312") and not _is_in(one, "big5") for one in path)


def _is_in(character: str, charset: str) -> bool:
    try:
        character.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def lockout_limit(provider: Provider) -> int | None:
    """How many wrong passwords in a row lock an account or an address here, if that is known."""
    return provider.lockout.attempts


def _said(label: Label | None, lang: Language) -> str | None:
    return None if label is None else for_reader(label, lang)


def _number(number: int | None) -> str | None:
    return None if number is None else str(number)


def _address(template: str | None, domain: str) -> str | None:
    return None if template is None else fill(template, domain)
