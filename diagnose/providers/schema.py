"""The shape of one provider's file: every field but id and names is optional, every value has a source.

A mail administrator reads and corrects these files. So fields have the names that mail people use, and values are
plain words. Nothing here talks to a network.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from diagnose.knowledge.part import KnowledgePart
from diagnose.locale.language import Language
from diagnose.model.protocols import BY_NAME, ProtocolName, TlsMode

Accepted = Literal["always", "app-password-only", "depends", "never"]
UsernameForm = Literal["full-address", "local-part", "other"]
ResetMethod = Literal[
    "admin-approval",
    "authenticator-app",
    "backup-email",
    "mail-contacts",
    "other-signed-in-device",
    "phone",
    "recovery-contact",
    "security-question",
    "security-token",
    "wechat",
]
CharacterClass = Literal["upper", "lower", "digit", "special"]
Kind = Literal["enterprise", "consumer", "both", "software"]
WhoEnables = Literal["user", "admin", "both", "nobody"]
"""``nobody``: it is always on, and no setting holds a switch."""
LockScope = Literal["account", "client-address"]
Origin = Literal["generated", "chosen", "standing"]
"""``generated``: the provider makes one each time; ``chosen``: the person thinks it up; ``standing``: there is one, and
it can be read again."""


class Words(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"zh_hans": "zh-Hans", "zh_hant": "zh-Hant"},
):
    """One short text in each language a report may be in."""

    en: str
    zh_hans: str | None = None
    zh_hant: str | None = None

    def in_language(self, lang: Language) -> str:
        """The text in *lang*; in English where it is not translated."""
        match lang:
            case "zh-Hans":
                return self.zh_hans or self.en
            case "zh-Hant":
                return self.zh_hant or self.en
            case "en":
                return self.en


Label = str | Words
"""Plain words in one language, such as a menu path of the provider's own pages; or one text in each language."""


def in_language(label: Label, lang: Language) -> str:
    """The words of *label* in *lang*; as they stand where they are in one language alone."""
    return label.in_language(lang) if isinstance(label, Words) else label


class Server(KnowledgePart, frozen=True, kw_only=True):
    """A server that mail programs log in to."""

    protocol: ProtocolName
    host: str
    """A host name, or a template: ``{domain}`` is the mail domain; ``{server}`` is each site's own choice."""
    port: int
    path: str | None = None
    """Of a protocol that is spoken in HTTP, where it is not the registered one."""
    tls: TlsMode
    """``none`` is kept as knowledge (people ask about it) and never handed out."""
    domains: tuple[str, ...] = ()
    """Address domains that have this server instead of the provider's general one for the protocol."""
    edition: Label | None = None
    """The region, edition or age this server is for; such a server is never handed out unasked."""
    unsure: bool = False
    """Whether it rests on memory or on a weak source; such a server is no better than a guess."""

    def __post_init__(self) -> None:
        """Raises ValueError for the page that people open, which is no server of mail programs."""
        if "web" in BY_NAME[self.protocol].ways:
            raise ValueError(f"{self.protocol} is not for mail programs; its page stands beside the servers")


class UsernameRule(KnowledgePart, frozen=True, kw_only=True):
    """What to type as user name for one protocol, where that differs."""

    protocol: ProtocolName
    form: UsernameForm


class Username(KnowledgePart, frozen=True, kw_only=True):
    """What to type as user name."""

    form: UsernameForm | None = None
    by_protocol: tuple[UsernameRule, ...] = ()
    note: Label | None = None

    def for_protocol(self, protocol: str) -> UsernameForm | None:
        """The form for *protocol*: its own rule, or else the general one."""
        return next((rule.form for rule in self.by_protocol if rule.protocol == protocol), self.form)


