"""The estate that the tests share: one domain for every case, so that no test has to change a running server."""

from __future__ import annotations

from .estate import Account, Host, MailDomain, Plan, Reject
from .estate.plan import ALL_SERVICES

PASSWORD = 'Grün+straße/7<&>"x%41'
MAIL = Host()
IMAPS_ONLY = ("imaps", "submissions")

HEALTHY = (
    MailDomain(
        name="corp.example",
        security="signed",
        hosts=(MAIL, Host(label="webmail", serves=(), web="login")),
        # a department with addresses of its own, but no zone
        records="""
            sales                   MX  10 mail
            _imaps._tcp.sales       SRV 0 1 993 mail
            _submissions._tcp.sales SRV 0 1 465 mail
        """,
        accounts=(
            Account(),
            Account(local_part="bob", state="disabled"),
            Account(local_part="carol", state="expired"),
            Account(local_part="dave", state="backend-down"),
            Account(local_part="erin", state="over-quota"),
            Account(local_part="frank"),
            Account(local_part="grace"),
            Account(local_part="heidi"),
            Account(local_part="ivan"),
            Account(local_part="judy"),
            Account(local_part="kim"),
            Account(local_part="lou"),
            Account(local_part="mia"),
        ),
    ),
    # a public name, not a special-use one (RFC 6761)
    MailDomain(name="example.net"),
    MailDomain(name="implicit.example", mx=False, hosts=(Host(label="@"),)),
    MailDomain(name="filters.example", hosts=(Host(serves=(*ALL_SERVICES, "sieve")),)),
    MailDomain(
        name="oldfilters.example",
        hosts=(Host(serves=(*ALL_SERVICES, "sieve"), own_certificates=(("sieve", "expired"),)),),
    ),
    MailDomain(name="xn--bcher-kva.example"),
    MailDomain(name="ipv6only.example", hosts=(Host(families=("ipv6",)),)),
    MailDomain(
        name="pop3only.example",
        hosts=(Host(serves=("pop3s", "submissions", "smtp")),),
        # RFC 6186 §3.4: a target of "." says that there is no such service
        records="_imap._tcp SRV 0 0 0 .\n_imaps._tcp SRV 0 0 0 .",
    ),
    MailDomain(name="starttls.example", hosts=(Host(serves=("imap", "submission", "smtp")),)),
    MailDomain(
        name="srvonly.example",
        hosts=(
            Host(label="mx7", serves=("smtp",)),
            Host(label="node3", serves=("imaps",)),
            Host(label="relay9", serves=("submissions",)),
        ),
    ),
    MailDomain(
        name="guessable.example",
        announces=(),
        hosts=(
            Host(label="mx", serves=("smtp",)),
            Host(label="imap", serves=("imaps",)),
            Host(label="smtp", serves=("submissions",)),
        ),
    ),
    MailDomain(
        name="autoconfig.example",
        announces=(),
        hosts=(
            Host(label="store1", serves=("imaps", "smtp")),
            Host(label="relay1", serves=("submissions",)),
            Host(label="autoconfig", serves=(), web="autoconfig"),
        ),
    ),
)

INTERNATIONAL = (
    MailDomain(name="xn--e1afmkfd.example", accounts=(Account(), Account(local_part="jörg"))),
    # the servers know it as people write it, and not as DNS does
    MailDomain(name="xn--fsqu00a.example", accounts=()),
    MailDomain(
        name="xn--strae-oqa.example",
        hosts=(Host(smtputf8=False),),
        accounts=(Account(), Account(local_part="jörg")),
    ),
)

CERTIFICATES = (
    # its web page tells the time
    MailDomain(
        name="expired.example", hosts=(Host(certificate="expired"), Host(label="webmail", serves=(), web="login"))
    ),
    MailDomain(name="notyet.example", hosts=(Host(certificate="not-yet-valid"),)),
    MailDomain(name="selfsigned.example", hosts=(Host(certificate="self-signed"),)),
    MailDomain(name="wrongname.example", hosts=(Host(certificate="wrong-name"),)),
    MailDomain(name="incomplete.example", hosts=(Host(certificate="incomplete-chain"),)),
    MailDomain(name="expiring.example", hosts=(Host(certificate="expiring"),)),
)

