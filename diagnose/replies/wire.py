"""The form of a reply: whose protocol it is in, success or failure, its registered codes, its words.

It reads what these lay down: RFC 9051 (IMAP), RFC 1939 and 2449 (POP3), RFC 5321 and 3463 (SMTP);
RFC 7628 (SASL OAuth error JSON), RFC 6749 (OAuth errors). What a code means is data, not code.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Literal

import msgspec

from diagnose.model.protocols import ReplyForm
from diagnose.process.first_use import lazy_pattern
from diagnose.replies.folding import visible

Registry = Literal["imap", "pop3", "smtp", "enhanced", "oauth", "http", "form"]


class Code(msgspec.Struct, frozen=True):
    """A code of a registry, as it stood in a reply."""

    registry: Registry
    code: str


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """A reply taken apart."""

    protocol: ReplyForm | None
    """What it was said to be, else what it looks like; None for plain words."""
    formed: bool = False
    """The text has the form of a server's reply, so a server said it and no mail program."""
    succeeded: bool = False
    """The server says that all went well (or has only asked for more)."""
    codes: tuple[Code, ...] = ()
    text: str = ""
    """The words, without tags, status and reply codes."""
    heard: tuple[tuple[int, ...], ...] = ()
    """For each sentence of the words, once they are read: the terms of the knowledge that are in it."""
    referral: str = ""
    """The host of a login referral's URL (RFC 2221, RFC 5092)."""


