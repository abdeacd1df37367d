"""A secret gives nothing away, and no text that passed the mask holds it in any form that a server may echo."""

from __future__ import annotations

import ast
import base64
import copy
import html
import json
import pickle
import traceback
import urllib.parse
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diagnose.account.secret import MASK, Secret
from tests.pace import working
from tests.support.sources import all_modules

WORD = 'pa"ss\\w0rd&<é>'

SECRETS = st.one_of(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=40),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=40),
).filter(lambda word: word.strip() == word and not set(word) <= set(MASK))
AROUND = st.text("ab \r\n:=\"'<>[]().,", max_size=30)


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{:>40}".format,
        "{!r}".format,
        "{!s}".format,
        lambda s: f"{s}",
        lambda s: "%s %r" % (s, s),  # noqa: UP031 - the old way of formatting must show nothing either
        lambda s: repr([s, {"a": s}]),
        lambda s: str(ValueError(s)),
    ],
)
def test_no_way_of_showing_it_tells_anything(show: Callable[[Secret], str]) -> None:
    """What is shown does not depend on the secret, so not even its length can be told."""
    assert show(Secret(WORD)) == show(Secret("x"))


@pytest.mark.parametrize(
    "write",
    [
        pickle.dumps,
        lambda s: pickle.dumps(s, protocol=0),
        lambda s: pickle.dumps(s, protocol=2),
        copy.copy,
        copy.deepcopy,
        json.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
        bytes,
        len,
        iter,
        vars,
    ],
)
def test_it_is_not_written_anywhere(write: Callable[[Any], object]) -> None:
    """Every way of serialising, copying or taking it apart fails, with a message that holds nothing of it."""
    with pytest.raises(TypeError) as refused:
        write(Secret(WORD))
    assert WORD not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_says_why_not(protocol: int) -> None:
    """In the sentence that is meant for it."""
    with pytest.raises(TypeError, match="a secret is not written anywhere"):
        pickle.dumps(Secret(WORD), protocol)


def test_only_few_places_look_at_a_secret() -> None:
    """What sends it, what looks at it on this computer, and the mask; whoever else does needs a reason to be here."""
    callers = {
        source.name
        for source in all_modules()
        for node in source.nodes
        if isinstance(node, ast.Attribute) and node.attr == "reveal"
    }

    assert callers == {
        "checks/login/mechanism.py",
        "checks/credentials/password.py",
        "checks/sessions/imap.py",
        "checks/sessions/jmap.py",
        "checks/sessions/pop3.py",
        "checks/sessions/sasl.py",
        "diagnose/cli/password_check.py",
        "diagnose/account/history.py",
        "diagnose/redaction/mask.py",
    }


def test_it_equals_only_itself() -> None:
    """Comparing cannot be used to try words out."""
    one = Secret(WORD)
    assert one == one
    assert one != Secret(WORD)
    assert one != WORD
    assert len({one, Secret(WORD)}) == 2


def test_a_traceback_with_all_variables_shows_nothing() -> None:
    """Even a reporter that prints local variables prints the mask."""
    word = WORD

    def fail(secret: Secret) -> None:
        raise RuntimeError(f"with {secret}")

    with pytest.raises(RuntimeError) as failed:
        fail(Secret(word))
    shown = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    assert shown.stack[-1].locals == {"secret": f"Secret({MASK})"}
    assert WORD not in str(failed.value)


def test_reveal_is_the_secret() -> None:
    """The login probe gets exactly what was typed."""
    assert Secret(WORD).reveal() == WORD


def test_an_empty_secret_masks_nothing() -> None:
    """There is nothing to hide, and a mask between all letters would hide everything."""
    assert Secret("").masked_in("LOGIN failed") == "LOGIN failed"


FORMS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "upper": lambda w: "".join(c.upper() if len(c.upper()) == 1 and c.upper().lower() == c else c for c in w),
    "lower": lambda w: "".join(c.lower() if len(c.lower()) == 1 and c.lower().upper() == c else c for c in w),
    "imap": lambda w: w.replace("\\", "\\\\").replace('"', '\\"'),
    "percent": urllib.parse.quote,
    "percent, slash too": lambda w: urllib.parse.quote(w, safe=""),
    "percent, lower case digits": lambda w: urllib.parse.quote(w, safe="").lower(),
    "percent, as browsers do": lambda w: urllib.parse.quote(w, safe="!*'()"),
    "form": urllib.parse.quote_plus,
    "html": html.escape,
    "html, quotes kept": lambda w: html.escape(w, quote=False),
    "html, numbers": lambda w: "".join(f"&#{ord(c)};" if c in "<>&\"'" else c for c in w),
    "json": lambda w: json.dumps(w)[1:-1],
    "json, unicode": lambda w: json.dumps(w, ensure_ascii=False)[1:-1],
}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=150, deadline=None)
@given(word=SECRETS, before=AROUND, after=AROUND)
def test_no_written_form_of_it_gets_through(form: str, word: str, before: str, after: str) -> None:
    """However a server quotes what it was sent, the mask stands in its place."""
    written = FORMS[form](word)

    masked = Secret(word).masked_in(before + written + after)

    assert written not in masked.replace(MASK, "\0")
    assert MASK in masked


