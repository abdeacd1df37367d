"""A small JMAP server (RFC 8620): its session resource, behind the usual redirect."""

from __future__ import annotations

import base64
import json

from diagnose.lab.session import MOST_COMMANDS, Session

WELL_KNOWN, RESOURCE = "/.well-known/jmap", "/jmap/session"
REJECTION = "HTTP/1.1 401 Unauthorized\n" + json.dumps(
    {"type": "about:blank", "status": 401, "detail": "You have to authenticate first."}
)
"""A reply is a status line, and below it what is sent as the body."""
_CAPABILITIES: dict[str, object] = {f"urn:ietf:params:jmap:{name}": {} for name in ("core", "mail", "submission")}


class JmapSession(Session):
    """One connection of HTTP, kept open between requests."""

    protocol = "jmap"

    def converse(self) -> None:
        """Answer requests until the client goes."""
        for _ in range(MOST_COMMANDS):
            request = self.read_line().split()
            headers = dict(self._header(line) for line in iter(self.read_line, b""))
            path = request[1].decode("ascii", "replace") if len(request) == 3 else ""
            if path == WELL_KNOWN:
                self._answer("HTTP/1.1 302 Found", f"Location: {RESOURCE}")
            elif path != RESOURCE:
                self._answer("HTTP/1.1 404 Not Found")
            elif "authorization" not in headers:
                self._answer(REJECTION, *self._schemes())
            elif self._admits(headers["authorization"]):
                self._answer("HTTP/1.1 200 OK\n" + self._session())
            else:
                self._answer(self.settings.account.reply(self.protocol, REJECTION), *self._schemes())

    @staticmethod
    def _header(line: bytes) -> tuple[str, str]:
        name, _, value = line.decode("latin-1").partition(":")
        return name.strip().lower(), value.strip()

    def _schemes(self) -> list[str]:
        """As the estate's SASL mechanisms say it in HTTP."""
        schemes = ['Basic realm="mail"'] if self.takes_passwords else []
        schemes += ['Bearer realm="mail"'] if any("OAUTH" in name for name in self.settings.mechanisms) else []
        return [f"WWW-Authenticate: {scheme}" for scheme in schemes]

    def _admits(self, authorization: str) -> bool:
        scheme, _, inputs = authorization.partition(" ")
        match scheme.lower():
            case "basic":
                try:
                    name, _, password = base64.b64decode(inputs, validate=True).partition(b":")
                except ValueError:
                    return False
                return self.log_in(name, password)
            case _:
                self.settings.account.refuse(self.protocol, encrypted=self.encrypted)
                return False

    def _session(self) -> str:
        accounts = {"a1": {"name": self.settings.host, "isPersonal": True, "accountCapabilities": _CAPABILITIES}}
        urls = {name: f"/jmap/{name}" for name in ("apiUrl", "downloadUrl", "uploadUrl", "eventSourceUrl")}
        session = {
            "capabilities": _CAPABILITIES,
            "accounts": accounts,
            "primaryAccounts": dict.fromkeys(_CAPABILITIES, "a1"),
            "username": "",
            "state": "1",
        }
        return json.dumps(session | urls)

    def _answer(self, reply: str, *headers: str) -> None:
        status, _, body = reply.partition("\n")
        kind = "application/json" if body.startswith("{") else "text/html"
        size = len(body.encode()) + len("\r\n") if body else 0
        self.say(status, *headers, f"Content-Type: {kind}", f"Content-Length: {size}", "", *([body] if body else []))
