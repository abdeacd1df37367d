"""The DNS tree of an estate: a signed root, signed top-level zones and a zone for each mail domain."""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Iterator

import dns.dnssec
import dns.name
import dns.rdataset
import dns.rdatatype
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from .plan import ANNOUNCED, PORTS, MailDomain, Placed, Plan

TTL = 300
APEX = f"@ {TTL} IN SOA a.root. hostmaster.root. 1 7200 3600 1209600 {TTL}\n@ {TTL} IN NS a.root.\n"
SEP = 0x0101  # DNSKEY flags: zone key and secure entry point (RFC 4034 §2.1.1)


class Key:
    """A DNSSEC key pair that signs a whole zone by itself."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.public: DNSKEY = dns.dnssec.make_dnskey(self.private.public_key(), Algorithm.ECDSAP256SHA256, flags=SEP)

    def ds(self, zone: str) -> str:
        """The text of the DS record by which the parent vouches for this key (RFC 4034 §5)."""
        return dns.dnssec.make_ds(dns.name.from_text(zone), self.public, "SHA256").to_text()


def _signed(name: str, records: str, key: Key, *, until: int = 30) -> str:
    """Master file of the zone, with signatures that hold for *until* days."""
    zone = dns.zone.from_text(records, origin=name, relativize=False)
    now = datetime.datetime.now(datetime.UTC)
    dns.dnssec.sign_zone(
        zone,
        keys=[(key.private, key.public)],
        inception=now - datetime.timedelta(days=40),
        expiration=now + datetime.timedelta(days=until),
    )
    return zone.to_text(relativize=False)


def _address_records(placed: Placed) -> Iterator[str]:
    for address in placed.addresses:
        yield f"{placed.name}. {TTL} IN {'A' if address.version == 4 else 'AAAA'} {address}"


def _mail_records(domain: MailDomain) -> Iterator[str]:
    exchanger = domain.serving("smtp")
    if domain.mx and exchanger is not None:
        yield f"@ {TTL} IN MX 10 {domain.host_name(exchanger)}."
    for service in ANNOUNCED if domain.announces is None else domain.announces:
        host = domain.serving(service)
        if host is not None:
            yield f"_{service}._tcp {TTL} IN SRV 0 1 {PORTS[service]} {domain.host_name(host)}."


def _delegation(domain: MailDomain, plan: Plan) -> list[str]:
    if domain.security == "lame":
        return [
            f"{domain.name}. {TTL} IN NS ns.{domain.name}.",
            f"ns.{domain.name}. {TTL} IN A {plan.lame_server.ip}",
        ]
    return [f"{domain.name}. {TTL} IN NS a.root."]


class Tree:
    """All zones as master files, and the key that a validating resolver has to trust."""

    def __init__(self, plan: Plan) -> None:
        self.files: dict[str, str] = {}
        """Master file by zone name."""
        hosts = list(plan.placed())
        delegations: dict[str, list[str]] = {}
        for domain in plan.domains:
            top_level = delegations.setdefault(domain.name.rpartition(".")[2], [])
            top_level += _delegation(domain, plan)
            if domain.security == "lame":
                continue
            own = [one for placed in hosts if placed.domain is domain for one in _address_records(placed)]
            further = inspect.cleandoc(domain.records)
            records = "\n".join([f"$TTL {TTL}", APEX, *own, *_mail_records(domain), further, ""])
            if domain.security != "unsigned":
                key = Key()
                records = _signed(domain.name, records, key, until=-10 if domain.security == "expired" else 30)
                vouched = Key() if domain.security == "bogus" else key
                top_level.append(f"{domain.name}. {TTL} IN DS {vouched.ds(domain.name)}")
            self.files[domain.name] = records
        addresses = [f"a.root. {TTL} IN {'A' if a.version == 4 else 'AAAA'} {a.ip}" for a in plan.name_server]
        root_records = [APEX, *addresses]
        for name, records_below in delegations.items():
            key = Key()
            self.files[name] = _signed(name, "\n".join([APEX, *records_below, ""]), key)
            root_records += [f"{name}. {TTL} IN NS a.root.", f"{name}. {TTL} IN DS {key.ds(name)}"]
        root = Key()
        self.files["."] = _signed(".", "\n".join([*root_records, ""]), root)
        self.trust_anchor = f". IN DS {root.ds('.')}"
        self.hints = "\n".join([f". {TTL} IN NS a.root.", *addresses, ""])
