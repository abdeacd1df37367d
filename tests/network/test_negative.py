"""Answers that there is nothing: read as dnspython reads them, and whatever is unusual is left to it."""

from __future__ import annotations

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.network.answering import Answering
from diagnose.network.dns_messages import ByLibrary
from diagnose.network.message import NAME_NOT_FOUND, NO_ERROR
from diagnose.network.negative import Nothing, nothing_in
from diagnose.network.question import Question
from diagnose.network.resolver import FAILURE_SECONDS, Nameserver

QUESTION = Question(name="_imaps._tcp.corp.example", record_type="SRV", number=4711)
ASKED = QUESTION.written()
SOA = "ns.corp.example. hostmaster.corp.example. 1 7200 900 1209600 300"


def answer(
    rcode: dns.rcode.Rcode = dns.rcode.NXDOMAIN,
    authority: tuple[tuple[str, int, str, str], ...] = (("corp.example.", 600, "SOA", SOA),),
    records: tuple[tuple[str, int, str, str], ...] = (),
    *,
    edns: bool = True,
) -> dns.message.Message:
    """An answer to the question, made by the library."""
    made = dns.message.make_response(dns.message.from_wire(ASKED), recursion_available=True)
    made.use_edns(0 if edns else -1)
    made.set_rcode(rcode)
    for section, given_records in ((made.authority, authority), (made.answer, records)):
        section.extend(dns.rrset.from_text(name, ttl, "IN", kind, words) for name, ttl, kind, words in given_records)
    return made


def told_by_library(message: bytes) -> Nothing:
    """The same, by way of dnspython alone. Raises what it raises."""
    reply = dns.message.from_wire(message)
    code, heard = ByLibrary(QUESTION, Nameserver("192.0.2.53"))._read(reply)
    assert dns.message.from_wire(ASKED).is_response(reply)
    assert heard.answer.status in {"no_data", "name_not_found"}
    told = any(one.rdtype == dns.rdatatype.SOA for one in reply.authority)
    return Nothing(code, int(heard.seconds) if told else None)


@pytest.mark.parametrize("edns", [True, False])
@pytest.mark.parametrize(
    ("authority", "seconds"),
    [
        ((), None),
        ((("corp.example.", 600, "SOA", SOA),), 300),
        ((("corp.example.", 60, "SOA", SOA),), 60),
        ((("CORP.example.", 60, "SOA", SOA),), 60),
        ((("_imaps._tcp.corp.example.", 60, "SOA", SOA),), 60),
        ((("example.", 60, "SOA", SOA),), 60),
        (((".", 86400, "SOA", "a.root-servers.net. nstld.verisign-grs.com. 1 1 1 1 86400"),), 86400),
    ],
)
@pytest.mark.parametrize(
    ("rcode", "code"), [(dns.rcode.NXDOMAIN, NAME_NOT_FOUND), (dns.rcode.NOERROR, NO_ERROR)], ids=str
)
def test_what_is_usual_is_read_without_the_library(
    rcode: dns.rcode.Rcode,
    code: int,
    authority: tuple[tuple[str, int, str, str], ...],
    seconds: int | None,
    *,
    edns: bool,
) -> None:
    message = answer(rcode, authority, edns=edns).to_wire()

    assert nothing_in(message, ASKED) == Nothing(code, seconds) == told_by_library(message)


def another(**how: object) -> bytes:
    made = answer()
    for name, value in how.items():
        setattr(made, name, value)
    return made.to_wire()


UNUSUAL = {
    "another number": another(id=4712),
    "a question": another(flags=dns.flags.RD),
    "cut": another(flags=dns.flags.QR | dns.flags.TC),
    "another kind of message": another(flags=dns.flags.QR | dns.opcode.to_flags(dns.opcode.NOTIFY)),
    "a failure": answer(dns.rcode.SERVFAIL).to_wire(),
    "a refusal": answer(dns.rcode.REFUSED).to_wire(),
    "a code that goes on in OPT": answer(dns.rcode.BADVERS).to_wire(),
    "an alias to nothing": answer(records=(("_imaps._tcp.corp.example.", 60, "CNAME", "gone.example."),)).to_wire(),
    "a referral": answer(dns.rcode.NOERROR, (("example.", 60, "NS", "ns.example."),)).to_wire(),
    "two records": answer(
        authority=(("corp.example.", 60, "SOA", SOA), ("corp.example.", 60, "NS", "ns.example."))
    ).to_wire(),
    "another owner's record": answer(authority=(("other.example.", 60, "SOA", SOA),)).to_wire(),
    "something behind it": answer().to_wire() + b"\0",
    "less than it says": answer().to_wire()[:-1],
    "nothing at all": b"",
    "a header alone": answer().to_wire()[:12],
    "another name": answer().to_wire().replace(b"_imaps", b"_imapz"),
}


@pytest.mark.parametrize("message", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_unusual_is_left_to_the_library(message: bytes) -> None:
    assert nothing_in(message, ASKED) is None


def test_an_explanation_of_the_server_is_left_to_the_library() -> None:
    """RFC 8914: its words belong into the report."""
    made = answer()
    made.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.BLOCKED, "by policy")])

    assert nothing_in(made.to_wire(), ASKED) is None


@given(place=st.integers(0, 200), octet=st.integers(0, 255), length=st.integers(0, 200))
def test_of_what_was_changed_on_the_way_nothing_else_is_read_than_by_the_library(
    place: int, octet: int, length: int
) -> None:
    changed = bytearray(answer().to_wire())
    changed[place % len(changed)] = octet
    message = bytes(changed[: len(changed) - length // 4])

    if (found := nothing_in(message, ASKED)) is not None:
        assert found == told_by_library(message)


@given(octets=st.binary(max_size=120))
def test_whatever_comes_nothing_is_raised(octets: bytes) -> None:
    message = answer().to_wire()[:12] + octets

    if (found := nothing_in(message, ASKED)) is not None:
        assert found == told_by_library(message)


def test_names_that_point_in_a_circle_are_none() -> None:
    """A pointer leads backwards (RFC 1035 §4.1.4)."""
    head, rest = answer().to_wire()[: len(ASKED) - 11], b"\xc0\x0c"
    circle = bytes([0xC0, len(head)])

    assert nothing_in(head + circle + rest * 20, ASKED) is None


def test_without_a_record_of_the_zone_it_is_kept_as_long_as_a_failure() -> None:
    answering = Answering(QUESTION, ASKED, Nameserver("192.0.2.53"))

    heard = answering._without_records(Nothing(NAME_NOT_FOUND, None))

    assert (heard.seconds, heard.answer.text) == (FAILURE_SECONDS, "192.0.2.53: NXDOMAIN")
