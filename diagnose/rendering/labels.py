"""What the names that the model uses are called: message ids, shared by all that is written for people."""

from __future__ import annotations

from collections.abc import Mapping

from diagnose.model.check import Certainty
from diagnose.model.report import Impact
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
FAMILIES: Mapping[str, str] = {
    "address": text("Address").msgid,
    "network": text("This computer's network").msgid,
    "dns": text("DNS").msgid,
    "reach": text("Way to the server").msgid,
    "server": text("Mail server").msgid,
    "tls": text("Encryption").msgid,
    "settings": text("Settings").msgid,
    "credentials": text("Password and sign-in").msgid,
    "login": text("Login").msgid,
    "lockout": text("Locks and limits").msgid,
    "activation": text("Account").msgid,
    "web": text("Webmail page").msgid,
    "browser": text("Browser").msgid,
    "plugin": text("Additional checks").msgid,
}
"""Of checks and of causes; other packages' families may be missing."""
