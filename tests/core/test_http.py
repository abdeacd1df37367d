"""Pages: each hop recorded, no redirect followed for ever, nothing read without bound, whatever the server sends."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator

import pytest
import trustme
from werkzeug import Request, Response

from diagnose.model import Deadline
from diagnose.network import Cookie, FetchedPage, Nameserver, Network, Stream
from diagnose.network.http import LARGEST_BODY, MOST_REDIRECTS, _unpacking, fetch
from diagnose.network.plain_client import PlainClient
from diagnose.replies import charset_in, decode
from tests.core.loopback import PATIENCE, Talk, closed_port, drip, flood, full_port, reset, say, tcp, wait_for_end
from tests.pace import working
from tests.support.site import Site

SOON = 0.4


@pytest.fixture(autouse=True, params=["plain", "requests"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of this holds whichever HTTP client fetches the page."""
    if request.param == "requests":
        monkeypatch.setattr(PlainClient, "takes", lambda _self, _url: False)


@pytest.fixture
def site() -> Iterator[Site]:
    """Afterwards nothing unexpected was asked for."""
    with Site("127.0.0.1") as server:
        yield server
        server.check()


def get(url: str, seconds: float = PATIENCE, **more: object) -> FetchedPage:
    """Through a Network whose resolver is nobody."""
    deadline = Deadline(seconds)
    network = Network(Nameserver("127.0.0.1", 9))
    return fetch(url, deadline, network._open, **more)  # type: ignore[arg-type]


def answering(*parts: bytes | Talk) -> Talk:
    """Take a request and answer with *parts*."""

    def talk(connected: socket.socket) -> None:
        connected.recv(65536)
        say(connected, parts)

    return talk


def raw(*parts: bytes | Talk, seconds: float = PATIENCE) -> FetchedPage:
    with tcp(answering(*parts)) as port:
        return get(f"http://127.0.0.1:{port}/", seconds)


OK = b"HTTP/1.1 200 OK\r\n"


def test_a_page_is_read_with_what_matters_of_its_headers(site: Site) -> None:
    """Status, type, body; cookies without their values."""
    site.expect_request("/login").respond_with_data(
        "<title>Pöst</title>",
        content_type="text/html; charset=utf-8",
        headers=[
            ("Set-Cookie", "sid=top-secret; Path=/; Secure; HttpOnly"),
            ("Set-Cookie", "plain"),
            ("Cache-Control", "no-store"),
            ("Date", "Sat, 01 Jan 2000 00:00:00 GMT"),
        ],
    )
    page = get(site.url_for("/login"))

    assert page.body == "<title>Pöst</title>".encode()
    assert page.content_type == "text/html; charset=utf-8"
    assert (page.loop, page.truncated, len(page.hops)) == (False, False, 1)
    hop = page.last
    assert (hop.status, hop.location, hop.failure, hop.cache_control) == (200, None, None, "no-store")
    assert hop.cookies == (
        Cookie(name="sid", attributes=("Path=/", "Secure", "HttpOnly")),
        Cookie(name="plain", attributes=()),
    )
    assert "top-secret" not in repr(page)


def test_redirects_are_followed_one_by_one(site: Site) -> None:
    """Relative ones too; each hop with its status and where it leads."""
    site.expect_request("/").respond_with_data(status=301, headers={"Location": "a?x=1"})
    site.expect_request("/a").respond_with_data(status=302, headers={"Location": site.url_for("/b")})
    site.expect_request("/b").respond_with_data("there")
    page = get(site.url_for("/"))

    assert [(hop.status, hop.location) for hop in page.hops] == [
        (301, site.url_for("/a?x=1")),
        (302, site.url_for("/b")),
        (200, None),
    ]
    assert page.body == b"there"


def test_a_circle_is_told_as_one(site: Site) -> None:
    """Back where it had been, with nothing changed."""
    site.expect_request("/a").respond_with_data(status=302, headers={"Location": "/b"})
    site.expect_request("/b").respond_with_data(status=302, headers={"Location": "/a"})
    page = get(site.url_for("/a"))

    assert page.loop
    assert [hop.url for hop in page.hops] == [site.url_for("/a"), site.url_for("/b")]


