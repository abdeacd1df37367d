"""Octets become words in one place: by what is declared, by their form, and else by words that are familiar."""

from __future__ import annotations

import pytest

from diagnose.replies import charset_in, decode, read_reply

LOCKED = {
    "gb18030": "帐号已被锁定",
    "big5": "帳號已被鎖定",
    "shift_jis": "アカウントはロックされています",
    "euc_jp": "アカウントはロックされています",
    "iso2022_jp": "アカウントはロックされています",
    "euc_kr": "계정이 잠겼습니다",
    "koi8_r": "Учетная запись заблокирована",
    "cp1251": "Учетная запись заблокирована",
    "cp1250": "Konto zostało zablokowane",
    "cp1252": "Votre compte est verrouillé",
}
"""Charset -> what a server says in it about a locked account."""


@pytest.mark.parametrize("charset", LOCKED)
def test_a_charset_that_nobody_declares_is_known_by_its_words(charset: str) -> None:
    """Alone, and among ASCII; a declared one is taken at its word."""
    for words in (LOCKED[charset], f"535 5.7.8 Error: {LOCKED[charset]} (see https://mail.corp.example/)"):
        assert decode(words.encode(charset)) == words
        assert decode(words.encode(charset), charset) == words


@pytest.mark.parametrize("charset", sorted({*LOCKED, "utf-8"} - {"iso2022_jp"}))
def test_a_text_that_is_cut_in_the_middle_of_a_character_loses_that_one_only(charset: str) -> None:
    words = LOCKED.get(charset, LOCKED["gb18030"])
    octets = words.encode(charset)
    for size in range(len(octets) - 3, len(octets)):
        told = decode(octets[:size])
        assert words.startswith(told)
        assert len(told) >= len(words) - 3


@pytest.mark.parametrize(
    "words",
    [
        "系统繁忙中，过一会儿再来",
        "伺服器忙碌中",
        "ただいまメンテナンスの時間です",
        "Добро пожаловать на сервер",
        "Grüße von Müller",
    ],
)
def test_words_that_nobody_knows_are_told_by_what_people_write(words: str) -> None:
    charset = "big5" if "器" in words else "euc_jp" if "た" in words else "koi8_r" if "о" in words else "gb18030"
    charset = "latin-1" if "ü" in words else charset
    assert decode(words.encode(charset)) == words


@pytest.mark.parametrize(
    ("octets", "charset", "words"),
    [
        ("密码错误".encode("gb18030"), "utf-8", "密码错误"),
        ("密码错误".encode(), "gb2312", "密码错误"),
        ("密码错误".encode("gb18030"), "iso-8859-1", "密码错误"),
        ("密碼錯誤".encode("big5"), "gb2312", "密碼錯誤"),
        ("Неверный пароль".encode("koi8_r"), "windows-1251", "Неверный пароль"),
        ("Grüße".encode("latin-1"), "gb2312", "Grüße"),
        ("Grüße".encode("latin-1"), "utf-8", "Grüße"),
        ("Grüße".encode(), "iso-8859-1", "Grüße"),
        ("“quoted”".encode("cp1252"), "iso-8859-1", "“quoted”"),
        ("①号邮箱".encode("gb18030"), "gb2312", "①号邮箱"),
    ],
)
def test_a_wrong_declaration_does_not_cost_the_words(octets: bytes, charset: str, words: str) -> None:
    """Nor does one that names a part of the charset."""
    assert decode(octets, charset) == words


@pytest.mark.parametrize(
    "head",
    [
        '<meta charset="{}">',
        "<META HTTP-EQUIV=Content-Type CONTENT='text/html; charset={}'>",
        '<?xml version="1.0" encoding="{}"?>',
    ],
)
@pytest.mark.parametrize(
    ("name", "charset", "words"),
    [
        ("gb2312", "gb18030", "欢迎"),
        ("x-sjis", "cp932", "①"),
        ("koi8-r", "koi8_r", "ы"),
        ("iso-8859-2", "iso8859-2", "ąś"),
    ],
)
def test_a_page_says_itself_how_it_is_encoded(head: str, name: str, charset: str, words: str) -> None:
    """In few letters, too, of which nothing is familiar."""
    page = f"<html>{head.format(name)}<p>{words}</p>"
    assert decode(page.encode(charset)) == page


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_letter(encoding: str) -> None:
    assert decode(LOCKED["gb18030"].encode(encoding), "big5") == LOCKED["gb18030"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_known_by_its_tags(encoding: str) -> None:
    assert decode(f"<html>{LOCKED['gb18030']}".encode(encoding)) == f"<html>{LOCKED['gb18030']}"


@pytest.mark.parametrize(
    "octets",
    [
        b"\x15\x03\x01\x00\x02\x02\x46\xe1\xb7\xd6",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xd0\xc4\xb0\xa1",
        bytes(range(128, 256)),
        bytes(range(256)),
        "äöüß".encode("latin-1"),
        b"\xff\xfe\xfd\xfc\xfb\xfa\xf9",
        "naïve café, señor: 50 °C, §1, ½".encode("latin-1"),
    ],
)
@pytest.mark.parametrize("charset", ["", "utf-8"])
def test_neither_rubbish_nor_latin_1_becomes_chinese(octets: bytes, charset: str) -> None:
    assert not any("\u2e80" <= letter <= "\uffdc" for letter in decode(octets, charset))


@pytest.mark.parametrize("charset", LOCKED)
def test_a_reply_means_the_same_however_it_comes(charset: str) -> None:
    """As octets, decoded, or with lone surrogates for what a program could not decode (PEP 383)."""
    octets = f"-ERR {LOCKED[charset]}".encode(charset)
    found = [read_reply(one) for one in (octets, decode(octets), octets.decode("utf-8", "surrogateescape"))]
    assert [(one.cause, one.certainty) for one in found[0].suspects] == [("lockout.account-locked", "confirmed")]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("header", "charset"),
    [
        ("text/html; charset=gbk", "gbk"),
        ('text/html;charset="GB2312"; x=y', "GB2312"),
        ("text/html", ""),
        ("text/html; x-charset=gbk", ""),
        ("", ""),
    ],
)
def test_the_charset_of_a_header(header: str, charset: str) -> None:
    assert charset_in(header) == charset


def test_ascii_needs_no_knowledge() -> None:
    """Nor does UTF-8: nothing is asked about what is plain."""

    def never(_text: str) -> int:
        raise AssertionError

    assert decode(b"* OK ready", familiar=never) == "* OK ready"
    assert decode("帐号".encode(), familiar=never) == "帐号"
