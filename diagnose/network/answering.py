"""What name servers answer: plain answers are read here, all others by dnspython, loaded for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.network.answers import Heard
from diagnose.network.asking import Unread
from diagnose.network.message import NO_ERROR
from diagnose.network.negative import Nothing, nothing_in
from diagnose.network.plain import Records, records_in
from diagnose.network.question import Question
from diagnose.network.resolver import FAILURE_SECONDS, MOST_RECORDS, DnsAnswer, Nameserver
from diagnose.process.first_use import made_once, one_at_a_time

if TYPE_CHECKING:
    from diagnose.network.dns_messages import ByLibrary

NXDOMAIN = "NXDOMAIN"


class Answering:
    """What *server* answers to *question*, sent as *message*: the code, and what it says."""

    def __init__(self, question: Question, message: bytes, server: Nameserver) -> None:
        self._question = question
        self._message = message
        self._server = server

    def by_datagram(self, data: bytes, *, strays: bool) -> tuple[int, Heard[DnsAnswer]] | Unread:
        """What the datagram *data* says. With *strays* what is no answer is passed over. Raises DNSException."""
        if (nothing := nothing_in(data, self._message)) is not None:
            return nothing.code, self._without_records(nothing)
        if (records := records_in(data, self._message)) is not None:
            return NO_ERROR, self._with_records(records)
        return self._by_library().by_datagram(data, strays=strays)

    def by_stream(self, data: bytes) -> tuple[int, Heard[DnsAnswer]]:
        """What the message *data*, by TCP, says. Raises DNSException."""
        return self._by_library().by_stream(data)

    def _by_library(self) -> ByLibrary:
        return _library()(self._question, self._server)

    def _without_records(self, nothing: Nothing) -> Heard[DnsAnswer]:
        exists = nothing.code == NO_ERROR
        answer = DnsAnswer(
            name=self._question.name,
            record_type=self._question.record_type,
            status="no_data" if exists else "name_not_found",
            text="" if exists else f"{self._server}: {NXDOMAIN}",
        )
        return Heard(answer, FAILURE_SECONDS if nothing.seconds is None else nothing.seconds)

    def _with_records(self, records: Records) -> Heard[DnsAnswer]:
        answer = DnsAnswer(
            name=self._question.name,
            record_type=self._question.record_type,
            status="answered",
            records=tuple(sorted(records.words))[:MOST_RECORDS],
            canonical_name=records.canonical_name,
        )
        return Heard(answer, records.seconds)


@made_once
def _library() -> type[ByLibrary]:
    """All of dnspython."""
    with one_at_a_time:
        from diagnose.network.dns_messages import ByLibrary

    return ByLibrary
