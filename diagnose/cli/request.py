"""What the options of a run ask for: whose login is diagnosed, with what, and with what leave."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Sequence
from gettext import gettext as _
from typing import Any

import click
import msgspec
from click.core import ParameterSource

from diagnose.account.pasted import understood
from diagnose.account.person import Consent, OtherMailbox, Person
from diagnose.account.secret import Secret
from diagnose.account.subject import NoSubjectError, SubjectError, parse_subject
from diagnose.cli import secrets
from diagnose.cli.help import Example
from diagnose.cli.main_job import EXAMPLES
from diagnose.cli.settings import wrong
from diagnose.discovery import DiscoveryOptions
from diagnose.model import Subject, quote, text
from diagnose.model.browsing import Browsing
from diagnose.model.protocols import PROTOCOLS
from diagnose.model.report import Contact, Report
from diagnose.planning.selection import Selection
from diagnose.process.first_use import one_at_a_time
from diagnose.process.standard_streams import tell
from diagnose.running.request import NetworkOptions, Presentation, Request, history_folder

LOGIN_OPTIONS = ("password_stdin", "password_env", "keyring", "access_token_env", "no_login")
"""Those that say where the secret comes from; one at most."""
HANDED_OVER = ("--password-env VAR", "--password-stdin", "--keyring")
"""By which a password comes where nobody can be asked."""
NARROW = 80
"""Columns of a terminal."""
GUIDE = (
    *EXAMPLES[:2],
    Example('diagnose explain "LOGIN failed"', text("what an error message means").msgid),
    Example("diagnose browser", text("looks for the fault in the browser").msgid),
    Example("diagnose --help", text("all commands and options").msgid),
)


def subject_of(given: dict[str, Any]) -> Subject:
    """The subject that the command line names, or else the person at the terminal. Raises click.UsageError."""
    return asked_for() if given["subject"] is None else subject_named(given["subject"], given["username"])


def only_told(subject: Subject, given: dict[str, Any]) -> int:
    """Whom a run would contact; no secret is read for that. Raises TextError, click.UsageError."""
    with one_at_a_time:
        from diagnose.cli import dry_run
    without = dict.fromkeys((*LOGIN_OPTIONS, "activation_mailbox", "activation_password_env"))
    logs_in = subject.address is not None and not given["no_login"]
    other = _other_named(given["activation_mailbox"]).domain if given["activation_mailbox"] else None
    return dry_run.show(request_for(subject, given | without, ask=False), given, logs_in=logs_in, other=other)


def subject_named(typed: str, username: str | None = None) -> Subject:
    """The subject that a person means who typed or pasted *typed*. Raises click.UsageError with the corrected form."""
    try:
        subject, read = understood(typed, username)
    except SubjectError as error:
        with one_at_a_time:
            from diagnose.cli.meant import no_subject
        raise no_subject(typed, error) from None
    if read is not None:
        tell(_("Read as {address}.").format(address=quote(read)))
    return subject


def _other_named(typed: str) -> Subject:
    """The other mailbox that *typed* names. Raises click.UsageError with the corrected form."""
    try:
        understood(typed, None)
    except NoSubjectError:
        raise click.UsageError(_("--activation-mailbox wants a mailbox address.")) from None
    except SubjectError as error:
        raise click.UsageError(error.sentence.render(_)) from None
    return subject_named(typed)


def asked_for() -> Subject:
    """The subject that is typed at a terminal, after a short guide. Raises click.UsageError off a terminal."""
    context = click.get_current_context()
    if all(context.get_parameter_source(name) is not ParameterSource.COMMANDLINE for name in context.params):
        for line in _guide():
            tell(line)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        if context.params["seen"]:
            sentence = _(
                "--seen is weighed in a run, which needs a mailbox address or a mail domain; {command} tells what a "
                "message alone means."
            )
            raise click.UsageError(sentence.format(command="diagnose explain"), context)
        missing = next(one for one in context.command.params if one.name == "subject")
        raise click.MissingParameter(ctx=context, param=missing)
    with one_at_a_time:
        from diagnose.cli.prompts import asked
    username = context.params["username"]
    found: Subject = click.prompt(
        asked(_("Mail address or domain")),
        value_proc=lambda typed: subject_named(typed, username),
        prompt_suffix="",
        err=True,
    )
    return found


def _guide() -> Iterator[str]:
    sentence = _("diagnose tells why somebody cannot log in to their mailbox, proves it, and says what to do.")
    yield click.wrap_text(sentence, NARROW)
    yield ""
    for example in GUIDE:
        yield f"  {example.line}"
        yield f"      {_(example.meaning)}"
    yield ""


def request_for(subject: Subject, given: dict[str, Any], *, ask: bool) -> Request:
    """What the options of `ways` and `options` ask for about *subject*.

    *ask*: at a terminal the password is asked for where no option says where it comes from; else there is no login.
    Raises TextError, click.UsageError.
    """
    try:
        request = _request_for(subject, given, ask=ask)
    finally:  # a program that is started later does not inherit it
        for option in ("password_env", "access_token_env", "activation_password_env"):
            secrets.forget_variable(given[option])
    person, wanted = request.person, subject.address is not None and request.consent.login
    if wanted and person.password is None and person.access_token is None and not _may_be_asked(given):
        sentence = _("There is no password, so no login is tried: {options} gives one, {without} does without.")
        tell(sentence.format(options=_(", ").join(HANDED_OVER), without="--no-login"))
    return request


def _may_be_asked(given: dict[str, Any]) -> bool:
    """Whether somebody was asked for the password, or nothing is to be said."""
    return bool(given["quiet"] or given["password_stdin"] or secrets.at_terminal())


def _request_for(subject: Subject, given: dict[str, Any], *, ask: bool) -> Request:
    selection = selection_of(given["only"], given["skip"])
    baseline = _baseline(subject, given)
    person, consent = _login(subject, given, ask=ask)
    return Request(
        subject=subject,
        person=msgspec.structs.replace(
            person,
            other_mailbox=_other_mailbox(given),
            browsing=Browsing(profiles=given.get("profiles", False), clean_run=given.get("clean_browser", False)),
            seen=tuple(message for message in given["seen"] if message.strip()),
        ),
        consent=consent,
        discovery=DiscoveryOptions(
            services=tuple(s for protocol in PROTOCOLS if (s := given[protocol.name])),
            provider=given["provider_id"],
            third_party=not given["no_third_party"],
        ),
        network=NetworkOptions(nameserver=given["resolver"], ca_file=given["ca_file"]),
        expected=_expected(given.get("expected", ())),
        baseline=baseline,
        selection=selection,
        narrowed=selection.options,
        strict=given["strict"],
        seconds=given["timeout"],
        history=None if given["no_history"] else history_folder(),
        presentation=presentation(given),
    )


def _baseline(subject: Subject, given: dict[str, Any]) -> Report | None:
    """The earlier report that the run is held against, by today's knowledge. Raises click.ClickException."""
    file = given.get("baseline")
    if file is None:
        return None
    with one_at_a_time:
        from diagnose.cli.saved_reports import STANDARD_INPUT, read_saved, unreadable
        from diagnose.comparison.baseline import OtherSubjectError, require_same

    if file == STANDARD_INPUT and given["password_stdin"]:
        raise click.UsageError(_("--baseline and --password-stdin cannot both read standard input."))
    saved = read_saved(file)
    try:
        require_same(saved, subject)
    except OtherSubjectError as error:
        raise unreadable(file, error) from None
    with one_at_a_time:
        from diagnose.comparison.compare import judged_again
    return judged_again(saved, presentation(given))


