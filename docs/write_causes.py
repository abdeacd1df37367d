"""Writes a page about every cause of the catalogue, and a list of them: ``python -m docs.write_causes``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from diagnose.knowledge.catalogue import Cause, catalogue, remedies_for
from diagnose.rendering.labels import FAMILIES, FIXERS, IMPACTS

HERE = Path(__file__).with_name("causes")
REMEDIES = {
    "user": "What you can do",
    "helpdesk": "What the help desk can do",
    "admin": "What the administrator can do",
    "provider": "What the mail provider can do",
}


def page(cause: Cause) -> str:
    """All that is known about *cause*, in Markdown."""
    return "\n".join(_lines(cause)) + "\n"


def _lines(cause: Cause) -> Iterator[str]:
    known = catalogue()
    yield f"# {cause.title}"
    yield f"\n`{cause.id}` · {IMPACTS[cause.impact]} · can be ended by: {FIXERS[cause.fixer]}"
    yield f"\n{_plain(cause.summary)}"
    yield f"\n## What proves it\n\n{_plain(cause.proof)}"
    if cause.rules_out:
        yield f"\n## What rules it out\n\n{_plain(cause.rules_out)}"
    for remedy in remedies_for(cause, {}, str):
        yield f"\n## {REMEDIES[remedy.fixer]}\n"
        yield from (f"{number}. {_plain(step)}" for number, step in enumerate(remedy.steps, start=1))
        if remedy.links:
            yield ""
            yield from (f"- [{link.text}]({link.url})" for link in remedy.links)
    yield from _related("What may only follow from it", cause.explains)
    yield from _related("What it may only follow from", [one.id for one in known if cause.id in one.explains])
    yield f"\n[All causes](README.md) · `diagnose explain {cause.id}` tells it for your mail provider."


def _related(heading: str, ids: tuple[str, ...] | list[str]) -> Iterator[str]:
    if ids:
        yield f"\n## {heading}\n"
        yield from (f"- [{catalogue()[one].title}]({one}.md)" for one in ids)


def contents() -> str:
    """The list of all pages, by family, in Markdown."""
    lines = ["# The causes of failed logins"]
    for family in catalogue().families:
        lines.append(f"\n## {FAMILIES[family]}\n")
        lines += [f"- [{cause.title}]({cause.id}.md) `{cause.id}`" for cause in catalogue() if cause.family == family]
    return "\n".join(lines) + "\n"


def _plain(words: str) -> str:
    """*words* without what Markdown would take for markup, outside code."""
    parts = words.split("`")
    kept = [part if place % 2 else part.replace("<", "\\<").replace("*", "\\*") for place, part in enumerate(parts)]
    return "`".join(kept)


def pages() -> dict[str, str]:
    """What every file in the folder has to hold, by its name."""
    return {"README.md": contents(), **{f"{cause.id}.md": page(cause) for cause in catalogue()}}


def main() -> None:
    """Write the files, and remove those of causes that are gone."""
    HERE.mkdir(exist_ok=True)
    wanted = pages()
    for name, words in wanted.items():
        (HERE / name).write_text(words, encoding="utf-8", newline="\n")
    for file in HERE.glob("*.md"):
        if file.name not in wanted:
            file.unlink()


if __name__ == "__main__":
    main()
