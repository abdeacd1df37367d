"""Maintenance: whether a server announces it in its reply, and until when by its own words."""

from __future__ import annotations

import msgspec

from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.model import Finding, text
from diagnose.process.first_use import lazy_pattern, made_once

CAUSES = ("server.fault", "web.login-page-down")
"""What maintenance shows as."""

_ZONE = r"(?:\s?(?:Z|UTC|GMT|CES?T|[ECMP][SD]T|BST|MSK|JST|KST|HKT|\+\d{2}:?\d{2})\b)?"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m\.?)?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?"
_DAY = (
    r"(?:\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2})"
    rf"|\d{{1,2}} {_MONTH}(?: \d{{4}})?|{_MONTH} \d{{1,2}}(?:, \d{{4}})?)"
)
_CHINESE = r"(?:(?:\d{4}\s?年\s?)?\d{1,2}\s?月\s?\d{1,2}\s?[日号號]\s?)?"
_TIMES = lazy_pattern(
    rf"{_DAY}(?:T|,? (?:at |um |a las )?){_CLOCK}{_ZONE}"
    rf"|{_CHINESE}(?:[凌早上中下晚午]{{2}}\s?)?(?:{_CLOCK}|\d{{1,2}}\s?[点點时時](?:\d{{1,2}}\s?分)?){_ZONE}"
    rf"|\b{_DAY}\b(?!\.\d)"
    r"|\d{4}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?[日号號]"
)


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: tuple[str, ...]
    over: tuple[str, ...]


@made_once
def _known() -> _Words:
    return load(KNOWLEDGE / "maintenance.yaml", _Words)


def announces(words: str) -> bool:
    """Whether *words* of a server announce maintenance."""
    said, known = words.casefold(), _known()
    return any(word in said for word in known.words) and not any(word in said for word in known.over)


def announced_end(words: str) -> str | None:
    """The time in *words* up to which it is to last, as written: the last one that stands there; None without any."""
    times = _TIMES.findall(words[:2000])
    return times[-1].strip() if times else None


def announcing(finding: Finding, host: str, words: str, retry_after: str | None = None) -> Finding:
    """*finding* as the announcement that *words* of *host* are, if they are one.

    *retry_after*: the HTTP header (RFC 9110 §10.2.3), which may name the end where the words do not.
    """
    if finding.cause not in CAUSES or not announces(words):
        return finding
    end = announced_end(words) or (retry_after if retry_after and not retry_after.isdigit() else None)
    return msgspec.structs.replace(
        finding,
        text=text("{host} announces maintenance: {words}", host=host, words=words),
        data=finding.data | {"maintenance": True} | ({"maintenance_end": end} if end else {}),
    )
