"""What is wrong with the person's own computer and network, in real network namespaces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.machine import lacking, need

from .estate import Estate
from .neighbours import (
    default_route,
    firewall_rules,
    forwarder,
    guest_network,
    lying_resolver,
    squid,
    system_resolver,
)
from .runs import PROVEN, Diagnose

pytestmark = pytest.mark.real


@pytest.fixture
def needs_squid() -> None:
    """Leaves out the test where there is no Squid."""
    need(squid="squid")


class Elsewhere(Diagnose):
    """A run with further environment variables."""

    def __init__(self, estate: Estate, directory: Path, variables: Mapping[str, str]) -> None:
        super().__init__(estate, directory)
        self._variables = variables

    def environment(self) -> dict[str, str]:
        return super().environment() | dict(self._variables)


def checks(report: dict[str, Any], check: str) -> list[dict[str, Any]]:
    return [one for one in report["checks"] if one["id"] == check or one["id"].startswith(check + ".")]


# offline


@pytest.mark.fault
def test_a_computer_without_any_network(tmp_path: Path) -> None:
    """A namespace of its own, in which not even loopback is up."""
    folder = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    made = subprocess.run(["unshare", "--net", "true"], capture_output=True)
    if made.returncode != 0:
        lacking("a network namespace: it needs root")
    command = [
        "unshare",
        "--net",
        sys.executable,
        "-m",
        "diagnose",
        "alice@gmail.com",
        "--no-login",
        "--format",
        "json",
    ]
    done = subprocess.run(command, env=folder, capture_output=True, text=True, timeout=60)

    report = json.loads(done.stdout)
    causes = report["verdict"]["causes"]
    assert [c["id"] for c in causes if c["certainty"] in PROVEN] == ["network.offline"], causes
    assert causes[0]["certainty"] == "confirmed"
    assert done.returncode == 1
    assert report["duration_ms"] < 10_000


@pytest.mark.fault
def test_a_link_without_any_answer(diagnose: Diagnose, estate: Estate) -> None:
    """Neither the resolver nor the server that the hosts file names."""
    silent = str(estate.hosts["mail.silent.example"].addresses[0])
    with estate.hosts_entry(f"{silent} mail.example.net"), system_resolver(estate, silent):
        run = diagnose("alice@example.net", "--imap", "imaps://mail.example.net", resolver=None)

    run.assert_blocked_by("network.offline")
    assert "reach.timeout" in run.causes[0]["explains"], run.told()


@pytest.mark.parametrize(
    ("options", "cause", "certainty"),
    [((), "network.offline", "likely"), (("--no-third-party",), "network.resolver-down", "confirmed")],
)
def test_a_router_without_a_line(
    diagnose: Diagnose, estate: Estate, options: tuple[str, ...], cause: str, certainty: str
) -> None:
    """All that leaves by the default route is lost; who asks nobody else can only speak of the resolver."""
    silent = str(estate.hosts["mail.silent.example"].addresses[0])
    with system_resolver(estate, silent), default_route(estate):
        run = diagnose("alice@corp.example", *options, resolver=None)

    run.assert_blocked_by(cause, certainty)


def test_a_resolver_that_is_down_is_no_missing_network(diagnose: Diagnose, estate: Estate) -> None:
    with system_resolver(estate, str(estate.hosts["mail.silent.example"].addresses[0])):
        run = diagnose("alice@corp.example", resolver=None)

    run.assert_blocked_by("network.resolver-down")


@pytest.mark.parametrize(
    ("address", "cause"),
    [("alice@missing.example", "dns.domain-missing"), ("alice@lame.example", "dns.broken-zone")],
    ids=["NXDOMAIN", "SERVFAIL"],
)
def test_what_a_forwarder_hands_on_comes_from_somewhere(
    diagnose: Diagnose, estate: Estate, tmp_path: Path, address: str, cause: str
) -> None:
    """A company's network that drops what goes to public servers, behind a resolver on the computer itself."""
    with forwarder(estate, tmp_path), default_route(estate):
        run = diagnose(address, resolver=None, timeout=30)

    assert run.causes[0]["id"] == cause, run.told()
    assert "network.offline" not in {one["id"] for one in run.causes}, run.told()


@pytest.mark.parametrize("how", ["icmp type admin-prohibited", "icmp type net-unreachable", "tcp reset"])
def test_a_firewall_that_refuses_is_a_network(diagnose: Diagnose, estate: Estate, how: str) -> None:
    """Neither the resolver nor the public servers answer, and a router says no."""
    mail = str(estate.hosts["mail.corp.example"].addresses[0])
    silent = str(estate.hosts["mail.silent.example"].addresses[0])
    rule = f"ip daddr {mail} meta l4proto tcp reject with {how}"
    with (
        estate.hosts_entry(f"{mail} mail.example.net"),
        system_resolver(estate, silent),
        default_route(estate),
        firewall_rules(estate, rule),
    ):
        run = diagnose("alice@example.net", "--imap", "imaps://mail.example.net", resolver=None)

    assert "network.offline" not in {one["id"] for one in run.causes}, run.told()
    assert run.exit_code == 1, run.told()


