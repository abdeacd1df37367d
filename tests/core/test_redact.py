"""Redaction hides the person and this computer in every part of a report, and breaks none."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.model import report as model
from diagnose.model.report import Report
from diagnose.network import Vantage
from diagnose.redaction.redact import ADDRESS, COMPUTER, FOLDER, USER, redact
from tests.reports.samples import SAMPLES, wrong_password

real_addresses = Vantage.own_addresses
OWN_NAME, OWN_ADDRESS, OWN_FOLDER = "alices-laptop", "192.0.2.77", "/home/alice-b"


@pytest.fixture(autouse=True)
def computer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer with a name, an address and a home, where nothing can be looked up."""

    def looked_up(*_: object, **__: object) -> Any:
        raise AssertionError("redaction asks nobody")

    monkeypatch.setattr(socket, "gethostname", lambda: OWN_NAME)
    for name in ("getfqdn", "gethostbyaddr", "gethostbyname", "getaddrinfo"):
        monkeypatch.setattr(socket, name, looked_up)
    monkeypatch.setattr(Vantage, "own_addresses", lambda _: frozenset({OWN_ADDRESS}))
    monkeypatch.setattr(Path, "home", lambda: Path(OWN_FOLDER))


def about(address: str | None = "alice.b@corp.example", username: str | None = None, said: str = "") -> Report:
    """A report in which *said* stands in every place that words of others reach."""
    report = wrong_password()
    subject = msgspec.structs.replace(report.subject, address=address, username=username or address)
    cause, check = report.verdict.causes[0], report.checks[0]
    evidence = model.Evidence(check="login.imap.993", text=said, data={"reply": said, "deep": [{"er": [said]}]})
    verdict = msgspec.structs.replace(
        report.verdict,
        headline=said,
        causes=(msgspec.structs.replace(cause, evidence=(evidence,), summary=said),),
        unchecked=(said,),
    )
    found = model.ReportFinding(cause="credentials.rejected", certainty="likely", text=said)
    facts = {"name": said, "hops": [{"url": f"https://web.example/?u={said}"}]}
    check = msgspec.structs.replace(check, skipped_because=said, findings=(found,), facts=facts)
    return msgspec.structs.replace(report, subject=subject, verdict=verdict, checks=(check,))


def shown(report: Report) -> str:
    return msgspec.json.encode(report).decode()


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        ("alice.b", USER),
        ("Alice.B", USER),
        ("alice.b@corp.example", f"{USER}@corp.example"),
        ("<alice.b>", f"<{USER}>"),
        ("NO LOGIN alice.b failed", f"NO LOGIN {USER} failed"),
        ("malice.b", "malice.b"),
        ("alice.bc", "alice.bc"),
        (OWN_NAME, COMPUTER),
        (OWN_NAME.upper() + ".corp.example", f"{COMPUTER}.corp.example"),
        (OWN_ADDRESS, ADDRESS),
        (f"[{OWN_ADDRESS}]:25", f"[{ADDRESS}]:25"),
        ("192.0.2.7", "192.0.2.7"),
        (f"{OWN_FOLDER}/.config", f"{FOLDER}/.config"),
        ("corp.example", "corp.example"),
    ],
)
def test_words_about_the_person_are_replaced_everywhere(said: str, hidden: str) -> None:
    """Whole words, in any letter case, wherever they stand; the rest stays readable."""
    clean = redact(about(said=said))

    assert clean == redact(about(said=hidden))
    assert clean.verdict.headline == hidden
    assert clean.checks[0].facts == {"name": hidden, "hops": [{"url": f"https://web.example/?u={hidden}"}]}
    assert clean.subject.address == f"{USER}@corp.example"


@pytest.mark.parametrize("username", ["CORP\\ab123", "ab123", "ab123@intern.example"])
def test_another_user_name_is_hidden_too(username: str) -> None:
    """As a whole."""
    assert "ab123" not in shown(redact(about(username=username, said=f"no such user {username}")))


