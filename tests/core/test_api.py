"""The names that other packages may rely on: those that the documentation lists, and no others."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import diagnose
from diagnose import api

DOCUMENT = Path(diagnose.__file__).parents[1] / "docs" / "architecture.md"


def documented() -> list[str]:
    section = DOCUMENT.read_text("utf-8").partition("\n## What others may rely on\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]


def test_the_documented_names_are_the_exported_ones() -> None:
    assert sorted(documented()) == sorted(api.__all__)
    assert len(set(documented())) == len(documented())


def test_they_are_few() -> None:
    """What a package only meets, as what another name holds or takes, is not among them."""
    assert len(api.__all__) <= 44
    told = {"Needs", "Status", "Certainty", "Target", "TlsMode", "ProtocolName", "Diagnosis", "Observer", "Deadline"}
    assert not told & set(api.__all__)


def test_what_is_typed_or_read_amiss_is_caught_by_one_name() -> None:
    """Three errors whose classes have no name there."""
    request = api.Request(subject=api.parse_subject("corp.example"))
    unknown = api.Request(subject=request.subject, discovery=api.DiscoveryOptions(provider="nobody"))
    with pytest.raises(api.TextError):
        api.parse_subject("@@")
    with pytest.raises(api.TextError):
        api.saved_report(b"no report")
    with pytest.raises(api.TextError):
        api.diagnose(unknown)


def test_every_name_is_there_and_is_no_module() -> None:
    missing = [name for name in api.__all__ if not hasattr(api, name)]
    assert missing == []
    assert not any(type(getattr(api, name)) is type(sys) for name in api.__all__)


def test_the_version_is_a_pair() -> None:
    major, minor = api.API_VERSION
    assert (major >= 1, minor >= 0) == (True, True)


def test_the_command_line_does_without_it() -> None:
    """Its names stand for modules that a command loads only where it needs them."""
    code = "import sys\nfrom diagnose.cli import run\ncode = run(['explain', '535 Error'])\n"
    code += "print(code, *sorted({'diagnose.api', 'requests', 'dns'} & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.split() == ["0"]
