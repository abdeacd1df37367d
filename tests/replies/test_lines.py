"""Lines by their weight, settings and counters left out, advice apart from what happened."""

from __future__ import annotations

import pytest

from diagnose.replies import load_knowledge, read_reply
from diagnose.replies.lines import weighty, without_denied, without_settings


def first(reply: str) -> str:
    suspects = read_reply(reply).suspects
    return suspects[0].cause if suspects else "none"


@pytest.mark.parametrize(
    ("log", "kept"),
    [
        ("DEBUG auth - form not found\nERROR auth - invalid user", "ERROR auth - invalid user"),
        ("2026-03-01 09:14:11 INFO a\n2026-03-01 09:14:12 ERROR b", "2026-03-01 09:14:12 ERROR b"),
        ("[WARN] a\n[FATAL] b\n  at c", "[FATAL] b\n  at c"),
        ("FINE: a\nSEVERE: b", "SEVERE: b"),
        ("<31>a\n<27>b", "<27>b"),
        ("W/mail: a\nE/mail: b", "E/mail: b"),
        ('time="x" level=info msg="a"\ntime="x" level=error msg="b"', 'time="x" level=error msg="b"'),
        ("INFO:mail:a\nCRITICAL:mail:b", "CRITICAL:mail:b"),
    ],
)
def test_an_error_outranks_what_led_to_it(log: str, kept: str) -> None:
    assert weighty(log) == kept


@pytest.mark.parametrize(
    "log",
    [
        "DEBUG a\nINFO b",
        "WARN a\nWARN b",
        "ERROR a",
        "Error: a\nPlease note: b",
        "535-5.7.8 Error: a\r\n535 5.7.8 b".replace("\r\n", "\n"),
        "* OK INFO server ready\na1 NO failed",
    ],
)
def test_lines_without_an_error_among_them_stay(log: str) -> None:
    assert weighty(log) == log


def test_lighter_lines_speak_where_the_heavy_ones_say_nothing() -> None:
    assert first("WARN login failed: wrong password\nERROR job 7 ended") == "credentials.rejected"


@pytest.mark.parametrize(
    "setting",
    [
        "timeout=300",
        "starttls=1",
        "mail.smtp.starttls.enable=true",
        "keepalive=on",
        "connectionTimeout: 120000,",
        "timeout=30s;",
        "setSoTimeout(30000)",
        "retries: 3",
        "ssl_verify=false",
        "socket_timeout set to 60",
    ],
)
def test_settings_and_counters_are_no_statements(setting: str) -> None:
    assert without_settings(f"a {setting} b").split()[0] == "a"
    assert not {"time", "tls", "keep", "retries", "ssl"} & set(without_settings(f"a {setting} b").lower().split())
    assert first(f"Connecting, {setting}\nlogin failed: wrong password") == "credentials.rejected"


@pytest.mark.parametrize(
    "text",
    [
        "auth=0/5 commands=3/8",
        "error=invalid_grant",
        "errno=111",
        "Code=-1202",
        "verify error:num=20:unable",
        "user=<alice>",
        "https://a.example/?id=28&no=1001256",
        "sc=abc",
        "reason=3",
        "the timeout of 30 seconds was exceeded",
        "[AUTH=PLAIN]",
    ],
)
def test_what_says_something_stays(text: str) -> None:
    assert without_settings(text) == text


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("The server is not responding. Check your network connection.", "reach.timeout"),
        ("Login failed: wrong password. Please check your internet connection.", "credentials.rejected"),
        ("The certificate has expired. Make sure your password is right.", "tls.cert-expired"),
        ("サーバーが応答しません。ネットワーク接続を確認してください。", "reach.timeout"),
        ("服务器没有响应，请检查网络设置。", "reach.timeout"),
        ("Accesso non riuscito: password errata. Controlla la connessione a Internet.", "credentials.rejected"),
        # nothing but advice, and advice that a server gives as its answer
        ("Check your network connection.", "network.offline"),
        ("535 5.7.1 Please confirm your e-mail address before sending", "activation.not-activated"),
    ],
)
def test_advice_is_no_finding_beside_what_happened(text: str, cause: str) -> None:
    assert first(text) == cause


