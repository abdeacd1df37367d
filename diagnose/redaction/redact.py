"""Hide the person and this computer in a report, whatever format it is written in later."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

import msgspec

from diagnose.model.report import Report
from diagnose.model.targets import SourceName
from diagnose.model.text import quote, reworded
from diagnose.network.vantage import Vantage
from diagnose.process.first_use import convert, lazy_pattern
from diagnose.record.run import OwnWords
from diagnose.redaction.discretion import ARGUMENTS, MESSAGE, names_of_fields
from diagnose.redaction.encoded import EncodedNames
from diagnose.redaction.mask import CUT, LONGEST
from diagnose.redaction.own import OF_EVERYBODY, own_words
from diagnose.redaction.placeholders import Placeholders, addresses_in, is_literal

USER, COMPUTER, ADDRESS, FOLDER = "user-1", "computer-1", "198.18.0.1", "folder-1"
"""What the first of each kind is called."""
_SOURCE_NAMES = frozenset(get_args(SourceName))
_BROWSERS_OWN = lazy_pattern(r"(?:Default|Profile \d+|Guest Profile|System Profile)?", re.IGNORECASE)
"""Profiles of browsers that are called so on every computer."""
_STRUCTURE = {"id", "cause", "check", "family", "protocol", "tls", "source", "status", "certainty", "impact", "fixer"}
"""Keys whose values are words of ours, never of the person's."""
SOURCE, PROFILE = "source", "profile"
"""Keys below which an address of this computer stands, and what people call a profile of their browser."""
_LISTED = lazy_pattern(r"\[?[0-9a-fA-F:]{1,4}[.:]")
LONGEST_LIST = 1000
"""Characters of addresses beside one another."""
_OF_REPORTS = _STRUCTURE | {"checks", "explains", "lang", "name", "state", "changed", "redacted"}
_OF_FACTS = _STRUCTURE | {"operation", "outcome", "record_type"}
_FACTS = {"facts", "data"}
"""Keys below which the words are those of servers and files: any name may stand there."""
_ADVICE = {"remedies"}
"""Keys below which stand words of ours and the person's own: other addresses there are those of providers."""
ROLES = frozenset(
    ("postmaster", "abuse", "hostmaster", "mailer-daemon", "noreply", "no-reply", "donotreply", "webmaster", "support")
)
"""Local parts that name no person (RFC 2142, and what mailers send from)."""
LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
"""Of the name of a host, in any script."""
_MAIL_ADDRESS = lazy_pattern(
    rf"(?<![\w.+-])([\w.+'-]{{1,64}})(@|%40)(?=\[?{LABEL}(?:[.:]{LABEL}){{0,8}})", re.IGNORECASE
)
_DISPLAY_NAME = lazy_pattern(r'("[^"<>@]{1,80}"|(?:[^\W\d_][\w.\'-]{1,30} ){1,4})(?=\s?<[^<>@\s]{1,64}@)')
_HARDWARE_ADDRESS = lazy_pattern(
    r"(?<![0-9a-fA-F:-])(?:[0-9a-fA-F]{2}([:-]))(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}(?![\w:-])"
)
_HOME = lazy_pattern(
    r"((?:^|(?<=[^\w.]))(?:/home/|/Users/|[A-Za-z]:[\\/]{1,4}(?:Users|Documents and Settings)[\\/]{1,4}))"
    r"([^\\/:*?\"<>|\s]+)"
)
_SHARED_FOLDERS = {"public", "shared", "default", "all"}
_CREDENTIALS = lazy_pattern(r"(?<=://)[^/\s@:]{1,128}(?::[^/\s@]{0,128})?@")
_TOKEN = lazy_pattern(r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}|(?<=\bBearer )[\w.~+/=-]{8,}", re.IGNORECASE)
"""A JSON Web Token (RFC 7519), or what authorises a bearer (RFC 6750)."""
_NAMED_TOKEN = lazy_pattern(
    r"(?<![a-z])((?:(?:access|refresh|id|auth|csrf|session|login|api)[_-]?)?(?:token|key)|(?:php|j)?sess(?:ion)?[_-]?id"
    r"|session|sid|(?<=[?&])(?:ticket|code|sig))=(?=[\w.~+/%-]{0,253}\d)[\w.~+/%-]{8,}=*",
    re.IGNORECASE,
)
"""The value of a parameter, field or cookie with such a name (RFC 6749 §5.1); a digit tells it from a word."""
_CLIENT = lazy_pattern(
    r"(?<![\w.-])((?=[\w-]{0,63}[\d.-])[\w.-]{2,253})(?= ?[\[(](?:IPv6:)?(?P<address>[0-9a-fA-F.:]{2,45})[\])])"
)
"""How a server writes whom it sees: a name, and its address in brackets."""


