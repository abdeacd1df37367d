"""What a person pastes is understood; what is an address as it stands is never changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.account.pasted import plain_text, understood
from diagnose.account.subject import SubjectError, parse_subject

ALICE = "alice@corp.example"


@pytest.mark.parametrize(
    "typed",
    [
        "“alice@corp.example”",
        "„alice@corp.example“",
        "‘alice@corp.example’",
        "'alice@corp.example'",
        '"alice@corp.example"',
        "«alice@corp.example»",
        "‹alice@corp.example›",
        "「alice@corp.example」，",
        "《alice@corp.example》。",
        "【alice@corp.example】",
        "（alice@corp.example）",
        "`alice@corp.example`",
        "alice@corp.example.",
        "alice@corp.example,",
        "alice@corp.example；",
        "alice@corp.example！",
        "mailto:alice@corp.example",
        "MAILTO:alice%40corp.example?subject=No%20login&body=%0A",
        "<mailto:alice@corp.example>",
        "Alice Chen [mailto:alice@corp.example]",
        "<alice@corp.example>",
        "Alice Chen <alice@corp.example>",
        '"Chen, Alice" <alice@corp.example>;',
        "alice@corp.example <alice@corp.example>",
        "alice@corp.example (Alice Chen)",
        "Alice Chen (alice@corp.example)",
        "Chen, Alice（alice@corp.example）",
        "Alice Chen (mailto:alice@corp.example);",
        "邮箱：alice@corp.example",
        "E-Mail: alice@corp.example",
        "alice＠corp.example",
        "alice﹫corp.example",
        "ａｌｉｃｅ＠ｃｏｒｐ．ｅｘａｍｐｌｅ",
        "alice@corp。example",
    ],
)
def test_what_stands_around_an_address_is_left_out_and_that_is_said(typed: str) -> None:
    subject, read = understood(typed)

    assert (subject.address, subject.username) == (ALICE, ALICE)
    assert read == ALICE


@pytest.mark.parametrize(
    "typed",
    [f" {ALICE}\n", f"\u3000{ALICE}\u00a0", f"\u200b{ALICE}\ufeff", "ali\u200bce@corp.example", f"\u202a{ALICE}\u202c"],
)
def test_blanks_and_what_cannot_be_seen_are_left_out_without_a_word(typed: str) -> None:
    subject, read = understood(typed)

    assert (subject.address, read) == (ALICE, None)


@pytest.mark.parametrize(
    "typed",
    [
        "o'brien@corp.example",
        "'alice@corp.example",
        '"a b"@corp.example',
        '"a@b"@corp.example',
        "a+b/c=d@corp.example",
        "#!$%&'*+-/=?^_`{|}~@corp.example",
        "{alice}@corp.example",
        "_@corp.example",
        "用户@例子.中国",
        "alice@corp.local",
        "alice@münchen.example",
        "corp.example",
    ],
)
def test_a_legal_address_stays_as_odd_as_it_is(typed: str) -> None:
    assert understood(typed) == (parse_subject(typed), None)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("a b@corp.example", "holds a space; did you mean ab@corp.example?"),
        ("alice @ corp.example", "did you mean alice@corp.example?"),
        ("alice@@corp.example", "holds more than one @; did you mean alice@corp.example?"),
        ("a..b@corp.example", "has a dot too many; did you mean a.b@corp.example?"),
        ("alice@gmail,com", "did you mean alice@gmail.com?"),
        ("alice@qq", "has no dot after the @; did you mean alice@qq.com?"),
        ("alice@corp", "has no dot after the @; an address looks like alice@corp.example"),
        ("alice@", "has nothing after the @; an address looks like alice@corp.example"),
        ("@alice@corp.test", "has nothing before the @; did you mean alice@corp.test?"),
        ("@@alice@corp.test", "did you mean alice@corp.test?"),
        ("@corp.test", "has nothing before the @; an address looks like alice@corp.test"),
        ("@", "an address looks like alice@corp.example"),
        ("alice@corp.example, bob@corp.example", "more than one address; did you mean alice@corp.example?"),
        ("alice@corp.example bob@corp.test", "holds more than one address; did you mean"),
        ("Alice <alice@corp.example>, Bob <bob@corp.example>", "more than one address; an address looks like"),
        ("corp , example", "did you mean corp.example?"),
        ("corp. example", "did you mean corp.example?"),
        ("not an address", "“not an address” is not a domain name"),
        ("535 5.7.8 authentication failed", "is not a domain name"),
        (
            "alice@corp.example:993",
            "holds a character behind the @ that no domain has; did you mean alice@corp.example?",
        ),
        ("alice@corp.example/inbox", "did you mean alice@corp.example?"),
        ("alice@corp_x.example", "holds a character behind the @ that no domain has"),
        ("alice@192.0.2.1", "has an IP address behind the @, where the name of a domain is due"),
        ("alice@[192.0.2.1]", "has an IP address behind the @"),
        ("alice@[IPv6:2001:db8::1]", "has an IP address behind the @"),
        ("Alice (alice@corp.example) Bob (bob@corp.example)", "holds more than one address"),
        ("alice [at] corp.example", "did you mean alice@corp.example?"),
        ("https://webmail.corp.example/x?y", "did you mean webmail.corp.example?"),
        ("alice [at] corp [dot] example", "did you mean alice@corp.example?"),
        ("alice at corp dot example", "did you mean alice@corp.example?"),
        ("my address is alice@corp.example", "holds a space; did you mean alice@corp.example?"),
        ("Alice\talice@corp.example", "holds a space; did you mean alice@corp.example?"),
        ("alice@corp.example\tAlice Chen", "did you mean alice@corp.example?"),
        ("| alice@corp.example |", "did you mean alice@corp.example?"),
        ("→ alice@corp.example", "did you mean alice@corp.example?"),
        ("**alice@corp.example**", "did you mean alice@corp.example?"),
        ("_alice@corp.example_", "did you mean _alice@corp.example?"),
        ("alice@corp.example，谢谢", "did you mean alice@corp.example?"),
        ("alice@corp.example----hunter2", "did you mean alice@corp.example?"),
        ("alice@corp.example:hunter2", "did you mean alice@corp.example?"),
        ("alice@corp.example&gt;", "did you mean alice@corp.example?"),
        ("alice&#64;corp.example", "did you mean alice@corp.example?"),
        ("alice%40corp.example", "did you mean alice@corp.example?"),
        ("alice@a.corp_x.example", "holds a character behind the @ that no domain has; an address looks like"),
        ("imaps://alice@corp.example", "did you mean alice@corp.example?"),
        ("imaps://alice%40corp.example@imap.corp.example/INBOX", "did you mean alice@corp.example?"),
        ("https://alice@webmail.corp.example/x", "did you mean alice@webmail.corp.example?"),
        ("%" + "25" * 900, "not a domain name"),
        ("&amp;" + "amp;" * 400 + "@corp.example", "an address looks like"),
        ("http://corp℀.example/", "not a domain name"),
        ("nonsense", "neither a mailbox address nor a mail domain"),
        ("", "not a domain name"),
        ("“”", "not a domain name"),
        ("x" * 1_000_000 + "@corp.example", "not a mailbox address"),
        ("<" * 100_000, "not a domain name"),
    ],
)
def test_what_is_malformed_is_named_with_its_corrected_form(typed: str, words: str) -> None:
    with pytest.raises(SubjectError) as caught:
        understood(typed)

    assert words in str(caught.value)
    assert len(str(caught.value)) < 1000


@given(st.text(max_size=60) | st.text("@.<>\"'()[]:, mailto", max_size=30))
def test_whatever_is_pasted_is_an_address_or_one_sentence(typed: str) -> None:
    try:
        subject, read = understood(typed)
    except SubjectError:
        return
    assert parse_subject(read or subject.address or subject.domain).domain == subject.domain


@pytest.mark.parametrize(
    ("pasted", "plain"),
    [("“mail.corp.example”", "mail.corp.example"), (" mail.corp.example：993，", "mail.corp.example:993"),
     ("[::1]:53", "[::1]:53"), ("[2001:db8::1]", "[2001:db8::1]"), ("", ""), ('"', '"')],
)  # fmt: skip
def test_plain_text_keeps_what_stands_inside(pasted: str, plain: str) -> None:
    assert plain_text(pasted) == plain
