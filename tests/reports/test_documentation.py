"""A cause's id leads to its page in the documentation, where the package that is installed names one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from diagnose.model.report import Contact
from diagnose.rendering import project
from diagnose.rendering.renderer import RenderStyle
from docs.write_causes import HERE
from reports import documentation, html, markdown
from reports.html import render
from tests.reports.samples import expired_certificate

PAGE = "https://docs.corp.example/diagnose/causes/tls.cert-expired.md"


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, before all others."""
    monkeypatch.syspath_prepend(tmp_path)
    project.documentation.cache_clear()
    yield tmp_path
    project.documentation.cache_clear()


def installed(site: Path, *urls: str) -> None:
    """Put a record there that names *urls*; the real one, if any, comes behind it."""
    record = site / "mail_login_doctor-1.dist-info"
    record.mkdir()
    lines = ["Metadata-Version: 2.1", "Name: mail-login-doctor", "Version: 1", *(f"Project-URL: {url}" for url in urls)]
    told = "\n".join([*lines, "", "Project-URL: Documentation, https://what-people-read.example"])
    (record / "METADATA").write_text(told, "utf-8")


@pytest.mark.parametrize("label", ["Documentation", "documentation"])
@pytest.mark.parametrize("end", ["", "/"])
def test_an_id_leads_to_its_page(site: Path, label: str, end: str) -> None:
    installed(site, "Source, https://git.corp.example/x", f"{label}, https://docs.corp.example/diagnose{end}")

    assert documentation.page_of("tls.cert-expired", "en") == PAGE
    assert f'<a class="id" href="{PAGE}"' in render(expired_certificate(), RenderStyle())


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant"])
@pytest.mark.parametrize(("form", "shown"), [(html, 'class="id" href="{}"'), (markdown, "[`tls.cert-expired`]({})")])
def test_a_report_leads_to_the_page_in_its_language(site: Path, lang: str, form: ModuleType, shown: str) -> None:
    installed(site, "Documentation, https://docs.corp.example/diagnose")
    report = msgspec.structs.replace(expired_certificate(), lang=lang)
    page = form.render(report, RenderStyle())

    assert shown.format(PAGE.replace("/causes/", f"/causes/{lang}/")) in page
    assert shown.format(PAGE) not in page
    assert (HERE / lang / "tls.cert-expired.md").is_file()


OWN = "https://intranet.corp.example/docs"


@pytest.mark.parametrize("named", [OWN, f"{OWN}/", "http://intranet.corp.example/docs"])
def test_a_company_s_own_copy_goes_before(site: Path, named: str) -> None:
    installed(site, "Documentation, https://docs.corp.example/diagnose")
    report = msgspec.structs.replace(expired_certificate(), contact=Contact(documentation=named))
    url = f"{named.rstrip('/')}/causes/tls.cert-expired.md"

    assert f'<a class="id" href="{url}"' in html.render(report, RenderStyle())
    assert f"[`tls.cert-expired`]({url})" in markdown.render(report, RenderStyle())


@pytest.mark.parametrize("named", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "file:///etc", ""])
def test_a_report_from_elsewhere_leads_to_no_page_of_another_kind(site: Path, named: str) -> None:
    installed(site)
    report = msgspec.structs.replace(expired_certificate(), contact=Contact(documentation=named))

    assert '<code class="id">tls.cert-expired</code>' in html.render(report, RenderStyle())
    assert documentation.page_of("tls.cert-expired", "en", report.contact) is None


def test_without_a_page_the_command_that_shows_it_is_told(site: Path) -> None:
    installed(site)
    page = html.render(expired_certificate(), RenderStyle())
    assert '<code class="copied">diagnose causes tls.cert-expired</code>' in page

    report = msgspec.structs.replace(expired_certificate(), contact=Contact(documentation=OWN))
    assert "diagnose causes" not in html.render(report, RenderStyle())


@pytest.mark.parametrize("cause", ["acme.vpn-down", "no such cause", "../../x", ""])
def test_a_cause_of_another_package_has_no_page_here(site: Path, cause: str) -> None:
    installed(site, "Documentation, https://docs.corp.example/diagnose")

    assert documentation.page_of(cause, "en") is None
    assert documentation.page_of("tls.cert-expired", "fr") == PAGE  # a report of another version's language


@pytest.mark.parametrize("urls", [(), ("Source, https://git.corp.example/x",), ("Documentation, file:///x",)])
def test_without_such_a_page_an_id_is_no_link(site: Path, urls: tuple[str, ...]) -> None:
    installed(site, *urls)

    assert documentation.page_of("tls.cert-expired", "en") is None
    assert '<code class="id">tls.cert-expired</code>' in render(expired_certificate(), RenderStyle())
    assert "`tls.cert-expired`" in markdown.render(expired_certificate(), RenderStyle())
    assert "[`tls.cert-expired`]" not in markdown.render(expired_certificate(), RenderStyle())


def test_a_package_that_is_not_installed_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "DISTRIBUTION", "nobody-has-installed-this")
    assert documentation.page_of("tls.cert-expired", "en") is None
