"""The hook of hatchling that compiles catalogues, knowledge and templates: what people write into what a run reads."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMPILED = {"diagnose.knowledge": "diagnose/knowledge/compiled", "reports": "reports/templates/compiled"}
"""What compiles what a wheel brings into a folder -> where that goes within the wheel."""


class Compile(BuildHookInterface[BuilderConfig]):
    """Writes each catalogue's .mo file beside it, and the rest for wheels; git does not hold any of it."""

    PLUGIN_NAME = "custom"
    _folder: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before files are gathered; *version* is ``editable`` for an install to edit.

        Raises babel.messages.pofile.PoFileError, and subprocess.CalledProcessError for knowledge that is wrong.
        """
        for source in sorted(Path(self.root, "diagnose", "locale").glob("*/LC_MESSAGES/*.po")):
            compiled = source.with_suffix(".mo")
            with source.open("rb") as po:
                self._write(compiled, read_po(po, abort_invalid=True))
            build_data["artifacts"].append(compiled.relative_to(self.root).as_posix())
        if version != "editable":  # which compiles knowledge itself, whenever it has changed
            self._folder = Path(tempfile.mkdtemp())  # of this build's own: several may be made at once
            for program, place in COMPILED.items():
                build_data["force_include"] |= self._made_by(program, place, self._folder / program)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was only needed until the files were gathered."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _write(self, compiled: Path, catalogue: Catalog) -> None:
        """Put *catalogue* in place as a whole: a command may read it at the same time."""
        made = io.BytesIO()
        write_mo(made, catalogue)
        if compiled.exists() and compiled.read_bytes() == made.getvalue():
            return
        descriptor, unfinished = tempfile.mkstemp(dir=compiled.parent, suffix=compiled.suffix)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(made.getvalue())
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(compiled)

    def _made_by(self, program: str, place: str, folder: Path) -> dict[str, str]:
        """Where what *program* compiles into *folder* lies, and where that goes within the wheel, below *place*."""
        folder.mkdir()
        subprocess.run([sys.executable, "-m", program, str(folder)], cwd=self.root, check=True)  # noqa: S603
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        return {str(file): f"{place}/{file.relative_to(folder).as_posix()}" for file in files}
