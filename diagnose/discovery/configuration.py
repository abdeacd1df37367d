"""Fetch a configuration file: it counts only if every hop is verified HTTPS."""

from __future__ import annotations

import urllib.parse

import msgspec

from diagnose.discovery.facts import SourceStatus
from diagnose.discovery.provider import certain
from diagnose.model.deadline import Deadline
from diagnose.network import Network
from diagnose.process.first_use import one_at_a_time

FETCH_SECONDS = 8.0
"""For one file, from look-up to last byte."""


class ConfigFile(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration file at a URL, or why it cannot be had."""

    status: SourceStatus
    """``found``: `body` is the page; ``nothing``: no page is there; ``failed``: unclear, or not to be trusted."""
    code: int | None = None
    """HTTP status."""
    body: str = ""
    text: str = ""


def fetch_configuration(url: str, network: Network, deadline: Deadline) -> ConfigFile:
    """The page at *url* (https). Never raises; a redirect is followed to https only."""
    until = deadline.within(FETCH_SECONDS)
    host = network.addresses(urllib.parse.urlsplit(url).hostname or "", until)
    if not host.addresses:  # told here: most domains have no such host, and then no HTTP client is needed at all
        surely = host.ipv4 is not None and certain(host.ipv4)
        return ConfigFile(status="nothing" if surely else "failed", text=f"{host.host} has no address")
    exchange = network.fetch(url, until, _is_https)
    last = exchange.last
    if exchange.loop:
        return ConfigFile(status="failed", text=f"redirects in a circle at {last.url}")
    if last.failure is not None:
        closed = last.failure.name == "connection_refused"
        return ConfigFile(status="nothing" if closed else "failed", text=f"{last.failure.name}: {last.failure.text}")
    if last.location is not None and not _is_https(last.location):
        return ConfigFile(status="failed", code=last.status, text=f"leads to {last.location}, which is not HTTPS")
    if last.status == 200:
        if exchange.truncated:
            return ConfigFile(status="failed", code=200, text="larger than any configuration")
        if exchange.packed:
            return ConfigFile(status="failed", code=200, text=f"packed as nobody asked for: {exchange.packed}")
        with one_at_a_time:  # the reader of replies is not loaded before the first question has left
            from diagnose.replies import charset_in, decode

        return ConfigFile(status="found", code=200, body=decode(exchange.body, charset_in(exchange.content_type)))
    unclear = last.status is None or last.status >= 500 or last.status == 429
    return ConfigFile(
        status="failed" if unclear else "nothing", code=last.status, text=f"HTTP {last.status} at {last.url}"
    )


def _is_https(url: str) -> bool:
    return url.lower().startswith("https://")
