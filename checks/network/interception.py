"""TLS opened on the way: do unrelated servers show certificates from one private issuer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Never

import msgspec

from checks.dns.names import related
from checks.network.evidence import in_trouble
from checks.reach.reach import ReachFacts
from checks.server.server import ServerFacts
from checks.tls.certificates import CertificateFacts, name_matches, read_certificate
from checks.tls.handshake import TlsFacts, openssl_code
from checks.tls.not_accepted import CHAIN_CODES
from checks.tls.unverified import unverified_handshake
from checks.web.web import WebFacts
from diagnose import providers
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.model import Check, Deadline, Facts, Finding, Inputs, Service, SkipCheck, Subject, Text, read, text
from diagnose.network import SHARED_SECONDS, Heard, in_background
from diagnose.process.first_use import made_once
from diagnose.running.context import Context

WITNESS_SECONDS = 4.0


class Interceptor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product that signs connections anew, by the names of its issuers."""

    product: str
    issuers: tuple[str, ...]
    """Parts of an issuer's name, lower case."""
    source: str


class PublicHost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public page whose certificate is asked for, to compare its issuer."""

    host: str
    operator: str


@made_once
def interceptors() -> tuple[Interceptor, ...]:
    """Those that are known. Raises KnowledgeError."""
    return load(KNOWLEDGE / "network" / "interceptors.yaml", tuple[Interceptor, ...])


@made_once
def public_hosts() -> tuple[PublicHost, ...]:
    """Those that may be asked. Raises KnowledgeError."""
    return load(KNOWLEDGE / "network" / "public-hosts.yaml", tuple[PublicHost, ...])


class ShownIssuer(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed what a host showed."""

    host: str
    issuer: str
    trusted: bool
    witness: bool = False
    """A public page, asked to compare."""


class InterceptionFacts(Facts, frozen=True, kw_only=True):
    """The issuers seen in this run."""

    shown: tuple[ShownIssuer, ...]


def probe_interception(_target: Subject, inputs: Inputs[TlsFacts], context: Context) -> InterceptionFacts:
    """Gather the issuers; ask a public page for its certificate only where one was not accepted."""
    shown = []
    for target, facts in inputs.each(TlsFacts):
        if not isinstance(target, Service):
            continue
        if facts.verified and facts.issuer:
            shown.append(ShownIssuer(host=target.host, issuer=facts.issuer, trusted=True))
        elif leaf := _unknown_issuer(facts, target.host):
            shown.append(ShownIssuer(host=target.host, issuer=leaf.issuer, trusted=False))
    if not shown:
        raise SkipCheck(text("no server showed a certificate"))
    if any(not one.trusted for one in shown) and context.third_party:
        limit = context.deadline.share(0.5, WITNESS_SECONDS)
        asked = [in_background(partial(_certificate_of, one.host, limit, context), one.host) for one in public_hosts()]
        shown += [found for one in asked if (found := one.result()) is not None]
    return InterceptionFacts(shown=tuple(dict.fromkeys(shown)))


def _unknown_issuer(facts: TlsFacts, host: str) -> CertificateFacts | None:
    """The leaf of a chain whose only fault is its unknown issuer; None where that tells nothing of an interceptor.

    A leaf that signed itself names no interceptor. One that names where its issuer's certificate lies comes from a
    public authority: the server left that certificate out.
    """
    chain = facts.explanation.chain if facts.explanation else ()
    if not chain or (openssl_code(facts.verify_code) and facts.verify_code not in CHAIN_CODES):
        return None
    leaf = chain[0]
    in_order = leaf.not_before <= facts.at <= leaf.not_after and name_matches(host, leaf.names)
    return leaf if in_order and not leaf.self_signed and not leaf.ca_issuers else None


def _certificate_of(host: str, limit: Deadline, context: Context) -> ShownIssuer | None:
    """What a page of the public shows here; of many runs one asks within `SHARED_SECONDS`."""

    def heard() -> Heard[ShownIssuer | None]:
        shown = _shown_by(host, limit, context)
        return Heard(shown, SHARED_SECONDS, for_others=shown is not None)

    return context.network.once_for_all(("public page", host), limit.share(0.5, WITNESS_SECONDS), heard)