def test_a_redirect_to_itself_that_sets_a_cookie_is_no_circle(site: Site) -> None:
    """Many login pages do that once; without cookies it is one."""

    def page(request: Request) -> Response:
        if request.cookies.get("seen"):
            return Response("welcome")
        return Response(status=302, headers={"Location": "/", "Set-Cookie": "seen=1; Path=/"})

    site.expect_request("/").respond_with_handler(page)

    assert get(site.url_for("/")).body == b"welcome"
    assert get(site.url_for("/"), keep_cookies=False).loop


def test_a_new_cookie_each_time_does_not_go_on_for_ever(site: Site) -> None:
    """Too many redirects are a circle, too."""
    count = 0

    def page(_: Request) -> Response:
        nonlocal count
        count += 1
        return Response(status=302, headers={"Location": "/", "Set-Cookie": f"n={count}; Path=/"})

    site.expect_request("/").respond_with_handler(page)

    assert get(site.url_for("/")).loop
    assert count == MOST_REDIRECTS + 1


def test_ever_new_addresses_do_not_go_on_for_ever(site: Site) -> None:
    """Likewise."""
    site.expect_request(re.compile("/.*")).respond_with_handler(
        lambda request: Response(status=302, headers={"Location": request.path + "x"})
    )
    page = get(site.url_for("/"))

    assert page.loop
    assert len(page.hops) == MOST_REDIRECTS + 1


@pytest.mark.parametrize(
    "location",
    [
        "ftp://127.0.0.1/",
        "mailto:postmaster@corp.example",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
    ],
)
def test_a_redirect_to_no_web_page_is_recorded_and_not_followed(location: str) -> None:
    """And the page that came with it is the page."""
    page = raw(b"HTTP/1.1 302 Found\r\nContent-Length: 2\r\nLocation: " + location.encode() + b"\r\n\r\nhi")

    assert (page.last.status, page.last.location, page.body) == (302, location, b"hi")


@pytest.mark.parametrize(
    "location",
    [
        b"http://[::1",
        b"http://",
        b"http://127.0.0.1:99999/",
        b"http://127.0.0.1:x/",
        b"http://\xff\xfe/",
        b"//",
        b"http://" + b"a" * 300 + b"/",
        b"https://a..b/",
        b"http://\xe2\x80\xae.example/",
    ],
)
def test_a_redirect_that_makes_no_sense_is_a_failure_of_the_page(location: bytes) -> None:
    """Never an exception."""
    page = raw(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n")

    assert page.hops[0].status in {302, None}


def test_a_redirect_may_be_refused_by_the_caller(site: Site) -> None:
    """It is recorded where it would have led."""
    site.expect_request("/").respond_with_data(status=302, headers={"Location": "https://elsewhere.example/"})
    page = get(site.url_for("/"), accept=lambda url: "elsewhere" not in url)

    assert (len(page.hops), page.last.location) == (1, "https://elsewhere.example/")


# -- failures


@pytest.mark.parametrize(
    ("talk", "name"),
    [
        (answering(), "connection_closed"),
        (answering(reset), "connection_reset"),
        (answering(b"SSH-2.0-x\r\n"), None),
        (answering(b"HTTP/1.1 abc\r\n\r\n"), None),
        (answering(b"\x00" * 100), None),
        (answering(OK + b"Content-Length: 5\r\n\r\nab"), None),
        (answering(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), None),
        (answering(OK + b"Content-Encoding: gzip\r\n\r\nnot gzip"), None),
        (answering(OK, b"X: " + b"x" * 70_000 + b"\r\n\r\n"), "too_much_data"),
        (answering(OK, b"X: y\r\n" * 200, b"\r\n"), "too_much_data"),
        (answering(OK, flood(b"X: y\r\n")), "too_much_data"),
        (answering(b"HTTP/1.1 200 ", flood(b"x" * 1000)), None),
    ],
    ids=[
        "nothing", "reset", "other protocol", "no status", "zeros", "short body", "bad chunk", "bad gzip",
        "long header", "many headers", "endless headers", "endless status",
    ],
)  # fmt: skip
def test_what_is_no_answer_is_a_failure_with_a_name(talk: Talk, name: str | None) -> None:
    """Of the closed set, and with words."""
    with tcp(talk) as port:
        page = get(f"http://127.0.0.1:{port}/")

    failure = page.last.failure
    assert page.body == b""
    assert failure is not None
    assert failure.operation == "http"
    if name:
        assert failure.name == name


@pytest.mark.parametrize(
    "talk",
    [
        wait_for_end,
        answering(OK[:-5], drip(b"x")),
        answering(OK, drip(b"X: y\r\n")),
        answering(OK + b"Content-Length: 1000\r\n\r\n", drip(b"x")),
        answering(OK + b"Transfer-Encoding: chunked\r\n\r\n", drip(b"1\r\nx\r\n")),
    ],
    ids=["silent", "status", "headers", "body", "chunks"],
)
def test_a_page_that_drips_ends_at_the_deadline(talk: Talk) -> None:
    """Wherever it does."""
    with tcp(talk) as port:
        before = time.monotonic()
        page = get(f"http://127.0.0.1:{port}/", SOON)
    assert time.monotonic() - before < PATIENCE / 3
    assert page.unfinished or page.last.failure is not None


def test_redirects_share_one_deadline() -> None:
    """Each comes in time, all together do not."""

    def slow(connected: socket.socket) -> None:
        connected.recv(65536)
        connected.settimeout(0.1)
        try:
            connected.recv(1)
        except TimeoutError:
            connected.sendall(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\nLocation: x/\r\n\r\n")

    with tcp(slow) as port:
        page = get(f"http://127.0.0.1:{port}/", 0.35)

    assert page.last.failure is not None
    assert page.last.failure.name == "timed_out"
    assert len(page.hops) <= 4


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://127.0.0.1:{closed}/", "connection_refused"),
        ("https://127.0.0.1:{closed}/", "connection_refused"),
        ("http://127.0.0.1:{full}/", "timed_out"),
    ],
)
def test_a_server_that_is_not_reached(url: str, name: str) -> None:
    """By the name of what failed."""
    with full_port() as full:
        page = get(url.format(closed=closed_port(), full=full), SOON)

    assert page.last.failure is not None
    assert page.last.failure.name == name


