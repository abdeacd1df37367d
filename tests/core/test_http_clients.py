"""Two HTTP clients: whoever of them fetches a page, servers are asked the same, and the same comes of it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Mapping

import msgspec
import pytest

from diagnose.model import Deadline
from diagnose.network import FetchedPage, Nameserver, Network
from diagnose.network.http import LARGEST_BODY, fetch
from diagnose.network.plain_client import PlainClient
from tests.core.loopback import PATIENCE, Talk, reset, say, tcp
from tests.pace import patient

OK = b"HTTP/1.1 200 OK\r\n"
MOVED = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PATHS = (
    "",
    "/",
    "/mail?a=1&b=%40#part",
    "?a=1",
    "/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=postmaster%40corp.example",
    "/a/../b/./c",
    "/a%2fb%7Ec%41",
    "/ü ö",
    "/a;b=c,d:e@f!$*()'+~",
    "/%",
    "//twice//",
    "/a|b^c`d{e}\\f",
)
ANSWERS: Mapping[str, tuple[bytes | Talk, ...]] = {
    "by length": (OK + b"Content-Length: 5\r\nContent-Type: text/html\r\n\r\nhello, and more",),
    "by the end": (OK + b"\r\nhel", b"lo"),
    "in chunks": (CHUNKED + b"3;x=y\r\nhel\r\n", b"2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"),
    "in chunks, large": (CHUNKED, b"9c40\r\n" + b"x" * 40_000 + b"\r\n0\r\n\r\n"),
    "too large": (CHUNKED, b"200000\r\n" + b"x" * 0x200000),
    "nothing": (b"HTTP/1.1 204 No Content\r\n\r\n",),
    "length 0": (OK + b"Content-Length: 0\r\n\r\n",),
    "an error": (b"HTTP/1.0 503 Busy\r\nRetry-After: 3\r\nDate: today\r\n\r\nbusy",),
    "headers twice": (OK + b"Cache-Control: no-store\r\ncache-control: private\r\nContent-Length: 2\r\n\r\nhi",),
    "cookies": (OK + b"Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nhi",),
    "after Continue": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi",),
    "early hints": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK + b"\r\nhi",),
    "two lengths": (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi",),
    "the same length twice": (OK + b"Content-Length: 2, 2\r\n\r\nhi",),
    "no length": (OK + b"Content-Length: many\r\n\r\nhi",),
    "a length below zero": (OK + b"Content-Length: -2\r\n\r\nhi",),
    "length and chunks": (OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",),
    "two codings": (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",),
    "an unknown coding": (OK + b"Transfer-Encoding: x\r\n\r\nhi",),
    "no colon": (OK + b"strange\r\nContent-Length: 2\r\n\r\nhi",),
    "short": (OK + b"Content-Length: 5\r\n\r\nab",),
    "short at once": (OK + b"Content-Length: 5\r\n\r\n",),
    "reset": (reset,),
    "reset in the page": (OK + b"Content-Length: 5\r\n\r\nab", reset),
    "closed": (),
    "closed in the status": (b"HTTP/1.1 2",),
    "closed in the headers": (OK + b"Content-Len",),
    "another protocol": (b"* OK IMAP4rev1 header\r\n",),
    "another version": (b"HTTP/2.0 200 OK\r\n\r\n",),
    "no status": (b"HTTP/1.1 abc\r\n\r\n",),
    "a long header": (OK, b"X: " + b"x" * 70_000 + b"\r\n\r\n"),
    "many headers": (OK, b"X: y\r\n" * 200, b"\r\n"),
    "a packed page that is none": (OK + b"Content-Encoding: gzip\r\n\r\nnot gzip",),
    "packed otherwise": (OK + b"Content-Encoding: br\r\n\r\nx",),
    "moved without a place": (MOVED + b"\r\n",),
    "moved to mail": (MOVED + b"Location: mailto:a@corp.example\r\n\r\n",),
}
BROKEN_CHUNKS: Mapping[str, tuple[bytes | Talk, ...]] = {
    "no number": (CHUNKED + b"zz\r\n",),
    "none": (CHUNKED,),
    "cut": (CHUNKED + b"5\r\nhel",),
    "longer": (CHUNKED + b"2\r\nhello\r\n0\r\n\r\n",),
}


def by_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing to the plain client."""
    monkeypatch.setattr(PlainClient, "takes", lambda _self, _url: False)


def told(url: str, seconds: float = PATIENCE, **more: object) -> FetchedPage:
    """What came, without what differs each time."""
    page = fetch(url, Deadline(seconds), Network(Nameserver("127.0.0.1", 9))._open, **more)  # type: ignore[arg-type]
    hops = tuple(msgspec.structs.replace(hop, at=None, milliseconds=0) for hop in page.hops)
    return msgspec.structs.replace(page, hops=hops)


def twice(monkeypatch: pytest.MonkeyPatch, fetched: Callable[[], FetchedPage]) -> tuple[FetchedPage, FetchedPage]:
    """By the plain client as far as that goes, and by requests."""
    plain = fetched()
    by_requests(monkeypatch)
    return plain, fetched()