class AppPassword(KnowledgePart, frozen=True, kw_only=True):
    """A second password that only mail programs use; each provider has its own word for it."""

    name: Label | None = None
    length: int | None = None
    format: str | None = None
    where: Label | None = None
    """Menu path."""
    page: str | None = None
    needs: Words | None = None
    valid_days: int | None = None
    """After how many days it ends by itself; absent: never, or not known."""
    origin: Origin | None = None
    shown_once: bool | None = None
    """Whether it can be read only while it is made."""
    ends_with_password: bool | None = None
    """Whether a change of the account's password ends it, too."""
    note: Label | None = None


class PasswordRule(KnowledgePart, frozen=True, kw_only=True):
    """Whether one protocol takes the mailbox's own password, where that differs."""

    protocol: ProtocolName
    accepted: Accepted
    until: str | None = None
    """ISO 8601 date on which that ends."""
    note: Label | None = None


class Password(KnowledgePart, frozen=True, kw_only=True):
    """Whether a mail program may log in with the mailbox's own password."""

    accepted: Accepted | None = None
    by_protocol: tuple[PasswordRule, ...] = ()
    note: Label | None = None
    app_password: AppPassword = AppPassword()

    def accepted_by(self, protocol: str) -> Accepted | None:
        """Which passwords *protocol* takes: by its own rule, or else by the general one."""
        return next((rule.accepted for rule in self.by_protocol if rule.protocol == protocol), self.accepted)


class OAuth2(KnowledgePart, frozen=True, kw_only=True):
    """Whether IMAP, POP3 and SMTP take OAuth 2 tokens (XOAUTH2, RFC 7628)."""

    accepted: Literal["always", "depends", "never"] | None = None
    scopes: tuple[str, ...] = ()
    note: Label | None = None


class SwitchRule(KnowledgePart, frozen=True, kw_only=True):
    """Who switches one protocol on, where that differs."""

    protocol: ProtocolName
    who_enables: WhoEnables
    domains: tuple[str, ...] = ()
    """Address domains that this holds for; empty: all."""


class Protocols(KnowledgePart, frozen=True, kw_only=True):
    """Which protocols are off until a person switches them on, and where that is done."""

    off_by_default: tuple[ProtocolName, ...] | None = None
    """An empty list says that all are on; absent is not known."""
    who_enables: WhoEnables | None = None
    by_protocol: tuple[SwitchRule, ...] = ()
    where_user: Label | None = None
    where_admin: tuple[Label, ...] = ()
    note: Label | None = None

    def enabled_by(self, protocol: str | None, domain: str) -> WhoEnables | None:
        """Who switches *protocol* on for addresses at *domain*: by its own rule, or else by the general one."""
        own = (
            rule.who_enables
            for rule in self.by_protocol
            if rule.protocol == protocol and (not rule.domains or domain in rule.domains)
        )
        return next(own, self.who_enables)


class SelfReset(KnowledgePart, frozen=True, kw_only=True):
    """How people reset a forgotten password themselves."""

    page: str | None = None
    methods: tuple[ResetMethod, ...] = ()
    appeal: str | None = None
    """Address of the page for people who have lost all that proves who they are."""
    note: Label | None = None


class AdminSteps(KnowledgePart, frozen=True, kw_only=True):
    """A menu path for administrators, where it matters with the edition it belongs to."""

    steps: Label
    edition: Label | None = None


class Admin(KnowledgePart, frozen=True, kw_only=True):
    """What the customer's own administrator can do."""

    console: str | None = None
    reset: tuple[AdminSteps, ...] = ()
    unlock: Label | None = None
    bind: Label | None = None
    """Menu path to bind an address to an account or member."""
    unbind: Label | None = None
    note: Label | None = None


class PasswordPolicy(KnowledgePart, frozen=True, kw_only=True):
    """What the provider demands of a new password."""

    min: int | None = None
    max: int | None = None
    classes_required: int | None = None
    classes: tuple[CharacterClass, ...] = ()
    not_contain_account: bool | None = None
    history: int | None = None
    valid_days: int | None = None
    """After how many days it has to be changed; absent: never, or not known."""
    note: Label | None = None


