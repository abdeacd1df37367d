"""Parameters that name servers, which only a run over the network has."""

from __future__ import annotations

import re
from gettext import gettext as _
from typing import TYPE_CHECKING

import click

from diagnose.process.first_use import lazy_pattern, one_at_a_time

if TYPE_CHECKING:
    from diagnose.model import Service
    from diagnose.model.protocols import Protocol
    from diagnose.network import Nameserver

LONGEST_HOST = 300
"""Characters, with a port; names have 253 at most (RFC 1035 §2.3.4)."""
_HOST_AND_PORT = lazy_pattern(r"([\w.-]*[^\W\d_][\w.-]*|\d+(?:\.\d+){3}|\[[0-9a-fA-F:.]+\])(?:\s*:\s*|\s+|$)(\d{1,5})?")
"""``mail.corp.example:993``, or with a blank between them, as people copy them out of a table; or no port."""
_HOST_INSIDE = lazy_pattern(
    r"(?<![\w.-])((?:[\w-]+\.)+[\w-]*[^\W\d_][\w-]*|\d+(?:\.\d+){3})(?:\s*[:,;(]\s*|\s+)(?:[^\W\d]{1,10}\s*[:=]?\s*)?(\d{2,5})(?!\w)"
)
"""The same with other words around and between them: ``mail.corp.example, port 993 (SSL)``."""
_SCHEME_AND_REST = lazy_pattern(r"([A-Za-z0-9+]{3,12})(?::/{0,3}|//)(?!\d+$)([\w\[][^\s@]*)")
"""``imasp://imap.corp.example``, ``imaps:/imap.corp.example``: a scheme, however it is spelt, and what follows it."""


