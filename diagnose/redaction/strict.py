"""Hide the company, too: of what others said, only words stay that tell of nobody; whatever else is a placeholder.

Nobody can list what may give a person or a company away. So the words that stay are listed, and no others do.
"""

from __future__ import annotations

import html
import re
import urllib.parse
from collections.abc import Iterable, Mapping

from diagnose.model.domains import ascii_name
from diagnose.network.owner import ends_publicly, registered
from diagnose.process.first_use import lazy_pattern
from diagnose.redaction.mask import CUT, LONGEST
from diagnose.redaction.placeholders import PLACEHOLDER, Placeholders, addresses_in, is_literal
from diagnose.redaction.redact import LABEL, ROLES
from diagnose.redaction.views import canonical
from diagnose.redaction.vocabulary import LONGEST_NUMBER, Vocabulary, is_script

ENDS = ("example", "test", "invalid")
"""Top-level domains that nobody has (RFC 2606): one for each name of a company under another public suffix."""
TOKEN = 16
"""Characters from which on a word that is not known is called a token."""
INWARD = {"local", "lan", "internal", "intranet", "corp", "home", "private", "localdomain", *ENDS}
"""Ends of names that companies and homes use within their own networks, and those of nobody."""
KEPT_DOMAIN = lazy_pattern(r"domain-\d{1,5}\.(?:example|test|invalid)")
_NAME = rf"(?:\*\.)?(?:_?{LABEL}\.){{1,10}}(?:xn--[\w-]{{1,59}}|[^\W\d_]{{2,24}})(?![\w-])\.?"
_PIECE = lazy_pattern(
    rf"(?P<placeholder>(?<![\w-]){PLACEHOLDER.pattern}(?![\w@%-]))"
    r"|(?P<url>(?<![\w+.-])[a-z][a-z0-9+.-]{1,20}://[^\s<>\"'，。、；]+)"
    rf"|(?P<mail>[\w.+'=%&-]{{1,64}}(?:@|%40)(?:{_NAME}|\[[0-9A-Fa-f:.]{{2,60}}\]|{LABEL}))"
    r"|(?P<date>\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?\b|\b\d{1,2}:\d\d(?::\d\d)?\b)"
    r"|(?P<spelled>(?<![^\W_])[^\W\d_](?:[^\w\n][^\W\d_]){3,}(?![^\W_]))"
    rf"|(?P<host>(?<![\w.-]){_NAME})"
    r"|(?P<phone>(?<![\w.])(?:\+|\(?0)\d{0,4}\)?(?:[ ./()-]{0,2}\d){5,16}(?!\w)"
    r"|(?<![\w.])\d{2,5}(?:[ /-]\d{2,6}){2,5}(?![\w.]))"
    r"|(?P<version>(?<![\w.])\d{1,5}(?:\.\d{1,5}){1,5}(?![\w]|\.\d))"
    r"|(?P<number>(?<![^\W_])\d+(?![^\W_]))"
    r"|(?P<script>[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+)"
    r"|(?P<word>[^\W_](?:[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|['’+-](?=[^\W_]))*)",
    re.IGNORECASE,
)
_OF_THE_SYSTEM = lazy_pattern(r"/etc/hosts|[a-z]:\\Windows\\System32\\drivers\\etc\\hosts", re.IGNORECASE)
_UNIT = lazy_pattern(
    r"\s?(?:s|secs?|seconds?|min|mins|minutes?|hours?|h|days?|ms|bytes?|octets|[kmg]i?b|times?|attempts?|characters?)\b|\s?[秒分小天次字]",
    re.IGNORECASE,
)
_COUNT = lazy_pattern(r"(?:^|age=|revalidate=|error=|[A-Za-z]/)$", re.IGNORECASE)
"""Behind which, in headers, a number is a time or a version."""
_YEAR = lazy_pattern(r"(?:19|20)\d\d")
_ENCODED = lazy_pattern(
    r"(?:[^\s<>\"']{0,200}?(?:%[0-9a-fA-F]{2}|=[0-9A-F]{2}|&#?\w{1,8};|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4})){2}[^\s<>\"']{0,400}"
)
JOINTS = "'’+_-"
YEAR_DIGITS = 4
ROUNDS = 3
"""Encodings one within another that are undone."""
COUNTED = {"attributes", "cache_control", "retry_after", "date", "hints", "user_agent", "version", "browser_version"}
"""Keys whose values hold times and sizes that nobody is called by."""


