"""The hook of hatchling that compiles message catalogues and knowledge: what people write into what a run reads."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Compile(BuildHookInterface[BuilderConfig]):
    """Writes each catalogue's .mo file beside it, and knowledge for wheels; git does not hold either."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before files are gathered; *version* is ``editable`` for an install to edit.

        Raises babel.messages.pofile.PoFileError, KnowledgeError.
        """
        for source in sorted(Path(self.root, "diagnose", "locale").glob("*/LC_MESSAGES/*.po")):
            compiled = source.with_suffix(".mo")
            with source.open("rb") as po, compiled.open("wb") as mo:
                write_mo(mo, read_po(po, abort_invalid=True))
            build_data["artifacts"].append(compiled.relative_to(self.root).as_posix())
        if version != "editable":  # which compiles knowledge itself, whenever it has changed
            build_data["force_include"] |= self._knowledge(Path(self.root, "build", "knowledge"))

    def _knowledge(self, folder: Path) -> dict[str, str]:
        """Where the compiled knowledge lies, and where it goes within the wheel."""
        sys.path.insert(0, self.root)
        try:
            from diagnose.knowledge import compiled
            from diagnose.providers.files import built_in_providers
            from diagnose.replies.knowledge import knowledge_with
        finally:
            sys.path.remove(self.root)
        compiled.compile_all()
        knowledge_with(())  # causes and replies fit each other, and everything its type
        list(built_in_providers())
        goal = compiled.FOLDER.relative_to(compiled.KNOWLEDGE.parents[1])
        return {str(file): (goal / file.name).as_posix() for file in compiled.for_package(folder)}
