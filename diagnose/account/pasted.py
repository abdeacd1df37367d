"""From what a person pastes to the address or domain that it holds; and how what is malformed would be right.

What is an address as it stands is never changed. Mail programs, chats and word processors leave things around others:
quotes, angle brackets, ``mailto:`` (RFC 6068), punctuation, full-width characters and ones that are not seen.
"""

from __future__ import annotations

import re
import unicodedata
import urllib.parse
from collections.abc import Iterator

from diagnose.account.subject import SubjectError, parse_subject
from diagnose.model import Subject, text
from diagnose.process.first_use import lazy_pattern, one_at_a_time
from diagnose.providers import mail_domains

LONGEST = 2000
"""Characters; what is longer holds no address that anybody pastes."""
MOST_LAYERS = 20
"""Of quotes, brackets and punctuation around an address."""
LONGEST_SUFFIX = len("com.tw")
"""Characters of what stands behind a provider's own label."""
PAIRS = frozenset(
    [
        '""',
        "''",
        "``",
        "´´",
        "“”",
        "„“",
        "„”",
        "””",
        "‘’",
        "‚‘",
        "’’",
        "«»",
        "»«",
        "‹›",
        "›‹",
        "<>",
        "()",
        "[]",
        "{}",
        "「」",
        "『』",
        "《》",
        "〈〉",
        "【】",
        "〔〕",
        "〖〗",
        "〝〞",
    ]
)
"""Opening and closing quotes and brackets; full-width ones are made plain before."""
OPENERS = "".join({pair[0] for pair in PAIRS})
ENDS = "".join({pair[1] for pair in PAIRS}) + ",;:.!?、…·|/\\"
"""What stands behind an address and is no part of it."""
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: " ", 0x3002: ".", 0xFF61: ".", 0xFE6B: "@", 0xFE52: ".", 0xFE50: ",", 0xFE55: ":", 0xFE54: ";"
}  # fmt: skip
"""Full-width and small forms (Unicode, Halfwidth and Fullwidth Forms), and the full stop of Chinese."""
_MAILTO = lazy_pattern(r"mailto:(?://)?([^?#]*)", re.IGNORECASE)
_IN_BRACKETS = lazy_pattern(r"[^<>]*<\s*([^<>]+?)\s*>[^<>@]*")
_IN_SQUARE_BRACKETS = lazy_pattern(r"[^\[\]@]*\[\s*(mailto:[^\[\]]+?)\s*\][^\[\]@]*", re.IGNORECASE)
_BEFORE_A_COMMENT = lazy_pattern(r"([^\s()@]+@[^\s()@]+)\s*\([^()]*\)")
_BEHIND_A_NAME = lazy_pattern(r"[^@()]*\(\s*((?:mailto:)?[^\s()@]+@[^\s()@]+)\s*\)", re.IGNORECASE)
_LABELLED = lazy_pattern(r"[^@\s:\"]{1,20}:\s*([^\s:/][^\s:]*@\S+)")
_AMONG_OTHERS = lazy_pattern(r"[\w!#$%&'+/=?^{}~.-]+@(?:[^\W_](?:[^\W_]|-)*\.)+[^\W_]{2,}(?![^\W_]|[_-]\w|@)")
"""An address with other text before or behind it, the emphasis of Markdown (``*``) included."""


def understood(typed: str, username: str | None = None) -> tuple[Subject, str | None]:
    """The subject that *typed* names, and how it was read, where that is another text than was seen.

    Raises SubjectError, with the corrected form in its sentence where there is one.
    """
    plain = _without_what_is_unseen(typed[:LONGEST].translate(FULL_WIDTH)) if len(typed) <= LONGEST else typed
    try:
        subject = parse_subject(plain, username)
    except SubjectError as error:
        if len(typed) > LONGEST:
            raise
        fault = error
    else:
        return subject, None if plain == _seen(typed) else plain
    for inner in _inner(plain):
        try:
            return parse_subject(inner, username), inner
        except SubjectError:
            continue
    raise _with_correction(typed, plain, fault)


def plain_text(pasted: str) -> str:
    """*pasted* without quotes, blanks and punctuation around it, and with no full-width character in it."""
    words = _without_what_is_unseen(pasted[:LONGEST].translate(FULL_WIDTH))
    for _ in range(MOST_LAYERS):
        if len(words) > 1 and words[0] + words[-1] in PAIRS and not words.startswith("["):
            words = words[1:-1].strip()
        elif words.endswith((",", ";", ".", "、")):
            words = words[:-1].strip()
        else:
            break
    return words


