"""Who runs the mailbox, by the name that people know."""

from __future__ import annotations

from typing import get_args

from diagnose.model.report import Report
from diagnose.providers import Language, provider, provider_ids

_LANGUAGES: tuple[Language, ...] = get_args(Language)


def mailbox_provider(report: Report) -> str | None:
    """The provider's name in the language of *report*; its id where another package or version knows it alone."""
    known = report.subject.provider
    if known not in provider_ids():
        return known
    language = next((one for one in _LANGUAGES if one == report.lang), _LANGUAGES[0])
    return provider(known).names.in_language(language)
