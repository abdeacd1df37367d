"""Any number of mail domains on loopback: a nameserver that knows them all, one IMAP and one mail server behind TLS.

    python -m benchmarks.fleet_estate [MILLISECONDS]

MILLISECONDS: the round trip of the line to all of them; without it they are on this computer.

The domain dN.example has an MX and an SRV record (RFC 6186) that lead to mN.bench.example, which is here. Standard
output gets one line of JSON, an `Up`. For each line of standard input it gets one more, `Seen`: what was asked since.
Both ends come with the end of standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import ssl
import struct
import sys
import tempfile
from collections import Counter
from pathlib import Path

import msgspec
import trustme

from benchmarks.line import LOOPBACK, StreamLine

ADDRESS = "127.0.0.77"
"""A resolver's port is 53 for programs that take none: an address of its own leaves the others alone."""
_A, _MX, _SRV, _SOA = 1, 15, 33, 6
_DOMAIN, _HOST = re.compile(r"d(\d+)\.example"), re.compile(r"m\d+\.bench\.example")


class Up(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is."""

    nameserver: str
    nameserver_port: int
    imap_port: int
    ca_file: str


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What came since the last look."""

    questions: dict[str, int]
    """How often, by type and name, with N for the number of a domain."""
    sessions: int
    """Of IMAP."""
    mail_sessions: int
    """Of SMTP, behind STARTTLS."""


class Nameserver(asyncio.DatagramProtocol):
    """Answers over UDP (RFC 1035)."""

    def __init__(self, imap_port: int, round_trip: float) -> None:
        """*round_trip*: seconds until an answer is back."""
        self.asked: Counter[str] = Counter()
        self._imap_port = imap_port
        self._round_trip = round_trip

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]  # a datagram's

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        labels, at = [], 12
        while length := data[at]:
            labels.append(data[at + 1 : at + 1 + length].decode("ascii", "replace").lower())
            at += 1 + length
        question, kind = data[12 : at + 5], int.from_bytes(data[at + 1 : at + 3])
        name = ".".join(labels)
        self.asked[f"{kind} {re.sub(r'[0-9]+', 'N', name)}"] += 1
        exists, record = self._record(name, kind)
        soa = struct.pack("!HHHIH", 0xC000 | 12, _SOA, 1, 60, 22) + b"\0\0" + struct.pack("!5I", 1, 60, 60, 60, 60)
        answer = b"" if record is None else struct.pack("!HHHIH", 0xC000 | 12, kind, 1, 60, len(record)) + record
        head = data[:2] + struct.pack("!5H", 0x8180 | (0 if exists else 3), 1, bool(answer), not answer, 0)
        told = head + question + (answer or soa)
        if self._round_trip:
            asyncio.get_running_loop().call_later(self._round_trip, self._transport.sendto, told, addr)
        else:
            self._transport.sendto(told, addr)

    def _record(self, name: str, kind: int) -> tuple[bool, bytes | None]:
        """Whether *name* exists, and its record of the type *kind*."""
        if _HOST.fullmatch(name):
            return True, ipaddress.ip_address(ADDRESS).packed if kind == _A else None
        service, _, domain = name.partition("._tcp.") if "._tcp." in name else ("", "", name)
        found = _DOMAIN.fullmatch(domain)
        if found is None or service not in {"", "_imaps"}:
            return False, None
        host = b"".join(bytes([len(one)]) + one.encode() for one in (f"m{found[1]}", "bench", "example")) + b"\0"
        if not service:
            return True, struct.pack("!H", 10) + host if kind == _MX else None
        return True, struct.pack("!3H", 0, 1, self._imap_port) + host if kind == _SRV else None


class Imap:
    """Greets, and tells what it can (RFC 9051); nobody logs in."""

    def __init__(self) -> None:
        self.sessions = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        can = b"CAPABILITY IMAP4rev1 AUTH=PLAIN"
        with contextlib.suppress(OSError, ssl.SSLError):
            writer.write(b"* OK [" + can + b"] ready\r\n")
            while line := await reader.readline():
                tag, _, command = line.strip().partition(b" ")
                word = command.upper().split(b" ")[0]
                told = {b"CAPABILITY": b"* " + can + b"\r\n", b"LOGOUT": b"* BYE\r\n"}.get(word, b"")
                writer.write(told + tag + b" OK done\r\n")
                if word == b"LOGOUT":
                    break
        writer.close()


class Mail:
    """Takes STARTTLS (RFC 3207), and no mail."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.sessions = 0
        self._context = context

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            writer.write(b"220 ready\r\n")
            while line := await reader.readline():
                word = line.strip().upper().partition(b" ")[0]
                if word == b"STARTTLS":
                    writer.write(b"220 go ahead\r\n")
                    await writer.start_tls(self._context)
                    self.sessions += 1
                elif word == b"EHLO":
                    writer.write(b"250-here\r\n250 STARTTLS\r\n")
                else:
                    writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
                    if word == b"QUIT":
                        break
        writer.close()


async def serve(folder: Path, round_trip: float) -> None:
    """Until standard input ends; *round_trip*: seconds."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("*.bench.example").configure_cert(context)
    imap, mail, loop = Imap(), Mail(context), asyncio.get_running_loop()
    place = LOOPBACK if round_trip else ADDRESS
    server = await asyncio.start_server(imap, place, 0, ssl=context, backlog=512)
    imap_port = await _reached(server, 0, round_trip)
    with contextlib.suppress(OSError):  # as with port 53; programs that look at mail servers know no other port
        behind = await asyncio.start_server(mail, place, 0 if round_trip else 25, backlog=512)
        await _reached(behind, 25, round_trip)
    nameserver = Nameserver(imap_port, round_trip)
    for port in (53, 0):  # 53 needs rights that not everybody has, and may be taken
        with contextlib.suppress(OSError):
            transport, _ = await loop.create_datagram_endpoint(lambda: nameserver, (ADDRESS, port))
            break
    port = transport.get_extra_info("sockname")[1]
    _tell(Up(nameserver=ADDRESS, nameserver_port=port, imap_port=imap_port, ca_file=str(folder / "ca.pem")))
    while await asyncio.to_thread(sys.stdin.readline):
        _tell(Seen(questions=dict(nameserver.asked), sessions=imap.sessions, mail_sessions=mail.sessions))
        nameserver.asked.clear()
        imap.sessions = mail.sessions = 0
    server.close()


async def _reached(server: asyncio.Server, port: int, round_trip: float) -> int:
    """The port by which *server* is reached, by a line of its own where there is a *round_trip*. Raises OSError."""
    behind: int = server.sockets[0].getsockname()[1]
    if not round_trip:
        return behind
    line = StreamLine()
    line.server_port, line.round_trip = behind, round_trip
    await line.open(ADDRESS, port)
    return line.port


def _tell(one: msgspec.Struct) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(one) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(serve(Path(place), float(sys.argv[1]) / 1000 if len(sys.argv) > 1 else 0.0))
