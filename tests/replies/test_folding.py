"""Any encoding in, comparable text out."""

from __future__ import annotations

import pytest

from diagnose.replies import read_reply
from diagnose.replies.folding import LARGEST_REPLY, fold, visible


def first(reply: str | bytes) -> str:
    reading = read_reply(reply)
    return reading.suspects[0].cause if reading.suspects else "none"


@pytest.mark.parametrize(
    ("text", "encoding", "cause"),
    [
        ("-ERR 用户名或密码错误", "utf-8", "credentials.rejected"),
        ("-ERR 用户名或密码错误", "gb18030", "credentials.rejected"),
        ("-ERR 使用者名稱或密碼不正確", "big5", "credentials.rejected"),
        ("-ERR パスワードが正しくありません", "shift_jis", "credentials.rejected"),
        ("-ERR パスワードが正しくありません", "euc_jp", "credentials.rejected"),
        ("-ERR パスワードが正しくありません", "iso2022_jp", "credentials.rejected"),
        ("-ERR 비밀번호가 일치하지 않습니다", "euc_kr", "credentials.rejected"),
        ("-ERR Неверный логин или пароль", "cp1251", "credentials.rejected"),
        ("-ERR Неверный логин или пароль", "koi8_r", "credentials.rejected"),
        ("-ERR Ihr Passwort ist ungültig", "latin-1", "credentials.rejected"),
        ("-ERR Votre compte est désactivé", "cp1252", "activation.account-disabled"),
    ],
)
def test_bytes_in_the_encodings_that_servers_use(text: str, encoding: str, cause: str) -> None:
    assert first(text.encode(encoding)) == cause


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("密码错误，请重新输入", "utf-8"),
        ("密码错误，请重新输入", "gb18030"),
        ("パスワードが正しくありません", "utf-8"),
        ("Mot de passe erroné, réessayez", "utf-8"),
        ("Неверный пароль", "cp1251"),
    ],
)
def test_text_that_a_client_decoded_as_latin_1(text: str, encoding: str) -> None:
    assert first("-ERR " + text.encode(encoding).decode("latin-1")) == "credentials.rejected"


def test_escapes_are_undone() -> None:
    assert first("login.php?reason=%C3%DC%C2%EB%B4%ED%CE%F3") == "credentials.rejected"
    assert first(r'{"msg": "\u5bc6\u7801\u9519\u8bef"}') == "credentials.rejected"


def test_a_western_text_stays_what_it_is() -> None:
    assert first("Die Anmeldung ist fehlgeschlagen: ungültiges Kennwort für Jörg") == "credentials.rejected"


def test_full_width_case_accents_blanks_and_invisible_characters_do_not_matter() -> None:
    assert fold("ＬＯＧＩＮ\u00a0\u200bFailed:\t Contraseña") == "login failed: contrasena"


def test_traditional_and_simplified_chinese_read_alike() -> None:
    assert first("帳戶已鎖定") == first("账户已锁定") == "lockout.account-locked"


def test_only_what_a_person_sees_of_a_page() -> None:
    page = (
        "<html><head><title>Mail &amp; more</title><style>p{}</style><script>'account locked'</script></head>"
        "<body><!-- password expired --><p>wrong\npassword</p>1 < 2</body></html>"
    )

    assert visible(page).split("\n") == ["", "Mail & more", "", "wrong password", "1 < 2"]


@pytest.mark.parametrize("page", ["<", "<script>", "<!--", "<p", "a<b>c", "<>", "</", "<script><script>"])
def test_broken_pages_are_read(page: str) -> None:
    visible(page)


def test_no_more_is_read_than_the_limit() -> None:
    assert read_reply("x" * LARGEST_REPLY + "\npassword expired").suspects == ()
    assert read_reply(b"x" * 10_000_000).suspects == ()
