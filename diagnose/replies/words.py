"""Many words in order as they are kept in a file and in memory: block by block, of which a text meets few.

Each as an object of its own takes 80 bytes, most of them for no character.
"""

from __future__ import annotations

import functools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import msgspec

SEPARATOR = "\n"
"""Stands between the words of a block, and in none of them."""
BLOCK = 16
"""Words in each block but the last, which may have fewer."""


class Words(msgspec.Struct, frozen=True, array_like=True, dict=True):
    """Words in the order of their characters, by the row they stand in."""

    firsts: list[str]
    """The first word of each block."""
    blocks: list[str]
    count: int

    def __len__(self) -> int:
        """How many there are."""
        return self.count

    def __getitem__(self, row: int) -> str:
        """The word in *row*. Raises IndexError behind the last one."""
        return (self._apart[row // BLOCK] or self._taken_apart(row // BLOCK))[row % BLOCK]

    def __iter__(self) -> Iterator[str]:
        """All words; they are not kept apart for it."""
        for block in self.blocks:
            yield from block.split(SEPARATOR)

    def before(self, word: str) -> int:
        """The row before which all words come before *word*, and from which on none does."""
        if not self.blocks:
            return 0
        block = bisect_left(self.firsts, word, 1) - 1
        return block * BLOCK + bisect_left(self._apart[block] or self._taken_apart(block), word)

    def behind(self, word: str) -> int:
        """The row before which no word comes behind *word*, and from which on all do."""
        if not self.blocks:
            return 0
        block = bisect_right(self.firsts, word, 1) - 1
        return block * BLOCK + bisect_right(self._apart[block] or self._taken_apart(block), word)

    @functools.cached_property
    def _apart(self) -> list[list[str] | None]:
        """The words of each block that was met; None for the others."""
        return [None] * len(self.blocks)

    def _taken_apart(self, block: int) -> list[str]:
        words = self._apart[block] = self.blocks[block].split(SEPARATOR)
        return words


def in_blocks(words: Sequence[str]) -> Words:
    """*words*, in order and without `SEPARATOR`, packed."""
    starts = range(0, len(words), BLOCK)
    return Words(
        firsts=[words[start] for start in starts],
        blocks=[SEPARATOR.join(words[start : start + BLOCK]) for start in starts],
        count=len(words),
    )
