"""What checks, formats and programs of others may rely on; all other modules may change with any version.

A check is made of `Check`, `Facts`, `Finding` and `text`; its probe gets `Inputs` and a `Context`. A format is a
`Renderer` from `Report` and `RenderStyle` to a text. A program calls `diagnose` with a `Request`.
docs/architecture.md lists every name.
"""

from __future__ import annotations

from diagnose.account.person import Consent, OtherMailbox, Person
from diagnose.account.secret import Secret
from diagnose.account.subject import parse_subject
from diagnose.discovery import DiscoveryOptions
from diagnose.knowledge import KnowledgeError
from diagnose.model.browsing import Browsing
from diagnose.model.check import (
    NO_NEEDS,
    Certainty,
    Check,
    CheckResult,
    Expectable,
    Facts,
    Finding,
    Inputs,
    Needs,
    Sharing,
    Skip,
    SkipCheck,
    Status,
    Turns,
    need,
    read,
)
from diagnose.model.deadline import Deadline
from diagnose.model.failures import Failure, FailureName, failure
from diagnose.model.protocols import ProtocolName, TlsMode
from diagnose.model.report import Report
from diagnose.model.saved import SavedReportError, machine_readable, saved_report
from diagnose.model.stations import AddedStation
from diagnose.model.targets import Host, Service, Subject, Target
from diagnose.model.text import Text, TextError, quote, text
from diagnose.network import DnsAnswer, FetchedPage, Nameserver, Network, Stream
from diagnose.planning.selection import Selection
from diagnose.rendering.page import Page
from diagnose.rendering.renderer import Renderer, RenderStyle
from diagnose.running.context import Context
from diagnose.running.diagnosis import Diagnosis, diagnose
from diagnose.running.interruption import Interruption
from diagnose.running.observer import Observer
from diagnose.running.request import NetworkOptions, Presentation, Request

API_VERSION = (3, 0)
"""Major and minor: a major one takes a name away or changes what it does, a minor one only adds names."""

__all__ = [
    "API_VERSION",
    "NO_NEEDS",
    "AddedStation",
    "Browsing",
    "Certainty",
    "Check",
    "CheckResult",
    "Consent",
    "Context",
    "Deadline",
    "Diagnosis",
    "DiscoveryOptions",
    "DnsAnswer",
    "Expectable",
    "Facts",
    "Failure",
    "FailureName",
    "FetchedPage",
    "Finding",
    "Host",
    "Inputs",
    "Interruption",
    "KnowledgeError",
    "Nameserver",
    "Needs",
    "Network",
    "NetworkOptions",
    "Observer",
    "OtherMailbox",
    "Page",
    "Person",
    "Presentation",
    "ProtocolName",
    "RenderStyle",
    "Renderer",
    "Report",
    "Request",
    "SavedReportError",
    "Secret",
    "Selection",
    "Service",
    "Sharing",
    "Skip",
    "SkipCheck",
    "Status",
    "Stream",
    "Subject",
    "Target",
    "Text",
    "TextError",
    "TlsMode",
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
