"""The public model: what checks, reports and other packages' checks build on.

A name is loaded with the module that defines it: who only wants a text loads neither checks nor a network's failures.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from diagnose.model.text import Text, TextError, quote, text

if TYPE_CHECKING:
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
        UndeclaredError,
        need,
        read,
    )
    from diagnose.model.deadline import Deadline
    from diagnose.model.failures import (
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
else:
    _MODULES = {
        "check": (
            "Certainty",
            "Check",
            "CheckResult",
            "Expectable",
            "Facts",
            "Finding",
            "Inputs",
            "NO_NEEDS",
            "Needs",
            "need",
            "read",
            "Sharing",
            "Skip",
            "SkipCheck",
            "Status",
            "Turns",
            "UndeclaredError",
        ),
        "deadline": ("Deadline",),
        "failures": (
            "ClosedError",
            "DeadlineError",
            "Failure",
            "FailureName",
            "Operation",
            "TooMuchDataError",
            "failure",
            "failure_name",
        ),
        "protocols": ("Protocol", "ProtocolName", "TlsMode", "Way"),
        "targets": ("Host", "Service", "SourceName", "Subject", "Target"),
    }
    """What each module of this package defines of them; none has the name of a module."""

    def __getattr__(name: str) -> object:
        for module, defined in _MODULES.items():
            if name in defined:
                found = getattr(import_module(f"{__name__}.{module}"), name)
                globals()[name] = found  # from now on it is found without this function
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "NO_NEEDS",
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
    "Needs",
    "Operation",
    "Protocol",
    "ProtocolName",
    "Service",
    "Sharing",
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
    "need",
    "quote",
    "read",
    "text",
]