REACH = (
    MailDomain(
        name="blocked.example",
        announces=IMAPS_ONLY,
        hosts=(Host(serves=("imaps", "submissions", "smtp"), firewall=(Reject(ports=(993,)),)),),
    ),
    MailDomain(
        name="refused993.example",
        announces=("submissions",),
        records="_imaps._tcp SRV 0 1 993 mail",
        hosts=(Host(serves=("submissions", "smtp")),),
    ),
    MailDomain(name="halfblocked.example", hosts=(Host(firewall=(Reject(ports=(993,)),)),)),
    MailDomain(name="silent.example", hosts=(Host(firewall=(Reject(),)),)),
    MailDomain(
        name="closed.example",
        announces=(),
        records="@ MX 10 mail\n_imaps._tcp SRV 0 1 993 mail\n_submissions._tcp SRV 0 1 465 mail",
        hosts=(Host(serves=()),),
    ),
    MailDomain(name="unreachable.example", hosts=(Host(firewall=(Reject(how="host-unreachable"),)),)),
    MailDomain(name="ipv6broken.example", hosts=(Host(firewall=(Reject(families=("ipv6",)),)),)),
)

DNS = (
    MailDomain(name="nomx.example", hosts=(), accounts=()),
    MailDomain(name="nullmx.example", hosts=(), accounts=(), records="@ MX 0 ."),
    MailDomain(name="bogus.example", security="bogus"),
    MailDomain(name="stale.example", security="expired"),
    MailDomain(name="lame.example", security="lame"),
    MailDomain(name="deadmx.example", mx=False, records="@ MX 10 gone"),
    MailDomain(
        name="gonehost.example",
        announces=("submissions",),
        records="_imaps._tcp SRV 0 1 993 gone",
        hosts=(Host(serves=("submissions", "smtp")),),
    ),
)

WEB = (
    MailDomain(name="web503.example", hosts=(MAIL, Host(label="webmail", serves=(), web="unavailable"))),
    MailDomain(name="webloop.example", hosts=(MAIL, Host(label="webmail", serves=(), web="redirect-loop"))),
    MailDomain(name="web404.example", hosts=(MAIL, Host(label="webmail", serves=(), web="not-found"))),
    MailDomain(name="webcaptcha.example", hosts=(MAIL, Host(label="webmail", serves=(), web="captcha"))),
    MailDomain(name="webexpired.example", hosts=(MAIL, Host(label="webmail", serves=(), web="session-expired"))),
    MailDomain(name="webparked.example", hosts=(MAIL, Host(label="webmail", serves=(), web="parked"))),
)

SERVERS = (
    MailDomain(name="sendonly.example", hosts=(Host(serves=("submissions", "smtp")),)),
    # Postfix will not offer EXTERNAL alone
    MailDomain(name="clientcert.example", hosts=(Host(serves=("imaps", "imap", "smtp"), server="certificate-only"),)),
    # one family, so that those who are there and those who come are counted together
    MailDomain(name="onlyone.example", hosts=(Host(most_connections=1, families=("ipv4",)),)),
    MailDomain(name="oauth.example", hosts=(Host(server="oauth-only"),)),
    MailDomain(
        name="cleartext.example",
        hosts=(Host(serves=("imap", "pop3", "submission", "smtp"), server="without-tls"),),
    ),
)

