"""Fetch a page as a browser would walk there: redirect by redirect, each recorded, nothing unbounded."""

from __future__ import annotations

import contextlib
import re
import time
import urllib.parse
import zlib
from collections.abc import Callable, Mapping

import msgspec

from diagnose import __version__
from diagnose.model.deadline import Deadline
from diagnose.model.domains import ascii_url
from diagnose.model.failures import Failure, NamedError, failure
from diagnose.network.stream import Stream
from diagnose.network.web_client import REDIRECTS, Answer, Open
from diagnose.process.first_use import one_at_a_time

MOST_REDIRECTS = 10
MOST_HEAD_LINES = 10_000
"""Until a page begins, whatever answers came before the one that counts (RFC 9110 §15.2)."""
PIECE = 16384
LARGEST_BODY = 1_000_000
"""Bytes of a page that are read; a login form comes far earlier."""

HEADERS = {
    "Accept-Encoding": "gzip, deflate",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5",
    "Connection": "keep-alive",
}
"""Of every request, unless it is told to send others."""

CODINGS = frozenset(
    {"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress", "dcb", "dcz", "exi", "aes128gcm"}
)
"""Of the registry of content codings (RFC 9110 §8.4.1)."""
FRAME_BYTES = 2
"""By which zlib knows deflate's frame, or that it is not there (RFC 1950 §2.2)."""
GZIP, DEFLATE_ALONE = 31, -15
"""What zlib calls the formats of RFC 1952, and of RFC 1951 without a frame around it."""


class Cookie(msgspec.Struct, frozen=True, kw_only=True):
    """A Set-Cookie header without its value."""

    name: str
    attributes: tuple[str, ...]
    """Each attribute as sent, such as ``Path=/`` or ``Secure``."""


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One request and what answered it."""

    url: str
    status: int | None = None
    location: str | None = None
    """Where a redirect leads, absolute."""
    cookies: tuple[Cookie, ...] = ()
    date: str | None = None
    """The Date header as sent."""
    at: float | None = None
    """When the answer came, by this computer's clock, in seconds since the epoch."""
    cache_control: str | None = None
    resource_policy: str | None = None
    """The Cross-Origin-Resource-Policy header as sent (Fetch standard): who else may fetch this."""
    retry_after: str | None = None
    """The Retry-After header as sent (RFC 9110 §10.2.3)."""
    failure: Failure | None = None
    milliseconds: int


class FetchedPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page and the way to it."""

    hops: tuple[Hop, ...]
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """Of the page itself: name, in small letters, and value of each, cookies aside."""
    body: bytes = b""
    """As sent, unpacked; not decoded (see `diagnose.replies.decode`)."""
    packed: str = ""
    """The content coding that it came in, although nobody asked for it: then the body was not read."""
    truncated: bool = False
    unfinished: bool = False
    """The deadline came before the page's end."""
    loop: bool = False
    """A redirect led back to where it had been, with the same cookies; or there were too many."""

    def header(self, name: str) -> str | None:
        """The value of a header of the page; None where none came."""
        return next((value for named, value in self.headers if named == name), None)

    @property
    def last(self) -> Hop:
        """The last request."""
        return self.hops[-1]


def fetch(
    url: str,
    deadline: Deadline,
    open_stream: Open,
    *,
    accept: Callable[[str], bool] = lambda _: True,
    largest_body: int = LARGEST_BODY,
    keep_cookies: bool = True,
    headers: Mapping[str, str] | None = None,
) -> FetchedPage:
    """GET *url* and follow its redirects. Never raises for what a server or the network does.

    A redirect to an address that *accept* refuses, or to no http(s) address, is recorded and not followed.
    Cookies set on the way are sent on, as a browser with an empty profile would; without *keep_cookies* none is.
    *headers* go with every request beside the usual ones.
    """
    with one_at_a_time:
        from diagnose.network.both_clients import BothClients

    opened: list[Stream] = []
    connecting = False

    def open_bounded(host: str, port: int, tls: bool) -> Stream:
        nonlocal connecting
        connecting = True
        stream = open_stream(host, port, tls, deadline)
        connecting = False
        stream.most_lines = MOST_HEAD_LINES
        opened.append(stream)
        return stream

    sent = {"User-Agent": f"diagnose/{__version__}", **HEADERS, **(headers or {})}
    client = BothClients(open_bounded, sent, deadline, keep_cookies=keep_cookies)
    url = ascii_url(url)
    hops: list[Hop] = []
    seen: set[tuple[object, ...]] = set()

    def failed(root: Exception, started: float) -> FetchedPage:
        known = root.known if isinstance(root, NamedError) else failure(root, "connect" if connecting else "http")
        return FetchedPage(hops=(*hops, Hop(url=url, failure=known, milliseconds=_since(started))))

    try:
        while True:
            started = time.monotonic()
            state = (url, client.cookies)
            if state in seen or len(hops) > MOST_REDIRECTS:
                return FetchedPage(hops=tuple(hops), loop=True)
            seen.add(state)
            try:
                with client.ask(url) as answer:
                    for stream in opened:
                        stream.most_lines = None
                    location = answer.header("Location") if answer.status in REDIRECTS else None
                    target = _joined(url, location) if location else None
                    hop = _hop(url, answer, target, started)
                    if target is None or not is_web_address(target) or not accept(target):
                        packed = _unasked(answer.header("Content-Encoding") or "")
                        body, cut, late = b"", False, False
                        if not packed:
                            body, cut, late = _body(answer, deadline, largest_body, client.errors)
                        hops.append(hop)
                        return FetchedPage(
                            hops=tuple(hops),
                            content_type=answer.header("Content-Type") or "",
                            headers=_headers(answer),
                            body=body,
                            packed=packed,
                            truncated=cut,
                            unfinished=late,
                        )
            except client.errors as error:
                return failed(client.root(error), started)
            except ValueError as error:
                return failed(error, started)
            hops.append(hop)
            url = target
    finally:
        client.close()


