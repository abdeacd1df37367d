"""Types of command-line options: each turns a word into a value, or says in one sentence why it cannot."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from gettext import gettext as _
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from diagnose.cli.formats import format_of, suffixes
from diagnose.cli.output import cannot_be_written, irreplaceable
from diagnose.locale import language
from diagnose.locale.language import LANGUAGES, Language
from diagnose.model.text import quote
from diagnose.process.first_use import one_at_a_time

STANDARD_OUTPUT = "-"
LONGEST_LINE, LONGEST_ADDRESS = 200, 2000
"""Characters."""
OneT = TypeVar("OneT", bound=str)
NOTHING_ELSE: Mapping[str, Any] = MappingProxyType({})
NEVER_IN_URLS = frozenset(' "<>\\^`{|}')
"""Characters that RFC 3986 keeps out of them."""


class Number(click.FloatRange):
    """A number within two bounds; whatever else is given is told in one sentence that names both of them."""

    def __init__(self, least: float, most: float, *, whole: bool = False) -> None:
        """*whole*: no fraction is taken."""
        super().__init__(least, most)
        self.least, self.most, self._whole = least, most, whole

    @property
    def name(self) -> str:  # type: ignore[override]  # click's is a plain attribute
        """What a word of this type is called."""
        return _("number")

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """*value* as a number. NaN, which compares with no bound, lies within none."""
        try:
            number = float(value)  # type: ignore[arg-type]  # words, or a number out of a file
        except ValueError:
            number = math.nan
        except OverflowError:  # a whole number of a file may have thousands of digits, which are not shown either
            number = math.inf
        if not self.least <= number <= self.most or (self._whole and number != int(number)):
            word = quote(value) if isinstance(value, str) else f"{number:g}"
            sentence = (
                _("“{word}” is not a whole number from {range}.")
                if self._whole
                else _("“{word}” is not a number from {range}.")
            )
            self.fail(sentence.format(word=word, range=self._describe_range()), param, ctx)
        return int(number) if self._whole else number

    def _describe_range(self) -> str:
        """Both bounds, in words: help shows them, too."""
        return _("{least} to {most}").format(least=f"{self.least:g}", most=f"{self.most:g}")


def file_names(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """For shells: a file is wanted, which they find themselves."""
    return [CompletionItem(incomplete, type="file")]


class FileName(click.ParamType[Path]):
    """A file, which whoever reads it looks at: click's own type asks for a translation when it is declared."""

    name = "file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """*value* as a path."""
        return Path(str(value))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        """A file."""
        return file_names(ctx, param, incomplete)


class OutputFile(click.ParamType[Path]):
    """A file to write to in place of standard output; its folder has to be there. ``-`` is standard output: None."""

    name = "file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path | None:  # type: ignore[override]  # click takes None for a value as well
        """*value* as a path that can be written to."""
        return None if str(value) == STANDARD_OUTPUT else self._writable(Path(str(value)), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        """A file."""
        return file_names(ctx, param, incomplete)

    def _writable(self, file: Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        with one_at_a_time:
            import tempfile
        if not file.parent.is_dir():
            self.fail(_("there is no folder “{folder}”.").format(folder=file.parent), param, ctx)
        try:  # permissions do not tell all: of a full disk, say, or of a folder that only looks like one
            why = irreplaceable(file)
            tempfile.TemporaryFile(dir=file.parent).close()
        except OSError as error:
            self.fail(cannot_be_written(file, error), param, ctx)
        if why is not None:
            self.fail(why, param, ctx)
        return file


class ReportFile(OutputFile):
    """A file to write a report to; its folder has to be there, its suffix has to name a format."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """*value* as a path that can be written to."""
        file = Path(str(value))
        if format_of(file.suffix) is None:
            known = _(", ").join(suffixes())
            self.fail(_("“{file}” ends in none of {suffixes}.").format(file=file, suffixes=known), param, ctx)
        return self._writable(file, param, ctx)


class OneLine(click.ParamType[str]):
    """Words in one line, blanks around them aside."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """*value* as a line that can be shown anywhere."""
        line = " ".join(str(value).split())
        if not line or len(line) > LONGEST_LINE or not line.isprintable():
            sentence = _("give one line of up to {number} characters that can be shown.")
            self.fail(sentence.format(number=LONGEST_LINE), param, ctx)
        return line


class PageAddress(click.ParamType[str]):
    """The address of a web page, without user name and password."""

    name = "url"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """*value* as a URL of a web page."""
        with one_at_a_time:
            import urllib.parse
        word = str(value).strip()
        if "@" in word.partition("//")[2].partition("/")[0]:  # not repeated: it may hold a password
            self.fail(_("a URL may not hold a user name or a password."), param, ctx)
        try:
            url = urllib.parse.urlsplit(word)
            named = url.scheme.lower() in {"http", "https"} and bool(url.hostname) and (url.port or 1) > 0
        except ValueError:
            named = False
        if not named or len(word) > LONGEST_ADDRESS or not word.isprintable() or NEVER_IN_URLS & set(word):
            sentence = _("“{word}” is not the address of a web page, such as https://status.corp.example/.")
            self.fail(sentence.format(word=word[:LONGEST_LINE]), param, ctx)
        return word


class OneOf(click.Choice[OneT]):
    """One of a few words; of another word it is said which of them it is like."""

    def __init__(self, choices: Iterable[OneT], *, also: Mapping[str, OneT] = NOTHING_ELSE) -> None:
        """*also*: further words that are taken, each for one of the *choices*, and not shown."""
        super().__init__(choices)
        self._also = also

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> OneT:
        """The one that *value* names."""
        return super().convert(self._also.get(str(value), value), param, ctx)

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        """Which there are, and which of them *value* is like."""
        with one_at_a_time:
            from diagnose.model.likeness import close_names
        words = [str(one) for one in self.choices]
        meant = {word: word for word in words} | {word: str(one) for word, one in self._also.items()}
        close = [meant[name] for name in close_names(str(value), meant, 1)]
        sentence = (
            _("“{word}” is not one of {choices}; did you mean {close}?")
            if close
            else _("“{word}” is not one of {choices}.")
        )
        told = {"word": quote(str(value)[:LONGEST_LINE]), "choices": _(", ").join(words), "close": "".join(close)}
        return sentence.format_map(told)


class LanguageName(OneOf[Language]):
    """One of our languages, or a locale that has one of them as its nearest: ``zh_CN``, ``zh-TW``, ``en_GB.UTF-8``."""

    def __init__(self) -> None:
        super().__init__(LANGUAGES)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Language:
        """*value* as one of our languages."""
        return language.named(str(value)) or super().convert(value, param, ctx)


class ProviderName(click.ParamType[str]):
    """What somebody calls a mail provider: its id, a name of it, an address domain or a server; the value is its id."""

    name = "provider"

    def __init__(self, also: Callable[[], Collection[str]] = tuple) -> None:
        """*also*: further names that are taken as they are."""
        self._also = also

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The id of the provider that *value* means."""
        with one_at_a_time:
            from diagnose.providers import UnknownProviderError, provider_called
        word = str(value)
        if word in self._also():
            return word
        try:
            return provider_called(word)
        except UnknownProviderError as unknown:
            among = UnknownProviderError(word, self._also()) if self._also() else unknown
            error = among if among.close else unknown
            raise click.UsageError(error.sentence.render(_), ctx) from None

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        """The ids that begin so, then the other names, of which there are too many to show them for nothing."""
        with one_at_a_time:
            from diagnose.providers import provider_ids
            from diagnose.providers.recognition import folded_name, known_names
        ids = sorted({*provider_ids(), *self._also()})
        found = [name for name in ids if name.startswith(incomplete.lower())]
        if folded := folded_name(incomplete):
            same = {folded_name(name) for name in ids}
            found += sorted(name for name in known_names() if name.startswith(folded) and name not in same)
        return [CompletionItem(name) for name in found]
