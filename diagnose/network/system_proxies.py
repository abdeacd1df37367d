"""The system's proxy settings, each kind in its own form: Windows, macOS, KDE, GNOME."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from diagnose.network.proxies import Proxy, ProxySettings, masked, parse_proxy
from diagnose.process.children import answer_of
from diagnose.process.first_use import one_at_a_time
from diagnose.process.regular_file import open_regular

ASKING_SECONDS = 2.0
LARGEST_FILE = 1_000_000
INTERNET_SETTINGS = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
REGISTRY_VALUES = ("ProxyEnable", "ProxyServer", "ProxyOverride", "AutoConfigURL")


@cache
def system_settings() -> ProxySettings:
    """Those of this computer; none where they cannot be read. Read once: asking may start a program."""
    if sys.platform == "win32":
        return from_registry(_registry())
    if sys.platform == "darwin":
        return from_scutil(_output("scutil", "--proxy"))
    desktop = os.environ.get("XDG_CURRENT_DESKTOP", "").upper()
    if "KDE" in desktop:
        return from_kioslaverc(_kioslaverc())
    if any(name in desktop for name in ("GNOME", "UNITY", "CINNAMON", "BUDGIE", "DEEPIN", "UKUI")):
        # its store is a binary database of its own, so its own program has to read it
        return from_gsettings(_output("gsettings", "list-recursively", "org.gnome.system.proxy"))
    return ProxySettings()


def from_registry(values: Mapping[str, object]) -> ProxySettings:
    """From the values under `INTERNET_SETTINGS` of HKEY_CURRENT_USER (WinINet's INTERNET_PROXY_INFO).

    ProxyServer is ``host:port``, or ``http=host:port;https=host:port;socks=host:port``.
    """
    pac = values.get("AutoConfigURL")
    pac = masked(pac) if isinstance(pac, str) and pac else None
    written = values.get("ProxyServer")
    if not values.get("ProxyEnable") or not isinstance(written, str):
        return ProxySettings(pac=pac)
    parts = [part.partition("=") for part in re.split(r"[;\s]+", written) if part]
    entries = {kind if equals else "all": address if equals else kind for kind, equals, address in parts}
    override = values.get("ProxyOverride")
    bypass = tuple(filter(None, re.split(r"[;\s]+", override))) if isinstance(override, str) else ()
    for kind in ("https", "all", "socks", "http"):
        if kind in entries:
            address = entries[kind] if "://" in entries[kind] or kind != "socks" else f"socks4://{entries[kind]}"
            proxy = parse_proxy(address, "Windows", bypass)
            return _one(msgspec.structs.replace(proxy, plain_only=kind == "http") if proxy else None, pac)
    return ProxySettings(pac=pac)


def from_scutil(output: str) -> ProxySettings:
    """From what ``scutil --proxy`` prints on macOS (the keys of SystemConfiguration's SCDynamicStoreCopyProxies)."""
    values = dict(re.findall(r"^\s*([A-Za-z]+) : (\S.*?)\s*$", output, re.MULTILINE))
    listed = re.search(r"ExceptionsList : <array> \{(.*?)\}", output, re.DOTALL)
    bypass = tuple(re.findall(r"^\s*\d+ : (\S+)\s*$", listed[1], re.MULTILINE)) if listed else ()
    if values.get("ExcludeSimpleHostnames") == "1":
        bypass += ("<local>",)
    script = values.get("ProxyAutoConfigURLString") if values.get("ProxyAutoConfigEnable") == "1" else None
    pac = masked(script) if script else None
    for kind, scheme in (("HTTPS", "http"), ("SOCKS", "socks5")):
        host, port = values.get(f"{kind}Proxy"), values.get(f"{kind}Port", "")
        if values.get(f"{kind}Enable") == "1" and host:
            signs_in = f"{kind}User" in values
            address = f"{scheme}://{'user@' if signs_in else ''}{host}{':' + port if port else ''}"
            return _one(parse_proxy(address, "macOS", bypass), pac)
    return ProxySettings(pac=pac)


def from_kioslaverc(content: str) -> ProxySettings:
    """From KDE's kioslaverc, group Proxy Settings: ProxyType 1 is by hand, 2 a script; ``http://host port``."""
    with one_at_a_time:  # for one kind of desktop
        import configparser
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(content)
    except configparser.Error:
        return ProxySettings()
    if not parser.has_section("Proxy Settings"):
        return ProxySettings()
    group = parser["Proxy Settings"]
    if group.get("ProxyType") == "2":
        script = group.get("Proxy Config Script", "")
        return ProxySettings(pac=masked(script) if script else None)
    if group.get("ProxyType") != "1":
        return ProxySettings()
    bypass = tuple(filter(None, re.split(r"[,\s]+", group.get("NoProxyFor", ""))))
    for key in ("httpsProxy", "socksProxy"):
        if written := group.get(key, "").strip():
            return _one(parse_proxy(re.sub(r"\s+(\d+)$", r":\1", written), "KDE", bypass), None)
    return ProxySettings()


def from_gsettings(output: str) -> ProxySettings:
    """From ``gsettings list-recursively org.gnome.system.proxy``: lines of schema, key and GVariant value."""
    values: dict[str, object] = {}
    for schema, key, value in re.findall(r"^(\S+) (\S+) (.+)$", output, re.MULTILINE):
        try:
            values[f"{schema}.{key}".removeprefix("org.gnome.system.proxy.")] = ast.literal_eval(
                re.sub(r"^@as ", "", value.replace("true", "True").replace("false", "False"))
            )
        except (ValueError, SyntaxError):
            continue
    if values.get("mode") == "auto":
        script = values.get("autoconfig-url")
        return ProxySettings(pac=masked(script) if isinstance(script, str) and script else None)
    if values.get("mode") != "manual":
        return ProxySettings()
    ignored = values.get("ignore-hosts")
    bypass = tuple(str(one) for one in ignored) if isinstance(ignored, list) else ()
    for kind, scheme in (("https", "http"), ("socks", "socks5")):
        host, port = values.get(f"{kind}.host"), values.get(f"{kind}.port")
        if isinstance(host, str) and host and port:
            return _one(parse_proxy(f"{scheme}://{host}:{port}", "GNOME", bypass), None)
    return ProxySettings()


def _one(proxy: Proxy | None, pac: str | None) -> ProxySettings:
    return ProxySettings(proxies=(proxy,) if proxy else (), pac=pac)


def _output(*command: str) -> str:
    return answer_of(command, ASKING_SECONDS)[:LARGEST_FILE].decode("utf-8", "replace")


def _kioslaverc() -> str:
    try:
        folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        with open_regular(Path(folder, "kioslaverc")) as stream:
            return stream.read(LARGEST_FILE).decode("utf-8", "replace")
    except (OSError, RuntimeError):  # the latter where there is no home folder
        return ""


def _registry() -> dict[str, object]:
    if sys.platform != "win32":
        return {}
    with one_at_a_time:
        import winreg

    values: dict[str, object] = {}
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, INTERNET_SETTINGS) as key:
            for name in REGISTRY_VALUES:
                try:
                    values[name] = winreg.QueryValueEx(key, name)[0]
                except OSError:
                    continue
    except OSError:
        return {}
    return values
