"""The provider: do the settings point where the mail of the domain goes?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from checks.dns.domain import DomainFacts
from diagnose import providers
from diagnose.discovery import Discovered
from diagnose.model import Check, Facts, Finding, Inputs, Subject, Text, need, read, text
from diagnose.replies import same_house
from diagnose.running.context import Context


class ProviderFacts(Facts, frozen=True, kw_only=True):
    """Which provider takes the domain's mail, and whose servers are set up."""

    by_mx: str | None
    by_host: dict[str, str]
    """Server name to provider id, for servers that were set up and whose owner is known."""
    filtered_by: str = ""
    """Who takes the mail and hands it on to the provider, whom that hides."""
    forwarded_by: str = ""
    """Who takes the mail and sends it on to a mailbox elsewhere."""


def probe_provider(_target: Subject, inputs: Inputs[Discovered | DomainFacts], _context: Context) -> ProviderFacts:
    """Recognise both sides; no I/O. What the domain itself tells mail programs counts, whether or not it was used."""
    domain = inputs[DomainFacts]
    told = [s for s in inputs.services if s.source == "option"]
    if discovered := inputs.get(Discovered):
        told += [s for one in discovered.sources if one.source in {"srv", "autoconfig"} for s in one.services]
    owners = {service.host: providers.by_host(service.host) for service in told}
    exchanges = [record.exchange for record in domain.records if record.exchange]
    relay = providers.relay_among(exchanges)
    return ProviderFacts(
        by_mx=providers.by_mx(exchanges),
        by_host={host: owner for host, owner in owners.items() if owner},
        filtered_by=relay.name if relay and relay.kind == "filter" else "",
        forwarded_by=relay.name if relay and relay.kind == "forwarding" else "",
    )


def judge_provider(facts: ProviderFacts, inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Do the settings point where the mail goes, and is there a mailbox?"""
    if facts.forwarded_by and not any("reading" in service.ways for service in inputs.services):
        yield Finding(
            cause="activation.mailbox-missing",
            certainty="possible",
            text=text(
                "Mail for {domain} goes to {service}, which sends it on to a mailbox elsewhere. "
                "The login is that of the mailbox, not {domain}'s.",
                domain=inputs.subject.domain,
                service=facts.forwarded_by,
            ),
        )
    for host, owner in facts.by_host.items():
        if facts.by_mx is not None:
            if owner == facts.by_mx or facts.by_mx in providers.owners_of_host(host):
                continue
            yield Finding(
                cause="dns.wrong-provider",
                certainty="possible" if same_house(owner, facts.by_mx) else "likely",
                text=text(
                    "The settings name {host} ({owner}), but mail for {domain} goes to another provider ({mx}).",
                    host=host,
                    owner=owner,
                    domain=inputs.subject.domain,
                    mx=facts.by_mx,
                ),
                data={"mistaken": owner},
                hosts=_servers_of(owner, host, inputs),
            )
        elif _only_of_its_own(owner, inputs):
            yield Finding(
                cause="dns.wrong-provider",
                certainty="likely",
                text=text(
                    "The settings name {host} ({owner}). That provider has mailboxes of its own domains only, and "
                    "{domain} is none of them.",
                    host=host,
                    owner=owner,
                    domain=inputs.subject.domain,
                ),
                data={"mistaken": owner},
                hosts=_servers_of(owner, host, inputs),
            )


def _servers_of(owner: str, host: str, inputs: Inputs[Never]) -> tuple[str, ...]:
    """*host* and the other servers of its *owner*: what these say of an account follows from the mistake."""
    others = (s.host for s in inputs.services if owner in providers.owners_of_host(s.host))
    return tuple(dict.fromkeys((host, *others)))


def _only_of_its_own(owner: str, inputs: Inputs[Never]) -> bool:
    """Whether a mailbox of this address cannot be at *owner*, whose customers are private people."""
    if providers.provider(owner).kind != "consumer":
        return False
    domains = {inputs.subject.domain, (inputs.subject.username or "").rpartition("@")[2].lower()}
    return all(providers.by_domain(domain) != owner for domain in domains)


def _untold(facts: ProviderFacts) -> Text | None:
    if facts.by_mx is None and facts.filtered_by:
        return text(
            "{service} takes the mail and hands it on, so that the MX tells no provider", service=facts.filtered_by
        )
    if facts.by_mx is None:
        return text("which provider takes the mail is not known")
    return None if facts.by_host else text("no settings name a known provider's server")


CHECK = Check(
    id="dns.provider",
    family="dns",
    title="The settings point at the provider that takes the mail of {domain}",
    each=Subject,
    facts=ProviderFacts,
    probe=probe_provider,
    judge=judge_provider,
    untold=_untold,
    rules_out=("dns.wrong-provider",),
    needs=need(DomainFacts) | read(Discovered),
)
