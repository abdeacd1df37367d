"""The hook of hatchling that compiles message catalogues and knowledge: what people write into what a run reads."""

from __future__ import annotations

import shutil
import subprocess
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

        Raises babel.messages.pofile.PoFileError, and subprocess.CalledProcessError for knowledge that is wrong.
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
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "diagnose.knowledge", str(folder)], cwd=self.root, check=True)  # noqa: S603
        return {str(file): f"diagnose/knowledge/compiled/{file.name}" for file in sorted(folder.iterdir())}
