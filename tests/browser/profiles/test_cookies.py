"""Which cookies go with a request, how long the header gets, and what of them contradicts each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checks.browser.stored import chromium, firefox
from checks.browser.stored.cookies import StoredCookie, count, domains_of, dummy, header_bytes, sent
from diagnose.model import Deadline
from diagnose.network import Cookie, Hop
from tests.pace import patient

from . import made
from .made import DAY, HOST, NOW, URL


def cookie(name: str = "sid", domain: str = HOST, **more: Any) -> StoredCookie:
    usual: dict[str, Any] = {
        "path": "/",
        "size": 10,
        "secure": False,
        "created": NOW - DAY,
        "used": NOW - 60,
        "expires": NOW + DAY,
    }
    return StoredCookie(name=name, domain=domain, **usual | more)


@pytest.mark.parametrize(
    ("one", "url", "goes"),
    [
        (cookie(), URL, True),
        (cookie(), "https://other.corp.example/", False),
        (cookie(domain=".corp.example"), URL, True),
        (cookie(domain="corp.example"), URL, False),  # without the dot: for that host alone
        (cookie(domain=".webmail.corp.example"), URL, True),
        (cookie(domain=".orp.example"), URL, False),
        (cookie(domain=".corp.example"), "https://notcorp.example/", False),
        (cookie(path="/owa"), URL, False),
        (cookie(path="/owa"), URL + "owa", True),
        (cookie(path="/owa"), URL + "owa/auth", True),
        (cookie(path="/owa"), URL + "owauth", False),
        (cookie(path="/owa/"), URL + "owa/auth", True),
        (cookie(secure=True), URL, True),
        (cookie(secure=True), f"http://{HOST}/", False),
        (cookie(expires=NOW - 1), URL, False),
        (cookie(expires=None), URL, True),
        (cookie(partitioned=True), URL, False),
    ],
)
def test_what_a_browser_sends(one: StoredCookie, url: str, goes: bool) -> None:
    assert bool(sent([one], url, NOW)) is goes


def test_the_header_is_as_long_as_the_one_that_a_browser_would_write() -> None:
    cookies = [cookie("a", size=3), cookie("bb", size=0), cookie("", size=4)]

    assert header_bytes(cookies) == len("a=123; bb=; 1234")
    assert header_bytes([]) == 0


@pytest.mark.parametrize("sizes", [[10] * 30, [4096, 1, 0, 3000], [0], [1, 2, 3]])
def test_what_is_sent_in_its_place_has_its_shape_and_nothing_of_it(sizes: list[int]) -> None:
    cookies = [cookie(f"secret-{place}", size=size) for place, size in enumerate(sizes)]
    header = dummy(cookies)

    assert [len(pair) for pair in header.split("; ")] == [one.length for one in cookies]
    assert "secret" not in header
    assert set(header) <= set("c0123456789=; ")


def test_the_domains_that_count_for_a_host() -> None:
    assert domains_of(HOST) == (HOST, ".webmail.corp.example", ".corp.example", ".example")
    assert domains_of("192.0.2.1") == ("192.0.2.1",)


def visit(*set_here: Cookie) -> tuple[Hop, ...]:
    return (Hop(url=URL, status=200, cookies=set_here, milliseconds=1),)


HOST_ONLY = Cookie(name="sid", attributes=("Path=/", "Secure"))
WIDE = Cookie(name="sid", attributes=("path=/", "Domain=corp.example"))
OF_VISITS = Cookie(name="sid", attributes=("Path=/", "Max-Age=63072000", "Secure"))
KEPT = Cookie(name="sid", attributes=("Path=/", "Expires=Thu, 01 Jan 2037 00:00:00 GMT", "HttpOnly"))


@pytest.mark.parametrize(
    ("held", "page_sets", "across", "of_login"),
    [
        ([cookie(), cookie("other", ".corp.example")], (HOST_ONLY,), 0, 0),
        ([cookie(), cookie(domain=".corp.example")], (), 1, 0),
        ([cookie(), cookie(domain=".corp.example")], (HOST_ONLY,), 1, 1),
        ([cookie(), cookie(domain=".corp.example")], (HOST_ONLY, WIDE), 1, 0),  # the page means it
        ([cookie(), cookie(path="/mail")], (HOST_ONLY,), 0, 0),  # two applications of one host
        ([cookie("x"), cookie("x", ".corp.example"), cookie()], (HOST_ONLY,), 1, 0),
        ([cookie(), cookie(domain=".corp.example", expires=NOW - 1)], (HOST_ONLY,), 0, 0),
        ([cookie(), cookie(domain=".corp.example")], (OF_VISITS,), 1, 0),
        ([cookie(), cookie(domain=".corp.example")], (KEPT,), 1, 1),
        ([cookie(domain=".webmail.corp.example"), cookie()], (), 1, 0),
        ([cookie(domain=".webmail.corp.example"), cookie()], (HOST_ONLY,), 1, 1),  # it was set for both one day
    ],
)
def test_twins(held: list[StoredCookie], page_sets: tuple[Cookie, ...], across: int, of_login: int) -> None:
    """Two of one name that are both sent, for the host and for a wider domain."""
    found = count(held, URL + "mail/", visit(*page_sets), NOW)

    assert (found.across_domains, found.of_login) == (across, of_login)


def test_expired_cookies_of_the_login_are_counted_by_themselves() -> None:
    held = [cookie(expires=NOW - 1), cookie("other", expires=NOW - 1), cookie(path="/x")]

    assert count(held, URL, visit(HOST_ONLY), NOW).expired_of_login == 1


def test_what_is_counted() -> None:
    found = count(
        [cookie(expires=NOW - 1, created=NOW - 9 * DAY), cookie("b", expires=None), cookie("c", used=NOW - 5)],
        URL,
        (),
        NOW,
    )

    assert (found.count, found.sent, found.expired, found.of_session) == (3, 2, 1, 1)
    assert found.expired_of_login == 0
    assert (found.first_set_at, found.last_used_at, found.first_expiry_at) == (NOW - 9 * DAY, NOW - 5, NOW + DAY)
    assert found.header_bytes == len("b=0123456789; c=0123456789")
    assert not found.estimated


@pytest.mark.parametrize("seconds", [1, 1000], ids=["seconds", "milliseconds"])
def test_firefox_writes_the_expiry_in_one_of_two_units(tmp_path: Path, seconds: int) -> None:
    profile = made.firefox(tmp_path, [{"expiry": int((NOW + DAY) * seconds)}])

    (found,) = firefox.cookies(profile, HOST, Deadline(patient(5)))
    assert found.expires == NOW + DAY
    assert (found.size, found.used, found.secure) == (10, NOW - DAY, True)


def test_only_rows_of_the_host_and_its_parents_are_read(tmp_path: Path) -> None:
    hosts = {"a": HOST, "b": ".corp.example", "c": "corp.example", "d": "bank.example", "e": "x." + HOST}
    rows = [{"name": name, "host": host} for name, host in hosts.items()]
    fox = made.firefox(tmp_path, rows)
    chrome = made.chromium(tmp_path, [{"name": row["name"], "host_key": row["host"]} for row in rows])

    assert {one.name for one in firefox.cookies(fox, HOST, Deadline(patient(5)))} == {"a", "b"}
    assert {one.name for one in chromium.cookies(chrome, HOST, Deadline(patient(5)))} == {"a", "b"}


@pytest.mark.parametrize("length", [0, 1, 15, 16, 100, 4000])
@pytest.mark.parametrize(("version", "extra"), [(23, 0), (24, 32)])
def test_an_encrypted_value_is_estimated_to_half_a_block(tmp_path: Path, length: int, version: int, extra: int) -> None:
    """AES-CBC with PKCS #7 padding behind the prefix of three bytes, as on Linux and macOS."""
    inside = extra + length
    encrypted = b"v10" + bytes(inside + 16 - inside % 16)
    profile = made.chromium(tmp_path, [{"encrypted_value": encrypted}], version)

    (found,) = chromium.cookies(profile, HOST, Deadline(patient(5)))
    assert abs(found.size - length) <= 8
    assert found.estimated


def test_values_encrypted_on_windows_are_known_to_the_byte(tmp_path: Path) -> None:
    """AES-GCM: prefix, nonce, value, tag. That of 100 bytes is a whole number of blocks, the others tell the cipher."""
    lengths = [1, 100, 4001]
    rows = [{"name": str(length), "encrypted_value": b"v10" + bytes(12 + 32 + length + 16)} for length in lengths]
    profile = made.chromium(tmp_path, rows)

    assert {one.size for one in chromium.cookies(profile, HOST, Deadline(patient(5)))} == set(lengths)