def _expected(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Raises click.UsageError for a word that is no expectation."""
    if not words:
        return {}
    with one_at_a_time:
        from diagnose.running.expected import ExpectationError, expectations
    try:
        return expectations(words)
    except ExpectationError as error:
        raise click.UsageError(f"--expect: {error.sentence.render(_)}") from None


def presentation(given: dict[str, Any]) -> Presentation:
    """How the report speaks, by the options that all reports have."""
    named = {name: given[name] for name in ("help_desk", "status_page", "documentation")}
    contact = Contact(**named) if any(named.values()) else None
    return Presentation(lang=given["lang"], audience=given["audience"], redact=given["redact"], contact=contact)


def _login(subject: Subject, given: dict[str, Any], *, ask: bool) -> tuple[Person, Consent]:
    """The secret, and what may be done with it."""
    consent = Consent(try_all=given["try_all"], send_again=given["send_again"], ask_recipient=not given["no_rcpt"])
    without = Person(), msgspec.structs.replace(consent, login=False)
    ways = [name for name in LOGIN_OPTIONS if given[name]]
    if len(ways) > 1:
        names = _(", ").join("--" + name.replace("_", "-") for name in ways)
        raise click.UsageError(_("only one of {names} can be used at a time.").format(names=names))
    if subject.address is None:
        if set(ways) - {"no_login"}:
            raise click.UsageError(_("a domain is checked without any login; give a mailbox address to test one."))
        return without
    if given["no_login"]:
        return without
    if given["access_token_env"]:
        return Person(access_token=secrets.from_environment(given["access_token_env"])), consent
    # people know their address as they write it, and so do their key rings
    account = given["username"] or subject.address
    if given["password_stdin"]:
        return Person(password=secrets.from_standard_input(account)), consent
    if given["password_env"]:
        return Person(password=secrets.from_environment(given["password_env"])), consent
    if given["keyring"]:
        return Person(password=secrets.from_keyring(account)), consent
    if not ask:
        return without
    password = secrets.from_prompt(account)
    again = consent.send_again or _send_again(subject, password, given)
    return Person(password=password), msgspec.structs.replace(consent, send_again=again)


def _other_mailbox(given: dict[str, Any]) -> OtherMailbox | None:
    """The mailbox to look for the activation mail in, its secret. Raises SubjectError, click.UsageError."""
    if not given["activation_mailbox"]:
        if given["activation_password_env"]:
            raise click.UsageError(_("--activation-password-env goes with --activation-mailbox."))
        return None
    other = other_mailbox(_other_named(given["activation_mailbox"]).address or given["activation_mailbox"])
    if given["activation_password_env"]:
        password = secrets.from_environment(given["activation_password_env"])
    else:
        password = secrets.from_prompt(other.address)
    return msgspec.structs.replace(other, password=password)


def other_mailbox(address: str, password: Secret | None = None) -> OtherMailbox:
    """The mailbox called *address*. Raises SubjectError, click.UsageError."""
    other = parse_subject(address)
    if other.address is None:
        raise click.UsageError(_("--activation-mailbox wants a mailbox address."))
    return OtherMailbox(address=other.address, domain=other.domain, password=password)


def _send_again(subject: Subject, password: Secret | None, given: dict[str, Any]) -> bool:
    """At a terminal: ask before a password that was rejected lately, or without a usable record, is sent."""
    account = subject.username or subject.address
    if password is None or account is None or given["no_history"]:
        return False
    with one_at_a_time:
        from diagnose.account.history import PENDING, History
    with one_at_a_time:
        from diagnose.cli.prompts import confirmed
    history = History(history_folder(), subject.domain)
    if trouble := history.trouble():
        words = f" ({trouble.words})" if trouble.words else ""
        question = _(
            "The record of earlier tries cannot be used{words}, so one more may lock the account. Send the password?"
        ).format(words=words)
        return confirmed(question)
    before = [r for r in history.rejections(account) if history.is_of(r, account, password)]
    if not before:
        return False
    moment = time.strftime("%H:%M", time.localtime(before[-1].at))
    if before[-1].cause == PENDING:
        question = _("This password was sent at {moment}, and no answer is known. Send it again?")
    else:
        question = _("This very password was rejected at {moment}. One more try may lock the account. Send it again?")
    return confirmed(question.format(moment=moment))


def selection_of(only: tuple[str, ...], skip: tuple[str, ...]) -> Selection:
    """The checks that --only and --skip leave. Raises click.ClickException for a name that none answers to."""
    if not only and not skip:  # the checks are loaded once the first questions are on their way
        return Selection()
    with one_at_a_time:
        from diagnose.planning.called import guesses, known
        from diagnose.planning.declaration import DISCOVERY
        from diagnose.running.plugins import all_checks
    checks = all_checks()
    for option, words in (("only", only), ("skip", skip)):
        for word in words:
            several = [one for one in re.split(r"[\s,;、，；]+", word) if one]
            if len(several) > 1 and all(known(one, checks) for one in several):
                sentence = _("“{word}” names several checks; give the option once for each: {options}.")
                options = " ".join(f"--{option} {one}" for one in several)
                raise wrong(sentence.format(word=quote(word), options=options), option)
            if word == DISCOVERY or not known(word, checks):
                close, others = guesses(word, checks)
                sentence = (
                    _("no check or family is called “{word}”; did you mean {known}?")
                    if close
                    else _("no check or family is called “{word}”; there are {known}.")
                )
                raise wrong(sentence.format(word=word, known=_(", ").join(close or others)), option)
    return Selection(only=only, skip=skip)
