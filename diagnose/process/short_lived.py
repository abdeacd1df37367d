"""Folders that are gone in the end."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def short_lived_folder(prefix: str, beside: Path | None = None) -> Iterator[Path]:
    """Within the block there is a folder for its owner alone, in *beside* or where temporary files belong.

    What cannot be removed then, since a program has it open (Windows), fails nothing. Raises OSError where none can be
    made.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=beside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