class Lockout(KnowledgePart, frozen=True, kw_only=True):
    """What happens after wrong passwords."""

    attempts: int | None = None
    scope: LockScope | None = None
    captcha_after: int | None = None
    duration: Words | None = None
    unlock: Words | None = None
    pause: Words | None = None
    """How long it shuts out programs that ask too often or fetch too much, whatever the password."""
    message: str | None = None
    """What the person sees."""
    admin_can_end: bool | None = None
    """False where a lock ends by time or the person's own reset alone."""
    note: Label | None = None


class StatusPage(KnowledgePart, frozen=True, kw_only=True):
    """Where the provider says that something is down."""

    page: str | None = None
    api: str | None = None
    note: Label | None = None


class Support(KnowledgePart, frozen=True, kw_only=True):
    """Who helps."""

    phone: str | None = None
    page: str | None = None


class Reference(KnowledgePart, frozen=True, kw_only=True):
    """Where values come from, and when they were last checked."""

    ref: str
    covers: tuple[str, ...]
    """Field names of this file."""
    checked: str
    """ISO 8601 date."""
    as_of: str | None = None
    """The ISO 8601 year, month or date that the source itself names: such a value is as old as that."""
    note: str | None = None


class Provider(KnowledgePart, frozen=True, kw_only=True):
    """All that is known about one mail provider or mail server product."""

    id: str
    names: Words
    aliases: tuple[str, ...] = ()
    kind: Kind | None = None
    """``software``: a product people run themselves; host names and rules are each site's own."""
    built_on: tuple[Literal["dovecot", "postfix"], ...] = ()
    """Of software: the free servers that it is made of, whose own commands hold there, too."""
    by_files: bool = False
    """Of software: whether administrators work with configuration files and commands, since it has no console."""
    sign_in_pages: Literal["entra"] | None = None
    """Whose sign-in pages an organisation's people meet, where steps may quote these pages' own words."""
    greetings: tuple[str, ...] = ()
    """Of software: words by which its servers name it when they greet, in small letters."""
    domains: tuple[str, ...] = ()
    """Address domains. ``*.example.com`` stands for every domain below example.com, not for itself."""
    mx: tuple[str, ...] = ()
    """MX host names, or what they end in, at whole labels; the longest one of all providers wins."""
    mx_note: Label | None = None
    spf: tuple[str, ...] = ()
    """Names that customers include in their SPF record (RFC 7208 §5.2)."""
    autodiscover: tuple[str, ...] = ()
    """Names, or what they end in, that a customer's ``autodiscover`` or ``autoconfig`` name is an alias of."""
    servers: tuple[Server, ...] = ()
    """Preferred ones first within a protocol."""
    webmail: str | None = None
    webmail_by_domain: dict[str, str] = msgspec.field(default_factory=dict)
    """Address domains that sign in on a page of their own."""
    webmail_others: tuple[str, ...] = ()
    username: Username = Username()
    password: Password = Password()
    oauth2: OAuth2 = OAuth2()
    protocols: Protocols = Protocols()
    reset: SelfReset = SelfReset()
    admin: Admin = Admin()
    password_policy: PasswordPolicy = PasswordPolicy()
    lockout: Lockout = Lockout()
    mfa: Label | None = None
    status: StatusPage = StatusPage()
    support: Support = Support()
    untested: tuple[str, ...] = ()
    """Names of protocols that its mail programs speak beside those that checks speak, such as those of phones."""
    browsers: Words | None = None
    rejection: tuple[Label, ...] = ()
    """What a refusal of name and password without a reason often means here: sentences, likeliest first."""
    quirks: tuple[Label, ...] = ()
    """What makes logins fail here and nowhere else."""
    reports: tuple[Label, ...] = ()
    """Like quirks, but told by a single or weak source."""
    unsure: tuple[str, ...] = ()
    """Dotted field names whose value rests on memory or on a weak source."""
    sources: tuple[Reference, ...] = ()
