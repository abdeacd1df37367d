"""Whether this computer's hosts file sends a server's name elsewhere."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Never

from checks.dns.host import HostFacts
from diagnose.model import Check, Facts, Finding, Host, Inputs, Text, read, text
from diagnose.network import is_address
from diagnose.process.regular_file import open_regular
from diagnose.running.context import Context

LARGEST_HOSTS_FILE = 10_000_000
"""Bytes read; blocklists of some megabytes are common."""


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


def probe_hosts(target: Host, inputs: Inputs[HostFacts], context: Context) -> HostsFileFacts:
    """Read the file."""
    file = context.network.vantage.hosts_file()
    host = inputs.get(HostFacts)
    answers = (host.found.ipv4, host.found.ipv6) if host else ()
    by_dns = tuple(record for answer in answers if answer for record in answer.records)
    try:
        with open_regular(file) as stream:
            listed = read_hosts(stream.read(LARGEST_HOSTS_FILE), target.name)
    except OSError:
        return HostsFileFacts(file=str(file), read=False, by_dns=by_dns)
    return HostsFileFacts(file=str(file), listed=listed, by_dns=by_dns)


def judge_hosts(facts: HostsFileFacts, _inputs: Inputs[Never], target: Host) -> Iterator[Finding]:
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


CHECK = Check(
    id="network.hosts",
    family="network",
    title="The hosts file does not override {host}",
    each=Host,
    station="computer",
    facts=HostsFileFacts,
    probe=probe_hosts,
    judge=judge_hosts,
    untold=_untold,
    rules_out=("network.hosts-override",),
    needs=read(HostFacts),
)
