"""Two network namespaces joined by one cable, with no way out."""

from __future__ import annotations

import contextlib
import ctypes
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path
from typing import TypeVar

from .leftovers import NAMESPACE_FILES, NAMESPACES, own_name, remove_leftovers, remove_namespace

T = TypeVar("T")
Interface = IPv4Interface | IPv6Interface

LINK = "link0"
CLONE_NEWNET = 0x40000000  # sched.h


class Namespace:
    """One network namespace, with its own resolv.conf and hosts file (ip-netns(8): /etc/netns/NAME)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.etc = NAMESPACE_FILES / name
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name, initializer=self._enter)

    def _enter(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with (NAMESPACES / self.name).open() as handle:
            if libc.setns(handle.fileno(), CLONE_NEWNET) != 0:  # os.setns came with Python 3.12
                raise OSError(ctypes.get_errno(), f"setns {self.name}")

    def command(self, *argv: str | Path) -> list[str]:
        """*argv*, to be run inside."""
        return ["ip", "netns", "exec", self.name, *map(str, argv)]

    def run(self, *argv: str | Path, given: str | None = None) -> str:
        """Run *argv* inside to its end; its standard output. Raises CalledProcessError."""
        return subprocess.run(
            self.command(*argv), input=given, capture_output=True, text=True, check=True, timeout=120
        ).stdout

    def inside(self, call: Callable[[], T], seconds: float = 20) -> T:
        """The result of *call* in a thread of this process whose sockets are of the namespace."""
        return self._thread.submit(call).result(seconds)

    def connects(self, address: str, port: int, seconds: float = 2) -> bool:
        """Whether a TCP connection from inside comes about."""

        def connect() -> bool:
            try:
                with socket.create_connection((address, port), timeout=seconds):
                    return True
            except OSError:
                return False

        return self.inside(connect)

    def write_etc(self, file: str, text: str) -> Path:
        """Give programs that are started inside from now on another /etc/*file*."""
        path = self.etc / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def _make(self) -> None:
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.run("ip", "link", "set", "lo", "up")

    def _remove(self) -> None:
        self._thread.shutdown()
        remove_namespace(self.name)


@contextlib.contextmanager
def cable(client: Sequence[Interface], server: Sequence[Interface]) -> Iterator[tuple[Namespace, Namespace]]:
    """A client and a server namespace with these addresses on the link between them, and no other route."""
    remove_leftovers()
    ends = Namespace(own_name("client")), Namespace(own_name("server"))
    try:
        for end in ends:
            end._make()
        peer = ["peer", "name", LINK, "netns", ends[1].name]
        ends[0].run("ip", "link", "add", LINK, "type", "veth", *peer)
        for end, addresses in zip(ends, (client, server), strict=True):
            # nodad: duplicate address detection would keep IPv6 addresses from use for a second
            lines = [f"address add {one} dev {LINK}{' nodad' if one.version == 6 else ''}" for one in addresses]
            end.run("ip", "-batch", "-", given="\n".join([*lines, f"link set {LINK} up"]) + "\n")
            # ICMP errors are limited to one a second to each destination, which would turn a reject into a drop
            end.run("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
        yield ends
    finally:
        for end in ends:
            end._remove()