SASL: dict[str, Callable[[bytes], bytes]] = {
    "PLAIN": lambda s: b"\0alice@corp.example\0" + s,
    "PLAIN with an authorisation identity": lambda s: b"alice\0alice@corp.example\0" + s,
    "LOGIN": lambda s: s,
    "XOAUTH2": lambda s: b"user=alice@corp.example\1auth=Bearer " + s + b"\1\1",
    "OAUTHBEARER": lambda s: b"n,a=alice@corp.example,\1auth=Bearer " + s + b"\1\1",
}


@pytest.mark.parametrize("mechanism", SASL)
@settings(max_examples=100, deadline=None)
@given(word=SECRETS, shift=st.integers(0, 3), rest=st.binary(max_size=9), urlsafe=st.booleans(), padded=st.booleans())
def test_no_base64_of_it_gets_through(
    mechanism: str, word: str, shift: int, rest: bytes, urlsafe: bool, padded: bool
) -> None:
    """A SASL answer that is echoed is masked at every alignment, within longer base64, with and without padding."""
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    written = encode(b"x" * shift + SASL[mechanism](word.encode()) + rest).decode()
    if not padded:
        written = written.rstrip("=")
    assume(word.casefold() not in "-err bad argument , sorry")  # what is masked there, too

    masked = Secret(word).masked_in(f"-ERR bad argument {written}, sorry")

    assert masked == f"-ERR bad argument {MASK}, sorry"


@settings(max_examples=300, deadline=None)
@given(word=SECRETS, front=st.integers(0, 3), behind=st.integers(0, 6))
def test_base64_cut_anywhere_behind_the_secret_is_masked(word: str, front: int, behind: int) -> None:
    """A server that echoes a part of the line cuts it where it likes; what still holds the secret whole is hidden."""
    written = base64.b64encode(b"\0alice\0" + word.encode() + b"\1more and more").decode()
    last = -(-4 * (7 + len(word.encode())) // 3)
    cut = written[front : last + behind]

    assert Secret(word).masked_in(f"500 {cut}") == f"500 {MASK}"


@pytest.mark.parametrize("word", ["a1?", "pw", "x9"])
def test_short_secrets_are_masked_in_base64_too(word: str) -> None:
    """A short password in AUTH LOGIN is a few letters of base64."""
    written = base64.b64encode(word.encode()).decode()

    assert written.rstrip("=") not in Secret(word).masked_in(f"501 cannot decode {written}")


def test_what_is_no_secret_stays_readable() -> None:
    """Evidence is of no use with everything masked: words that only look like base64 stay."""
    reply = "535 5.7.8 Authentication credentials invalid (AbCdEf0123456789+/xyz== session 4f9a)"

    assert Secret("correct horse").masked_in(reply) == reply


def test_masking_is_quick_whatever_the_text_is() -> None:
    """The mask reads megabytes of a server's words, for a token of thousands of characters, in linear time."""
    token = Secret("eyJ" + "Ab-9_.~" * 600)
    for text in ("A" * 2_000_000, token.reveal()[:-1] * 400, "Ab" * 500_000 + "=" * 500_000, "&%\\" * 500_000):
        with working(15):
            assert MASK not in token.masked_in(text)


@pytest.mark.parametrize("word", ["blank ", " blank", "a b&amp;c%26", '\\\\\\"', "é§ß", "%%%%%%%%", "&&&&&&&&"])
@pytest.mark.parametrize("form", FORMS)
def test_passwords_made_of_escapes_are_masked(form: str, word: str) -> None:
    """A secret that looks like an escape itself has its own escaped form."""
    masked = Secret(word).masked_in(f"<{FORMS[form](word)}>")

    assert masked.replace(" ", "").replace("+", "").replace("%20", "") == f"<{MASK}>"
