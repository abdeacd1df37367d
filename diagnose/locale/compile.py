"""The hook of hatchling that compiles the message catalogues, for wheels and for installs to edit alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileCatalogues(BuildHookInterface[BuilderConfig]):
    """Writes each catalogue's .mo file beside it; git does not hold those."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the files of a wheel are gathered. Raises babel.messages.pofile.PoFileError."""
        for source in sorted(Path(self.root, "diagnose", "locale").glob("*/LC_MESSAGES/*.po")):
            compiled = source.with_suffix(".mo")
            with source.open("rb") as po, compiled.open("wb") as mo:
                write_mo(mo, read_po(po, abort_invalid=True))
            build_data["artifacts"].append(compiled.relative_to(self.root).as_posix())
