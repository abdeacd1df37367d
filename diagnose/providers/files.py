"""One file a provider: find it, read it, name it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from diagnose.providers.schema import Provider

FOLDER = Path(__file__).parents[1] / "knowledge" / "providers"


class UnknownProviderError(LookupError):
    """No file for this id; the message suggests ids that look like it."""

    def __init__(self, provider_id: str) -> None:
        import difflib

        close = difflib.get_close_matches(provider_id, provider_ids(), n=3)
        super().__init__(f"no provider {provider_id!r}" + (f"; did you mean {', '.join(close)}?" if close else ""))
        self.provider_id = provider_id
        self.close = tuple(close)


@cache
def provider_ids() -> tuple[str, ...]:
    """The ids of all providers, sorted."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))


@cache
def provider(provider_id: str) -> Provider:
    """The provider with this id; reads its file alone.

    Raises UnknownProviderError, or KnowledgeError when the file does not fit the schema.
    """
    from diagnose.knowledge.loader import load  # brings YAML, which recognition alone does without

    if provider_id not in provider_ids():  # also keeps an id from naming a path elsewhere
        raise UnknownProviderError(provider_id)
    return load(FOLDER / f"{provider_id}.yaml", Provider)


def all_providers() -> Iterator[Provider]:
    """Every provider, in the order of the ids."""
    return map(provider, provider_ids())
