"""The webmail page of an estate, over HTTPS."""

from __future__ import annotations

import http.server
import socket
import time
from email.utils import formatdate

from diagnose.lab.listener import PATIENCE, Listener
from diagnose.lab.scenario import Web

_SECONDS_A_DAY = 86400
_LOGIN_FORM = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Webmail: sign in</title></head>
<body>
<form action="/login" method="post">
<label>E-mail address <input type="email" name="username" autocomplete="username"></label>
<label>Password <input type="password" name="password" autocomplete="current-password"></label>
<button type="submit">Sign in</button>
</form>
</body>
</html>
"""


class WebmailSession(http.server.BaseHTTPRequestHandler):
    """One connection to the page: every path answers alike."""

    server_version = "Lab"
    sys_version = ""
    timeout = PATIENCE

    def __init__(
        self,
        connection: socket.socket,
        address: tuple[str, int],
        listener: Listener,
        *,
        web: Web,
        days_ahead: int,
        delay: float,
    ) -> None:
        self._web = web
        self._days_ahead = days_ahead
        self._delay = delay
        super().__init__(connection, address, listener)

    def do_GET(self) -> None:
        """Answer with the page."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Answer with the page's headers."""
        self._answer(body=False)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The time by the estate's clock."""
        return formatdate((timestamp or time.time()) + self._days_ahead * _SECONDS_A_DAY, usegmt=True)

    def log_message(self, *_: object) -> None:
        """Keep standard error clean."""

    def _answer(self, *, body: bool) -> None:
        page = (_LOGIN_FORM if self._web.page is None else self._web.page).encode()
        time.sleep(self._delay)
        self.send_response(self._web.status)
        if self._web.location is not None:
            self.send_header("Location", self._web.location)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if body:
            self.wfile.write(page)
