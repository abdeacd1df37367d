"""Which names a word is like."""

from __future__ import annotations

import pytest

from diagnose.model.likeness import close_names

NAMES = ("dns", "tls", "web", "login", "login.mailbox", "zh-Hans", "imap", "pop3")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("tsl", "tls"),  # two neighbours in the wrong order
        ("dnss", "dns"),  # one too many
        ("logn", "login"),  # one too few
        ("wab", "web"),  # a wrong one
        ("TLS", "tls"),
        (" dns ", "dns"),
        ("zh-hans", "zh-Hans"),
        ("login.mailbx", "login.mailbox"),
    ],
)
def test_one_slip_of_a_key_is_enough(word: str, meant: str) -> None:
    assert close_names(word, NAMES, alike=0.9)[0] == meant


def test_the_likest_is_named_before_what_is_one_slip_away_too() -> None:
    assert close_names("bsh", ("bash", "zsh", "fish"), 1) == ["bash"]


@pytest.mark.parametrize("word", ["", "x", "xyz", "slt", "network", "tl" * 100_000, "dns tls"])
def test_what_is_like_none_is_taken_for_none(word: str) -> None:
    assert close_names(word, NAMES, alike=0.9) == []


def test_no_more_than_asked_for_are_named_each_once() -> None:
    names = ("cert-expired", "cert-expiring", "service-expired")

    assert close_names("cert-expird", names) == ["cert-expired", "cert-expiring", "service-expired"]
    assert close_names("cert-expird", names, 1) == ["cert-expired"]
