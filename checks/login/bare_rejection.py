"""A rejection that gives no reason: what may be behind it, by password, user name and the provider's rules."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from checks.credentials.password import WORDS, PasswordFacts
from diagnose import providers
from diagnose.model import Certainty, Finding, Inputs, Service, text

DOCUMENTED = "documented-and-rejected"

EXCLUDED = {
    "always": ("credentials.app-password-required", "credentials.oauth-required"),
    "app-password-only": ("credentials.oauth-required",),
    "never": ("credentials.app-password-required",),
}
"""What cannot be behind it, by which passwords the provider takes from mail programs."""


def judge_bare_rejection(
    rejected: Finding, hidden: list[Finding], inputs: Inputs, target: Service
) -> Iterator[Finding]:
    """*rejected* itself, and the deeper reasons for it, *hidden* ones that such replies can mean among them.

    While one of them is open, the password is not proven to be at fault.
    """
    deeper = deeper_reasons(hidden, inputs, target)
    if deeper and rejected.certainty == "confirmed":
        rejected = msgspec.structs.replace(rejected, certainty="likely")
    for finding in deeper:
        if finding.certainty == "likely":  # by what is documented, and by the answer
            yield from (finding, msgspec.structs.replace(rejected, cause=finding.cause, certainty="likely"))
    yield rejected
    yield from (finding for finding in deeper if finding.certainty != "likely")


def deeper_reasons(hidden: list[Finding], inputs: Inputs, target: Service) -> list[Finding]:
    """What may be behind a rejection without a reason: *hidden* reasons last, as far as nothing excludes them."""
    rules = _Rules(inputs, target)
    deeper = [*_of_username(inputs, rules), *_of_password(inputs), *_of_provider(rules, target)]
    excluded = EXCLUDED.get(rules.accepted, ()) if rules.sure("password.accepted") else ()
    known = {finding.cause for finding in deeper} | set(excluded)
    return deeper + [finding for finding in hidden if finding.cause not in known]


class _Rules:
    """What the provider whose server answered documents."""

    def __init__(self, inputs: Inputs, target: Service) -> None:
        owners = providers.owners_of_host(target.host)
        name = inputs.provider if inputs.provider in owners or not owners else providers.by_host(target.host)
        self.provider = providers.provider(name) if name else None
        self._theirs = bool(owners) or target.source == "provider"

    def sure(self, field: str) -> bool:
        """Whether *field* is documented, and of this very server."""
        return self.provider is not None and self._theirs and providers.is_sure(self.provider, field)

    @property
    def accepted(self) -> str:
        """Which passwords are taken from mail programs; empty where that is not known."""
        return (self.provider and self.provider.password.accepted) or ""


def _of_username(inputs: Inputs, rules: _Rules) -> Iterator[Finding]:
    """A bare name where an address is wanted; names with a Windows domain have their own form."""
    name = inputs.subject.username or ""
    if "@" in name or "\\" in name:
        return
    form = rules.provider.username.form if rules.provider and rules.sure("username.form") else None
    if form == "full-address":
        sentence = text("The user name {username} is not a full address, and this provider wants one.", username=name)
        yield Finding(
            cause="settings.username-format", certainty="likely", proof="documented-form-differs", text=sentence
        )
    elif form != "local-part":
        sentence = text("The user name {username} is not a full address, and many servers want one.", username=name)
        yield Finding(cause="settings.username-format", certainty="possible", text=sentence)


def _of_password(inputs: Inputs) -> Iterator[Finding]:
    facts = inputs.get(PasswordFacts)
    if facts is None:
        return
    for oddity in facts.oddities:
        yield Finding(
            cause="credentials.input-error",
            certainty="possible" if oddity == "caps_lock" else "confirmed",
            proof="seen-in-password",
            text=WORDS[oddity],
        )
    if facts.beyond_ascii and not facts.oddities:
        yield Finding(
            cause="credentials.input-error",
            certainty="possible",
            text=text(
                "The password holds characters beyond ASCII. It was sent in UTF-8, and servers that expect another "
                "encoding, or ASCII alone, take it for a wrong one."
            ),
        )


def _of_provider(rules: _Rules, target: Service) -> Iterator[Finding]:
    """What the provider's own documentation says of passwords and protocols."""
    if rules.provider is None:
        return
    documented: Certainty = "likely" if rules.sure("password.accepted") else "possible"
    data = {"provider": rules.provider.id}
    if rules.accepted == "never":
        yield Finding(
            cause="credentials.oauth-required",
            certainty=documented,
            text=text("This provider takes no passwords from mail programs."),
            data=data,
        )
    elif rules.accepted in {"app-password-only", "depends"}:
        yield Finding(
            cause="credentials.app-password-required",
            certainty=documented if rules.accepted == "app-password-only" else "possible",
            proof=DOCUMENTED,
            text=text("This provider wants an app password from mail programs, not the one for the web page."),
            data=data,
        )
    if target.protocol in (rules.provider.protocols.off_by_default or ()):
        yield Finding(
            cause="settings.protocol-disabled",
            certainty="possible",
            proof=DOCUMENTED,
            text=text("This provider keeps {protocol} switched off until it is asked for.", protocol=target.label),
            data=data,
        )
