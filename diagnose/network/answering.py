"""What name servers answer, received and read: plain answers here, all others by dnspython, loaded for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.model.deadline import Deadline
from diagnose.network.answers import Heard
from diagnose.network.datagrams import GuardedSocket
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
    """What *server* answers to *question*, by *limit*: the code, and what it says."""

    def __init__(self, question: Question, server: Nameserver, limit: Deadline) -> None:
        self._question = question
        self._server = server
        self._limit = limit

    def by_datagram(self, asked: GuardedSocket, *, strays: bool) -> tuple[int, Heard[DnsAnswer]] | None:
        """The answer that comes to *asked*, which has sent the question; None where it is longer than a datagram.

        With *strays* what is no answer to it is passed over. Raises DNSException, OSError, NonsenseError.
        """
        data, written = asked.datagram(), self._question.written()
        if (nothing := nothing_in(data, written)) is not None:
            return nothing.code, self._without_records(nothing)
        if (records := records_in(data, written)) is not None:
            return NO_ERROR, self._with_records(records)
        return self._by_library().by_datagram(data, asked, strays=strays)

    def by_stream(self, asking: GuardedSocket) -> tuple[int, Heard[DnsAnswer]]:
        """The answer by TCP, over *asking*. Raises DNSException, OSError, EOFError, NonsenseError."""
        return self._by_library().by_stream(asking)

    def _by_library(self) -> ByLibrary:
        return _library()(self._question, self._server, self._limit)

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
