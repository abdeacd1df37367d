"""A real webmail is found healthy, with and without a clean browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnose.model.picture import pictures
from diagnose.network import Nameserver
from diagnose.running.diagnosis import diagnose
from tests.machine import need

from .roundcube import NEEDED, roundcube
from .site import HOST, check, name_server, request

Webmail = tuple[str, Nameserver, Path]
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def webmail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webmail]:
    need(**NEEDED)
    folder = tmp_path_factory.mktemp("roundcube")
    with roundcube(folder) as (url, ca_file), name_server(HOST) as resolver:
        yield url, resolver, ca_file


@pytest.mark.parametrize("clean_run", [False, True])
def test_healthy(webmail: Webmail, clean_run: bool) -> None:
    report = diagnose(request(*webmail, clean_run=clean_run)).report

    assert report.verdict.status == "healthy", report.verdict
    assert report.verdict.causes == ()
    clean = check(report, "browser.clean")
    assert clean.status == ("pass" if clean_run else "skip"), clean
    assert check(report, "web").status == "pass"
    if clean_run:
        assert [one["type"] for one in clean.facts["fields"]] == ["text", "password"]
        assert clean.facts["script_errors"] == clean.facts["failed_requests"] == []
        (picture,) = pictures(clean.facts)
        assert picture.data.startswith(b"\xff\xd8")
