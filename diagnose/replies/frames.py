"""The words of a server within what a program or a log wrote around them.

Read are: Python's tuples and octets, the JSON and the objects of Node.js, Rust's ``Some("…")``, transcripts (``S: …``,
``SERVER -> CLIENT: …``), Postfix' and Exim's ``said: …``, and a refusal behind a colon.
"""

from __future__ import annotations

from diagnose.process.first_use import lazy_pattern

LONGEST_INNER = 2_000
"""Characters of a server's words."""
_QUOTED = r"b?(?:'((?:[^'\\\n]|\\[^\n]){1,2000})'|\"((?:[^\"\\\n]|\\[^\n]){1,2000})\")"
_TUPLE = lazy_pattern(r"\(([45]\d\d), ?" + _QUOTED)
_OCTETS = lazy_pattern(r"(?<![\w\\])b(?:'((?:[^'\\\n]|\\[^\n]){3,2000})'|\"((?:[^\"\\\n]|\\[^\n]){3,2000})\")")
_JSON = lazy_pattern(
    r"[\"'](?:response|serverResponse|server_response)[\"']?\s?:\s?\"((?:[^\"\\\n]|\\[^\n]){3,2000})\""
    r"|\bresponse: '([45]\d\d[ -](?:[^'\\\n]|\\[^\n]){3,2000})'"
)
_RUST = lazy_pattern(r"\bSome\(\\{0,8}\"((?:[^\"\\\n]|\\[^\"\n]){3,2000})")
_TRANSCRIPT = lazy_pattern(r"(?m)(?:^|[\s\]])(?:S: |SERVER -> CLIENT: |<- |<< )(\S.{0,2000})$")
_REFUSAL = lazy_pattern(r"(?:[45]\d\d[ -]|-ERR\b|\S{1,20} (?:NO|BAD) |\* BYE )")
_SAID = lazy_pattern(r"\bsaid: ([45]\d\d[ -][^\n]{1,2000})")
_IN_REPLY = " (in reply to "
"""What Postfix puts behind a server's words."""
_BEHIND_A_COLON = lazy_pattern(
    r": ([45]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3}[ -])[^\n]{1,2000}(?:\n[45]\d\d[ -][^\n]{0,500}){0,20})"
)
_MAY_BEGIN = lazy_pattern(r"[('\"<]|(?:S|CLIENT): |: [45]\d\d[ -]")
"""One of these stands in each of the frames: most texts have none, and are searched once."""
_ESCAPE = lazy_pattern(r"\\(?:r\\n|[nr])")


def inner_reply(text: str) -> str:
    """What a server said within *text*, by the frames that are known; "" where none is there. Never raises."""
    if not _MAY_BEGIN.search(text):
        return ""
    if found := _TUPLE.search(text):
        return _plain(f"{found[1]} {found[2] or found[3]}")
    if found := _JSON.search(text):
        return _plain(found[1] or found[2])
    if refusals := [line for line in _TRANSCRIPT.findall(text) if _REFUSAL.match(line)]:
        return str(refusals[-1])[:LONGEST_INNER]
    if found := _SAID.search(text) or _BEHIND_A_COLON.search(text):
        return _plain(found[1].partition(_IN_REPLY)[0])
    if found := _OCTETS.search(text) or _RUST.search(text):
        return _plain(next(group for group in found.groups() if group))
    return ""


def _plain(words: str) -> str:
    return _ESCAPE.sub("\n", words)[:LONGEST_INNER].strip()
