"""The commands by which a person repeats by hand what a check saw; what they are made of is data."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.knowledge.part import KnowledgePart
from diagnose.model import CheckResult, Host, Service, Subject, Target, quote
from diagnose.model.domains import bracketed, host_and_port
from diagnose.model.protocols import ProtocolName, TlsMode
from diagnose.model.report import ReportCommand
from diagnose.process.first_use import made_once
from diagnose.record.run import Run

LONGEST_ARGUMENT = 300
"""Characters of what is put into a word; names of hosts and addresses of mailboxes are shorter."""
LONGEST = 450
"""Characters of a command; of longer ones a format would show a part."""
MOST_PLACES = 3
"""Addresses of one server, or servers of one finding, that commands are told for, each by itself."""
SECONDS = "20"
"""Patience of a command that would wait for ever for a server that says nothing."""
WITHOUT_TIMEOUT = frozenset({"Darwin"})
"""Systems, as `platform.system` calls them, that bring no ``timeout``."""
PLACEHOLDERS: Mapping[str, str] = {
    "domain": "The mail domain.",
    "username": "The name to log in with.",
    "host": "The server's name.",
    "port": "Its port.",
    "at": "Where to connect to: the server's name, or the address that the chosen DNS server names.",
    "place": "The same, with the port.",
    "fixed_address": "The address that the chosen DNS server names.",
    "address": "One address that the finding is about.",
    "mx": "A mail server of the domain that has no address of its own.",
    "starttls": "The protocol that is spoken before STARTTLS, as openssl calls it.",
    "scheme": "The scheme of URLs of this protocol and security.",
    "url": "The URL, of a protocol that is spoken in HTTP.",
    "dns_server": "The DNS server that was chosen for the run.",
    "dns_port": "Its port.",
    "ca_file": "The file of further authorities that was chosen for the run.",
    "proxy": "The proxy that was asked.",
    "behind": "The server that was asked for through it, with the port.",
    "stood_in": "A page with a known answer that somebody else answered for.",
    "registration": "Where the registry tells what it knows of the domain.",
    "timeout": "Seconds after which `timeout` ends a command, where the computer has it.",
    "alarm": "The same seconds, where it has not.",
    "witness": "A public page whose certificate was compared.",
}
"""What may stand in braces in the words of a command, and what it means."""
_BARE = frozenset(string.ascii_letters + string.digits + "@%+=:,./_-")
_NOT_IN_DOUBLE_QUOTES = frozenset('$`"\\!')


class WhereKnown(KnowledgePart, frozen=True, kw_only=True):
    """Words that stand in a command only where a fact is known."""

    known: str = msgspec.field(name="if")
    words: tuple[str, ...]


class Command(KnowledgePart, frozen=True, kw_only=True):
    """One command, for some checks on some targets."""

    checks: tuple[str, ...]
    protocols: tuple[ProtocolName, ...] = ()
    """Of the services that it is for; empty: it is for all targets."""
    tls: tuple[TlsMode, ...] = ()
    """Likewise."""
    systems: tuple[str, ...] = ()
    """On which it is there, as `platform.system` calls them; empty: on all."""
    asks: dict[ProtocolName, str] = msgspec.field(default_factory=dict)
    """Words of the shell in front of it, as they are: what asks a server of that protocol."""
    words: tuple[str | WhereKnown, ...]
    after: str = ""
    """Words of the shell behind it, as they are."""
    shows: str
    """What a person sees by it: a message id."""

    def fits(self, result: CheckResult, system: str) -> bool:
        """Whether it repeats what *result* is about, and is there on *system*."""
        if result.check not in self.checks or (self.systems and system not in self.systems):
            return False
        if not self.protocols and not self.tls:
            return True
        target = result.target
        return (
            isinstance(target, Service)
            and (not self.protocols or target.protocol in self.protocols)
            and (not self.tls or target.tls in self.tls)
        )

    def written(self, target: Target, facts: Mapping[str, str]) -> str | None:
        """The line to copy for *target*; None where one of the *facts* is missing, or cannot stand in a shell."""
        words = [self.asks[target.protocol]] if isinstance(target, Service) and target.protocol in self.asks else []
        for part in self.words:
            if isinstance(part, WhereKnown) and part.known not in facts:
                continue
            for word in part.words if isinstance(part, WhereKnown) else (part,):
                filled = _filled(word, facts)
                if filled is None:
                    return None
                words.append(filled)
        return " ".join([*words, *filter(None, [self.after])])


def commands_for(
    seen: Iterable[CheckResult],
    run: Run,
    results: Iterable[CheckResult],
    translate: Callable[[str], str],
) -> tuple[ReportCommand, ...]:
    """A line for each thing that *seen*, some of the *results* of *run*, was about; each line once."""
    results = tuple(results)
    system = _system(run)
    found: dict[str, ReportCommand] = {}
    for one in seen:
        for command in _commands():
            if not command.fits(one, system):
                continue
            for facts in _facts(one, run, results):
                line = command.written(one.target, facts)
                if line is not None and len(line) <= LONGEST:
                    told = ReportCommand(check=one.id, command=line, shows=translate(command.shows))
                    found.setdefault(line, told)
    return tuple(found.values())


@made_once
def _commands() -> tuple[Command, ...]:
    return load(KNOWLEDGE / "commands.yaml", tuple[Command, ...])


def _system(run: Run) -> str:
    """What `platform.system` said on the computer of *run*."""
    return run.os.partition(" ")[0]


def _facts(one: CheckResult, run: Run, results: tuple[CheckResult, ...]) -> Iterator[Mapping[str, str]]:
    """What is known of the place that *one* is about; one mapping for each server or address that its findings name."""
    facts = {"domain": run.subject.domain, "username": run.subject.username or "", "ca_file": run.ca_file or ""}
    facts["alarm" if _system(run) in WITHOUT_TIMEOUT else "timeout"] = SECONDS
    if run.nameserver is not None:
        facts["dns_server"], facts["dns_port"] = _address_and_port(run.nameserver)
    facts |= {name: words for name, words in one.shown.items() if name in PLACEHOLDERS}
    for place in _places(one, run, results):
        yield {name: words for name, words in (facts | place).items() if _fit(words)}


def _places(one: CheckResult, run: Run, results: tuple[CheckResult, ...]) -> Iterator[dict[str, str]]:
    match one.target:
        case Service():
            place = _of_service(one.target, run, results)
            addresses = _named(one, "addresses")
            yield from (place | {"address": address} for address in addresses)
            if not addresses:
                yield place
        case Host():
            yield {"host": one.target.name}
        case Subject():
            hosts = _named(one, "hosts")
            servers = {service.host: service for service in reversed(run.services) if service.tls != "none"}
            known = [servers[host] for host in hosts if host in servers]
            yield from (_of_service(service, run, results) for service in known)
            if not known:
                yield {}


def _named(one: CheckResult, key: str) -> list[str]:
    """The first few words that the findings of *one* have under *key*, each once."""
    words = (word for finding in one.findings for word in finding.data.get(key, ()))
    return [*dict.fromkeys(word for word in words if _fit(word))][:MOST_PLACES]


def _of_service(service: Service, run: Run, results: tuple[CheckResult, ...]) -> dict[str, str]:
    port = service.spoken.port(service.tls)
    facts = {"host": service.host, "port": str(service.port), "scheme": port.scheme if port else ""}
    if service.tls == "starttls":
        facts["starttls"] = service.protocol
    if service.spoken.http:
        facts["url"] = service.address
    facts |= _way_to(service.host, run, results)
    if "at" in facts:
        facts["place"] = host_and_port(facts["at"], service.port)
    return facts


def _way_to(host: str, run: Run, results: Iterable[CheckResult]) -> dict[str, str]:
    """Where to connect to for *host*: by its name, unless a DNS server was chosen, which the shell knows nothing of."""
    if run.nameserver is None:
        return {"at": host}
    told = (one.shown.get("at") for one in results if isinstance(one.target, Host) and one.target.name == host)
    address = next(filter(None, told), None)
    return {} if address is None else {"at": address, "fixed_address": bracketed(address)}


def _address_and_port(nameserver: str) -> tuple[str, str]:
    if nameserver.startswith("["):
        address, _, port = nameserver[1:].partition("]:")
        return address, port
    address, _, port = nameserver.partition(":") if nameserver.count(":") == 1 else (nameserver, "", "")
    return address, port or "53"


def _fit(words: object) -> bool:
    """Whether *words* may stand in a command: a name or an address, no option and nothing that cannot be seen."""
    return isinstance(words, str) and 0 < len(words) <= LONGEST_ARGUMENT and words[0] != "-" and quote(words) == words


def _filled(word: str, facts: Mapping[str, str]) -> str | None:
    try:
        return quoted(word.format_map(facts))
    except KeyError:
        return None


def quoted(word: str) -> str | None:
    """*word* for a POSIX shell; None where that would take it apart, so that no mask would find a name in it."""
    if word and _BARE.issuperset(word):
        return word
    if "'" not in word:
        return f"'{word}'"
    return None if _NOT_IN_DOUBLE_QUOTES & set(word) else f'"{word}"'
