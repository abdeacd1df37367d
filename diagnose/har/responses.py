"""What an answer says to the person: the words of a page or of a JSON error, its login form, and no more."""

from __future__ import annotations

import base64
import binascii
import html
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

import msgspec

from diagnose.har.names import names
from diagnose.har.script_words import MOST_WORDS, script_words
from diagnose.har.secrets import Secrets
from diagnose.har.urls import clean_url
from diagnose.model import quote
from diagnose.process.first_use import lazy_pattern
from diagnose.replies import charset_in, decode
from diagnose.replies.folding import visible

LONGEST_LINE, MOST_LINES, LONGEST_TEXT = 300, MOST_WORDS, 3_000
"""Characters of a line, lines, and characters in all that are kept of an answer's words."""
MOST_FORMS = 5
MESSAGE_TEXT, MESSAGE_WORDS, MESSAGE_LINKS = 600, 80, 5
"""Characters with all blanks, words and links that a page which is nothing but a message has at the most."""
FORM_LINKS = 40
"""Links of a page with a login form, at the most."""
DEEPEST_JSON, MOST_FIELDS = 6, 500

_TAG = lazy_pattern(r"<(form|input|/form)\b([^>]{0,2000})", re.IGNORECASE)
_LINK = lazy_pattern(r"<a\s", re.IGNORECASE)
_ATTRIBUTE = lazy_pattern(r"""([a-z-]{1,20})\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_CODE = lazy_pattern(r"[A-Za-z][A-Za-z_.]{0,60}|[A-Z]{2,12}\d{1,8}|-?\d{1,5}")
_UNSEEN = "noscript"
_HIDDEN = lazy_pattern(
    r"<(div|p|span|section)\b[^<>]{0,500}?(?:\shidden\b|display\s?:\s?none)[^<>]{0,500}>[^<]{0,2000}</\1>",
    re.IGNORECASE,
)
"""A plain element that waits for a script to show it."""


class ResponseText(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a response body that is kept."""

    said: tuple[str, ...] = ()
    """Its words, a line each."""
    password_form: bool = False
    """Whether it holds a field for a password."""
    actions: tuple[str, ...] = ()
    """Where its forms with such a field send what is typed."""
    refuses: bool = False
    """Whether a JSON answer says that it did not go well."""

    grants: bool = False
    """Whether a JSON answer says that it went well."""
    scripted: bool = False
    """Whether a page's own script names an error."""
    message: bool = False
    """Whether the page is as short as a message; a longer one may be a mailbox."""
    filled: bool = False
    """Whether the page is too long for a message or a login form; its words are not kept then."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing worth keeping."""
        return not (self.said or self.password_form or self.refuses or self.grants)


def body_of(content: dict[str, Any]) -> str:
    """The text of a HAR ``content`` object, decoded; empty for what holds none."""
    body = content.get("text")
    if not isinstance(body, str):
        return ""
    if content.get("encoding") != "base64":
        return body
    try:
        raw = base64.b64decode(body[: len(body) // 4 * 4])
    except (binascii.Error, ValueError):
        return ""
    return decode(raw, charset_in(str(content.get("mimeType") or "")))


def read_html(body: str, url: str, secrets: Secrets, *, scripts: bool = False) -> ResponseText:
    """The visible words of a page that *url* answered with, and its login form; of its *scripts* the errors alone."""
    actions, password = _password_forms(body, url, secrets)
    shown = _without(body, _UNSEEN)
    words = visible(shown if password else _HIDDEN.sub(" ", shown))
    message = (
        len(words.split()) <= MESSAGE_WORDS and len(words) <= MESSAGE_TEXT and len(_LINK.findall(body)) <= MESSAGE_LINKS
    )
    errors = script_words(body) if scripts or password else []
    return ResponseText(
        said=_kept([*errors, *words.splitlines()], secrets),
        password_form=password,
        actions=actions,
        scripted=bool(errors),
        message=message,
        filled=len(_LINK.findall(body)) > FORM_LINKS if password else not message,
    )


def read_json(body: str, secrets: Secrets) -> ResponseText:
    """The messages and error names of a JSON answer, in their order."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ResponseText()
    said = _coded(content)
    refuses, outcomes = False, set[bool]()
    for name, value in fields(content):
        if name in names().message_fields and isinstance(value, str):
            said.append(value)
        if name in names().code_fields and _CODE.fullmatch(str(value)) and not isinstance(value, bool):
            said.append(str(value))
        if name in names().outcome_fields and str(value).casefold() in {"false", "fail", "failed", "failure", "error"}:
            refuses = True
        if name in names().code_fields | names().outcome_fields and value not in (None, ""):
            outcomes.add(str(value).casefold() in names().good_outcomes)
        if name in names().granted_fields and value:
            outcomes.add(True)
    return ResponseText(said=_kept(said, secrets), refuses=refuses, grants=outcomes == {True})


def format_response(answer: ResponseText, *, json: bool) -> str:
    """*answer* as the smallest body that is read as the same answer."""
    if json:
        fields: dict[str, Any] = {"message": list(answer.said)}
        outcome = {"success": answer.grants} if answer.refuses or answer.grants else {}
        return msgspec.json.encode(fields | outcome).decode()
    forms = "".join(
        f'<form method="post" action="{html.escape(action)}"><input type="password"></form>'
        for action in answer.actions
    )
    if answer.password_form and not forms:
        forms = '<input type="password">'
    return "<!DOCTYPE html>" + forms + "".join(f"<p>{html.escape(line)}</p>" for line in answer.said)


def fields(content: object) -> Iterator[tuple[str, object]]:
    """The leaves of a JSON value with the name of the field that each stands in, lower case; bounded."""
    left = [("", content, 0)]
    seen = 0
    while left and seen < MOST_FIELDS:
        name, value, depth = left.pop(0)
        seen += 1
        if isinstance(value, dict) and depth < DEEPEST_JSON:
            left[:0] = [(str(key).casefold(), item, depth + 1) for key, item in list(value.items())[:MOST_FIELDS]]
        elif isinstance(value, list) and depth < DEEPEST_JSON:
            left[:0] = [(name, item, depth + 1) for item in value[:MOST_FIELDS]]
        elif not isinstance(value, dict | list):
            yield name, value


def _kept(lines: list[str], secrets: Secrets) -> tuple[str, ...]:
    kept: list[str] = []
    length = 0
    for line in lines:
        words = quote(secrets.hide(quote(line, LONGEST_LINE)), LONGEST_LINE)
        if words and words not in kept and length + len(words) <= LONGEST_TEXT and len(kept) < MOST_LINES:
            kept.append(words)
            length += len(words)
    return tuple(kept)


def _password_forms(body: str, url: str, secrets: Secrets) -> tuple[tuple[str, ...], bool]:
    actions: list[str] = []
    password, action = False, None
    for tag in _TAG.finditer(body):
        name = tag[1].lower()
        attributes = {a[1].lower(): html.unescape(a[2] or a[3] or a[4] or "") for a in _ATTRIBUTE.finditer(tag[2])}
        if name == "input" and attributes.get("type", "").strip().lower() == "password":
            password = True
            if action and action not in actions and len(actions) < MOST_FORMS:
                actions.append(action)
        elif name == "form":
            action = clean_url(_joined(url, attributes.get("action", "")), secrets)
        elif name == "/form":
            action = None
    return tuple(actions), password


def _coded(content: object) -> list[str]:
    """The number by which a webmail program tells what happened, with the names that say whose it is."""
    leaves = dict(reversed(list(fields(content))))
    return [
        f"{known.program} {known.code} {leaves[known.code]}"
        for known in names().coded_answers
        if leaves.keys() >= known.fields and re.fullmatch(r"-?\d{1,5}", str(leaves[known.code]))
    ]


def _joined(base: str, relative: str) -> str:
    try:
        return urllib.parse.urljoin(base, relative.strip())
    except ValueError:
        return ""


def _without(body: str, tag: str) -> str:
    """*body* without the elements called *tag*; one that is not closed is kept."""
    lower = body.lower()
    if len(lower) != len(body):  # a letter whose small form is longer
        lower = body
    parts, at = [], 0
    opening = re.compile(rf"<{tag}[\s>]")
    while found := opening.search(lower, at):
        end = lower.find(f"</{tag}", found.end())
        if end < 0:
            break
        parts.append(body[at : found.start()])
        at = end
    return " ".join([*parts, body[at:]])
