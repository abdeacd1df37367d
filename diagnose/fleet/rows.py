"""A file of many mailboxes or domains, read row by row: CSV, JSON Lines, or a plain list.

Nothing is kept of a row that was handed on but twelve octets, by which its duplicates are found.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from diagnose.account.pasted import understood
from diagnose.fleet.encoding import guessed, no_text, opened
from diagnose.model import Service, Subject, Text, TextError, quote, text
from diagnose.model.protocols import BY_NAME
from diagnose.process.first_use import lazy_pattern
from diagnose.running.expected import expectations

ADDRESS, DOMAIN, USERNAME, PROVIDER, OFFICE, EXPECT = "address", "domain", "username", "provider", "office", "expect"
ENVIRONMENT, KEYRING = "password_env", "password_keyring"
ALIASES = {
    **dict.fromkeys(("email", "e_mail", "mail", "mailbox", "email_address", "e_mail_address", "mail_address"), ADDRESS),
    **dict.fromkeys(("邮箱", "邮箱地址", "邮箱账号", "电子邮箱", "电子邮件", "邮件地址"), ADDRESS),
    **dict.fromkeys(("郵箱", "信箱", "信箱地址", "電子信箱", "電子郵件", "電子郵件地址", "郵件地址"), ADDRESS),
    **dict.fromkeys(("域名", "邮箱域名", "網域", "網域名稱", "郵件網域"), DOMAIN),
    **dict.fromkeys(("用户名", "使用者名稱"), USERNAME),
    **dict.fromkeys(("办公室", "办公地点", "辦公室", "辦公地點"), OFFICE),
    "expectations": EXPECT,
}
"""What people call columns, and the column that it is."""
COLUMNS = (ADDRESS, DOMAIN, USERNAME, ENVIRONMENT, KEYRING, PROVIDER, OFFICE, EXPECT, *BY_NAME)
SECRETS = lazy_pattern(
    r".*(?:passw|passphrase|kennwort|密码|密碼|口令|授权码|授權碼).*|(?:.*_)?(?:pass|pwd|pw|secret|token)_?\d*"
)
"""Names of columns that would hold a secret."""
SEPARATORS = ",;\t"
MOST_COLUMNS = 200
LONGEST_LINE = 1 << 20
"""Characters."""
LONGEST_NAME = 40
"""Characters of a column's name that are compared and repeated."""
LONGEST_OWN = 1000
"""Characters of a value that results repeat."""
ID_OCTETS = 12
_VARIABLE = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_BEHIND_ADDRESS = lazy_pattern(r"@[^\s@:;,|/\\<>]+[\s:;,|/\\]\s*[^\s<>]")
"""As in lists of logins that were copied: an address, a separator, the password."""
_HINT = lazy_pattern(r"\"?[Ss][Ee][Pp]=.?\"?")
"""By which a first line tells spreadsheets the separator."""


class InputError(TextError):
    """The file as a whole cannot be read as rows."""


class RowError(TextError):
    """One row names nothing that could be diagnosed."""


class SecretSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where a row's password is to be had; the password itself stands in no row."""

    kind: Literal["environment", "keyring"]
    name: str
    """The variable, or the account that the keyring's entry is of."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox or domain to be diagnosed."""

    line: int
    """Where it begins in the file, from 1."""
    id: str
    """Hexadecimal digits, the same for all rows that ask for the same."""
    subject: Subject
    secret: SecretSource | None = None
    services: tuple[Service, ...] = ()
    provider: str | None = None
    office: str | None = None
    vantage: str | None = None
    """From where it is to be looked at, where that is more than one place; see `diagnose.fleet.vantages`."""
    expected: dict[str, tuple[str, ...]] = {}
    columns: dict[str, str] = {}
    """All that stands in the row, but for the names of secrets."""


class BadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that nothing can be diagnosed by."""

    line: int
    id: str
    reason: Text
    columns: dict[str, str] = {}


Record: TypeAlias = "Mapping[str, str] | RowError"
"""The columns of a row, or why it has none."""


class Readers(msgspec.Struct, frozen=True, kw_only=True):
    """How words are read that the command line takes as well."""

    service: Callable[[str, str], Service]
    """By the protocol's name and a URL. Raises TextError."""
    provider: Callable[[str], str]
    """The id. Raises TextError."""


class Rows:
    """The rows of a file in their order, each once; iterate once."""

    def __init__(self, file: Path, readers: Readers, encoding: str | None = None) -> None:
        """*encoding*: that of the file; None: it is found out. Raises InputError, EncodingError, OSError."""
        self.duplicates = 0
        """Rows that ask for what an earlier row asked for, as far as they were read."""
        self.unknown: tuple[str, ...] = ()
        """Columns that mean nothing here, and go into the results as they are."""
        self.before = 0
        """Lines before that of the first row."""
        self._readers = readers
        self._seen = set[int]()
        stream = opened(file, encoding)
        self.guessed = guessed(stream) if encoding is None else None
        """The encoding that the file was taken to have, where it could be another one."""
        self._lines = _Lines(stream)
        self._records = self._begun()

    def __iter__(self) -> Iterator[Row | BadRow]:
        for line, given in self._records:
            row = self._row(line, given)
            number = int(row.id, 16)
            if number in self._seen:
                self.duplicates += 1
                continue
            self._seen.add(number)
            yield row

    def _begun(self) -> Iterator[tuple[int, Record]]:
        """The records behind the first line, which tells what the file is."""
        telling = (line for line in self._lines if line.strip() and not line.startswith("#"))
        first = next((line for line in telling if not _HINT.fullmatch(line.strip())), None)
        if first is None:
            raise InputError(text("it is empty"))
        if first.strip() == "{" or first.lstrip().startswith("["):
            raise InputError(text("it is one JSON document; each line has to hold an object of its own (JSON Lines)"))
        if first.lstrip().startswith("{"):
            return self._objects(_object(first))  # a password in the first object refuses the whole file
        separator, names = _header(first)
        self.before = self._lines.number - 1
        if _is_header(names):
            self.before += 1
            return self._table(separator, self._named(names))
        if separator is None and _is_subject(first.strip()):
            return self._list(first)
        raise InputError(_wrong_header(first, names))

    def _named(self, names: list[str]) -> list[str]:
        names = [_plain(name) for name in names]
        if len(names) > MOST_COLUMNS:
            raise InputError(text("it has more than {most} columns", most=MOST_COLUMNS))
        for name in names:
            _require_no_secret(name)
        twice = next((name for place, name in enumerate(names) if name and name in names[:place]), None)
        if twice:
            raise InputError(text("two of its columns are called “{name}”", name=twice))
        if not {ADDRESS, DOMAIN} & set(names):
            raise InputError(_wrong_header("", names))
        self.unknown = tuple(name for name in names if name and name not in COLUMNS)
        return names

    # -- the three forms

    def _list(self, first: str) -> Iterator[tuple[int, Record]]:
        def record(line: str) -> Mapping[str, str]:
            word = line.strip()
            return {ADDRESS if "@" in word else DOMAIN: word}

        yield self._lines.number, record(first)
        for line in self._lines:
            if line.strip() and not line.startswith("#"):
                yield self._lines.number, record(line)
            yield from self._overlong()

    def _objects(self, first: Record) -> Iterator[tuple[int, Record]]:
        yield self._lines.number, first
        for line in self._lines:
            if line.strip():
                try:
                    yield self._lines.number, _object(line)
                except InputError as error:
                    yield self._lines.number, RowError(error.sentence)
            yield from self._overlong()

    def _table(self, separator: str | None, names: list[str]) -> Iterator[tuple[int, Record]]:
        delimiter = separator or ","
        while True:
            begins = self._lines.number + 1
            taken: list[str] = []
            try:
                fields = next(csv.reader(_noted(self._lines, taken), delimiter=delimiter, strict=True))
            except StopIteration:
                break
            except csv.Error:  # so that lines behind a quote that does not end are rows of their own
                self._lines.take_back(taken[1:])
                if taken[0].count('"') % 2 or len(taken[0]) > csv.field_size_limit():
                    yield begins, RowError(text("its quotes do not end, or a field is too long"))
                    continue
                fields = next(csv.reader(taken[:1], delimiter=delimiter))
            finally:
                yield from self._overlong()
            if not any(field.strip() for field in fields):
                continue
            if len(fields) > len(names) and any(fields[len(names) :]):
                told = {"number": len(fields), "columns": len(names)}
                yield begins, RowError(text("it has {number} fields, and the header has {columns}", **told))
                continue
            yield begins, {name: field for name, field in zip(names, fields, strict=False) if name}

    def _overlong(self) -> Iterator[tuple[int, RowError]]:
        for number in self._lines.overlong:
            yield number, RowError(text("it is longer than {most} characters", most=LONGEST_LINE))
        self._lines.overlong.clear()

    # -- one row

    def _row(self, line: int, given: Record) -> Row | BadRow:
        if isinstance(given, RowError):
            return BadRow(line=line, id=_identity("bad", str(line)), reason=given.sentence)
        given = {name: value.strip() for name, value in given.items()}
        columns = {
            name: quote(value, LONGEST_OWN) for name, value in given.items() if name not in {ENVIRONMENT, KEYRING}
        }
        try:
            return self._understood(line, given, columns)
        except TextError as error:
            if any(_BEHIND_ADDRESS.search(given.get(name, "")) for name in (ADDRESS, DOMAIN)):
                reason = text("more than an address stands in it, and is not repeated: it may be a password")
                return BadRow(line=line, id=_identity("bad", str(line)), reason=reason)
            own = map(str, sorted(columns.items()))  # whoever knows the rest could guess a password by its digest
            return BadRow(line=line, id=_identity("bad", *own), reason=error.sentence, columns=columns)

    def _understood(self, line: int, given: Mapping[str, str], columns: dict[str, str]) -> Row:
        typed = given.get(ADDRESS) or given.get(DOMAIN)
        if not typed:
            raise RowError(text("it names neither an address nor a domain"))
        subject, _read = understood(typed, given.get(USERNAME) or None)
        services = tuple(self._readers.service(name, word) for name in BY_NAME if (word := given.get(name)))
        provider = self._readers.provider(word) if (word := given.get(PROVIDER)) else None
        expected = expectations(given.get(EXPECT, "").split())
        secret = _secret(given, subject)
        asked = (subject, secret, services, provider, given.get(OFFICE), sorted(expected.items()))
        return Row(
            line=line,
            id=_identity(*(msgspec.json.encode(part).decode() for part in asked)),
            subject=subject,
            secret=secret,
            services=services,
            provider=provider,
            office=columns.get(OFFICE) or None,
            expected=expected,
            columns=columns,
        )


