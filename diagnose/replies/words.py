"""Many words in order as they are kept in a file and in memory: block by block, of which a text meets few.

Each as an object of its own takes 80 bytes, most of them for no character.
"""

from __future__ import annotations

import functools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence

import msgspec

SEPARATOR = "\n"
"""Stands between the words of a block, and in none of them."""
BLOCK = 16
"""Words in each block but the last, which may have fewer."""
MOST_BLOCKS = 10_000
"""Of those that were met, the words are kept apart."""


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
        return self._block(row // BLOCK)[row % BLOCK]

    def __iter__(self) -> Iterator[str]:
        """All words; they are not kept apart for it."""
        for block in self.blocks:
            yield from block.split(SEPARATOR)

    def before(self, word: str) -> int:
        """The row before which all words come before *word*, and from which on none does."""
        block = max(0, bisect_left(self.firsts, word) - 1)
        return block * BLOCK + bisect_left(self._block(block), word) if self.blocks else 0

    def behind(self, word: str, first: int, last: int) -> int:
        """Of rows *first* to before *last*, the one before which none comes behind *word*, and from which on all do."""
        if first >= last:
            return first
        lowest, highest = first // BLOCK, (last - 1) // BLOCK
        block = lowest if lowest == highest else bisect_right(self.firsts, word, lowest + 1, highest + 1) - 1
        start = block * BLOCK
        words = self._block(block)
        return start + bisect_right(words, word, max(0, first - start), min(len(words), last - start))

    @functools.cached_property
    def _block(self) -> Callable[[int], list[str]]:
        """The words of a block, by its number."""
        return functools.lru_cache(MOST_BLOCKS)(lambda number: self.blocks[number].split(SEPARATOR))


def in_blocks(words: Sequence[str]) -> Words:
    """*words*, in order and without `SEPARATOR`, packed."""
    starts = range(0, len(words), BLOCK)
    return Words(
        firsts=[words[start] for start in starts],
        blocks=[SEPARATOR.join(words[start : start + BLOCK]) for start in starts],
        count=len(words),
    )
