"""A cause's id leads to its page in the documentation, where the package that is installed names one."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from importlib import metadata

import pytest

from diagnose.rendering.renderer import RenderStyle
from reports import documentation
from reports.html import render
from tests.reports.samples import expired_certificate

PAGE = "https://docs.corp.example/diagnose/causes/tls.cert-expired.md"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    documentation._base.cache_clear()
    yield
    documentation._base.cache_clear()


def installed(monkeypatch: pytest.MonkeyPatch, *urls: str) -> None:
    told = Message()
    for url in urls:
        told["Project-URL"] = url
    monkeypatch.setattr(metadata, "metadata", lambda _name: told)


@pytest.mark.parametrize("label", ["Documentation", "documentation"])
@pytest.mark.parametrize("end", ["", "/"])
def test_an_id_leads_to_its_page(monkeypatch: pytest.MonkeyPatch, label: str, end: str) -> None:
    installed(monkeypatch, "Source, https://git.corp.example/x", f"{label}, https://docs.corp.example/diagnose{end}")

    assert documentation.page_of("tls.cert-expired") == PAGE
    assert f'<a class="id" href="{PAGE}"' in render(expired_certificate(), RenderStyle())


@pytest.mark.parametrize("urls", [(), ("Source, https://git.corp.example/x",), ("Documentation, file:///x",)])
def test_without_such_a_page_an_id_is_no_link(monkeypatch: pytest.MonkeyPatch, urls: tuple[str, ...]) -> None:
    installed(monkeypatch, *urls)

    assert documentation.page_of("tls.cert-expired") is None
    assert '<code class="id">tls.cert-expired</code>' in render(expired_certificate(), RenderStyle())


def test_a_package_that_is_not_installed_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Message:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "metadata", absent)
    assert documentation.page_of("tls.cert-expired") is None
