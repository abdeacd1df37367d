"""The causes that other packages bring: what tests hold for ours is looked at when theirs are read."""

from __future__ import annotations

import string
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from diagnose.knowledge import KnowledgeError
from diagnose.knowledge.catalogue import FAMILIES, PLACEHOLDERS, RUN_FACTS, Cause, Step
from diagnose.knowledge.loader import line_of_entry, load
from diagnose.knowledge.packages import CAUSES, Package
from diagnose.process.first_use import lazy_pattern

ID = lazy_pattern(r"[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*")
"""``family.cause``."""


def causes_of(brought: Iterable[Package], own: Iterable[Cause]) -> list[Cause]:
    """The causes of *brought*, none of which has the id of one of *own* or of another.

    Raises KnowledgeError with file and line for what cannot be used.
    """
    owners = {cause.id: f"a built-in one, of {CAUSES}/{cause.family}.yaml" for cause in own}
    found: list[tuple[Path, int, Cause]] = []
    for package in brought:
        for file in package.files(CAUSES):
            for number, cause in enumerate(load(file, list[Cause])):
                line = line_of_entry(file, number)
                if cause.id in owners:
                    problem = f"the cause {cause.id!r} of {package.name!r} has the id of {owners[cause.id]}"
                    raise KnowledgeError(file, line, problem)
                owners[cause.id] = f"one of {package.name!r}, of {CAUSES}/{file.name}"
                found.append((file, line, cause))
    for file, line, cause in found:
        for problem in _problems(cause, owners.keys()):
            raise KnowledgeError(file, line, f"the cause {cause.id!r} {problem}")
    return [cause for _file, _line, cause in found]


def _problems(cause: Cause, known: Collection[str]) -> Iterator[str]:
    if not ID.fullmatch(cause.id):
        yield "has an id that is not family.cause, in small letters"
    if cause.family in FAMILIES:
        yield f"is of the built-in family {cause.family!r}; take a name of your own"
    if cause.station is None:
        yield "has no station"
    for other in cause.explains:
        if other not in known:
            yield f"explains {other!r}, and there is no such cause"
    for step in (step for remedy in cause.remedies for step in (*remedy.steps, *remedy.further)):
        if isinstance(step, Step) and (unknown := set(step.looks_for) - set(known)):
            yield f"looks for {', '.join(sorted(unknown))}, and there is no such cause"
    precautions = (one if isinstance(one, str) else one.text for one in cause.prevention)
    for words in filter(None, (cause.title, cause.summary, cause.proof, cause.rules_out, *precautions)):
        if _fields(words) != set():
            yield f"has a placeholder in {words!r}, where nothing is filled in"
    for template, needs in _templates(cause):
        if unknown := set(needs) - PLACEHOLDERS.keys():
            yield f"needs {', '.join(sorted(unknown))}, and there is no such fact"
        fields = _fields(template)
        if fields is None or not fields <= RUN_FACTS.keys() | set(needs):
            yield f"has a placeholder in {template!r} that is not known, or not among what it needs"


def _templates(cause: Cause) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each template of the remedies, with the facts that it may rely on beside those of the run."""
    for remedy in cause.remedies:
        for step in (*remedy.steps, *remedy.further):
            if isinstance(step, Step):
                yield step.text, step.needs
                yield step.otherwise or "", ()
            else:
                yield step, ()
        for link in remedy.links:
            yield link.text, link.needs
            yield link.url, link.needs


def _fields(template: str) -> set[str] | None:
    """The placeholders of *template*; None where it cannot be filled in."""
    try:
        found = [(name, spec, how) for _, name, spec, how in string.Formatter().parse(template) if name is not None]
    except ValueError:
        return None
    return None if any(spec or how for _, spec, how in found) else {name for name, _, _ in found}