def _noted(lines: Iterator[str], taken: list[str]) -> Iterator[str]:
    """*lines*, each of which is added to *taken*."""
    for line in lines:
        taken.append(line)
        yield line


def _secret(given: Mapping[str, str], subject: Subject) -> SecretSource | None:
    variable, entry = given.get(ENVIRONMENT), given.get(KEYRING)
    if variable and entry:
        raise RowError(text("it names both a variable and an entry of the keyring"))
    if (variable or entry) and subject.address is None:
        raise RowError(text("a domain is checked without any login, so it has no password"))
    if variable:
        if not _VARIABLE.fullmatch(variable):  # not repeated: it may be the password itself
            raise RowError(text("what stands in “{column}” is not the name of a variable", column=ENVIRONMENT))
        return SecretSource(kind="environment", name=variable)
    return SecretSource(kind="keyring", name=entry) if entry else None


def _identity(*parts: str) -> str:
    words = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(words, digest_size=ID_OCTETS).hexdigest()


def _plain(name: str) -> str:
    folded = re.sub(r"[\s-]+", "_", name.strip().casefold())
    return ALIASES.get(folded, folded)


def _require_no_secret(name: str) -> None:
    """Raises InputError for a column of passwords."""
    if SECRETS.fullmatch(name) and name not in {ENVIRONMENT, KEYRING}:
        sentence = text(
            "its column “{name}” would hold secrets, and such a file is copied and mailed; name a variable of the "
            "environment in the column {variable}, or an entry of the keyring in {entry}",
            name=name,
            variable=ENVIRONMENT,
            entry=KEYRING,
        )
        raise InputError(sentence)