def _shown_by(host: str, limit: Deadline, context: Context) -> ShownIssuer | None:
    try:
        stream = context.network.connect(host, 443, limit)
        try:
            _, ders = unverified_handshake(stream, host, legacy=False)
        finally:
            stream.abort()
    except OSError:
        return None
    leaf = read_certificate(ders[0]) if ders else None
    return ShownIssuer(host=host, issuer=leaf.issuer, trusted=False, witness=True) if leaf else None


def judge_interception(
    facts: InterceptionFacts, inputs: Inputs[ReachFacts | ServerFacts | TlsFacts | WebFacts], _target: Subject
) -> Iterator[Finding]:
    """One private issuer over hosts of different owners proves it; the name of a known product points there.

    A company's own authority signs for several of its names, but not for a page of the public.
    """
    for issuer in dict.fromkeys(one.issuer for one in facts.shown if not one.trusted and not one.witness):
        hosts = tuple(dict.fromkeys(one.host for one in facts.shown if one.issuer == issuer and not one.trusted))
        product = product_of(issuer)
        other_at_witness = any(one.witness and one.issuer != issuer for one in facts.shown)
        if (unrelated := _unrelated(hosts)) and not (other_at_witness and product is None):
            yield Finding(
                cause="network.tls-interception",
                certainty="confirmed",
                proof="one-private-issuer",
                text=text(
                    "The certificates of {hosts}, which have nothing to do with each other, all come from one private "
                    "issuer, {issuer}.",
                    hosts=unrelated,
                    issuer=issuer,
                ),
                data={"issuer": issuer, "product": product, "hosts": [*hosts]},
            )
        elif product:
            yield Finding(
                cause="network.tls-interception",
                certainty="likely",
                text=text(
                    "The certificate of {hosts} comes from {issuer}: so {product} signs the connections that it opens.",
                    hosts=hosts,
                    issuer=issuer,
                    product=product,
                ),
                data={"issuer": issuer, "product": product, "hosts": [*hosts]},
            )
    if not in_trouble(inputs):
        return  # what is trusted works; worth a word only where something does not
    for one in facts.shown:
        if one.trusted and (product := product_of(one.issuer)):
            yield Finding(
                cause="network.tls-interception",
                certainty="possible",
                text=text(
                    "{product} opens the connection to {host}, with an authority that this computer trusts.",
                    product=product,
                    host=one.host,
                ),
                data={"issuer": one.issuer, "product": product, "hosts": [one.host]},
            )
            return


def product_of(issuer: str) -> str | None:
    """The product that signs as *issuer*, an RFC 4514 string or alike."""
    name = issuer.casefold()
    return next((one.product for one in interceptors() if any(part in name for part in one.issuers)), None)


def _unrelated(hosts: tuple[str, ...]) -> tuple[str, ...]:
    """*hosts* where at least two of them belong to different owners."""
    for place, one in enumerate(hosts):
        for other in hosts[place + 1 :]:
            same_provider = set(providers.owners_of_host(one)) & set(providers.owners_of_host(other))
            if not related(one, other) and not same_provider:
                return hosts
    return ()


def _untold(facts: InterceptionFacts) -> Text | None:
    """Who signs with a private authority may stand in between; so does a known product that this computer trusts."""
    doubtful = [one.issuer for one in facts.shown if not one.trusted and not one.witness]
    doubtful += [one.issuer for one in facts.shown if one.trusted and product_of(one.issuer)]
    return text("nothing tells whose authority {issuer} is", issuer=doubtful[0]) if doubtful else None


def _shows(facts: InterceptionFacts, _inputs: Inputs[Never], _target: Subject) -> Mapping[str, str]:
    compared = next((one.host for one in facts.shown if one.witness), None)
    return {} if compared is None else {"witness": compared}


CHECK = Check(
    id="network.interception",
    family="network",
    title="Nobody opens the encrypted connections on the way",
    each=Subject,
    facts=InterceptionFacts,
    probe=probe_interception,
    judge=judge_interception,
    asks=("public_hosts",),
    untold=_untold,
    shows=_shows,
    needs=read(ReachFacts) | read(ServerFacts) | read(TlsFacts) | read(WebFacts),
)
