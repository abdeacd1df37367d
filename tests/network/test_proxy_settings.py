"""Proxy settings as each system writes them, and never a password out of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.network import proxies
from diagnose.network.proxies import Proxy, ProxySettings, from_environment, masked, parse_proxy, unread_in
from diagnose.network.system_proxies import from_gsettings, from_kioslaverc, from_registry, from_scutil, system_settings


@pytest.mark.parametrize(
    ("written", "url", "signs_in"),
    [
        ("http://proxy.corp.example:3128", "http://proxy.corp.example:3128", False),
        ("proxy.corp.example:3128", "http://proxy.corp.example:3128", False),
        ("http://proxy.corp.example/", "http://proxy.corp.example:80", False),
        ("https://proxy.corp.example", "https://proxy.corp.example:443", False),
        ("socks5h://127.0.0.1", "socks5://127.0.0.1:1080", False),
        ("SOCKS://127.0.0.1:7890", "socks5://127.0.0.1:7890", False),
        ("http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128", False),
        ("http://alice:geheim@proxy:3128", "http://proxy:3128", True),
        ("http://alice:p@ss/w0rd@proxy:3128", "http://proxy:3128", True),
        ("http://alice:p://x@proxy:3128", "http://proxy:3128", True),
    ],
)
def test_an_address_is_read_and_the_password_left_out(written: str, url: str, *, signs_in: bool) -> None:
    proxy = parse_proxy(written, "test")

    assert proxy is not None
    assert (proxy.url, proxy.signs_in) == (url, signs_in)


@pytest.mark.parametrize("written", ["", "http://", "http://proxy:port", "http://proxy:99999", "ftp://proxy", "a b:1"])
def test_what_is_no_address_is_none(written: str) -> None:
    assert parse_proxy(written, "test") is None


@pytest.mark.parametrize(
    ("environment", "unread"),
    [
        ({"HTTPS_PROXY": "not a proxy!!"}, ("HTTPS_PROXY",)),
        ({"https_proxy": "ftp://proxy:21"}, ("https_proxy",)),
        ({"ALL_PROXY": "http://proxy:99999", "http_proxy": "http://proxy:3128"}, ("ALL_PROXY",)),
        ({"https_proxy": "http://alice:s3cret@", "HTTPS_PROXY": "http://proxy:3128"}, ("https_proxy",)),
        # near misses: unset by an empty value, and what can be used
        ({"HTTPS_PROXY": " ", "https_proxy": ""}, ()),
        ({"HTTPS_PROXY": "proxy.corp.example:3128", "no_proxy": "*"}, ()),
    ],
)
def test_a_variable_that_names_no_proxy_is_known_by_its_name(
    environment: dict[str, str], unread: tuple[str, ...]
) -> None:
    """And by no more: its value may hold a password."""
    assert unread_in(environment) == unread


@given(st.text(min_size=4), st.sampled_from(["http", "https", "socks5"]))
def test_no_part_of_a_password_is_kept(password: str, scheme: str) -> None:
    """However it is written, what stands before the last @ is gone."""
    url = f"{scheme}://alice:{password}\u2603@proxy.corp.example:3128"
    settings = ProxySettings(proxies=from_environment({"https_proxy": url}), pac=masked(url))

    assert "\u2603" not in repr(settings)
    assert "alice" not in (settings.described or "")
    assert settings.described is not None


def test_the_environment_as_curl_reads_it() -> None:
    """For HTTPS pages https_proxy comes before all_proxy; lower case before upper."""
    both = {"HTTPS_PROXY": "http://upper:1", "https_proxy": "http://lower:2", "ALL_PROXY": "socks5://all:3"}

    assert [(p.url, p.source) for p in from_environment(both)] == [("http://lower:2", "https_proxy")]
    assert [p.url for p in from_environment({"ALL_PROXY": "socks5://all:3"})] == ["socks5://all:3"]
    assert [p.plain_only for p in from_environment({"http_proxy": "http://plain:4"})] == [True]
    assert from_environment({"https_proxy": "", "no_proxy": "*"}) == ()


@pytest.mark.parametrize(
    ("bypass", "host", "covered"),
    [
        ("corp.example", "mail.corp.example", False),
        (".corp.example", "mail.corp.example", False),
        ("corp.example", "mail.notcorp.example", True),
        ("*.corp.example", "mail.corp.example", False),
        ("*", "mail.corp.example", False),
        ("192.0.2.0/24", "192.0.2.7", False),
        ("192.0.2.0/24", "198.51.100.7", True),
        ("169.254/16", "169.254.3.4", False),
        ("<local>", "intranet", False),
        ("<local>", "mail.corp.example", True),
        ("MAIL.corp.example", "mail.corp.example", False),
        ("", "mail.corp.example", True),
    ],
)
def test_hosts_that_go_without_the_proxy(bypass: str, host: str, *, covered: bool) -> None:
    proxy = Proxy(scheme="http", host="proxy", port=3128, source="test", bypass=(bypass,))

    assert proxy.covers(host) is covered


SCUTIL = """<dictionary> {
  ExceptionsList : <array> {
    0 : *.local
    1 : 169.254/16
  }
  ExcludeSimpleHostnames : 1
  FTPPassive : 1
  HTTPEnable : 1
  HTTPPort : 8080
  HTTPProxy : plain.corp.example
  HTTPSEnable : 1
  HTTPSPort : 8443
  HTTPSProxy : proxy.corp.example
  HTTPSUser : alice
  ProxyAutoConfigEnable : 0
  ProxyAutoConfigURLString : http://wpad.corp.example/proxy.pac
  SOCKSEnable : 0
}
"""


def test_macos() -> None:
    (proxy,) = from_scutil(SCUTIL).proxies

    assert (proxy.url, proxy.source, proxy.signs_in) == ("http://proxy.corp.example:8443", "macOS", True)
    assert not proxy.covers("printer.local")
    assert not proxy.covers("intranet")
    assert proxy.covers("mail.corp.example")
    assert from_scutil(SCUTIL).pac is None
    script = SCUTIL.replace("HTTPSEnable : 1", "HTTPSEnable : 0").replace("ConfigEnable : 0", "ConfigEnable : 1")
    assert from_scutil(script) == ProxySettings(pac="http://wpad.corp.example/proxy.pac")
    assert from_scutil("<dictionary> {\n}\n") == ProxySettings()


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("proxy.corp.example:8080", "http://proxy.corp.example:8080"),
        ("http=plain:80;https=proxy.corp.example:8443;ftp=x:21", "http://proxy.corp.example:8443"),
        ("socks=127.0.0.1:1080", "socks4://127.0.0.1:1080"),
        ("http://127.0.0.1:7890", "http://127.0.0.1:7890"),
    ],
)
def test_windows(server: str, url: str) -> None:
    values = {"ProxyEnable": 1, "ProxyServer": server, "ProxyOverride": "*.corp.example;<local>"}
    (proxy,) = from_registry(values).proxies

    assert proxy.url == url
    assert not proxy.covers("mail.corp.example")
    assert not proxy.covers("intranet")


def test_windows_switched_off_or_by_script() -> None:
    assert from_registry({"ProxyEnable": 0, "ProxyServer": "proxy:8080"}) == ProxySettings()
    assert from_registry({}) == ProxySettings()
    by_script = from_registry({"AutoConfigURL": "http://u:pw@wpad.corp.example/p.pac?token=1"})
    assert by_script == ProxySettings(pac="http://wpad.corp.example/p.pac")


KIOSLAVERC = """[Proxy Settings]
NoProxyFor=localhost,.corp.example
Proxy Config Script=http://wpad.corp.example/proxy.pac
ProxyType=1
httpProxy=http://plain.corp.example 8080
httpsProxy=http://proxy.corp.example 8443
[$Version]
update_info=kioslave.upd:kde2.2/r1
"""


def test_kde() -> None:
    (proxy,) = from_kioslaverc(KIOSLAVERC).proxies

    assert (proxy.url, proxy.source) == ("http://proxy.corp.example:8443", "KDE")
    assert not proxy.covers("mail.corp.example")
    assert from_kioslaverc(KIOSLAVERC.replace("Type=1", "Type=0")) == ProxySettings()
    assert from_kioslaverc(KIOSLAVERC.replace("Type=1", "Type=2")).pac == "http://wpad.corp.example/proxy.pac"
    assert from_kioslaverc("no ini file") == ProxySettings()


GSETTINGS = """org.gnome.system.proxy autoconfig-url ''
org.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8', '::1']
org.gnome.system.proxy mode 'manual'
org.gnome.system.proxy use-same-proxy true
org.gnome.system.proxy.ftp host ''
org.gnome.system.proxy.http authentication-password 'geheim'
org.gnome.system.proxy.http host 'plain.corp.example'
org.gnome.system.proxy.https host 'proxy.corp.example'
org.gnome.system.proxy.https port 8443
org.gnome.system.proxy.socks host ''
org.gnome.system.proxy.socks port 0
"""


def test_gnome() -> None:
    settings = from_gsettings(GSETTINGS)

    assert settings.described == "http://proxy.corp.example:8443 (GNOME)"
    assert "geheim" not in repr(settings)
    assert not settings.proxies[0].covers("127.0.0.1")
    assert from_gsettings(GSETTINGS.replace("'manual'", "'none'")) == ProxySettings()
    script = GSETTINGS.replace("'manual'", "'auto'").replace("url ''", "url 'http://wpad.corp.example/p.pac'")
    assert from_gsettings(script) == ProxySettings(pac="http://wpad.corp.example/p.pac")
    assert from_gsettings(GSETTINGS.replace("['localhost', '127.0.0.0/8', '::1']", "@as []")).proxies[0].bypass == ()


def test_the_same_proxy_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment and desktop usually agree."""
    monkeypatch.setattr("diagnose.network.system_proxies.system_settings", lambda: from_gsettings(GSETTINGS))
    monkeypatch.setenv("https_proxy", "http://proxy.corp.example:8443")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    assert proxies.proxy_settings().described == "http://proxy.corp.example:8443 (https_proxy)"


def test_a_system_without_settings_of_ours_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """No desktop, no program started."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("XDG_CURRENT_DESKTOP", raising=False)
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a program was started"))
    system_settings.cache_clear()

    assert system_settings() == ProxySettings()
    system_settings.cache_clear()
