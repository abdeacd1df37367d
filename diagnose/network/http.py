"""Fetch a page as a browser would walk there: redirect by redirect, each recorded, nothing unbounded."""

from __future__ import annotations

import contextlib
import re
import time
import urllib.parse
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from diagnose import __version__
from diagnose.model.deadline import Deadline
from diagnose.model.domains import ascii_url
from diagnose.model.failures import ClosedError, Failure, NamedError, TooMuchDataError, failure
from diagnose.network.owner import is_public_suffix
from diagnose.network.stream import Stream
from diagnose.process.first_use import one_at_a_time

if TYPE_CHECKING:
    import http.cookiejar
    import urllib.request

    import requests

MOST_REDIRECTS = 10
MOST_HEAD_LINES = 10_000
"""Until a page begins, whatever answers came before the one that counts (RFC 9110 §15.2)."""
PIECE = 16384
LARGEST_BODY = 1_000_000
"""Bytes of a page that are read; a login form comes far earlier."""

Open = Callable[[str, int, bool, Deadline], Stream]
"""Connects: host, port, whether TLS is wanted (then with the verified handshake done), deadline."""


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
    body: bytes = b""
    """As sent, unpacked; not decoded (see `diagnose.replies.decode`)."""
    truncated: bool = False
    unfinished: bool = False
    """The deadline came before the page's end."""
    loop: bool = False
    """A redirect led back to where it had been, with the same cookies; or there were too many."""

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
        import http.cookiejar

        import requests
        import urllib3.exceptions

    class OneHop(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> None:
            """None: for a redirect that it sees, requests reads the whole page, however long it is unpacked."""

    class PublicSuffixes(http.cookiejar.DefaultCookiePolicy):
        def set_ok_domain(self, cookie: http.cookiejar.Cookie, request: urllib.request.Request) -> bool:
            """Not for a public suffix, as com.cn, below which others' hosts are (RFC 6265bis §5.7 step 9)."""
            domain = cookie.domain.lstrip(".")
            of_others = domain != request.host.partition(":")[0] and is_public_suffix(domain)
            return super().set_ok_domain(cookie, request) and not (cookie.domain_specified and of_others)

    session = OneHop()
    session.trust_env = False  # no proxy, no .netrc: what is asked is what this computer itself can reach
    session.headers["User-Agent"] = f"diagnose/{__version__}"
    session.headers["Accept-Encoding"] = "gzip, deflate"
    session.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5"
    session.headers.update(headers or {})
    session.cookies.set_policy(PublicSuffixes(allowed_domains=None if keep_cookies else []))
    opened: list[Stream] = []
    connecting = False

    def open_bounded(host: str, port: int, tls: bool, until: Deadline) -> Stream:
        nonlocal connecting
        connecting = True
        stream = open_stream(host, port, tls, until)
        connecting = False
        stream.most_lines = MOST_HEAD_LINES
        opened.append(stream)
        return stream

    adapter = _adapter(open_bounded, deadline)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    url = ascii_url(url)
    hops: list[Hop] = []
    seen: set[tuple[str, str]] = set()
    try:
        while True:
            started = time.monotonic()
            state = (url, str(sorted((c.domain, c.path, c.name, c.value or "") for c in session.cookies)))
            if state in seen or len(hops) > MOST_REDIRECTS:
                return FetchedPage(hops=tuple(hops), loop=True)
            seen.add(state)
            try:
                response = session.get(url, allow_redirects=False, stream=True, timeout=max(deadline.left(), 0.01))
                with response:
                    for stream in opened:
                        stream.most_lines = None
                    location = response.headers.get("Location") if response.is_redirect else None
                    target = _joined(url, location) if location else None
                    hop = _hop(url, response, target, started)
                    if target is None or not is_web_address(target) or not accept(target):
                        body, cut, late = _body(response, deadline, largest_body)
                        hops.append(hop)
                        return FetchedPage(
                            hops=tuple(hops),
                            content_type=response.headers.get("Content-Type", ""),
                            body=body,
                            truncated=cut,
                            unfinished=late,
                        )
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                root = _root(error)
                known = failure(root, "connect" if connecting else "http")
                if isinstance(root, NamedError):
                    known = root.known
                hops.append(Hop(url=url, failure=known, milliseconds=_since(started)))
                return FetchedPage(hops=tuple(hops))
            hops.append(hop)
            url = target
    finally:
        session.close()


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


def _hop(url: str, response: requests.Response, location: str | None, started: float) -> Hop:
    raw = getattr(response.raw, "headers", None)
    lines = raw.getlist("Set-Cookie") if raw is not None else []
    cookies = []
    for line in lines[:50]:
        pair, *attributes = (part.strip() for part in line.split(";"))
        cookies.append(Cookie(name=pair.partition("=")[0][:100], attributes=tuple(a[:100] for a in attributes[:10])))
    return Hop(
        url=url,
        status=response.status_code,
        location=location,
        cookies=tuple(cookies),
        date=response.headers.get("Date"),
        at=time.time(),
        cache_control=response.headers.get("Cache-Control"),
        resource_policy=response.headers.get("Cross-Origin-Resource-Policy"),
        retry_after=response.headers.get("Retry-After"),
        milliseconds=_since(started),
    )


def _body(response: requests.Response, deadline: Deadline, largest: int) -> tuple[bytes, bool, bool]:
    """The page's octets, whether it is cut at *largest* bytes, and whether the deadline came before its end."""
    with one_at_a_time:
        import urllib3.exceptions

    parts, size, late = [], 0, False
    unpack = _unpacking(response.headers.get("Content-Encoding", ""))
    try:
        for sent in response.raw.stream(PIECE, decode_content=False):
            part = unpack(sent, largest + 1 - size)
            parts.append(part)
            size += len(part)
            late = deadline.passed()
            if size > largest or late:
                break
    except (urllib3.exceptions.HTTPError, OSError):
        late = deadline.passed()
        if not parts or not late:
            raise
    return b"".join(parts)[:largest], size > largest, late


def _unpacking(encoding: str) -> Callable[[bytes, int], bytes]:
    """What makes a page of its pieces as they are sent, never more than the bytes given with them.

    A library that unpacks a whole piece makes sixteen million bytes of sixteen thousand.
    """
    match encoding.strip().lower():
        case "gzip" | "x-gzip":
            unpacker = zlib.decompressobj(wbits=31)
        case "deflate":
            unpacker = zlib.decompressobj()
        case "" | "identity":
            return lambda sent, _most: sent
        case _:
            raise ValueError(f"packed in a way that was not asked for: {encoding[:100]}")

    def unpack(sent: bytes, most: int) -> bytes:
        try:
            return unpacker.decompress(unpacker.unconsumed_tail + sent, max(most, 1))
        except zlib.error as error:
            raise ValueError(f"packed wrongly: {error}") from error

    return unpack


def _root(error: BaseException) -> BaseException:
    """The error of the network beneath the wrappers of requests and urllib3."""
    with one_at_a_time:
        import http.client

        import requests
        import urllib3.exceptions

    seen: set[int] = set()
    queue: list[Any] = [error]
    while queue:
        one = queue.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, http.client.RemoteDisconnected):  # which calls itself a reset
            return ClosedError("closed without an answer")
        if isinstance(one, OSError) and not isinstance(one, requests.RequestException | urllib3.exceptions.HTTPError):
            return one
        queue += [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]
    return TooMuchDataError("headers too large") if "header" in str(error) else error


def _adapter(open_stream: Open, deadline: Deadline) -> Any:  # noqa: ANN401 - an HTTPAdapter, imported only when needed
    with one_at_a_time:
        import requests.adapters
        import urllib3.connection
        import urllib3.connectionpool

    class Plain(urllib3.connection.HTTPConnection):
        def connect(self) -> None:
            self.sock = open_stream(self.host, self.port or 80, False, deadline)

    class Tls(urllib3.connection.HTTPSConnection):
        def connect(self) -> None:
            self.sock = open_stream(self.host, self.port or 443, True, deadline)
            self.is_verified = True

    class PlainPool(urllib3.connectionpool.HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(urllib3.connectionpool.HTTPSConnectionPool):
        ConnectionCls = Tls

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the library's signature
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}

    return Adapter(max_retries=0)
