"""What a server's reply, or a mail program's error message, says about a failed login."""

from diagnose.model.protocols import ReplyForm
from diagnose.replies.charsets import charset_in
from diagnose.replies.decoding import decode
from diagnose.replies.houses import read_message
from diagnose.replies.knowledge import Knowledge, load_knowledge
from diagnose.replies.reader import Outcome, Reading, Suspect, ToldBy, read_reply, same_house
from diagnose.replies.wire import Code

__all__ = [
    "Code",
    "Knowledge",
    "Outcome",
    "Reading",
    "ReplyForm",
    "Suspect",
    "ToldBy",
    "charset_in",
    "decode",
    "load_knowledge",
    "read_message",
    "read_reply",
    "same_house",
]
