"""What a person types becomes a subject, what others say becomes harmless, and knowledge files are read with care."""

from __future__ import annotations

import contextlib
import unicodedata
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.web.html import read_page
from diagnose.account.subject import SubjectError, host_name, parse_subject
from diagnose.discovery.naming import host_name as discovered
from diagnose.knowledge import KnowledgeError
from diagnose.knowledge.loader import load
from diagnose.knowledge.yaml_files import LARGEST_FILE
from diagnose.model import Deadline, Text, quote, text
from diagnose.model.failures import FailureName, failure
from tests.pace import working


@pytest.mark.parametrize(
    ("typed", "address", "domain"),
    [
        ("alice@corp.example", "alice@corp.example", "corp.example"),
        ("Alice.B@Corp.Example", "Alice.B@corp.example", "corp.example"),
        ("alice+tag@corp.test", "alice+tag@corp.test", "corp.test"),
        ("用户@例子.广告", "用户@例子.广告", "xn--fsqu00a.xn--4rr70v"),
        ("alice@münchen.example", "alice@münchen.example", "xn--mnchen-3ya.example"),
        ("alice@straße.example", "alice@straße.example", "xn--strae-oqa.example"),
        ("Alice@BÜCHER.Example", "Alice@bücher.example", "xn--bcher-kva.example"),
        ("alice@XN--BCHER-KVA.example", "alice@bücher.example", "xn--bcher-kva.example"),
        ("alice@bu\u0308cher.example", "alice@bücher.example", "xn--bcher-kva.example"),
        ("alice@例子。example", "alice@例子.example", "xn--fsqu00a.example"),
        ("alice@пример.example", "alice@пример.example", "xn--e1afmkfd.example"),
        ("alice@ｃｏｒｐ.example", "alice@corp.example", "corp.example"),
        ('"a b"@corp.example', '"a b"@corp.example', "corp.example"),
        ("corp.example", None, "corp.example"),
        ("Corp.Example.", None, "corp.example"),
        ("münchen.example", None, "xn--mnchen-3ya.example"),
        ("corp.internal", None, "corp.internal"),
    ],
)
def test_what_is_typed_names_a_mailbox_or_a_domain(typed: str, address: str | None, domain: str) -> None:
    """The local part stays as it is, the domain becomes what DNS knows it by, in the user name too."""
    subject = parse_subject(typed)

    username = None if address is None else f"{address.rpartition('@')[0]}@{domain}"
    assert (subject.address, subject.domain, subject.username) == (address, domain, username)


def test_another_user_name_stays_as_given() -> None:
    """Only a mailbox has one."""
    assert parse_subject("alice@corp.example", "CORP\\alice").username == "CORP\\alice"
    assert parse_subject("alice@bücher.example", "alice@bücher.example").username == "alice@bücher.example"
    assert parse_subject("corp.example", "alice").username is None


IDN = (
    "straße.example",
    "faß.example",
    "bücher.example",
    "例子.example",
    "пример.example",
    "βόλος.example",
    "l·l.example",
)


@pytest.mark.parametrize("domain", IDN)
def test_a_domain_has_one_form_whoever_wrote_it(domain: str) -> None:
    """An address, a domain, an option and a document on the web all mean the same server."""
    known = parse_subject(f"alice@{domain}").domain

    assert known == parse_subject(domain).domain == host_name(domain) == discovered(domain)
    assert known == parse_subject(known).domain == discovered(known.upper())
    assert known.isascii()
    assert known.startswith("xn--")


@settings(max_examples=300, deadline=None)
@given(typed=st.text(max_size=40), at=st.sampled_from(["", "@", "@corp.example", ".example"]))
def test_nothing_typed_is_a_fault(typed: str, at: str) -> None:
    """A subject with a name that DNS can be asked for, or one sentence."""
    subject = None
    with contextlib.suppress(SubjectError):
        subject = parse_subject(typed + at)
    if subject is not None:
        assert subject.domain == subject.domain.lower()
        assert subject.domain.isascii()
        assert len(subject.domain) <= 253


@settings(max_examples=300, deadline=None)
@given(words=st.text(max_size=2000), limit=st.integers(2, 600))
def test_a_quotation_is_harmless_and_bounded(words: str, limit: int) -> None:
    """One line, no controls, no direction changes, no more characters than that."""
    shown = quote(words, limit)

    assert len(shown) <= limit
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Co", "Cs", "Cn"}


