"""What the names that the model uses are called: message ids, shared by all that is written for people."""

from __future__ import annotations

from collections.abc import Mapping

from diagnose.model import stations
from diagnose.model.check import Certainty
from diagnose.model.report import Impact, Redacted
from diagnose.model.text import text

CERTAINTIES: Mapping[Certainty, str] = {
    "confirmed": text("confirmed").msgid,
    "likely": text("likely").msgid,
    "possible": text("possible").msgid,
}
IMPACTS: Mapping[Impact, str] = {
    "blocks": text("blocks the login").msgid,
    "hinders": text("hinders, does not block").msgid,
}
FIXERS: Mapping[str, str] = {
    "user": text("you").msgid,
    "helpdesk": text("help desk").msgid,
    "admin": text("administrator").msgid,
    "provider": text("mail provider").msgid,
}
"""Other packages' fixers may be missing."""
FAMILIES: Mapping[str, str] = {name: family.title for name, family in stations.FAMILIES.items()}
"""Of checks and of causes; other packages' families may be missing."""
REDACTED: Mapping[Redacted, str] = {
    "person": text("The person and this computer are hidden: user-1 and the like are placeholders.").msgid,
    "company": text("Person, computer and company are hidden: user-1, domain-1 and the like are placeholders.").msgid,
}
"""What a report says of the names in it."""
