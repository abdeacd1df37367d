"""Answers with records: read as dnspython reads them, and whatever is unusual is left to it."""

from __future__ import annotations

import subprocess
import sys

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.network.answering import Answering
from diagnose.network.dns_messages import ByLibrary
from diagnose.network.message import NO_ERROR
from diagnose.network.plain import Records, records_in
from diagnose.network.question import Question, RecordType
from diagnose.network.resolver import MOST_RECORDS, DnsAnswer, Nameserver

Given = tuple[tuple[str, int, str, tuple[str, ...]], ...]
"""Owner, TTL, type, and the data of each record of a set."""
SERVER = Nameserver("192.0.2.53")
NAME = "mail.corp.example"
SOA = "ns.corp.example. hostmaster.corp.example. 1 7200 900 1209600 300"


def question(record_type: RecordType = "A", name: str = NAME) -> Question:
    return Question(name=name, record_type=record_type, number=4711)


def answer(asked: Question, records: Given, beside: Given = (), more: Given = (), *, edns: bool = True) -> bytes:
    """An answer to the question, made by the library."""
    made = dns.message.make_response(dns.message.from_wire(asked.written()), recursion_available=True)
    made.use_edns(0 if edns else -1)
    for section, some in ((made.answer, records), (made.authority, beside), (made.additional, more)):
        section.extend(dns.rrset.from_text(owner, ttl, "IN", kind, *words) for owner, ttl, kind, words in some)
    return made.to_wire(max_size=65_535)


def told_by_library(message: bytes, asked: Question) -> tuple[DnsAnswer, float]:
    """The same, by way of dnspython alone. Raises what it raises."""
    reply = dns.message.from_wire(message)
    code, heard = ByLibrary(asked, SERVER)._read(reply)
    assert dns.message.from_wire(asked.written()).is_response(reply)
    assert code == NO_ERROR
    return heard.answer, heard.seconds


def told(found: Records, asked: Question) -> tuple[DnsAnswer, float]:
    heard = Answering(asked, asked.written(), SERVER)._with_records(found)
    return heard.answer, heard.seconds


A = ("192.0.2.1", "198.51.100.20", "203.0.113.255")
TWO: Given = ((f"{NAME}.", 60, "A", A[:2]),)
USUAL: dict[str, tuple[RecordType, Given]] = {
    "an address": ("A", ((f"{NAME}.", 300, "A", A[:1]),)),
    "several": ("A", ((f"{NAME}.", 300, "A", A),)),
    "more than are kept": ("A", ((f"{NAME}.", 300, "A", tuple(f"192.0.2.{one}" for one in range(MOST_RECORDS + 9))),)),
    "of another case": ("A", (("MAIL.corp.EXAMPLE.", 300, "A", A),)),
    "IPv6": ("AAAA", ((f"{NAME}.", 5, "AAAA", ("2001:db8::1", "2001:db8:0:1:0:0:0:1", "fe80:0:0:1::", "::1")),)),
    "an alias": ("A", ((f"{NAME}.", 300, "CNAME", ("Edge.Host.Example.",)), ("edge.host.example.", 20, "A", A))),
    "two aliases": (
        "AAAA",
        (
            (f"{NAME}.", 10, "CNAME", ("edge.host.example.",)),
            ("edge.host.example.", 300, "CNAME", ("a-1_x.host.example.",)),
            ("a-1_x.host.example.", 300, "AAAA", ("2001:db8::7",)),
        ),
    ),
    "MX": ("MX", ((f"{NAME}.", 300, "MX", ("10 mx1.corp.example.", "20 MX2.other.example.", "0 .")),)),
    "the null MX": ("MX", ((f"{NAME}.", 300, "MX", ("0 .",)),)),
    "SRV": ("SRV", ((f"{NAME}.", 300, "SRV", ("0 1 993 imap.corp.example.", "10 0 65535 .")),)),
    "TXT": ("TXT", ((f"{NAME}.", 300, "TXT", ('"v=spf1 -all"', '"mailconf=https://x.example/" "and ; more"')),)),
    "NS": ("NS", ((f"{NAME}.", 300, "NS", ("ns1.corp.example.", "ns2.corp.example.")),)),
    "SOA": ("SOA", ((f"{NAME}.", 300, "SOA", (SOA,)),)),
    "CNAME": ("CNAME", ((f"{NAME}.", 300, "CNAME", ("edge.host.example.",)),)),
    "without any time": ("A", ((f"{NAME}.", 0, "A", A),)),
    "for ever": ("A", ((f"{NAME}.", 2**31 - 1, "A", A),)),
}
BESIDE: dict[str, tuple[Given, Given]] = {
    "alone": ((), ()),
    "with name servers": (
        (("corp.example.", 60, "NS", ("ns1.corp.example.", "ns2.corp.example.")),),
        (("ns1.corp.example.", 60, "A", A[:1]), ("ns1.corp.example.", 60, "AAAA", ("2001:db8::53",))),
    ),
    "with the zone": ((("corp.example.", 60, "SOA", (SOA,)),), ()),
}


