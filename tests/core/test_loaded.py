"""What is forked off a loaded process is told and tells what a program of its own would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pace import patient
from tests.support import loaded

COLD = sys.executable, "-m", "diagnose"


def environment(place: Path, **variables: str) -> dict[str, str]:
    own = {"PATH": os.environ["PATH"], "HOME": str(place), "XDG_STATE_HOME": str(place), "LC_ALL": "C.UTF-8"}
    return own | {"PYTHONPATH": str(loaded.ROOT), "DIAGNOSE_CONFIG": ""} | variables


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--version"], {}),
        (["--help"], {"COLUMNS": "60"}),
        (["explain", "535 5.7.8 authentication failed"], {}),
        (["explain", "535 5.7.8 密码错误"], {"LANGUAGE": "zh_CN"}),
        (["explain", "-"], {}),
        (["explain", "535 Zoë", "--lang", "zh-Hant"], {"PYTHONIOENCODING": "big5:strict"}),
        (["explain", "-"], {"PYTHONIOENCODING": "latin-1:strict"}),
        (["causes", "credentials.rejected", "--format", "json"], {}),
        (["replay", "missing.json"], {}),
        (["alice@corp", "--no-such-option"], {}),
        (["config"], {"DIAGNOSE_TIMEOUT": "12"}),
    ],
)
def test_both_say_the_same(arguments: list[str], variables: dict[str, str], tmp_path: Path) -> None:
    words = "550 5.1.1 Benutzer unbekannt: Zoë\n".encode()
    forked, started = (
        subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=environment(tmp_path, **variables), input=words,
            capture_output=True, timeout=patient(60), check=False,
        )
        for command in (loaded.command(), COLD)
    )  # fmt: skip
    assert (forked.returncode, forked.stdout, forked.stderr) == (started.returncode, started.stdout, started.stderr)


BROUGHT = """
from diagnose.model import Check, Facts, Subject
class Seen(Facts, frozen=True, kw_only=True):
    pass
CHECKS = (Check(id="acme", family="network", title="All is well", each=Subject, facts=Seen,
                probe=lambda *_: Seen(), judge=lambda *_: ()),)
"""


@pytest.mark.parametrize(
    ("group", "value", "arguments"),
    [
        ("diagnose.checks", "acme:CHECKS", ["corp.example", "--only", "acme", "--dry-run"]),
        ("diagnose.checks", "acme:NONE", ["corp.example", "--only", "nothing"]),
        ("diagnose.reports", "acme:CHECKS", ["--help"]),
        ("diagnose.reports", "acme:CHECKS", ["corp.example", "--report", "r.acm"]),
    ],
)
def test_both_have_the_same_packages(group: str, value: str, arguments: list[str], tmp_path: Path) -> None:
    """Those of the run, also after a run without any."""
    site = tmp_path / "site"
    told = site / "acme-1.0.dist-info"
    told.mkdir(parents=True)
    (site / "acme.py").write_text(BROUGHT)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(f"[{group}]\nacme = {value}\n")
    forked = loaded.command(packages=True)
    without, had, started = (
        subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=environment(tmp_path, PYTHONPATH=os.pathsep.join(packages)),
            stdin=subprocess.DEVNULL, capture_output=True, timeout=patient(60), check=False,
        )
        for command, packages in (
            (forked, [str(loaded.ROOT)]),
            (forked, [str(loaded.ROOT), str(site)]),
            (COLD, [str(loaded.ROOT), str(site)]),
        )
    )  # fmt: skip
    assert (had.returncode, had.stdout, had.stderr) == (started.returncode, started.stdout, started.stderr)
    assert (had.stdout, had.stderr) != (without.stdout, without.stderr)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_ends_both_alike(number: signal.Signals, tmp_path: Path) -> None:
    ended: list[int] = []
    for command in (loaded.command(), COLD):
        ready = tmp_path / f"{len(ended)}.env"
        process = subprocess.Popen(
            [*command, "lab", "--serve", "healthy", "-o", str(ready)], env=environment(tmp_path),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + patient(60)
        while not ready.exists():
            assert time.monotonic() < end
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        ended.append(process.wait(patient(60)))
    assert ended[0] == ended[1]


@pytest.mark.parametrize("variables", [{"LC_ALL": "C"}, {"PYTHONPATH": "/nowhere"}])
def test_what_only_a_start_can_do_is_refused(variables: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [*loaded.command(), "--version"], env=environment(tmp_path, **variables), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, b"")