class ServiceUrl(click.ParamType["Service"]):
    """A URL such as ``imaps://imap.example.com:993``."""

    name = "url"

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Service:
        """*value* as a service."""
        with one_at_a_time:
            import urllib.parse

            from diagnose.model import Service
            from diagnose.model.domains import ascii_url
        if isinstance(value, Service):
            return value
        word = str(value)
        ports = {port.scheme: port for port in self.protocol.ports}
        # before anything else: a word that may hold a password is not repeated in what is wrong with it
        if "@" in (word if not self.protocol.http else _before_the_path(word)):
            self.fail(_("a URL may not hold a user name or a password."), param, ctx)
        word = self._with_scheme(word)
        try:
            url = urllib.parse.urlsplit(word)
            port = url.port
        except ValueError:
            self.fail(_("“{word}” is not a URL.").format(word=word.partition("@")[2] or word), param, ctx)
        if url.scheme.lower() not in ports or not url.hostname:
            begins = " / ".join(f"{scheme}://" for scheme in ports)
            sentence = _("“{word}” is not a URL that begins with {begins}.")
            told = {"word": word.partition("@")[2] or word, "begins": begins}
            if option := self._option_of(url.scheme):
                sentence = _("“{word}” is not a URL that begins with {begins}; it belongs to {option}.")
                told["option"] = option
            elif corrected := self._corrected(word):
                sentence = _("“{word}” is not a URL that begins with {begins}; did you mean {corrected}?")
                told["corrected"] = corrected
            self.fail(sentence.format_map(told), param, ctx)
        if not self.protocol.http and (url.path.strip("/") or url.query or url.fragment):
            self.fail(_("“{word}” holds more than a host and a port.").format(word=word), param, ctx)
        usual = ports[url.scheme.lower()]
        if port == 0:
            self.fail(_("“{word}” names no port.").format(word=word), param, ctx)
        return Service(
            protocol=self.protocol.name,
            host=self._host(url.hostname, param, ctx),
            port=port or usual.number,
            tls=usual.tls,
            source="option",
            url=ascii_url(word) if self.protocol.http else None,
        )

    def _with_scheme(self, word: str) -> str:
        """*word* as a URL, where it is a host and a port. The port of this protocol says how TLS begins."""
        with one_at_a_time:
            from diagnose.account.pasted import plain_text
        if "://" in word and word[0].isalpha():
            return word.strip() if self.protocol.http or len(word) > LONGEST_HOST else plain_text(word)
        plain = plain_text(word)
        if len(plain) > LONGEST_HOST:
            return word
        if (found := _HOST_AND_PORT.fullmatch(plain)) and found[2]:
            scheme = next((port.scheme for port in self.protocol.ports if port.number == int(found[2])), None)
            return f"{scheme}://{found[1]}:{found[2]}" if scheme else f"{found[1]}:{found[2]}"
        return plain if "://" in plain else word

    def _option_of(self, scheme: str) -> str | None:
        """The option that a URL of *scheme* is for: that of the first protocol that has it, unless this one may be."""
        with one_at_a_time:
            from diagnose.model.protocols import PROTOCOLS
        owners = [one for one in PROTOCOLS if scheme.lower() in {port.scheme for port in one.ports}]
        return f"--{owners[0].name}" if owners and self.protocol not in owners and not self._with_tls(scheme) else None

    def _with_tls(self, scheme: str) -> str | None:
        """The scheme of this protocol that is *scheme* with TLS, where only that is spoken: ``https`` for ``http``."""
        with_tls = f"{scheme.lower()}s"
        return with_tls if with_tls in {port.scheme for port in self.protocol.ports} else None

    def _corrected(self, word: str) -> str | None:
        """The URL or URLs that *word* may have meant."""
        with one_at_a_time:
            from diagnose.account.pasted import plain_text
            from diagnose.model.likeness import close_names
        if len(word) > LONGEST_HOST:
            return None
        misspelt = None if "@" in word else _SCHEME_AND_REST.fullmatch(word)
        if misspelt is not None:
            schemes = [port.scheme for port in self.protocol.ports]
            if meant := self._with_tls(misspelt[1]) or "".join(close_names(misspelt[1], schemes, 1)):
                return f"{meant}://{misspelt[2]}"
        alone = _HOST_AND_PORT.fullmatch(word)
        found = alone or _HOST_INSIDE.search(plain_text(word))
        if found is None or not 0 < int(found[2] or 1) < 65536:
            return None
        ports = self.protocol.ports
        if not found[2]:
            return f"{ports[0].scheme}://{found[1]}"
        usual = [port for port in ports if port.number == int(found[2])]
        if not usual and not alone:
            return None  # any number among words
        return " / ".join(f"{port.scheme}://{found[1]}:{found[2]}" for port in usual or ports)

    def _host(self, name: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        with one_at_a_time:
            from diagnose.account.subject import SubjectError, host_name
            from diagnose.network import is_address
        if is_address(name) or name == "localhost":
            return name
        try:
            return host_name(name)
        except SubjectError:
            self.fail(_("“{word}” is not a host name.").format(word=name), param, ctx)


def _before_the_path(word: str) -> str:
    """What of a URL stands before its path: scheme, and what is before and behind the @ of the host."""
    scheme, mark, rest = word.partition("//")
    return scheme + mark + re.split("[/?#]", rest)[0] if mark else word


class ResolverAddress(click.ParamType["Nameserver"]):
    """``IP[:PORT]``, an IPv6 address with a port in brackets."""

    name = "ip[:port]"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Nameserver:
        """*value* as a name server."""
        with one_at_a_time:
            import ipaddress

            from diagnose.account.pasted import plain_text
            from diagnose.network import Nameserver
        if isinstance(value, Nameserver):
            return value
        word = plain_text(str(value))
        address, port = word, ""
        if word.startswith("["):
            address, _bracket, port = word[1:].partition("]")
            port = port.removeprefix(":")
        elif word.count(":") == 1:
            address, _colon, port = word.partition(":")
        try:
            ipaddress.ip_address(address)
            number = int(port) if port else 53
        except ValueError:
            self.fail(_("“{word}” is not an IP address, or one with a port.").format(word=word), param, ctx)
        if not 0 < number < 65536:
            self.fail(_("“{word}” names no port.").format(word=word), param, ctx)
        return Nameserver(address, number)


class SchedulerAddress(click.ParamType[str]):
    """The URL of a scheduler."""

    name = "url"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """*value* as Dask writes it."""
        with one_at_a_time:
            import urllib.parse
        word = str(value)
        try:
            parts = urllib.parse.urlsplit(word)
            sound = parts.scheme in {"tls", "tcp"} and bool(parts.hostname and parts.port) and "@" not in word
        except ValueError:
            sound = False
        if not sound:
            self.fail(
                _("“{word}” is not a URL such as tls://scheduler.corp.example:8786.").format(word=word), param, ctx
            )
        return word


resolver_option = click.option("--resolver", type=ResolverAddress(), metavar="IP[:PORT]", help="Ask this DNS server.")