# Courier and Exim
OTHER_PROGRAMS = (
    MailDomain(
        name="courier.example",
        hosts=(Host(serves=("imaps", "imap", "smtp"), families=("ipv4",), server="courier"),),
        accounts=(
            Account(),
            Account(local_part="bob", state="protocol-off"),
            Account(local_part="dave", state="backend-down"),
        ),
    ),
    MailDomain(
        name="exim.example",
        hosts=(Host(serves=("submissions", "submission"), families=("ipv4",), server="exim"),),
        # a mailbox that only sends
        records="""
            @            MX  10 mail.courier.example.
            _imap._tcp   SRV 0 0 0 .
            _imaps._tcp  SRV 0 0 0 .
            _pop3._tcp   SRV 0 0 0 .
            _pop3s._tcp  SRV 0 0 0 .
        """,
        accounts=(
            Account(),
            Account(local_part="dave", state="backend-down"),
            Account(local_part="mallory", state="barred"),
        ),
    ),
)

FORM = """<form method="post" action="/login"><input name="user"><input name="password" type="password"></form>"""


def _page(body: str) -> str:
    return f"location / {{ return 200 '<!DOCTYPE html>{body}'; }}"


def _web_host(settings: str, label: str = "webmail") -> Host:
    return Host(label=label, serves=(), web_settings=settings)


