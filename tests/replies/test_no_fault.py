"""What tells of no fault is named nothing; the same words beside a fault take nothing from it."""

from __future__ import annotations

import pytest

from diagnose.replies import read_message, read_reply


def first(text: str) -> str:
    suspects = read_message(text).suspects
    return suspects[0].cause if suspects else "none"


@pytest.mark.parametrize(
    "text",
    [
        # an outage that is over
        "Update: POP3 collection is back to normal since 7 a.m.",
        "El servicio de correo se ha restablecido para todos los buzones.",
        "Сбой устранён, почта доступна всем.",
        "Poczta: awaria usunięta, dziękujemy za cierpliwość.",
        # a connection that came again
        "10:02 imap: reconnected after sleep",
        "Segundo intento: correo enviado",
        "连接中断，已重新连接",
        # the name of a setting, a farewell, a folder's sender, a label
        "Número de intentos antes del bloqueo",
        "Nombre de tentatives avant blocage",
        "You have logged out successfully",
        "是否生成自签名证书？",
        # rules for a password
        "Eisen aan het wachtwoord: minstens twaalf tekens",
        "Требования к паролю: буквы и цифры",
        "La password può contenere lettere e numeri",
        # a password that was changed
        "Lösenordet har ändrats.",
        "La contraseña se cambió correctamente.",
        "비밀번호가 변경되었습니다.",
        # work that is announced
        "Scheduled maintenance: Sunday, 2 to 4 a.m. UTC",
        "Le webmail sera indisponible samedi de 22 h à 2 h.",
        "В воскресенье с 2 до 5 почта будет недоступна.",
        # a login that is fine
        "I can log in, I just can't find my archive folder",
        "Je me connecte sans problème, mais la signature a disparu.",
        "Logowanie działa, tylko kalendarz jest pusty.",
        # a question of somebody who is not locked out
        "Will it lock if I mistype it twice?",
        "Wird mein Konto gesperrt, wenn ich im Urlaub nicht hineinschaue?",
        "我三个月不用邮箱会不会被封？",
        # a list that an address is not on
        "Good news: 203.0.113.9 is not on our blocklist.",
        "Votre adresse IP n'est pas sur notre liste noire.",
        "Ваш IP-адрес удалён из чёрного списка.",
        # a link for a new password
        "Vi har skickat en länk till din adress.",
        "Если адрес верный, мы отправили ссылку для нового пароля.",
        "We will send you a link to choose a new password.",
        # banks
        "Ihre Kreditkarte wurde gesperrt.",
        "Your debit card is blocked after three wrong PINs.",
        "Банковская карта заблокирована",
        # nothing is asked for
        "We are moving to new mail servers tonight. No action is required.",
        "U hoeft niets te doen: uw postvak verhuist vannacht vanzelf.",
        "Sinun ei tarvitse tehdä mitään, palvelin vaihtuu yöllä.",
        # what a program asks first
        "¿Seguro que desea cerrar la sesión de correo?",
        "Do you really want to unsubscribe from this folder?",
        "Вы действительно хотите удалить эту учётную запись?",
        # a line that is up, a run without errors, a new user, a new app password
        "PPPoE: Internet connection established",
        "Połączenie z internetem nawiązane",
        "Fetch succeeded, 14 messages, no errors",
        "Abruf erfolgreich: 3 Nachrichten, 0 Fehler",
        "Utente creato",
        "Пользователь создан",
        "Here is your app password for Thunderbird",
        "Il codice è pronto: la password per le app viene mostrata una sola volta",
        # monitors
        "smtp.example.org recovered, up after 40 s down: ETIMEDOUT",
        "PROBLEM RESOLVED imap-3, was ECONNREFUSED",
        # accounts of services that are no mail houses
        "Your Spotify password was entered incorrectly.",
        "Votre compte Instagram a été suspendu.",
        "抖音账号已被封禁，请申诉",
        "e-Devlet şifreniz hatalı",
        # doors of devices and file servers
        "Router login: the password is wrong.",
        "Netzlaufwerk Z: Kennwort falsch",
        "Сетевая папка: неверный пароль",
        # another matter, and mail works
        "The Teams login is rejected, mail works.",
        "Impressora sem conexão, o e-mail funciona",
        "プリンターがオフラインですが、メールは使えます",
        # an outage, a certificate, a password that was the matter
        "The mail outage has been fixed.",
        "De mailstoring is opgelost",
        "Mein Zertifikat war abgelaufen, seitdem läuft alles",
        "Mi contraseña había caducado, la cambié y ahora funciona todo",
        # what may happen to an account
        "Will my mailbox be deleted if I don't log in for a year?",
        "Ma boîte sera-t-elle supprimée si je ne paie plus ?",
        "Ящик удалят ли, если не заходить год?",
        "邮箱长期不登录会被注销吗？",
        # PAM's services beside mail
        "login[91]: pam_unix(login:auth): authentication failure; logname=LOGIN uid=0 tty=tty1",
        "sudo: pam_unix(sudo:auth): authentication failure; user=eva",
        "gdm-password]: pam_unix(gdm-password:auth): authentication failure; user=eva",
        # IDLE that is renewed, a message that was taken
        "mu4e: IDLE renewed after 25 minutes",
        "2026-03-01 IDLE timeout after 29 minutes, re-issuing IDLE",
        "smtp.example.org said: 250 2.0.0 Ok: queued as 4Bx2",
        "postfix/smtp[22]: 9A: to=<a@example.org>, relay=mx.example.org[192.0.2.4]:25, status=sent (250 2.0.0 OK)",
        # a remedy on a help page in Chinese, a rule for lengths, a limit
        "短信收不到的，可改用邮箱接收验证码",
        "登录异常时：可先核对系统时间",
        "密码长度应为 10 至 20 个字符",
        "Das Versandlimit beträgt 500 Nachrichten pro Tag.",
        "Limite de envio: 500 mensagens por dia",
        # what locks as a rule
        "Bitte beachten: Nach drei Fehlversuchen wird das Konto 60 Minuten gesperrt.",
        "Tras cinco intentos fallidos la cuenta se bloquea durante media hora.",
        "Na vijf foute pogingen wordt uw account een kwartier geblokkeerd.",
        "비밀번호를 5회 잘못 입력하면 계정이 30분 동안 잠깁니다.",
        # how long a lock lasts, what a thing is for
        "Wie lange dauert die Sperre?",
        "Сколько длится блокировка?",
        "アカウントのロックはどのくらいで解除されますか？",
        "Para que serve a senha de app?",
        "アプリパスワードとは何ですか",
        "What is a one-time code?",
        # what has been switched on, what will be switched off
        "Der IMAP-Zugriff wurde aktiviert.",
        "IMAPアクセスを有効にしました。",
        "L'authentification à deux facteurs a été activée.",
        "Desde el 1 de marzo se desactivará la autenticación básica.",
        "3月1日からパスワードのみのログインは利用できなくなります。",
        "From 1 May, sign-in with a password alone will no longer work.",
        # a code, a session that will end
        "Votre code est 112 233",
        "Ваш код подтверждения: 559 301",
        "認証コードは 448 102 です",
        "Ihre Sitzung läuft in 2 Minuten ab. Verlängern?",
        "Sua sessão vai expirar em 2 minutos.",
        "会话即将到期，是否继续？",
        # a password that has days to go
        "Su contraseña caduca en 7 días.",
        "パスワードの有効期限まであと14日です。",
        "Hasło wygaśnie za 3 dni.",
    ],
)
def test_what_tells_of_no_fault_is_none(text: str) -> None:
    assert first(text) == "none"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("POP3 is back to normal, but my tablet says: wrong password", "credentials.rejected"),
        ("Reconnected, then: 535 wrong password", "credentials.rejected"),
        ("Password rules changed: your password has expired", "credentials.expired"),
        ("Since the password was changed: login failed, password wrong", "credentials.rejected"),
        ("Scheduled maintenance in progress right now, please wait", "server.fault"),
        ("I can log in to the calendar; the mailbox is full", "activation.over-quota"),
        ("My account is locked. Would my colleague's be, too?", "lockout.account-locked"),
        ("203.0.113.9 is on our blacklist", "lockout.address-blocked"),
        ("We sent a link to confirm your address; your account is not activated", "activation.not-activated"),
        ("Your mailbox is blocked after too many failed logins, pay by credit card", "lockout.account-locked"),
        ("Your password has expired. No action is required by your administrator.", "credentials.expired"),
        ("The certificate has expired. Do you really want to continue?", "tls.cert-expired"),
        ("Internet connection established, but IMAP: connection refused", "reach.refused"),
        ("Fetch ended without errors, but login failed: wrong password", "credentials.rejected"),
        ("An app password is required; here is your way to one", "credentials.app-password-required"),
        ("Monitor imap-3 is down: ECONNREFUSED", "reach.refused"),
        ("Your mailbox account is locked, the sign-in to Facebook is fine", "lockout.account-locked"),
        ("邮箱账号登录环境异常，已被限制登录", "lockout.suspicious-login"),
        ("The smart TV's mail program says: wrong password", "credentials.rejected"),
        ("The VPN is up, mail says wrong password", "credentials.rejected"),
        ("The certificate expired again, it has been fixed only for some users", "tls.cert-expired"),
        ("My mailbox was deleted. Will my colleague's be deleted, too?", "activation.mailbox-missing"),
        ("saslauthd[3]: pam_unix(smtp:auth): authentication failure; user=eva", "credentials.rejected"),
        ("status=deferred (connect to mx.example.com: Connection refused), queued as 9C1D2", "reach.refused"),
        ("您的账号已被锁定，可联系管理员解锁", "lockout.account-locked"),
        ("Das Versandlimit von 500 Nachrichten pro Tag ist überschritten", "activation.sending-barred"),
        ("Gestern wurde mein Konto gesperrt.", "lockout.account-locked"),
        ("Nach fünf Fehlversuchen wurde das Konto gesperrt", "lockout.account-locked"),
        ("Twoja skrzynka została usunięta.", "activation.account-disabled"),
        ("Conta suspensa e bloqueada após cinco tentativas.", "lockout.account-locked"),
        ("密码错误次数过多，帐号将锁定30分钟", "lockout.account-locked"),
        ("アカウントがロックされました。", "lockout.account-locked"),
        ("Mein Konto ist gesperrt. Wie lange bleibt mein Konto gesperrt?", "lockout.account-locked"),
        ("534 Application-specific password required. What is an app password?", "credentials.app-password-required"),
        ("IMAP has been disabled for your account", "settings.protocol-disabled"),
        ("Der Drucker druckt, die Mail geht nicht: Kennwort falsch", "credentials.rejected"),
        ("Your session has expired.", "web.session-expired"),
        # what had been taken for a label, another certificate, a mail's headers or a success
        ("-ERR invalid password, two tries remaining before lockout", "lockout.risk"),
        ("Le queda un intento antes del bloqueo", "lockout.risk"),
        ("Resta uma tentativa antes do bloqueio da conta", "lockout.risk"),
        ("自签名证书", "tls.untrusted-issuer"),
        ("該憑證為自簽名憑證", "tls.untrusted-issuer"),
        ('nginx: client sent too long header line: "Cookie: sid=1; sid=2" while reading', "browser.stale-cookies"),
        ("postfix/smtpd[7]: improper command pipelining after CONNECT from x: \\026\\003\\001", "tls.wrong-mode"),
        ("521 5.3.2 go away, banned network", "lockout.address-blocked"),
        ("Mot de passe faux, il vous reste 3 tentatives avant blocage", "lockout.risk"),
        ("Password errata: ancora due tentativi prima del blocco", "lockout.risk"),
        ("550 5.7.27 <a@b.example>: sender has a null MX", "dns.null-mx"),
        ("556 5.1.10 null MX published", "dns.null-mx"),
        ("503 5.5.1 Bad sequence: authenticate before MAIL", "settings.auth-not-sent"),
        ("You were signed out: idle for an hour", "web.session-expired"),
        ("You have been logged out due to inactivity", "web.session-expired"),
        ("550 5.7.1 user bob is restricted from sending", "activation.sending-barred"),
        ("554 5.7.1 account sending limits apply: message rejected", "activation.sending-barred"),
        ("535 5.7.8 wrong password\r\n221 2.0.0 Bye", "credentials.rejected"),
        ("530 5.7.0 Authentication required\r\n221 2.0.0 closing connection", "settings.auth-not-sent"),
    ],
)
def test_the_same_words_beside_a_fault_take_nothing_from_it(text: str, cause: str) -> None:
    assert first(text) == cause


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Your account was suspended: an unusual number of messages left it", "activation.sending-barred"),
        ("Su buzón fue bloqueado porque una cantidad excesiva de mensajes salió de él", "activation.sending-barred"),
        ("检测到大量发送垃圾邮件，邮箱已被限制", "activation.sending-barred"),
        ("535 authentication is offered only after STARTTLS", "settings.plaintext-refused"),
        ("530 5.7.0 AUTH not offered before STARTTLS", "settings.plaintext-refused"),
        ("AUTH requires STARTTLS first", "settings.plaintext-refused"),
        ("503 5.5.1 this port does not offer authentication", "settings.no-common-auth"),
        ("503 5.5.1 authentication is not enabled here", "settings.no-common-auth"),
        ("503 no auth offered by relay-2", "settings.no-common-auth"),
        ("Le webmail affiche une erreur interne chez tout le monde", "web.login-page-down"),
        ("The webmail greets everybody with an internal error", "web.login-page-down"),
        ("Веб-почта: внутренняя ошибка на странице", "web.login-page-down"),
        ("Aanmelden met een wachtwoord wordt niet meer ondersteund", "credentials.oauth-required"),
        ("Lösenord stöds inte längre, logga in med Microsoft", "credentials.oauth-required"),
        ("Вход по паролю больше не поддерживается", "credentials.oauth-required"),
        ("535 5.7.139 Authentication unsuccessful, basic auth is no longer allowed", "credentials.oauth-required"),
        ("La limite d'envoi de votre boîte est atteinte", "activation.sending-barred"),
        ("1시간 발송 한도를 초과했습니다", "activation.sending-barred"),
        ("Limit wysyłki został przekroczony", "activation.sending-barred"),
        ("Versand gestoppt, Guthaben aufgebraucht", "activation.sending-barred"),
        ("残高不足のため送信を停止しました", "activation.sending-barred"),
        ("550 Out of credits, message not sent", "activation.sending-barred"),
        ("550 no such user in this domain", "activation.mailbox-missing"),
        ("Conta não existe neste domínio", "activation.mailbox-missing"),
        ("Ящик в этом домене не найден", "activation.mailbox-missing"),
        ("Le webmail revient toujours à la page de connexion", "web.redirect-loop"),
        ("ログインしても何度もログイン画面に戻ります", "web.redirect-loop"),
        ("Webmail постоянно возвращает на страницу входа", "web.redirect-loop"),
        ("MSIS5007: caller authorization failed", "settings.access-policy"),
        ("MSIS7042: The same client browser session has made '7' requests", "web.redirect-loop"),
        ("526 Authentication failure[0]", "credentials.rejected"),
        ("526 Authentication failure[1]", "lockout.rate-limited"),
        # near-misses
        ("Too many attempts, your account was suspended for an hour", "lockout.account-locked"),
        ("This browser is no longer supported, type your password in another one", "browser.outdated"),
    ],
)
def test_what_is_a_fault_after_all(text: str, cause: str) -> None:
    suspects = [one.cause for one in read_message(text).suspects]

    assert suspects[:1] == [cause]


