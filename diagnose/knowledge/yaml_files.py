"""Knowledge files as people write them: YAML in, plain values out, errors with file and line.

People who need not know Python write knowledge, so an error is one sentence that names the place.
The YAML taken is a plain subset: no aliases, no tags, no key twice. With aliases, a few hostile lines
could unfold to gigabytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec
import yaml

from diagnose.knowledge import KnowledgeError
from diagnose.process.first_use import convert, lazy_pattern, one_at_a_time

if TYPE_CHECKING:
    from msgspec import inspect

T = TypeVar("T")

LARGEST_FILE = 1_000_000
"""Bytes; the largest file of ours has an eighth of that."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_PATH_STEP = lazy_pattern(r"\.([A-Za-z0-9_\-]+)|\[(\d+|\.\.\.)\]")


class Parsed(NamedTuple):
    """A file's plain values, and the nodes that know their lines."""

    content: Any
    root: yaml.Node


def read(file: Path, kind: type[T]) -> T:
    """The content of *file* as a *kind* (a msgspec Struct, or a container of them).

    Raises KnowledgeError as `parse` does, and for content that does not fit *kind*.
    """
    parsed = parse(file)
    try:
        return convert(parsed.content, kind)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `")
        line = _line(parsed.root, path)
        place = f" (at {path[:-1]})" if path else ""
        raise KnowledgeError(file, line, problem + _there_are(problem, kind, path) + place) from error


def _there_are(problem: str, kind: Any, path: str) -> str:  # noqa: ANN401 - a type, as msgspec takes it
    """What may stand in the place of a word or a field that *kind* does not know; empty for any other *problem*."""
    if not problem.startswith(("Invalid enum value", "Object contains unknown field")):
        return ""
    with one_at_a_time:
        from msgspec import inspect
    found = _at(inspect.type_info(kind), _PATH_STEP.findall(path))
    if problem.startswith("Invalid"):
        names = {str(value) for one in found if isinstance(one, inspect.LiteralType) for value in one.values}
    else:
        names = {field.encode_name for one in found if isinstance(one, inspect.StructType) for field in one.fields}
    return f"; there are {', '.join(sorted(names))}" if names else ""


def _at(kind: inspect.Type, path: list[tuple[str, str]]) -> list[inspect.Type]:
    """The types that a value at *path* below *kind* may have; a step in brackets goes into a list or a mapping."""
    with one_at_a_time:
        from msgspec import inspect
    if isinstance(kind, inspect.UnionType):
        return [found for one in kind.types for found in _at(one, path)]
    if not path:
        return [kind]
    (key, _index), *rest = path
    within: list[inspect.Type] = []
    if isinstance(kind, inspect.StructType):
        within = [field.type for field in kind.fields if field.encode_name == key]
    elif isinstance(kind, inspect.DictType):
        within = [kind.value_type]
    elif isinstance(kind, inspect.VarTupleType | inspect.ListType):
        within = [kind.item_type]
    return [found for one in within for found in _at(one, rest)]


def parse(file: Path) -> Parsed:
    """What is in *file*. Raises KnowledgeError for one that is missing, too large, not UTF-8, or not of the subset."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise KnowledgeError(file, 1, f"cannot be read: {error.strerror}") from error
    if len(raw) > LARGEST_FILE:
        raise KnowledgeError(file, 1, f"is larger than {LARGEST_FILE} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise KnowledgeError(file, raw.count(b"\n", 0, error.start) + 1, "is not UTF-8") from error
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise KnowledgeError(file, mark.line + 1 if mark else 1, f"is not YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise KnowledgeError(file, 1, f"is not YAML: {error}") from error
    if root is None:
        raise KnowledgeError(file, 1, "is empty")
    try:
        return Parsed(_construct(root, file, seen=set()), root)
    except RecursionError as error:
        raise KnowledgeError(file, 1, "is nested too deeply") from error


def _construct(node: yaml.Node, file: Path, seen: set[int]) -> Any:  # noqa: ANN401 - any YAML value
    line = node.start_mark.line + 1
    if id(node) in seen:
        raise KnowledgeError(file, line, "uses an alias, which knowledge files may not")
    seen.add(id(node))
    if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN:
        raise KnowledgeError(file, line, f"uses the tag {node.tag}, which knowledge files may not")
    if isinstance(node, yaml.MappingNode):
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = _construct(key_node, file, seen)
            if isinstance(key, dict | list):
                raise KnowledgeError(file, line, "has a key that is no plain word")
            if key in mapping:
                raise KnowledgeError(file, key_node.start_mark.line + 1, f"has the key {key!r} twice")
            mapping[key] = _construct(value_node, file, seen)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_construct(item, file, seen) for item in node.value]
    return _scalar(node, file, line)


def _scalar(node: yaml.Node, file: Path, line: int) -> object:
    value: str = node.value
    match node.tag.rpartition(":")[2]:
        case "str" | "timestamp":  # a date stays the text that was written
            return value
        case "null":
            return None
        case "bool":
            return value.lower() in {"true", "yes", "on"}
        case "int" | "float" as name:
            try:
                return int(value) if name == "int" else float(value)
            except ValueError:
                return value
    raise KnowledgeError(file, line, f"uses the tag {node.tag}, which knowledge files may not")


def _line(root: yaml.Node, path: str) -> int:
    """The line of the node that a msgspec error path such as ``$[3].remedies[0]`` points at."""
    node = root
    for key, index in _PATH_STEP.findall(path):
        if isinstance(node, yaml.SequenceNode) and index.isdigit() and int(index) < len(node.value):
            node = node.value[int(index)]
        elif isinstance(node, yaml.MappingNode) and key:
            node = next((value for name, value in node.value if name.value == key), node)
        else:
            break
    return int(node.start_mark.line) + 1