# a sign-in page in between


@pytest.mark.fault
def test_a_guest_network(diagnose: Diagnose, estate: Estate, tmp_path: Path) -> None:
    with guest_network(estate, tmp_path) as address:
        run = diagnose(
            "alice@corp.example",
            "--imap",
            "imaps://mail.corp.example",
            "--webmail",
            "https://webmail.corp.example/",
            resolver=address,
        )

    run.assert_blocked_by("network.captive-portal")


def test_a_guest_network_without_asking_others(diagnose: Diagnose, estate: Estate, tmp_path: Path) -> None:
    """The webmail host itself answers with somebody else's certificate and page."""
    with guest_network(estate, tmp_path) as address:
        run = diagnose(
            "alice@corp.example",
            "--imap",
            "imaps://mail.corp.example",
            "--webmail",
            "https://webmail.corp.example/",
            "--no-third-party",
            resolver=address,
        )

    run.assert_blocked_by("network.captive-portal")
    asked = checks(run.report, "network.portal")[0]["facts"]["replies"]
    assert [one["operator"] for one in asked] == [None]


# a proxy


@pytest.mark.shape
@pytest.mark.usefixtures("needs_squid")
def test_a_proxy_that_lets_through_is_no_fault(estate: Estate, tmp_path: Path) -> None:
    with squid(estate, tmp_path, "http_access allow all") as url:
        run = Elsewhere(estate, tmp_path, {"https_proxy": url})(
            "alice@corp.example", "--webmail", "https://webmail.corp.example/"
        )

    run.assert_healthy()
    assert run.report["environment"]["proxy"] == f"{url} (https_proxy)"
    (passed,) = [one for one in checks(run.report, "network.proxy") if one["status"] == "pass"]
    assert passed["facts"]["passages"][0]["status"] == 200


@pytest.mark.fault
@pytest.mark.usefixtures("needs_squid")
def test_a_proxy_that_wants_a_sign_in(estate: Estate, tmp_path: Path) -> None:
    rules = (
        "auth_param basic program /bin/cat",
        "acl known proxy_auth REQUIRED",
        "http_access allow known",
        "http_access deny all",
    )
    with squid(estate, tmp_path, *rules) as url:
        run = Elsewhere(estate, tmp_path, {"HTTPS_PROXY": url})(
            "alice@corp.example", "--webmail", "https://webmail.corp.example/"
        )

    run.assert_blocked_by("network.proxy-misconfigured")
    assert "407" in run.causes[0]["evidence"][0]["text"]


@pytest.mark.fault
@pytest.mark.usefixtures("needs_squid")
def test_a_proxy_that_cannot_get_there(estate: Estate, tmp_path: Path) -> None:
    """It has to go through another one that is not there."""
    closed = str(estate.hosts["mail.closed.example"].addresses[0])
    rules = ("http_access allow all", f"cache_peer {closed} parent 3128 0 no-query", "never_direct allow all")
    with squid(estate, tmp_path, *rules) as url:
        run = Elsewhere(estate, tmp_path, {"https_proxy": url})(
            "alice@corp.example", "--webmail", "https://webmail.corp.example/"
        )

    run.assert_blocked_by("network.proxy-misconfigured")
    assert checks(run.report, "network.proxy.webmail")[0]["facts"]["passages"][0]["status"] >= 500, run.told()


@pytest.mark.fault
def test_a_proxy_that_is_not_there(estate: Estate, tmp_path: Path) -> None:
    """With a password in its address, which nobody gets to see."""
    closed = str(estate.hosts["mail.closed.example"].addresses[0])
    secret = "pröxy:p@ss/w0rd"
    run = Elsewhere(estate, tmp_path, {"https_proxy": f"http://alice:{secret}@{closed}:3128"})(
        "alice@corp.example", "--webmail", "https://webmail.corp.example/"
    )

    run.assert_blocked_by("network.proxy-misconfigured")
    run.assert_silent_about(secret)
    run.assert_silent_about("p@ss")
    assert set(run.outcomes()) == {"accepted"}, run.told()


def test_a_proxy_is_no_matter_to_mail_programs(estate: Estate, tmp_path: Path) -> None:
    closed = str(estate.hosts["mail.closed.example"].addresses[0])
    run = Elsewhere(estate, tmp_path, {"https_proxy": f"http://{closed}:3128"})("alice@corp.example")

    run.assert_hindered_by("network.proxy-misconfigured")


def test_a_proxy_that_the_host_is_exempt_from(estate: Estate, tmp_path: Path) -> None:
    closed = str(estate.hosts["mail.closed.example"].addresses[0])
    variables = {"https_proxy": f"http://{closed}:3128", "no_proxy": "localhost,.corp.example"}
    run = Elsewhere(estate, tmp_path, variables)("alice@corp.example", "--webmail", "https://webmail.corp.example/")

    run.assert_healthy()


