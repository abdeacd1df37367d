"""What the extraction finds in Python: every literal that some call translates, whatever the call is named."""

from __future__ import annotations

import functools
import io
from pathlib import Path

import pytest

from diagnose.locale.extract import python
from diagnose.providers import Language
from tests.language.catalogues import ROOT, TRANSLATED, known_ids


def found(source: str) -> list[str]:
    calls = python(io.BytesIO(source.encode()), ("_", "text"), (), {})
    return [one for _, _, words, _ in calls for one in ([words] if isinstance(words, str) else words)]


@functools.cache
def found_in(file: Path) -> list[str]:
    return found(file.read_text("utf-8"))


@pytest.mark.parametrize(
    "call",
    ["_({})", "text({}, name=1)", "translate({})", "style.translate({})", "self.style.translate({}).format(a=1)",
     "translation(lang)({})", "language.translation(given['lang'])({})"],
)  # fmt: skip
def test_a_literal_is_found_whoever_translates_it(call: str) -> None:
    assert found(call.format("'Wait.'")) == ["Wait."]
    assert found(call.format("sentence")) == []


@pytest.mark.parametrize(
    "source", ["tell('Wait.')", "words.translate(TABLE)", "translation('zh-Hans')", "translated('x')"]
)
def test_what_translates_nothing_is_no_message(source: str) -> None:
    assert found(source) == []


@pytest.mark.parametrize("call", ["_({})", "text({})", "translate({})", "translation(lang)({})"])
@pytest.mark.parametrize("words", ["f'{a} b'", "'a' + b", "'a' if b else 'c'", "a if b else 'c'"])
def test_what_no_catalogue_can_hold_is_refused(call: str, words: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        found(call.format(words))


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_literal_that_is_translated_lacks_a_translation(language: Language) -> None:
    known = known_ids(language)
    for folder in ("diagnose", "checks", "reports", "docs"):
        for file in (ROOT / folder).rglob("*.py"):
            assert set(found_in(file)) <= known, file
