"""What name servers answer, read by dnspython: whatever is not plain."""

from __future__ import annotations

from functools import cached_property

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.SOA
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.rdtypes.IN.SRV
import dns.rrset

from diagnose.network.answers import Heard
from diagnose.network.asking import Unread
from diagnose.network.question import EDNS_PAYLOAD, NUMBERS, Question, RecordType
from diagnose.network.resolver import FAILURE_SECONDS, MOST_RECORDS, DnsAnswer, DnsStatus, Nameserver


class ByLibrary:
    """What *server* answers to *question*: the code, and what it says."""

    def __init__(self, question: Question, server: Nameserver) -> None:
        self._question = question
        self._server = server

    @cached_property
    def _query(self) -> dns.message.QueryMessage:
        return _as_sent(self._question)

    def by_datagram(self, data: bytes, *, strays: bool) -> tuple[int, Heard[DnsAnswer]] | Unread:
        """What the datagram *data* says. With *strays* what is no answer is passed over. Raises DNSException."""
        try:
            reply = dns.message.from_wire(data, raise_on_truncation=True)
        except dns.message.Truncated as cut:
            if not strays or self._query.is_response(cut.message()):  # type: ignore[no-untyped-call]  # the library's
                return "longer"
            return "stray"
        except Exception:  # of many types
            if not strays:
                raise
            return "stray"
        if self._query.is_response(reply):
            return self._read(reply)
        if not strays:
            raise dns.query.BadResponse
        return "stray"

    def by_stream(self, data: bytes) -> tuple[int, Heard[DnsAnswer]]:
        """What the message *data*, by TCP, says. Raises DNSException."""
        reply = dns.message.from_wire(data)
        if not self._query.is_response(reply):
            raise dns.query.BadResponse
        return self._read(reply)

    def _read(self, reply: dns.message.Message) -> tuple[int, Heard[DnsAnswer]]:
        """What *reply* says, to be handed on for as long as its records and its SOA say (RFC 2308 §5)."""
        return reply.rcode(), _told(reply, self._question.name, self._question.record_type, self._server)


def _as_sent(question: Question) -> dns.message.QueryMessage:
    """*question* as the library has it, as far as answers are held against it: to read it back takes as long as those.

    Its flags, its size and its number are those that were sent (`Question.written`).
    """
    query = dns.message.QueryMessage(id=question.number)
    query.flags = dns.flags.RD | (dns.flags.CD if question.checking_disabled else dns.flags.Flag(0))
    if question.edns:
        query.use_edns(0, payload=EDNS_PAYLOAD)
    name = dns.name.Name((*(question.name.encode("ascii").split(b".") if question.name else ()), b""))
    kind = dns.rdatatype.RdataType(NUMBERS[question.record_type])
    query.question.append(dns.rrset.RRset(name, dns.rdataclass.IN, kind))
    return query


def _told(reply: dns.message.Message, name: str, record_type: RecordType, server: Nameserver) -> Heard[DnsAnswer]:
    rcode = reply.rcode()
    explained = "".join(f" ({one.to_text()})" for one in reply.options if one.otype == dns.edns.OptionType.EDE)
    words = f"{server}: {dns.rcode.to_text(rcode)}{explained}"
    status: DnsStatus
    records: tuple[str, ...] = ()
    canonical: str | None = None
    seconds = FAILURE_SECONDS
    if rcode in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        try:
            chain = reply.resolve_chaining() if isinstance(reply, dns.message.QueryMessage) else None
        except dns.exception.DNSException as error:  # a loop or a chain beyond all measure
            wrong = DnsAnswer(name=name, record_type=record_type, status="malformed", text=f"{server}: {error}")
            return Heard(wrong, FAILURE_SECONDS)
        if chain is not None:
            if chain.answer is not None or any(one.rdtype == dns.rdatatype.SOA for one in reply.authority):
                seconds = chain.minimum_ttl  # RFC 2308 §5: what does not exist is kept by its SOA alone
            if chain.cnames:
                canonical = chain.canonical_name.to_text().rstrip(".").lower()
            if chain.answer is not None:
                records = tuple(sorted(item.to_text() for item in chain.answer))[:MOST_RECORDS]
        status = "answered" if records else "no_data" if rcode == dns.rcode.NOERROR else "name_not_found"
    elif rcode == dns.rcode.REFUSED:
        status = "refused"
    else:
        status = "server_failure"
    answer = DnsAnswer(
        name=name,
        record_type=record_type,
        status=status,
        records=records,
        canonical_name=canonical,
        text="" if status in {"answered", "no_data"} else words,
    )
    return Heard(answer, seconds)
