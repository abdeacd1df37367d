"""What leaves a run, without its secrets: the finished report, before it is rendered, and what observers hear."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from string import Formatter
from typing import Any, Final, Protocol

import msgspec

from diagnose.knowledge.catalogue import FAMILIES, ONE_AFTER_ANOTHER, catalogue
from diagnose.locale.language import translation
from diagnose.model import CheckResult, Skip, Text
from diagnose.model.internal import NO_DATA
from diagnose.model.protocols import BY_NAME
from diagnose.model.report import Report
from diagnose.model.text import reworded
from diagnose.redaction.mask import Mask
from diagnose.running.observer import Observer

CLOSED = {
    "shows",
    "status",
    "certainty",
    "impact",
    "fixer",
    "protocol",
    "tls",
    "source",
    "state",
    "lang",
    "family",
    "changed",
    "redacted",
}
"""Keys of reports whose values come from a closed list."""
IDS = {"id", "cause", "check", "checks", "explains"}
"""Keys of reports whose values are ids, which may end in the name of a host."""
MESSAGE, ARGUMENTS = Text.__struct_fields__
"""Keys of a sentence: its message id, and what stands in its placeholders, whose names are ours."""
TRANSLATED: Final = "zh-Hans"
"""A language that has words for every sentence of ours."""
STEPS = {"summary", "steps", "further"}
"""Keys below which the catalogue's sentences stand with their placeholders filled."""
SAYS_NOTHING = {int, float, bool, type(None)}
OF_CHECKS = {"facts", "data"}
"""Keys below which checks' facts lie, whatever the keys there are."""