def talking(heard: list[bytes], *answers: tuple[bytes | Talk, ...]) -> tuple[Talk, ...]:
    """One of *answers* a connection; requests are kept in *heard*."""

    def talk(connected: socket.socket, parts: tuple[bytes | Talk, ...]) -> None:
        heard.append(connected.recv(65536))
        say(connected, parts)

    return tuple(lambda connected, parts=parts: talk(connected, parts) for parts in answers)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, {"Cookie": "a=b; c=d", "Accept": "x/y"}], ids=["usual", "more"])
def test_a_server_is_asked_the_same(path: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Octet by octet, whatever the address is written like."""
    heard: list[bytes] = []
    with tcp(*talking(heard, ANSWERS["by length"])) as port:
        plain, full = twice(monkeypatch, lambda: told(f"http://127.0.0.1:{port}{path}", headers=headers))

    assert heard[0] == heard[1] != b""
    assert plain == full


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_the_same_comes_of_every_answer(answer: tuple[bytes | Talk, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """A page or a failure, with all that is kept of it."""
    with tcp(*talking([], answer)) as port:
        plain, full = twice(monkeypatch, lambda: told(f"http://127.0.0.1:{port}/"))

    assert plain == full
    assert plain.last.failure is not None or plain.last.status is not None


@pytest.mark.parametrize("answer", BROKEN_CHUNKS.values(), ids=BROKEN_CHUNKS)
def test_broken_chunks_are_a_failure(answer: tuple[bytes | Talk, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same name; each library has words of its own for it."""
    with tcp(*talking([], answer)) as port:
        for page in twice(monkeypatch, lambda: told(f"http://127.0.0.1:{port}/")):
            assert page.body == b""
            assert page.last.failure is not None
            assert (page.last.failure.name, page.last.failure.operation) == ("unknown", "http")
            assert page.last.failure.text


@pytest.mark.parametrize(
    "cookies",
    [
        (),
        (b"sid=1; Path=/",),
        (b"sid=1; Path=/elsewhere", b"other=2"),
        (b"sid=1; Domain=example.com",),
        (b"sid=1; Secure",),
        (b"=",),
    ],
    ids=["none", "one", "two", "foreign", "secure", "odd"],
)
@pytest.mark.parametrize("keep_cookies", [True, False])
def test_cookies_go_along_from_the_first_redirect_on(
    cookies: tuple[bytes, ...], keep_cookies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that a browser would send on; the plain client has none."""
    lines = b"".join(b"Set-Cookie: " + one + b"\r\n" for one in cookies)
    way = (
        (MOVED + b"Location: /second\r\n\r\n",),
        (MOVED + lines + b"Location: third?x=1\r\n\r\n",),
        (OK + b"Content-Length: 2\r\n\r\nhi",),
    )
    heard: list[bytes] = []
    with tcp(*talking(heard, *way, *way)) as port:
        plain, full = twice(monkeypatch, lambda: told(f"http://127.0.0.1:{port}/", keep_cookies=keep_cookies))

    assert plain == full
    assert [hop.status for hop in plain.hops] == [302, 302, 200]
    assert heard[:3] == heard[3:]
    assert (b"Cookie: sid=1" in heard[2]) == (keep_cookies and cookies[:1] == (b"sid=1; Path=/",))


def test_nobody_is_asked_twice_where_the_answer_is_taken_over() -> None:
    """One connection, and one request."""
    heard: list[bytes] = []
    with tcp(*talking(heard, ANSWERS["two codings"])) as port:
        assert told(f"http://127.0.0.1:{port}/").body == b"hi"

    assert len(heard) == 1


LOADED = """
import sys
from diagnose.model import Deadline
from diagnose.network import Nameserver, Network

page = Network(Nameserver("127.0.0.1", 9)).fetch(sys.argv[1], Deadline(30))
print(page.last.status, *sorted({"requests", "urllib3", "http.cookiejar", "charset_normalizer"} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("answer", "loads"),
    [
        (ANSWERS["cookies"], ""),
        (ANSWERS["in chunks"], ""),
        (ANSWERS["two codings"], " charset_normalizer http.cookiejar requests urllib3"),
    ],
    ids=["cookies of the last page", "chunks", "not plain"],
)
def test_a_plain_page_loads_no_requests(answer: tuple[bytes | Talk, ...], loads: str) -> None:
    """Which is 50 ms of a processor, and 10 MiB."""
    with tcp(*talking([], answer)) as port:
        words = [sys.executable, "-c", LOADED, f"http://127.0.0.1:{port}/"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=patient(60), check=True)

    assert done.stdout.rstrip("\n") == f"200{loads}"


def test_a_page_is_cut_at_its_bound_by_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is the caller's, not the client's."""
    with tcp(*talking([], ANSWERS["too large"])) as port:
        for page in twice(monkeypatch, lambda: told(f"http://127.0.0.1:{port}/")):
            assert (len(page.body), page.truncated) == (LARGEST_BODY, True)
