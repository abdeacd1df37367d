"""SRV answers taken together."""

from __future__ import annotations

from typing import Literal

from diagnose.discovery import srv
from diagnose.network import DnsAnswer

Status = Literal["answered", "no_data", "name_not_found", "server_failure", "timed_out"]


def _answer(*records: str, status: Status = "answered") -> DnsAnswer:
    return DnsAnswer(name="x", record_type="SRV", status=status, records=records)


NONE = _answer(status="name_not_found")


def _found(**answers: DnsAnswer) -> list[tuple[str, str, int, str]]:
    result = srv.read("corp.example", [(f"_{label}", answer) for label, answer in answers.items()])
    return [(s.protocol, s.host, s.port, s.tls) for s in result.services]


def test_labels_give_protocol_and_tls_mode_implicit_first() -> None:
    assert _found(
        imap=_answer("0 1 143 mail.corp.example."),
        imaps=_answer("0 1 993 mail.corp.example."),
        submission=_answer("0 1 587 Out.corp.example."),
        submissions=_answer("0 1 465 out.corp.example."),
    ) == [
        ("imap", "mail.corp.example", 993, "implicit"),
        ("imap", "mail.corp.example", 143, "starttls"),
        ("smtp", "out.corp.example", 465, "implicit"),
        ("smtp", "out.corp.example", 587, "starttls"),
    ]


def test_priority_then_weight_and_at_most_three() -> None:
    records = _answer("10 0 993 d.example.", "0 1 993 b.example.", "0 9 993 a.example.", "5 0 993 c.example.")
    assert [host for _, host, _, _ in _found(imaps=records)] == ["a.example", "b.example", "c.example"]


def test_a_dot_means_not_offered_unless_another_label_offers_it() -> None:
    """RFC 6186 §3.4"""
    no = _answer("0 0 0 .")
    result = srv.read(
        "corp.example", [("_imap", no), ("_imaps", _answer("0 1 993 m.example.")), ("_pop3", no), ("_pop3s", NONE)]
    )
    assert result.absent == ("pop3",)
    assert [s.protocol for s in result.services] == ["imap"]


def test_one_label_that_fails_does_not_spoil_the_others() -> None:
    result = srv.read(
        "corp.example",
        [("_imaps", _answer("0 1 993 m.example.")), ("_submissions", _answer(status="server_failure"))],
    )
    assert (result.status, len(result.services)) == ("found", 1)
    assert "_submissions" in result.text


def test_not_found_out_is_not_nothing() -> None:
    assert srv.read("corp.example", [("_imaps", _answer(status="timed_out")), ("_pop3s", NONE)]).status == "failed"
    assert srv.read("corp.example", [("_imaps", NONE), ("_pop3s", _answer(status="no_data"))]).status == "nothing"


def test_a_record_that_cannot_be_used_is_left_out() -> None:
    assert _found(imaps=_answer("0 1 0 m.example.", r"0 1 993 a\032b.example.")) == []


def test_known_servers_give_the_provider_away() -> None:
    result = srv.read("corp.example", [("_imaps", _answer("0 1 993 imap.gmail.com."))])
    assert result.provider == "google"
