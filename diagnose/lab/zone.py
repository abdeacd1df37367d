"""The estate's names, and the answers to questions about them (RFC 1034 §4.3.2, 2308, 6891)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from dnslib import EDNS0, OPCODE, QTYPE, RCODE, RR, DNSError, DNSLabel, DNSRecord

from diagnose.lab.scenario import AddressFamily, DnsState, Scenario, ServiceName, in_browsers

TTL = 60
UDP_SIZE = 1232
"""Bytes of the largest answer over UDP (DNS flag day 2020)."""
_PLAIN_UDP_SIZE = 512
_BADVERS = 16
_LONGEST_CHAIN = 8
_ADDRESSES: dict[AddressFamily, dict[str, tuple[str, ...]]] = {
    "ipv4": {"A": ("127.0.0.1",)},
    "ipv6": {"AAAA": ("::1",)},
    "ipv6-broken": {"A": ("127.0.0.1",), "AAAA": ("::1",)},
}


def record_sets(
    scenario: Scenario, ports: Mapping[ServiceName, int], own_address: str | None
) -> dict[str, tuple[str, ...]]:
    """The record sets of the mail domain, "owner TYPE" to data, as `Scenario.records` has them.

    *own_address*: the IPv4 address of the domain itself, in place of an MX record.
    """
    sets: dict[str, tuple[str, ...]] = {
        "@ SOA": ("ns postmaster 1 3600 600 86400 60",),
        "@ NS": ("ns",),
        "@ MX": ("10 mail",),
        "ns A": ("127.0.0.1",),
    }
    if own_address:
        sets |= {"@ MX": (), "@ A": (own_address,)}
    labels = {scenario.host_label(service) for service in scenario.services}
    for host in ["mail", *(f"{scenario.hosts[label]}." if label in scenario.hosts else label for label in labels)]:
        for kind, addresses in _ADDRESSES[scenario.family].items():
            sets[f"{host} {kind}"] = addresses
    for service in scenario.services:
        if not in_browsers(service):
            sets[f"_{service}._tcp SRV"] = (f"0 1 {ports[service]} {scenario.host(service)}.",)
    port_of = {str(service): port for service, port in ports.items()}
    own = {owner: tuple(data.format_map(port_of) for data in values) for owner, values in scenario.records.items()}
    return sets | own


class Zone:
    """Answers for the mail domain, its parent and the root itself, and refuses everything else.

    The root is there because any resolver that works knows it.
    """

    def __init__(self, domain: str, sets: Mapping[str, tuple[str, ...]], state: DnsState) -> None:
        """The record sets *sets* at and below *domain*; the state ``nxdomain`` has no record sets."""
        self._state = state
        self._domain = DNSLabel(domain)
        self._parent = DNSLabel(domain.partition(".")[2])
        self._root = DNSLabel("")
        lines = []
        for apex, server in ((self._root, "a.root-servers.net."), (self._parent, f"ns.{self._parent}")):
            lines += [f"{apex} SOA {server} postmaster.{self._parent} 1 3600 600 86400 60", f"{apex} NS {server}"]
        if state != "nxdomain":
            lines += [f"{key} {data}" for key, values in sets.items() for data in values]
        sets_by_name: defaultdict[tuple[DNSLabel, int], list[RR]] = defaultdict(list)
        for record in RR.fromZone("\n".join(lines) + "\n", origin=f"{domain}.", ttl=TTL):
            sets_by_name[record.rname, record.rtype].append(record)
        self._sets = dict(sets_by_name)

    def respond(self, packet: bytes, limited: bool) -> bytes | None:
        """The answer to *packet*; *limited* (over UDP) it is cut down to what the asker can take. None: no answer."""
        try:
            query = DNSRecord.parse(packet)
        except DNSError:
            return None
        if query.header.qr or len(query.questions) != 1 or self._state == "silent":
            return None
        opt = next((record for record in query.ar if record.rtype == QTYPE.OPT), None)
        reply = query.reply()
        if opt is None:
            self._answer(query, reply)
        else:
            version = opt.ttl >> 16 & 0xFF
            reply.add_ar(EDNS0(udp_len=UDP_SIZE, ext_rcode=_BADVERS >> 4 if version else 0))
            if not version:
                self._answer(query, reply)
        packed = bytes(reply.pack())
        if limited and len(packed) > (
            _PLAIN_UDP_SIZE if opt is None else max(_PLAIN_UDP_SIZE, min(opt.rclass, UDP_SIZE))
        ):
            reply.rr, reply.auth, reply.header.tc = [], [], 1
            packed = bytes(reply.pack())
        return packed

    def _answer(self, query: DNSRecord, reply: DNSRecord) -> None:
        name, kind = query.q.qname, query.q.qtype
        if query.header.opcode != OPCODE.QUERY:
            reply.header.rcode = RCODE.NOTIMP
        elif self._state == "refused" or not (name == self._root or name.matchSuffix(self._parent)):
            reply.header.aa = 0
            reply.header.rcode = RCODE.REFUSED
        elif name.matchSuffix(self._domain) and (
            self._state == "servfail" or (self._state == "bogus" and not query.header.cd)
        ):
            reply.header.aa = 0
            reply.header.rcode = RCODE.SERVFAIL
        else:
            self._look_up(name, kind, reply)

    def _look_up(self, name: DNSLabel, kind: int, reply: DNSRecord) -> None:
        for _ in range(_LONGEST_CHAIN):
            found = self._sets.get((name, kind), [])
            alias = [] if found else self._sets.get((name, QTYPE.CNAME), [])
            reply.add_answer(*found, *alias)
            if found:
                return
            if not alias:
                break
            name = alias[0].rdata.label
        if not self._exists(name):
            reply.header.rcode = RCODE.NXDOMAIN
        reply.add_auth(*self._start_of_authority(name))

    def _exists(self, name: DNSLabel) -> bool:
        """Whether there is anything at *name* or below it (RFC 8020)."""
        return any(owner.matchSuffix(name) for owner, _ in self._sets)

    def _start_of_authority(self, name: DNSLabel) -> list[RR]:
        """The SOA record of the zone that *name* belongs to."""
        records = (self._sets.get((apex, QTYPE.SOA)) for apex in (self._domain, self._parent) if name.matchSuffix(apex))
        return next(filter(None, records), self._sets[self._root, QTYPE.SOA])
