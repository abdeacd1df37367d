"""One file a provider: find it, read it, name it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from diagnose.knowledge import KnowledgeError
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.knowledge.packages import PROVIDERS, Package, files_by_id, packages
from diagnose.model.text import TextError, text
from diagnose.process.first_use import made_once, one_at_a_time
from diagnose.providers.schema import Provider

FOLDER = KNOWLEDGE / "providers"


MUCH_LESS = 0.1
"""Of 1: how much less alike than the best one a name must be to be no suggestion beside it."""


class UnknownProviderError(TextError, LookupError):
    """No file for this id; the message suggests ids that look like it."""

    def __init__(
        self,
        provider_id: str,
        known: Collection[str] = (),
        *,
        meant: Mapping[str, str] | None = None,
        close: Collection[str] = (),
    ) -> None:
        """*known*: the names that would have been taken; by default the ids of all providers.

        *meant*: the ids behind them; of several names of one provider the closest is suggested. *close*: what is
        suggested, where that is known.
        """
        with one_at_a_time:
            import difflib

        wanted = provider_id.casefold()
        alike = close or difflib.get_close_matches(wanted, sorted(known) or provider_ids(), n=3)
        likeness = [difflib.SequenceMatcher(None, one, wanted).ratio() for one in alike]
        alike = [one for one, ratio in zip(alike, likeness, strict=True) if close or ratio > likeness[0] - MUCH_LESS]
        self.provider_id = provider_id
        by_meaning = {(meant or {}).get(name, name): name for name in reversed([*alike])}
        self.close = tuple(reversed(by_meaning.values()))
        sentence = text("no provider is called “{name}”", name=provider_id)
        hint = text("no provider is called “{name}”; did you mean {close}?", name=provider_id, close=self.close)
        super().__init__(hint if self.close else sentence)


def provider_ids() -> tuple[str, ...]:
    """The ids of all providers, sorted."""
    return tuple(provider_files(packages().taken))


@made_once
def provider_files(brought: tuple[Package, ...] = ()) -> Mapping[str, Path]:
    """Id -> file, sorted: our own providers, and those that *brought* adds. Raises KnowledgeError."""
    return MappingProxyType(files_by_id(PROVIDERS, FOLDER, brought))


@made_once
def provider(provider_id: str) -> Provider:
    """The provider with this id; reads its file alone.

    Raises UnknownProviderError, or KnowledgeError when the file does not fit the schema.
    """
    files = provider_files(packages().taken)
    if provider_id not in files:  # also keeps an id from naming a path elsewhere
        raise UnknownProviderError(provider_id)
    return read_provider(files[provider_id])


@made_once
def read_provider(file: Path) -> Provider:
    """The provider in *file*. Raises KnowledgeError when the file does not fit the schema, or is not called as it."""
    found = load(file, Provider)
    if found.id != file.stem:
        raise KnowledgeError(file, 1, f"the file of {found.id!r} is not called {found.id}.yaml")
    return found


def all_providers() -> Iterator[Provider]:
    """Every provider, in the order of the ids."""
    return map(provider, provider_ids())


def built_in_providers() -> Iterator[Provider]:
    """Likewise, without those of other packages."""
    return map(read_provider, provider_files().values())
