"""Templates as a package brings them: compiled, and used only where they fit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest

from diagnose.rendering.renderer import RenderStyle
from reports import html, templating
from tests.reports.samples import SAMPLES, hostile

STYLE = RenderStyle(complete=True)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a package brings, for tests to copy."""
    folder = tmp_path_factory.mktemp("package")
    templating.for_package(folder)
    return folder


@pytest.fixture
def compiled(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    shutil.copytree(package, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(templating, "COMPILED", tmp_path)
    html._template.cache_clear()
    yield tmp_path / jinja2.__version__
    html._template.cache_clear()


def nobody_compiles(*_args: object, **_options: object) -> None:
    raise AssertionError("a template was compiled")


def test_a_compiled_page_is_the_same(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = {name: make() for name, make in SAMPLES.items()}
    with monkeypatch.context() as with_compiled:
        with_compiled.setattr(jinja2.Environment, "compile", nobody_compiles)
        pages = {name: html.render(report, STYLE) for name, report in reports.items()}
    monkeypatch.setattr(templating, "COMPILED", compiled / "nowhere")
    html._template.cache_clear()

    assert [name for name, report in reports.items() if pages[name] != html.render(report, STYLE)] == []


def test_pages_alone_are_compiled(compiled: Path) -> None:
    pages = [file.name for file in templating.TEMPLATES.glob("*.html.j2")]

    assert len([*compiled.glob("tmpl_*.py")]) == len(pages) >= 3


def test_another_version_of_jinja_reads_what_is_written(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled.rename(compiled.with_name("2.0"))
    monkeypatch.setattr(jinja2.loaders.ModuleLoader, "load", nobody_compiles)

    assert html.render(hostile(), STYLE)


def test_values_that_are_changed_first_are_written_by_templates_that_know_it(compiled: Path) -> None:
    """What is compiled knows nothing of `finalize`."""
    assert compiled.is_dir()
    page = templating.environment(lambda value: "changed" if value == "?" else value).from_string("{{ it }}")

    assert page.render(it="?") == "changed"
    assert isinstance(templating.environment(str).loader, jinja2.FileSystemLoader)
