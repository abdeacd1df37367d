"""Where one clause of a sentence ends and another begins: at marks of all languages, and at words of the knowledge."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise

from diagnose.process.first_use import lazy_pattern
from diagnose.replies.phrases import PhraseIndex

_MARK = lazy_pattern(r"[,;:，、；：()]|\s-\s")
BEGINS, ENDS = "clause_begins", "clause_ends"
"""Groups of phrases: words that a clause begins with (because, but), and words that end one where they stand last."""


def in_one_clause(
    sentence: str,
    spans: Collection[tuple[int, int]],
    terms: Mapping[int, tuple[int, int]],
    index: PhraseIndex,
) -> bool:
    """Whether all *spans* of the folded *sentence* stand in one clause; *terms* are what *index* found in it."""
    ordered = sorted(spans)
    borders = [terms[term][0] for name in (BEGINS, ENDS) if (term := index.group(name)) in terms]
    return not any(
        end < start and (_MARK.search(sentence, end, start) or any(end <= border < start for border in borders))
        for (_, end), (start, _) in pairwise(ordered)
    )