def test_a_certificate_that_is_not_accepted_gets_no_request() -> None:
    """Verified before a word is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    heard = []

    def talk(connected: socket.socket) -> None:
        secured = context.wrap_socket(connected, server_side=True)
        heard.append(secured.recv(1000))

    with tcp(talk) as port:
        page = get(f"https://localhost:{port}/")

    assert page.last.failure is not None
    assert page.last.failure.name == "certificate_not_accepted"
    assert b"".join(heard) == b""


# -- bodies


def test_a_large_page_is_cut() -> None:
    """At the bound, and says so."""
    page = raw(OK + b"\r\n", b"x" * (LARGEST_BODY + 10_000))

    assert (len(page.body), page.truncated) == (LARGEST_BODY, True)


def bare_deflate(octets: bytes) -> bytes:
    """Without the frame of RFC 1950."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(octets) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [(b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"deflate", bare_deflate)],
)
def test_a_page_that_unpacks_without_end_is_cut(encoding: bytes, pack: Callable[[bytes], bytes]) -> None:
    """A hundred megabytes of nothing in a few hundred kilobytes: bounded after unpacking, and quick."""
    bomb = pack(bytes(100_000_000))
    page = raw(OK + b"Content-Encoding: " + encoding + b"\r\n\r\n", bomb)

    assert (len(page.body), page.truncated) == (LARGEST_BODY, True)


@pytest.mark.parametrize(
    "charset",
    [
        "no-such-thing",
        "idna",
        "undefined",
        "hex",
        "rot13",
        "zip",
        "",
        "utf-8\x00",
        "unicode_escape",
        "utf_16",
        "base64",
    ],
)
def test_a_charset_that_makes_no_sense_does_not_cost_the_page(charset: str) -> None:
    """It is read as UTF-8 with replacements, or as what it claims where that is text."""
    page = raw(OK + b"Content-Type: text/html; charset=" + charset.encode() + b"\r\n\r\n<title>Webmail</title> \xff")

    assert page.last.status == 200
    assert "<title>Webmail</title> " in decode(page.body, charset_in(page.content_type))


@pytest.mark.parametrize("charset", ["punycode", "utf-7", "unicode_escape", "idna"])
def test_no_charset_makes_reading_slow(charset: str) -> None:
    """Some of Python's codecs take time that grows with the square of the text."""
    head = OK + b"Content-Type: text/html; charset=" + charset.encode() + b"\r\n\r\n"
    with working(20):
        page = raw(head, (b"a" * 500_000 + b"-" + b"9" * 500_000)[:LARGEST_BODY])
        words = decode(page.body, charset_in(page.content_type))

    assert page.last.status == 200
    assert len(words) == LARGEST_BODY


