"""Types of command-line options: each turns a word into a value, or says in one sentence why it cannot."""

from __future__ import annotations

import ipaddress
import math
import re
import tempfile
import urllib.parse
from collections.abc import Callable, Collection
from gettext import gettext as _
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from diagnose.account.subject import SubjectError, host_name
from diagnose.cli.formats import format_of, suffixes
from diagnose.cli.output import irreplaceable
from diagnose.model import Service
from diagnose.model.domains import ascii_url
from diagnose.model.protocols import Protocol
from diagnose.network import Nameserver, is_address
from diagnose.providers import UnknownProviderError, provider_called, provider_ids


class Number(click.FloatRange):
    """A number within bounds; the error for another word calls it so in the person's language."""

    @property
    def name(self) -> str:  # type: ignore[override]  # click's is a plain attribute
        """What click says that the word is not."""
        return _("number")

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """*value* as a number. NaN, which compares with no bound, is out of range."""
        number: float = super().convert(value, param, ctx)  # type: ignore[arg-type]  # click passes it words
        if math.isnan(number):
            self.fail(
                _("{value} is not in the range {range}.").format(value=number, range=self._describe_range()), param, ctx
            )
        return number


class ServiceUrl(click.ParamType[Service]):
    """A URL such as ``imaps://imap.example.com:993``."""

    name = "url"

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Service:
        """*value* as a service."""
        if isinstance(value, Service):
            return value
        word = str(value)
        ports = {port.scheme: port for port in self.protocol.ports}
        # before anything else: a word that may hold a password is not repeated in what is wrong with it
        if "@" in (word if not self.protocol.http else _before_the_path(word)):
            self.fail(_("a URL may not hold a user name or a password."), param, ctx)
        try:
            url = urllib.parse.urlsplit(word)
            port = url.port
        except ValueError:
            self.fail(_("“{word}” is not a URL.").format(word=word.partition("@")[2] or word), param, ctx)
        if url.scheme.lower() not in ports or not url.hostname:
            begins = " / ".join(f"{scheme}://" for scheme in ports)
            self.fail(
                _("“{word}” is not a URL that begins with {begins}.").format(
                    word=word.partition("@")[2] or word, begins=begins
                ),
                param,
                ctx,
            )
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

    def _host(self, name: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
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


class ResolverAddress(click.ParamType[Nameserver]):
    """``IP[:PORT]``, an IPv6 address with a port in brackets."""

    name = "ip[:port]"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Nameserver:
        """*value* as a name server."""
        if isinstance(value, Nameserver):
            return value
        word = str(value)
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


class ReportFile(click.ParamType[Path]):
    """A file to write a report to; its folder has to be there, its suffix has to name a format."""

    name = "file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """*value* as a path that can be written to."""
        file = Path(str(value))
        if format_of(file.suffix) is None:
            known = _(", ").join(suffixes())
            self.fail(_("“{file}” ends in none of {suffixes}.").format(file=file, suffixes=known), param, ctx)
        if not file.parent.is_dir():
            self.fail(_("there is no folder “{folder}”.").format(folder=file.parent), param, ctx)
        try:  # permissions do not tell all: of a full disk, say, or of a folder that only looks like one
            why = irreplaceable(file)
            tempfile.TemporaryFile(dir=file.parent).close()
        except OSError as error:
            self.fail(_("{file} cannot be written: {words}.").format(file=file, words=error.strerror), param, ctx)
        if why is not None:
            self.fail(why, param, ctx)
        return file


class ProviderName(click.ParamType[str]):
    """What somebody calls a mail provider: its id, a name of it, an address domain or a server; the value is its id."""

    name = "provider"

    def __init__(self, also: Callable[[], Collection[str]] = tuple) -> None:
        """*also*: further names that are taken as they are."""
        self._also = also

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The id of the provider that *value* means."""
        word = str(value)
        if word in self._also():
            return word
        try:
            return provider_called(word)
        except UnknownProviderError as unknown:
            among = UnknownProviderError(word, self._also()) if self._also() else unknown
            error = among if among.close else unknown
            raise click.UsageError(error.sentence.render(_), ctx) from None

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The ids that begin so."""
        names = sorted({*provider_ids(), *self._also()})
        return [CompletionItem(name) for name in names if name.startswith(incomplete.lower())]