@pytest.mark.parametrize(
    "label",
    [
        "Account locked: no",
        "Konto gesperrt: nein",
        "Compte verrouillé : non",
        "Cuenta bloqueada: no.",
        "账号锁定：否",
        "帳戶鎖定：無",
        "アカウントロック：なし",
        "계정 잠금: 아니요",
        "Учётная запись заблокирована: нет",
        "Tili lukittu: ei",
    ],
)
def test_a_state_that_is_answered_with_no_is_no_finding(label: str) -> None:
    assert read_reply(label).suspects == ()
    told = read_reply(f"{label}\nPassword expired: yes").suspects
    assert [one.cause for one in told][:1] == ["credentials.expired"]


@pytest.mark.parametrize(
    "text",
    [
        "Account locked: yes",
        "550 5.1.1 Error: no such user",
        "Account locked: not by you",
        "locked: now",
        "no",
        "账号锁定：无法登录",
    ],
)
def test_what_only_begins_like_a_no_is_read(text: str) -> None:
    assert without_denied(text, load_knowledge().index.is_no) == text


@pytest.mark.parametrize(
    "text",
    [
        "If your account is locked, wait half an hour.",
        "Falls Ihr Konto gesperrt ist, hilft die Zentrale.",
        "Si votre compte est verrouillé, patientez trente minutes.",
        "Если учётная запись заблокирована, подождите полчаса.",
        "若账号被锁定，请等待三十分钟",
        "Se a conta estiver bloqueada, fale com o suporte.",
    ],
)
def test_what_a_sentence_only_supposes_is_never_sure(text: str) -> None:
    assert {one.certainty for one in read_reply(text).suspects} <= {"possible"}


@pytest.mark.parametrize(
    "text",
    [
        "Your account is locked. If your password is lost, call us.",
        "Ihr Konto ist gesperrt. Falls Sie Fragen haben, rufen Sie an.",
        "账号已被锁定。如果忘记密码，请找回",
    ],
)
def test_what_is_supposed_beside_a_finding_takes_nothing_from_it(text: str) -> None:
    told = read_reply(text).suspects[0]

    assert (told.cause, told.certainty == "possible") == ("lockout.account-locked", False)


def test_a_word_for_if_within_a_sentence_supposes_nothing() -> None:
    assert read_reply("If your account is locked").suspects[0].certainty == "possible"
    assert read_reply("x if your account is locked").suspects[0].certainty != "possible"


@pytest.mark.parametrize(
    "words",
    [
        "Help: what to do if your account is locked",
        "Hilfe | Was tun, wenn Ihr Konto gesperrt ist | Kontakt",
        "常见问题：如果您的账号已被锁定",
        "アカウントがロックされている場合はこちら",
    ],
)
def test_a_heading_that_supposes_a_fault_reports_none(words: str) -> None:
    assert {s.certainty for s in read_reply(words, protocol="http", stage="login").suspects} <= {"possible"}


@pytest.mark.parametrize(
    "words",
    [
        "What to do now, your account is locked",
        "您的账号已被锁定，如果您的手机在身边请验证",
        "アカウントがロックされています。",
    ],
)
def test_what_is_said_beside_a_supposition_is_meant(words: str) -> None:
    assert read_reply(words, protocol="http", stage="login").suspects[0].certainty != "possible"


@pytest.mark.parametrize(
    "words",
    [
        "Your password has expired.\nIf your account is locked, call the help desk.",
        "What to do if your account is locked\nYour password has expired.",
        "您的密码已过期，请修改密码。如果您的账号已被锁定，请联系管理员。",
    ],
)
def test_what_is_stated_comes_before_what_is_supposed(words: str) -> None:
    assert read_reply(words, protocol="http", stage="login").suspects[0].cause == "credentials.expired"


@pytest.mark.parametrize(
    ("words", "now"),
    [
        ("Am Samstag ist der Webmailer wegen Wartungsarbeiten nicht erreichbar.", False),
        ("Webmail is unavailable on Sunday for maintenance.", False),
        ("Le webmail sera en maintenance dimanche.", False),
        ("Webmail steht wegen Wartungsarbeiten bis 18 Uhr nicht zur Verfügung.", True),
        ("Webmail is unavailable for maintenance.", True),
    ],
)
def test_maintenance_on_a_named_day_need_not_be_now(words: str, now: bool) -> None:
    suspects = read_reply(words, protocol="http", stage="login").suspects
    assert any(one.certainty != "possible" for one in suspects) is now
