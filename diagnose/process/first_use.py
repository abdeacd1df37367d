"""What is made on first use is made by one thread at a time.

Checks run side by side, and so may whole diagnoses. Two of them that make the same thing for the first time get in each
other's way: msgspec reads a type that another thread has only begun to take apart, and the interpreter dies; a package
whose parts two threads import at once comes out of it half made. One lock for all of it leaves no order to get wrong.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable
from typing import Any, AnyStr, Generic, ParamSpec, TypeVar, cast

import msgspec

P = ParamSpec("P")
R = TypeVar("R")

one_at_a_time = threading.RLock()
"""Held while a module is imported in a function, and while anything else is made on first use."""


class made_once(Generic[P, R]):  # noqa: N801 - a decorator
    """A function that remembers what it has made; its arguments are hashable. What it raises is not remembered."""

    def __init__(self, make: Callable[P, R]) -> None:
        self._made: dict[object, R] = {}
        self.cache_clear = self._made.clear
        """Forget all; as functools.cache has it."""
        self._make = make
        functools.update_wrapper(self, make)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """What was made of these arguments."""
        key: object = (made_once, args, frozenset(kwargs.items())) if kwargs else args
        if key in self._made:  # without the lock: others may be making something that takes long
            return self._made[key]
        with one_at_a_time:
            if key not in self._made:
                self._made[key] = self._make(*args, **kwargs)
            return self._made[key]

    def forget(self, *args: P.args, **_kwargs: P.kwargs) -> None:
        """Keep what was made of *args* no longer: should it be asked for again, it is made again."""
        self._made.pop(args, None)


Made = TypeVar("Made", bound=Callable[[], object])

NEEDED_FIRST: list[Callable[[], object]] = []
NEEDED_LATER: list[Callable[[], object]] = []
"""What every run needs, and none before servers have answered: made while it waits for them."""


def made_while_waiting(among: list[Callable[[], object]]) -> Callable[[Made], Made]:
    """A decorator of functions that remember what they have made: each is called, too, while a run waits."""

    def noted(make: Made) -> Made:
        among.append(make)
        return make

    return noted


def convert(value: object, kind: type[R], *, builtin_types: tuple[type[Any], ...] = ()) -> R:
    """*value*, made of plain values and *builtin_types*, as a *kind*. Raises msgspec.ValidationError."""
    with one_at_a_time:
        return msgspec.convert(value, kind, builtin_types=builtin_types)


def decode(data: bytes | str, kind: type[R]) -> R:
    """The JSON in *data* as a *kind*. Raises msgspec.DecodeError, msgspec.ValidationError."""
    with one_at_a_time:
        return msgspec.json.decode(data, type=kind)


def unpack(data: bytes | msgspec.Raw, kind: type[R]) -> R:
    """The MessagePack in *data* as a *kind*. Raises msgspec.DecodeError, msgspec.ValidationError."""
    with one_at_a_time:
        return msgspec.msgpack.decode(data, type=kind)


class _Pattern:
    """A regular expression that becomes one when it is first used."""

    def __init__(self, words: str | bytes, flags: int) -> None:
        self._words = words
        self._flags = flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a pattern has
        found = getattr(re.compile(self._words, self._flags), name)
        setattr(self, name, found)  # from now on it costs no more than the pattern's own
        return found


def lazy_pattern(words: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As re.compile, for a module's own patterns: a run uses about half of those that it loads.

    What is no regular expression is told when it is first used. Functions of `re` do not take it, its methods do.
    """
    return cast("re.Pattern[AnyStr]", _Pattern(words, flags))
