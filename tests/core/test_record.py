"""The record of a run: complete, without a secret, and judged again to the same end; what is none is refused."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest

from diagnose.account.secret import Secret
from diagnose.knowledge.catalogue import hinders_only
from diagnose.model import NO_NEEDS, Check, Facts, Finding, Inputs, Skip, Subject, Text, text
from diagnose.model.picture import Picture
from diagnose.record.coding import RunRecordError, as_json, from_json
from diagnose.record.run import Asked, CheckRun, Run
from diagnose.redaction.discretion import masked_report
from diagnose.redaction.mask import Mask
from diagnose.redaction.redact import redact
from diagnose.running.chosen import every_check
from diagnose.running.reporting import report_of
from diagnose.running.request import Presentation
from diagnose.verdict.judging import judge_run
from tests.support.build import SUBJECT, service
from tests.support.record import record

IMAP, SMTP = service(), service("smtp", 465, host="out.corp.example")
LEFT = {check.id: check.facts for check in every_check()}


class Seen(Facts, frozen=True, kw_only=True):
    words: str = ""
    picture: Picture | None = None


def judge_seen(facts: Seen, inputs: Inputs, _target: object) -> tuple[Finding, ...]:
    sentence = text("{words} of {provider}, {count} services", words=facts.words, provider=inputs.provider or "nobody",
                    count=len(inputs.services))  # fmt: skip
    return (Finding(cause="server.fault", certainty="likely", text=sentence),)


SAYS: Check[Any] = Check(
    id="says",
    family="server",
    title="{domain} is well",
    each=Subject,
    facts=Seen,
    probe=lambda *_: Seen(),
    judge=judge_seen,
    needs=NO_NEEDS,
)


def of(*checks: CheckRun, **more: Any) -> Run:
    return record(*checks, services=(IMAP, SMTP), **more)


def test_what_was_known_when_the_probe_began_is_known_to_the_judge() -> None:
    """The provider of then and the services of then, not those of the end."""
    early = of(CheckRun(id="says", check="says", provider=None, services=1, facts=Seen(words="ok")), provider="qq-mail")
    (result,) = judge_run(early, (SAYS,), hinders_only)
    assert result.findings[0].text.render() == "ok of nobody, 1 services"


@pytest.mark.parametrize("words", ["one\r\ntwo\tthree", "\x1b[31m\u202e", "账号已锁定", "\x00", "a" * 20_000, "\ufffd"])
def test_words_come_back_whole(words: str) -> None:
    """Line ends and controls included: a reading may hang on them."""
    run = of(CheckRun(id="says", check="says", facts=Seen(words=words)))
    assert from_json(json.loads(json.dumps(as_json(run))), {"says": Seen}) == run


def test_pictures_stay_in_the_report() -> None:
    shown = Picture(media_type="image/png", width=1, height=1, data=b"png")
    plain = as_json(of(CheckRun(id="says", check="says", facts=Seen(picture=shown))))
    assert plain["checks"][0]["facts"]["picture"]["data"] == ""
    (left,) = from_json(plain, {"says": Seen}).checks
    assert left.facts.picture.data == b""


def test_a_check_that_is_not_known_here_is_left_out() -> None:
    plain = as_json(
        of(CheckRun(id="gone", check="gone", facts=Seen()), CheckRun(id="says", check="says", facts=Seen()))
    )
    run = from_json(plain, {"says": Seen})
    assert [result.id for result in judge_run(run, (SAYS,), hinders_only)] == ["says"]


def test_no_judge_asks_what_time_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that is judged in ten years says what it says today."""
    run = of(CheckRun(id="says", check="says", facts=Seen(words="ok")))
    before = judge_run(run, (SAYS,), hinders_only)
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    assert judge_run(run, (SAYS,), hinders_only) == before


GOOD = as_json(of(CheckRun(id="says", check="says", facts=Seen(words="ok"), skip=None)))


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 2},
        {"subject": None},
        {"services": [{"protocol": "telnet"}]},
        {"checks": [{"id": "says", "check": "says", "facts": {"words": 7}}]},
        {"checks": [{"id": "says", "check": "says", "fault": {"msgid": "{lost}", "args": {}}}]},
        {"checks": [{"id": "says", "check": "says", "skip": {"reason": {"msgid": "{0.__class__}", "args": {}}}}]},
        {"started_at": "yesterday"},
    ],
)
def test_what_is_no_record_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(RunRecordError):
        from_json(GOOD | changed, {"says": Seen})


@pytest.mark.parametrize("nothing", [None, [], {}, "record", 1])
def test_what_is_nothing_like_one_is_refused(nothing: object) -> None:
    with pytest.raises(RunRecordError):
        from_json(nothing, {})


def test_places_that_no_target_has_are_passed_over() -> None:
    strange: list[dict[str, Any]] = [
        {"id": "says", "check": "says", "place": place, "facts": {}} for place in (7, -1, "other.example")
    ]
    assert judge_run(from_json(GOOD | {"checks": strange}, {"says": Seen}), (SAYS,), hinders_only) == ()


# -- secrets and names

FAULT = text("internal fault: {kind} in {place}", kind="host-word", place="host.py:1")


def told(*checks: CheckRun, subject: Subject = SUBJECT) -> Any:
    return report_of(of(*checks, subject=subject, asked=Asked(login=False)), every_check(), Presentation())


@pytest.mark.parametrize("secret", ["internal", "place", "kind", "host-word", "{place}", "msgid", "args"])
def test_a_masked_record_can_still_be_judged(secret: str) -> None:
    """Whatever the password is a part of: placeholders and their names are ours."""
    report = masked_report(
        told(CheckRun(id="login", check="login", place=0, fault=FAULT)), Mask([Secret(secret)]), frozenset()
    )
    assert report.record is not None
    (left,) = from_json(report.record, LEFT).checks
    assert left.fault is not None
    said = left.fault.render()
    assert secret not in said.replace("{kind}", "").replace("{place}", "")


@pytest.mark.parametrize("local", ["host", "internal", "msgid", "place", "service", "mail"])
def test_a_redacted_record_can_still_be_judged(local: str) -> None:
    address = f"{local}@corp.example"
    subject = Subject(domain="corp.example", address=address, username=address)
    skip = Skip(reason=Text("{words}", {"words": f"mail for {address}"}))
    report = redact(told(CheckRun(id="login", check="login", place=0, skip=skip), subject=subject))
    assert report.record is not None
    run = from_json(report.record, LEFT)
    assert run.subject.address == "user-1@corp.example"
    assert address not in json.dumps(report.record)
    again = report_of(run, every_check(), Presentation())
    assert msgspec.structs.replace(again, record=None).verdict == report.verdict