_IMAP_LINE = lazy_pattern(
    r"^((?=\*|\S*\d)\S{0,39}[^\s:]|\S{0,39}[^\s:](?= [A-Z])) ((?i:OK|NO|BAD|BYE|PREAUTH))\b ?(.*)$"
)
"""A tag of letters alone is believed only before a status in capitals: "Erro no servidor" is a sentence."""
_IMAP_STATUS_BEGINS = frozenset({"ok", "no", "ba", "by", "pr"})
_IMAP_TAGLESS = lazy_pattern(r"^(NO|BAD|BYE) (\[.*)$")
_IMAP_BAD = lazy_pattern(r"^(BAD) (.*)$")
"""Of a conversation in IMAP alone, where it is a status and no word (RFC 9051 §7.1.3)."""
_IMAP_REFUSAL = lazy_pattern(r"^(?:NO|BYE) (?=.*[a-z])")
"""Likewise (RFC 9051 §7.1.2): NO Account is locked."""
_IMAP_DATA = lazy_pattern(r"^\* (CAPABILITY|ID|FLAGS|LIST|LSUB|STATUS|\d{1,10} [A-Z]+|NAMESPACE)\b", re.IGNORECASE)
_POP3_LINE = lazy_pattern(r"^(\+OK|-ERR)(?:\s+(.*))?$", re.IGNORECASE)
_FAREWELL = "221"
"""What an SMTP server answers to QUIT (RFC 5321 section 4.1.1.10), whatever it had said before."""
_SMTP_LINE = lazy_pattern(r"^([2-5]\d\d)(?:([ -])(.*))?$")
_HTTP_STATUS_LINE = lazy_pattern(r"^HTTP/[0-9.]{1,4} (\d{3})", re.IGNORECASE)
_AADSTS = lazy_pattern(r"AADSTS\d")
_CAPABILITY_WORD = lazy_pattern(r"\b(LOGINDISABLED|STARTTLS)\b")
_PAGE_START = lazy_pattern(r"<(?:!doctype|html|head|\?xml|body)\b", re.IGNORECASE)
_HTTP_REASON = lazy_pattern(
    r"^[45]\d\d (?:Bad (?:Gateway|Request)|Not Found|Forbidden|Gone|Unauthorized|Service (?:Temporarily )?Unavailable"
    r"|Gateway Time-?out|Internal Server Error|Too Many Requests|Proxy Authentication|Request Header)",
    re.IGNORECASE,
)
"""RFC 9110 section 15; an SMTP server sends none of these with the same code."""
_HTTP_STATUS = lazy_pattern(r"(?:^|\berror[: ]{0,2}|\bstatus(?: code)?[: ]{0,2}|\bhttp )([45]\d\d)\b", re.IGNORECASE)
_HTTP_INSIDE = lazy_pattern(r"\bHTTP (?:ERROR|status)(?: code)?[: ]{1,2}([45]\d\d)\b", re.IGNORECASE)
_ENHANCED = lazy_pattern(r"^\s*([245]\.\d{1,3}\.\d{1,3})(?![.\d])[ -]?")
_ENHANCED_INSIDE = lazy_pattern(r"(?:\(#?|#|\b[45]\d\d[ -]|b['\"])([45]\.\d{1,3}\.\d{1,3})(?![.\d])")
_REPLY_CODE_INSIDE = lazy_pattern(r"(?<![\d.])([45]\d\d)(?=[ -][45]\.\d{1,3}\.\d)|(?<=\()([45]\d\d)(?=[,)])")
_CODE_BEGINS = lazy_pattern(r"[45][\d.]\d")
"""Stands in every code but those in brackets."""
_BRACKETED = lazy_pattern(r"\[([A-Z][A-Z0-9/\-]{1,30})(?=[ \]])")
_BRACKETED_WHOLE = lazy_pattern(r"\[[A-Z][A-Z0-9/\-]{1,30}(?: [^\]\n]{0,2000})?\]")
_REFERRAL = lazy_pattern(
    r"\[REFERRAL imaps?://(?:[^@/\]\s]{0,300}@)?(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?))"
    r"(?=[:/\]\s])",
    re.IGNORECASE,
)
_CONTINUATION = lazy_pattern(r"^(?:\+|334)[ -]([A-Za-z0-9+/]{16,4000}={0,2})\s*$")
_INLINE_JSON = lazy_pattern(r"(?<![A-Za-z0-9+/])eyJ[A-Za-z0-9+/]{8,4000}={0,2}")
_SIGNS_OF_CHALLENGE = ("eyJ", "334", "+")
"""One of these stands in each."""
_MAY_BE_CHALLENGE = lazy_pattern(r"^(?:\+|334)|eyJ")
_POP3_CODES = frozenset({"AUTH", "IN-USE", "LOGIN-DELAY", "SYS/PERM", "SYS/TEMP", "UTF8"})
"""RFC 2449, 3206, 6856; no IMAP response code has one of these names."""
_LARGEST_LINE_COUNT = 400


def take_apart(reply: str, protocol: ReplyForm | None = None) -> Wire:
    """*reply* by the grammar of *protocol*, or of the protocol that it looks like. Never raises."""
    lines = [line.rstrip() for line in reply.strip().splitlines()[:_LARGEST_LINE_COUNT] if line.strip()]
    if not lines:
        return Wire(protocol=protocol)
    challenge = _challenge(reply)
    if challenge:
        return _oauth(challenge, protocol or "oauth")
    form = _form(lines)
    if form == "smtp" and (protocol == "http" or (protocol is None and _HTTP_REASON.match(lines[0]))):
        form = "http"  # both put a three-digit code first
    if form and protocol in ("imap", "pop3", "smtp") and form in ("imap", "pop3", "smtp", "http") and form != protocol:
        return Wire(protocol=protocol, codes=(Code("form", f"{form}-for-mail"),), text="\n".join(lines))
    match form or protocol:
        case "imap":
            wire = _imap(lines)
        case "pop3":
            wire = _pop3(lines)
        case "smtp":
            wire = _smtp(lines)
        case "http":
            wire = _http(reply, lines)
        case "oauth":
            wire = _oauth(reply, protocol or "oauth")
        case _:
            wire = Wire(protocol=None, codes=_bracketed(reply), text=reply)
    extra = tuple(code for code in _inside(wire.text) if code not in wire.codes) if not wire.succeeded else ()
    return msgspec.structs.replace(
        wire, protocol=protocol or wire.protocol, formed=form is not None, codes=wire.codes + extra
    )


