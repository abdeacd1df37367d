"""Personal data that comes in by each way that a run has, driven for real, is found in no format of its report."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from diagnose.cli.formats import formats, rendered
from diagnose.cli.lab import request_for
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import Scenario, Web
from diagnose.model.domains import ascii_name
from diagnose.model.report import Report
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.diagnosis import diagnose
from diagnose.running.reporting import discreet
from diagnose.running.request import Presentation
from tests.pace import patient

from .personal_data import ADDRESS, COMPANY, DOMAIN, KINDS, OWN_ACCOUNT, OWN_HOME, OWN_NAME, Kind
from .test_personal_data import joined, leaks


def told_apart(kind: Kind) -> bool:
    """Whether what tells *kind* stands in the words of no kind that is hidden with the company alone."""
    others = " ".join(one.words for one in COMPANY if one is not kind).casefold()
    return not any(needle.casefold() in others for needle in kind.needles)


def in_one_line(kind: Kind) -> bool:
    """Whether a server can say it in one line, in a header and in quotes."""
    return kind.words.isascii() and kind.words.isprintable() and not set('"\\') & set(kind.words)


def telling(kind: Kind) -> Kind:
    """*kind* without what may be the number of a port."""
    return kind._replace(needles=tuple(one for one in kind.needles if not (one.isdigit() and len(one) < 6)))


PLANTED = tuple(telling(kind) for kind in KINDS if in_one_line(kind))
WORDS = joined(PLANTED)


def words(most: int) -> str:
    """As many whole kinds as *most* characters have room for."""
    return WORDS if len(WORDS) <= most else WORDS[:most].rpartition(" ; ")[0]


NAMED = "mzelenka"
"""A person's name, where only a name may stand."""
HOST = f"{NAMED}-nb7766.{DOMAIN}"
HERE = (
    Kind("name of a host", HOST, (NAMED, "nb7766")),
    Kind("local part", ADDRESS, ("zoe.quimby",), of_person=True),
    Kind("domain", DOMAIN, ("quimbyworks",)),
    Kind("account", OWN_ACCOUNT, ("zquimby",), of_person=True),
    Kind("computer", OWN_NAME, (OWN_NAME,), of_person=True),
)


@dataclass(frozen=True)
class Input:
    """A way by which words come into a run, and a sign that they did."""

    scenario: Mapping[str, Any] = field(default_factory=dict)
    arrives: str = ""
    """What stands in the report that hides nothing; "": several of the kinds."""


def page(words: str) -> str:
    return f"<html><head><title>{words}</title></head><body><p>{words}</p></body></html>"


INPUTS = {
    "address and user name": Input({"username": OWN_ACCOUNT}, arrives=OWN_ACCOUNT),
    "greeting": Input({"turned_away": {"imap": f"* BYE {WORDS}"}}),
    "reply to the login": Input({"login": {"imap": f"NO {WORDS}"}}),
    "reply to the sender": Input({"services": ("submissions",), "sender": f"550 5.7.1 {words(400)}"}),
    "page": Input({"web": Web(status=503, page=page(WORDS))}),
    "redirect": Input({"web": Web(status=302, location=f"https://{HOST}/owa/?u={ADDRESS}", page="")}, arrives=HOST),
    "page in between": Input({"web": Web(status=503, page="x"), "known_answers": Web(status=200, page=page(WORDS))}),
    "hosts file": Input({"hosts_file": (f"192.0.2.7 imap.{DOMAIN} {HOST}  # {words(300)}",)}, arrives="192.0.2.7"),
    "proxy's answer": Input(
        {"proxy": f'HTTP/1.1 407 {words(300)}\nProxy-Authenticate: Basic realm="{NAMED}"\nContent-Length: 0'},
        arrives="407",
    ),
    "DNS: hosts and certificates": Input({"hosts": {"imap": HOST, "smtp": HOST}}, arrives=HOST),
    "DNS: MX and text": Input({"records": {"@ MX": (f"10 {HOST}.",), "@ TXT": (f'"{words(200)}"',)}}, arrives=HOST),
    "certificate of another": Input({"certificates": {"imap": "other-name"}}, arrives="hosting"),
    "message that was seen": Input({"seen": (words(300),)}),
    "other mailbox": Input({"other_mailbox": f"{NAMED}@{DOMAIN}"}, arrives=NAMED),
}


