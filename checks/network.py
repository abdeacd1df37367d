"""What is amiss on the person's own computer and network: its clock, its hosts file."""

from __future__ import annotations

import codecs
import email.utils
import statistics
import urllib.parse
from collections.abc import Iterator

import msgspec

from checks.dns import HostFacts
from checks.handshake import unverified_stream
from checks.tls import TlsFacts
from checks.web import WebFacts
from diagnose.model import Check, Deadline, Facts, Finding, Given, Host, Service, Subject, Text, text
from diagnose.model.workbench import Workbench
from diagnose.network import Stream, is_address

MOST_SKEW_SECONDS = 300
"""Kerberos and one-time codes draw the line there, too."""
DATE_SECONDS = 6.0
MOST_PAGES_ASKED = 2
LARGEST_HOSTS_FILE = 10_000_000
"""Bytes read; blocklists of some megabytes are common."""


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """The clock of a server beside this computer's."""

    host: str
    ahead_seconds: float
    """How far the server's clock is ahead of this computer's."""


class ClockFacts(Facts, frozen=True, kw_only=True):
    """What other clocks say."""

    ticks: tuple[Tick, ...] = ()
    clock_offset_s: float | None = None
    """How far this computer's clock is ahead, by the median of the others; the report takes it over."""
    rejected_for_time: int = 0
    """Servers whose certificate is outside its validity by this computer's clock."""
    valid_at_server_time: int = 0
    """Those of them whose certificate is valid by the other clocks."""


def probe_clock(_target: Subject, given: Given, bench: Workbench) -> ClockFacts:
    """Read the Date headers that the run brought; where certificates fail for their dates, ask for one."""
    ticks = [
        tick for _, facts in given.elsewhere.get("web", ()) if isinstance(facts, WebFacts) for tick in _ticks(facts)
    ]
    handshakes = [(t, f) for t, f in given.elsewhere.get("tls", ()) if isinstance(f, TlsFacts)]
    failed = [(t, f) for t, f in handshakes if _outside_validity(f, f.at)]
    if failed and not ticks:
        sites = [s for s in given.services if s.protocol == "webmail" and s.tls == "implicit"]
        ticks += [tick for site in sites[:MOST_PAGES_ASKED] for tick in _ask(site, bench)]
    ahead = ticks[0].ahead_seconds if ticks else 0.0
    return ClockFacts(
        ticks=tuple(ticks),
        clock_offset_s=round(-statistics.median(tick.ahead_seconds for tick in ticks), 1) if ticks else None,
        rejected_for_time=len(failed),
        valid_at_server_time=sum(not _outside_validity(f, f.at + ahead) for _, f in failed) if ticks else 0,
    )


def _ticks(facts: WebFacts) -> list[Tick]:
    ticks: list[Tick] = []
    for hop in facts.hops:
        sent = email.utils.parsedate_to_datetime(hop.date) if hop.date and _is_date(hop.date) else None
        host = urllib.parse.urlsplit(hop.url).hostname or ""
        if sent is not None and hop.at is not None and host not in {t.host for t in ticks}:
            ticks.append(Tick(host=host, ahead_seconds=round(sent.timestamp() - hop.at, 1)))
    return ticks


def _is_date(words: str) -> bool:
    try:
        return email.utils.parsedate_to_datetime(words).tzinfo is not None
    except (ValueError, TypeError):
        return False


def _outside_validity(facts: TlsFacts, moment: float) -> bool:
    chain = facts.explanation.chain if facts.explanation else ()
    return bool(chain) and not all(c.not_before <= moment <= c.not_after for c in chain)


def _ask(page: Service, bench: Workbench) -> list[Tick]:
    """The Date of *page*, over TLS whose certificate cannot be checked while the clock is in doubt; nothing is sent."""

    def ready(host: str, port: int) -> Stream | None:
        try:
            return unverified_stream(bench.network, host, port, deadline)
        except OSError:
            return None

    deadline: Deadline = bench.deadline.share(0.5, DATE_SECONDS)
    exchange = bench.network.fetch(f"https://{page.host}:{page.port}/", deadline, accept=lambda _: False, ready=ready)
    return _ticks(WebFacts(hops=exchange.hops, loop=False))


