"""The main job on stand-ins for Windows and macOS: the same verdicts, without what Python has on Linux alone.

And where Python is set otherwise than usual.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0


def lab(scenario: str, state: Path, *program: str, **more: str) -> dict[str, Any]:
    words = [sys.executable, "-m", *program, "lab", scenario, "--format", "json"]
    around = os.environ | {"HOME": str(state), "XDG_STATE_HOME": str(state), "LC_ALL": "C.UTF-8"} | more
    done = subprocess.run(words, cwd=ROOT, env=around, capture_output=True, timeout=PATIENCE)
    assert done.stderr == b"", done.stderr.decode("utf-8", "replace")
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["verdict"]["exit_code"] == done.returncode
    return report


@pytest.mark.parametrize("system", ["win32", "darwin"])
@pytest.mark.parametrize(
    ("scenario", "causes"),
    [
        ("healthy", []),
        ("wrong-password", ["credentials.rejected"]),
        ("refused", ["reach.refused"]),
        ("cert-expired", ["tls.cert-expired"]),
        ("protocol-disabled", ["settings.protocol-disabled"]),
    ],
)
def test_the_verdict_is_that_of_any_system(system: str, scenario: str, causes: list[str], tmp_path: Path) -> None:
    is_of(lab(scenario, tmp_path, "tests.support.other_system", system), causes)


@pytest.mark.parametrize(("variable", "value"), [("PYTHONWARNINGS", "error"), ("PYTHONOPTIMIZE", "2")])
def test_the_verdict_is_that_of_any_setting_of_python(variable: str, value: str, tmp_path: Path) -> None:
    """A warning of what a library calls is none of the person's business, and no fault of a server."""
    is_of(lab("healthy", tmp_path, "diagnose", **{variable: value}), [])


def is_of(report: dict[str, Any], causes: list[str]) -> None:
    assert [cause["id"] for cause in report["verdict"]["causes"]] == causes
    assert [check["id"] for check in report["checks"] if check["status"] == "error"] == []


EVERY_MODULE = """
import importlib, pkgutil, sys
from tests.support.other_system import LOOK_AT_THE_SYSTEM, ONLY_OF_POSIX, Lacking

for name in (*LOOK_AT_THE_SYSTEM, "distributed", "playwright.async_api", "keyring", "getpass"):
    importlib.import_module(name)
sys.platform = "win32"
sys.meta_path.insert(0, Lacking())
for name in [name for name in sys.modules if name.partition(".")[0] in ONLY_OF_POSIX]:
    del sys.modules[name]
for package in map(importlib.import_module, ("diagnose", "checks", "reports")):
    for one in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if one.name.rpartition(".")[2] not in ("__main__", "build_hook", "extract"):  # of the build, or started
            importlib.import_module(one.name)
"""


def test_no_module_needs_those_of_posix_to_be_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EVERY_MODULE], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stderr) == (0, "")
