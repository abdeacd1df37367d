"""What is to be diagnosed, in parts that travel whole to where they are needed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import platformdirs

from diagnose import providers
from diagnose.account.person import Consent, Person
from diagnose.discovery import DiscoveryOptions
from diagnose.model import Subject
from diagnose.model.deadline import DEFAULT_SECONDS
from diagnose.model.limits import ONE_BY_ONE, Limits
from diagnose.model.report import Contact, Report
from diagnose.network import Nameserver, Vantage
from diagnose.planning.selection import Selection
from diagnose.process.home_folder import of_person
from diagnose.providers import Language
from diagnose.rendering.renderer import Audience

RECORDS = "mail-login-doctor"
NOWHERE = Path(os.devnull)
"""Below it there is nothing, and nothing can be made."""
Redaction: TypeAlias = Literal[False, True, "strict"]


class NetworkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """From where the run looks at the world, and what it trusts."""

    nameserver: Nameserver | None = None
    """None: those of the system."""
    ca_file: Path | None = None
    """Further certificate authorities, in PEM (RFC 7468)."""
    limits: Limits = ONE_BY_ONE
    """How many connections there may be."""
    vantage: Vantage = Vantage()
    """The computer that the login fails on: this one."""


class Presentation(msgspec.Struct, frozen=True, kw_only=True):
    """How the report speaks."""

    lang: Language = "en"
    audience: Audience = "user"
    redact: Redaction = False
    """Whether the person and this computer are hidden in it; ``strict``: their company, too."""
    contact: Contact | None = None
    """Whom the report names for further help."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Whose login is to be diagnosed, with what, with what leave, and how."""

    subject: Subject
    person: Person = Person()
    consent: Consent = Consent()
    discovery: DiscoveryOptions = DiscoveryOptions()
    find_services: bool = True
    """Whether the subject's mail services are looked for. Otherwise only the subject's own checks run that `selection`
    names; a recording is judged so, without any network."""
    network: NetworkOptions = NetworkOptions()
    expected: dict[str, tuple[str, ...]] = {}
    """What is expected of the subject, as `diagnose.running.expected.expectations` reads it; a drift is a finding."""
    selection: Selection = Selection()
    narrowed: tuple[str, ...] = ()
    """The options by which the person left checks out, so that nothing found is no sign of health."""
    strict: bool = False
    """Whether causes that only hinder make a problem, too."""
    baseline: Report | None = None
    """An earlier report: only what is new since then makes the run fail."""
    seconds: float = DEFAULT_SECONDS
    """The whole run's deadline."""
    history: Path | None = None
    """Folder of the record of rejected logins; None: it is neither read nor written."""
    presentation: Presentation = Presentation()

    @property
    def logs_in(self) -> bool:
        """Whether the login itself is tested."""
        return self.consent.login and self.subject.address is not None and self.subject.flaw is None

    @property
    def house(self) -> str:
        """Whose servers it will most likely ask: the provider's id where one is known, or the domain."""
        domain = self.subject.domain
        return self.discovery.provider or providers.by_domain(domain) or domain


def history_folder() -> Path:
    """Where the record of rejected logins lies; without a home folder, where no record can be kept."""
    return of_person(lambda: platformdirs.user_state_path(RECORDS, appauthor=False)) or NOWHERE / RECORDS
