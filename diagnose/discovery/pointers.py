"""Where a domain's own DNS says that its mailboxes are, when another takes its mail: the provider behind a filter.

Customers of a provider make ``autodiscover`` or ``autoconfig`` an alias of its name. Or an SRV record names it
([MS-OXDISCO] §3.1.5.3). Those names stay when a filter is put before the mailboxes. Who may send for the domain (SPF,
RFC 7208) says less, and counts only behind a known filter.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from diagnose import providers
from diagnose.discovery import autodiscover, provider
from diagnose.discovery.facts import SourceResult
from diagnose.discovery.provider import certain
from diagnose.model.deadline import Deadline
from diagnose.network import DnsAnswer, Network, RecordType, mx_records, srv_records

ALIASES = ("autodiscover", "autoconfig")
INCLUDES = ("include:", "redirect=")
"""How an SPF record names another's (RFC 7208 §5.2, §6.1)."""


def asked(domain: str) -> str:
    """The names in question."""
    return f"CNAME {', '.join(f'{label}.{domain}' for label in ALIASES)}, SRV {autodiscover.srv_name(domain)}"


def ask(domain: str, network: Network, deadline: Deadline) -> SourceResult:
    """The provider that the domain's names are handed to, unless a service takes its mail that only sends it on."""
    mx = network.resolver.query(domain, "MX", deadline)
    if not certain(mx):  # nor would these questions be answered, by a name server that is silent
        return SourceResult(source="autodiscover", status="failed", asked=asked(domain), text=mx.text or mx.status)
    relay = providers.relay_among(record.exchange for record in mx_records(mx) if record.exchange)
    if relay is not None and relay.kind == "forwarding":
        return SourceResult(
            source="autodiscover", status="nothing", asked=asked(domain), text=f"{relay.name} only sends mail on"
        )
    questions: list[tuple[str, RecordType]] = [(f"{label}.{domain}", "CNAME") for label in ALIASES]
    questions.append((autodiscover.srv_name(domain), "SRV"))
    *aliases, located = network.resolver.query_all(questions, deadline)
    targets = [*(name for one in aliases for name in one.records), *(one.target for one in srv_records(located))]
    if (known := next(filter(None, map(providers.by_alias, targets)), None)) is not None:
        return _found(known, domain, ", ".join(targets))
    if relay is not None:
        included = tuple(_included(network.resolver.query(domain, "TXT", deadline)))
        if (known := providers.by_spf(included)) is not None:
            return _found(known, domain, f"{relay.name}; SPF: {', '.join(included)}")
    return SourceResult(source="autodiscover", status="nothing", asked=asked(domain), text=", ".join(targets))


def _found(known: str, domain: str, words: str) -> SourceResult:
    return msgspec.structs.replace(provider.of(known, domain, asked(domain)), source="autodiscover", text=words)


def _included(answer: DnsAnswer) -> Iterator[str]:
    """The names that the SPF record among the TXT records of *answer* includes."""
    for record in answer.records:
        words = record.replace('" "', "").strip('"').lower().split()
        if words[:1] == ["v=spf1"]:
            terms = (word.lstrip("+") for word in words)
            yield from (term.removeprefix(how) for term in terms for how in INCLUDES if term.startswith(how))
