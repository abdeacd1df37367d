"""The errors that a page's scripts are going to show, and those that the data beside them name."""

from __future__ import annotations

import base64
import binascii
import html
import re

import msgspec

from diagnose.har.names import names
from diagnose.process.first_use import lazy_pattern

MOST_WORDS = 60
"""Lines of them."""
_MESSAGE_CALL = lazy_pattern(
    r"""\b([A-Za-z_]\w{2,40})\(\s{0,9}("(?:[^"\\\n]|\\.){1,2000}")\s{0,9},\s{0,9}["']([a-z]{1,20})["']"""
)
_SCRIPT_FIELD = lazy_pattern(r'"(\w{1,40})"\s?:\s?"([^"\\]{1,500})')


def script_words(body: str) -> list[str]:
    """What a page's script is going to show as an error, or the page's data names as one."""
    known = names()
    shown = [
        words
        for call, quoted, kind in _MESSAGE_CALL.findall(body)
        if kind in known.message_calls.get(call, ()) and (words := _unquoted(quoted))
    ]
    found = ((known.script_errors.get(name.casefold()), value) for name, value in _SCRIPT_FIELD.findall(body))
    named = [prefix + value for prefix, value in found if prefix is not None and value != "0"]
    return [*shown, *_page_states(body), *named][:MOST_WORDS]


def _unquoted(literal: str) -> str:
    """The words of a script's string *literal*; empty for a malformed one."""
    try:
        words = msgspec.json.decode(literal.replace("\\'", "'"))
    except (msgspec.DecodeError, UnicodeError):
        return ""
    return html.unescape(re.sub(r"<[^<>]{0,500}>", " ", words)) if isinstance(words, str) else ""


def _page_states(body: str) -> list[str]:
    """The names of errors in the data that a page carries for its script, in base64 or as it is."""
    said: list[str] = []
    plain_body = body.casefold()
    for name, prefix in names().page_states.items():
        if name.casefold() not in plain_body:  # as in most pages; to make the pattern takes longer than to look
            continue
        for encoded, plain in re.findall(
            rf"""(?i:initial-state-[\w-]{{1,40}}?-{name}["']\s{{1,9}}value=["']([A-Za-z0-9+/=]{{1,2000}})"""
            rf"""|\b{name}["']?\s?[:=]\s?(\[[^<>;]{{0,500}}?\]))""",
            body,
        ):
            try:
                content = base64.b64decode(encoded).decode() if encoded else plain
            except (binascii.Error, ValueError):
                continue
            said += [f"{prefix} {word}" for word in re.findall(r"[\"']([A-Za-z]{3,40})[\"']", content)]
    return said
