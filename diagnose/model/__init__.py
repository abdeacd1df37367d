"""The public model: what checks, reports and other packages' checks build on."""

from diagnose.model.check import (
    Certainty,
    Check,
    CheckResult,
    Expectable,
    Facts,
    Finding,
    Inputs,
    Need,
    Skip,
    SkipCheck,
    Status,
    Turns,
    UndeclaredError,
)
from diagnose.model.deadline import Deadline
from diagnose.model.failure import (
    ClosedError,
    DeadlineError,
    Failure,
    FailureName,
    Operation,
    TooMuchDataError,
    failure,
    failure_name,
)
from diagnose.model.protocols import Protocol, ProtocolName, TlsMode, Way
from diagnose.model.targets import Host, Service, SourceName, Subject, Target
from diagnose.model.text import Text, TextError, quote, text

__all__ = [
    "Certainty",
    "Check",
    "CheckResult",
    "ClosedError",
    "Deadline",
    "DeadlineError",
    "Expectable",
    "Facts",
    "Failure",
    "FailureName",
    "Finding",
    "Host",
    "Inputs",
    "Need",
    "Operation",
    "Protocol",
    "ProtocolName",
    "Service",
    "Skip",
    "SkipCheck",
    "SourceName",
    "Status",
    "Subject",
    "Target",
    "Text",
    "TextError",
    "TlsMode",
    "TooMuchDataError",
    "Turns",
    "UndeclaredError",
    "Way",
    "failure",
    "failure_name",
    "quote",
    "text",
]
