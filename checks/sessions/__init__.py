"""Conversations with mail servers, which the checks of several families share."""

from __future__ import annotations

from checks.sessions.imap import ImapSession
from checks.sessions.pop3 import Pop3Session
from checks.sessions.session import Credentials, MailSession, Reply
from checks.sessions.smtp import SmtpSession
from diagnose.model import Deadline, Protocol
from diagnose.network import Stream

__all__ = ["Credentials", "MailSession", "Reply", "open_session"]


def open_session(protocol: Protocol, stream: Stream, deadline: Deadline) -> MailSession:
    """Take the greeting on *stream* and ask what the server can do. Raises OSError."""
    match protocol:
        case "imap":
            return ImapSession(stream, deadline)
        case "pop3":
            return Pop3Session(stream, deadline)
        case "smtp":
            return SmtpSession(stream, deadline)
        case "webmail":
            raise ValueError("a web page is no mail session")
