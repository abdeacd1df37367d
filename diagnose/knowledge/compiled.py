"""Our knowledge as a run reads it: MessagePack, one file for each folder of YAML.

A package brings these files from its build. A source checkout makes one anew whenever what it was made of has changed,
by size or time of change.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from diagnose.process.first_use import made_once, one_at_a_time, unpack

T = TypeVar("T")

KNOWLEDGE = Path(__file__).parent
FOLDER = KNOWLEDGE / "compiled"
_SOURCES = (KNOWLEDGE, KNOWLEDGE.with_name("lab"))
"""Folders of YAML files, and of folders of them."""

MadeOf = dict[str, tuple[int, int]]
"""Path of a source -> its size in bytes, and when it was changed, in ns."""


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    made_of: MadeOf | None
    """None in a package that was built: it is what the build says."""
    value: msgspec.Raw


def kept(name: str, sources: Callable[[], Iterable[Path]], kind: type[T], make: Callable[[], T]) -> T:
    """What *make* makes of *sources*, as it was written down under *name* if they are still the same.

    Raises what *make* raises.
    """
    stored = _stored(FOLDER / f"{name}.msgpack")
    now = {} if stored is not None and stored.made_of is None else _state(sources())
    if stored is not None and stored.made_of in (None, now):
        with contextlib.suppress(msgspec.DecodeError):
            return unpack(stored.value, kind)
    made = make()
    with contextlib.suppress(OSError):  # it is made anew each time where it cannot be kept
        _write(FOLDER / f"{name}.msgpack", _Kept(now, msgspec.Raw(msgspec.msgpack.encode(made))))
    return made


def content(file: Path) -> msgspec.Raw | None:
    """The plain values in *file*, in MessagePack. A file that is not ours has None.

    Raises KnowledgeError for one that is not YAML of the plain subset.
    """
    source = next((folder / file.relative_to(folder).parts[0] for folder in _SOURCES if folder in file.parents), None)
    return None if source is None else _contents(source).get(_name(file))


def let_go(source: Path) -> None:
    """Keep nothing of what was read of *source*, a folder of ours: all of it has become what it is for."""
    _contents.forget(source)


@made_once
def _contents(source: Path) -> dict[str, msgspec.Raw]:
    def make() -> dict[str, msgspec.Raw]:
        with one_at_a_time:
            from diagnose.knowledge import yaml_files  # brings YAML, which an installed package does without

        return {
            _name(file): msgspec.Raw(msgspec.msgpack.encode(yaml_files.parse(file).content)) for file in files(source)
        }

    return kept(source.stem, lambda: (*files(source), KNOWLEDGE / "yaml_files.py"), dict[str, msgspec.Raw], make)


def files(source: Path) -> list[Path]:
    """The YAML files in the folder *source*, and in its folders; or itself, where it is a file."""
    return sorted(source.rglob("*.yaml")) if source.is_dir() else [source] * source.exists()


def for_package(folder: Path) -> Iterator[Path]:
    """Write into *folder* what a package brings: all that is compiled and up to date. The files that were written."""
    for file in sorted(FOLDER.glob("*.msgpack")):
        stored = _stored(file)
        if stored is not None and stored.made_of is not None and _is_current(stored.made_of):
            _write(folder / file.name, _Kept(None, stored.value))
            yield folder / file.name


def compile_all() -> None:
    """Bring the plain contents of all our files up to date. Raises KnowledgeError."""
    for folder in _SOURCES:
        for source in sorted(folder.iterdir()):
            if source.suffix == ".yaml" or (source.is_dir() and files(source)):
                _contents(source)


def _name(file: Path) -> str:
    return file.relative_to(KNOWLEDGE.parent).as_posix()


def _state(sources: Iterable[Path]) -> MadeOf:
    return {_name(file): ((found := file.stat()).st_size, found.st_mtime_ns) for file in sources}


def _is_current(made_of: MadeOf) -> bool:
    sources = [KNOWLEDGE.parent / name for name in made_of]
    return all(source.exists() for source in sources) and _state(sources) == made_of


def _stored(file: Path) -> _Kept | None:
    try:
        return unpack(file.read_bytes(), _Kept)
    except (OSError, msgspec.DecodeError):
        return None


def _write(file: Path, value: _Kept) -> None:
    """Put *value* in place as a whole, since others may read at the same time. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(dir=file.parent, prefix=file.stem)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(msgspec.msgpack.encode(value))
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(file)
    except OSError:
        Path(unfinished).unlink()
        raise
