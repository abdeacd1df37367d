"""Whether an organisation runs its mail servers itself, by their names and by what they say when they greet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from diagnose import providers
from diagnose.model import CheckResult, Service
from diagnose.process.first_use import lazy_pattern

_GREETS_AS = lazy_pattern(r"220[ -]([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)\b")
"""The name that a server gives itself (RFC 5321 §4.2)."""
_REFUSAL = {"provider_name", "plain_rejection"}
_PRIVATE_NAMES = (".local", ".localdomain", ".lan", ".internal", ".home.arpa")
"""What servers call themselves that nobody gave a public name."""


def software_of_own_servers(results: Iterable[CheckResult], domain: str) -> str | None:
    """The id of the software that servers of *domain* greet as, where all names are within the domain.

    Hosting companies use the same software: their names show in MX records and greetings, and then it is None.
    """
    results = tuple(results)
    greetings = [
        (one.target.host, words)
        for one in results
        if isinstance(one.target, Service) and (words := one.shown.get("greeting"))
    ]
    named = [match[1] for _host, words in greetings if (match := _GREETS_AS.match(words))]
    exchangers = [host for one in results for host in one.shown.get("exchangers", "").split()]
    if any(not _is_within(name, domain) and not name.lower().endswith(_PRIVATE_NAMES) for name in named + exchangers):
        return None
    found = (providers.by_greeting(words) for host, words in greetings if _is_within(host, domain))
    return next((software for software in found if software is not None), None)


def usual_refusal(results: Iterable[CheckResult], domain: str, lang: providers.Language) -> Mapping[str, str]:
    """What a refusal without a reason often means to the software of own servers, by the names of placeholders."""
    software = software_of_own_servers(results, domain)
    known = providers.provider_facts(providers.provider(software), domain, lang) if software else {}
    return {name: known[name] for name in _REFUSAL} if known.keys() >= _REFUSAL else {}


def _is_within(host: str, domain: str) -> bool:
    name = host.lower().removesuffix(".")
    return name == domain or name.endswith("." + domain)
