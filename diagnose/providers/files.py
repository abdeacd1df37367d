"""One file a provider: find it, read it, name it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from diagnose.model.text import TextError, text
from diagnose.process.first_use import made_once, one_at_a_time
from diagnose.providers.schema import Provider

FOLDER = Path(__file__).parents[1] / "knowledge" / "providers"


class UnknownProviderError(TextError, LookupError):
    """No file for this id; the message suggests ids that look like it."""

    def __init__(self, provider_id: str, known: Collection[str] = ()) -> None:
        """*known*: the names that would have been taken; by default the ids of all providers."""
        with one_at_a_time:
            import difflib

        close = difflib.get_close_matches(provider_id, sorted(known) or provider_ids(), n=3)
        self.provider_id = provider_id
        self.close = tuple(close)
        sentence = text("no provider is called “{name}”", name=provider_id)
        hint = text("no provider is called “{name}”; did you mean {close}?", name=provider_id, close=self.close)
        super().__init__(hint if close else sentence)


@made_once
def provider_ids() -> tuple[str, ...]:
    """The ids of all providers, sorted."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))


@made_once
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