def test_a_domain_has_no_person_to_hide() -> None:
    """The computer is hidden all the same."""
    clean = redact(about(address=None, said=f"{OWN_NAME} at {OWN_ADDRESS}"))

    assert clean.verdict.headline == f"{COMPUTER} at {ADDRESS}"
    assert clean.subject.address is None


def literals(kind: Any, seen: set[type]) -> set[str]:
    """Every word that a field of a report can only be one of."""
    if get_origin(kind) is Literal:
        return {word for word in get_args(kind) if isinstance(word, str)}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind in seen:
            return set()
        seen.add(kind)
        return set().union(*(literals(hint, seen) for hint in get_type_hints(kind).values()))
    return set().union(*(literals(part, seen) for part in get_args(kind)))


@pytest.mark.parametrize("word", sorted({"en", "diagnose", "tls", "login", *literals(Report, set())}))
@pytest.mark.parametrize("sample", list(SAMPLES))
def test_a_person_called_like_a_word_of_ours_breaks_no_report(word: str, sample: str) -> None:
    """imap@, server@, ok@: what programs read stays what it was."""
    made = SAMPLES[sample]
    report = made() if callable(made) else made
    subject = msgspec.structs.replace(report.subject, address=f"{word}@corp.example", username=f"{word}@corp.example")
    clean = redact(msgspec.structs.replace(report, subject=subject))

    assert (clean.tool, clean.lang, clean.verdict.status) == (report.tool, report.lang, report.verdict.status)
    assert [s.name for s in clean.path] == [s.name for s in report.path]
    assert [s.state for s in clean.path] == [s.state for s in report.path]
    assert [(c.id, c.family, c.status) for c in clean.checks] == [(c.id, c.family, c.status) for c in report.checks]


@pytest.mark.parametrize(
    ("local", "said"), [("mia", "mıa"), ("kim", "\u212aim"), ("jas", "jaſ"), ("straße", "STRASSE")]
)
def test_letters_that_only_resemble_the_name_are_no_fault(local: str, said: str) -> None:
    """A server may write the name with letters that Unicode calls the same but for case."""
    clean = redact(about(address=f"{local}@corp.example", said=f"no user {said}"))

    assert local not in shown(clean)


@pytest.mark.parametrize("home", ["/", "."])
def test_a_home_that_is_no_folder_of_the_person_is_not_hidden(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service account has / for a home; addresses of pages stay whole."""
    monkeypatch.setattr(Path, "home", lambda: Path(home))

    assert redact(about(said="https://web.example/login")).verdict.headline == "https://web.example/login"


def test_no_home_at_all_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may have none."""

    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", none)

    assert redact(about(said="x")).verdict.headline == "x"


def test_where_nothing_is_to_be_hidden_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A domain, from a computer without name, address and home."""
    monkeypatch.setattr(socket, "gethostname", lambda: "localhost")
    monkeypatch.setattr(Vantage, "own_addresses", lambda _: frozenset())
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    report = about(address=None, said="x")

    assert redact(report) == report


def test_redacting_twice_changes_nothing() -> None:
    """The pseudonyms are stable."""
    clean = redact(about(said=f"alice.b {OWN_NAME} {OWN_ADDRESS} {OWN_FOLDER}/x"))

    assert redact(clean) == clean


@settings(max_examples=200, deadline=None)
@given(
    local=st.text(st.characters(categories=["L", "N"]), min_size=3, max_size=12).filter(str.isidentifier),
    before=st.sampled_from(["", " ", "<", "(", "=", "/", ":", "“"]),
    after=st.sampled_from(["", " ", ">", "@x.example", ".", ":", ",", "%40x"]),
)
def test_no_local_part_survives(local: str, before: str, after: str) -> None:
    """Whatever stands around it, except letters and digits."""
    clean = redact(about(address=f"{local}@corp.example", said=before + local + after))

    assert clean.verdict.headline == before + USER + after or local.casefold() in USER


def test_own_addresses_are_learnt_without_sending() -> None:
    """By asking the kernel which it would use; never loopback."""
    assert not any(address.startswith("127.") or address == "::1" for address in real_addresses(Vantage()))
