"""What distributions bring is read as Python's own library reads it, and without that library."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from diagnose.process import entry_points as reading
from tests.pace import patient

ROOT = Path(__file__).parents[2]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, before all others."""
    monkeypatch.syspath_prepend(tmp_path)
    reading._all.cache_clear()
    yield tmp_path
    reading._all.cache_clear()


def brings(site: Path, record: str, text: str) -> None:
    (site / record).mkdir()
    (site / record / "entry_points.txt").write_text(text, "utf-8")
    (site / record / "METADATA").write_text(f"Name: {record.partition('-')[0]}\nVersion: 1\n", "utf-8")


def names(group: str) -> list[str]:
    return [point.name for point in reading.entry_points(group)]


def test_what_is_installed_here_is_what_the_library_finds() -> None:
    found = metadata.entry_points()
    theirs = {(group, p.name, p.value) for group in found.groups for p in found.select(group=group)}

    assert {tuple(point) for points in reading._all().values() for point in points} == theirs
    assert len(theirs) > 20


def test_a_file_in_all_its_forms(site: Path) -> None:
    brings(
        site,
        "acme_mail-1.0.dist-info",
        "#\n[acme.one]\n; none\nfirst = json:loads\n\n  second=os.path:join [more]\n[ acme.two ]\nmodule = json\n",
    )

    first, second = reading.entry_points("acme.one")
    (module,) = reading.entry_points("acme.two")
    assert first.load() is __import__("json").loads
    assert second.load() is __import__("os").path.join
    assert module.load() is __import__("json")


def test_a_distribution_that_is_there_twice_counts_once(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name as packaging compares names; another's name that begins alike is another's."""
    other = site / "second"
    other.mkdir()
    brings(site, "Acme.Mail-2.0.dist-info", "[acme.one]\nnew = json\n")
    brings(other, "acme_mail-1.0.dist-info", "[acme.one]\nold = json\n")
    brings(other, "acme_mail_more-1.0.egg-info", "[acme.one]\nmore = json\n")
    monkeypatch.setattr(sys, "path", [str(site), str(other), *sys.path])

    assert names("acme.one") == ["more", "new"]


@pytest.mark.parametrize("broken", [b"\xff\xfe[acme.one]", b"[acme.one", b"no = group", b""])
def test_a_file_that_says_nothing_costs_nothing_else(site: Path, broken: bytes) -> None:
    brings(site, "acme-1.dist-info", "")
    (site / "acme-1.dist-info" / "entry_points.txt").write_bytes(broken)
    brings(site, "better-1.dist-info", "[acme.one]\nfine = json\n")

    assert names("acme.one") == ["fine"]
    assert "text" in names("diagnose.reports")


def test_a_value_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="json loads"):
        reading.EntryPoint("acme.one", "x", "json loads").load()


def test_a_distribution_in_an_archive_is_found(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = site / "acme.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("acme-1.dist-info/entry_points.txt", "[acme.one]\npacked = json\n")
        packed.writestr("acme-1.dist-info/METADATA", "Name: acme\nVersion: 1\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(archive)])

    assert names("acme.one") == ["packed"]


@pytest.mark.parametrize("name", ["click", "msgspec", "Jinja2", "dnspython", "mail-login-doctor", "nobody-has-this"])
def test_urls_are_those_that_the_library_finds(name: str) -> None:
    try:
        theirs = metadata.metadata(name).get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        theirs = []

    assert [", ".join(one) for one in reading.urls(name)] == theirs
    assert theirs or name in {"mail-login-doctor", "nobody-has-this"}


def test_urls_of_a_distribution_in_an_archive_are_found(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = site / "acme.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        told = "Name: acme\nVersion: 1\nProject-URL: Documentation, https://acme.example/a, b\n"
        packed.writestr("acme-1.dist-info/METADATA", told)
    monkeypatch.setattr(sys, "path", [*sys.path, str(archive)])

    assert reading.urls("Acme") == (("Documentation", "https://acme.example/a, b"),)
    assert reading.urls("acme-other") == ()


def test_a_page_that_people_read_is_no_field(site: Path) -> None:
    brings(site, "acme-1.dist-info", "")
    (site / "acme-1.dist-info" / "METADATA").write_text("Name: acme\n\nProject-URL: Documentation, https://x.example\n")

    assert reading.urls("acme") == ()


def test_a_report_loads_no_library_for_urls() -> None:
    code = (
        "import sys; from reports.documentation import page_of; page_of('tls.cert-expired', 'en'); "
        "print('importlib.metadata' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=patient(30), check=True, cwd=ROOT
    )

    assert done.stdout == "False\n"


def test_the_library_is_not_loaded_for_it() -> None:
    code = "import sys; from diagnose.cli.formats import formats; formats(); print('importlib.metadata' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=patient(30), check=True, cwd=ROOT
    )

    assert done.stdout == "False\n"
