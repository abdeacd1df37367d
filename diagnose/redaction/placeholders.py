"""The words that stand in a redacted report for what is hidden: the same value has the same word everywhere in it."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Iterable, Iterator

from diagnose.process.first_use import lazy_pattern

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
PLACEHOLDER = lazy_pattern(r"(?:user|computer|folder|file|profile|name|host|word|number|token)-\d{1,5}", re.IGNORECASE)
"""What a redacted report holds already stays as it is."""
_LITERAL = lazy_pattern(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)"
    r"|(?<![\w:.])(?=[0-9a-fA-F]{0,4}:)(?:[0-9a-fA-F:]{1,38}[0-9a-fA-F](?:(?:\.\d{1,3}){3})?|::)(?:%[\w.-]{1,20})?(?!\w)"
)
"""What may be an address; whether it is one, the standard library says."""
_STANDING_IN = (
    ("10.0.0.0/8", "10.255.0.0/16"),
    ("172.16.0.0/12", "10.255.0.0/16"),
    ("192.168.0.0/16", "10.255.0.0/16"),
    ("100.64.0.0/10", "100.127.0.0/16"),
    ("169.254.0.0/16", "169.254.254.0/24"),
    ("fe80::/10", "fe80::/64"),
    ("fc00::/7", "fd00::/64"),
    ("0.0.0.0/0", "198.18.0.0/15"),
    ("::/0", "2001:2::/48"),
)
"""Networks, and those whose addresses stand in for theirs: of the same scope, or else set aside for laboratories
(RFC 2544, RFC 5180), where no server is.

An address stays an address of its kind, so that a redacted report can be judged again.
"""
_BLOCKS = tuple((ipaddress.ip_network(real), ipaddress.ip_network(shown)) for real, shown in _STANDING_IN)
_LABORATORIES = tuple(shown for real, shown in _BLOCKS if real.prefixlen == 0)


class Placeholders:
    """Hands out words, in the order in which values are asked for."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        """*taken*: the addresses in the report, so that none is called like another one."""
        self._words: dict[tuple[str, str], str] = {}
        self._counts: dict[str, Iterator[int]] = {}
        self._taken = set(taken)
        self._free: dict[str, Iterator[str]] = {}
        self._given: set[str] = set()

    def word(self, kind: str, value: str) -> str:
        """The word, such as ``user-1``, that stands for *value*, whatever the case of its letters."""
        if PLACEHOLDER.fullmatch(value):
            return value
        key = kind, value.casefold()
        if key not in self._words:
            self._words[key] = f"{kind}-{next(self._counts.setdefault(kind, itertools.count(1)))}"
        return self._words[key]

    def address(self, literal: str) -> str:
        """The IP address that stands for *literal*, one of the same kind; loopback stays. *literal* is an address."""
        known = ipaddress.ip_address(literal.partition("%")[0])
        if tells_nothing(known) or str(known) in self._given:
            return literal
        if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is not None:
            return f"::ffff:{self.address(str(known.ipv4_mapped))}"
        key = "address", str(known)
        if key not in self._words:
            shown = next(shown for real, shown in _BLOCKS if known in real)
            free = self._free.setdefault(str(shown), map(str, itertools.islice(shown, 1, None)))
            self._words[key] = next(one for one in free if one not in self._taken)
            self._given.add(self._words[key])
        return self._words[key]


def tells_nothing(address: Address) -> bool:
    """Whether *address* is the same on every computer, or of a laboratory's network, as placeholders are."""
    everywhere = address.is_loopback or address.is_unspecified or address.is_multicast
    return everywhere or str(address) == "255.255.255.255" or any(address in block for block in _LABORATORIES)


def addresses_in(words: str) -> Iterator[re.Match[str]]:
    """The IP addresses that stand in *words*, each as the match of its literal."""
    for found in _LITERAL.finditer(words):
        if is_literal(found[0]):
            yield found


def without_placeholders(words: str) -> str:
    """*words* with one sign for every placeholder, since each report counts its own."""
    said = PLACEHOLDER.sub("*", words)
    for found in [*addresses_in(said)][::-1]:
        address = ipaddress.ip_address(found[0].partition("%")[0])
        if any(address in shown for _, shown in _BLOCKS):
            said = said[: found.start()] + "*" + said[found.end() :]
    return said


def is_literal(words: str) -> bool:
    """Whether *words* are an IP address and nothing else."""
    try:
        ipaddress.ip_address(words.partition("%")[0])
    except ValueError:
        return False
    return True