def masked_report(
    report: Report,
    mask: Mask,
    checks: frozenset[str],
    translate: Callable[[str], str] = str,
    results: Iterable[CheckResult] = (),
) -> Report:
    """*report*, which *translate* put into words, with every string in it hidden by *mask*, keys included.

    What stays are words of ours: those out of closed lists, ids (*checks*: ids of checks), names of fields.
    Sentences of the catalogue and of *results* stay, too, but for what stands in their placeholders. Everybody knows
    them, and a hole in one would tell which word of it the secret is.
    """
    if not mask:
        return report
    fields = names_of_fields()
    names = (*checks, *(cause.id for cause in catalogue()), *FAMILIES, *BY_NAME)
    words = {part for name in names for part in name.split(".")}

    sentences = {title: title for title in _titles(report, translate)}
    known_words = functools.cache(functools.partial(_known_words, mask=mask))
    for one in _texts_of(results):
        masked = without_secrets(one, mask, known_words)
        sentences[one.render(translate)] = masked.render(translate)

    patterns = [_pattern(one) for one in _templates(report, translate)]
    known = functools.cache(lambda: frozenset(_sentences(translate)))  # hardly ever is one changed

    hide = functools.cache(mask.hide)  # most words of a report stand in it many times

    @functools.cache
    def of_ours(name: str) -> bool:
        return all(part in words or part.isdigit() for part in name.split("."))

    def told(value: str, key: str, *, seen: bool) -> str:
        filled = next(filter(None, (one.fullmatch(value) for one in patterns)), None) if key in STEPS else None
        if filled and not seen:
            return _filled_anew(filled, hide)
        return reworded(value, hide) if key == MESSAGE else hide(value)

    def hidden(value: Any, key: str = "", *, seen: bool = False) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, str):
            if not seen and (key in CLOSED or (key in IDS and of_ours(value))):
                return value
            if not seen and value in sentences:
                return sentences[value]
            shown = told(value, key, seen=seen)
            return value if shown != value and not seen and value in known() else shown
        if isinstance(value, dict):
            ours = fields if seen or key != ARGUMENTS else value.keys()
            return {
                name if name in ours else hide(name): (
                    item if type(item) in SAYS_NOTHING else hidden(item, name, seen=seen or name in OF_CHECKS)
                )
                for name, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [hidden(item, key, seen=seen) for item in value]
        return value

    def within(part: Any, key: str = "") -> Any:  # noqa: ANN401 - any part of a report
        if isinstance(part, msgspec.Struct):
            return type(part)(**{name: within(getattr(part, name), name) for name in part.__struct_fields__})
        if isinstance(part, tuple):
            return tuple([within(item, key) for item in part])
        if isinstance(part, dict):
            part = msgspec.to_builtins(part, builtin_types=(bytes,), str_keys=True)
        return hidden(part, key, seen=key in OF_CHECKS)

    anew: Report = within(report)
    return msgspec.structs.replace(anew, tool=report.tool, path=report.path)  # stations are a closed list, too


def names_of_fields() -> frozenset[str]:
    """The names of all fields of reports, records and facts: keys that are ours."""
    names = set[str]()
    kinds = [msgspec.Struct]
    while kinds:
        below = [kind for kind in kinds.pop().__subclasses__() if kind not in NO_DATA]
        names.update(*(kind.__struct_fields__ for kind in below))
        kinds += below
    return frozenset(names)


class Hides(Protocol):
    """Whatever hides something in words."""

    def hide(self, words: str) -> str:
        """*words* without it."""
        ...


class DiscreetObserver:
    """Passes on to another observer what a run tells, without secrets, and without the facts."""

    def __init__(self, observer: Observer, mask: Hides) -> None:
        self._observer = observer
        self._mask = mask

    def planned(self, identity: str, title: Text) -> None:
        """A check will run."""
        self._observer.planned(identity, self._hidden(title))

    def started(self, identity: str) -> None:
        """Its probe has begun."""
        self._observer.started(identity)

    def finished(self, result: CheckResult) -> None:
        """It is over, one way or the other."""
        findings = tuple(msgspec.structs.replace(one, text=self._hidden(one.text), data={}) for one in result.findings)
        because, left_open = result.skipped_because, result.left_open
        self._observer.finished(
            msgspec.structs.replace(
                result,
                title=self._hidden(result.title),
                skipped_because=self._without_secrets(because) if because else None,
                left_open=self._hidden(left_open) if left_open else None,
                findings=findings,
                facts=None,
                shown={},
            )
        )

    def _without_secrets(self, because: Skip) -> Skip:
        return Skip(
            reason=self._hidden(because.reason) if because.reason else None,
            need=self._mask.hide(because.need) if because.need else None,
        )

    def _hidden(self, sentence: Text) -> Text:
        return without_secrets(sentence, self._mask, functools.partial(_known_words, mask=self._mask))


def without_secrets(sentence: Text, mask: Hides, words: Callable[[str], str] = str) -> Text:
    """*sentence* with what stands in its placeholders hidden by *mask*; *words* says what becomes of its own words."""

    def told(value: Any) -> Any:  # noqa: ANN401 - what a sentence takes
        match value:
            case str():
                return mask.hide(value)
            case Text():
                return without_secrets(value, mask, words)
            case tuple():
                return tuple(told(one) for one in value)
            case _:
                return value

    return Text(words(sentence.msgid), {name: told(value) for name, value in sentence.args.items()})


def _texts_of(results: Iterable[CheckResult]) -> Iterator[Text]:
    """The sentences that *results* tell."""
    for one in results:
        reason = one.skipped_because.reason if one.skipped_because else None
        said = (one.title, reason, one.left_open, *(finding.text for finding in one.findings))
        yield from filter(None, said)


def _sentences(translate: Callable[[str], str]) -> Iterator[str]:
    """All that the catalogue says without any placeholder."""
    return (translate(one) for cause in catalogue() for one in cause.msgids() if _is_sentence(one))


def _titles(report: Report, translate: Callable[[str], str]) -> Iterator[str]:
    """Those of them that stand in every report: what the causes are called that it names, or rules out."""
    told = [*(one.id for one in report.verdict.causes), *(one.id for one in report.verdict.ruled_out)]
    titles = (catalogue()[one].title for one in told if one in catalogue())
    return (translate(title) for title in titles if _is_sentence(title))


def _is_sentence(msgid: str) -> bool:
    return " " in msgid and "{" not in msgid


def _templates(report: Report, translate: Callable[[str], str]) -> Iterator[str]:
    """What the catalogue says about the causes of *report*, with its placeholders."""
    for one in report.verdict.causes:
        if one.id not in catalogue():
            continue
        cause = catalogue()[one.id]
        yield from (translate(msgid) for msgid in cause.msgids() if "{" in msgid)
        if cause.hint:
            after = translate(ONE_AFTER_ANOTHER)
            yield after.format(sentence=translate(cause.summary), next=translate(cause.hint.text))


def _pattern(template: str) -> re.Pattern[str]:
    """Matches *template* with its placeholders filled: own words in odd groups, what fills them in even ones."""
    filled = ((re.escape(own), "(.*?)" if name is not None else "()") for own, name, *_ in Formatter().parse(template))
    return re.compile("".join(f"({own}){given}" for own, given in filled))


def _filled_anew(filled: re.Match[str], hide: Callable[[str], str]) -> str:
    return "".join(hide(part) if place % 2 else part for place, part in enumerate(filled.groups()))


def _known_words(msgid: str, mask: Hides) -> str:
    """*msgid* as it is where a catalogue knows it, else hidden: a check of another package could have put others in."""
    hidden = reworded(msgid, mask.hide)
    # to load a catalogue takes longer than all else here, and hardly ever is there anything to hide
    return msgid if hidden == msgid or translation(TRANSLATED)(msgid) != msgid else hidden
