"""The nameserver: each kind of answer, over UDP and TCP."""

from __future__ import annotations

import socket

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from .clients import ask, nameserver
from .conftest import BringUp


def test_the_domain_has_its_records(bring_up: BringUp) -> None:
    estate = bring_up("healthy")

    mx, srv, a = (
        ask(estate, "corp.example", "MX"),
        ask(estate, "_imaps._tcp.corp.example", "SRV"),
        ask(estate, "IMAP.Corp.Example", "A"),
    )

    assert mx.answer[0].to_text() == "corp.example. 60 IN MX 10 mail.corp.example."
    assert srv.answer[0][0].to_text() == f"0 1 {estate.ports['imaps']} imap.corp.example."
    assert a.answer[0][0].to_text() == "127.0.0.1"
    assert all(reply.flags & dns.flags.AA for reply in (mx, srv, a))


@pytest.mark.parametrize(
    ("name", "kind", "rcode"),
    [
        ("imap.corp.example", "AAAA", dns.rcode.NOERROR),
        ("corp.example", "TXT", dns.rcode.NOERROR),
        ("_tcp.corp.example", "A", dns.rcode.NOERROR),  # nothing there, something below
        ("nothing.corp.example", "A", dns.rcode.NXDOMAIN),
        ("other.example", "MX", dns.rcode.NXDOMAIN),
        (".", "A", dns.rcode.NOERROR),
    ],
)
def test_nothing_there_comes_with_the_start_of_authority(
    name: str, kind: str, rcode: dns.rcode.Rcode, bring_up: BringUp
) -> None:
    reply = ask(bring_up("healthy"), name, kind)

    assert (reply.rcode(), reply.answer) == (rcode, [])
    (authority,) = reply.authority
    assert authority.rdtype == dns.rdatatype.SOA
    assert dns.name.from_text(name).is_subdomain(authority.name)


@pytest.mark.parametrize("name", ["com", "net", "example.org", "corp.example.org"])
def test_other_zones_are_refused(name: str, bring_up: BringUp) -> None:
    reply = ask(bring_up("healthy"), name, "A")

    assert reply.rcode() == dns.rcode.REFUSED
    assert not reply.flags & dns.flags.AA


@pytest.mark.parametrize(
    ("scenario", "rcode", "parent"),
    [
        ("domain-missing", dns.rcode.NXDOMAIN, dns.rcode.NOERROR),
        ("zone-broken", dns.rcode.SERVFAIL, dns.rcode.NOERROR),
        ("zone-bogus", dns.rcode.SERVFAIL, dns.rcode.NOERROR),
        ("resolver-refuses", dns.rcode.REFUSED, dns.rcode.REFUSED),
    ],
)
def test_each_state_of_the_domain(
    scenario: str, rcode: dns.rcode.Rcode, parent: dns.rcode.Rcode, bring_up: BringUp
) -> None:
    estate = bring_up(scenario)

    assert ask(estate, "corp.example", "MX").rcode() == rcode
    assert ask(estate, "imap.corp.example", "A").rcode() == rcode
    assert ask(estate, "example", "SOA").rcode() == parent
    assert ask(estate, ".", "NS").rcode() == parent


def test_a_bogus_zone_answers_when_checking_is_disabled(bring_up: BringUp) -> None:
    bogus, broken = bring_up("zone-bogus"), bring_up("zone-broken")

    assert ask(bogus, "corp.example", "MX", flags=dns.flags.CD).rcode() == dns.rcode.NOERROR
    assert ask(broken, "corp.example", "MX", flags=dns.flags.CD).rcode() == dns.rcode.SERVFAIL


def test_a_silent_resolver_says_nothing(bring_up: BringUp) -> None:
    estate = bring_up("resolver-silent")
    host, port = nameserver(estate)

    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(dns.message.make_query("corp.example", "MX"), host, timeout=0.3, port=port)


def test_the_null_mx_and_other_records_of_a_scenario(bring_up: BringUp) -> None:
    assert ask(bring_up("null-mx"), "corp.example", "MX").answer[0][0].to_text() == "0 ."
    assert ask(bring_up("no-mx"), "corp.example", "MX").answer == []
    assert ask(bring_up("healthy-pop3-only"), "_imaps._tcp.corp.example", "SRV").answer[0][0].to_text() == "0 0 0 ."
    assert len(ask(bring_up("healthy-several-mx"), "corp.example", "MX").answer[0]) == 3
    assert ask(bring_up("host-missing"), "imap.corp.example", "A").rcode() == dns.rcode.NXDOMAIN
    assert ask(bring_up("host-without-address"), "imap.corp.example", "A").rcode() == dns.rcode.NOERROR
    assert ask(bring_up("mx-unresolvable"), "mail.corp.example", "A").rcode() == dns.rcode.NXDOMAIN


def test_an_alias_is_followed(bring_up: BringUp) -> None:
    reply = ask(bring_up("mx-is-alias"), "mail.corp.example", "A")

    assert [rrset.to_text() for rrset in reply.answer] == [
        "mail.corp.example. 60 IN CNAME imap.corp.example.",
        "imap.corp.example. 60 IN A 127.0.0.1",
    ]


def test_other_address_families(bring_up: BringUp) -> None:
    only, broken = bring_up("healthy-ipv6"), bring_up("ipv6-broken")

    assert ask(only, "imap.corp.example", "A").answer == []
    assert ask(only, "imap.corp.example", "AAAA").answer[0][0].to_text() == "::1"
    assert ask(broken, "imap.corp.example", "A").answer[0][0].to_text() == "127.0.0.1"
    assert ask(broken, "imap.corp.example", "AAAA").answer[0][0].to_text() == "::1"


@pytest.mark.parametrize("tcp", [False, True])
def test_edns(tcp: bool, bring_up: BringUp) -> None:
    estate = bring_up("healthy")

    assert ask(estate, "corp.example", "MX", tcp=tcp).edns == 0
    assert ask(estate, "corp.example", "MX", tcp=tcp, edns=-1).edns == -1
    assert ask(estate, "corp.example", "MX", tcp=tcp, edns=1).rcode() == dns.rcode.BADVERS


def test_what_is_no_query_is_not_implemented(bring_up: BringUp) -> None:
    estate = bring_up("healthy")
    host, port = nameserver(estate)
    query = dns.message.make_query("corp.example", "SOA")
    query.set_opcode(dns.opcode.NOTIFY)

    assert dns.query.udp(query, host, timeout=5, port=port).rcode() == dns.rcode.NOTIMP


def test_tcp_takes_several_queries_and_garbage_ends_it_alone(bring_up: BringUp) -> None:
    estate = bring_up("healthy")
    with socket.create_connection(nameserver(estate), 5) as connection:
        for kind in ("MX", "NS"):
            dns.query.send_tcp(connection, dns.message.make_query("corp.example", kind))
            assert dns.query.receive_tcp(connection)[0].answer
        connection.sendall(b"\x00\x03\xff\xff\xff")
        assert connection.recv(1) == b""
    assert ask(estate, "corp.example", "MX", tcp=True).answer


@pytest.mark.parametrize("garbage", [b"", b"\0", b"\xff" * 40, b"\0" * 12, b"A" * 1400])
def test_garbage_in_a_datagram_is_passed_over(garbage: bytes, bring_up: BringUp) -> None:
    estate = bring_up("healthy")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(garbage, nameserver(estate))

    assert ask(estate, "corp.example", "MX").answer
