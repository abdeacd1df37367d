"""Whatever is secret in a recording, and wherever it stands: no report and no sanitised copy holds it."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from checks.browser.har import judge_har
from diagnose.account.person import Person
from diagnose.har.reader import read_har
from diagnose.har.secrets import STAND_IN, Secrets, ordinary, secret_shaped
from diagnose.model import Deadline, Inputs, Subject
from diagnose.model.browsing import Browsing
from diagnose.planning.selection import Selection
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.diagnosis import diagnose
from diagnose.running.request import Request
from reports import html, text
from reports import json as json_report
from tests.pace import patient

from .recordings import HTML, JSON, SITE, Recorder, form
from .test_verdicts import BAD, GOOD

SUBJECT = Subject(domain="corp.example")
PIECE = 9
"""Characters of a token that already would give a part of it away."""
Plant = Callable[[dict[str, Any], str], None]


def _header(entry: dict[str, Any], side: str, name: str, value: str) -> None:
    entry[side]["headers"].append({"name": name, "value": value})


def _answer(entry: dict[str, Any], media: str, body: str, encoding: str | None = None) -> None:
    entry["response"]["content"] = {"mimeType": media, "size": 1, "text": body} | (
        {"encoding": encoding} if encoding else {}
    )


def _link(entry: dict[str, Any], tail: str) -> None:
    entry["request"]["url"] = entry["request"]["url"].partition("?")[0] + tail


def _body(entry: dict[str, Any], media: str, body: str) -> None:
    entry["request"]["postData"] = {"mimeType": media, "text": body}


def _basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"alice:{password}".encode()).decode()


MULTIPART = '--x\r\nContent-Disposition: form-data; name="p"\r\n\r\n{}\r\n'
PLACES: dict[str, Plant] = {
    "cookie": lambda e, s: _header(e, "request", "Cookie", f"a={s}"),
    "cookie name": lambda e, s: _header(e, "request", "Cookie", f"{s}=1"),
    "cookie list": lambda e, s: e["request"]["cookies"].append({"name": "a", "value": s}),
    "cookie list of the answer": lambda e, s: e["response"]["cookies"].append({"name": s, "value": s, "path": s}),
    "set-cookie": lambda e, s: _header(e, "response", "Set-Cookie", f"a={s}; Path=/{s}; Comment={s}"),
    "two set-cookies": lambda e, s: _header(e, "response", "Set-Cookie", f"a=1; Secure\nb={s}"),
    "bearer": lambda e, s: _header(e, "request", "Authorization", f"Bearer {s}"),
    "basic": lambda e, s: _header(e, "request", "Authorization", _basic(s)),
    "unknown scheme": lambda e, s: _header(e, "request", "Proxy-Authorization", s),
    "own header": lambda e, s: _header(e, "request", "X-Api-Key", s),
    "own header of the answer": lambda e, s: _header(e, "response", "X-Csrf-Token", s),
    "header name": lambda e, s: _header(e, "response", s, "1"),
    "user agent": lambda e, s: _header(e, "request", "User-Agent", f"Mozilla {s}"),
    "referer": lambda e, s: _header(e, "request", "Referer", f"{SITE}/a/{s}?b={s}"),
    "origin": lambda e, s: _header(e, "request", "Origin", f"https://{s}.example"),
    "location": lambda e, s: _header(e, "response", "Location", f"/cb?code={s}#id_token={s}"),
    "policy": lambda e, s: _header(e, "response", "Content-Security-Policy", f"form-action 'nonce-{s}' https://a.example/{s}"),
    "content type": lambda e, s: _header(e, "response", "Content-Type", f"text/{s}; boundary={s}"),
    "challenge": lambda e, s: _header(e, "response", "WWW-Authenticate", f"Negotiate {s}"),
    "allowed origin": lambda e, s: _header(e, "response", "Access-Control-Allow-Origin", s),
    "query": lambda e, s: _link(e, f"?a={s}&error={s}"),
    "query name": lambda e, s: _link(e, f"?{s}"),
    "path": lambda e, s: _link(e, f"/{s}/x"),
    "path, encoded": lambda e, s: _link(e, "/" + "".join(f"%{ord(c):02X}" for c in s)),
    "fragment": lambda e, s: _link(e, f"#access_token={s}"),
    "password of the URL": lambda e, s: e["request"].update(url=f"https://al:{s}@mail.corp.example/"),
    "host": lambda e, s: e["request"].update(url=f"https://{s.lower()}.corp.example/"),
    "query list": lambda e, s: e["request"]["queryString"].append({"name": s, "value": s}),
    "form": lambda e, s: _body(e, "application/x-www-form-urlencoded", f"user=al&pass={s}&{s}=1"),
    "form list": lambda e, s: e["request"].update(
        postData={"mimeType": s, "params": [{"name": s, "value": s}], "text": s}
    ),
    "json": lambda e, s: _body(e, JSON, json.dumps({"a": [{"password": s, s: 1}]})),
    "multipart": lambda e, s: _body(e, "multipart/form-data", MULTIPART.format(s)),
    "raw body": lambda e, s: _body(e, "application/octet-stream", s),
    "page": lambda e, s: _answer(e, HTML, form(f"Invalid password {s}")),
    "title": lambda e, s: _answer(e, HTML, form() + f"<title>{s}</title>"),
    "hidden field": lambda e, s: _answer(e, HTML, form() + f'<input type="hidden" name="csrf" value="{s}">'),
    "script": lambda e, s: _answer(e, HTML, form() + f"<script>token = '{s}'</script>"),
    "action": lambda e, s: _answer(e, HTML, form(action=f"/login/{s}?t={s}")),
    "packed page": lambda e, s: _answer(e, HTML, base64.b64encode(form(f"Error {s}").encode()).decode(), "base64"),
    "answer": lambda e, s: _answer(e, JSON, json.dumps({"token": s, "message": f"failed: {s}", "error": s, s: s})),
    "plain answer": lambda e, s: _answer(e, "text/plain", s),
    "script file": lambda e, s: _answer(e, "text/javascript", s),
    "failure": lambda e, s: e["response"].update(_error=f"net::ERR_FAILED {s}"),
    "blocked": lambda e, s: e.update(_blockedReason=s),
    "cache": lambda e, s: e.update(_fromCache=s),
    "kind": lambda e, s: e.update(_resourceType=s),
    "method": lambda e, s: e["request"].update(method=s),
    "version": lambda e, s: e["request"].update(httpVersion=s),
    "status text": lambda e, s: e["response"].update(statusText=s),
    "redirect": lambda e, s: e["response"].update(redirectURL=f"{SITE}/{s}"),
    "media type": lambda e, s: e["response"]["content"].update(mimeType=s),
    "comment": lambda e, s: e.update(comment=s, serverIPAddress=s, connection=s, pageref=s),
    "initiator": lambda e, s: e.update(_initiator={"url": f"{SITE}/?t={s}", "stack": {"callFrames": [{"url": s}]}}),
    "web socket": lambda e, s: e.update(_webSocketMessages=[{"data": s}]),
    "timings": lambda e, s: e["timings"].update(comment=s),
    "time": lambda e, s: e.update(startedDateTime=s),
}  # fmt: skip

LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
tokens = st.one_of(
    st.text(LETTERS, min_size=24, max_size=60).map(lambda s: "aB3" + s),
    st.text("0123456789abcdef", min_size=29, max_size=29).map(lambda s: "7f3" + s),
    st.uuids().map(str),
    st.tuples(st.text(LETTERS, min_size=20, max_size=40), st.text(LETTERS, min_size=20, max_size=40)).map(
        lambda parts: f"eyJhbGciOiJIUzI1NiJ9.eyJ{parts[0]}.9Z{parts[1]}"
    ),
)
makers = st.sampled_from([*GOOD, *BAD])


def sanitized(file: Path) -> str:
    target = file.with_suffix(".clean.har")
    target.unlink(missing_ok=True)
    read_har(file, Deadline(60)).write_sanitized(file, target, Deadline(60))
    return target.read_text("utf-8")


def verdict(file: Path) -> list[tuple[str, str]]:
    known = Inputs(subject=SUBJECT, provider=None, services=())
    return [(f.cause, f.certainty) for f in judge_har(read_har(file, Deadline(60)).facts, known, SUBJECT)]


def written(file: Path) -> list[str]:
    """All reports on *file*, and its sanitised copy."""
    request = Request(
        subject=SUBJECT,
        find_services=False,
        person=Person(browsing=Browsing(har=read_har(file, Deadline(60)).facts)),
        selection=Selection(only=("har",)),
    )
    report = diagnose(request).report
    style = RenderStyle(translate=str, verbose=True)
    return [*(module.RENDERER.render(report, style) for module in (text, html, json_report)), sanitized(file)]


def pieces(secret: str) -> set[str]:
    """What must not be found, in any letter case: a host name has none."""
    parts = {secret[start : start + PIECE].lower() for start in range(len(secret) - PIECE + 1)}
    return {part for part in parts if any(c.isdigit() for c in part)}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), makers, st.lists(st.tuples(st.sampled_from(sorted(PLACES)), tokens), min_size=1, max_size=4))
def test_no_secret_leaves_a_recording(data: st.DataObject, make: Any, planted: list[tuple[str, str]]) -> None:
    """And the copy without secrets is judged as the recording is, and has nothing more to be taken out."""
    recorder = make(Recorder(data.draw(st.sampled_from(["chromium", "firefox"]))))
    for place, secret in planted:
        PLACES[place](recorder.entries[data.draw(st.integers(0, len(recorder.entries) - 1))], secret)
    with tempfile.TemporaryDirectory() as name:
        file, copy = recorder.save(Path(name, "login.har")), Path(name, "copy.har")
        outputs = written(file)
        copy.write_text(outputs[-1], "utf-8")
        as_recorded, as_copied, twice = verdict(file), verdict(copy), sanitized(copy)

    assert [(place, secret) for place, secret in planted for out in outputs if _pieces_in(out, secret)] == []
    assert as_copied == as_recorded
    assert twice == outputs[-1]


def _pieces_in(out: str, secret: str) -> set[str]:
    lower = out.lower()
    return {piece for piece in pieces(secret) if piece in lower}


@pytest.mark.parametrize("place", sorted(PLACES))
def test_every_place(place: str, tmp_path: Path) -> None:
    """Each by itself in each entry of a failed login, a token and a password that is no token by its looks."""
    secret = "aB3xK9mQ2wE7rT5yU8iO1pL4kJ6hG"
    recorder = Recorder().add("/login", body=form()).login(200, form("Invalid user name or password"))
    for entry in recorder.entries:
        PLACES[place](entry, secret)

    assert [out for out in written(recorder.save(tmp_path / "login.har")) if _pieces_in(out, secret)] == []


@settings(max_examples=40, deadline=None)
@given(
    st.text(st.characters(categories=("L", "N", "P", "S")), min_size=6, max_size=30),
    st.sampled_from(["form", "json", "basic"]),
)
@example("Tr0ub4dor&3-zebra", "form")
@example("korrekt pferd+batterie", "json")
def test_a_password_that_is_echoed(password: str, way: str) -> None:
    """Whatever it looks like: known from the field it was typed into, it is hidden in the page that repeats it."""
    assume(not ordinary(password))
    ways: dict[str, dict[str, Any]] = {
        "form": {"fields": {"user": "alice", "pass": password}},
        "json": {"fields": json.dumps({"user": "alice", "login": {"password": password}})},
        "basic": {"sent": {"Authorization": _basic(password)}},
    }
    echo = "".join(f"&#{ord(c)};" for c in password)
    recorder = Recorder().add("/login", body=form()).login(200, form(f"Invalid password [{echo}]"), **ways[way])
    with tempfile.TemporaryDirectory() as name:
        file = recorder.save(Path(name, "login.har"))
        said = read_har(file, Deadline(patient(9))).facts.exchanges[-1].said
        clean = sanitized(file)

    assert said[-1] == f"Invalid password [{STAND_IN}]"
    assert f"[{password}]" not in json.loads(clean)["log"]["entries"][-1]["response"]["content"]["text"]


def test_a_password_that_is_a_word_of_messages_garbles_none(tmp_path: Path) -> None:
    """It gives nothing away there."""
    recorder = Recorder().add("/login", body=form())
    recorder.login(200, form("Invalid username or password"), fields={"user": "username", "pass": "password"})

    assert verdict(recorder.save(tmp_path / "login.har"))[0] == ("credentials.rejected", "likely")


def test_what_is_a_word_and_what_is_a_token() -> None:
    words = [
        "AADSTS7000218",
        "large_client_header_buffers",
        "index.php",
        "password",
        "ERR_HTTP2",
        "v2.0",
        "S_OK",
        "x-y-z-1",
    ]
    secrets = [
        "12345678",
        "eyJhbGciOiJIUzI1NiJ9",
        "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "aB3xK9mQ2wE7",
        "d41d8cd98f00b204",
    ]

    assert [word for word in words if secret_shaped(word)] == []
    assert [word for word in secrets if not secret_shaped(word)] == []


@given(st.text())
def test_to_hide_twice_changes_nothing(words: str) -> None:
    secrets = Secrets()

    assert secrets.hide(secrets.hide(words)) == secrets.hide(words)


def test_secrets_have_no_representation() -> None:
    secrets = Secrets()
    secrets.learn("hunter2hunter2")

    assert "hunter2" not in f"{secrets!r}{secrets}"
