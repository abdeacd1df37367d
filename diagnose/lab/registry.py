"""The registry of the estate's top-level domain, and the list that leads to it, over HTTPS (RDAP, RFC 9082, 9224)."""

from __future__ import annotations

import http.server
import json
import socket
from http import HTTPStatus

from diagnose.lab.listener import PATIENCE, Listener


class RegistrySession(http.server.BaseHTTPRequestHandler):
    """One connection: to the list, or to the registry, which knows one domain."""

    server_version = "Lab"
    sys_version = ""
    timeout = PATIENCE

    def __init__(
        self,
        connection: socket.socket,
        address: tuple[str, int],
        listener: Listener,
        *,
        domain: str,
        status: tuple[str, ...],
    ) -> None:
        self._domain = domain
        self._status = status
        self._place = f"https://127.0.0.1:{listener.port}/"
        super().__init__(connection, address, listener)

    def do_GET(self) -> None:
        """Answer with the list, with what is registered, or with an error (RFC 7480 §5.3)."""
        if self.path == "/dns.json":
            suffix = self._domain.partition(".")[2]
            self._answer(HTTPStatus.OK, {"version": "1.0", "services": [[[suffix], [self._place]]]})
        elif self.path == f"/domain/{self._domain}":
            told = {"objectClassName": "domain", "ldhName": self._domain.upper(), "status": self._status}
            self._answer(HTTPStatus.OK, told)
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"errorCode": 404})

    def log_message(self, *_: object) -> None:
        """Keep standard error clean."""

    def _answer(self, status: HTTPStatus, told: object) -> None:
        page = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/rdap+json")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