def redact(
    report: Report,
    computer: Iterable[str] = (),
    vantage: Vantage | None = None,
) -> Report:
    """*report* with the local part, the user name and this computer's names and addresses replaced.

    *computer*: further names and addresses of this computer. *vantage*: the one that the run looked from, if not this.
    What the record says of the computer that the run was made on is hidden, too.
    """
    plain = msgspec.to_builtins(report, builtin_types=(bytes,), str_keys=True)
    own = own_words(vantage or Vantage())
    saved = convert((report.record or {}).get("own") or {}, OwnWords)
    names = _Names(report, plain, (own, saved), computer)
    if plain["record"]:
        plain["record"].pop("own", None)
    plainly = walked(plain, lambda words, _: names.hide(words), lambda words, _: names.hide_known(words))
    hidden = convert(plainly, Report)
    if report.redacted == "nothing" and hidden != convert(plain, Report):
        return msgspec.structs.replace(hidden, redacted="person")
    return hidden


Hide = Callable[[str, str], str]
"""Makes words, and the key that they stand below, into what may be shown."""


def walked(plain: Any, hide: Hide, in_advice: Hide, ours: Hide | None = None) -> Any:  # noqa: ANN401 - any JSON value
    """*plain*, a report as plain values, with *hide* made to every word that is not ours. Keys of facts are words, too.

    *in_advice*: what is made to the steps of remedies instead, where addresses of providers stand. *ours*: what is made
    to words out of closed lists, which stay otherwise.
    """
    fields = names_of_fields()

    def clean(value: Any, key: str, structure: set[str], change: Hide) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, str):
            if key == MESSAGE:
                return reworded(value, lambda part: change(part, key))
            if key in structure and (key != SOURCE or value in _SOURCE_NAMES):
                return ours(value, key) if ours else value
            return change(value, key)
        if isinstance(value, dict):
            kept = value.keys() if key == ARGUMENTS else fields
            return {
                (name if name in kept else change(name, "")): clean(
                    item, name, _OF_FACTS if name in _FACTS else structure, in_advice if name in _ADVICE else change
                )
                for name, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [clean(item, key, structure, change) for item in value]
        if isinstance(value, bytes):
            return b""  # nobody knows what a picture shows
        return value

    return clean(plain, "", _OF_REPORTS, hide)


class _Names:
    """What is known of a person and their computer, and what stands for it."""

    def __init__(self, report: Report, plain: Any, own: tuple[OwnWords, ...], computer: Iterable[str]) -> None:  # noqa: ANN401 - any JSON value
        mine = dict.fromkeys([*(address for one in own for address in one.addresses), *_sources(plain)])
        servers = set(_whole_addresses(plain)) - mine.keys()
        self._servers = servers
        self._placeholders = Placeholders({found[0] for _, said in strings_in(plain) for found in addresses_in(said)})
        self._computers = {name.lower() for one in own for name in one.computers}
        hidden = self._of_person(report)
        # a person called mail does not rename the server mail.corp.example
        hosts = [report.subject.domain, *(service.host for service in report.services)]
        hidden |= {name: name for name in hosts if name}
        for name in sorted({*self._computers, *computer} - OF_EVERYBODY, key=len):
            if len(name) > 1:
                hidden[name] = self._placeholders.word("computer", name)
        hidden |= {name: self._placeholders.address(name) for name in mine if is_literal(name)}
        hidden |= {name: self._placeholders.word("folder", name) for one in own for name in one.folders}
        named = dict.fromkeys(_profiles(plain))
        hidden |= {name: self._placeholders.word("profile", name) for name in named}
        hidden.pop("localhost", None)
        self._hidden = {name.lower(): shown for name, shown in hidden.items()}
        self._words = sorted(hidden, key=len, reverse=True)
        one_of_them = "|".join(rf"(?<![\w.-])({re.escape(word)})(?![\w-])" for word in self._words)
        self._shape = re.compile(one_of_them or "(?!)", re.IGNORECASE)
        self._accounts = _after_a_separator(name for one in own for name in one.users)
        self._encoded = EncodedNames(hidden)
        self._done: dict[str, str] = {}

    def _of_person(self, report: Report) -> dict[str, str]:
        subject = report.subject
        hidden = {}
        if subject.address and (local := subject.address.rpartition("@")[0]):
            hidden[local] = self._placeholders.word("user", local)
        if subject.username and subject.username != subject.address:
            local, at, _domain = subject.username.rpartition("@")
            name = (local if at else subject.username).rpartition("\\")[2]
            shown = self._placeholders.word("user", name)
            hidden |= {one: shown for one in (name, subject.username) if one and not (at and one == subject.username)}
        return hidden

    def hide(self, words: str) -> str:
        """*words* without the person and this computer, in whatever shape they are named."""
        if words not in self._done:
            cut = words if len(words) <= LONGEST else words[:LONGEST] + CUT
            self._done[words] = self._without_shapes(self._encoded.hide(self.hide_known(cut)))
        return self._done[words]

    def hide_known(self, words: str) -> str:
        """*words* without the names and addresses that are known."""
        hidden = self._shape.sub(self._pseudonym, words)
        if words.isprintable():
            return hidden
        shown = self._shape.sub(self._pseudonym, quote(words, len(words)))  # a control may stand within a name
        return hidden if quote(hidden, len(hidden)) == shown else shown

    def _pseudonym(self, found: re.Match[str]) -> str:
        return self._hidden[self._words[(found.lastindex or 1) - 1].lower()]

    def _without_shapes(self, words: str) -> str:
        """*words* without what only its shape shows to be a person's or this computer's."""
        word = self._placeholders.word
        if "@" in words:
            words = _CREDENTIALS.sub(lambda found: f"{word('token', found[0])}@", words)
            words = _DISPLAY_NAME.sub(lambda found: word("name", found[0].strip('" ')), words)
        if "@" in words or "%40" in words:
            words = _MAIL_ADDRESS.sub(self._local_part, words)
        words = _TOKEN.sub(lambda found: word("token", found[0]), words)
        if "=" in words:
            words = _NAMED_TOKEN.sub(lambda found: f"{found[1]}={word('token', found[0].partition('=')[2])}", words)
        words = _HARDWARE_ADDRESS.sub(lambda found: word("token", found[0].replace("-", ":")), words)
        words = _HOME.sub(self._home, words)
        words = self._accounts.sub(lambda found: word("user", found[0]), words)
        if any(character in words for character in ".:"):
            words = _CLIENT.sub(self._client, words)
            for literal in dict.fromkeys(found[0] for found in addresses_in(words)):
                if literal not in self._servers:
                    words = _alone(literal).sub(self._placeholders.address(literal), words)
        return words

    def _local_part(self, found: re.Match[str]) -> str:
        local = found[1]
        return found[0] if local.lower() in ROLES else self._placeholders.word("user", local) + found[2]

    def _home(self, found: re.Match[str]) -> str:
        shared = found[2].lower() in _SHARED_FOLDERS
        return found[0] if shared else found[1] + self._placeholders.word("user", found[2])

    def _client(self, found: re.Match[str]) -> str:
        """The name beside an address that is no server's."""
        name, address = found[1], found["address"]
        theirs = not is_literal(address) or address in self._servers or is_literal(name)
        return name if theirs or name.lower() in self._hidden else self._placeholders.word("computer", name)


def _alone(literal: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.:]){re.escape(literal)}(?!\w|\.\d)")