@pytest.mark.parametrize("edns", [True, False])
@pytest.mark.parametrize("beside", BESIDE.values(), ids=BESIDE)
@pytest.mark.parametrize(("kind", "records"), USUAL.values(), ids=USUAL)
def test_what_is_usual_is_read_as_the_library_reads_it(
    kind: RecordType, records: Given, beside: tuple[Given, Given], *, edns: bool
) -> None:
    asked = question(kind)
    message = answer(asked, records, *beside, edns=edns)

    found = records_in(message, asked.written())

    assert found is not None
    assert told(found, asked) == told_by_library(message, asked)


def another(**how: object) -> bytes:
    made = dns.message.from_wire(answer(question(), TWO))
    for name, value in how.items():
        setattr(made, name, value)
    return made.to_wire()


def coded(rcode: dns.rcode.Rcode) -> bytes:
    made = dns.message.from_wire(answer(question(), TWO))
    made.set_rcode(rcode)
    return made.to_wire()


def explained() -> bytes:
    made = dns.message.from_wire(answer(question(), TWO))
    made.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.STALE_ANSWER, "stale")])
    return made.to_wire()


ALIAS = (f"{NAME}.", 60, "CNAME", ("edge.host.example.",))
UNUSUAL = {
    "another number": another(id=4712),
    "a question": another(flags=dns.flags.RD),
    "cut": another(flags=dns.flags.QR | dns.flags.TC),
    "another kind of message": another(flags=dns.flags.QR | dns.opcode.to_flags(dns.opcode.NOTIFY)),
    "a failure": coded(dns.rcode.SERVFAIL),
    "a name that is not there and has records": coded(dns.rcode.NXDOMAIN),
    "a code that goes on in OPT": coded(dns.rcode.BADVERS),
    "an explanation": explained(),
    "nothing": answer(question(), ()),
    "an alias to nothing": answer(question(), (ALIAS,)),
    "an alias to itself": answer(question(), ((f"{NAME}.", 60, "CNAME", (f"{NAME}.",)), *TWO)),
    "a circle": answer(question(), (ALIAS, ("edge.host.example.", 60, "CNAME", (f"{NAME}.",)), *TWO)),
    "an alias beside an address": answer(question(), (*TWO, ALIAS)),
    "an address, and after it its alias": answer(question(), (("edge.host.example.", 60, "A", A), ALIAS)),
    "somebody else's address": answer(question(), (("other.example.", 60, "A", A),)),
    "another type": answer(question(), (*TWO, (f"{NAME}.", 60, "TXT", ('"x"',)))),
    "a signature": answer(
        question(),
        (*TWO, (f"{NAME}.", 60, "RRSIG", ("A 13 3 60 20300101000000 20200101000000 1 corp.example. AAAA",))),
    ),
    "a type that is not known beside it": answer(question(), TWO, more=(("x.example.", 60, "HINFO", ('"a" "b"',)),)),
    "an embedded address": answer(question("AAAA"), ((f"{NAME}.", 60, "AAAA", ("::ffff:192.0.2.1",)),)),
    "a letter that is escaped": answer(question("MX"), ((f"{NAME}.", 60, "MX", (r"10 a\.b.example.",)),)),
    "a quote": answer(question("TXT"), ((f"{NAME}.", 60, "TXT", (r'"a\"b"',)),)),
    "an octet that is none": answer(question("TXT"), ((f"{NAME}.", 60, "TXT", (r'"\200"',)),)),
    "something behind it": answer(question(), TWO) + b"\0",
    "less than it says": answer(question(), TWO)[:-1],
    "no octets at all": b"",
    "a header alone": answer(question(), TWO)[:12],
    "another name": answer(question(), TWO).replace(b"\x04mail", b"\x04mall"),
    "an address of three octets": answer(question(), TWO, edns=False)[:-6] + b"\0\3" + b"\xc0\0\2",
    "a time that is negative": answer(question(), TWO).replace(b"\0\0\0\x3c", b"\x80\0\0\x3c"),
}