LONG = "vogelsang77q"
OTHERS = (
    *(telling(kind) for kind in KINDS if not in_one_line(kind)),
    Kind("one word without an end", f"id={LONG * 90}", (LONG,)),
)
"""Not in ASCII, with quotes or backslashes, or very long."""
IN_OTHER_WORDS = joined(OTHERS)
CHINESE, CYRILLIC = "王晓明", "вогельзанг"
FAR_HOST = "王晓明-nb7766.quimbywörks.example"
IN_SCRIPTS = (
    Kind("Chinese name alone", CHINESE, ("王晓", "晓明")),
    Kind("host in Chinese", FAR_HOST, (CHINESE, "nb7766", "quimbyw", ascii_name(FAR_HOST).partition(".")[0])),
    Kind("account in Cyrillic", CYRILLIC, (CYRILLIC,), of_person=True),
)
FORM = "<form action='/{words}'><input name='{words}' placeholder='{words}'></form>"
OTHER_INPUTS: Mapping[str, Mapping[str, Any]] = {
    "greeting, page, message": {
        "turned_away": {"imap": f"* BYE {IN_OTHER_WORDS}"},
        "web": Web(status=200, page=page(IN_OTHER_WORDS) + FORM.format(words=IN_OTHER_WORDS)),
        "seen": (IN_OTHER_WORDS[:300], f"{LONG * 20}"),
    },
    "reply, account, other mailbox, redirect": {
        "username": f"QWÖRKS\\{CYRILLIC}",
        "login": {"imap": f"NO {IN_OTHER_WORDS} {LONG * 400}"},
        "other_mailbox": f"{CHINESE}@{DOMAIN}",
        "web": Web(status=302, location=f"https://{FAR_HOST}/{CHINESE}/\\\\qwfiles07\\x?u={CHINESE}", page=""),
    },
    "reply of SMTP, page in between, names": {
        "services": ("imaps", "submissions"),
        "turned_away": {"smtp": f"554 5.7.1 {IN_OTHER_WORDS}"},
        "known_answers": Web(status=200, page=page(IN_OTHER_WORDS)),
        "hosts": {"imap": ascii_name(FAR_HOST)},
        "hosts_file": (f"192.0.2.7 imap.{DOMAIN} {FAR_HOST}  # {IN_OTHER_WORDS}",),
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def computer(monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose name, home and account are known."""
    monkeypatch.setattr(socket, "gethostname", lambda: OWN_NAME)
    monkeypatch.setattr(Path, "home", lambda: Path(OWN_HOME))
    monkeypatch.setattr(getpass, "getuser", lambda: OWN_ACCOUNT)


def run(scenario: Scenario, **of_network: Any) -> Report:
    with Estate(scenario) as estate:
        request = request_for(estate, seconds=patient(20.0))
        network = msgspec.structs.replace(request.network, **of_network)
        return diagnose(msgspec.structs.replace(request, network=network)).report


def written(report: Report) -> Iterator[tuple[str, str]]:
    """Every format, with all that it can show; what shows less is held against facts in another module."""
    return ((name, rendered(name, report, RenderStyle(verbose=True))) for name in formats())


def hides_all(report: Report, kinds: tuple[Kind, ...] = (*PLANTED, *HERE)) -> None:
    strict = discreet(report, Presentation(redact="strict"))
    assert leaks(kinds, written(strict)) == []
    person = discreet(report, Presentation(redact=True))
    assert leaks(tuple(kind for kind in kinds if kind.of_person and told_apart(kind)), written(person)) == []


@pytest.mark.parametrize("name", INPUTS)
def test_what_comes_in_is_hidden(name: str) -> None:
    way = INPUTS[name]
    report = run(Scenario(id="planted", title="T", address=ADDRESS, **way.scenario))

    came = str(msgspec.to_builtins(report)).casefold()
    assert way.arrives in came
    assert way.arrives or len({kind for kind, _, _ in leaks(PLANTED, iter([("", came)]))}) >= 3
    hides_all(report)


@pytest.mark.parametrize("name", OTHER_INPUTS)
def test_what_comes_in_in_other_scripts_quotes_and_lengths_is_hidden(name: str) -> None:
    report = run(Scenario(id="planted", title="T", address=ADDRESS, **OTHER_INPUTS[name]))

    came = str(msgspec.to_builtins(report)).casefold()
    assert {kind for kind, _, _ in leaks(OTHERS, iter([("", came)]))} == {one.name for one in OTHERS}
    hides_all(report, (*OTHERS, *IN_SCRIPTS, *HERE))


def test_what_this_computer_is_set_to_is_hidden(tmp_path: Path) -> None:
    """A file of authorities in the person's home, and a proxy with a name and a password in it."""
    authority = tmp_path / OWN_HOME.lstrip("/") / f"{NAMED}.pem"
    with Estate(Scenario(id="planted", title="T", address=ADDRESS)) as estate:
        authority.parent.mkdir(parents=True)
        authority.write_bytes(estate.ca_file.read_bytes())
        request = request_for(estate, seconds=patient(20.0))
        network = msgspec.structs.replace(request.network, ca_file=authority)
        report = diagnose(msgspec.structs.replace(request, network=network)).report

    assert report.record is not None
    assert NAMED in report.record["ca_file"]
    strict = discreet(report, Presentation(redact="strict"))
    assert leaks((*PLANTED, *HERE), written(strict)) == []
