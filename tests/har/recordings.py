"""Recordings written by hand, in the shapes that Chromium's and Firefox's developer tools save."""

from __future__ import annotations

import json
import urllib.parse
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

BEGAN = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
SITE = "https://mail.corp.example"
FIELDS = '<input name="user"><input type="password" name="pass"><button>Sign in</button>'
FORM = f'<title>Mail</title><form method="post" action="/login">{FIELDS}</form>'
HTML, JSON = "text/html", "application/json"


def form(message: str = "", action: str = "/login") -> str:
    """A login page with a *message* over its form."""
    return FORM.replace('action="/login"', f'action="{action}"') + f"<p>{message}</p>"


class Recorder:
    """Writes down one request after another, a second apart."""

    def __init__(self, shape: str = "chromium", ahead: timedelta = timedelta()) -> None:
        self.shape = shape
        self.ahead = ahead
        """How far the servers' clocks are ahead."""
        self.entries: list[Any] = []

    def add(
        self,
        url: str,
        status: int = 200,
        body: str = "",
        *,
        method: str = "GET",
        media: str = HTML,
        fields: dict[str, str] | str | None = None,
        cookies: str = "",
        sets: tuple[str, ...] = (),
        leads: str = "",
        kind: str = "document",
        sent: dict[str, str] | None = None,
        received: dict[str, str] | None = None,
        **more: Any,
    ) -> Recorder:
        """One request; *more*: further fields of the entry, or of the response where they begin with ``response_``."""
        url = urllib.parse.urljoin(SITE, url)
        at = BEGAN + timedelta(seconds=len(self.entries))
        asked = [{"name": "Accept", "value": "text/html,*/*" if kind == "document" else "*/*"}]
        asked += [{"name": name, "value": value} for name, value in (sent or {}).items()]
        asked += [{"name": "Cookie", "value": cookies}] if cookies else []
        answered = [{"name": name, "value": value} for name, value in (received or {}).items()]
        answered += [{"name": "Date", "value": format_datetime(at + self.ahead, usegmt=True)}] if status else []
        answered += [{"name": "Location", "value": leads}] if leads else []
        answered += [{"name": "set-cookie", "value": value} for value in sets]
        request: dict[str, Any] = {
            "method": method,
            "url": url,
            "httpVersion": "http/2.0",
            "headers": asked,
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": 0,
        }
        if fields is not None:
            encoded = isinstance(fields, dict)
            request["postData"] = {
                "mimeType": "application/x-www-form-urlencoded" if encoded else JSON,
                "text": urllib.parse.urlencode(fields) if isinstance(fields, dict) else fields,
            }
        response: dict[str, Any] = {
            "status": status,
            "statusText": "",
            "httpVersion": "http/2.0",
            "headers": answered,
            "cookies": [],
            "content": {"size": len(body), "mimeType": media if status else "x-unknown"}
            | ({"text": body} if body else {}),
            "redirectURL": leads,
            "headersSize": -1,
            "bodySize": -1,
        }
        entry = {
            "startedDateTime": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "time": 20.5,
            "request": request,
            "response": response,
            "cache": {},
            "timings": {"send": 0, "wait": 20.5, "receive": 0},
        }
        response |= {
            name.removeprefix("response"): value for name, value in more.items() if name.startswith("response_")
        }
        entry |= {name: value for name, value in more.items() if not name.startswith("response_")}
        if self.shape == "chromium":
            entry["_resourceType"] = kind
        else:
            entry["_securityState"] = "secure"
            asked.append({"name": "Sec-Fetch-Dest", "value": {"xhr": "empty"}.get(kind, kind)})
            response["cookies"] = [{"name": s.partition("=")[0], "value": s.partition("=")[2]} for s in sets]
        self.entries.append(entry)
        return self

    def login(self, status: int = 302, body: str = "", **more: Any) -> Recorder:
        """The request that carries the password."""
        given: dict[str, Any] = {"method": "POST", "fields": {"user": "alice", "pass": "hunter2hunter2"}} | more
        return self.add(given.pop("url", "/login"), status, body, **given)

    @property
    def har(self) -> dict[str, Any]:
        creator = {"name": "WebInspector" if self.shape == "chromium" else "Firefox", "version": "537.36"}
        return {"log": {"version": "1.2", "creator": creator, "pages": [], "entries": self.entries}}

    def save(self, file: Path) -> Path:
        file.write_text(json.dumps(self.har), "utf-8")
        return file
