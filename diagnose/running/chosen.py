"""Which checks a request means."""

from __future__ import annotations

from typing import Any

from diagnose.model import Check, Service, Subject
from diagnose.planning.selection import matches
from diagnose.running.discovering import CHECK
from diagnose.running.plugins import all_checks
from diagnose.running.request import Request


def every_check() -> tuple[Check[Any], ...]:
    """All that a run may consist of: discovery first."""
    return (CHECK, *all_checks())


def checks_for(request: Request) -> tuple[Check[Any], ...]:
    """Those to run; neither a malformed address nor a recording needs a network."""
    if request.subject.flaw is not None:
        return tuple(check for check in all_checks() if check.of_flaws)
    if not request.find_services:
        words = request.selection.only
        return tuple(c for c in all_checks() if c.is_for(Subject) and any(matches(word, c.id, c) for word in words))
    named = request.expected.keys()
    return tuple(c for c in every_check() if not c.expects or any(one.name in named for one in c.expects))


def services_asked(request: Request) -> bool:
    """Whether there has to be a service: one was to be looked for, and a check of it is wanted."""
    if not request.find_services or (request.discovery.services_only and not request.discovery.services):
        return False
    return not request.narrowed or any(c.is_for(Service) and request.selection.leaves(c) for c in all_checks())


def login_asked(request: Request) -> bool:
    """Whether the login is to be tested, and `--only` and `--skip` leave it in."""
    return request.logs_in and any(request.selection.leaves(c) for c in all_checks() if c.opens == "login")