def on_a_page(text: str) -> list[tuple[str, str]]:
    """What a sign-in page says with *text*, and how surely; none of what is only possible beside that."""
    suspects = read_reply(text, protocol="http", stage="login").suspects
    return [(one.cause, one.certainty) for one in suspects[:1]]


@pytest.mark.parametrize(
    "text",
    [
        "No account? Create one!",
        "Sign in. No account yet? Register now",
        "Noch kein Konto? Jetzt registrieren",
        "没有账号？立即注册",
        "Нет аккаунта? Зарегистрируйтесь",
        "连续输错5次将锁定",
        "密码输入错误超过5次，帐号将被锁定",
        "密碼連續輸錯6次，帳號將會鎖定30分鐘",
        "为了您的账号安全，连续输错密码五次将被锁定半小时",
    ],
)
def test_what_a_sign_in_page_offers_or_lays_down_is_no_fault(text: str) -> None:
    assert on_a_page(text) == []


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("That account doesn't exist. No account? Create one!", "activation.mailbox-missing"),
        ("No account found with that email", "activation.mailbox-missing"),
        ("Your password is incorrect. No account? Create one!", "credentials.rejected"),
        ("没有此账号", "activation.mailbox-missing"),
        ("密码错误，连续输错5次将锁定", "credentials.rejected"),
        ("密码连续输错5次，账号已锁定，请30分钟后再试", "lockout.account-locked"),
        ("您的账号因连续输错5次密码已被锁定", "lockout.account-locked"),
        ("密码错误，再输错 1 次账号将被锁定", "lockout.risk"),
    ],
)
def test_a_fault_beside_or_behind_such_words_is_one(text: str, cause: str) -> None:
    assert [one for one, _ in on_a_page(text)] == [cause]


@pytest.mark.parametrize(
    ("text", "cause", "certainty"),
    [
        ("Cookies must be enabled in your browser", "browser.cookies-blocked", "possible"),
        ("This site requires cookies", "browser.cookies-blocked", "possible"),
        ("登录本系统必须启用 Cookie", "browser.cookies-blocked", "possible"),
        ("JavaScript must be enabled to sign in", "browser.javascript-off", "possible"),
        ("Cookies are disabled in your browser", "browser.cookies-blocked", "likely"),
        ("Error: cookies must be enabled. We could not sign you in.", "browser.cookies-blocked", "likely"),
    ],
)
def test_what_a_page_needs_is_not_shown_to_be_missing(text: str, cause: str, certainty: str) -> None:
    """Many pages say it to everybody, or to browsers without scripts alone; one that has met the lack says so."""
    assert on_a_page(text) == [(cause, certainty)]


def test_a_person_who_quotes_it_was_told_so() -> None:
    assert first("Sign-in window within Outlook: cookies must be enabled") == "browser.cookies-blocked"
