"""Who watches a strictly redacted run hears of no company either."""

from __future__ import annotations

import pytest

from diagnose.account.secret import Secret
from diagnose.model import CheckResult, Subject, Text, text
from diagnose.redaction.mask import Mask
from diagnose.running.after_asking import discreet_observer
from diagnose.running.request import Presentation, Redaction, Request

SUBJECT = Subject(domain="quimbyworks.example", address="zoe@quimbyworks.example", username="zoe")


class Watching:
    """Keeps the titles that it is told."""

    def __init__(self) -> None:
        self.titles: list[str] = []

    def planned(self, identity: str, title: Text) -> None:
        """A check will run."""
        self.titles.append(title.render())

    def started(self, identity: str) -> None:
        """Its probe has begun."""

    def finished(self, result: CheckResult) -> None:
        """It is over."""


@pytest.mark.parametrize(
    ("redaction", "told"),
    [
        (False, "•••: imap.quimbyworks.example is well"),
        (True, "•••: imap.quimbyworks.example is well"),
        ("strict", "•••: imap.domain-1.example is well"),
    ],
)
def test_progress_hides_what_the_report_hides(redaction: Redaction, told: str) -> None:
    watching = Watching()
    request = Request(subject=SUBJECT, presentation=Presentation(redact=redaction))
    observer = discreet_observer(watching, Mask([Secret("s3cret-word")]), request)
    said = {"host": "imap.quimbyworks.example", "words": "s3cret-word"}
    observer.planned("server.imap.993", text("{words}: {host} is well", **said))
    assert watching.titles == [told]
