"""What may be behind a rejection that gives no reason. Policy: it is asked before there is any judgement, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Never

import msgspec

from checks.credentials.password import Oddity, PasswordFacts
from diagnose import providers
from diagnose.model import Certainty, Inputs, Service

EXCLUDED = {
    "always": ("credentials.app-password-required", "credentials.oauth-required"),
    "app-password-only": ("credentials.oauth-required",),
    "never": ("credentials.app-password-required",),
}
"""What cannot be behind it, by which passwords the provider takes from mail programs."""
DOCUMENTED = "documented-and-rejected"

Seen = Literal[
    "form_differs",
    "no_address",
    "beyond_ascii",
    "takes_no_passwords",
    "wants_app_password",
    "may_want_app_password",
    "switched_off_at_first",
]


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One cause that may be behind it."""

    cause: str
    certainty: Certainty
    """*likely* by what is documented and by the answer; *confirmed* by what was seen in the password."""
    seen: Seen | Oddity
    """What speaks for it."""
    proof: str = ""
    """Which proof of the catalogue it has."""
    provider: str | None = None
    """The id of the provider whose documentation says it."""


class Reasons(msgspec.Struct, frozen=True, kw_only=True):
    """What is open, the user name's reasons first, and what is not."""

    found: tuple[Reason, ...]
    excluded: tuple[str, ...]
    """Causes that cannot be behind it, by what the provider documents."""


def reasons_behind(inputs: Inputs[PasswordFacts], target: Service) -> Reasons:
    """What may be behind a bare rejection by *target*, by password, user name and the provider's rules."""
    rules = _Rules(inputs, target)
    return Reasons(
        found=(*_of_username(inputs, rules), *_of_password(inputs), *_of_provider(rules, target)),
        excluded=EXCLUDED.get(rules.accepted, ()) if rules.sure("password.accepted") else (),
    )


class _Rules:
    """What the provider whose server answered documents."""

    def __init__(self, inputs: Inputs[Never], target: Service) -> None:
        owners = providers.owners_of_host(target.host)
        name = inputs.provider if inputs.provider in owners or not owners else providers.by_host(target.host)
        self.provider = providers.provider(name) if name else None
        self._theirs = bool(owners) or target.source == "provider"
        self._protocol = target.protocol

    def sure(self, field: str) -> bool:
        """Whether *field* is documented, and of this very server."""
        return self.provider is not None and self._theirs and providers.is_sure(self.provider, field)

    @property
    def accepted(self) -> str:
        """Which passwords the protocol takes from mail programs; empty where that is not known."""
        return (self.provider and self.provider.password.accepted_by(self._protocol)) or ""

    @property
    def form(self) -> str | None:
        """What to type as user name for the protocol; None where that is not known."""
        return self.provider.username.for_protocol(self._protocol) if self.provider else None


def _of_username(inputs: Inputs[Never], rules: _Rules) -> Iterator[Reason]:
    """A bare name where an address is wanted; names with a Windows domain have their own form."""
    name = inputs.subject.username or ""
    if "@" in name or "\\" in name:
        return
    cause = "settings.username-format"
    form = rules.form if rules.sure("username.form") else None
    if form == "full-address":
        yield Reason(cause=cause, certainty="likely", proof="documented-form-differs", seen="form_differs")
    elif form != "local-part":
        yield Reason(cause=cause, certainty="possible", seen="no_address")


def _of_password(inputs: Inputs[PasswordFacts]) -> Iterator[Reason]:
    facts = inputs.get(PasswordFacts)
    if facts is None:
        return
    cause = "credentials.input-error"
    for oddity in facts.oddities:
        sure: Certainty = "possible" if oddity == "caps_lock" else "confirmed"
        yield Reason(cause=cause, certainty=sure, proof="seen-in-password", seen=oddity)
    if facts.beyond_ascii and not facts.oddities:
        yield Reason(cause=cause, certainty="possible", seen="beyond_ascii")


def _of_provider(rules: _Rules, target: Service) -> Iterator[Reason]:
    """What the provider's own documentation says of passwords and protocols."""
    if rules.provider is None:
        return
    name = rules.provider.id
    documented: Certainty = "likely" if rules.sure("password.accepted") else "possible"
    if rules.accepted == "never":
        cause = "credentials.oauth-required"
        yield Reason(cause=cause, certainty=documented, seen="takes_no_passwords", provider=name)
    elif rules.accepted in {"app-password-only", "depends"}:
        certainty: Certainty = documented if rules.accepted == "app-password-only" else "possible"
        yield Reason(
            cause="credentials.app-password-required",
            certainty=certainty,
            proof=DOCUMENTED,
            seen="wants_app_password" if certainty == "likely" else "may_want_app_password",
            provider=name,
        )
    if target.protocol in (rules.provider.protocols.off_by_default or ()):
        cause = "settings.protocol-disabled"
        yield Reason(cause=cause, certainty="possible", proof=DOCUMENTED, seen="switched_off_at_first", provider=name)
