"""The way to a scheduler of Dask: who may be asked, and a connection within seconds or one sentence why not."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import warnings
from concurrent.futures import CancelledError
from urllib.parse import urlsplit

from distributed import Client

from diagnose.fleet.engine import EngineError
from diagnose.model import Text, quote, text
from diagnose.network.tcp_probe import probe_port
from diagnose.network.threads import in_background

CONNECT_SECONDS = 4.0
"""For the scheduler to let us in."""
ANSWER_SECONDS = 7.0
"""For what Dask itself would wait for without end."""


def is_guarded(address: str) -> bool:
    """Whether nobody else can reach what listens at *address*, a URL, or read what goes there: TLS, or loopback.

    Who can reach a scheduler or a worker can have it run any program, one that hands out passwords, too.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme == "tls" or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def unguarded(address: str) -> Text:
    """Why nobody logs in by way of *address*."""
    return text(
        "{address} is not guarded: whoever can reach it can have the workers hand out passwords. Give one that begins "
        "with tls://, or --no-login",
        address=address,
    )


def connected(scheduler: str) -> Client:
    """A client of the *scheduler*, a URL. Raises EngineError."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in {"distributed", "tornado"}:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters is said in one sentence
    parts = urlsplit(scheduler)

    def begin() -> Client:
        probe_port(parts.hostname or "", parts.port or 0, CONNECT_SECONDS)
        return Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)

    begun = in_background(begin, "scheduler")
    words: str | Text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other versions of libraries than workers have
            return begun.result(ANSWER_SECONDS)
    except (TimeoutError, CancelledError):
        words = text("no answer in time")
    except Exception as error:  # wrong settings of TLS are of many types
        words = _words(_first(error))
    sentence = text("the scheduler {address} cannot be reached: {words}", address=quote(scheduler), words=words)
    raise EngineError(sentence)


def _first(error: BaseException) -> BaseException:
    """What *error* came of."""
    cause = error.__cause__
    return error if cause is None else _first(cause)


def _words(error: BaseException) -> str:
    return quote(getattr(error, "strerror", None) or str(error) or type(error).__name__)


def leave(client: Client) -> None:
    """End the connection of *client*."""
    with contextlib.suppress(Exception):  # of a scheduler that is gone already
        client.close(timeout=CONNECT_SECONDS)
