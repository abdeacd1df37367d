"""The addresses that a run has seen to work, for steps that name the very page and server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from diagnose.knowledge.catalogue import LONGEST_FACT, PLACEHOLDERS, Catalogue
from diagnose.model import CheckResult
from diagnose.model.targets import host_of
from diagnose.verdict.verdict import Judgement


def seen_addresses(
    results: Iterable[CheckResult], judgement: Judgement, catalogue: Catalogue
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Pages and servers of this mail system, by placeholders: of named services, and of guessed ones.

    Each belongs to a service that *judgement* holds open by TLS, on a host without a cause of its own.
    Of several it is the first. None are told where the address or the provider may be the wrong one.
    """
    results = tuple(results)
    if _may_be_elsewhere(results, catalogue):
        return {}, {}
    doubtful = _doubtful_hosts(judgement, catalogue)
    trusted = [s for s in judgement.open_services if s.tls != "none" and s.host not in doubtful]
    named, guessed = dict[str, str](), dict[str, str]()
    for service in trusted:
        server = {f"{service.protocol}_server": f"{service.host}:{service.port}"}
        shown = [server, *(one.shown for one in results if one.target == service)]
        for known in shown:
            for name, words in known.items():
                if name in PLACEHOLDERS and isinstance(words, str) and 0 < len(words) <= LONGEST_FACT:
                    (named if service.named else guessed).setdefault(name, words)
    return named, guessed


def _may_be_elsewhere(results: Iterable[CheckResult], catalogue: Catalogue) -> bool:
    """Whether anything speaks for another mail system: a misspelt domain may be somebody's who waits for passwords."""
    findings = (finding for one in results for finding in one.findings)
    return any(one.data.get("mistaken") or catalogue[one.cause].family == "address" for one in findings)


def _doubtful_hosts(judgement: Judgement, catalogue: Catalogue) -> set[str]:
    """Hosts as a whole of which a cause is told: the account may lie on another one."""
    hosts = (
        host_of(seen.result.target)
        for cause in judgement.causes
        if catalogue[cause.id].scope == "host"
        for seen in cause.seen
        if not seen.finding.partial
    )
    return {host for host in hosts if host is not None}
