"""What is known to hold of a mailbox by its provider, and so which steps are worth saying."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from diagnose.providers.accounted import is_sure
from diagnose.providers.schema import Provider

TRAITS: Mapping[str, str] = MappingProxyType(
    {
        "hosted": "The mail lies at a provider, so that nobody of the organisation runs the server.",
        "own-server": "The organisation runs the server itself, so that there is no provider of the mail service.",
        "no-console": "Administrators work with configuration files, commands and logs; there is no console.",
        "other-server": "The organisation runs the server itself, and it is not Dovecot.",
        "private": "The mailbox is a private person's, without an administrator.",
        "company": "The mailbox is an organisation's.",
        "oauth-only": "Mail programs have to sign in by OAuth 2; there is neither password nor app password for them.",
        "app-password-only": "Mail programs take an app password, and never the one of the web page.",
        "app-passwords-stay": "App passwords go on working when the password of the web page is changed.",
        "app-password-chosen": "The person thinks the app password up; the provider makes none.",
        "app-password-standing": "There is an app password, which can be read again; none has to be made.",
        "entra": "People of the organisation sign in on its maker's pages of that name, whose words steps may quote.",
        "no-oauth": "As far as anybody knows mail programs cannot sign in by OAuth 2, so that no step is worth it.",
        "takes-oauth": "Mail programs may sign in by OAuth 2, on the provider's own page.",
        "password-works": "Mail programs take the password of the web page; there is no app password.",
        "admin-switches": "The administrator alone switches IMAP, POP3 and SMTP on.",
        "user-switches": "The person alone switches IMAP, POP3 and SMTP on.",
        "off-at-first": "A way in is off in a new mailbox, until the person switches it on.",
        "always-on": "IMAP, POP3 and SMTP are always on; nobody has a switch for them.",
        "no-admin-unlock": "No administrator can end a lock; time or the person's own password reset does.",
    }
)
"""Name -> meaning. A name, once released, keeps its meaning: remedies of other people's packages use it."""

_BY_PASSWORD = {"never": "oauth-only", "app-password-only": "app-password-only", "always": "password-works"}
_BY_ORIGIN = {"chosen": "app-password-chosen", "standing": "app-password-standing"}
_BY_SWITCH = {"admin": "admin-switches", "user": "user-switches", "nobody": "always-on"}
_OFF = "protocols.off_by_default"
_SWITCHES = frozenset(_BY_SWITCH.values())
_OF_SOFTWARE = {"own-server", "other-server"}


def provider_traits(provider: Provider, domain: str, protocol: str | None = None) -> frozenset[str]:
    """What holds for an address at *domain*, and for *protocol* where one is given; what is unsure claims nothing."""
    found: set[str] = set()
    if provider.kind not in (None, "software"):
        found.add("hosted")
    if provider.kind == "software":
        found.add("own-server")
    if provider.by_files:
        found.add("no-console")
    if provider.kind == "software" and "dovecot" not in provider.built_on:
        found.add("other-server")
    private = provider.kind == "consumer" or (provider.kind == "both" and domain in provider.domains)
    if private:
        found.add("private")
    elif provider.kind == "enterprise" or (provider.kind == "both" and "." in domain):
        found.add("company")
    password = provider.password
    accepted = password.accepted_by(protocol) if protocol else password.accepted
    if accepted and is_sure(provider, "password.accepted"):
        found |= {trait for trait in (_BY_PASSWORD.get(accepted),) if trait}
    if password.app_password.ends_with_password is False and is_sure(
        provider, "password.app_password.ends_with_password"
    ):
        found.add("app-passwords-stay")
    origin = password.app_password.origin
    if origin and is_sure(provider, "password.app_password.origin"):
        found |= {trait for trait in (_BY_ORIGIN.get(origin),) if trait}
    if provider.oauth2.accepted in ("always", "depends") and is_sure(provider, "oauth2.accepted"):
        found.add("takes-oauth")
    if provider.oauth2.accepted == "never":  # be it unsure: it only leaves steps out, and claims nothing
        found.add("no-oauth")
    if provider.sign_in_pages is not None and not private:
        found.add(provider.sign_in_pages)
    switcher = provider.protocols.enabled_by(protocol, domain)
    if switcher and is_sure(provider, "protocols.who_enables"):
        found |= {trait for trait in (_BY_SWITCH.get(switcher),) if trait}
    off = provider.protocols.off_by_default or ()
    if (protocol in off if protocol else off) and switcher in ("user", "both") and is_sure(provider, _OFF):
        found.add("off-at-first")
    if provider.lockout.admin_can_end is False and is_sure(provider, "lockout.admin_can_end"):
        found.add("no-admin-unlock")
    return frozenset(found)


def with_told(traits: frozenset[str], told: Iterable[str]) -> frozenset[str]:
    """*traits*, where what a server itself has *told* of the mailbox stands in place of what it contradicts."""
    known = frozenset(told) & TRAITS.keys()
    return traits - (_SWITCHES | {"off-at-first"} if known & _SWITCHES else frozenset()) | known


def software_traits(provider: Provider) -> frozenset[str]:
    """What holds where servers of an organisation's own have greeted as this software, and nothing else is known."""
    return provider_traits(provider, "") & _OF_SOFTWARE
