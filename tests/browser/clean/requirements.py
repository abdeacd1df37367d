"""What of Debian a test of this folder needs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def need(**packages: str) -> None:
    """Skip unless each program or file is there, saying which package holds it; under ``CI=true`` that is a failure."""
    absent = [
        f"{name} ({package})"
        for name, package in packages.items()
        if shutil.which(name) is None and not Path(name).exists()
    ]
    if not absent:
        return
    told = f"not here, with their Debian packages: {', '.join(absent)}"
    if os.environ.get("CI") == "true":
        pytest.fail(told)
    pytest.skip(told)