PAGE = b"<title>Webmail</title>" + bytes(range(256)) * 500


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("deflate", zlib.compress(PAGE)),
        ("deflate", bare_deflate(PAGE)),
        ("Deflate", bare_deflate(PAGE)),
        ("deflate, identity", bare_deflate(PAGE)),
        ("gzip", gzip.compress(PAGE, mtime=0)),
        ("X-GZIP", gzip.compress(PAGE, mtime=0)),
        ("identity", PAGE),
        ("", PAGE),
        ("utf-8", PAGE),
        ("none", PAGE),
    ],
    ids=[
        *("zlib", "bare", "bare, capital", "bare, identity", "gzip", "x-gzip", "identity", "empty", "charset", "none"),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 1_000_000])
def test_a_page_is_unpacked_as_browsers_do(encoding: str, packed: bytes, piece: int) -> None:
    """RFC 9110 §8.4.1.2 knows of servers that leave out deflate's frame; what is no coding at all changes nothing."""
    unpack = _unpacking(encoding)

    assert b"".join(unpack(packed[at : at + piece], 1_000_000) for at in range(0, len(packed), piece)) == PAGE


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br", "gzip, gzip", "BR", "gzip;x"])
def test_a_page_that_is_packed_as_nobody_asked_for_has_come_and_is_not_read(encoding: str) -> None:
    """Browsers may read it: the server works, and what it says is not known."""
    page = raw(OK + b"Content-Encoding: " + encoding.encode() + b"\r\n\r\n", b"\x0b\x02\x80abc\x03")

    assert page.last.failure is None
    assert (page.last.status, page.packed, page.body, page.unfinished) == (200, encoding, b"", False)


@pytest.mark.parametrize("encoding", ["gzip", "identity", "utf-8"])
def test_what_was_asked_for_and_what_is_no_coding_is_no_such_page(encoding: str) -> None:
    body = gzip.compress(b"hello") if encoding == "gzip" else b"hello"
    page = raw(OK + b"Content-Encoding: " + encoding.encode() + b"\r\n\r\n", body)

    assert (page.packed, page.body) == ("", b"hello")


@pytest.mark.parametrize("octets", [PAGE, b"<html>", b"x\x9c<html>"])
def test_what_is_no_deflate_in_either_way_is_packed_wrongly(octets: bytes) -> None:
    unpack = _unpacking("deflate")
    with pytest.raises(ValueError, match="packed wrongly"):
        unpack(octets, 1_000_000)


def test_a_page_that_is_packed_wrongly_is_a_failure_by_its_own_words() -> None:
    """And not one of size, although zlib speaks of its header."""
    page = raw(OK + b"Content-Encoding: gzip\r\n\r\nnot gzip")

    assert page.last.failure is not None
    assert (page.last.failure.name, page.last.failure.text[:14]) == ("unknown", "packed wrongly")


def test_bytes_without_a_charset_are_utf_8() -> None:
    """What is none is replaced."""
    for head, octets, words in (
        (b"", b"M\xc3\xbcller \xff", "Müller �"),
        (b"; charset=gbk", b"\xd3\xca\xcf\xe4", "邮箱"),
    ):
        page = raw(OK + b"Content-Type: text/html" + head + b"\r\n\r\n" + octets)
        assert page.body == octets
        assert decode(page.body, charset_in(page.content_type)) == words


# -- through a Network


def test_a_connection_that_stands_is_used(site: Site) -> None:
    """For that host and port; the page costs no second connection."""
    site.expect_request("/").respond_with_data("hello")
    asked: list[tuple[str, int]] = []
    standing = Stream(socket.create_connection(("127.0.0.1", site.port)), Deadline(0))

    def ready(host: str, port: int) -> Stream | None:
        asked.append((host, port))
        return standing

    page = Network().fetch(site.url_for("/").replace("localhost", "127.0.0.1"), Deadline(PATIENCE), ready=ready)

    assert page.body == b"hello"
    assert asked == [("127.0.0.1", site.port)]


def test_nothing_of_this_computers_settings_is_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy from the environment, no .netrc: what is asked is what this computer itself can reach."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    site.expect_request("/").respond_with_handler(lambda request: Response(str("Authorization" in request.headers)))

    assert get(site.url_for("/")).body == b"False"
