"""Names that a word is like: what a message asks, whether one of them was meant."""

from __future__ import annotations

from collections.abc import Iterable

from diagnose.process.first_use import one_at_a_time

LONGEST = 80
"""Characters of a word that are compared; names have fewer."""
ALIKE = 0.6
"""How much of a name a word has to share, unless it differs by one slip of a key."""


def close_names(word: str, names: Iterable[str], most: int = 3, alike: float = ALIKE) -> list[str]:
    """Up to *most* of *names* that *word* is like, the likest first, whatever its capitals and blanks around it.

    One slip of a key is enough: two neighbours in the wrong order leave little of a short name *alike*.
    """
    with one_at_a_time:
        import difflib

    wanted = word.strip().casefold()[:LONGEST]
    by_case = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(wanted, by_case, most, alike)
    slips = [name for name in by_case if name not in close and _one_slip(wanted, name)]
    likest = sorted(
        [*slips, *close], key=lambda name: difflib.SequenceMatcher(None, name, wanted).ratio(), reverse=True
    )
    return [by_case[name] for name in likest[:most]]


def _one_slip(word: str, name: str) -> bool:
    """Whether one key that is missing, too many, wrong or typed before its neighbour makes *word* out of *name*."""
    if word == name or min(len(word), len(name)) < 3 or abs(len(word) - len(name)) > 1:
        return False
    start = next((at for at, (one, other) in enumerate(zip(word, name, strict=False)) if one != other), len(word))
    rest, meant = word[start:], name[start:]
    swapped = rest[1::-1] == meant[:2] and rest[2:] == meant[2:]
    return swapped or rest[1:] == meant[1:] or rest[1:] == meant or rest == meant[1:]