@settings(max_examples=200, deadline=None)
@given(words=st.text(max_size=100))
def test_words_of_others_are_never_a_template(words: str) -> None:
    """Braces and percent signs in them mean nothing."""
    assert text("said: {words}!", words=words).render() == f"said: {quote(words)}!"
    assert Text("said: {words}", {"words": "{words}"}).render(lambda _: "gesagt: {words}") == "gesagt: {words}"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    count: int = 0


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"- name: a\n- nam: b\n", 2, "nam"),
        (b"- name: a\n  count: many\n", 2, "count"),
        (b"- name: a\n  name: b\n", 2, "twice"),
        (b"- &x {name: a}\n- *x\n", 1, "alias"),
        (b"- !!python/name:os.system\n", 1, "tag"),
        (b"- name: a\n- ]\n", 2, "YAML"),
        (b"- name: \xff\n", 1, "UTF-8"),
        (b"", 1, "empty"),
        (b"# nothing\n", 1, "empty"),
        (b"- {[a]: b}\n", 1, "plain word"),
        (b"- name: " + b"a" * LARGEST_FILE, 1, "larger"),
        (b"- name: a\0b\n", 1, "YAML"),
    ],
)
def test_a_mistake_in_a_knowledge_file_is_told_with_its_place(
    content: bytes, line: int, words: str, tmp_path: Path
) -> None:
    """To people who need not know Python."""
    file = tmp_path / "k.yaml"
    file.write_bytes(content)
    with pytest.raises(KnowledgeError) as wrong:
        load(file, list[Entry])

    assert str(wrong.value).startswith(f"{file}:")
    assert wrong.value.line == line
    assert words in wrong.value.problem


@pytest.mark.parametrize(
    "content",
    [
        b"- name: [\n",
        b"- 'name\n",
        b"[" * 5000,
        b"{a: " * 5000,
        b"- " * 100_000,
        b"- a\n- " + b"[" * 5000 + b"]" * 5000,
    ],
)
def test_what_never_ends_is_told_somewhere_in_the_file(content: bytes, tmp_path: Path) -> None:
    """Where it begins or where the file ends is for the YAML library to say; its words are, too."""
    file = tmp_path / "k.yaml"
    file.write_bytes(content)
    with pytest.raises(KnowledgeError) as wrong:
        load(file, list[Any])

    assert 1 <= wrong.value.line <= content.count(b"\n") + 2
    assert str(wrong.value).startswith(f"{file}:{wrong.value.line}: ")


def test_a_bomb_of_aliases_is_refused_at_once(tmp_path: Path) -> None:
    """A few lines must not unfold to gigabytes."""
    file = tmp_path / "k.yaml"
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    file.write_text("\n".join(rows))
    with working(5), pytest.raises(KnowledgeError, match="alias"):
        load(file, dict[str, Any])


def test_words_that_yaml_takes_for_something_else_stay_words(tmp_path: Path) -> None:
    """A date is the text that was written."""
    file = tmp_path / "k.yaml"
    file.write_text("- name: 2024-01-31\n  count: 0x10\n")
    with pytest.raises(KnowledgeError):
        load(file, list[Entry])
    file.write_text("- name: 2024-01-31\n  count: 7\n")
    assert load(file, list[Entry]) == [Entry("2024-01-31", 7)]


def test_a_deadline_never_goes_below_nothing() -> None:
    """And what is derived from it never goes beyond it."""
    late = Deadline(-5)
    assert (late.left(), late.passed()) == (0.0, True)
    assert late.within(100).passed()
    assert late.share(0.5, 100).passed()
    ample = Deadline(1000)
    assert not ample.passed()
    assert 0 < ample.within(5).left() <= 5
    assert 0 < ample.share(0.5, 7).left() <= 7
    assert ample.share(0.1, 1e9).left() <= 100


@pytest.mark.parametrize(
    "error",
    [OSError(), OSError(99999, "x" * 1000), ValueError("what"), ConnectionResetError(), TimeoutError(), EOFError()],
    ids=repr,
)
def test_every_error_has_a_name_of_the_closed_set(error: Exception) -> None:
    """And words that are bounded."""
    known = failure(error, "connect")
    assert known.name in get_args(FailureName)
    assert 0 < len(known.text) <= 300


PAGES = {
    "less-than": "<" * 500_000,
    "comments": "<!--" * 125_000,
    "ends": "</" * 250_000,
    "attributes": "<a " + "b=c " * 125_000,
    "quotes": '<a b="' * 80_000,
    "references": "&#" * 250_000,
    "scripts": "<script>" + "</" * 250_000,
    "declarations": "<!" * 250_000,
    "titles": "<title>" * 70_000,
}


@pytest.mark.parametrize("name", PAGES)
def test_no_page_takes_long_to_read(name: str) -> None:
    """Some shapes make a careless reader take time that grows with the square."""
    with working(10):
        read_page(PAGES[name].encode())


PIECES = [
    "<",
    ">",
    "<!--",
    "-->",
    "<title>",
    "</title>",
    "<input type=password>",
    "<![",
    "]]>",
    "<script>",
    "</script>",
]
PIECES += ["</script>", "&amp;", "&#x110000;", "&#0;", "\0", "é", "<?", "<!x", "<![CDATA[", "<!DOCTYPE", "[", "if"]


@settings(max_examples=300, deadline=None)
@given(parts=st.lists(st.sampled_from(PIECES), max_size=40))
def test_no_page_is_an_exception(parts: list[str]) -> None:
    """Whatever stands in it."""
    read_page("".join(parts).encode())
