"""The run that is measured: one whole diagnosis, from the request to the report.

Standard input holds a `benchmarks.mailbox.Mailbox` as JSON, standard output gets the seconds. Start-up is what the
command line has done, too, when it begins a run: imports, the installed checks among them.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec

from benchmarks.mailbox import Mailbox
from diagnose.account.person import Person
from diagnose.account.secret import Secret
from diagnose.account.subject import parse_subject
from diagnose.discovery import DiscoveryOptions
from diagnose.discovery.naming import service_at
from diagnose.model import Service
from diagnose.network import Nameserver
from diagnose.running.diagnosis import diagnose
from diagnose.running.plugins import all_checks
from diagnose.running.request import NetworkOptions, Request

OPENED = ("login.mailbox.imap", "web.webmail")
"""Checks that a healthy run passes, by how their ids begin: one each at least."""


def request_for(mailbox: Mailbox) -> Request:
    """The diagnosis of *mailbox*."""
    given = Service(protocol="imap", host=mailbox.imap_host, port=mailbox.imap_port, tls="implicit", source="option")
    page = service_at(mailbox.webmail, "option")
    if page is None:
        raise ValueError(f"no web address: {mailbox.webmail}")
    return Request(
        subject=parse_subject(mailbox.address),
        person=Person(password=Secret(mailbox.password)),
        discovery=DiscoveryOptions(services=(page,) if mailbox.discover else (given, page), third_party=False),
        network=NetworkOptions(
            nameserver=Nameserver("127.0.0.1", mailbox.nameserver_port), ca_file=Path(mailbox.ca_file)
        ),
    )


def main() -> None:
    request = request_for(msgspec.json.decode(sys.stdin.buffer.read(), type=Mailbox))
    all_checks()
    started = time.perf_counter()
    report = diagnose(request).report
    seconds = time.perf_counter() - started
    opened = [check for check in report.checks if check.id.startswith(OPENED) and check.status == "pass"]
    if report.verdict.status != "healthy" or len(opened) < len(OPENED):
        sys.exit(f"the run did not open mailbox and page: {report.verdict.headline}")
    print(seconds)


if __name__ == "__main__":
    main()
