"""Settings: values of options that files and the environment give, where the command line gives none.

The environment goes before the person's file, and that before the files of all people of this computer.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from gettext import gettext as _
from pathlib import Path
from typing import Any, Literal, NamedTuple

import click
from click.core import ParameterSource

from diagnose.cli.output import cannot_be_read
from diagnose.cli.parameters import FileName
from diagnose.model.protocols import PROTOCOLS
from diagnose.model.text import TextError, quote
from diagnose.process.first_use import lazy_pattern, one_at_a_time
from diagnose.process.home_folder import of_person
from diagnose.process.regular_file import open_regular

FILE_NAME = "diagnose.toml"
FOLDER = "mail-login-doctor"
PREFIX = "DIAGNOSE_"
"""Of variables: ``DIAGNOSE_CA_FILE`` stands for ``--ca-file``."""
NAMES_FILE = PREFIX + "CONFIG"
"""The variable that names a file to be read instead of all others; an empty one: none is."""
NO_CONFIG = "--no-config"
LARGEST_FILE = 1_000_000
"""Bytes."""
SETTABLE = (
    "help-desk", "status-page", "documentation", "lang", "for", "redact", "strict", "quiet", "verbose", "no-color",
    "ca-file", "resolver", "provider", *(one.name for one in PROTOCOLS),
    "skip", "profiles", "clean-browser", "timeout", "no-rcpt", "no-third-party", "no-history",
)  # fmt: skip
"""Long names of options that may be set for all runs. Consent to one run, and its secret, are not among them."""
SECRETS = lazy_pattern(r"password|passwd|passphrase|secret|token|credential", re.IGNORECASE)
"""What is in the name of a setting that is meant to hold a secret."""
LONGEST_NAME = 40
"""Characters of a name that may be meant as a setting's, and that are repeated."""


class SettingsError(click.ClickException):
    """A setting or a file of settings cannot be used; the sentence names it, and where it is."""


class Place(NamedTuple):
    """Where a value comes from: a variable of the environment, or a line of a file."""

    variable: str = ""
    file: Path | None = None
    line: int | None = None

    def __str__(self) -> str:
        if self.file is None:
            return self.variable
        if self.line is None:
            return str(self.file)
        return _("{file}, line {line}").format(file=self.file, line=self.line)


class Given(NamedTuple):
    """A value that is set, as it was written, and where."""

    value: object
    place: Place


State = Literal["read", "absent", "unreadable"]


class Searched(NamedTuple):
    """A place where a file of settings may lie."""

    file: Path
    state: State


class Settings(NamedTuple):
    """What is set outside the command line."""

    given: Mapping[str, Given]
    """By the option's long name; what goes before all others."""
    searched: tuple[Searched, ...]
    """What goes before others first."""
    trouble: SettingsError | None = None
    """The first thing that is wrong."""
    unheeded: str = ""
    """A variable that looks like one that sets something, and sets nothing."""

    @property
    def lang(self) -> str | None:
        """The language that is set, as it was written."""
        value = self.given["lang"].value if "lang" in self.given else None
        return value if isinstance(value, str) else None

    def defaults_of(self, command: click.Command) -> tuple[dict[str, Any], SettingsError | None]:
        """Values for the options of *command*, by parameter, and the first error among them."""
        found, trouble = dict[str, Any](), self.trouble
        for name, option in options_of(command).items():
            if name in self.given and option.name:
                try:
                    found[option.name] = _checked(option, name, self.given[name], click.Context(command))
                except SettingsError as error:
                    trouble = trouble or error
        return found, trouble


NOTHING = Settings({}, ())


def options_of(command: click.Command) -> dict[str, click.Option]:
    """The options of *command* that can be set, by their long names."""
    options = {
        name.removeprefix("--"): one for one in command.params if isinstance(one, click.Option) for name in one.opts
    }
    return {name: options[name] for name in SETTABLE if name in options}


