"""What a machine must have for an estate to stand on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .leftovers import own_name

PROGRAMS = {
    "dovecot": "dovecot-imapd and dovecot-pop3d",
    "postfix": "postfix",
    "knotd": "knot",
    "unbound": "unbound",
    "nginx": "nginx",
    "nft": "nftables",
    "ip": "iproute2",
    "setpriv": "util-linux",
}
"""Programs, with the Debian packages that hold them."""


MANAGESIEVE = Path("/usr/lib/dovecot/managesieve-login")
"""No program to be called by hand."""


def missing_requirement() -> str | None:
    """What this machine lacks, in a sentence; None when nothing is missing."""
    absent = [f"{program} ({package})" for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if absent:
        return ", ".join(absent)
    if not MANAGESIEVE.exists():
        return f"{MANAGESIEVE} (dovecot-managesieved)"
    if os.geteuid() != 0:
        return "network namespaces and servers with users of their own need root"
    name = own_name("try")
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode != 0:
        return f"no network namespace could be made (CAP_SYS_ADMIN): {made.stderr.strip()}"
    ruled = subprocess.run(["ip", "netns", "exec", name, "nft", "list", "ruleset"], capture_output=True, text=True)
    subprocess.run(["ip", "netns", "del", name], check=True)
    return None if ruled.returncode == 0 else f"no firewall can be set (CAP_NET_ADMIN): {ruled.stderr.strip()}"
