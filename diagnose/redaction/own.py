"""The words that tell which computer a run was made on, and who sits at it."""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Iterable
from pathlib import Path

from diagnose.model.text import json_line
from diagnose.network.vantage import Vantage
from diagnose.record.coding import as_json
from diagnose.record.run import OwnWords, Run

OF_EVERYBODY = {"localhost", "localdomain", "root", "user", "users", "admin", "administrator", "runner", "ubuntu", "pi"}
"""Names of computers and accounts that tell nothing."""


def own_words(vantage: Vantage | None) -> OwnWords:
    """Those of this computer, as *vantage* has its addresses; None: no network is asked for them. Sends nothing."""
    full = socket.gethostname()
    names = {full, full.partition(".")[0], os.environ.get("COMPUTERNAME", "")}
    users = {_account()} - OF_EVERYBODY
    return OwnWords(
        computers=_sorted(name for name in names if len(name) > 1 and name.lower() not in OF_EVERYBODY),
        addresses=_sorted(vantage.own_addresses() if vantage else ()),
        folders=_home(),
        users=_sorted(name for name in users if len(name) > 1),
    )


def occurring(own: OwnWords, record: Run) -> OwnWords:
    """Those of *own* that stand in *record*: whoever redacts a report of it later, elsewhere, has to know them."""
    said = json_line(as_json(record)).replace("\\\\", "\\").lower()

    def kept(words: Iterable[str]) -> tuple[str, ...]:
        found = (one for one in words if one.lower() in said)  # most do not occur at all, which is told at once
        return tuple(one for one in found if re.search(rf"(?<!\w){re.escape(one.lower())}(?!\w)", said))

    return OwnWords(
        computers=kept(own.computers),
        addresses=kept(own.addresses),
        folders=kept(own.folders),
        users=kept(own.users),
    )


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no variable, and an account that no list of them names
        return ""


def _home() -> tuple[str, ...]:
    """The home folder, where it tells something about the person."""
    try:
        home = Path.home()
    except RuntimeError:  # there is none
        return ()
    return (str(home),) if len(home.parts) > 1 else ()


def _sorted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(words))
