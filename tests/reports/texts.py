"""Reports with foreign words in every place where a run could put them."""

from __future__ import annotations

from typing import Any

import msgspec

from diagnose.model.report import Report

TEXTS = {"headline", "title", "summary", "text", "host", "skipped_because", "address", "username", "os", "resolver"}
LISTS = {"steps", "unchecked", "prevention"}


def with_every_text(report: Report, words: str) -> Report:
    """*report* with *words* for every free text, as a fact and as the name of a fact."""

    def put(value: Any, name: str = "") -> Any:
        if name in ("facts", "data"):
            return {words: words, "list": [words, {"deep": words}], "number": 1.5}
        if isinstance(value, dict):
            return {key: put(item, key) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [words if name in LISTS else put(item, "") for item in value]
        return words if name in TEXTS and isinstance(value, str) else value

    return msgspec.convert(put(msgspec.to_builtins(report)), Report)
