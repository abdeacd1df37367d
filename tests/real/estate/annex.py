"""Mail servers whose Debian packages cannot be installed beside the estate's own.

``make servers`` unpacks them into a folder; each of their processes gets that folder laid over ``/usr``, and an
``/etc`` and ``/run`` of its own, in a mount namespace that ends with it.
"""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from .namespaces import Namespace

UNPACKED = Path(__file__).resolve().parents[3] / "build" / "annex" / "usr"
PROGRAMS = ("sbin/couriertcpd", "bin/couriertls", "sbin/exim4")
USERS = {"courier": 64010, "Debian-exim": 64011}
"""Users that the programs look for, with ids that no package of Debian's gets (Debian policy §9.2.2)."""
LAY_OVER = (
    'mount -t overlay overlay -o "lowerdir=$1:/usr" /usr'
    ' && mount -t overlay overlay -o "lowerdir=$2:/etc" /etc && mount --bind "$3" /run && shift 3 && exec "$@"'
)


@cache
def missing_annex() -> str | None:
    """What lacks for these servers, in a sentence; None when nothing is missing."""
    absent = [program for program in PROGRAMS if not (UNPACKED / program).exists()]
    if absent:
        return f"not in {UNPACKED}, which make servers fills: {', '.join(absent)}"
    laid = f"mount -t overlay overlay -o lowerdir={UNPACKED}:/usr /usr"
    done = subprocess.run(["unshare", "--mount", "sh", "-c", laid], capture_output=True, text=True)
    return None if done.returncode == 0 else f"nothing can be laid over /usr here: {done.stderr.strip()}"


class Annex:
    """What the programs see of a machine, apart from the machine itself."""

    def __init__(self, directory: Path) -> None:
        self.etc = directory / "etc"
        self.run = directory / "run"
        for folder in (self.etc, self.run):
            folder.mkdir()
        for file in ("passwd", "group"):
            known = Path("/etc", file).read_text(encoding="utf-8")
            own = [f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin" for name, number in USERS.items()]
            lines = own if file == "passwd" else [f"{name}:x:{number}:" for name, number in USERS.items()]
            (self.etc / file).write_text(known + "\n".join([*lines, ""]), encoding="utf-8")

    def command(self, *argv: str | Path) -> list[str | Path]:
        """*argv*, to be run in a network namespace (ip-netns(8) makes a mount namespace with it)."""
        return ["sh", "-c", LAY_OVER, "annex", UNPACKED, self.etc, self.run, *argv]

    def finish(self, namespace: Namespace, *argv: str | Path) -> None:
        """Run *argv* to its end. Raises CalledProcessError."""
        namespace.run(*self.command(*argv))
