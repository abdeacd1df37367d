"""Whose is a server name: by the public suffix list, and never wider than it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import publicsuffixlist
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from checks.activation.mail import expected_senders
from checks.browser import clean as clean_browser
from checks.browser.automation import Visit, executable
from checks.browser.automation.job import Order
from checks.reach.reach import ReachFacts
from checks.web.set_cookie import refusal
from diagnose.account.history import History
from diagnose.account.person import Person
from diagnose.browsers import browser
from diagnose.discovery import DiscoveryOptions
from diagnose.discovery.autoconfig import parents
from diagnose.model import Deadline, Inputs, Service, Subject
from diagnose.model.browsing import Browsing
from diagnose.network import Cookie, Network
from diagnose.network.owner import ends_publicly, is_public_suffix, registered, related
from diagnose.running.context import Context
from tests.pace import patient


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("mail.corp.example", "corp.example"),
        ("mail.corp.com.cn", "corp.com.cn"),
        ("a.b.corp.co.uk", "corp.co.uk"),
        ("corp.cn", "corp.cn"),
        ("mail.school.bj.cn", "school.bj.cn"),
        ("mail.lincoln.k12.ca.us", "lincoln.k12.ca.us"),
        ("mail.chang.idv.tw", "chang.idv.tw"),
        ("pages.alice.github.io", "alice.github.io"),
        ("alice.github.io", "alice.github.io"),
        ("mail.firm.sakura.ne.jp", "firm.sakura.ne.jp"),
        ("a.b.ck", "a.b.ck"),  # *.ck
        ("mail.www.ck", "www.ck"),  # !www.ck
        ("mail.例子.公司.cn", "xn--fsqu00a.xn--55qx5d.cn"),
        ("mail.xn--fsqu00a.xn--55qx5d.cn", "xn--fsqu00a.xn--55qx5d.cn"),
        ("mail.xn--fsqu00a.xn--fiqs8s", "xn--fsqu00a.xn--fiqs8s"),
        ("mail.straße.example", "xn--strae-oqa.example"),
        ("MAIL.Corp.Example.", "corp.example"),
        ("mail.corp.unknowntld", "corp.unknowntld"),
        ("nas.lan", "nas.lan"),
        ("mail.xn--a.example", "xn--a.example"),  # stands for nothing, as punycode goes
    ],
)
def test_the_registered_domain(host: str, domain: str) -> None:
    assert registered(host) == domain
    assert not is_public_suffix(host)


@pytest.mark.parametrize(
    "host",
    ["com", "com.cn", "bj.cn", "k12.ca.us", "idv.tw", "github.io", "公司.cn", "xn--55qx5d.cn", "COM.CN.", "localhost"],
)
def test_a_public_suffix_is_its_own_and_nobodys_else(host: str) -> None:
    """What is registered below it is another's."""
    assert is_public_suffix(host)
    assert registered(host) == registered(host.lower().rstrip("."))
    assert registered(f"corp.{host}") != registered(host)
    assert not related(host, f"corp.{host}")


@pytest.mark.parametrize("host", ["192.0.2.1", "[2001:db8::1]", "2001:DB8::1", "", "a..b", ".example"])
def test_what_is_no_name_is_no_suffix(host: str) -> None:
    assert registered(host) == host.strip("[]").lower()
    assert not is_public_suffix(host)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("mail.corp.example", "www.corp.example", True),
        ("www.corp.example", "mail.corp.com.cn", True),
        ("corp.cn", "mail.corp.co.uk", True),
        ("mail.straße.example", "xn--strae-oqa.example", True),
        ("straße.example", "strasse.example", False),
        ("alice.github.io", "bob.github.io", False),
        ("school.bj.cn", "other.bj.cn", False),
        ("com.cn", "com.tw", False),
        ("github.io", "github.dev", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.168.1.1", False),
        ("192.0.2.1", "192.example", False),
    ],
)
def test_hosts_that_may_be_one_owners(one: str, other: str, *, same: bool) -> None:
    assert related(one, other) is same
    assert related(other, one) is same


# -- what hangs on it


@pytest.mark.parametrize(
    ("domain", "host", "why"),
    [
        ("com.cn", "mail.corp.com.cn", "public_suffix"),
        (".bj.cn", "mail.school.bj.cn", "public_suffix"),
        ("github.io", "alice.github.io", "public_suffix"),
        ("公司.cn", "mail.corp.公司.cn", "public_suffix"),
        ("github.io", "github.io", None),  # for its host alone, RFC 6265bis §5.7 step 9
        ("corp.com.cn", "mail.corp.com.cn", None),
        ("alice.github.io", "www.alice.github.io", None),
        ("corp.cn", "mail.corp.com.cn", "foreign_domain"),
    ],
)
def test_browsers_take_no_cookie_for_a_public_suffix(domain: str, host: str, why: str | None) -> None:
    cookie = Cookie(name="sid", attributes=(f"Domain={domain}", "Path=/"))

    assert refusal(cookie, f"https://{host}/") == why


