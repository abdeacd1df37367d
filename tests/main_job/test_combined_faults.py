"""Several faults at once: the root first, what only follows folded beneath it, and what is independent beside it."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import msgspec
import pytest

from diagnose.knowledge.catalogue import catalogue
from diagnose.lab.scenario import SCENARIOS, PortFault, Scenario, Web
from diagnose.lab.trial import carry_out
from tests.main_job.test_scenarios import diagnosed

UNAVAILABLE = "* BYE [UNAVAILABLE] Internal login failure. Refer to server log for more information."
FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "expired": ("tls.cert-expired", {"certificates": {"imap": "expired"}}),
    "host missing": ("dns.host-missing", {"records": {"imap A": ()}}),
    "refused": ("reach.refused", {"ports": {"imaps": PortFault(state="refused")}}),
    "server fault": ("server.fault", {"turned_away": {"imap": UNAVAILABLE}}),
    "null MX": ("dns.null-mx", {"records": {"@ MX": ("0 .",)}}),
    "wrong password": ("credentials.rejected", {"typed_password": "not the password"}),
    "full width": ("credentials.input-error", {"typed_password": "correct horse battery staplｅ"}),
    "webmail down": ("web.login-page-down", {"web": Web(status=503, page="<html><body>503</body></html>")}),
}
"""A fault on IMAP, the account, the domain or the page: its cause, and the settings of the estate that make it."""

BESIDE = {"dns.null-mx"}
TOUCH_THE_SAME = {frozenset(pair) for pair in [("wrong password", "full width")]}
"""Pairs that are one fault told twice."""


def merged(*names: str) -> Scenario:
    """The estate with all these faults."""
    settings: dict[str, Any] = {}
    for name in names:
        for knob, value in FAULTS[name][1].items():
            settings[knob] = settings[knob] | value if isinstance(value, dict) and knob in settings else value
    return msgspec.structs.replace(SCENARIOS["healthy"], id="merged", services=SERVICES, **settings)


SERVICES = ("imaps", "submissions", "webmail")
PAIRS = [pair for pair in combinations(FAULTS, 2) if frozenset(pair) not in TOUCH_THE_SAME]


@pytest.mark.parametrize("pair", PAIRS, ids=" + ".join)
def test_pair(pair: tuple[str, str]) -> None:
    """The fault that stands on the lower layer comes first; the other is there too, unless it could not be seen.

    What is wrong with the domain alone comes last: a login was answered all the same.
    """
    causes = sorted((FAULTS[name][0] for name in pair), key=lambda one: (one in BESIDE, catalogue().order(one)))

    done = carry_out(merged(*pair), diagnosed)

    assert done.exit_code == 1
    assert done.broken == ()
    assert set(done.found) <= set(causes), done.found
    if both_on_imap(pair):
        assert len(done.found) == 1, done.found
    else:
        assert done.found[0] == causes[0], done.found
        assert catalogue().explains(*causes) or len(done.found) == 2, done.found


def both_on_imap(pair: tuple[str, str]) -> bool:
    """Whether the first fault keeps the run from getting to where the second is."""
    on_imap = {"expired", "host missing", "refused", "server fault"}
    return set(pair) <= on_imap