@pytest.mark.parametrize(("name", "message"), UNUSUAL.items(), ids=UNUSUAL)
def test_what_is_unusual_is_left_to_the_library(name: str, message: bytes) -> None:
    kind: RecordType = "AAAA" if "embedded" in name else "MX" if "escaped" in name else "A"
    kind = "TXT" if name in {"a quote", "an octet that is none"} else kind

    assert records_in(message, question(kind).written()) is None


def test_a_record_that_comes_twice_is_left_to_the_library() -> None:
    """It counts once."""
    message = answer(question(), ((f"{NAME}.", 60, "A", A[:1]), ("other.example.", 60, "A", A[:1])), edns=False)
    record = message[-4 - 10 - len(b"\x05other\xc0\x16") :]
    twice = message.replace(record, b"\xc0\x0c" + record[len(record) - 14 :])

    assert len(dns.message.from_wire(twice).answer[0]) == 1
    assert records_in(twice, question().written()) is None


@given(data=st.data())
def test_of_what_was_changed_on_the_way_nothing_else_is_read_than_by_the_library(data: st.DataObject) -> None:
    kind, records = data.draw(st.sampled_from(list(USUAL.values())))
    asked = question(kind)
    changed = bytearray(answer(asked, records, *data.draw(st.sampled_from(list(BESIDE.values())))))
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    message = bytes(changed[: len(changed) - data.draw(st.sampled_from([0, 0, 0, 1, 4, 11]))])

    if (found := records_in(message, asked.written())) is not None:
        assert told(found, asked) == told_by_library(message, asked)


@given(octets=st.binary(max_size=120))
def test_whatever_comes_nothing_is_raised(octets: bytes) -> None:
    asked = question()
    message = answer(asked, TWO)[: len(asked.written()) - 11] + octets

    if (found := records_in(message, asked.written())) is not None:
        assert told(found, asked) == told_by_library(message, asked)


@given(octets=st.binary(min_size=16, max_size=16), zeros=st.integers(0, 2**16 - 1))
def test_addresses_are_written_as_the_library_writes_them(octets: bytes, zeros: int) -> None:
    """With runs of zeros in all places."""
    asked = question("AAAA")
    address = bytes(0 if zeros >> place & 1 else octet for place, octet in enumerate(octets))
    one = answer(asked, ((f"{NAME}.", 60, "AAAA", ("2001:db8::1",)),), edns=False)
    message = one[:-16] + address

    if (found := records_in(message, asked.written())) is not None:
        assert told(found, asked) == told_by_library(message, asked)


def test_it_is_read_without_the_library_being_loaded() -> None:
    message, asked = answer(question(), TWO), question()
    code = (
        "import sys; from diagnose.network.answering import Answering; from diagnose.network.plain import records_in; "
        f"print(len(records_in({message!r}, {asked.written()!r}).words), 'dns.message' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "2 False\n"
