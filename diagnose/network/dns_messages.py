"""What name servers answer, received and read by dnspython, which is loaded while the first answer is on its way."""

from __future__ import annotations

import time

import dns.exception
import dns.inet
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.SOA
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.rdtypes.IN.SRV

from diagnose.model.deadline import Deadline
from diagnose.network.answers import Heard
from diagnose.network.datagrams import GuardedSocket
from diagnose.network.question import Question, RecordType
from diagnose.network.resolver import FAILURE_SECONDS, MOST_RECORDS, DnsAnswer, DnsStatus, Nameserver


class Answering:
    """What *server* answers to *question*, by *limit*."""

    def __init__(self, question: Question, server: Nameserver, limit: Deadline) -> None:
        self._question = question
        self._server = server
        self._limit = limit
        self._query = dns.message.from_wire(question.written())

    def by_datagram(self, asked: GuardedSocket, *, strays: bool) -> dns.message.Message | None:
        """The answer that comes to *asked*, which has sent the question; None where it is longer than a datagram.

        With *strays* what is no answer to it is passed over. Raises DNSException, OSError, NonsenseError.
        """
        reply: dns.message.Message
        try:
            reply, _at = dns.query.receive_udp(
                asked,
                dns.inet.low_level_address_tuple((self._server.address, self._server.port)),
                expiration=time.time() + self._limit.left(),
                ignore_unexpected=True,
                raise_on_truncation=True,
                ignore_errors=strays,
                query=self._query,
            )
        except dns.message.Truncated:
            return None
        if not self._query.is_response(reply):
            raise dns.query.BadResponse
        return reply

    def by_stream(self, asking: GuardedSocket) -> dns.message.Message:
        """The answer by TCP, over *asking*. Raises DNSException, OSError, EOFError, NonsenseError."""
        return dns.query.tcp(self._query, self._server.address, timeout=self._limit.left(), sock=asking)

    def read(self, reply: dns.message.Message) -> Heard[DnsAnswer]:
        """What *reply* says, to be handed on for as long as its records and its SOA say (RFC 2308 §5)."""
        return _read(reply, self._question.name, self._question.record_type, self._server)


def _read(reply: dns.message.Message, name: str, record_type: RecordType, server: Nameserver) -> Heard[DnsAnswer]:
    rcode = reply.rcode()
    words = f"{server}: {dns.rcode.to_text(rcode)}" + "".join(
        f" ({option.to_text()})"
        for option in reply.options
        if option.otype == 15  # RFC 8914 extended DNS error
    )
    status: DnsStatus
    records: tuple[str, ...] = ()
    canonical: str | None = None
    seconds = FAILURE_SECONDS
    if rcode == dns.rcode.NOERROR or rcode == dns.rcode.NXDOMAIN:
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
