from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine import lacking
from tests.support import loaded

from .estate import Estate, missing_requirement
from .runs import Diagnose
from .scenery import PLAN


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault: a way in which a login fails, on real servers")
    config.addinivalue_line("markers", "shape: an unusual and healthy way to be set up, on real servers")


@pytest.fixture(scope="session")
def estate() -> Iterator[Estate]:
    """The shared estate. Leaves out the tests where none can stand."""
    missing = missing_requirement()
    if missing is not None:
        lacking(missing)
    with Estate(PLAN) as built:
        yield built


@pytest.fixture
def diagnose(estate: Estate, tmp_path: Path) -> Diagnose:
    """Runs the command in the estate's client namespace; its record of failed tries is the test's own."""
    return Diagnose(estate, tmp_path, quickly=loaded.command())
