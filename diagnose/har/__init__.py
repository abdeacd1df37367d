"""Recordings of a browser's requests (HAR 1.2): read in bounds, kept without their secrets."""

from diagnose.har.facts import CookieSet, Exchange, HarFacts, Offset
from diagnose.har.reader import Recording, read_har
from diagnose.har.responses import script_words
from diagnose.har.stream import HarError

__all__ = ["CookieSet", "Exchange", "HarError", "HarFacts", "Offset", "Recording", "read_har", "script_words"]
