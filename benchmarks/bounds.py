"""The bounds of this project, and what each run of the measurements found: they are met where every run meets them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass
class Bound:
    """One bound, and its figure in each run that measured it."""

    what: str
    words: str
    """As a table has it: the limit with its unit."""
    figures: dict[int, str] = field(default_factory=dict)
    missed: set[int] = field(default_factory=set)


class Bounds:
    """All bounds in the order in which they were first measured."""

    def __init__(self) -> None:
        self.run = 1
        """Counted from one."""
        self._known: dict[str, Bound] = {}

    def held(self, what: str, figure: float, aim: float, unit: str = "", *, at_least: bool = False) -> str:
        """Note *figure*, and tell whether it keeps to *aim*, which is the most, or the least, that it may be."""
        met = figure >= aim if at_least else figure <= aim
        words = f"{'at least' if at_least else 'at most'} {aim:g} {unit}".rstrip()
        bound = self._known.setdefault(what, Bound(what, words))
        bound.figures[self.run] = written(figure, aim)
        bound.missed -= {self.run}
        if not met:
            bound.missed.add(self.run)
        return f"aim {aim:g}: {'met' if met else 'missed'}"

    def table(self) -> Iterator[str]:
        """All bounds, run by run, as a table in Markdown."""
        runs = range(1, self.run + 1)
        yield _row(["", "bound", *(f"run {run}" for run in runs), ""])
        yield _row(["---", "---", *("---:" for _ in runs), "---"])
        for bound in self._known.values():
            figures = [bound.figures.get(run, "not measured") + " *" * (run in bound.missed) for run in runs]
            met = not bound.missed and len(bound.figures) == self.run
            yield _row([bound.what, bound.words, *figures, "met" if met else "missed"])


def written(figure: float, aim: float) -> str:
    """*figure* as exactly as its *aim* asks for: whole numbers beside hundreds, thousandths beside fractions."""
    if isinstance(figure, int):
        return str(figure)
    return f"{figure:.{0 if aim >= 100 else 1 if aim >= 10 else 2 if aim >= 1 else 3}f}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
