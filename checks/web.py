"""Web: does the webmail page answer, where do its redirects lead, is there a login form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import msgspec

from checks.reach import take_stream
from diagnose.model import Check, Facts, Finding, Given, Service, quote, text
from diagnose.model.workbench import Workbench
from diagnose.network import Hop, Stream

PAGE_SECONDS = 15.0
LONGEST_TITLE = 200


class PageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the page at the end holds."""

    title: str = ""
    password_field: bool = False
    scripts: int = 0
    """Scripts: a page made of them may draw its form later."""
    forms: int = 0
    characters: int = 0
    """Of visible text."""


class WebFacts(Facts, frozen=True, kw_only=True):
    """A visit to the webmail page."""

    hops: tuple[Hop, ...]
    loop: bool
    page: PageFacts | None = None


def probe_web(target: Service, _given: Given, bench: Workbench) -> WebFacts:
    """GET the page, as a browser with an empty profile would."""

    def ready(host: str, port: int) -> Stream | None:
        return take_stream(target, bench) if (host, port) == (target.host, target.port) else None

    url = target.url or f"https://{target.host}:{target.port}/"
    exchange = bench.network.fetch(url, bench.deadline.share(0.9, PAGE_SECONDS), ready=ready)
    last = exchange.last
    page = read_page(exchange.body) if last.status is not None and not exchange.loop else None
    return WebFacts(hops=exchange.hops, loop=exchange.loop, page=page)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.title, self.password, self.scripts, self.forms, self.characters = "", False, 0, 0, 0
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"title", "script", "style"}:
            self._inside = tag
        self.scripts += tag == "script"
        self.forms += tag == "form"
        self.password |= tag == "input" and (given.get("type") or "").lower() == "password"

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
        elif not self._inside:
            self.characters += len(data.strip())


def read_page(body: str) -> PageFacts:
    """Title, forms and scripts of an HTML page; of anything else nothing."""
    reader = _Reader()
    reader.feed(body)
    return PageFacts(
        title=quote(reader.title, LONGEST_TITLE),
        password_field=reader.password,
        scripts=reader.scripts,
        forms=reader.forms,
        characters=reader.characters,
    )


def judge_web(facts: WebFacts, _given: Given, target: Service) -> Iterator[Finding]:
    """A page to log in on?"""
    findings = list(_judge(facts, target))
    if target.named:
        yield from findings
    else:
        yield from (msgspec.structs.replace(f, certainty="possible") for f in findings)


def _judge(facts: WebFacts, target: Service) -> Iterator[Finding]:
    last = facts.hops[-1]
    way = " → ".join(dict.fromkeys(_place(hop.url) for hop in facts.hops))
    if facts.loop:
        yield Finding(
            cause="web.redirect-loop",
            certainty="confirmed",
            text=text("The webmail page redirects in circles: {way}.", way=way),
        )
    elif last.failure is not None:
        certificate = last.failure.name == "certificate_not_accepted"
        yield Finding(
            cause="web.login-page-down",
            certainty="likely" if certificate else "confirmed",
            text=text("The webmail page {url} cannot be had: {words}.", url=last.url, words=last.failure.text),
        )
    elif last.status is not None and last.status >= 500:
        yield Finding(
            cause="web.login-page-down",
            certainty="confirmed",
            text=text(
                "The webmail page {url} answers with the error {status} ({title}).",
                url=last.url,
                status=last.status,
                title=facts.page.title if facts.page else "",
            ),
        )
    elif last.status in {404, 410}:
        yield Finding(
            cause="web.login-page-changed",
            certainty="confirmed",
            text=text("There is no page at {url} (status {status}).", url=last.url, status=last.status),
        )
    elif last.status is not None and last.status >= 400 and last.status != 401:
        yield Finding(
            cause="web.login-page-down",
            certainty="possible",
            text=text("The webmail page {url} answers with status {status}.", url=last.url, status=last.status),
        )


def _place(url: str) -> str:
    return re.sub(r"[?#].*", "", url)


CHECKS = (
    Check(
        id="web",
        family="web",
        title="The webmail page of {host} can be opened",
        each=Service,
        facts=WebFacts,
        probe=probe_web,
        judge=judge_web,
        needs=("reach", "tls"),
        applies=lambda target: target.protocol == "webmail",
    ),
)
