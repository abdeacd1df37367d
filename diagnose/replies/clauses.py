"""Where one clause of a sentence ends and another begins: at marks of all languages, and at words of the knowledge."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise

from diagnose.process.first_use import lazy_pattern
from diagnose.replies.phrases import PhraseIndex

_MARK = lazy_pattern(r"[,;:，、；：()]|\s-\s")
BEGINS, ENDS = "clause_begins", "clause_ends"
"""Groups of phrases: words that a clause begins with (because, but), and words that end one where they stand last."""
IF_BEFORE, IF_BEHIND = "supposing_before", "supposing_behind"
"""Groups of phrases: words that suppose what follows them (if your account), and what stands before them."""


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


def is_supposed(
    sentence: str,
    spans: Collection[tuple[int, int]],
    terms: Mapping[int, tuple[int, int]],
    index: PhraseIndex,
) -> bool:
    """Whether a word for if governs what stands at *spans*: before it or behind, and in the same clause."""
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    before, behind = terms.get(index.group(IF_BEFORE)), terms.get(index.group(IF_BEHIND))
    if before is not None and before[0] <= first and not _MARK.search(sentence, before[1], first):
        return True
    return behind is not None and last <= behind[1] and not _MARK.search(sentence, last, behind[0])
