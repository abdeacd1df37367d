"""One try: a password is on record before it is sent, and is not sent where that may lock the account."""

from __future__ import annotations

from collections.abc import Callable

from checks.lockout.lockout import TURN_SECONDS, LockoutFacts, weigh
from checks.sessions import Credentials, MailSession, Reply
from diagnose.account.history import PENDING, BusyError, RecordError, Turn
from diagnose.model import Deadline, SkipCheck, Text, text
from diagnose.running.context import Context

NO_RECORD = text(
    "the record of earlier tries cannot be used; --send-again sends the password all the same, --no-history does "
    "without the record"
)


def log_in_once(
    session: MailSession,
    credentials: Credentials,
    mechanism: str,
    deadline: Callable[[], Deadline],
    context: Context,
    *,
    provider: str | None,
    counted: Callable[[Reply], str | None],
) -> Reply:
    """Send the secret, once; the try goes on record before that.

    *deadline* is called when the secret is sent. *counted* names the cause under which a rejection goes on record, or
    None where the server counts no wrong try. Raises SkipCheck where the secret may not be sent, OSError when no answer
    comes.
    """
    if credentials.is_token:  # no server locks an account over tokens
        return session.login(credentials, mechanism, deadline())
    patience = context.deadline.share(0.5, TURN_SECONDS).left()
    try:
        with context.history.turn(credentials.username, patience) as turn:
            return _send(session, credentials, mechanism, deadline, context, provider, counted, turn)
    except BusyError:
        raise SkipCheck(text("another run is trying this account right now")) from None
    except RecordError as error:
        if not context.consent.send_again:
            raise SkipCheck(NO_RECORD) from error
    return session.login(credentials, mechanism, deadline())


def _send(
    session: MailSession,
    credentials: Credentials,
    mechanism: str,
    deadline: Callable[[], Deadline],
    context: Context,
    provider: str | None,
    counted: Callable[[Reply], str | None],
    turn: Turn,
) -> Reply:
    if why := refusal(weigh(credentials.username, credentials.secret, provider, context)):
        raise SkipCheck(why)
    try:
        turn.reserve(credentials.secret)
    except RecordError:
        if not context.consent.send_again:
            raise
    try:
        reply = session.login(credentials, mechanism, deadline())
    except OSError:
        if not session.secret_is_out:
            turn.withdraw()
        raise
    if reply.ok:
        turn.accepted()
    elif not session.secret_is_out:  # whatever was answered, be it a refusal of the name, no secret was tried
        turn.withdraw()
    elif reply.unasked:
        pass  # it has had no answer
    elif cause := counted(reply):
        turn.rejected(cause)
    else:
        turn.withdraw()
    return reply


def refusal_so_far(record: LockoutFacts) -> Text | None:
    """As `refusal`, of who does not have its turn yet: a try that is under way is waited for."""
    return None if record.same_password_cause == PENDING else refusal(record)


def refusal(record: LockoutFacts) -> Text | None:
    """Why the password is not sent, by what is on record; None where it may be."""
    if record.send_again:
        return None
    if record.trouble is not None:
        return NO_RECORD
    if record.same_password_at is not None:
        if record.same_password_cause:
            return text("this password was rejected lately, and is not sent again without --send-again")
        return text("this password was sent lately without a known answer, and is not sent again without --send-again")
    if record.at_the_brink:
        return text("one more wrong try may lock the account; --send-again sends the password anyway")
    return None