def judge_clock(facts: ClockFacts, _given: Given, _target: Subject) -> Iterator[Finding]:
    """Wrong by more than five minutes, and by whose word?"""
    off = [tick for tick in facts.ticks if abs(tick.ahead_seconds) > MOST_SKEW_SECONDS]
    if not off or len(off) < len(facts.ticks):  # one clock that agrees with ours speaks for ours
        return
    agree = len(off) >= 2 or facts.valid_at_server_time > 0
    yield Finding(
        cause="network.clock-skew",
        certainty="confirmed" if agree else "likely",
        proof="date-of-servers",
        text=text(
            "This computer's clock differs by {minutes} minutes from that of {hosts}.",
            minutes=round(abs(off[0].ahead_seconds) / 60),
            hosts=tuple(tick.host for tick in off),
        ),
        data={"ahead_seconds": off[0].ahead_seconds},
    )


class HostsFileFacts(Facts, frozen=True, kw_only=True):
    """What the hosts file says of a host, beside DNS."""

    file: str
    read: bool = True
    """Whether it could be read."""
    listed: tuple[str, ...] = ()
    """Addresses that the file gives the host."""
    by_dns: tuple[str, ...] = ()


def read_hosts(raw: bytes, name: str) -> tuple[str, ...]:
    """The addresses that a hosts file gives *name*; UTF-16 is read too, as some Windows editors write it."""
    name, found = name.lower(), []
    for line in raw.decode(_encoding(raw), "replace").lower().splitlines():
        if name not in line:  # a blocklist has hundreds of thousands of these
            continue
        address, *names = line.partition("#")[0].split() or [""]
        if name in (n.rstrip(".") for n in names) and is_address(address):
            found.append(address)
    return tuple(dict.fromkeys(found))


def _encoding(raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in raw[:2]:  # every second byte of ASCII text is nothing, but for a byte order mark
        return "utf-16-be" if raw[:1] == b"\0" else "utf-16-le"
    return "utf-8-sig"


def probe_hosts(target: Host, given: Given, bench: Workbench) -> HostsFileFacts:
    """Read the file."""
    file = bench.network.vantage.hosts_file()
    found = given.of("dns.host", HostFacts).found if given.has("dns.host") else None
    answers = (found.ipv4, found.ipv6) if found else ()
    by_dns = tuple(record for answer in answers if answer for record in answer.records)
    try:
        with file.open("rb") as stream:
            listed = read_hosts(stream.read(LARGEST_HOSTS_FILE), target.name)
    except OSError:
        return HostsFileFacts(file=str(file), read=False, by_dns=by_dns)
    return HostsFileFacts(file=str(file), listed=listed, by_dns=by_dns)


def judge_hosts(facts: HostsFileFacts, _given: Given, target: Host) -> Iterator[Finding]:
    """An entry that DNS does not bear out?"""
    if facts.listed and facts.by_dns and not set(facts.listed) & set(facts.by_dns):
        yield Finding(
            cause="network.hosts-override",
            certainty="confirmed",
            proof="entry-against-dns",
            text=text(
                "{file} sends {host} to {listed}, while DNS says {dns}.",
                file=facts.file,
                host=target.name,
                listed=facts.listed,
                dns=facts.by_dns,
            ),
        )


def _untold(facts: HostsFileFacts) -> Text | None:
    if not facts.read:
        return text("the hosts file could not be read")
    if facts.listed and not facts.by_dns:
        return text("the hosts file names the server, and DNS gives nothing to compare with")
    return None


CHECKS = (
    Check(
        id="network.clock",
        family="network",
        title="This computer's clock is right",
        each=Subject,
        facts=ClockFacts,
        probe=probe_clock,
        judge=judge_clock,
        untold=lambda facts: None if facts.ticks else text("no other clock told the time"),
        rules_out=("network.clock-skew",),
        usable=lambda facts: bool(facts.ticks),
        after=("tls", "web"),
    ),
    Check(
        id="network.hosts",
        family="network",
        title="The hosts file does not override {host}",
        each=Host,
        facts=HostsFileFacts,
        probe=probe_hosts,
        judge=judge_hosts,
        untold=_untold,
        rules_out=("network.hosts-override",),
        after=("dns.host",),
    ),
)
