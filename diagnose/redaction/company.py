"""A report without the company: its record, from which it is judged anew, or else its words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from diagnose.knowledge.catalogue import catalogue
from diagnose.model.protocols import BY_NAME
from diagnose.model.report import Report
from diagnose.process.first_use import convert, lazy_pattern, made_once
from diagnose.record.run import Run
from diagnose.redaction.discretion import MESSAGE, Hides
from diagnose.redaction.placeholders import Placeholders, addresses_in
from diagnose.redaction.redact import strings_in, walked
from diagnose.redaction.strict import Outside
from diagnose.redaction.vocabulary import vocabulary
from diagnose.running.chosen import every_check

PROSE = {
    *("title", "summary", "headline", "text", "unchecked", "because", "skipped_because", "better", "proof", "steps"),
    *("prevention", "shows"),
    MESSAGE,
}
"""Keys below which sentences of ours stand, with the words of others in them, in the language of the report."""
IDS = {"id", "check", "checks", "need"}
"""Keys of ids of checks, which may end in the name of a host."""
FILES = {"ca_file", "file"}
"""Keys of paths of files of the person's."""
_SERVICE = lazy_pattern(rf"(?:{'|'.join(BY_NAME)})\.\d{{1,5}}(?:\.|$)")


class WithoutCompany:
    """Hides the company in one report: a value has the same word in its record and in its sentences."""

    def __init__(self, report: Report) -> None:
        self._plain = msgspec.to_builtins(report, builtin_types=(bytes,))
        taken = {found[0] for _, said in strings_in(self._plain) for found in addresses_in(said)}
        hosts = [report.subject.domain, *(service.host for service in report.services)]
        self._outside = Outside(vocabulary(), Placeholders(taken), hosts, words_of_types())
        self._english = report.lang == "en"
        self._checks = sorted((check.id for check in every_check()), key=len, reverse=True)
        if report.subject.domain:
            self._outside.host(report.subject.domain)  # the first of all

    def record(self) -> dict[str, Any] | None:
        """The record in the report, redacted, if it holds one."""
        if self._plain["record"] is None:
            return None
        record: dict[str, Any] = walked(self._plain["record"], self._in_record, self._in_record, self._id)
        return record

    def report(self) -> Report:
        """The report itself, its sentences redacted as they stand; it holds no record."""
        plain = {**self._plain, "record": None, "contact": None, "redacted": "company"}
        walked(plain["checks"], self._in_report, self._in_advice, self._id)  # what facts hold is known in sentences
        return convert(walked(plain, self._in_report, self._in_advice, self._id), Report)

    def beside(self) -> Report:
        """The report with that redacted alone which stands beside its judgement: what it was held against."""
        kept = {name: self._plain[name] for name in ("replay", "baseline")}
        return convert({**self._plain, **walked(kept, self._in_report, self._in_advice, self._id)}, Report)

    def sentence(self, words: str) -> str:
        """A sentence of ours, without what was hidden so far."""
        return self._outside.in_prose(words)

    def _in_record(self, words: str, key: str) -> str:
        if key in FILES:
            return self._outside.file(words)
        return words if key == MESSAGE else self._id(words, key) if key in IDS else self._outside.hide(words, key)

    def _in_report(self, words: str, key: str) -> str:
        if key in IDS:
            return self._id(words, key)
        if key in FILES:
            return self._outside.file(words)
        if key in PROSE and not self._english:
            return self._outside.in_prose(words)
        return self._outside.hide(words, key)

    def _in_advice(self, words: str, key: str) -> str:
        return words if key == "fixer" else self._outside.known_in(words)

    def _id(self, words: str, key: str) -> str:
        """*words* out of a closed list, or the id of a check with the place that it ran on."""
        if key not in IDS:
            return words
        check = next((one for one in self._checks if words == one or words.startswith(f"{one}.")), None)
        if check is None or check == words:
            return words if check else self._outside.hide(words)
        place = words[len(check) + 1 :]
        service = _SERVICE.match(place)
        kept = service[0] if service else ""
        rest = place[len(kept) :]
        return f"{check}.{kept}" + (self._outside.hide(rest) if rest else "")


class HiddenWhileItRuns:
    """Hides the company of *domain* in what observers of a run are told, beside what *mask* hides."""

    def __init__(self, mask: Hides, domain: str) -> None:
        self._mask = mask
        self._outside = Outside(vocabulary(), Placeholders(), [domain], words_of_types())
        if domain:
            self._outside.host(domain)  # the first of all, as in the report

    def hide(self, words: str) -> str:
        """*words* without secrets and without the company."""
        return self._outside.hide(self._mask.hide(words))


@made_once
def words_of_types() -> frozenset[str]:
    """Every word that a field of a record or of facts can only be one of."""
    seen: set[Any] = set()

    def literals(kind: Any) -> Iterator[str]:  # noqa: ANN401 - whatever a field's type may be
        if get_origin(kind) is Literal:
            yield from (word for word in get_args(kind) if isinstance(word, str))
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            if kind not in seen:
                seen.add(kind)
                for hint in get_type_hints(kind).values():
                    yield from literals(hint)
        else:
            for part in get_args(kind):
                yield from literals(part)

    kinds = (Run, *(check.facts for check in every_check()))
    return frozenset([*(word for kind in kinds for word in literals(kind)), *(cause.id for cause in catalogue())])
