"""The sample package, built and installed as a person would, into a folder of its own and without any network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.pace import patient
from tests.support import loaded

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "sample_plugin"


class Done(NamedTuple):
    """What a process left."""

    code: int
    out: str
    err: str

    @property
    def folded(self) -> str:
        """Standard output without line breaks."""
        return " ".join(self.out.split())


Run = Callable[..., Done]
TWO_SCENARIOS = """
import sys
from types import MappingProxyType
from diagnose.cli import lab, run
lab.SCENARIOS = MappingProxyType({name: lab.SCENARIOS[name] for name in ("healthy", "null-mx")})
sys.exit(run(sys.argv[1:]))
"""
"""A program that is `diagnose`, but for that."""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the sample package is installed in; not to be changed."""
    place = tmp_path_factory.mktemp("sample")
    shutil.copytree(SAMPLE, place / "source")
    subprocess.run(
        [
            sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable, "--offline",
            "--no-index", "--no-deps", "--no-build-isolation", "--no-cache", "--target", place / "site",
            place / "source",
        ],
        check=True, timeout=patient(120),
    )  # fmt: skip
    return place / "site"


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Path:
    """The same in a folder of the test's own, to be changed."""
    return Path(shutil.copytree(built, tmp_path / "site"))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `diagnose` with what is installed in *site*, in *tmp_path*."""

    return process_in(tmp_path)


@pytest.fixture
def run_of_two_scenarios(tmp_path: Path) -> Run:
    """The same where the lab has two scenarios."""
    return process_in(tmp_path, sys.executable, "-c", TWO_SCENARIOS)


def process_in(place: Path, *program: str) -> Run:
    """Processes of *program*, or of `diagnose`, in *place*, with what is installed in a folder."""

    def process(site: Path, *arguments: str, **variables: str) -> Done:
        done = subprocess.run(
            [*(program or loaded.command(packages=True)), *arguments], cwd=place, capture_output=True, text=True,
            timeout=patient(90), check=False,
            env=os.environ | {
                "PYTHONPATH": os.pathsep.join([str(ROOT), str(site)]), "XDG_STATE_HOME": str(place / "state"),
                "LC_ALL": "C.UTF-8", "NO_COLOR": "1",
            } | variables,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return process
