"""An address turned away for failed logins is banned: for cause, and not because there were too many at once."""

from __future__ import annotations

import pytest

from diagnose.replies import read_reply

BANS = [
    ("smtp", "421 4.7.0 Connections from your address are blocked: too many authentication failures"),
    ("smtp", "554 5.7.1 Connections from your address are blocked: too many authentication failures"),
    ("imap", "* BYE Connections from your address are blocked: too many authentication failures"),
    ("pop3", "-ERR Connections from your address are blocked: too many authentication failures"),
    ("smtp", "421 4.7.1 Too many failed logins from 203.0.113.5, connection refused"),
    ("pop3", "-ERR Your IP has been temporarily banned because of too many failed login attempts"),
    ("smtp", "550 5.7.1 Client host blocked after repeated authentication failures"),
    ("smtp", "554 Access denied - too many invalid login attempts from this host"),
    ("imap", "* BYE Connection refused: repeated login failures from this network"),
    ("smtp", "421 Connection from [203.0.113.5] rejected due to excessive authentication errors"),
    ("imap", "* BYE You are banned for 60 minutes: too many wrong passwords"),
    ("smtp", "554 5.7.0 Your host 203.0.113.5 is on our dynamic blocklist for failed logins"),
    ("imap", "* BYE Verbindungen von Ihrer Adresse sind gesperrt: zu viele fehlgeschlagene Anmeldungen"),
    ("smtp", "421 Connexions depuis votre adresse bloquées : trop d'échecs d'authentification"),
    ("pop3", "-ERR Conexiones desde su dirección bloqueadas: demasiados fallos de autenticación"),
    ("smtp", "421 4.3.2 Collegamenti dal tuo indirizzo bloccati: troppi tentativi di accesso falliti"),
    ("smtp", "421 Conexões do seu endereço bloqueadas: demasiadas falhas de autenticação"),
    ("imap", "* BYE Подключения с вашего адреса заблокированы: слишком много неудачных попыток входа"),
    ("smtp", "421 Verbindingen vanaf uw adres zijn geblokkeerd: te veel mislukte aanmeldingen"),
    ("imap", "* BYE Połączenia z Twojego adresu są zablokowane: zbyt wiele nieudanych logowań"),
    ("smtp", "421 4.7.0 接続元アドレスは認証失敗が多すぎるためブロックされています"),
    ("imap", "* BYE 您的地址因登录失败次数过多已被禁止连接"),
    ("imap", "* BYE 您的IP登录失败次数过多，已被封禁"),
    ("smtp", "421 4.7.0 連線被拒：您的位址驗證失敗次數過多"),
]
NUMBERS = [
    ("smtp", "421 4.7.0 Too many concurrent SMTP connections; please try again later."),
    ("imap", "* BYE Too many connections from your address"),
    ("smtp", "421 4.7.0 Connections blocked: too many connections from your address"),
    ("imap", "* BYE Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)"),
]


@pytest.mark.parametrize(("protocol", "reply"), BANS)
def test_refused_for_failed_logins(protocol: str, reply: str) -> None:
    suspects = read_reply(reply, protocol=protocol, stage="greeting").suspects  # type: ignore[arg-type]  # one of them
    assert suspects[0].cause == "lockout.address-blocked"
    assert suspects[0].certainty != "possible"
    assert "server.too-many-connections" not in {suspect.cause for suspect in suspects}


@pytest.mark.parametrize(("protocol", "reply"), NUMBERS)
def test_refused_for_their_number(protocol: str, reply: str) -> None:
    suspects = read_reply(reply, protocol=protocol, stage="greeting").suspects  # type: ignore[arg-type]  # one of them
    assert suspects[0].cause == "server.too-many-connections"


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        ("421 Account locked: too many failed logins", "lockout.account-locked"),
        ("a1 NO Your account is blocked: too many failed logins from your IP address", "lockout.account-locked"),
        ("-ERR too many authentication failures", "lockout.rate-limited"),
        ("535 5.7.8 Too many failed login attempts, try again later", "lockout.rate-limited"),
    ],
)
def test_what_speaks_of_an_account_or_of_waiting_is_no_ban(reply: str, cause: str) -> None:
    assert read_reply(reply, stage="login").suspects[0].cause == cause
