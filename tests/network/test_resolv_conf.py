"""The system's name servers, as the file says, whatever else stands in it."""

from __future__ import annotations

import io
from pathlib import Path

import dns.resolver
import pytest

from diagnose.network import resolver
from diagnose.network.resolv_conf import LARGEST, nameservers_in

USUAL = "# by hand\nnameserver 192.0.2.53\nsearch corp.example\nnameserver 2001:db8::53\noptions edns0 ndots:2\n"


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "resolv.conf"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.mark.parametrize(
    "content",
    [
        USUAL,
        "nameserver 127.0.0.53\n",
        "  nameserver\t192.0.2.1   # the first\n;nameserver 192.0.2.2\nnameserver 192.0.2.3",
        "nameserver\nnameserver 192.0.2.1\r\ndomain corp.example\nNAMESERVER 192.0.2.2\n",
        "nameserver fe80::1%lo\n",
    ],
)
def test_it_is_read_as_dnspython_reads_it(content: str, tmp_path: Path) -> None:
    known = dns.resolver.Resolver(configure=False)
    known.read_resolv_conf(io.StringIO(content))

    assert nameservers_in(written(tmp_path, content)) == tuple(map(str, known.nameservers))


@pytest.mark.parametrize("content", ["", "search corp.example\n", "nameservers 192.0.2.1\n", "nameserver\n", "\0\n"])
def test_where_none_is_named_there_is_none(content: str, tmp_path: Path) -> None:
    assert nameservers_in(written(tmp_path, content)) == ()


def test_what_cannot_be_read_names_none(tmp_path: Path) -> None:
    assert nameservers_in(tmp_path / "nothing") == ()
    assert nameservers_in(tmp_path) == ()


def test_what_is_no_address_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(
        tmp_path, b"nameserver dns.example\nnameserver \xff\xfe\nnameserver 192.0.2.1.5\nnameserver 192.0.2.9\n"
    )
    monkeypatch.setattr(resolver, "nameservers_in", lambda: nameservers_in(file))

    assert [str(one) for one in resolver.system_nameservers()] == ["192.0.2.9"]


def test_a_file_of_any_size_is_read_in_part(tmp_path: Path) -> None:
    content = b"nameserver 192.0.2.1\n" + b"# \n" * LARGEST + b"nameserver 192.0.2.2\n"

    assert nameservers_in(written(tmp_path, content)) == ("192.0.2.1",)


@pytest.mark.parametrize("content", ["nameserver dns.example\nsearch corp.example\n", "search ..\n", ""])
def test_search_domains_of_a_file_that_is_wrong_are_none(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = dns.resolver.Resolver.read_resolv_conf
    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", lambda self, _: reading(self, io.StringIO(content)))

    assert resolver.search_domains() == ()
