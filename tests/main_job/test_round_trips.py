"""A healthy run asks each server no more often, one question after the other, than its protocol makes it."""

from __future__ import annotations

import asyncio

from benchmarks.__main__ import estate, exchanges

TLS, GREETING, GOODBYE = 1, 1, 1
"""The ClientHello; the handshake's end, which the greeting answers; the last word, for whose answer nobody waits."""
TICKETS = 1
"""Where the client speaks first after a handshake, tickets (RFC 8446 §4.6.1) may or may not have come before that."""
MOST = {
    "imaps": TLS + GREETING + 3 + GOODBYE,  # AUTHENTICATE, ID, EXAMINE; what the server can do stands in its greeting
    "imap": 1 + TLS + 1 + TICKETS + GOODBYE,  # STARTTLS; CAPABILITY
    "pop3s": TLS + GREETING + 1 + GOODBYE,  # CAPA
    "pop3": 2 + TLS + 1 + TICKETS + GOODBYE,  # CAPA, STLS; CAPA
    "submissions": TLS + GREETING + 3 + GOODBYE,  # EHLO, AUTH, MAIL FROM
    "submission": 2 + TLS + 1 + TICKETS + GOODBYE,  # EHLO, STARTTLS; EHLO
    "webmail": TLS + 1 + TICKETS + GOODBYE,  # GET
}
"""Exchanges, by service."""
LEAST = dict.fromkeys(MOST, 3) | {"webmail": TLS + 1}
"""What makes sure that each was asked at all; a web server ends the connection itself."""


async def count() -> dict[str, int]:
    async with estate() as place:
        place.at(20)
        return await exchanges(place)


def test_no_exchange_is_made_without_need() -> None:
    made = asyncio.run(count())

    assert made.keys() == MOST.keys()
    assert {name: number for name, number in made.items() if not LEAST[name] <= number <= MOST[name]} == {}
