"""Cookies that a browser would refuse, by the rules of RFC 6265bis §5.7."""

from __future__ import annotations

import urllib.parse
from typing import Literal

from checks.dns.names import is_public_suffix
from diagnose.model.domains import ascii_name
from diagnose.network import Cookie

Refusal = Literal[
    "secure_over_http",
    "samesite_none_without_secure",
    "foreign_domain",
    "public_suffix",
    "host_prefix",
    "secure_prefix",
]


def refusal(cookie: Cookie, url: str) -> Refusal | None:
    """Why a browser refuses *cookie* set by *url*; None when it takes it."""
    place = urllib.parse.urlsplit(url)
    named = [part.partition("=") for part in cookie.attributes]
    attributes = {key.strip().lower(): value.strip() for key, _, value in named}
    secure = "secure" in attributes
    domain = ascii_name(attributes.get("domain", "").lstrip(".").lower())
    host = ascii_name((place.hostname or "").lower())
    loopback = host in {"localhost", "127.0.0.1", "::1"}  # browsers count it as trustworthy
    if secure and place.scheme != "https" and not loopback:
        return "secure_over_http"
    if domain and host != domain and not host.endswith("." + domain):
        return "foreign_domain"
    if domain and host != domain and is_public_suffix(domain):
        return "public_suffix"
    if attributes.get("samesite", "").lower() == "none" and not secure:
        return "samesite_none_without_secure"
    name = cookie.name.lower()
    if name.startswith("__host-") and (not secure or domain or attributes.get("path") != "/"):
        return "host_prefix"
    if name.startswith("__secure-") and not secure:
        return "secure_prefix"
    return None