def _without_what_is_unseen(words: str) -> str:
    """*words* without blanks around and, where nothing else is foreign, without characters that cannot be seen."""
    words = words.strip().strip("".join(c for c in set(words) if unicodedata.category(c) == "Cf")).strip()
    seen = _seen(words)
    return seen if seen.isascii() else words


def _seen(words: str) -> str:
    return "".join(c for c in words if unicodedata.category(c) != "Cf").strip()


def _inner(words: str) -> Iterator[str]:
    """What *words* may be packed around, layer by layer from the outside."""
    for _ in range(MOST_LAYERS):
        before = words
        for shape in (_IN_SQUARE_BRACKETS, _IN_BRACKETS, _BEFORE_A_COMMENT, _BEHIND_A_NAME, _LABELLED):
            if not words.lower().startswith("mailto:") and (found := shape.fullmatch(words)):
                words = found[1]
                break
        else:
            if found := _MAILTO.fullmatch(words.partition("?")[0]):
                words = urllib.parse.unquote(found[1])
            elif len(words) > 1 and words[0] + words[-1] in PAIRS:
                words = words[1:-1]
            elif words.endswith(tuple(ENDS)):
                words = words[:-1]
            elif words.startswith(tuple(OPENERS)):
                words = words[1:]
        words = words.strip()
        if words in {before, ""}:
            return
        yield words


def _with_correction(typed: str, plain: str, fault: SubjectError) -> SubjectError:
    """*fault* of *plain*, with the address that is near it."""
    for corrected in _corrected(plain):
        try:
            right = parse_subject(corrected)
        except SubjectError:
            continue
        meant = right.address or right.domain
        sentence = text("{problem}; did you mean {corrected}?", problem=fault.sentence, corrected=meant)
        return SubjectError(sentence, corrected=meant)
    if "@" in plain:
        example = plain.strip("@. ") or "corp.example"
        example = example if plain.startswith("@") else "corp.example"
        return SubjectError(
            text("{problem}; an address looks like {corrected}", problem=fault.sentence, corrected=f"alice@{example}")
        )
    return fault


def _begins(name: str, label: str) -> bool:
    """Whether *name* is *label* below a top-level domain, such as ``gmail.com`` and ``yahoo.com.tw``."""
    first, _dot, rest = name.partition(".")
    return first == label.lower() and (len(rest) <= LONGEST_SUFFIX)


def _among_others(words: str) -> Iterator[str]:
    """The one address that is whole in *words*, unless a single word before it may be its beginning."""
    found = {match[0]: match.start() for match in _AMONG_OTHERS.finditer(words)}
    if len(found) != 1:
        return
    ((address, start),) = found.items()
    before = words[:start].split()
    if len(before) == 1 and before[0].isalnum() and before[0].lower() not in address.partition("@")[0].lower():
        return
    yield address


def _corrected(words: str) -> Iterator[str]:
    """Texts near *words* that may be an address, the likeliest first."""
    if "://" in words:
        try:
            address = urllib.parse.urlsplit(words.replace("[", "").replace("]", ""))
        except ValueError:  # characters that no host may have
            return
        host = (address.hostname or "").removeprefix("www.")
        if user := urllib.parse.unquote(address.username or ""):
            yield user if "@" in user else f"{user}@{host}"
        yield host
        return
    with one_at_a_time:
        import html

    decoded = html.unescape(urllib.parse.unquote(words))
    if decoded != words and "://" not in decoded:
        yield decoded
        words = decoded
    if "@" not in words:
        plain = re.sub(r"\s*[\[({]\s*(?:at|@)\s*[\])}]\s*|\s+at\s+", "@", words, count=1, flags=re.IGNORECASE)
        yield re.sub(r"\s*[\[({]\s*(?:dot|\.)\s*[\])}]\s*|\s+dot\s+", ".", plain, flags=re.IGNORECASE)
        yield re.sub(r"\s*[.,;]\s*", ".", words)  # other blanks part the words of a sentence
        return
    yield from _among_others(words)
    addresses = [part for part in re.split(r"[\s,;]+", words) if re.fullmatch(r"[^@]+@[^@]+", part)]
    if len(addresses) > 1:
        yield addresses[0]
    tight = re.sub(r"@{2,}", "@", re.sub(r"\s+", "", words)).lstrip("@")
    local, _at, domain = tight.rpartition("@")
    domain = re.sub(r":\d+$|/.*", "", domain)
    domain = re.sub(r"\.{2,}", ".", domain.replace(",", ".").replace("、", ".")).strip(".")
    for part in (local, re.sub(r"\.{2,}", ".", local).strip(".")):
        yield f"{part}@{domain}"
    if domain and "." not in domain:
        alike = sorted((name for name in mail_domains() if _begins(name, domain)), key=len)
        yield from (f"{local}@{name}" for name in alike[:1])