VARIATIONS = (
    # unusual, and healthy
    MailDomain(name="wildcard.example", hosts=(Host(certificate="wildcard"),)),
    MailDomain(name="disorder.example", hosts=(Host(certificate="in-disorder"),)),
    MailDomain(
        name="tls13.example",
        hosts=(Host(dovecot="ssl_min_protocol = TLSv1.3", submission=("smtpd_tls_protocols=>=TLSv1.3",)),),
    ),
    MailDomain(name="tls12.example", hosts=(Host(submission=("smtpd_tls_protocols=TLSv1.2",)),)),
    MailDomain(name="loginonly.example", hosts=(Host(server="login-only"),)),
    MailDomain(name="scram.example", hosts=(Host(server="scram-only"),)),
    MailDomain(name="cram.example", hosts=(Host(server="cram-only"),)),
    MailDomain(
        name="warns.example",
        hosts=(
            Host(
                dovecot="login_greeting = Access by others is prohibited. Accounts are locked after 3 failed logins. "
                + "x" * 1500
            ),
        ),
    ),
    MailDomain(
        name="deadprimary.example",
        mx=False,
        records="@ MX 10 first\n@ MX 20 mail",
        hosts=(Host(label="first", serves=("smtp",), firewall=(Reject(),)), MAIL),
    ),
    MailDomain(
        name="families.example",
        hosts=(
            Host(label="in", serves=("imaps", "smtp"), families=("ipv6",)),
            Host(label="out", serves=("submissions",), families=("ipv4",)),
        ),
    ),
    MailDomain(name="homelines.example", hosts=(Host(exchanger=("smtpd_client_restrictions=reject",)),)),
    MailDomain(name="greylists.example", hosts=(Host(exchanger=("smtpd_recipient_restrictions=defer",)),)),
    MailDomain(name="ipv4broken.example", hosts=(Host(firewall=(Reject(families=("ipv4",)),)),)),
    MailDomain(
        name="wildname.example",
        records="* CNAME web",
        hosts=(
            Host(serves=("imaps", "submissions", "smtp")),
            Host(label="web", serves=(), certificate="wildcard", web_settings=_page("Shop")),
        ),
    ),
    MailDomain(
        name="signson.example",
        hosts=(MAIL, _web_host("location / { return 302 https://webmail.helps.example/; }")),
    ),
    MailDomain(
        name="helps.example",
        hosts=(MAIL, _web_host(_page(f"{FORM}<a href=/help>Account locked? Too many failed attempts?</a>"))),
    ),
    MailDomain(
        name="drawn.example",
        hosts=(MAIL, _web_host(_page("<div id=root></div><script src=/app.js></script>"))),
    ),
    # faults
    MailDomain(name="ipv6port.example", hosts=(Host(firewall=(Reject(ports=(993,), families=("ipv6",)),)),)),
    MailDomain(name="popexpired.example", hosts=(Host(own_certificates=(("pop3", "expired"),)),)),
    MailDomain(
        name="imapexpired.example",
        hosts=(Host(serves=("imaps", "submissions", "smtp"), own_certificates=(("imap", "expired"),)),),
    ),
    MailDomain(name="staleissuer.example", hosts=(Host(certificate="expired-issuer"),)),
    MailDomain(name="cnonly.example", hosts=(Host(certificate="without-alternative-name"),)),
    MailDomain(
        name="strip143.example",
        hosts=(
            Host(label="a", serves=("imaps", "submissions", "smtp")),
            Host(label="b", serves=("imap",), server="without-tls"),
        ),
    ),
    MailDomain(
        name="strip587.example",
        hosts=(
            Host(label="a", serves=("imaps", "smtp")),
            Host(label="b", serves=("submission",), server="without-tls"),
        ),
    ),
    MailDomain(
        name="refuses.example",
        accounts=tuple(
            Account(local_part=name, refused_because=words)
            for name, words in (
                ("alice", "Your account has been suspended by the administrator"),
                ("bob", "Account temporarily locked because of too many failed logins"),
                ("carol", "Please use an application-specific password"),
                ("dave", "IMAP access is disabled for your account"),
                ("erin", "账号已被锁定，请联系管理员"),
            )
        ),
    ),
    MailDomain(name="nofolder.example", accounts=(Account(fields="userdb_mail=maildir:/proc/nothing/here"),)),
    MailDomain(
        name="elsewhere.example",
        accounts=(Account(fields="nologin host=mail.corp.example reason=Elsewhere"),),
    ),
    MailDomain(
        name="turnsaway.example",
        hosts=(Host(submission=("smtpd_client_restrictions=reject", "smtpd_delay_reject=no")),),
    ),
    MailDomain(
        name="wantscert.example",
        hosts=(Host(serves=("imaps", "submissions", "smtp"), submission=("smtpd_tls_req_ccert=yes",)),),
    ),
    MailDomain(
        name="nosasl.example",
        # smtpd looks for it once TLS stands, and ends itself; its master then lets the next clients wait for a minute
        hosts=(Host(submission=("smtpd_sasl_path=private/nobody",)),),
    ),
    MailDomain(
        name="nokey.example",
        hosts=(Host(serves=("imaps", "submission", "smtp"), submission=("smtpd_tls_chain_files=/nothing/here",)),),
    ),
    MailDomain(
        name="noauth.example",
        hosts=(Host(submission=("smtpd_sasl_auth_enable=no", "smtpd_client_restrictions=")),),
    ),
    MailDomain(
        name="aliasgone.example",
        records="imap CNAME gone.example.\n_imaps._tcp SRV 0 1 993 imap",
        hosts=(Host(serves=("submissions", "smtp")),),
    ),
    MailDomain(
        name="bogushost.example",
        records="_imaps._tcp SRV 0 1 993 mail.bogus.example.",
        hosts=(Host(serves=("submissions", "smtp")),),
    ),
    MailDomain(
        name="webfatal.example",
        hosts=(MAIL, _web_host(_page("<title>Error</title>SQLSTATE[HY000] [2002] Connection refused in /srv/x.php"))),
    ),
    MailDomain(name="webrepair.example", hosts=(MAIL, _web_host(_page("<h1>We are down for maintenance</h1>")))),
    MailDomain(name="web429.example", hosts=(MAIL, _web_host("location / { return 429; }"))),
    MailDomain(name="webport.example", hosts=(MAIL, _web_host("return 302 https://webmail.webport.example:9999/;"))),
    MailDomain(
        name="webdate.example",
        hosts=(MAIL, Host(label="webmail", serves=(), certificate="expired", web="login")),
    ),
)

PLAN = Plan(
    domains=(*HEALTHY, *INTERNATIONAL, *CERTIFICATES, *REACH, *DNS, *WEB, *SERVERS, *VARIATIONS, *OTHER_PROGRAMS),
    extra_accounts={"alice@sales.corp.example": "good", "alice@例子.example": "good"},
    password=PASSWORD,
)
