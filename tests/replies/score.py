"""How well the reader does on labelled texts: ``python -m tests.replies.score [FILE …]``."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click

from diagnose.model import Certainty
from diagnose.replies import load_knowledge, read_message
from tests.replies.corpus import BLIND, SEEN, Judged, Told, judge, labelled

CERTAINTIES: tuple[Certainty, ...] = ("confirmed", "likely", "possible")
SILENT = "nothing"
FEWEST_SAID = 10
"""A row of a reliability table with fewer texts says nothing."""


def shares(judged: list[Judged]) -> str:
    """One line: how many, and the shares of right, unsure (neither) and firmly wrong ones."""
    total = max(len(judged), 1)
    right = sum(one.right for one in judged)
    wrong = sum(one.confidently_wrong for one in judged)
    unsure = len(judged) - right - wrong
    rest = f"{unsure / total:6.1%} unsure, {wrong / total:6.1%} firmly wrong"
    return f"{len(judged):5} texts, {right / total:6.1%} right, {rest}"


def reliability(judged: Iterable[Judged], by: Callable[[Judged], str]) -> Iterator[str]:
    """The lines of a table: for each value of *by* and each certainty, how often it was said, and right."""
    said: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for one in judged:
        row = (by(one), one.certainty or SILENT)
        said[row] += 1
        right[row] += one.right
    for value in sorted({value for value, _ in said}):
        cells = [
            f"{certainty} {right[value, certainty] / number:4.0%} of {number}"
            for certainty in (*CERTAINTIES, SILENT)
            if (number := said[value, certainty]) >= FEWEST_SAID
        ]
        if cells:
            yield f"  {value:24}{'; '.join(cells)}"


def _family(one: Judged) -> str:
    return one.first.partition(".")[0]


TABLES: dict[str, Callable[[Judged], str]] = {
    "certainty": lambda one: "all",
    "what was said": _family,
    "form": lambda one: str(one.labelled.protocol or "words"),
    "language": lambda one: one.labelled.language,
}


def _tell(title: str, files: Iterable[Path]) -> None:
    together: list[Judged] = []
    click.echo(f"{title}:")
    told: tuple[Told, ...] = ("all", "nothing")
    for file in files:
        for much in told:
            judged = judge(labelled(file), told=much, as_message=True)
            click.echo(f"  {file.name:24}told {much:8}{shares(judged)}")
            together += judged if much == "all" else []
    if together:
        click.echo(f"  {'all':24}told all     {shares(together)}")
        for name, by in TABLES.items():
            click.echo(f"{title}, was right by {name}:")
            for line in reliability(together, by):
                click.echo(line)


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(files: tuple[Path, ...]) -> None:
    """Tell shares and reliability of FILES and what was missed in them; of all corpora where none is given."""
    if files:
        _tell("texts", files)
        for file in files:
            for one in judge(labelled(file), as_message=True):
                if not one.right:
                    click.echo(str(one))
        return
    started = time.perf_counter()
    load_knowledge()
    loaded = time.perf_counter() - started
    _tell("seen when rules were written", SEEN)
    _tell("read once, blind", BLIND)
    replies = labelled()
    started = time.perf_counter()
    for reply in replies:
        read_message(reply.reply, protocol=reply.protocol, stage=reply.stage)
    speed = len(replies) / (time.perf_counter() - started)
    click.echo(f"loading {loaded * 1000:.0f} ms, reading {speed:.0f} replies/s")


if __name__ == "__main__":
    main()