def test_a_proxy_does_not_hide_what_else_is_wrong(estate: Estate, tmp_path: Path) -> None:
    closed = str(estate.hosts["mail.closed.example"].addresses[0])
    run = Elsewhere(estate, tmp_path, {"https_proxy": f"http://{closed}:3128"})(
        "alice@blocked.example", "--webmail", "https://webmail.corp.example/"
    )

    assert set(run.proven("blocks")) == {"network.proxy-misconfigured", "reach.port-blocked"}, run.told()


def test_a_server_that_is_down_is_not_the_proxys_fault(estate: Estate, tmp_path: Path) -> None:
    """Nothing listens on the server's port, whichever way one comes."""
    closed = str(estate.hosts["mail.closed.example"].addresses[0])
    run = Elsewhere(estate, tmp_path, {"https_proxy": f"http://{closed}:3128"})(
        "alice@corp.example", "--webmail", "https://mail.closed.example/"
    )

    run.assert_blocked_by("web.login-page-down")


# a resolver that lies


@pytest.mark.fault
@pytest.mark.parametrize("lie", ["0.0.0.0", "127.0.0.1"])
def test_a_resolver_that_blocks_a_server(diagnose: Diagnose, estate: Estate, tmp_path: Path, lie: str) -> None:
    with lying_resolver(estate, tmp_path, f"mail.example.net. A {lie}") as address, system_resolver(estate, address):
        run = diagnose("alice@example.net", resolver=None)

    run.assert_blocked_by("network.resolver-down", "likely")
    assert lie in run.causes[0]["evidence"][0]["text"]


def test_a_resolver_that_blocks_a_server_beside_a_chosen_one(
    diagnose: Diagnose, estate: Estate, tmp_path: Path
) -> None:
    """This tool gets through; mail programs on this computer do not."""
    with lying_resolver(estate, tmp_path, "mail.example.net. A 127.0.0.1") as address, system_resolver(estate, address):
        run = diagnose("alice@example.net")

    assert set(run.outcomes()) == {"accepted"}, run.told()
    (found,) = checks(run.report, "network.resolver")[0]["findings"]
    assert (found["cause"], found["certainty"]) == ("network.resolver-down", "likely")


# connections opened on the way


@pytest.mark.fault
def test_one_private_issuer_for_unrelated_servers(diagnose: Diagnose, estate: Estate) -> None:
    """Without the estate's authority, all its servers look as behind a device that signs everything anew."""
    command = diagnose.command(
        *("alice@corp.example", "--no-login", "--format", "json", "--resolver", estate.resolver),
        *("--imap", "imaps://mail.corp.example", "--smtp", "smtps://mail.example.net"),
    )
    done = subprocess.run(command, env=diagnose.environment(), capture_output=True, text=True, timeout=60)

    causes = json.loads(done.stdout)["verdict"]["causes"]
    assert [c["id"] for c in causes if c["certainty"] in PROVEN] == ["network.tls-interception"], causes
    assert causes[0]["certainty"] == "confirmed"
    assert "tls.untrusted-issuer" in causes[0]["explains"]


def test_one_private_issuer_for_one_owner(diagnose: Diagnose, estate: Estate) -> None:
    """A company's own authority, which this computer does not know."""
    command = diagnose.command("corp.example", "--format", "json", "--resolver", estate.resolver)
    done = subprocess.run(command, env=diagnose.environment(), capture_output=True, text=True, timeout=60)

    causes = json.loads(done.stdout)["verdict"]["causes"]
    assert [c["id"] for c in causes if c["certainty"] in PROVEN] == ["tls.untrusted-issuer"], causes


# a line that loses


@pytest.mark.fault
def test_a_line_that_loses_packets(diagnose: Diagnose, estate: Estate) -> None:
    """Of the packets that open a connection to one host every second one is lost, and all to one port."""
    mail = estate.hosts["mail.example.net"].addresses
    syn = f"ip daddr {mail[0]} tcp flags & (syn | ack) == syn"
    rules = (f"{syn} tcp dport 465 drop", f"{syn} numgen inc mod 2 0 drop", f"ip6 daddr {mail[1]} drop")
    with firewall_rules(estate, *rules):
        run = diagnose("alice@example.net", "--imap", "imaps://mail.example.net", "--smtp", "smtps://mail.example.net")

    (line,) = checks(run.report, "network.line")
    assert line["status"] in {"fail", "warn"}, run.told()
    assert line["findings"][0]["cause"] == "network.unstable"
    assert line["duration_ms"] < 5000


def test_a_blocked_port_beside_a_good_line(diagnose: Diagnose, estate: Estate) -> None:
    run = diagnose("alice@blocked.example")

    run.assert_blocked_by("reach.port-blocked")
    (line,) = checks(run.report, "network.line")
    assert line["status"] == "pass", run.told()


def test_nothing_more_is_asked_of_a_healthy_network(diagnose: Diagnose) -> None:
    run = diagnose("alice@corp.example", "--webmail", "https://webmail.corp.example/")

    run.assert_healthy()
    skipped = ("network.portal", "network.line", "network.resolver", "network.proxy.webmail.443")
    for check in skipped:
        assert [one["status"] for one in checks(run.report, check)] == ["skip"], check
