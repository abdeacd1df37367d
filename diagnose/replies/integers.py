"""Many whole numbers as they are kept in a file and in memory: four bytes each, where a list takes up to 36."""

from __future__ import annotations

import functools
import sys
from array import array
from collections.abc import Iterable, Sequence

import msgspec


class Numbers(msgspec.Struct, frozen=True, array_like=True, dict=True):
    """Numbers between -2³¹ and 2³¹."""

    packed: bytes
    """Each in four bytes, the lowest first, whatever computer compiled them."""

    @functools.cached_property
    def all(self) -> Sequence[int]:
        """The numbers, in their order; each is made when it is asked for."""
        if sys.byteorder == "little":
            return memoryview(self.packed).cast("i")
        swapped = array("i", self.packed)
        swapped.byteswap()
        return swapped


def packed(numbers: Iterable[int]) -> Numbers:
    """*numbers*, packed. Raises OverflowError for one that four bytes do not hold."""
    values = array("i", numbers)
    if sys.byteorder != "little":
        values.byteswap()
    return Numbers(values.tobytes())
