"""The command that adds an optional part to this installation, from the source that it came from.

The source is what the installer recorded (PEP 610); the optional parts are the extras of the distribution (PEP 508).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from diagnose.process.first_use import lazy_pattern

DISTRIBUTION = "mail-login-doctor"
OF_PIPX, OF_UV = "pipx_metadata.json", "uv-receipt.toml"
"""Files in an environment that pipx, or uv tool, has made."""
_EXTRA = lazy_pattern(r"\s*;.*\bextra\s*==\s*['\"]([^'\"]+)['\"]")
_NAME = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def adding(extra: str, distribution: metadata.Distribution | None = None, prefix: Path | None = None) -> str:
    """A line for a shell that adds what *extra* names. *distribution*, *prefix*: of this process where None.

    It names the requirements alone where the source cannot be used again.
    """
    prefix = prefix or Path(sys.prefix)
    try:
        known = distribution or metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:  # run out of an archive, or off a path
        return _line(sys.executable, "-m", "pip", "install", f"{DISTRIBUTION}[{extra}]")
    wanted = requirements(known, extra)
    if (prefix / OF_PIPX).is_file():
        return _line("pipx", "inject", prefix.name, *wanted)
    extras = sorted({extra, *_held(known, prefix)})
    source = _source(known, extras)
    if (prefix / OF_UV).is_file():
        return _line("uv", "tool", "install", *(source or (f"{DISTRIBUTION}[{','.join(extras)}]",)))
    if (known.read_text("INSTALLER") or "").strip() == "uv":
        return _line("uv", "pip", "install", "--python", _python(prefix), *(source or wanted))
    return _line(_python(prefix), "-m", "pip", "install", *(source or wanted))


def requirements(distribution: metadata.Distribution, extra: str) -> tuple[str, ...]:
    """What *extra* needs, as PEP 508 writes it."""
    found = []
    for one in distribution.requires or ():
        named = _EXTRA.search(one)
        if named and named[1] == extra:
            found.append(one[: named.start()].strip())
    return tuple(found)


def _held(distribution: metadata.Distribution, prefix: Path) -> set[str]:
    """The extras that are here already; an installation anew would lose them."""
    if prefix != Path(sys.prefix):
        return set()
    return {
        extra
        for extra in distribution.metadata.get_all("Provides-Extra") or ()
        if (needed := requirements(distribution, extra)) and all(map(_is_here, needed))
    }


def _is_here(requirement: str) -> bool:
    name = _NAME.match(requirement)
    try:
        return name is not None and bool(metadata.distribution(name[0]))
    except metadata.PackageNotFoundError:
        return False


def _source(distribution: metadata.Distribution, extras: list[str]) -> tuple[str, ...] | None:
    """What an installer is given to take it from the same source; None where that cannot be used again."""
    named = f"{DISTRIBUTION}[{','.join(extras)}]"
    recorded = distribution.read_text("direct_url.json")
    if recorded is None:  # from an index
        return (named,)
    try:
        origin: dict[str, Any] = json.loads(recorded)
        url = str(origin["url"])
        parts = urlsplit(url)
        if parts.password or "$" in url:  # which is a secret, or where one was
            return None
        version_control = origin.get("vcs_info")
        if version_control is not None:
            url = f"{version_control['vcs']}+{url}@{version_control['commit_id']}"
        if parts.scheme == "file" and version_control is None:
            place = Path(unquote(parts.path).lstrip("/") if os.name == "nt" else unquote(parts.path))
            if not place.exists():
                return None
            if origin.get("dir_info", {}).get("editable"):
                return "--editable", f"{place}[{','.join(extras)}]"
        if subfolder := origin.get("subdirectory"):
            url += f"#subdirectory={subfolder}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return (f"{named} @ {url}",)


def _python(prefix: Path) -> str:
    """The interpreter of the environment at *prefix*."""
    if prefix == Path(sys.prefix):
        return sys.executable
    return str(prefix / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def _line(*words: str) -> str:
    if os.name == "nt":
        return " ".join(f'"{one}"' if re.search(r"[^\w.:\\/=@-]", one) else one for one in words)
    return shlex.join(words)
