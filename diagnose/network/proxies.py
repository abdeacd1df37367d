"""The proxies that this computer is told to use: by environment variables, and by the system's own settings.

Never holds a password: what stands before the host in a proxy's address is dropped where it is read.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import os
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Literal, get_args

import msgspec

from diagnose.account.secret import Secret
from diagnose.model.domains import ascii_name, host_and_port
from diagnose.process.first_use import one_at_a_time

Scheme = Literal["http", "https", "socks4", "socks5"]
DEFAULT_PORTS: dict[Scheme, int] = {"http": 80, "https": 443, "socks4": 1080, "socks5": 1080}
SPELLINGS: dict[str, Scheme] = {"socks": "socks5", "socks5h": "socks5", "socks4a": "socks4"}


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """A proxy for web pages."""

    scheme: Scheme
    host: str
    port: int
    source: str
    """Where it is set: a variable's name, or the kind of system settings."""
    signs_in: bool = False
    """A user name or password is set with it."""
    plain_only: bool = False
    """Set for pages without TLS alone; some programs take it for all."""
    bypass: tuple[str, ...] = ()
    """Hosts that go without it: names and their endings, patterns with ``*``, networks, ``<local>`` for bare names."""

    @property
    def url(self) -> str:
        """Its address, without user name and password."""
        return f"{self.scheme}://{host_and_port(self.host, self.port)}"

    def covers(self, host: str) -> bool:
        """Whether pages of *host* are to be fetched through it."""
        name = ascii_name(host).lower().strip("[]")
        return not any(_bypasses(_plain(pattern.strip()), name) for pattern in self.bypass)


class ProxySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What this computer is told about proxies."""

    proxies: tuple[Proxy, ...] = ()
    """Each once; programs differ in the settings that they follow."""
    unread: tuple[str, ...] = ()
    """Variables whose value names no proxy."""
    pac: str | None = None
    """Where a script that chooses the proxy is kept (PAC); it is named here, and never run."""

    @property
    def described(self) -> str | None:
        """All of them in one line; None without any."""
        parts = [f"{proxy.url} ({proxy.source})" for proxy in self.proxies] + ([f"PAC {self.pac}"] if self.pac else [])
        return ", ".join(parts) or None


def _plain(pattern: str) -> str:
    return ".".join(map(ascii_name, pattern.split("."))).lower()


def _bypasses(pattern: str, host: str) -> bool:
    if pattern in {"*", host}:
        return bool(pattern)
    if pattern == "<local>":
        return "." not in host and ":" not in host
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(_whole(pattern), strict=False)
    except ValueError:
        pass
    if "*" in pattern:
        return fnmatch.fnmatchcase(host, pattern)
    name = pattern.partition(":")[0].lstrip(".")
    return bool(name) and (host == name or host.endswith("." + name))


def _whole(network: str) -> str:
    """``169.254/16``, as macOS writes it, with all four parts."""
    address, slash, length = network.partition("/")
    return address + ".0" * (3 - address.count(".")) + slash + length if slash and ":" not in address else network


def parse_proxy(written: str, source: str, bypass: tuple[str, ...] = ()) -> Proxy | None:
    """The proxy that *written* (``[scheme://][user:password@]host[:port]``) means; None where it means none.

    A password may hold anything, written as it should be or not: whatever stands before the last @ is dropped.
    """
    spelt, found, rest = written.strip().partition("://")
    if not found:
        spelt, rest = "http", spelt
    _, at, place = rest.rpartition("@")
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+)(?::(\d{1,5}))?/?", place)
    scheme = next((s for s in get_args(Scheme) if s == SPELLINGS.get(spelt.lower(), spelt.lower())), None)
    if match is None or scheme is None:
        return None
    port = int(match[2]) if match[2] else DEFAULT_PORTS[scheme]
    if not 0 < port < 65536:
        return None
    return Proxy(
        scheme=scheme, host=ascii_name(match[1].strip("[]")), port=port, source=source, signs_in=bool(at), bypass=bypass
    )


def proxy_secrets(environment: Mapping[str, str]) -> Iterator[Secret]:
    """The passwords that proxies are set with, as they are written and as they are meant."""
    for variable in ("https_proxy", "all_proxy", "http_proxy"):
        for name in (variable, variable.upper()):
            before, at, _ = environment.get(name, "").rpartition("@")
            password = before.rpartition("://")[2].partition(":")[2]
            if at and password:
                yield from map(Secret, dict.fromkeys((password, urllib.parse.unquote(password))))


def masked(url: str) -> str:
    """*url* without user name, password and query, to be shown; in doubt, less of it is left."""
    scheme, found, rest = url.strip().partition("://")
    place = (rest if found else scheme).rpartition("@")[2].partition("?")[0]
    return f"{scheme}://{place}" if found and scheme.isalnum() else place


def from_environment(environment: Mapping[str, str]) -> tuple[Proxy, ...]:
    """The proxy for HTTPS pages, https_proxy, else all_proxy, else http_proxy; names in lower case win, as in curl."""
    bypass = tuple(filter(None, re.split(r"[,\s]+", _variable(environment, "no_proxy")[1])))
    for variable in ("https_proxy", "all_proxy", "http_proxy"):
        name, written = _variable(environment, variable)
        proxy = parse_proxy(written, name, bypass) if written else None
        if proxy is not None:
            return (msgspec.structs.replace(proxy, plain_only=variable == "http_proxy"),)
    return ()


def unread_in(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The variables of *environment* that are set, and name no proxy that could be asked."""
    found = (_variable(environment, variable) for variable in ("https_proxy", "all_proxy", "http_proxy"))
    return tuple(name for name, written in found if written.strip() and parse_proxy(written, name) is None)


def _variable(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    return next(((n, environment[n]) for n in (name, name.upper()) if environment.get(n)), (name, ""))


def proxy_settings() -> ProxySettings:
    """What environment and system say now."""
    with one_at_a_time:
        from diagnose.network.system_proxies import system_settings

    system = system_settings()
    by_url: dict[str, Proxy] = {}
    for proxy in (*from_environment(os.environ), *system.proxies):
        by_url.setdefault(proxy.url, proxy)
    return ProxySettings(proxies=tuple(by_url.values()), unread=unread_in(os.environ), pac=system.pac)
