"""The self-test's web server: loopback only, for one browser, for one run.

A request without what the page was given gets the same bare 403, whatever it asks for. It may be another program's,
a foreign page's, or one by a name made to point here (DNS rebinding).
"""

from __future__ import annotations

import contextlib
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from flask import Flask, Response, abort, redirect, render_template, request, send_file, send_from_directory
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Response as AnyResponse

from diagnose.account.secret import Secret
from diagnose.browsers import recognise
from diagnose.model.browsing import LONGEST_HEADER, MOST_SECONDS, BrowserAnswer, Reaching
from diagnose.process.first_use import decode
from diagnose.providers import Language
from diagnose.rendering.renderer import PALETTE
from diagnose.selftest.conversation import Conversation, MisreadError
from diagnose.selftest.words import words

LARGEST_REQUEST = 65536
"""Bytes."""
LONGEST_PASSWORD = 65536
"""Characters."""
SILENCE_SECONDS = 20.0
"""How long a connection may say nothing."""
MOST_CONNECTIONS = 32
"""Open at a time; browsers make some six to a host."""
REFUSAL = "Forbidden\n"
"""In no language: who is refused is not known."""
LONGEST_ECHO = 320
"""Characters shown again of what was typed and is no address; the longest addresses have fewer (RFC 5321 §4.5.3.1)."""
OF_A_MATTER = frozenset({"reach", "reaching", "answer", "begin", "without_script"})
"""What a page does once it is known what it is about."""
COOKIE = "selftest"
STATIC = Path(__file__).with_name("static")

PAGE = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self' {foreign}; "\
       "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"  # fmt: skip
REACH = "default-src 'none'; script-src 'self'; connect-src https: http:; img-src https: http:; form-action 'none'; "\
        "base-uri 'none'; frame-ancestors 'self'"  # fmt: skip
REPORT = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "\
         "frame-ancestors 'none'; sandbox allow-downloads allow-popups allow-popups-to-escape-sandbox"  # fmt: skip
"""Content security policies. Only the frame that reaches for the webmail page, which may redirect anywhere, may
connect to other hosts; the page that holds what is typed may not. The report allows only its own styles, by a policy
within it."""

T = TypeVar("T")


def application(talk: Conversation, port: int, *, lang: Language, translate: Callable[[str], str]) -> Flask:
    """The pages of *talk*, served on *port*."""
    app = Flask(__name__, static_folder=None)
    app.logger.disabled = True  # a traceback beside a password is no place for one
    app.url_map.strict_slashes = app.url_map.merge_slashes = False  # which redirect, and so tell
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_REQUEST, MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST, PROVIDE_AUTOMATIC_OPTIONS=False
    )
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    here, foreign = f"127.0.0.1:{port}", f"localhost:{port}"
    elsewhere = f"http://{foreign}/third-party/{talk.foreign}"
    shown = {"lang": lang, "words": words(translate), "talk": talk, "foreign": elsewhere}

    @app.before_request
    def guard() -> None:
        args = request.view_args or {}
        is_foreign = request.endpoint == "third_party"
        if request.method not in {"GET", "POST"} or request.headers.get("Host") != (foreign if is_foreign else here):
            abort(403)
        origin = request.headers.get("Origin")
        if origin != f"http://{here}" and (origin is not None or request.method == "POST" or is_foreign):
            abort(403)
        if "seat" in args and not talk.admits(args["seat"], request.cookies.get(COOKIE)):
            abort(403)
        if request.endpoint in OF_A_MATTER and talk.unasked:
            abort(403)
        if is_foreign and args["secret"] != talk.foreign:
            abort(403)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Content-Security-Policy", PAGE.format(foreign=f"http://{foreign}"))
        return response

    @app.errorhandler(Exception)
    def refuse(_error: Exception) -> Response:
        """Whatever is wrong, a stranger learns nothing from it; nor is there a difference to learn from."""
        return Response(REFUSAL, 403, mimetype="text/plain")

    @app.get("/start/<token>")
    def start(token: str) -> AnyResponse:
        if not talk.take_seat(token):
            abort(403)
        response = redirect(f"/{talk.seat}/", 303)
        response.set_cookie(COOKIE, talk.cookie, httponly=True, samesite="Strict", path=f"/{talk.seat}/")
        return response

    @app.get("/<seat>/")
    def page(seat: str) -> AnyResponse | str:
        if talk.report is not None:
            return redirect("report", 303)
        if talk.unasked:
            return render_template("ask.html.j2", **shown)
        if talk.answer is None:
            talk.tell(_with_headers(BrowserAnswer(scripts=None)))
        return render_template("selftest.html.j2", **shown)

    @app.post("/<seat>/matter")
    def matter(seat: str) -> AnyResponse | str:
        """What the person wants to have diagnosed; what is no such thing is shown again, with what is wrong."""
        typed = request.form.get("instead") or request.form.get("matter", "")
        try:
            talk.take_up(None if "alone" in request.form else typed)
        except MisreadError as misread:
            return render_template("ask.html.j2", **shown, typed=typed[:LONGEST_ECHO], misread=misread)
        return redirect("./", 303)

    @app.post("/<seat>/ask-again")
    def ask_again(seat: str) -> AnyResponse:
        talk.ask_again()
        return redirect("./", 303)

    @app.get("/<seat>/palette.css")
    def palette(seat: str) -> Response:
        return send_file(PALETTE)

    @app.get("/<seat>/static/<file>")
    def static(seat: str, file: str) -> Response:
        return send_from_directory(STATIC, file)

    @app.get("/<seat>/without-script.css")
    def without_script(seat: str) -> Response:
        """Loaded by browsers that run no scripts, and by no others."""
        talk.tell(_of_request(BrowserAnswer(scripts=False), talk))
        return Response("", mimetype="text/css")

    @app.get("/<seat>/plain")
    def plain(seat: str) -> AnyResponse | str:
        if talk.report is not None:
            return redirect("report", 303)
        if talk.unasked:
            return redirect("./", 303)
        if talk.answer is None or not talk.answer.scripts:
            talk.tell(_of_request(BrowserAnswer(scripts=False), talk))
        if not talk.matter.password_wanted:
            talk.begin()
        return render_template("plain.html.j2", **shown, progress=talk.progress)

    @app.get("/<seat>/reach")
    def reach(seat: str) -> Response:
        """The frame that reaches for the webmail page; its request waits until that is known."""
        end = time.monotonic() + SILENCE_SECONDS / 2
        while talk.pages is None and time.monotonic() < end:
            time.sleep(0.05)
        response = Response(render_template("reach.html.j2", pages=talk.pages or (), **shown))
        response.headers["Content-Security-Policy"] = REACH
        return response

    @app.post("/<seat>/reaching")
    def reaching(seat: str) -> tuple[str, int]:
        found = _body(tuple[Reaching, ...])
        if {one.url for one in found} - set(talk.pages or ()):
            abort(403)
        talk.tell_reaching(found)
        return "", 204

    @app.post("/<seat>/answer")
    def answer(seat: str) -> Response:
        """What the page found out; back comes what it cannot see itself."""
        ahead = request.args.get("clock", math.nan, type=float) - time.time()
        told = msgspec.structs.replace(
            _of_request(_body(BrowserAnswer), talk),
            clock_ahead_seconds=round(ahead, 1) if abs(ahead) <= MOST_SECONDS else None,  # nor is NaN
        )
        talk.tell(told)
        return Response(msgspec.json.encode(_summary(told, lang)), mimetype="application/json")

    @app.post("/<seat>/begin")
    def begin(seat: str) -> AnyResponse:
        word = request.form.get("password", "")[:LONGEST_PASSWORD]
        talk.begin(Secret(word) if word else None)
        return redirect("plain", 303)

    @app.get("/<seat>/progress")
    def progress(seat: str) -> Response:
        return Response(msgspec.json.encode(talk.progress), mimetype="application/json")

    @app.get("/<seat>/report")
    def report(seat: str) -> AnyResponse:
        if talk.report is None:
            return redirect("./", 303)
        response = Response(talk.report, mimetype="text/html")
        response.headers["Content-Security-Policy"] = REPORT
        response.delete_cookie(COOKIE, path=f"/{talk.seat}/")
        response.call_on_close(talk.collected.set)
        return response

    @app.get("/third-party/<secret>")
    def third_party(secret: str) -> Response:
        """Another site (this computer under its other name), which leaves a cookie, and says whether one came."""
        kept = request.cookies.get(COOKIE) == talk.foreign
        response = Response("true" if kept else "false", mimetype="application/json")
        response.set_cookie(COOKIE, talk.foreign, max_age=0 if kept else 60, httponly=True, secure=True,
                            samesite="None", path=f"/third-party/{talk.foreign}")  # fmt: skip
        response.headers["Access-Control-Allow-Origin"] = f"http://{here}"
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    return app


class BrowserSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What this program sees of the browser."""

    browser: str | None
    """Name and version."""
    too_old: bool
    cookies: bool | None
    clock_ahead_seconds: float | None


def _summary(told: BrowserAnswer, lang: Language) -> BrowserSummary:
    found = recognise(told.user_agent, told.hints)
    return BrowserSummary(
        browser=f"{found.browser.names.in_language(lang)} {found.version}".strip() if found else None,
        too_old=found is not None and found.too_old,
        cookies=told.cookies,
        clock_ahead_seconds=told.clock_ahead_seconds,
    )


def _body(kind: type[T]) -> T:
    """The request's JSON as a *kind*. Raises msgspec.MsgspecError."""
    return decode(request.get_data(), kind)


def _of_request(answer: BrowserAnswer, talk: Conversation) -> BrowserAnswer:
    """*answer*, with what the request itself shows."""
    return msgspec.structs.replace(_with_headers(answer), cookies=request.cookies.get(COOKIE) == talk.cookie)


def _with_headers(answer: BrowserAnswer) -> BrowserAnswer:
    return msgspec.structs.replace(
        answer,
        user_agent=request.headers.get("User-Agent", "")[:LONGEST_HEADER],
        hints=request.headers.get("Sec-CH-UA", "")[:LONGEST_HEADER],
    )


class _Handler(WSGIRequestHandler):
    timeout = SILENCE_SECONDS

    def version_string(self) -> str:
        return "diagnose"

    def log(self, *_args: object) -> None:
        """Nothing: the addresses of pages hold secrets."""


class _Server(ThreadedWSGIServer):
    """Of more connections than a browser makes, the one that has been open longest is shut: the page gets through."""

    def __init__(self) -> None:
        self._open: dict[Any, None] = {}
        self._lock = threading.Lock()
        super().__init__("127.0.0.1", 0, lambda _environ, _start: [], _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's signature
        with self._lock:
            self._open[request] = None
            oldest = next(iter(self._open)) if len(self._open) > MOST_CONNECTIONS else None
            self._open.pop(oldest, None)
        if oldest is not None:
            with contextlib.suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)  # its own thread closes it
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - the library's signature
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)


@contextlib.contextmanager
def serving(talk: Conversation, *, lang: Language, translate: Callable[[str], str]) -> Iterator[str]:
    """Serve *talk* on a free port of 127.0.0.1; the address that opens it."""
    server = _Server()
    server.app = application(talk, server.port, lang=lang, translate=translate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}/start/{talk.token}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(1)
