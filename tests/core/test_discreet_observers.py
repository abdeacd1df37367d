"""Who watches a strictly redacted run hears of no company either."""

from __future__ import annotations

import pytest

from diagnose.account.secret import Secret
from diagnose.model import CheckResult, Finding, Skip, Subject, Text, text
from diagnose.redaction.mask import Mask
from diagnose.running.after_asking import discreet_observer
from diagnose.running.request import Presentation, Redaction, Request

SUBJECT = Subject(domain="quimbyworks.example", address="zoe@quimbyworks.example", username="zoe")


class Watching:
    """Keeps the titles that it is told, and whatever else is said of a check."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.said: list[str] = []

    def planned(self, identity: str, title: Text) -> None:
        """A check will run."""
        self.titles.append(title.render())

    def started(self, identity: str) -> None:
        """Its probe has begun."""

    def finished(self, result: CheckResult) -> None:
        """It is over."""
        because = result.skipped_because
        told = (result.title, because and because.reason, result.left_open, *(one.text for one in result.findings))
        self.said += [one.render() for one in told if one]


def _hears(planned: Text, said: Text) -> Watching:
    """What is heard of a check that was *planned* so, and of which *said* is said wherever something can be."""
    watching = Watching()
    observer = discreet_observer(watching, Mask([Secret("s3cret-word")]), Request(subject=SUBJECT))
    observer.planned("company.vpn", planned)
    observer.finished(
        CheckResult(
            id="company.vpn",
            check="company.vpn",
            family="plugin",
            title=planned,
            target=SUBJECT,
            status="error",
            skipped_because=Skip(reason=said),
            findings=(Finding(cause="server.fault", certainty="likely", text=said),),
            left_open=said,
        )
    )
    return watching


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


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (Text("the gateway refused s3cret-word"), "the gateway refused •••"),
        (text("{who} refused s3cret-word of {mailbox}", who="it", mailbox="zoe"), "it refused ••• of zoe"),
        (text("{why}.", why=Text("czNjcmV0LXdvcmQ= was refused")), "••• was refused."),  # the word in base64
    ],
)
def test_a_secret_that_another_packages_check_puts_into_its_own_sentences_is_not_heard(said: Text, told: str) -> None:
    """Such a sentence is in no catalogue of ours, so nobody knows where the hole in it comes from."""
    watching = _hears(said, said)
    assert watching.titles == [told]
    assert watching.said == [told] * 4


def test_our_own_sentences_stay_whole_where_the_secret_is_a_word_of_them() -> None:
    """Everybody knows them, and a hole would tell which of their words the secret is."""
    sentence = text("The DNS resolver answers")
    watching = Watching()
    observer = discreet_observer(watching, Mask([Secret("resolver")]), Request(subject=SUBJECT))
    observer.planned("dns.resolver", sentence)
    assert watching.titles == [sentence.render()]
