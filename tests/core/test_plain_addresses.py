"""Plain addresses are taken apart here; they come out as the library for all others would have them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.account import subject
from diagnose.account.subject import SubjectError, parse_subject
from diagnose.model import Subject
from tests.pace import patient

LOCAL = st.text("abzAZ09!#$%&'*+-/=?^_`{|}~.", min_size=1, max_size=66)
LABEL = st.text("abxnZ019-", min_size=1, max_size=6) | st.sampled_from(
    ["local", "localhost", "test", "xn--p1ai", "example", "invalid", "onion", "arpa", "internal", "a" * 63, "a" * 64]
)


def by_the_library(typed: str) -> Subject | None:
    with patch.object(subject, "_PLAIN", re.compile("(?!)")):
        try:
            return parse_subject(typed)
        except SubjectError:
            return None


@given(LOCAL, st.lists(LABEL, min_size=1, max_size=5))
def test_what_is_plain_is_what_the_library_makes_of_it(local: str, labels: list[str]) -> None:
    typed = f"{local}@{'.'.join(labels)}"

    if subject._PLAIN.fullmatch(typed):
        assert parse_subject(typed) == by_the_library(typed)


@pytest.mark.parametrize("typed", ["alice@corp.example", "First.Last+tag@Mail.Corp.Example", "o'neil@mail.local"])
def test_most_addresses_are_plain(typed: str) -> None:
    assert subject._PLAIN.fullmatch(typed)


@pytest.mark.parametrize(
    "typed",
    ["a@b", "a..b@c.test", ".a@c.test", "a@-c.test", "a@c-.test", "a@ab--cd.test", "a@c.test.", "a@c.1", "é@c.test",
     "a@é.test", '"a b"@c.test', "a@[127.0.0.1]", "a@c.test\n", " a@c.test", f"{'a' * 65}@c.test",
     f"a@{'.'.join(['a' * 63] * 4)}"],
)  # fmt: skip
def test_whatever_else_is_left_to_the_library(typed: str) -> None:
    assert not subject._PLAIN.fullmatch(typed)


def test_the_library_is_not_loaded_for_a_plain_one() -> None:
    code = (
        "import sys; from diagnose.account.subject import parse_subject; parse_subject('alice@corp.example');"
        "print('email_validator' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=patient(30), check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip

    assert done.stdout == "False\n"