def of_computer(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """What is set for a run by *arguments*. Never raises: what cannot be used is in `Settings.trouble`."""
    words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if NO_CONFIG in words:
        return NOTHING
    searched, trouble = list[Searched](), list[SettingsError]()
    given = {
        name: Given(environment[variable], Place(variable))
        for name in SETTABLE
        if environment.get(variable := variable_of(name))
    }
    for file in files(environment):
        try:
            content = _read(file)
            searched.append(Searched(file, "absent" if content is None else "read"))
            for name, one in _settings_in(file, content or ""):
                given.setdefault(name, one)
        except SettingsError as error:
            if len(searched) == 0 or searched[-1].file != file:
                searched.append(Searched(file, "unreadable"))
            trouble.append(error)
    named = environment.get(NAMES_FILE)
    if named and searched[0].state == "absent":
        sentence = _("{variable} names the file “{file}”, which is not there.")
        trouble.append(SettingsError(sentence.format(variable=NAMES_FILE, file=named)))
    return Settings(given, tuple(searched), trouble[0] if trouble else None, _unheeded(environment, words))


def wrong(problem: str, name: str | None) -> click.ClickException:
    """*problem* of the option called *name* as wrong usage; of a setting, where that gave the option its value."""
    context = click.get_current_context(silent=True)
    if name is not None and context is not None and isinstance(context.obj, Settings) and name in context.obj.given:
        option = options_of(context.command).get(name)
        if option is not None and option.name:
            source = context.get_parameter_source(option.name)
            if source is ParameterSource.DEFAULT_MAP:
                return _error_of(name, context.obj.given[name], problem)
    return click.UsageError(problem)


def as_error(error: TextError) -> click.ClickException:
    """*error* as wrong usage, or as that of the setting that gave what it is about."""
    return wrong(error.sentence.render(_), error.about)


def variable_of(name: str) -> str:
    """The variable that sets the option called *name*."""
    return PREFIX + name.replace("-", "_").upper()


def _unheeded(environment: Mapping[str, str], words: Sequence[str]) -> str:
    """The first variable that is called as ours are and sets nothing; none for a secret, nor one that *words* name."""
    known = {NAMES_FILE, *map(variable_of, SETTABLE)}
    named = {word.rpartition("=")[2] for word in words}
    strange = (name for name in environment if name.startswith(PREFIX) and name not in known | named)
    return next((name for name in sorted(strange) if not SECRETS.search(name)), "")


def warning_of(variable: str) -> str:
    """That *variable* sets nothing, and what is meant by it."""
    with one_at_a_time:
        from diagnose.model.likeness import close_names

    shown = quote(variable[: LONGEST_NAME + len(PREFIX)])
    if close := close_names(variable.removeprefix(PREFIX).replace("_", "-"), SETTABLE, 1):
        sentence = _("The variable {name} sets nothing; did you mean {close}?")
        return sentence.format(name=shown, close=variable_of(close[0]))
    return _("The variable {name} sets nothing; {command} lists what can be set.").format(
        name=shown, command="diagnose config"
    )


def files(environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Where settings are looked for: the person's file, then those of all people of this computer."""
    if NAMES_FILE in environment:
        named = environment[NAMES_FILE]
        return (_at_home(named),) if named else ()
    return tuple(folder / FILE_NAME for folder in _folders())


def _at_home(path: str) -> Path:
    """*path*, with the person's folder for ``~``; as it is where nobody is called so."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - that of pathlib raises for an unknown name


def _folders() -> tuple[Path, ...]:
    """The person's folder, unless there is no home folder, and those of all people."""
    with one_at_a_time:
        import platformdirs

    places = platformdirs.PlatformDirs(FOLDER, appauthor=False)
    if of_person(lambda: places.user_config_path) is not None:
        return tuple(places.iter_config_paths())
    everybodys = platformdirs.PlatformDirs(FOLDER, appauthor=False, multipath=True).site_config_dir
    return tuple(map(Path, everybodys.split(os.pathsep)))


def _read(file: Path) -> str | None:
    """What *file* holds; None for a file that is not there. Raises SettingsError."""
    try:
        with open_regular(file) as stream:
            raw = stream.read(LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SettingsError(cannot_be_read(file, error)) from None
    except ValueError:  # a NUL in its name
        return None
    if len(raw) > LARGEST_FILE:
        raise SettingsError(_("{file} is too large for a settings file.").format(file=file))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(file=file, line=raw.count(b"\n", 0, error.start) + 1)
        raise SettingsError(
            _("{place}: the text is not in UTF-8; save the file as UTF-8.").format(place=place)
        ) from None


def _settings_in(file: Path, content: str) -> Iterator[tuple[str, Given]]:
    """What *content* sets. Raises SettingsError, once all that comes before the error has been handed out."""
    for name, value in _parsed(file, content).items():
        place = Place(file=file, line=_line_of(name, content))
        if name not in SETTABLE:
            raise SettingsError(_("{place}: {problem}").format(place=place, problem=_why_not(name)))
        yield name, Given(value, place)


def _parsed(file: Path, content: str) -> dict[str, object]:
    if not content.strip():
        return {}
    with one_at_a_time:
        import tomllib
    try:
        return tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        words, _bracket, at = str(error).rpartition(" (at ")
        number = re.match(r"line (\d+)", at)
        line = int(number[1]) if number else content.count("\n") + 1
        written = content.splitlines()[line - 1 : line]
        if "\\" in "".join(written):
            sentence = _("{place}: this is not TOML; write what holds a backslash between single quotes.")
        else:
            sentence = _("{place}: this is not TOML ({words}); a setting looks like {example}.")
        told = sentence.format(place=Place(file=file, line=line), words=words or str(error), example='lang = "en"')
        raise SettingsError(told) from None
    except (RecursionError, ValueError):  # nested without end; a number of many thousand digits
        raise SettingsError(
            _("{file} is not a settings file; {command} shows what one holds.").format(
                file=file, command="diagnose config"
            )
        ) from None


def _line_of(name: str, content: str) -> int | None:
    """The line of *content* that sets *name*."""
    quoted = re.escape(name)
    found = re.search(rf"^[ \t]*\[*[ \t]*(?:{quoted}|\"{quoted}\"|'{quoted}')[ \t]*[=.\]]", content, re.MULTILINE)
    return content.count("\n", 0, found.end()) + 1 if found else None


def _why_not(name: str) -> str:
    """Why *name* is no setting, and what to do instead."""
    shown = "".join(one if one.isprintable() else "?" for one in name[:LONGEST_NAME])
    if SECRETS.search(name):
        sentence = _(
            "a password or token does not belong in a settings file (“{name}”); delete it there, and use {way}."
        )
        return sentence.format(name=shown, way="--keyring")
    with one_at_a_time:
        from diagnose.model.likeness import close_names

    if close := close_names(name.replace("_", "-"), SETTABLE, 1):
        return _("there is no setting “{name}”; did you mean {close}?").format(name=shown, close=close[0])
    return _("there is no setting “{name}”; {command} lists those that there are.").format(
        name=shown, command="diagnose config"
    )


def _checked(option: click.Option, name: str, given: Given, context: click.Context) -> object:
    """*given* as a default of *option*. Raises SettingsError."""
    try:
        value = _of_environment(option, given) if given.place.file is None else _of_file(option, name, given)
        option.type_cast_value(context, value)
    except click.UsageError as error:
        problem = " ".join(error.message.split())
        raise _error_of(name, given, problem) from None
    return value


def _error_of(name: str, given: Given, problem: str) -> SettingsError:
    told = _("{place}: {name}: {problem}").format(place=given.place, name=name, problem=problem)
    return SettingsError(told if told.endswith((".", "?", "。", "？", "！")) else told + ".")


def _may_stand_alone(option: click.Option) -> bool:
    """Whether it is a switch that may have a value, such as ``--redact[=strict]``."""
    return bool(getattr(option, "_flag_needs_value", False))


def _of_environment(option: click.Option, given: Given) -> object:
    word = str(given.value)
    if option.is_flag and option.is_bool_flag:
        return click.BOOL.convert(word, None, None)
    if _may_stand_alone(option):
        with contextlib.suppress(click.BadParameter):  # what is no switch is the option's value
            return option.flag_value if click.BOOL.convert(word, None, None) else None
    return tuple(word.split()) if option.multiple else word


def _of_file(option: click.Option, name: str, given: Given) -> object:
    """The value that stands in a file, its type looked at. Raises click.UsageError."""
    value = given.value
    if option.is_flag and option.is_bool_flag:
        if not isinstance(value, bool):
            raise click.UsageError(_("the value has to be true or false, without quotes."))
        return value
    if option.multiple:
        several = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) for one in several):
            raise click.UsageError(_('the value has to be a list of texts, such as ["one", "two"].'))
        return tuple(several)
    if isinstance(option.type, click.FloatRange):
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise click.UsageError(_("the value has to be a number, without quotes."))
        return value
    if _may_stand_alone(option) and isinstance(value, bool):
        return option.flag_value if value else None
    if not isinstance(value, str):
        raise click.UsageError(_("the value has to be a text in quotes."))
    if isinstance(option.type, FileName) and given.place.file is not None:
        return str(given.place.file.absolute().parent / _at_home(value))
    return value