def test_a_cookie_for_a_public_suffix_goes_to_no_other_host(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While redirects are followed; one for the owner's own domain does."""
    sent: list[str] = []

    def answer(request: Request) -> Response:
        sent.append(f"{request.host.partition(':')[0]} {' '.join(sorted(request.cookies))}".strip())
        response = Response("")
        if len(sent) == 1:
            response.headers.add("Set-Cookie", "wide=1; Domain=com.cn; Path=/")
            response.headers.add("Set-Cookie", "own=1; Domain=corp.com.cn; Path=/")
        if len(sent) < 3:
            response.status_code = 302
            response.headers["Location"] = f"http://{['', 'mail.corp', 'other'][len(sent)]}.com.cn:{httpserver.port}/"
        return response

    httpserver.expect_request("/").respond_with_handler(answer)
    network = Network()
    loopback = network.connect
    monkeypatch.setattr(network, "connect", lambda _host, port, deadline: loopback("127.0.0.1", port, deadline))

    network.fetch(f"http://www.corp.com.cn:{httpserver.port}/", Deadline(patient(5)))

    assert sent == ["www.corp.com.cn", "mail.corp.com.cn own", "other.com.cn"]


@pytest.mark.parametrize(
    ("page", "admitted", "refused"),
    [
        ("webmail.school.bj.cn", "cdn.school.bj.cn", "tracker.bj.cn"),
        ("alice.github.io", "img.alice.github.io", "bob.github.io"),
        ("mail.lincoln.k12.ca.us", "sso.lincoln.k12.ca.us", "sso.other.k12.ca.us"),
        ("mail.chang.idv.tw", "www.chang.idv.tw", "www.lin.idv.tw"),
        ("github.io", "github.io", "bob.github.io"),
        ("mail.corp.公司.cn", "a.corp.xn--55qx5d.cn", "other.公司.cn"),
    ],
)
def test_a_page_may_not_load_from_a_neighbour_below_the_suffix(
    page: str, admitted: str, refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under --no-third-party."""
    target = Service(protocol="webmail", host=page, port=443, tls="implicit", source="option", url=f"https://{page}/")
    subject = Subject(domain=page.partition(".")[2] if page != "github.io" else page)
    reached = ReachFacts(addresses=(), connected=None, attempts=())
    given = Inputs(subject=subject, provider=None, services=(target,), facts=(reached,))
    orders: list[Order] = []

    def visited(order: Order, *_: object) -> Visit:
        orders.append(order)
        return Visit(browser="Chromium", version="1", url=order.url, status=200, settled=True, text="")

    monkeypatch.setattr(clean_browser, "find_spec", lambda _: "here")
    monkeypatch.setattr(executable, "find_executable", lambda: (browser("chromium"), Path("/bin/true")))
    monkeypatch.setattr(clean_browser, "_visited", visited)
    bench = Context(
        network=Network(),
        deadline=Deadline(5),
        history=History(None),
        person=Person(browsing=Browsing(clean_run=True)),
        discovery=DiscoveryOptions(third_party=False),
    )
    clean_browser.probe_clean(target, given, bench)

    (order,) = orders
    assert (order.admits(page), order.admits(admitted), order.admits(refused)) == (True, True, False)


def test_a_mail_of_any_owner_below_the_suffix_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parent of a provider's host may be a suffix."""
    monkeypatch.setattr("diagnose.providers.hosts_of", lambda _: ("corp.com.cn", "mail.hoster.example", "x.github.io"))
    given = Inputs(subject=Subject(domain="k12.ca.us"), provider="any", services=())

    assert expected_senders(given) == {"k12.ca.us", "hoster.example"}


def test_a_part_of_the_list_says_what_the_whole_says() -> None:
    """Of every fortieth rule: the suffix itself, names below it, and one whose end only looks like it."""
    whole = publicsuffixlist.PublicSuffixList(accept_encoded_idn=False)
    lines = Path(publicsuffixlist.PSLFILE).read_text("utf-8").splitlines()
    rules = [line.partition(" ")[0].lstrip("!*.") for line in lines if line and not line.startswith("//")]
    for rule in (*rules[::40], "ck", "www.ck", "jp", "city.kobe.jp", "nosuch", "om", "example", "公司.cn"):
        for name in (rule, f"corp.{rule}", f"mail.corp.{rule}", f"corp.x{rule}"):
            suffix = whole.publicsuffix(name)
            assert is_public_suffix(name) == (suffix == name), name
            assert ends_publicly(name) == (whole.publicsuffix(name, accept_unknown=False) is not None), name
            if suffix != name:
                assert registered(name).count(".") == (suffix or "").count(".") + 1, name


@pytest.mark.parametrize(
    ("mx_host", "names"),
    [
        ("mx.hoster.com.cn", ("hoster.com.cn",)),
        ("a.mx.hoster.co.uk", ("mx.hoster.co.uk", "hoster.co.uk")),
        ("hoster.bj.cn", ()),
    ],
)
def test_no_database_is_asked_about_a_suffix(mx_host: str, names: tuple[str, ...]) -> None:
    assert parents(mx_host, "corp.example") == names


def test_the_list_is_loaded_only_where_an_owner_is_asked_for() -> None:
    """Help and version do without."""
    code = (
        "import sys\nfrom diagnose.cli import run\nrun(['--help'])\nloaded = 'publicsuffixlist' in sys.modules\n"
        "from diagnose.network.owner import registered\nregistered('mail.corp.example')\n"
        "print(loaded, 'publicsuffixlist' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=patient(60), check=True)

    assert done.stderr.split() == ["False", "True"]


def test_the_rules_of_the_list_are_in_lower_case_beyond_ascii() -> None:
    """Which is all that octets can be made."""
    rules = [line for line in Path(publicsuffixlist.PSLFILE).read_text("utf-8").splitlines() if line[:2] != "//"]

    assert len(rules) > 5000
    assert [rule for rule in rules if rule != rule.lower()] == []


@pytest.mark.parametrize(
    ("host", "owner"),
    [
        ("mail.公司.cn", "mail.xn--55qx5d.cn"),
        ("mail.corp.公司.cn", "corp.xn--55qx5d.cn"),
        ("imap.firma.xn--fiqs8s", "firma.xn--fiqs8s"),
        ("imap.firma.中国", "firma.xn--fiqs8s"),
        ("IMAP.Corp.CO.UK", "corp.co.uk"),
    ],
)
def test_suffixes_beyond_ascii_are_found_among_octets(host: str, owner: str) -> None:
    assert registered(host) == owner
