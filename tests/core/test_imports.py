"""What a plain diagnosis loads: nothing that only other commands need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.pace import patient

ONLY_ELSEWHERE = {
    "lab": ("aiosmtpd", "dnslib", "trustme", "diagnose.lab"),
    "browser": ("flask", "werkzeug", "playwright", "diagnose.selftest", "checks.browser.automation.launch"),
    "har": ("ijson",),
    "password-check": ("zxcvbn",),
    "html": ("jinja2", "markupsafe"),
    "knowledge that others bring": ("yaml", "diagnose.replies.compiling"),
}
"""By what needs them."""
RUN = """
import sys
from diagnose.cli import run

code = run(sys.argv[1:])
print(code, *sorted(sys.modules), file=sys.stderr)
"""


def loaded(folder: Path, *arguments: str) -> tuple[int, set[str]]:
    """Exit code and modules of a run of its own."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, timeout=patient(60), check=True,
        env={"XDG_STATE_HOME": str(folder), "PATH": "/usr/bin:/bin", "NO_COLOR": "1"},
    )  # fmt: skip
    code, *modules = done.stderr.split()
    return int(code), set(modules)


@pytest.mark.parametrize("subject", ["alice@corp.test", "corp.test"])
def test_a_plain_diagnosis_loads_nothing_that_only_others_need(subject: str, tmp_path: Path) -> None:
    """With every check of it run as far as it goes without any network."""
    code, modules = loaded(
        tmp_path, subject, "--resolver", "127.0.0.1:9", "--no-third-party", "--timeout", "2", "--quiet"
    )

    assert code in {1, 3}
    wrong = {
        name
        for group in ONLY_ELSEWHERE.values()
        for name in group
        if any(module == name or module.startswith(name + ".") for module in modules)
    }
    assert wrong == set()
    assert "dns" in modules  # it was a run


@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        (("lab", "--list"), "diagnose.lab"),
        (("browser", "--help"), "diagnose.selftest"),
    ],
)
def test_the_names_are_those_of_what_is_loaded_elsewhere(
    arguments: tuple[str, ...], needs: str, tmp_path: Path
) -> None:
    """A name that nothing has would be missed by nobody."""
    _, modules = loaded(tmp_path, *arguments)

    assert any(module == needs or module.startswith(needs + ".") for module in modules)
