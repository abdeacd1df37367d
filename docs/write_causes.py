"""Writes a page about every cause, and a list of them, in all languages: ``python -m docs.write_causes``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from diagnose.knowledge.catalogue import Cause, catalogue, prevention_for, remedies_for
from diagnose.locale.language import LANGUAGES, Language, translation
from diagnose.model import text
from diagnose.rendering.labels import FAMILIES, FIXERS, IMPACTS

HERE = Path(__file__).with_name("causes")
"""The pages in English; those in another language lie in a folder that is called as its BCP 47 tag."""
REMEDIES = {
    "user": text("What you can do").msgid,
    "helpdesk": text("What the help desk can do").msgid,
    "admin": text("What the administrator can do").msgid,
    "provider": text("What the mail provider can do").msgid,
}
NAMES: dict[Language, str] = {"en": "English", "zh-Hans": "简体中文", "zh-Hant": "繁體中文"}
"""Each in itself."""


def page(cause: Cause, lang: Language = "en") -> str:
    """All that is known about *cause*, in Markdown, in the language *lang*."""
    return "\n".join(_lines(cause, lang)) + "\n"


def _lines(cause: Cause, lang: Language) -> Iterator[str]:
    _ = translation(lang)
    known = catalogue()
    yield f"# {_(cause.title)}"
    yield f"\n{_languages(f'{cause.id}.md', lang)}"
    ended = _("can be ended by: {fixer}").format(fixer=_(FIXERS[cause.fixer]))
    yield f"\n`{cause.id}` · {_(IMPACTS[cause.impact])} · {ended}"
    yield f"\n{_plain(_(cause.summary))}"
    yield f"\n## {_('What proves it')}\n\n{_plain(_(cause.proof))}"
    if cause.rules_out:
        yield f"\n## {_('What rules it out')}\n\n{_plain(_(cause.rules_out))}"
    for remedy in remedies_for(cause, {}, _):
        yield f"\n## {_(REMEDIES[remedy.fixer])}\n"
        yield from (f"{number}. {_plain(step)}" for number, step in enumerate(remedy.steps, start=1))
        if remedy.further:
            yield f"\n{_('If that did not help')}\n"
            first = len(remedy.steps) + 1
            yield from (f"{number}. {_plain(step)}" for number, step in enumerate(remedy.further, start=first))
        if remedy.links:
            yield ""
            yield from (f"- [{link.text}]({link.url})" for link in remedy.links)
    if cause.prevention:
        yield f"\n## {_('So that it does not happen again')}\n"
        yield from (f"- {_plain(sentence)}" for sentence in prevention_for(cause, _))
    yield from _related(_("What may only follow from it"), cause.explains, _)
    yield from _related(_("What it may only follow from"), [one.id for one in known if cause.id in one.explains], _)
    told = _("{command} tells it for your mail provider.").format(command=f"`diagnose explain {cause.id}`")
    yield f"\n[{_('All causes')}](README.md) · {told}"


def _related(heading: str, ids: tuple[str, ...] | list[str], translate: Callable[[str], str]) -> Iterator[str]:
    if ids:
        yield f"\n## {heading}\n"
        yield from (f"- [{translate(catalogue()[one].title)}]({one}.md)" for one in ids)


def contents(lang: Language = "en") -> str:
    """The list of all pages, by family, in Markdown, in the language *lang*."""
    _ = translation(lang)
    lines = [f"# {_('The causes of failed logins')}", f"\n{_languages('README.md', lang)}"]
    for family in catalogue().families:
        lines.append(f"\n## {_(FAMILIES[family])}\n")
        lines += [
            f"- [{_(cause.title)}]({cause.id}.md) `{cause.id}`" for cause in catalogue() if cause.family == family
        ]
    return "\n".join(lines) + "\n"


def _languages(name: str, lang: Language) -> str:
    """Links to the page called *name* in the languages other than *lang*."""
    up = "" if lang == "en" else "../"
    return " · ".join(f"[{NAMES[other]}]({up}{_folder(other)}{name})" for other in LANGUAGES if other != lang)


def _folder(lang: Language) -> str:
    return "" if lang == "en" else f"{lang}/"


def _plain(words: str) -> str:
    """*words* without what Markdown would take for markup, outside code."""
    parts = words.split("`")
    kept = [part if place % 2 else part.replace("<", "\\<").replace("*", "\\*") for place, part in enumerate(parts)]
    return "`".join(kept)


def pages() -> dict[str, str]:
    """What every file below the folder has to hold, by its path there."""
    found = {}
    for lang in LANGUAGES:
        found[f"{_folder(lang)}README.md"] = contents(lang)
        found |= {f"{_folder(lang)}{cause.id}.md": page(cause, lang) for cause in catalogue()}
    return found


def main() -> None:
    """Write the files, and remove those of causes that are gone."""
    wanted = pages()
    for name, words in wanted.items():
        (HERE / name).parent.mkdir(parents=True, exist_ok=True)
        (HERE / name).write_text(words, encoding="utf-8", newline="\n")
    for file in HERE.rglob("*.md"):
        if file.relative_to(HERE).as_posix() not in wanted:
            file.unlink()


if __name__ == "__main__":
    main()