def _header(line: str) -> tuple[str | None, list[str]]:
    """The separator by which most columns of *line* are known ones, None where none stands in it; and the columns."""
    best: tuple[str | None, list[str]] = (None, [line.strip().strip('"')])
    most = 0
    for separator in SEPARATORS:
        if separator in line:
            names = next(csv.reader([line], delimiter=separator), [])
            known = sum(_plain(name) in COLUMNS for name in names)
            if best[0] is None or known > most:
                best, most = (separator, names), known
    return best


def _is_header(names: list[str]) -> bool:
    return any(name in COLUMNS or SECRETS.fullmatch(name) for name in map(_plain, names))


def _is_subject(word: str) -> bool:
    return "@" in word or "." in word


def _wrong_header(first: str, names: list[str]) -> Text:
    for given in names:
        if close := difflib.get_close_matches(_plain(given)[:LONGEST_NAME], (ADDRESS, DOMAIN), 1):
            said = text("its first line names no column “{name}”, but “{given}”")
            return text(said.msgid, name=close[0], given=quote(given.strip()[:LONGEST_NAME]))
    return text(
        "its first line is neither a header with a column “address” or “domain”, nor an address or domain, nor JSON"
    )


def _object(line: str) -> Record:
    """What stands in a line of JSON. Raises InputError where it holds a password."""
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        return RowError(text("it is not a JSON object"))
    if not isinstance(value, dict):
        return RowError(text("it is not a JSON object"))
    found = {}
    for name, one in list(value.items())[:MOST_COLUMNS]:
        plain = _plain(name)
        _require_no_secret(plain)
        if isinstance(one, list) and all(isinstance(part, str) for part in one):
            found[plain] = " ".join(one)
        elif isinstance(one, str):
            found[plain] = one
        elif isinstance(one, bool | int | float):
            found[plain] = json.dumps(one)
        elif one is not None:
            return RowError(text("the value of “{name}” is not a text", name=name))
    if not all(_is_text(word) for pair in found.items() for word in pair):
        return RowError(text("it holds an incomplete character"))
    return found


def _is_text(word: str) -> bool:
    """Whether *word* holds no half of a character, as JSON can write one (RFC 8259 §8.2)."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Lines:
    """The lines of a text; what is too long is left out and noted."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self.number = 0
        """Of the line that was handed out last, from 1."""
        self.overlong = list[int]()
        self._stream = stream
        self._again = deque[str]()
        """Lines that were taken back."""

    def __iter__(self) -> Iterator[str]:
        return self

    def take_back(self, lines: list[str]) -> None:
        """Hand out *lines*, which were the last ones, once more."""
        self._again.extendleft(reversed(lines))
        self.number -= len(lines)

    def __next__(self) -> str:
        if self._again:
            self.number += 1
            return self._again.popleft()
        try:
            line = self._stream.readline(LONGEST_LINE + 1)
            if not line:
                raise StopIteration
            self.number += 1
            if len(line) <= LONGEST_LINE:
                return line
            self.overlong.append(self.number)
            while line and not line.endswith("\n"):
                line = self._stream.readline(LONGEST_LINE)
        except UnicodeDecodeError:
            raise no_text(self._stream.encoding) from None
        return "\n"