class Outside:
    """Hides what others said, with one word for one value."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        placeholders: Placeholders,
        hosts: Iterable[str] = (),
        ours: frozenset[str] = frozenset(),
    ) -> None:
        """*hosts*: names of servers and domains that are to be hidden whatever they are made of. *ours*: words that
        facts can only be one of.
        """
        self._known = vocabulary
        self._ours = ours
        self._placeholders = placeholders
        self._domains: dict[str, str] = {}
        self._ends: dict[str, list[str]] = {}
        self._hosts = {registered(host) for host in hosts if host and not self._is_public(host)}
        self._hidden: dict[str, str] = {}
        self._done: dict[tuple[str, bool], str] = {}

    @property
    def hidden(self) -> Mapping[str, str]:
        """What was hidden so far, and what stands for it: words and names, as they were written."""
        return self._hidden

    def hide(self, words: str, key: str = "") -> str:
        """*words*, which stand below *key*, with a placeholder for whatever is not known to tell of nobody."""
        if words in self._ours or not words:
            return words
        counted = key in COUNTED
        if (words, counted) not in self._done:
            cut = words if len(words) <= LONGEST else words[:LONGEST] + CUT
            self._done[words, counted] = self._hide(cut, counted=counted)
        return self._done[words, counted]

    def host(self, name: str) -> str:
        """*name*, of a host or a domain, with its shape kept: ``imap.domain-1.example``."""
        bare, dot = (name[:-1], ".") if name.endswith(".") else (name, "")
        if is_literal(bare.strip("[]")):
            return name.replace(bare.strip("[]"), self._placeholders.address(bare.strip("[]")))
        lower = ascii_name(bare.lower())
        labels = lower.split(".")
        if len(labels) == 1:
            return name if labels[0] == "localhost" else self._label(bare) + dot
        public = next((n for n in range(len(labels)) if ".".join(labels[n:]) in self._known.public), None)
        if public is not None:
            kept = labels[public:]
            front = labels[:public]
        else:
            owner = registered(lower.removeprefix("*."))
            kept = [self._domain(owner)]
            front = labels[: max(0, len(labels) - owner.count(".") - 1)]
        shown = ".".join([*map(self._label, front), *kept]) + dot
        if shown != lower + dot:
            self._hidden[bare] = shown.rstrip(".")
        return name if shown == lower + dot else shown

    def file(self, path: str) -> str:
        """What stands for a file at *path*, all of which may be of words that tell of nobody; a system's own stays."""
        if not path or PLACEHOLDER.fullmatch(path) or _OF_THE_SYSTEM.fullmatch(path):
            return path
        shown = self._placeholders.word("file", path)
        self._learn(path, shown)
        return shown

    def in_prose(self, words: str) -> str:
        """*words* of ours, in which words of others stand: without addresses, hosts and whatever was hidden so far."""
        shown = self._hide(words, counted=True, prose=True)
        return replaced(shown, self._hidden)

    def known_in(self, words: str) -> str:
        """*words* of ours without whatever was hidden so far; addresses of providers stay."""
        return replaced(words, self._hidden)

    def _is_public(self, name: str) -> bool:
        labels = ascii_name(name.lower()).rstrip(".").split(".")
        return any(".".join(labels[n:]) in self._known.public for n in range(len(labels)))

    def _label(self, label: str) -> str:
        if label == "*" or PLACEHOLDER.fullmatch(label) or self._known.is_label(label):
            return label
        return self._placeholders.word("host", label)

    def _domain(self, owner: str) -> str:
        """What stands for a registered domain; one first label under several suffixes has one word."""
        if KEPT_DOMAIN.fullmatch(owner):
            return owner
        if owner not in self._domains:
            first = owner.partition(".")[0]
            ends = self._ends.setdefault(first, [])
            ends.append(owner)
            number, place = divmod(len(ends) - 1, len(ENDS))
            word = self._placeholders.word("domain", f"{first}{number or ''}.")
            self._domains[owner] = f"{word}.{ENDS[place]}"
        return self._domains[owner]

    def _hide(self, words: str, *, counted: bool, prose: bool = False) -> str:
        if not prose:
            words = _ENCODED.sub(lambda found: self._decoded(found[0], counted=counted), words)
        for literal in dict.fromkeys(found[0] for found in addresses_in(words)):
            shown = self._placeholders.address(literal)
            if shown != literal:
                words = re.sub(rf"(?<![\w.:]){re.escape(literal)}(?!\w|\.\d)", shown, words)
        kept = {found.span() for found in addresses_in(words)}
        parts, at = list[str](), 0
        for start, end in sorted(kept):
            parts += [self._pieces(words[at:start], counted=counted, prose=prose), words[start:end]]
            at = end
        parts.append(self._pieces(words[at:], counted=counted, prose=prose, before=words[:at]))
        return "".join(parts)

    def _decoded(self, chunk: str, *, counted: bool) -> str:
        """*chunk*, which holds characters in an encoding: as it is where nothing in it is hidden, else decoded."""
        plain = chunk
        for _ in range(ROUNDS):
            before = plain
            plain = html.unescape(urllib.parse.unquote(plain, errors="replace"))
            plain = re.sub(r"=([0-9A-F]{2})|\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})", _character, plain)
            if plain == before:
                break
        hidden = self._pieces(plain, counted=counted)
        if hidden == plain:
            return chunk
        self._learn(chunk, hidden)
        return hidden

    def _pieces(self, words: str, *, counted: bool, prose: bool = False, before: str = "") -> str:
        ends_of_hidden = [-1]

        def shown(found: re.Match[str]) -> str:
            kind, said = str(found.lastgroup), found[0]
            whole_word = found.string[found.end() : found.end() + 1] != CUT
            if kind == "placeholder" or (prose and whole_word and kind not in {"url", "mail", "host"}):
                return said
            whole = self._piece(kind, found, counted=counted, before=before)
            if kind == "word" and whole == said and self._between_names(found, ends_of_hidden[-1]):
                whole = self._placeholders.word("word", said)
            if whole != said:
                ends_of_hidden.append(found.end())
                if kind != "number" or len(said) > YEAR_DIGITS:
                    self._learn(said, whole)
            return whole

        return _PIECE.sub(shown, words)

    def _learn(self, said: str, shown: str) -> None:
        if len(said) > 1:
            self._hidden[said] = shown

    def _between_names(self, found: re.Match[str], hidden_until: int) -> bool:
        """Whether a known word is a first name here: beside another word that is hidden."""
        if not self._known.is_first_name(found[0]):
            return False
        behind = found.string[found.end() : found.end() + 40]
        following = re.match(r" ([^\W\d_]\w+)", behind)
        return hidden_until in {found.start() - 1, found.start() - 2} or (
            following is not None and following[1][0].isupper() and not self._known.knows(following[1])
        )

    def _piece(self, kind: str, found: re.Match[str], *, counted: bool, before: str) -> str:
        said = found[0]
        match kind:
            case "url":
                return self._url(said, counted=counted)
            case "mail":
                return self._mail(said)
            case "host":
                return self._dotted(said)
            case "date":
                return said
            case "version":
                dialled = said.startswith("0") and not said.startswith("0.")
                return self._placeholders.word("number", said) if dialled else said
            case "phone":
                code = re.match(r"[2-5]\d\d[ -]", said)
                return said if code and found.start() == 0 else self._placeholders.word("number", said)
            case "number":
                return self._number(found, counted=counted, before=before)
            case "script":
                return self._script(said)
            case "spelled":
                letters = re.sub(r"[^\w]", "", said)
                return said if self._known.knows(letters) else self._placeholders.word("word", letters)
            case _:
                return self._word(said)

    def _word(self, said: str) -> str:
        if self._known.knows(said):
            return said
        parts = re.split(r"(['’+_-])", said)
        letters = any(character.isalpha() for character in said)
        if letters and len(parts) > 1 and all(part in JOINTS or self._joined(part) for part in parts if part):
            return said
        return self._placeholders.word("token" if len(said) >= TOKEN and not said.isalpha() else "word", said)

    def _joined(self, part: str) -> bool:
        """Whether *part* of a word with hyphens or underscores is a known one; a single letter is part of anything."""
        return _short(part) or (len(part) > 1 and self._known.knows(part))

    def _number(self, found: re.Match[str], *, counted: bool, before: str) -> str:
        said, words, start = found[0], found.string, found.start()
        port = words[max(0, start - 1) : start] == ":" or (start == 1 and before)
        kept = (
            (counted and _COUNT.search(words[:start]))
            or len(said) <= LONGEST_NUMBER
            or _YEAR.fullmatch(said)
            or (port and len(said) <= 5)
            or words[:start].lower().endswith("port ")
            or _UNIT.match(words, found.end())
            or self._known.knows(said)
        )
        return said if kept else self._placeholders.word("number", said)

    def _script(self, said: str) -> str:
        """A run of a script without blanks: what no known phrase covers is one word each."""
        parts, unknown, at = list[str](), "", 0
        folded = canonical(said) if len(canonical(said)) == len(said) else said
        while at <= len(said):
            size = self._known.known_length(folded, at) if at < len(said) else 1
            if size and unknown:
                parts.append(self._placeholders.word("word", unknown))
                unknown = ""
            if size:
                parts.append(said[at : at + size])
            else:
                unknown += said[at]
            at += size or 1
        return "".join(parts)

    def _dotted(self, said: str) -> str:
        """A name with dots: of a host, of a file, or a sentence's end without a blank behind it."""
        bare = said.rstrip(".")
        labels = bare.lower().removeprefix("*.").split(".")
        name = registered(".".join(labels)) in self._hosts or labels[-1] in INWARD or ends_publicly(".".join(labels))
        if not name and all(self._known.knows(part) or _short(part) for part in bare.split(".")):
            return said
        return self.host(bare) + said[len(bare) :]

    def _mail(self, said: str) -> str:
        local, at, domain = re.match(r"(.*?)(@|%40)(.*)", said, re.DOTALL).groups()  # type: ignore[union-attr]  # it matched
        shown = local if local.lower() in ROLES else self._placeholders.word("user", local)
        dotted = "." in domain or domain.startswith("[")
        return shown + at + (self.host(domain) if dotted else self._word(domain))

    def _url(self, said: str, *, counted: bool) -> str:
        scheme, _, rest = said.partition("://")
        place = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
        user, sign, name = place.rpartition("@")
        port = re.search(r":\d{1,5}$", name)
        host = name[: port.start()] if port else name
        shown = self.host(host) if host else ""
        who = (user if PLACEHOLDER.fullmatch(user) else self._placeholders.word("user", user)) if user else ""
        return f"{scheme}://{who}{sign}{shown}{port[0] if port else ''}" + self._pieces(
            rest[len(place) :], counted=counted
        )


def _short(part: str) -> bool:
    return part.isdigit() and len(part) <= LONGEST_NUMBER


def _character(found: re.Match[str]) -> str:
    return chr(int(next(filter(None, found.groups())), 16))


def replaced(words: str, hidden: Mapping[str, str]) -> str:
    """*words* of ours, with what *hidden* says in place of the words of others in them, the longest first."""
    pattern = "|".join(map(_whole, sorted(hidden, key=len, reverse=True)))
    return re.sub(pattern, lambda found: hidden[found[0]], words) if pattern else words


def _whole(word: str) -> str:
    if any(map(is_script, word)):
        return re.escape(word)
    return rf"(?<![^\W_]){re.escape(word)}(?![^\W_])"