def _form(lines: list[str]) -> ReplyForm | None:
    """The protocol that the first line can only belong to."""
    first = lines[0].lstrip()
    begins, second = first[0], first.partition(" ")[2][:2].lower()
    # patterns are made when they are first asked, so that one letter is looked at before
    if begins in "+-" and _POP3_LINE.match(first):
        return "pop3"
    if begins in "2345" and _SMTP_LINE.match(first):
        return "smtp"
    if (
        (second in _IMAP_STATUS_BEGINS and _IMAP_LINE.match(first))
        or (begins == "*" and _IMAP_DATA.match(first))
        or (begins in "NB" and _IMAP_TAGLESS.match(first))
    ):
        return "imap"
    if (begins in "Hh" and _HTTP_STATUS_LINE.match(first)) or (begins == "<" and _PAGE_START.match(first)):
        return "http"
    if begins == "{" or (begins == "A" and _AADSTS.match(first)):
        return "oauth"
    return None


def _imap(lines: list[str]) -> Wire:
    tagged: list[str] = []
    untagged: list[str] = []
    words: list[str] = []
    codes: list[Code] = []
    for line in lines:
        found = _IMAP_LINE.match(line)
        if not found:
            tagless = _IMAP_TAGLESS.match(line) or _IMAP_BAD.match(line)
            if tagless:
                tagged.append(tagless[1].upper())
            rest = tagless[2] if tagless else _IMAP_REFUSAL.sub("", line)
            codes.extend(_bracketed(rest))
            words.append(_BRACKETED_WHOLE.sub(" ", rest))
            continue
        (untagged if found[1] == "*" else tagged).append(found[2].upper())
        codes.extend(_bracketed(found[3]))
        words.append(_BRACKETED_WHOLE.sub(" ", found[3]))
    last = tagged[-1] if tagged else ""
    refusals = [status for status in untagged if status in ("NO", "BAD", "BYE")]
    if tagged:
        succeeded = last in ("OK", "PREAUTH")
    else:  # a greeting, or data alone; without either these are somebody's words about a reply
        succeeded = not refusals and (bool(untagged) or _IMAP_DATA.match(lines[0]) is not None)
    if tagged or untagged:
        codes.extend([] if succeeded else [Code("imap", last or refusals[-1])])
    capabilities = set(_CAPABILITY_WORD.findall("\n".join(lines)))
    if "LOGINDISABLED" in capabilities:
        codes.append(Code("imap", " ".join(sorted(capabilities))))
    referral = _REFERRAL.search("\n".join(lines))
    return Wire(
        protocol="imap",
        succeeded=succeeded,
        codes=tuple(dict.fromkeys(codes)),
        text="\n".join(words),
        referral=(referral[1] or referral[2]).lower() if referral else "",
    )


def _pop3(lines: list[str]) -> Wire:
    status = ""
    words: list[str] = []
    codes: list[Code] = []
    for line in lines:
        found = _POP3_LINE.match(line)
        if found:
            status = found[1].upper()
        rest = (found[2] or "") if found else line
        codes.extend(_bracketed(rest))
        words.append(_BRACKETED_WHOLE.sub(" ", rest))
    if status == "-ERR":
        codes.append(Code("pop3", "-ERR"))
    return Wire(protocol="pop3", succeeded=status == "+OK", codes=tuple(dict.fromkeys(codes)), text="\n".join(words))