def is_web_address(url: str) -> bool:
    """Whether *url* can be asked for: http or https, a host, and a port that there is."""
    try:
        place = urllib.parse.urlsplit(url)
        return place.scheme in {"http", "https"} and bool(place.hostname) and (place.port is None or place.port > 0)
    except ValueError:
        return False


def astray(location: str | None) -> str:
    """Scheme, host and port of a redirect to something other than a web address; empty for any other redirect."""
    if not location or is_web_address(location):
        return ""
    scheme, _, rest = location.partition(":")
    if scheme.lower() not in {"http", "https"}:
        return f"{scheme.lower()[:20]}:"
    return f"{scheme.lower()}://{re.split('[/?#]', rest.lstrip('/'))[0].rpartition('@')[2][:260]}"


def _joined(base: str, relative: str) -> str:
    """*relative*, a header as the library hands it over, as a page at *base* means it; as it is where it is no URL."""
    with contextlib.suppress(UnicodeError):
        relative = relative.encode("latin-1").decode()  # which is how the library has read it
    try:
        return ascii_url(urllib.parse.urljoin(base, relative))
    except ValueError:
        return relative


def _since(started: float) -> int:
    return round(1000 * (time.monotonic() - started))


def _hop(url: str, answer: Answer, location: str | None, started: float) -> Hop:
    cookies = []
    for line in answer.each("Set-Cookie")[:50]:
        pair, *attributes = (part.strip() for part in line.split(";"))
        cookies.append(Cookie(name=pair.partition("=")[0][:100], attributes=tuple(a[:100] for a in attributes[:10])))
    return Hop(
        url=url,
        status=answer.status,
        location=location,
        cookies=tuple(cookies),
        date=answer.header("Date"),
        at=time.time(),
        cache_control=answer.header("Cache-Control"),
        resource_policy=answer.header("Cross-Origin-Resource-Policy"),
        retry_after=answer.header("Retry-After"),
        milliseconds=_since(started),
    )


def _headers(answer: Answer) -> tuple[tuple[str, str], ...]:
    names = dict.fromkeys(name.lower() for name in answer.names())
    return tuple((name, answer.header(name) or "") for name in names if name != "set-cookie")


def _body(
    answer: Answer, deadline: Deadline, largest: int, errors: tuple[type[Exception], ...]
) -> tuple[bytes, bool, bool]:
    """The page's octets, whether it is cut at *largest* bytes, and whether the deadline came before its end."""
    parts, size, late = [], 0, False
    unpack = _unpacking(answer.header("Content-Encoding") or "")
    try:
        for sent in answer.pieces(PIECE):
            part = unpack(sent, largest + 1 - size)
            parts.append(part)
            size += len(part)
            late = deadline.passed()
            if size > largest or late:
                break
    except errors:
        late = deadline.passed()
        if not parts or not late:
            raise
    return b"".join(parts)[:largest], size > largest, late


def _named(encoding: str) -> list[str]:
    """The words of a Content-Encoding header, if one of them is a coding.

    None is in the name of a charset, for example: browsers take such a page as it is.
    """
    named = [one for one in re.findall(r"[\w-]+", encoding.lower()) if one != "identity"]
    return [] if CODINGS.isdisjoint(named) else named


def _unasked(encoding: str) -> str:
    """The codings, where they are others than were asked for: browsers may read those all the same (br, zstd)."""
    named = _named(encoding)
    return "" if named in ([], ["gzip"], ["x-gzip"], ["deflate"]) else encoding[:100]


def _unpacking(encoding: str) -> Callable[[bytes, int], bytes]:
    """What makes a page of its pieces as they are sent, never more than the bytes given with them.

    A library that unpacks a whole piece makes sixteen million bytes of sixteen thousand.
    """
    named = _named(encoding)
    if not named:
        return lambda sent, _most: sent
    bare = named == ["deflate"]
    """Whether it may turn out to be without the frame that its format has."""
    unpacker = zlib.decompressobj() if bare else zlib.decompressobj(wbits=GZIP)
    begun = b""
    """What was sent before that is known."""

    def unpack(sent: bytes, most: int) -> bytes:
        nonlocal unpacker, bare, begun
        try:
            begun = begun + sent if bare else b""
            made = unpacker.decompress(unpacker.unconsumed_tail + sent, max(most, 1))
            bare = bare and len(begun) < FRAME_BYTES
        except zlib.error as error:
            if not bare:
                raise ValueError(f"packed wrongly: {error}") from error
            # some servers leave it out, and browsers bear with that (RFC 9110 §8.4.1.2)
            unpacker, bare = zlib.decompressobj(wbits=DEFLATE_ALONE), False
            return unpack(begun, most)
        return made

    return unpack
