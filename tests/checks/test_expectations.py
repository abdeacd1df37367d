"""What is expected of a domain: how values are read, and when what was found differs from them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from checks.expectation import certificates, mx, provider, servers, tls
from checks.expectation.compared import CAUSE, Compared, Measured
from checks.expectation.servers import ComparedServers, FoundServer
from diagnose.model import Finding, Inputs
from diagnose.model.text import TextError
from diagnose.running.expected import MOST_VALUES, ExpectationError, expectable, expectations
from tests.support.build import SUBJECT

INPUTS = Inputs(subject=SUBJECT, provider=None, services=())


def judged(check: Any, facts: Any) -> list[Finding]:
    findings = list(check.judge(facts, INPUTS, SUBJECT))
    assert all(one.cause == CAUSE and one.certainty == "confirmed" for one in findings)
    return findings


# -- how values are read


@pytest.mark.parametrize(
    ("words", "read"),
    [
        (["mx=MX1.corp.example."], {"mx": ("mx1.corp.example",)}),
        (["mx=a.example", "mx=b.example", "MX = a.example"], {"mx": ("a.example", "b.example")}),
        (["mx=a.example, b.example,"], {"mx": ("a.example", "b.example")}),
        (["mx=bücher.example"], {"mx": ("xn--bcher-kva.example",)}),
        (["imap=imap.corp.example:993"], {"imap": ("imap.corp.example:993",)}),
        (["imap＝imap.corp.example：９９３"], {"imap": ("imap.corp.example:993",)}),
        (["cert-days=２１"], {"cert-days": ("21",)}),
        (["mx=a.example，b.example"], {"mx": ("a.example", "b.example")}),
        (["imap=imap.corp.example"], {"imap": ("imap.corp.example:993",)}),
        (["imap=imap://imap.corp.example"], {"imap": ("imap.corp.example:143",)}),
        (["smtp=smtps://mail.corp.example:4650"], {"smtp": ("mail.corp.example:4650",)}),
        (["webmail=https://webmail.corp.example/login"], {"webmail": ("webmail.corp.example:443",)}),
        (["imap=[2001:db8::1]:993"], {"imap": ("[2001:db8::1]:993",)}),
        (["imap=192.0.2.1:143"], {"imap": ("192.0.2.1:143",)}),
        (["provider=Gmail"], {"provider": ("google",)}),
        (["cert-days=021"], {"cert-days": ("21",)}),
        (["tls=TLSv1.2"], {"tls": ("1.2",)}),
        (["tls=tls 1.3", "cert-days=7"], {"tls": ("1.3",), "cert-days": ("7",)}),
        ([], {}),
    ],
)
def test_words_are_read_as_people_write_them(words: list[str], read: dict[str, tuple[str, ...]]) -> None:
    assert expectations(words) == read


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("mx", "names no value; for example: mx=mx.corp.example"),
        ("mx=", "names no value"),
        ("mx=,,", "names no value"),
        ("mx=a b", "“a b” is not a domain name; for example: mx="),
        ("spf=pass", "nothing is called “spf” that can be expected; there are"),
        ("pop=mail.corp.example", "did you mean pop3?"),
        ("=993", "nothing is called “”"),
        ("", "nothing is called “”"),
        ("imap=host:0", "is not a server"),
        ("imap=host:99999", "is not a server"),
        ("imap=smtp://mail.corp.example", "is not a server"),
        ("imap=http://[::1", "is not a server"),
        ("imap=a:b:c", "is not a server"),
        ("provider=gmial", "did you mean gmail"),
        ("cert-days=0", "is not a number of days from 1 to 3650"),
        ("cert-days=-3", "is not a number of days"),
        ("cert-days=٣", "is not a number of days"),
        ("cert-days=1e3", "is not a number of days"),
        ("tls=4", "is none of the TLS versions 1.0, 1.1, 1.2, 1.3"),
        ("tls=SSLv3", "is none of the TLS versions"),
        ("mx=" + "a," * 1_000_000, "names no value"),
        ("tls=" + "9" * 1_000_000, "names no value"),
        ("x" * 1_000_000, "nothing is called"),
        ("tls=\x1b[31m\n|", "is none of the TLS versions"),
    ],
)
def test_what_is_no_expectation_is_told_with_what_would_be_one(word: str, told: str) -> None:
    with pytest.raises(ExpectationError) as refused:
        expectations([word])

    sentence = str(refused.value)
    assert told in sentence
    assert len(sentence) < 1500
    assert sentence.isprintable()


def test_a_password_in_a_server_is_not_repeated() -> None:
    with pytest.raises(ExpectationError, match="without any user name or password") as refused:
        expectations(["imap=imaps://alice:hunter2@imap.corp.example"])

    assert "hunter2" not in str(refused.value)


def test_there_is_a_bound_of_values() -> None:
    many = [f"mx=mx{number}.example" for number in range(MOST_VALUES + 1)]

    assert len(expectations(many[:-1])["mx"]) == MOST_VALUES
    with pytest.raises(ExpectationError, match="more than"):
        expectations(many)


def test_every_example_is_one() -> None:
    for one in expectable().values():
        assert one.example is None or one.read(one.example) == one.example
        with pytest.raises(TextError):
            one.read("!")


# -- when what was found differs


@pytest.mark.parametrize(
    ("expected", "found", "drifts"),
    [
        (("a.example",), ("a.example",), False),
        (("a.example", "b.example"), ("b.example", "a.example"), False),
        (("a.example",), ("b.example",), True),
        (("a.example",), ("a.example", "b.example"), True),
        (("a.example", "b.example"), ("a.example",), True),
        (("a.example",), (), True),
    ],
)
def test_mail_goes_to_the_hosts_expected_and_to_no_other(
    expected: tuple[str, ...], found: tuple[str, ...], drifts: bool
) -> None:
    facts = mx.MxExpectation(mx=Compared(name="mx", expected=expected, found=found))
    findings = judged(mx.CHECK, facts)

    assert bool(findings) == drifts
    for one in findings:
        assert one.data == {"expectation": "mx", "expected": [*expected], "found": [*found]}
        assert ", ".join(expected) in one.text.render()
        assert (", ".join(found) or "nothing") in one.text.render()


def test_without_an_answer_of_dns_nothing_is_met_and_nothing_drifts() -> None:
    facts = mx.MxExpectation(mx=Compared(name="mx", expected=("a.example",), certain=False))

    assert judged(mx.CHECK, facts) == []
    assert mx.CHECK.untold(facts)
    assert mx.CHECK.left_open(facts)


@pytest.mark.parametrize(
    ("expected", "found", "certain", "drifts"),
    [
        (("google",), ("google",), True, False),
        (("google", "qq-mail"), ("qq-mail",), True, False),
        (("google",), ("qq-mail",), True, True),
        (("google",), (), True, True),
        (("google",), (), False, False),
    ],
)
def test_the_provider_is_one_of_those_expected(
    expected: tuple[str, ...], found: tuple[str, ...], certain: bool, drifts: bool
) -> None:
    compared = Compared(name="provider", expected=expected, found=found, certain=certain)
    facts = provider.ProviderExpectation(provider=compared)

    assert bool(judged(provider.CHECK, facts)) == drifts
    assert (provider.CHECK.left_open(facts) is None) == certain


ONE, TWO = "imap.corp.example:993", "imap2.corp.example:993"
SPOKE = FoundServer(place=ONE, named=True, connected=True, verified=True, greeted=True)
"""It was seen at work, and is what is expected."""
OTHER = replace(SPOKE, place=TWO)


@pytest.mark.parametrize(
    ("expected", "seen", "certain", "drifts", "told"),
    [
        ((ONE,), (SPOKE,), True, False, True),
        ((ONE,), (SPOKE, OTHER), True, False, True),
        ((ONE, TWO), (SPOKE, OTHER), True, False, True),
        ((ONE,), (OTHER,), True, True, True),
        ((ONE, TWO), (OTHER,), True, True, True),
        ((ONE,), (), True, True, True),
        ((ONE,), (replace(SPOKE, connected=False),), True, False, False),
        ((ONE,), (replace(SPOKE, verified=False),), True, False, False),
        ((ONE,), (replace(SPOKE, greeted=False),), True, False, False),
        ((ONE,), (replace(SPOKE, greeted=None, opened=False),), True, False, False),
        ((ONE,), (replace(SPOKE, greeted=None, opened=True),), True, False, True),
        ((ONE,), (replace(SPOKE, verified=None),), True, False, True),
        ((ONE,), (replace(SPOKE, greeted=False), SPOKE), True, False, True),  # it speaks in one of two TLS modes
        ((ONE,), (replace(SPOKE, named=False),), True, False, True),
        ((ONE,), (replace(SPOKE, named=False, greeted=False),), True, False, False),
        ((ONE,), (replace(OTHER, named=False, greeted=False),), True, True, True),
        ((ONE,), (replace(OTHER, named=False, greeted=False),), False, False, False),
        ((ONE,), (replace(SPOKE, greeted=False), replace(OTHER, greeted=False)), True, False, False),
        ((ONE,), (), False, False, False),
        ((ONE,), (OTHER,), False, True, True),
    ],
)
def test_the_servers_expected_are_found_and_at_work(
    expected: tuple[str, ...], seen: tuple[FoundServer, ...], certain: bool, drifts: bool, told: bool
) -> None:
    """One that does not answer is no drift, and its expectation is not met either."""
    compared = ComparedServers(name="imap", expected=expected, servers=seen, certain=certain)
    facts = servers.ServersExpectation(protocols=(compared,))

    assert bool(judged(servers.CHECK, facts)) == drifts
    assert (servers.CHECK.untold(facts) is None) == told
    assert (servers.CHECK.left_open(facts) is None) == told


@pytest.mark.parametrize(
    ("saved", "drifts", "told"),
    [
        ({"found": [ONE], "unseen": []}, False, True),
        ({"found": [TWO], "unseen": []}, True, True),
        ({"found": [], "unseen": [ONE]}, False, False),
        ({"found": [TWO], "unseen": [ONE, TWO]}, False, False),
        ({"found": [], "unseen": [], "certain": False}, False, False),
        ({"found": [TWO], "unseen": [TWO]}, True, True),
    ],
)
def test_reports_of_earlier_versions_are_judged_as_they_were(saved: dict[str, Any], drifts: bool, told: bool) -> None:
    """They kept which servers were at work, and not how far each conversation came."""
    values = {"protocols": [{"name": "imap", "expected": [ONE], **saved}]}
    facts = msgspec.convert(values, servers.ServersExpectation)

    assert bool(judged(servers.CHECK, facts)) == drifts
    assert (servers.CHECK.untold(facts) is None) == told


@pytest.mark.parametrize(
    ("expected", "days", "drifts", "told"),
    [
        (("21",), ("21", "400"), 0, True),
        (("21",), ("20", "400"), 1, True),
        (("9",), ("10",), 0, True),  # as numbers, not as words
        (("21",), ("-3", "0"), 2, True),
        (("7", "21"), ("14",), 1, True),
        (("21",), ("30", None), 0, False),
        (("21",), (), 0, False),
    ],
)
def test_every_certificate_is_valid_long_enough(
    expected: tuple[str, ...], days: tuple[str | None, ...], drifts: int, told: bool
) -> None:
    measured = tuple(Measured(place=f"mail{number}.example:993", value=value) for number, value in enumerate(days))
    facts = certificates.CertificatesExpectation(expected=expected, servers=measured)

    assert len(judged(certificates.CHECK, facts)) == drifts
    assert (certificates.CHECK.untold(facts) is None) == told


@pytest.mark.parametrize(
    ("expected", "versions", "drifts", "told"),
    [
        (("1.2",), ("1.2", "1.3"), 0, True),
        (("1.3",), ("1.2", "1.3"), 1, True),
        (("1.2",), ("1.0", "1.1", "SSL 3"), 3, True),
        (("1.2",), ("none",), 1, True),
        (("1.2", "1.3"), ("1.2",), 1, True),
        (("1.2",), ("1.3", None), 0, False),
    ],
)
def test_every_server_speaks_tls_that_is_new_enough(
    expected: tuple[str, ...], versions: tuple[str | None, ...], drifts: int, told: bool
) -> None:
    measured = tuple(Measured(place=f"mail{number}.example:993", value=value) for number, value in enumerate(versions))
    facts = tls.TlsExpectation(expected=expected, servers=measured)

    assert len(judged(tls.CHECK, facts)) == drifts
    assert (tls.CHECK.untold(facts) is None) == told
