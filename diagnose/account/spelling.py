"""One account, however its name is written: what servers commonly take for the same is counted together."""

from __future__ import annotations

import re
import unicodedata

from diagnose.model.domains import a_labels


def account_name(username: str, domain: str = "") -> str:
    """The one spelling of *username*, a bare name being an account of *domain*.

    These make no other account: letter case, width and composition of letters, invisible characters, U-labels;
    a quoted local part, a subaddress (RFC 5233), a Windows domain before the name, a percent sign for the @.
    Too much counted together is the safe side.
    """
    name = unicodedata.normalize("NFKC", "".join(c for c in username if unicodedata.category(c)[0] != "C")).strip()
    local, at, host = name.rpartition("@")
    if not at:
        local, at, host = name.rpartition("%")
    if not at:
        local, host = name, domain
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    local = local.rpartition("\\")[2]
    plain = local.partition("+")[0]
    return f"{_folded(plain or local)}@{_ascii(host.strip().rstrip('.'))}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name.casefold()).strip()


def _ascii(host: str) -> str:
    try:
        return a_labels(host)
    except ValueError:
        return host.casefold()
