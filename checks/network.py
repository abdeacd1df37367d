"""What is amiss on the person's own computer and network: its clock, its hosts file."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from checks.clocks import MOST_SKEW_SECONDS, Tick, Validity, ahead, credible, tick_in_greeting, ticks_in
from checks.dns import HostFacts
from checks.names import registered
from checks.outcomes import left_by
from checks.server import ServerFacts
from checks.tls import TlsFacts, outside_validity
from checks.web import WebFacts
from diagnose.model import Check, Facts, Finding, Given, Host, Service, Subject, Text, text
from diagnose.model.workbench import Workbench
from diagnose.network import is_address
from diagnose.regular_file import open_regular

LARGEST_HOSTS_FILE = 10_000_000
"""Bytes read; blocklists of some megabytes are common."""


class ClockFacts(Facts, frozen=True, kw_only=True):
    """What other clocks say."""

    ticks: tuple[Tick, ...] = ()
    at: float = 0.0
    """When the validities were looked at, by this computer's clock, in seconds since the epoch."""
    validities: tuple[Validity, ...] = ()
    """Dates of certificates that were accepted, and of those that servers sent which were asked for the time."""
    clock_offset_s: float | None = None
    """How far this computer's clock is ahead, by the median of the others; the report takes it over."""
    rejected_for_time: int = 0
    """Servers whose certificate is outside its validity by this computer's clock."""
    valid_at_server_time: int = 0
    """Those of them whose certificate is valid by the other clocks."""
    alike: tuple[str, ...] = ()
    """Hosts of several owners whose certificates are all too old, or all too new, while none speaks against that."""


def probe_clock(_target: Subject, given: Given, _bench: Workbench) -> ClockFacts:
    """Gather the dates that the run brought: of pages, of greetings, and of whom failed handshakes asked."""
    handshakes = [(t, f) for t, f in left_by(given, "tls", TlsFacts) if isinstance(t, Service)]
    ticks = [tick for _, facts in left_by(given, "web", WebFacts) for tick in ticks_in(facts.hops)]
    ticks += [tick for _, facts in handshakes for tick in facts.clocks]
    ticks += _greeted(given, dict(handshakes))
    ticks = list({tick.host: tick for tick in reversed(ticks)}.values())[::-1]
    asked = tuple({one: one for _, facts in handshakes for one in facts.validities})
    validities = tuple({one: one for one in (*_accepted(handshakes), *asked)})
    at = max(facts.at for _, facts in handshakes) if validities else 0.0
    failed = [(t, f) for t, f in handshakes if outside_validity(f, f.at)]
    offset = ahead(credible(ticks, validities, at))
    return ClockFacts(
        ticks=tuple(ticks),
        at=at,
        validities=validities,
        clock_offset_s=None if offset is None else round(-offset, 1),
        rejected_for_time=len(failed),
        valid_at_server_time=0 if offset is None else sum(not outside_validity(f, f.at + offset) for _, f in failed),
        alike=_alike(failed, asked, accepted=any(f.verified for _, f in handshakes)),
    )


def _accepted(handshakes: list[tuple[Service, TlsFacts]]) -> Iterator[Validity]:
    for service, facts in handshakes:
        if facts.not_before is not None and facts.not_after is not None:
            yield Validity(host=service.host, not_before=facts.not_before, not_after=facts.not_after)


def _greeted(given: Given, handshakes: dict[Service, TlsFacts]) -> list[Tick]:
    """Dates in the greetings of submission, which come in clear before STARTTLS."""
    rows = [(t, facts) for t, facts in left_by(given, "server", ServerFacts) if isinstance(t, Service)]
    ticks = (tick_in_greeting(t.host, facts.greeting, handshakes[t].at) for t, facts in rows if t in handshakes)
    return [tick for tick in ticks if tick is not None]


def _alike(failed: list[tuple[Service, TlsFacts]], asked: tuple[Validity, ...], *, accepted: bool) -> tuple[str, ...]:
    """The hosts whose certificates are outside their dates in one way; none where that is no sign of a wrong clock.

    An old certificate that is still good, or one accepted, speaks against a clock that is ahead. It does not against
    one that is behind.
    """
    ways = {outside_validity(facts, facts.at) for _, facts in failed}
    if len(ways) != 1:
        return ()
    at = max(facts.at for _, facts in failed)
    good = accepted or any(one.not_before <= at <= one.not_after for one in asked)
    if ways == {"expired"}:
        if good:
            return ()
        others = [one.host for one in asked if one.not_after < at]
    else:
        others = [one.host for one in asked if one.not_before > at]
    hosts = tuple(dict.fromkeys([*(service.host for service, _ in failed), *others]))
    return hosts if len({registered(host) for host in hosts}) > 1 else ()


def judge_clock(facts: ClockFacts, _given: Given, _target: Subject) -> Iterator[Finding]:
    """Wrong by more than five minutes, and by whose word?"""
    ticks = credible(facts.ticks, facts.validities, facts.at)
    off = [tick for tick in ticks if abs(tick.ahead_seconds) > MOST_SKEW_SECONDS]
    if not ticks and facts.alike:
        yield Finding(
            cause="network.clock-skew",
            certainty="likely",
            text=text(
                "By this computer's clock the certificates of {hosts}, which have different owners, are all outside "
                "their dates.",
                hosts=facts.alike,
            ),
        )
    if len(off) <= len(ticks) - len(off):  # a clock that agrees with ours speaks for ours
        return
    middle = ahead(off) or 0.0
    agreed = [tick for tick in off if abs(tick.ahead_seconds - middle) <= MOST_SKEW_SECONDS]
    proven = len({registered(tick.host) for tick in agreed}) >= 2 or facts.valid_at_server_time > 0
    yield Finding(
        cause="network.clock-skew",
        certainty="confirmed" if proven and len(agreed) == len(ticks) else "likely",
        proof="date-of-servers",
        # certificates that are outside their dates by the right time as well need another remedy first
        partial=facts.rejected_for_time > 0 and facts.valid_at_server_time == 0,
        text=text(
            "This computer's clock differs by {minutes} minutes from that of {hosts}.",
            minutes=round(abs(middle) / 60),
            hosts=tuple(tick.host for tick in off),
        ),
        data={"ahead_seconds": middle},
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
        with open_regular(file) as stream:
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
        after=("server", "tls", "web"),
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
