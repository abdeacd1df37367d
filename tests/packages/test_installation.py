"""The command that adds an optional part: it names tool and source, and a shell carries it out as it stands."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import sysconfig
import venv
from importlib import metadata
from pathlib import Path

import pytest

import diagnose
from diagnose.cli import run
from diagnose.process.installation import DISTRIBUTION, OF_PIPX, OF_UV, adding, requirements
from tests.pace import patient

ROOT = Path(diagnose.__file__).parents[1]
HOSTILE = "a b'c$(touch x)"


class Recorded(metadata.Distribution):
    """A distribution by what its installer recorded."""

    def __init__(self, **files: str) -> None:
        self._files = {"METADATA": (
            "Metadata-Version: 2.1\nName: mail-login-doctor\nVersion: 1\nProvides-Extra: keyring\n"
            'Requires-Dist: click>=8.5\nRequires-Dist: keyring>=25; extra == "keyring"\n'
            "Requires-Dist: playwright>=1.49 ; extra == 'chromium'\n"
        )} | files  # fmt: skip

    def read_text(self, filename: str) -> str | None:
        return self._files.get(filename) or self._files.get(filename.replace(".", "_"))

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


def recorded(**origin: object) -> Recorded:
    return Recorded(direct_url_json=json.dumps(origin)) if origin else Recorded()


def words(line: str) -> list[str]:
    return shlex.split(line)


def test_from_an_index(tmp_path: Path) -> None:
    assert words(adding("keyring", recorded(), tmp_path)) == [
        str(tmp_path / "bin/python"), "-m", "pip", "install", "mail-login-doctor[keyring]"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        ({"url": "https://files.example/m.whl", "archive_info": {}}, "https://files.example/m.whl"),
        (
            {"url": "https://git.example/m.git", "vcs_info": {"vcs": "git", "commit_id": "ab12"}},
            "git+https://git.example/m.git@ab12",
        ),
        (
            {
                "url": "ssh://git@git.example/m",
                "vcs_info": {"vcs": "git", "commit_id": "ab12"},
                "subdirectory": "x",
            },
            "git+ssh://git@git.example/m@ab12#subdirectory=x",
        ),
    ],
)
def test_from_elsewhere(origin: dict[str, object], source: str, tmp_path: Path) -> None:
    assert words(adding("keyring", recorded(**origin), tmp_path))[-1] == f"mail-login-doctor[keyring] @ {source}"
    (tmp_path / OF_UV).touch()
    assert words(adding("keyring", recorded(**origin), tmp_path)) == [
        "uv", "tool", "install", f"mail-login-doctor[keyring] @ {source}"
    ]  # fmt: skip


def test_from_a_folder(tmp_path: Path) -> None:
    """Whatever it is called; where it has gone, the requirements alone."""
    folder = tmp_path / HOSTILE
    folder.mkdir()
    fixed = recorded(url=folder.as_uri(), dir_info={})
    edited = recorded(url=folder.as_uri(), dir_info={"editable": True})

    assert words(adding("keyring", fixed, tmp_path))[-1] == f"mail-login-doctor[keyring] @ {folder.as_uri()}"
    assert words(adding("keyring", edited, tmp_path))[-2:] == ["--editable", f"{folder}[keyring]"]
    folder.rmdir()
    assert words(adding("keyring", fixed, tmp_path))[-2:] == ["install", "keyring>=25"]


def test_pipx_injects(tmp_path: Path) -> None:
    (tmp_path / OF_PIPX).touch()
    assert words(adding("chromium", recorded(url="https://x.example/"), tmp_path)) == [
        "pipx", "inject", tmp_path.name, "playwright>=1.49"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "record",
    [
        '{"url": "https://alice:hunter2@git.example/m.git", "vcs_info": {"vcs": "git", "commit_id": "a"}}',
        '{"url": "https://${TOKEN}@git.example/m.git", "vcs_info": {"vcs": "git", "commit_id": "a"}}',
        '{"url": "https://[", "archive_info": {}}',
        '{"url": 1}',
        "{}",
        "[]",
        "nonsense",
    ],
)
def test_what_cannot_be_used_again(record: str, tmp_path: Path) -> None:
    """A secret in an address is not repeated, and a broken record no fault."""
    line = adding("keyring", Recorded(direct_url_json=record), tmp_path)
    assert "hunter2" not in line
    assert "mail-login-doctor[keyring] @" not in line or '"url": 1' in record


def test_uv_without_pip(tmp_path: Path) -> None:
    line = adding("keyring", Recorded(INSTALLER="uv\n"), tmp_path)
    assert words(line)[:5] == ["uv", "pip", "install", "--python", str(tmp_path / "bin/python")]


def test_the_extras_are_those_of_the_distribution() -> None:
    known = metadata.distribution(DISTRIBUTION)
    assert requirements(known, "keyring") == ("keyring>=25",)
    assert requirements(known, "chromium") == ("playwright>=1.49",)
    assert requirements(known, "no-such") == ()


def test_the_command_line_says_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)

    assert run(["alice@corp.example", "--keyring", "--lang", "en"]) == 2
    assert capsys.readouterr().err == (
        f"diagnose: --keyring needs the package “keyring”, which is missing; run {adding('keyring')} first.\n"
    )


# -- carried out


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "build", "-q", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True, text=True, timeout=patient(120),
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


def environment_of(folder: Path) -> Path:
    """A new environment's interpreter, with what is installed here within reach, us aside."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    inside = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True,
        timeout=patient(60), check=True,
    )  # fmt: skip
    Path(inside.stdout.strip(), "here.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_the_suggested_command_works_for_a_wheel(wheel: Path, tmp_path: Path) -> None:
    """Installed from it by pip; then the line that is told, by a shell, without any network."""
    python = environment_of(tmp_path / "of alice")
    offline = {
        "PATH": "/usr/bin:/bin",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "HOME": str(tmp_path),
    }
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", "--ignore-installed", str(wheel)],
        capture_output=True, text=True, timeout=patient(120), env=offline, cwd=tmp_path,
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    told = subprocess.run(
        [python, "-c", "from diagnose.process.installation import adding; print(adding('keyring'))"],
        capture_output=True, text=True, timeout=patient(60), env=offline, cwd=tmp_path, check=True,
    ).stdout  # fmt: skip
    assert f"keyring] @ {wheel.as_uri()}" in told
    assert str(python) in told

    done = subprocess.run(
        ["sh", "-c", told], capture_output=True, text=True, timeout=patient(120), cwd=tmp_path,
        env=offline | {"PIP_DRY_RUN": "1"},
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "does not provide the extra" not in done.stderr
    assert "keyring" in done.stdout  # already satisfied, from the environment within reach
