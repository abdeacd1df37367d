"""The HTTP client for all that is not plain: requests, with its cookies, on connections of ours."""

from __future__ import annotations

import http.client
import http.cookiejar
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import requests
import requests.adapters
import requests.cookies
import urllib3
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions

from diagnose.model.deadline import Deadline
from diagnose.model.failures import ClosedError, TooMuchDataError
from diagnose.network.owner import is_public_suffix
from diagnose.network.plain_client import PlainAnswer
from diagnose.network.web_client import Connect

if TYPE_CHECKING:
    import urllib.request


class _OneHop(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: for a redirect that it sees, requests reads the whole page, however long it is unpacked."""


class _PublicSuffixes(http.cookiejar.DefaultCookiePolicy):
    def set_ok_domain(self, cookie: http.cookiejar.Cookie, request: urllib.request.Request) -> bool:
        """Not for a public suffix, as com.cn, below which others' hosts are (RFC 6265bis §5.7 step 9)."""
        domain = cookie.domain.lstrip(".")
        of_others = domain != request.host.partition(":")[0] and is_public_suffix(domain)
        return super().set_ok_domain(cookie, request) and not (cookie.domain_specified and of_others)


class CookieAnswer:
    """What came for one request."""

    def __init__(self, response: requests.Response, also: Callable[[], None] = lambda: None) -> None:
        """*also* is called when it is closed."""
        self._response = response
        self._also = also
        self.status = response.status_code

    def header(self, name: str) -> str | None:
        """The value of a header, several joined by commas."""
        return self._response.headers.get(name)

    def each(self, name: str) -> list[str]:
        """The value of every header of that name."""
        raw = getattr(self._response.raw, "headers", None)
        return raw.getlist(name) if raw is not None else []

    def names(self) -> list[str]:
        """Of the headers."""
        return list(self._response.headers)

    def pieces(self, size: int) -> Iterator[bytes]:
        """The body as sent. Raises HTTPError, OSError."""
        yield from self._response.raw.stream(size, decode_content=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()
        self._also()


class CookieClient:
    """Sends requests as a browser with an empty profile would, and cookies that were set on the way with them."""

    errors: tuple[type[Exception], ...] = (OSError, urllib3.exceptions.HTTPError)

    def __init__(self, connect: Connect, headers: Mapping[str, str], deadline: Deadline, *, keep_cookies: bool) -> None:
        self._deadline = deadline
        self._session = _OneHop()
        self._session.trust_env = False  # no proxy, no .netrc: what is asked is what this computer itself can reach
        self._session.headers.update(headers)
        self._session.cookies.set_policy(_PublicSuffixes(allowed_domains=None if keep_cookies else []))
        self._adapter = _adapter(connect)
        self._session.mount("https://", self._adapter)
        self._session.mount("http://", self._adapter)

    @property
    def cookies(self) -> tuple[tuple[str, ...], ...]:
        """Domain, path, name and value of each cookie that it would send on."""
        return tuple(sorted((one.domain, one.path, one.name, one.value or "") for one in self._session.cookies))

    def ask(self, url: str) -> CookieAnswer:
        """GET *url*. Raises OSError, of which all of requests is, and HTTPError."""
        patience = max(self._deadline.left(), 0.01)
        return CookieAnswer(self._session.get(url, allow_redirects=False, stream=True, timeout=patience))

    def take_over(self, url: str, answer: PlainAnswer) -> CookieAnswer:
        """*answer*, which came for *url*, as if it had come for a request of this client, with its cookies."""
        read = answer.response
        request = self._session.prepare_request(requests.Request("GET", url))
        raw = urllib3.HTTPResponse(
            read,
            headers=urllib3.HTTPHeaderDict(read.msg.items()),
            status=read.status,
            version=read.version,
            reason=read.reason,
            preload_content=False,
            decode_content=False,
            original_response=read,
            request_method="GET",
        )
        requests.cookies.extract_cookies_to_jar(self._session.cookies, request, raw)  # type: ignore[no-untyped-call]
        return CookieAnswer(self._adapter.build_response(request, raw), answer.close)

    def root(self, error: Exception) -> Exception:
        """The error of the network beneath the wrappers of requests and urllib3."""
        seen: set[int] = set()
        queue: list[Any] = [error]
        while queue:
            one = queue.pop(0)
            if not isinstance(one, Exception) or id(one) in seen:
                continue
            seen.add(id(one))
            if isinstance(one, http.client.RemoteDisconnected):  # which calls itself a reset
                return ClosedError("closed without an answer")
            if isinstance(one, OSError) and not isinstance(
                one, requests.RequestException | urllib3.exceptions.HTTPError
            ):
                return one
            queue += [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]
        return TooMuchDataError("headers too large") if "header" in str(error) else error

    def close(self) -> None:
        """Close what is open."""
        self._session.close()


def _adapter(connect: Connect) -> requests.adapters.HTTPAdapter:
    class Plain(urllib3.connection.HTTPConnection):
        def connect(self) -> None:
            self.sock = connect(self.host, self.port or 80, False)

    class Tls(urllib3.connection.HTTPSConnection):
        def connect(self) -> None:
            self.sock = connect(self.host, self.port or 443, True)
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