def _smtp(lines: list[str]) -> Wire:
    reply_code = ""
    words: list[str] = []
    codes: list[Code] = []
    for line in lines:
        found = _SMTP_LINE.match(line)
        if not found:
            words.append(line)
            continue
        if not reply_code or found[1] != _FAREWELL:
            reply_code = found[1]
        rest = found[3] or ""
        enhanced = _ENHANCED.match(rest)
        if enhanced:
            codes.append(Code("enhanced", enhanced[1]))
            rest = rest[enhanced.end() :]
        words.append(rest)
    if reply_code:
        codes.append(Code("smtp", reply_code))
    # lines of one reply are one text that was wrapped
    return Wire(
        protocol="smtp",
        succeeded=reply_code[:1] in ("2", "3"),
        codes=tuple(dict.fromkeys(codes)),
        text=" ".join(words),
    )


def _http(reply: str, lines: list[str]) -> Wire:
    status = _HTTP_STATUS_LINE.match(lines[0])
    words = visible(reply) if "<" in reply else reply
    number = status[1] if status else ""
    if not number:
        found = _HTTP_STATUS.search(words[:400].lstrip())
        number = found[1] if found else ""
    codes = (Code("http", number),) if number[:1] in ("4", "5") else ()
    return Wire(protocol="http", codes=codes, text=words)


def _oauth(reply: str, protocol: ReplyForm) -> Wire:
    """Error JSON (RFC 6749 §5.2, RFC 7628 §3.2.2), whole or inside other text."""
    start, end = reply.find("{"), reply.rfind("}")
    content: Any = None
    if 0 <= start < end:
        try:
            content = msgspec.json.decode(reply[start : end + 1])
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            content = None
    if not isinstance(content, dict):
        return Wire(protocol=protocol, text=reply)
    codes = [
        Code("oauth", str(value).lower())
        for key in ("error", "status", "errcode", "suberror")
        if isinstance(value := content.get(key), str | int) and not isinstance(value, bool)
    ]
    nested = content.get("error")
    if isinstance(nested, dict):
        codes.extend(Code("oauth", str(nested[key]).lower()) for key in ("status", "code") if key in nested)
    text = "\n".join(_strings(content, 4))
    succeeded = not codes and ("access_token" in content or content.get("ok") is True)
    return Wire(protocol=protocol, succeeded=succeeded, codes=tuple(dict.fromkeys(codes)), text=text)


def _strings(value: object, depth: int) -> list[str]:
    if isinstance(value, str):
        return [value]
    if depth and isinstance(value, dict):
        return [text for item in value.values() for text in _strings(item, depth - 1)]
    if depth and isinstance(value, list):
        return [text for item in value for text in _strings(item, depth - 1)]
    return []


def _challenge(reply: str) -> str:
    """The JSON that a server sent in base64 as a SASL challenge, or ""."""
    if not any(sign in reply for sign in _SIGNS_OF_CHALLENGE):
        return ""
    for line in reply.splitlines()[:_LARGEST_LINE_COUNT]:
        if not _MAY_BE_CHALLENGE.search(line):
            continue
        found = _CONTINUATION.match(line)
        encoded = found[1] if found else ""
        if not encoded:
            inline = _INLINE_JSON.search(line)
            encoded = inline[0] if inline else ""
        if not encoded:
            continue
        try:
            decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4)).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            continue
        if decoded.lstrip().startswith("{") and ('"status"' in decoded or '"error"' in decoded):
            return decoded
    return ""


def _bracketed(line: str) -> tuple[Code, ...]:
    return tuple(Code("pop3" if name in _POP3_CODES else "imap", name) for name in _BRACKETED.findall(line[:4000]))


def _inside(text: str) -> list[Code]:
    """Codes in the middle of words: a mail program's message around a server's reply."""
    head = text[:4000]
    if not _CODE_BEGINS.search(head):
        return []
    found = [Code("enhanced", code) for code in _ENHANCED_INSIDE.findall(head)]
    found += [Code("http", code) for code in _HTTP_INSIDE.findall(head)]
    found += [Code("smtp", first or second) for first, second in _REPLY_CODE_INSIDE.findall(head)]
    return found
