"""Reports as real runs leave them, one for each thing a format has to get right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from diagnose.model import Certainty, Status
from diagnose.model.report import (
    Environment,
    Evidence,
    Impact,
    Report,
    ReportCause,
    ReportCheck,
    ReportFinding,
    ReportLink,
    ReportRemedy,
    ReportService,
    ReportSubject,
    ReportVerdict,
    Station,
    Tool,
)

State = Literal["ok", "broken", "hindered", "unknown"]
StationName = Literal["computer", "dns", "server", "encryption", "login", "mailbox"]

ENGLISH: tuple[tuple[StationName, str], ...] = (
    ("computer", "This computer"),
    ("dns", "DNS"),
    ("server", "Mail server"),
    ("encryption", "Encryption"),
    ("login", "Login"),
    ("mailbox", "Mailbox"),
)
CHINESE: tuple[tuple[StationName, str], ...] = (
    ("computer", "这台电脑"),
    ("dns", "DNS"),
    ("server", "邮件服务器"),
    ("encryption", "加密"),
    ("login", "登录"),
    ("mailbox", "邮箱"),
)


def way(*states: State, titles: tuple[tuple[StationName, str], ...] = ENGLISH) -> tuple[Station, ...]:
    return tuple(
        Station(name=name, title=title, state=state) for (name, title), state in zip(titles, states, strict=True)
    )


def check(
    name: str,
    title: str,
    status: Status = "pass",
    *,
    at: int | None = 0,
    took: int | None = 12,
    because: str | None = None,
    findings: tuple[ReportFinding, ...] = (),
    facts: dict[str, Any] | None = None,
) -> ReportCheck:
    return ReportCheck(
        id=name,
        title=title,
        family=name.split(".")[0],
        status=status,
        skipped_because=because,
        started_ms=None if status == "skip" else at,
        duration_ms=None if status == "skip" else took,
        findings=findings,
        facts=facts or {},
    )


def finding(cause: str, text: str, certainty: Certainty = "confirmed") -> ReportFinding:
    return ReportFinding(cause=cause, certainty=certainty, text=text)


def cause(
    name: str,
    title: str,
    summary: str,
    *,
    certainty: Certainty = "confirmed",
    impact: Impact = "blocks",
    evidence: tuple[Evidence, ...] = (),
    remedies: tuple[ReportRemedy, ...] = (),
    explains: tuple[str, ...] = (),
) -> ReportCause:
    return ReportCause(
        id=name,
        certainty=certainty,
        impact=impact,
        title=title,
        summary=summary,
        evidence=evidence,
        remedies=remedies,
        explains=explains,
    )


def report(
    verdict: ReportVerdict,
    path: tuple[Station, ...],
    checks: tuple[ReportCheck, ...],
    services: tuple[ReportService, ...] = (),
    *,
    address: str | None = "alice@corp.example",
    domain: str = "corp.example",
    provider: str | None = None,
    lang: str = "en",
    duration_ms: int = 1834,
) -> Report:
    return Report(
        tool=Tool(name="diagnose", version="1.0.0"),
        lang=lang,
        subject=ReportSubject(address=address, domain=domain, username=address, provider=provider),
        started_at="2026-03-02T08:15:30Z",
        duration_ms=duration_ms,
        verdict=verdict,
        path=path,
        services=services,
        checks=checks,
        environment=Environment(
            os="Windows 11 24H2", python="3.13.2", resolver="192.0.2.53:53", proxy=None, clock_offset_s=0.4
        ),
    )


IMAP = ReportService(protocol="imap", host="imap.corp.example", port=993, tls="implicit", source="srv")
SMTP = ReportService(protocol="smtp", host="smtp.corp.example", port=587, tls="starttls", source="srv")
POP3 = ReportService(protocol="pop3", host="pop.corp.example", port=995, tls="implicit", source="autoconfig")
WEBMAIL = ReportService(protocol="webmail", host="mail.corp.example", port=443, tls="implicit", source="provider")

CERTIFICATE = {
    "host": "imap.corp.example",
    "port": 993,
    "version": "TLSv1.3",
    "chain": [
        {"subject": "CN=imap.corp.example", "issuer": "CN=Example Issuing CA 3", "not_after": "2026-05-20T23:59:59Z"},
        {"subject": "CN=Example Issuing CA 3", "issuer": "CN=Example Root", "not_after": "2031-01-01T00:00:00Z"},
    ],
    "names": ["imap.corp.example", "mail.corp.example"],
    "failure": None,
}


def the_25_checks() -> tuple[ReportCheck, ...]:
    """What a full run of a mailbox with four services leaves."""
    return (
        check("address.syntax", "The address is a valid mailbox address", took=1),
        check("network.route", "This computer has a way to the network", took=3, facts={"ipv4": True, "ipv6": False}),
        check("network.clock", "This computer's clock is right", at=210, took=142, facts={"offset_s": 0.4}),
        check("network.proxy", "The proxy settings do not stand in the way", took=2, facts={"proxies": []}),
        check(
            "dns.resolver", "The DNS server answers", at=3, took=18, facts={"server": "192.0.2.53:53", "rtt_ms": 17.6}
        ),
        check(
            "dns.mx",
            "corp.example names its mail servers",
            at=21,
            took=24,
            facts={
                "records": [
                    {"preference": 10, "target": "mx1.corp.example"},
                    {"preference": 20, "target": "mx2.corp.example"},
                ]
            },
        ),
        check("dns.host.imap.corp.example", "imap.corp.example has an address", at=45, took=15),
        check("dns.host.smtp.corp.example", "smtp.corp.example has an address", at=45, took=16),
        check("dns.host.pop.corp.example", "pop.corp.example has an address", at=45, took=19),
        check("dns.host.mail.corp.example", "mail.corp.example has an address", at=45, took=22),
        check(
            "reach.imap.993",
            "imap.corp.example answers on port 993",
            at=60,
            took=31,
            facts={"addresses": ["192.0.2.10", "2001:db8::10"]},
        ),
        check("reach.smtp.587", "smtp.corp.example answers on port 587", at=61, took=33),
        check("reach.pop3.995", "pop.corp.example answers on port 995", at=64, took=30),
        check("reach.webmail.443", "mail.corp.example answers on port 443", at=67, took=28),
        check(
            "server.imap.993",
            "The IMAP server greets as it should",
            at=140,
            took=45,
            facts={"greeting": "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] Dovecot ready."},
        ),
        check(
            "server.smtp.587",
            "The SMTP server greets as it should",
            at=94,
            took=610,
            facts={"greeting": "220 smtp.corp.example ESMTP Postfix"},
        ),
        check("server.pop3.995", "The POP3 server greets as it should", at=141, took=48),
        check(
            "tls.imap.993",
            "The certificate of imap.corp.example is good for port 993",
            at=91,
            took=49,
            facts=CERTIFICATE,
        ),
        check("tls.smtp.587", "The certificate of smtp.corp.example is good for port 587", at=704, took=88),
        check("tls.pop3.995", "The certificate of pop.corp.example is good for port 995", at=94, took=47),
        check("tls.webmail.443", "The certificate of mail.corp.example is good for port 443", at=95, took=51),
        check("settings.protocols", "The settings go with what the servers offer", at=792, took=1),
        check("credentials.imap.993", "imap.corp.example accepts the login", at=792, took=420),
        check("credentials.smtp.587", "smtp.corp.example accepts the login", at=1212, took=388),
        check("web.page.443", "The webmail page shows its sign-in form", at=146, took=702),
    )


def healthy() -> Report:
    return report(
        ReportVerdict(
            status="healthy",
            exit_code=0,
            headline="Everything works: alice@corp.example can log in for reading, sending and webmail.",
            prevention=(
                "Keep passwords in a password manager, and let it fill them in.",
                "Keep the phone and the second mailbox for recovery up to date.",
                "Look at the login records of the mailbox once a month.",
            ),
            untested=("Exchange ActiveSync", "EWS"),
        ),
        way("ok", "ok", "ok", "ok", "ok", "ok"),
        the_25_checks(),
        (IMAP, POP3, SMTP, WEBMAIL),
    )


def wrong_password() -> Report:
    rejected = finding("credentials.rejected", "imap.corp.example:993 rejects the login.")
    checks = tuple(
        check(
            "credentials.imap.993",
            "imap.corp.example accepts the login",
            "fail",
            at=792,
            took=420,
            findings=(
                rejected,
                finding("credentials.app-password-required", "This provider wants app passwords.", "possible"),
            ),
            facts={
                "mechanism": "PLAIN",
                "reply": "NO [AUTHENTICATIONFAILED] Authentication failed.",
                "capabilities": ["IMAP4rev1", "AUTH=PLAIN", "ID", "IDLE"],
            },
        )
        if found.id == "credentials.imap.993"
        else check(
            "credentials.smtp.587",
            found.title,
            "skip",
            because="a password that was just rejected is not sent a second time",
        )
        if found.id == "credentials.smtp.587"
        else found
        for found in the_25_checks()
    )
    return report(
        ReportVerdict(
            status="problem",
            exit_code=1,
            headline="The mail server is fine, but it rejects this user name or password.",
            causes=(
                cause(
                    "credentials.rejected",
                    "User name or password rejected",
                    "The server was reached safely and looked at the login, and it says that this user name and "
                    "password do not belong together. It does not say which of the two is wrong.",
                    evidence=(
                        Evidence(
                            check="credentials.imap.993",
                            text="imap.corp.example:993 answers: NO [AUTHENTICATIONFAILED] Authentication failed.",
                            data={
                                "reply": "NO [AUTHENTICATIONFAILED] Authentication failed.",
                                "code": "AUTHENTICATIONFAILED",
                            },
                        ),
                        Evidence(
                            check="tls.imap.993", text="The connection is encrypted and the server is the right one."
                        ),
                    ),
                    remedies=(
                        ReportRemedy(
                            fixer="user",
                            steps=(
                                "Close the mail programs on your other devices: an old password can lock the account.",
                                "Sign in on the webmail page with this password. If that works, make an app password.",
                                "If it does not work there either, set a new password.",
                            ),
                            links=(
                                ReportLink(text="Webmail", url="https://mail.corp.example/"),
                                ReportLink(
                                    text="Set a new password", url="https://id.corp.example/reset?lang=en&from=mail"
                                ),
                            ),
                        ),
                        ReportRemedy(
                            fixer="helpdesk",
                            steps=(
                                "Ask for the exact user name the program sends.",
                                "Offer a reset after an identity check.",
                            ),
                        ),
                        ReportRemedy(fixer="admin", steps=("Look up the rejected login in the authentication log.",)),
                    ),
                ),
                cause(
                    "credentials.app-password-required",
                    "An app password may be needed",
                    "This provider does not take the web password in mail programs once two-step sign-in is on.",
                    certainty="possible",
                    remedies=(
                        ReportRemedy(
                            fixer="user",
                            steps=(
                                "Open Security in the account settings.",
                                "Make an app password and paste it into the mail program.",
                            ),
                        ),
                    ),
                ),
                cause(
                    "settings.protocol-disabled",
                    "IMAP may be switched off for this mailbox",
                    "The server gives the same reply when IMAP is switched off.",
                    certainty="possible",
                ),
                cause(
                    "lockout.risk",
                    "One more wrong try may lock the account",
                    "Four wrong passwords were tried from this computer today; the provider locks after five.",
                    certainty="likely",
                    impact="hinders",
                ),
            ),
        ),
        way("ok", "ok", "ok", "ok", "broken", "unknown"),
        checks,
        (IMAP, POP3, SMTP, WEBMAIL),
        provider="corp-mail",
    )


def expired_certificate() -> Report:
    expired = finding("tls.cert-expired", "The certificate ran out on 2026-02-27.")
    skipped = "the certificate of this server is not good (tls.imap.993)"
    return report(
        ReportVerdict(
            status="problem",
            exit_code=1,
            headline="The mail server's certificate ran out three days ago, so mail programs rightly refuse to log in.",
            causes=(
                cause(
                    "tls.cert-expired",
                    "The server's certificate has expired",
                    "Nobody can log in safely until the certificate is renewed. Do not click a warning away: the "
                    "password would go over a connection that is not verified.",
                    evidence=(
                        Evidence(
                            check="tls.imap.993",
                            text="imap.corp.example:993 shows a certificate that ran out on 2026-02-27 23:59 UTC.",
                            data={"not_after": "2026-02-27T23:59:59Z", "clock_offset_s": 0.4},
                        ),
                        Evidence(check="tls.smtp.587", text="smtp.corp.example:587 shows the same certificate."),
                    ),
                    remedies=(
                        ReportRemedy(
                            fixer="admin",
                            steps=("Renew the certificate.", "Reload the mail server.", "Watch the date from now on."),
                            links=(
                                ReportLink(
                                    text="RFC 5280, section 4.1.2.5",
                                    url="https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5",
                                ),
                            ),
                        ),
                    ),
                    explains=("tls.untrusted-issuer", "web.login-page-down"),
                ),
            ),
        ),
        way("ok", "ok", "ok", "broken", "unknown", "unknown"),
        (
            check("dns.mx", "corp.example names its mail servers", at=3, took=24),
            check("reach.imap.993", "imap.corp.example answers on port 993", at=27, took=31),
            check("reach.smtp.587", "smtp.corp.example answers on port 587", at=27, took=35),
            check(
                "tls.imap.993",
                "The certificate of imap.corp.example is good for port 993",
                "fail",
                at=58,
                took=51,
                findings=(expired,),
                facts=CERTIFICATE,
            ),
            check(
                "tls.smtp.587",
                "The certificate of smtp.corp.example is good for port 587",
                "fail",
                at=62,
                took=240,
                findings=(expired, finding("tls.untrusted-issuer", "The issuer is not known here.", "possible")),
            ),
            check(
                "web.page.443",
                "The webmail page shows its sign-in form",
                "fail",
                at=61,
                took=99,
                findings=(finding("web.login-page-down", "The page cannot be opened over verified TLS."),),
            ),
            check("credentials.imap.993", "imap.corp.example accepts the login", "skip", because=skipped),
            check("credentials.smtp.587", "smtp.corp.example accepts the login", "skip", because=skipped),
        ),
        (IMAP, SMTP, WEBMAIL),
        duration_ms=310,
    )


def port_blocked() -> Report:
    return report(
        ReportVerdict(
            status="healthy",
            exit_code=0,
            headline="The login works. One port is blocked on this network, and mail programs that use it will fail.",
            causes=(
                cause(
                    "reach.port-blocked",
                    "Port 465 is blocked on the way",
                    "The server answers on port 587, but nothing comes back on port 465. "
                    "A firewall or the internet provider drops it.",
                    certainty="likely",
                    impact="hinders",
                    evidence=(
                        Evidence(
                            check="reach.smtp.465",
                            text="No answer from smtp.corp.example:465 within 5 s; port 587 answers in 33 ms.",
                        ),
                    ),
                    remedies=(
                        ReportRemedy(fixer="user", steps=("Set the outgoing server to port 587 with STARTTLS.",)),
                        ReportRemedy(fixer="helpdesk", steps=("Allow TCP 465 to smtp.corp.example in the firewall.",)),
                    ),
                ),
            ),
        ),
        way("ok", "ok", "hindered", "ok", "ok", "ok"),
        (
            check("dns.mx", "corp.example names its mail servers", at=3, took=24),
            check(
                "reach.smtp.465",
                "smtp.corp.example answers on port 465",
                "warn",
                at=27,
                took=5000,
                findings=(finding("reach.port-blocked", "No answer on port 465.", "likely"),),
            ),
            check("reach.smtp.587", "smtp.corp.example answers on port 587", at=27, took=33),
            check("credentials.smtp.587", "smtp.corp.example accepts the login", at=150, took=388),
        ),
        (SMTP,),
        duration_ms=5040,
    )


def no_mail_domain() -> Report:
    return report(
        ReportVerdict(
            status="problem",
            exit_code=1,
            headline="The domain names no mail server",
            causes=(
                cause(
                    "dns.no-mx",
                    "The domain names no mail server",
                    "The domain exists, but it has no MX record, and no server was found under its usual names.",
                    evidence=(
                        Evidence(check="dns.mx", text="192.0.2.53 answers that nomail.example has no MX record."),
                    ),
                    remedies=(
                        ReportRemedy(fixer="user", steps=("Check the part after the @ for spelling.",)),
                        ReportRemedy(fixer="admin", steps=("Publish an MX record for nomail.example.",)),
                    ),
                ),
            ),
        ),
        way("ok", "broken", "unknown", "unknown", "unknown", "unknown"),
        (
            check(
                "dns.mx",
                "nomail.example names its mail servers",
                "fail",
                at=2,
                took=21,
                findings=(finding("dns.no-mx", "There is no MX record."),),
            ),
        ),
        address=None,
        domain="nomail.example",
        duration_ms=25,
    )


ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[bold red]markup[/bold red] [/] [link=https://evil.example]x[/link]",
    "\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "\x9b31m C1",
    "\u202egnp.exe\u2066 bidi",
    "{braces} {0} %s {{ 7*7 }} {% raw %}",
    "line one\r\nSet-Cookie: a=b\x00",
    "lone \ud800 surrogate",
)


def hostile() -> Report:
    """A server that answers with everything that could do harm where it is shown."""
    words = " ".join(ATTACKS)
    long = "220 " + "A" * 5000 + words
    return report(
        ReportVerdict(
            status="problem",
            exit_code=1,
            headline=f"The server answers: {words}",
            causes=(
                cause(
                    "server.fault",
                    f"Fault {words}",
                    f"It said {words}",
                    evidence=(Evidence(check="server.imap.993", text=long, data={words: words}),),
                    remedies=(
                        ReportRemedy(
                            fixer="user",
                            steps=(words,),
                            links=(
                                ReportLink(text=words, url="javascript:alert(1)"),
                                ReportLink(text="data", url="data:text/html,<script>alert(1)</script>"),
                                ReportLink(text="broken", url="http://[::1"),
                                ReportLink(text=words, url='https://evil.example/"onmouseover="alert(1)'),
                            ),
                        ),
                    ),
                ),
            ),
            unchecked=(words,),
        ),
        way("ok", "ok", "broken", "unknown", "unknown", "unknown"),
        (
            check(
                "server.imap.993",
                words,
                "fail",
                findings=(finding("server.fault", words),),
                facts={"greeting": long, words: [words, {"nested": words}], "number": float("nan")},
            ),
            check("server.imap.993", words, "skip", because=words),
        ),
        (ReportService(protocol="imap", host=words, port=993, tls="implicit", source="autoconfig"),),
        address=f"{words}@corp.example",
    )


def chinese() -> Report:
    return report(
        ReportVerdict(
            status="problem",
            exit_code=1,
            headline="邮件服务器一切正常，但它拒绝了这个用户名或密码。",
            causes=(
                cause(
                    "credentials.app-password-required",
                    "需要使用授权码，而不是网页登录密码",
                    "这个邮箱在邮件客户端（例如 Outlook、Thunderbird 或手机自带的“邮件”应用）里只接受授权码。"
                    "网页登录密码在这里会被拒绝，即使它完全正确。",
                    evidence=(
                        Evidence(
                            check="credentials.imap.993",
                            text="imap.corp.example:993 回复：NO LOGIN Login error, 请使用授权码登录。详情请看 https://help.corp.example/",
                        ),
                    ),
                    remedies=(
                        ReportRemedy(
                            fixer="user",
                            steps=(
                                "用浏览器登录网页邮箱，打开“设置”→“账号与安全”→“客户端授权码”。",
                                "开启 IMAP/SMTP 服务，按提示用绑定的手机完成验证，然后生成一个新的授权码。",
                                "把授权码粘贴到邮件客户端的密码框里，并删除保存的旧密码。",
                            ),
                            links=(ReportLink(text="如何生成授权码", url="https://help.corp.example/auth-code"),),
                        ),
                        ReportRemedy(fixer="helpdesk", steps=("确认用户是否开启了二次验证。",)),
                    ),
                ),
                cause(
                    "settings.protocol-disabled",
                    "这个邮箱可能没有开启 IMAP 服务",
                    "没有开启 IMAP 服务时，服务器的回复与密码错误时完全相同。",
                    certainty="possible",
                ),
            ),
        ),
        way("ok", "ok", "ok", "ok", "broken", "unknown", titles=CHINESE),
        (
            check("dns.mx", "corp.example 公布了它的邮件服务器", at=3, took=24),
            check("reach.imap.993", "imap.corp.example 在 993 端口有应答", at=27, took=31),
            check(
                "tls.imap.993",
                "imap.corp.example 在 993 端口出示的证书有效，并且是由这台电脑信任的机构签发的",
                at=58,
                took=51,
            ),
            check("credentials.imap.993", "imap.corp.example 接受登录", "fail", at=110, took=1420),
            check(
                "credentials.smtp.587", "smtp.corp.example 接受登录", "skip", because="刚刚被拒绝的密码不会再发送第二次"
            ),
        ),
        (IMAP, SMTP),
        address="张伟@例子.example",
        domain="xn--fsqu00a.example",
        provider="corp-mail",
        lang="zh-Hans",
    )


def error_and_skips() -> Report:
    return report(
        ReportVerdict(
            status="inconclusive",
            exit_code=3,
            headline="Nothing wrong was found, but the login itself could not be tested.",
            unchecked=(
                "The login was not tested: no password was given.",
                "The check dns.mx ended in an internal error.",
            ),
        ),
        way("ok", "unknown", "ok", "ok", "unknown", "unknown"),
        (
            check("dns.mx", "corp.example names its mail servers", "error", at=3, took=2, facts={}),
            check("reach.imap.993", "imap.corp.example answers on port 993", at=27, took=31),
            check("tls.imap.993", "The certificate of imap.corp.example is good for port 993", at=58, took=51),
            check(
                "credentials.imap.993", "imap.corp.example accepts the login", "skip", because="no password was given"
            ),
            check("activation.mailbox", "The mailbox can be opened", "skip", because="credentials.imap.993"),
        ),
        (IMAP,),
    )


SAMPLES: dict[str, Callable[[], Report]] = {
    "healthy": healthy,
    "wrong_password": wrong_password,
    "expired_certificate": expired_certificate,
    "port_blocked": port_blocked,
    "no_mail_domain": no_mail_domain,
    "hostile": hostile,
    "chinese": chinese,
    "error_and_skips": error_and_skips,
}
