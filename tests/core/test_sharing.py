"""What runs of a fleet take over from each other has nothing of an account in it: found in the code of the checks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import pytest

from checks.login import login, mailbox, sender
from diagnose.model import Check, Subject
from diagnose.running.discovering import CHECK as DISCOVERY
from diagnose.running.plugins import all_checks
from tests.core.test_declared_needs import OURS, meant, of

ACCOUNTS = {"person", "history", "rejecting", "send_again", "subject.address", "subject.username", "subject.name"}
"""What a probe reads an account by, or the records of one."""
SHARED = [check for check in (*all_checks(), DISCOVERY) if check.sharing is not None]


def read_by(function: FunctionType, seen: set[FunctionType]) -> Iterator[str]:
    """Of `ACCOUNTS`, what *function* reads, and all of the checks that it calls or hands on."""
    if function in seen:
        return
    seen.add(function)
    tree, names = of(function)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else ""
            yield from {node.attr, f"{owner}.{node.attr}"} & ACCOUNTS
        if isinstance(node, ast.Name | ast.Attribute):
            other = meant(node, names)
            if isinstance(other, FunctionType) and other.__module__.startswith(OURS):
                yield from read_by(other, seen)


def account_in(check: Check[Any]) -> set[str]:
    return set(read_by(check.probe, set())) if isinstance(check.probe, FunctionType) else {"?"}


@pytest.mark.parametrize("check", SHARED, ids=lambda check: check.id)
def test_what_is_shared_reads_no_account(check: Check[Any]) -> None:
    assert account_in(check) == set()


@pytest.mark.parametrize("check", [login.CHECK, mailbox.CHECK, sender.CHECK], ids=lambda check: check.id)
def test_what_an_account_has_a_part_in_is_not_shared(check: Check[Any]) -> None:
    assert check.sharing is None


@pytest.mark.parametrize("check", [login.CHECK, sender.CHECK], ids=lambda check: check.id)
def test_the_reading_of_an_account_is_found(check: Check[Any]) -> None:
    """Else this whole file would prove nothing."""
    assert account_in(check)


def test_all_that_opens_connections_to_servers_is_shared_but_for_logins() -> None:
    """So that ten rows of one domain connect as one does."""
    assert {check.id for check in SHARED} == {
        "discovery", "dns.host", "reach", "reach.paths", "tls", "server", "web", "login.mechanisms",
    }  # fmt: skip
    assert all(check.each is not Subject or check is DISCOVERY for check in SHARED)
