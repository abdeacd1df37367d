"""Configuration pages over real TLS on loopback: only verified HTTPS counts, and nothing is unbounded."""

from __future__ import annotations

import pytest
import trustme

from diagnose.discovery.configuration import fetch_configuration
from diagnose.model import Deadline
from tests.pace import patient

from .conftest import Estate
from .loopback import Page
from .nameserver import SERVER_FAILURE

URL = "https://a.example/c.xml"
ADDRESSES = {("a.example", "A"): ["127.0.0.1"], ("b.example", "A"): ["127.0.0.1"]}


def _fetch(estate: Estate, pages: dict[str, Page], url: str = URL) -> tuple[str, str]:
    estate.zone(ADDRESSES)
    estate.web(pages)
    page = fetch_configuration(url, estate.network, Deadline(patient(20)))
    return page.status, page.body or page.text


def test_a_page_is_handed_over(estate: Estate) -> None:
    assert _fetch(estate, {URL: Page(b"<x/>")}) == ("found", "<x/>")


def test_a_redirect_to_https_elsewhere_is_followed(estate: Estate) -> None:
    there = "https://b.example/there"
    assert _fetch(estate, {URL: Page(status=302, location=there), there: Page(b"<x/>")}) == ("found", "<x/>")


def test_a_redirect_to_http_is_not(estate: Estate) -> None:
    status, text = _fetch(estate, {URL: Page(status=301, location="http://a.example/c.xml")})
    assert status == "failed"
    assert "http://a.example/c.xml" in text
    assert ("a.example", 80) not in estate.network.connects


def test_a_circle_ends(estate: Estate) -> None:
    assert _fetch(estate, {URL: Page(status=302, location=URL)})[0] == "failed"


def test_a_body_of_five_megabytes_is_no_configuration(estate: Estate) -> None:
    status, text = _fetch(estate, {URL: Page(b"<x>" + b" " * 5_000_000 + b"</x>")})
    assert (status, text) == ("failed", "larger than any configuration")


@pytest.mark.parametrize(
    ("code", "status"), [(404, "nothing"), (410, "nothing"), (401, "nothing"), (429, "failed"), (503, "failed")]
)
def test_what_a_status_means(estate: Estate, code: int, status: str) -> None:
    assert _fetch(estate, {URL: Page(b"<x/>", status=code)})[0] == status


def test_an_authority_that_is_not_trusted_is_not_believed(estate: Estate) -> None:
    estate.zone(ADDRESSES)
    estate.web({URL: Page(b"<x/>")}, ca=trustme.CA())
    page = fetch_configuration(URL, estate.network, Deadline(patient(20)))
    assert (page.status, page.body) == ("failed", "")
    assert "certificate_not_accepted" in page.text


def test_a_host_that_is_not_there_is_nothing_but_broken_dns_has_failed(estate: Estate) -> None:
    estate.zone({("broken.example", "A"): SERVER_FAILURE, ("broken.example", "AAAA"): SERVER_FAILURE})
    assert fetch_configuration("https://none.example/", estate.network, Deadline(patient(20))).status == "nothing"
    assert fetch_configuration("https://broken.example/", estate.network, Deadline(patient(20))).status == "failed"


def test_a_closed_port_is_nothing(estate: Estate) -> None:
    estate.zone(ADDRESSES)
    assert fetch_configuration(URL, estate.network, Deadline(patient(20))).status == "nothing"