def _after_a_separator(names: Iterable[str]) -> re.Pattern[str]:
    """Finds an account's name in a path, or before a computer's: alone it may be any word."""
    words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.compile(
        rf"(?<=[\\/])(?:{words})(?![\w-])|(?<![\w.-])(?:{words})(?=@)" if words else "(?!)", re.IGNORECASE
    )


def strings_in(value: Any, key: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON value
    """Every word in *value*, with the key that it stands below."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from strings_in(item, name)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings_in(item, key)


def _whole_addresses(plain: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """Addresses that stand by themselves, or in a list with their ports: those of servers, as checks saw them."""
    for _, words in strings_in(plain):
        for part in words.split(", ") if len(words) < LONGEST_LIST and _LISTED.match(words) else ():
            literal = re.sub(r"^\[?(.*?)\]?(?::\d{1,5})?$", r"\1", part)
            yield from (one for one in (part, literal) if is_literal(one))


def _sources(plain: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """Addresses that packets of this computer come from."""
    return (words for key, words in strings_in(plain) if key == SOURCE and is_literal(words))


def _profiles(plain: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """Names of browser profiles in *plain*, as people, or the browser by lot, gave them."""
    return (name for key, name in strings_in(plain) if key == PROFILE and not _BROWSERS_OWN.fullmatch(name))
