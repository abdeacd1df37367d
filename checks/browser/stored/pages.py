"""What an HTML page loads from its own host to work at all: scripts and styles."""

from __future__ import annotations

import html
import re
import urllib.parse

from checks.browser.stored.caches import host_of
from diagnose.process.first_use import lazy_pattern

MOST = 200
_TAG = lazy_pattern(r"<(script|link)\b([^>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = lazy_pattern(r"""\b(src|href|rel)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


def assets(body: str, url: str) -> dict[str, str]:
    """Scripts and styles of the page *body* at *url* that lie on its host: path to the whole address.

    A query is often a mere mark of the version, or of the moment; the path tells which file it is.
    """
    found: dict[str, str] = {}
    for tag in _TAG.finditer(body):
        attributes = {name.lower(): html.unescape("".join(values)) for name, *values in _ATTRIBUTE.findall(tag[2])}
        is_script = tag[1].lower() == "script"
        if not is_script and "stylesheet" not in attributes.get("rel", "").lower():
            continue
        named = attributes.get("src" if is_script else "href")
        if named and len(found) < MOST:
            _keep(found, named, url)
    return found


def _keep(found: dict[str, str], named: str, url: str) -> None:
    try:
        whole = urllib.parse.urljoin(url, named)
        place = urllib.parse.urlsplit(whole)
    except ValueError:
        return
    if place.scheme in {"http", "https"} and host_of(whole) == host_of(url):
        found.setdefault(place.path, whole)
