"""Tell why a person cannot log in to their mailbox, prove it, and say what to do."""

__version__ = "0.1.0"
