"""What checks, formats and programs of others may rely on; all other modules may change with any version.

A check is made of `Check`, `Facts`, `Finding` and `text`; its probe gets `Inputs` and a `Context`. A format is a
`Renderer` from `Report` and `RenderStyle` to a text. A program calls `diagnose` with a `Request`.
docs/architecture.md lists every name, each for something that a package writes itself. Types that it only meets, as
what one of these holds or takes, have no name here.
"""

from __future__ import annotations

from diagnose.account.person import Consent, OtherMailbox, Person
from diagnose.account.secret import Secret
from diagnose.account.subject import parse_subject
from diagnose.discovery import DiscoveryOptions
from diagnose.model.check import (
    NO_NEEDS,
    Check,
    CheckResult,
    Expectable,
    Facts,
    Finding,
    Inputs,
    Sharing,
    SkipCheck,
    Turns,
    need,
    read,
)
from diagnose.model.failures import Failure, failure
from diagnose.model.report import Report
from diagnose.model.saved import machine_readable, saved_report
from diagnose.model.stations import AddedStation
from diagnose.model.targets import Host, Service, Subject
from diagnose.model.text import Text, TextError, quote, text
from diagnose.network import Nameserver, Network, Stream
from diagnose.planning.selection import Selection
from diagnose.rendering.renderer import Renderer, RenderStyle
from diagnose.running.context import Context
from diagnose.running.diagnosis import diagnose
from diagnose.running.interruption import Interruption
from diagnose.running.request import NetworkOptions, Presentation, Request

API_VERSION = (4, 0)
"""Major and minor: a major one takes a name away or changes what it does, a minor one only adds names."""

__all__ = [
    "API_VERSION",
    "NO_NEEDS",
    "AddedStation",
    "Check",
    "CheckResult",
    "Consent",
    "Context",
    "DiscoveryOptions",
    "Expectable",
    "Facts",
    "Failure",
    "Finding",
    "Host",
    "Inputs",
    "Interruption",
    "Nameserver",
    "Network",
    "NetworkOptions",
    "OtherMailbox",
    "Person",
    "Presentation",
    "RenderStyle",
    "Renderer",
    "Report",
    "Request",
    "Secret",
    "Selection",
    "Service",
    "Sharing",
    "SkipCheck",
    "Stream",
    "Subject",
    "Text",
    "TextError",
    "Turns",
    "diagnose",
    "failure",
    "machine_readable",
    "need",
    "parse_subject",
    "quote",
    "read",
    "saved_report",
    "text",
]
