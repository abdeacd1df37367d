"""`diagnose ADDRESS` and `diagnose DOMAIN`: the main job."""

from __future__ import annotations

import contextlib
import difflib
import sys
import time
from collections.abc import Iterator, Sequence
from gettext import gettext as _
from pathlib import Path
from typing import Any

import click
import msgspec
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from diagnose.account.history import PENDING, History
from diagnose.account.pasted import understood
from diagnose.account.person import Consent, OtherMailbox, Person
from diagnose.account.secret import Secret
from diagnose.account.subject import NoSubjectError, SubjectError, parse_subject
from diagnose.cli import COMMANDS, INTERRUPTED, secrets, signals
from diagnose.cli.formats import exit_code, formats, rendered, renderer
from diagnose.cli.github_actions import harmless, tell_job
from diagnose.cli.help import Example, Sectioned, section
from diagnose.cli.options import (
    audience_option,
    clean_browser_option,
    format_options,
    lang_option,
    no_color_option,
    output_option,
    profiles_option,
    redact_option,
    verbose_option,
)
from diagnose.cli.output import UnwrittenError, put_out, terminal_style, write_file
from diagnose.cli.parameters import Number, OneLine, PageAddress, ProviderName, ReportFile, file_names
from diagnose.cli.progress import progress_or_none
from diagnose.cli.saved_reports import STANDARD_INPUT, read_saved, unreadable
from diagnose.cli.server_parameters import ResolverAddress, ServiceUrl
from diagnose.comparison.baseline import OtherSubjectError, require_same
from diagnose.discovery import DiscoveryOptions
from diagnose.locale.language import translation
from diagnose.model import Subject, TextError, quote, text
from diagnose.model.browsing import Browsing
from diagnose.model.protocols import PROTOCOLS
from diagnose.model.report import Contact, Report
from diagnose.network import Network
from diagnose.planning.declaration import DISCOVERY
from diagnose.planning.selection import Selection
from diagnose.process.first_use import one_at_a_time
from diagnose.process.standard_streams import tell
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.diagnosis import Diagnosis, diagnose
from diagnose.running.expected import ExpectationError, expectable, expectations
from diagnose.running.interruption import Interruption
from diagnose.running.observer import Observer, Observers
from diagnose.running.plugins import all_checks
from diagnose.running.request import DEFAULT_SECONDS, NetworkOptions, Presentation, Request, history_folder

SHORTEST_RUN, LONGEST_RUN = 1.0, 3600.0
TO_BE_READ = "text"
"""The format that a log shows; whatever is in another goes to a program, which wants it unchanged."""
LONGEST_NAME = 40
"""Characters of a word that may be meant as a command."""
LOGIN_OPTIONS = ("password_stdin", "password_env", "keyring", "access_token_env", "no_login")
"""Those that say where the secret comes from; one at most."""


def _commands(context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """For shells: a command's name may follow options."""
    return [
        CompletionItem(name) for name in COMMANDS if name.startswith(incomplete) and not context.params.get("subject")
    ]


def _checks(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """For shells: checks and families that begin so."""
    names = {name for check in all_checks() for name in (check.id, check.family)}
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]


def _expectable(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """For shells: what can be expected, up to its value."""
    return [CompletionItem(f"{name}=") for name in expectable() if name.startswith(incomplete)]


def options(command: Any) -> Any:  # noqa: ANN401 - a click decorator takes functions and commands alike
    """The options of the main job that shape output and run, which other commands share."""
    return click.option(
        "--timeout",
        type=Number(SHORTEST_RUN, LONGEST_RUN),
        default=DEFAULT_SECONDS,
        show_default=True,
        metavar="SECONDS",
        help="The whole run's deadline.",
    )(report_options(command))


def report_options(command: Any) -> Any:  # noqa: ANN401 - as above
    """The options that shape the report."""
    shared = [
        section(
            text("The report").msgid,
            click.option(
                "--report",
                "reports",
                type=ReportFile(),
                multiple=True,
                metavar="FILE",
                help="Also write a report; the suffix gives the format: .html .txt .md .json .xml (JUnit) .prom.",
            ),
            format_options("text", *(one for one in formats() if one != "text")),
            output_option,
            audience_option,
            lang_option,
            redact_option,
            click.option("--help-desk", type=OneLine(), metavar="TEXT", help="Whom the report names for further help."),
            click.option(
                "--status-page",
                type=PageAddress(),
                metavar="URL",
                help="Your organisation's page about outages, named in report and steps.",
            ),
            click.option(
                "--documentation",
                type=PageAddress(),
                metavar="URL",
                help="Where your organisation keeps a copy of docs/, for links from causes to their pages.",
            ),
            click.option("--strict", is_flag=True, help="Exit 1 on causes that only hinder, too."),
            click.option("-q", "--quiet", is_flag=True, help="No progress; verdict and causes only."),
            verbose_option,
            no_color_option,
        ),
    ]
    for option in reversed(shared):
        command = option(command)
    return command


def ways(command: Any) -> Any:  # noqa: ANN401 - as above
    """The options of the main job that say where the secret comes from and what is to be checked how."""
    shared = [
        section(
            text("Where the password comes from").msgid,
            click.option("--password-stdin", is_flag=True, help="The password is the first line of standard input."),
            click.option("--password-env", metavar="VAR", help="The password is in this environment variable."),
            click.option("--keyring", is_flag=True, help="The password is in the system's keyring."),
            click.option("--access-token-env", metavar="VAR", help="An OAuth 2 access token instead of a password."),
            click.option("--no-login", is_flag=True, help="Test everything but the login."),
            click.option("--username", metavar="NAME", help="The user name, when it is not the address."),
        ),
        section(
            text("Where the servers are").msgid,
            *(click.option(f"--{one.name}", type=ServiceUrl(one), metavar="URL", help=one.help) for one in PROTOCOLS),
            click.option(
                "--provider",
                "provider_id",
                type=ProviderName(),
                metavar="NAME",
                help="The mail provider, instead of recognising it: by name, domain or id.",
            ),
            click.option("--resolver", type=ResolverAddress(), metavar="IP[:PORT]", help="Ask this DNS server."),
            click.option(
                "--ca-file", type=click.Path(path_type=Path), metavar="PEM", help="Trust these authorities too."
            ),
        ),
        section(
            text("What is checked").msgid,
            click.option(
                "--only", multiple=True, metavar="CHECK", shell_complete=_checks, help="Only this check or family."
            ),
            click.option(
                "--skip", multiple=True, metavar="CHECK", shell_complete=_checks, help="Not this check or family."
            ),
            click.option(
                "--seen", multiple=True, metavar="TEXT", help="A message that you saw in a mail program or on the page."
            ),
            click.option(
                "--activation-mailbox", metavar="ADDRESS", help="Look here for the activation mail, junk included."
            ),
            click.option(
                "--activation-password-env", metavar="VAR", help="That mailbox's password; asked for on a terminal."
            ),
            profiles_option,
            clean_browser_option,
        ),
        section(
            text("What may be done for it").msgid,
            click.option("--try-all", is_flag=True, help="Log in on every service, even after a rejection."),
            click.option(
                "--send-again",
                is_flag=True,
                help="Send a password that was rejected lately, or without a usable record, all the same.",
            ),
            click.option(
                "--no-rcpt", is_flag=True, help="Do not ask the domain's mail server whether the mailbox exists."
            ),
            click.option(
                "--no-third-party", is_flag=True, help="Contact nobody but the person's own provider and organisation."
            ),
            click.option("--no-history", is_flag=True, help="Neither read nor write the record of rejected logins."),
        ),
    ]
    for options_of_one in reversed(shared):
        command = options_of_one(command)
    return command


def held_against(command: Any) -> Any:  # noqa: ANN401 - as above
    """The options of the main job that say what its subject is held against."""
    return section(
        text("For CI and monitoring").msgid,
        click.option(
            "--expect",
            "expected",
            multiple=True,
            metavar="KEY=VALUE",
            shell_complete=_expectable,
            help="What the domain should have; a drift is exit 1: mx=HOST, imap=HOST:993, provider=NAME, cert-days=21, "
            "tls=1.2.",
        ),
        click.option(
            "--baseline",
            metavar="REPORT",
            shell_complete=file_names,
            help="Only what is new since this report (.json, .html, .md) makes it fail.",
        ),
    )(command)


class MainJob(Sectioned):
    """Its help names the other commands, too."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Of the main job, and of the commands."""
        super().format_usage(ctx, formatter)
        formatter.write_usage(ctx.command_path, _("COMMAND [OPTIONS] …"), prefix=_("or: "))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by section, then the options."""
        for section_ in dict.fromkeys(one.section for one in COMMANDS.values()):
            with formatter.section(_(section_)):
                formatter.write_dl(
                    [(f"diagnose {name}", _(one.summary)) for name, one in COMMANDS.items() if one.section == section_]
                )
        super().format_options(ctx, formatter)


EXAMPLES = (
    Example("diagnose alice@corp.example", text("asks for the password, and tells the cause and what to do").msgid),
    Example("diagnose corp.example", text("checks a mail domain without any login").msgid),
    Example("diagnose alice@corp.example -o report.html --redact", text("a page to pass on").msgid),
    Example("diagnose alice@corp.example --imap mail.corp.example:993", text("names the server").msgid),
    Example('diagnose explain "535 5.7.8 authentication failed"', text("what an error message means").msgid),
)

GUIDE = (
    *EXAMPLES[:2],
    Example('diagnose explain "LOGIN failed"', text("what an error message means").msgid),
    Example("diagnose browser", text("looks for the fault in the browser").msgid),
    Example("diagnose --help", text("all commands and options").msgid),
)


@click.command(
    cls=MainJob,
    examples=EXAMPLES,
    epilog="Exit codes: 0 healthy, 1 a cause that blocks, 2 wrong usage, 3 inconclusive, 130 interrupted.",
)
@click.version_option(
    package_name="mail-login-doctor",
    prog_name="diagnose",
    message="%(prog)s %(version)s",
    help="Show the version and exit.",
)
@click.argument("subject", metavar="ADDRESS|DOMAIN", required=False, shell_complete=_commands)
@section(
    text("What may be done for it").msgid,
    click.option("--dry-run", is_flag=True, help="Tell whom the run would contact and why; contact nobody."),
)
@ways
@held_against
@options
def COMMAND(**given: Any) -> int:  # noqa: N802, ANN401 - the name that the dispatcher looks for; click's values
    """Tell why the login to a mailbox fails, prove it, and say what to do.

    An ADDRESS (it holds an @) is diagnosed with one login; a DOMAIN is checked without any.
    """
    subject = asked_for() if given["subject"] is None else subject_named(given["subject"], given["username"])
    try:
        if given["dry_run"]:
            return _only_told(subject, given)
        return carry_out(request_for(subject, given, ask=True), given)
    except TextError as error:
        raise click.UsageError(error.sentence.render(_)) from None


def _only_told(subject: Subject, given: dict[str, Any]) -> int:
    """Whom a run would contact; no secret is read for that. Raises TextError, click.UsageError."""
    with one_at_a_time:
        from diagnose.cli import dry_run
    without = dict.fromkeys((*LOGIN_OPTIONS, "activation_mailbox", "activation_password_env"))
    logs_in = subject.address is not None and not given["no_login"]
    other = subject_named(given["activation_mailbox"]).domain if given["activation_mailbox"] else None
    return dry_run.show(request_for(subject, given | without, ask=False), given, logs_in=logs_in, other=other)


def subject_named(typed: str, username: str | None = None) -> Subject:
    """The subject that a person means who typed or pasted *typed*. Raises click.UsageError with the corrected form."""
    try:
        subject, read = understood(typed, username)
    except SubjectError as error:  # which may be a command, misspelt
        commands = () if "@" in typed else difflib.get_close_matches(typed[:LONGEST_NAME], COMMANDS, 1)
        sentence = error.sentence.render(_)
        if isinstance(error, NoSubjectError):
            sentence = _("“{typed}” is neither a command, nor a mailbox address, nor a mail domain").format(
                typed=quote(typed)
            )
        raise click.exceptions.NoSuchCommand(typed, f"{sentence}." if commands else sentence, commands) from None
    if read is not None:
        tell(_("Read as {address}.").format(address=quote(read)))
    return subject


def asked_for() -> Subject:
    """The subject that is typed at a terminal, after a short guide. Raises click.UsageError off a terminal."""
    context = click.get_current_context()
    if all(context.get_parameter_source(name) is not ParameterSource.COMMANDLINE for name in context.params):
        for line in _guide():
            tell(line)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        missing = next(one for one in context.command.params if one.name == "subject")
        raise click.MissingParameter(ctx=context, param=missing)
    username = context.params["username"]
    found: Subject = click.prompt(
        _("Mail address or domain"), value_proc=lambda typed: subject_named(typed, username), err=True
    )
    return found


def _guide() -> Iterator[str]:
    yield _("diagnose tells why somebody cannot log in to their mailbox, proves it, and says what to do.")
    yield ""
    width = max(len(example.line) for example in GUIDE)
    for example in GUIDE:
        yield f"  {example.line:<{width}}  {_(example.meaning)}"
    yield ""


def request_for(subject: Subject, given: dict[str, Any], *, ask: bool) -> Request:
    """What the options of `ways` and `options` ask for about *subject*.

    *ask*: at a terminal the password is asked for where no option says where it comes from; else there is no login.
    Raises TextError, click.UsageError.
    """
    try:
        return _request_for(subject, given, ask=ask)
    finally:  # a program that is started later does not inherit it
        for option in ("password_env", "access_token_env", "activation_password_env"):
            secrets.forget_variable(given[option])


def _request_for(subject: Subject, given: dict[str, Any], *, ask: bool) -> Request:
    selection = _selection(given["only"], given["skip"])
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
        return Person(password=secrets.from_standard_input()), consent
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
    other = other_mailbox(subject_named(given["activation_mailbox"]).address or given["activation_mailbox"])
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
    history = History(history_folder(), subject.domain)
    if trouble := history.trouble():
        words = f" ({trouble.words})" if trouble.words else ""
        question = _(
            "The record of earlier tries cannot be used{words}, so one more may lock the account. Send the password?"
        ).format(words=words)
        return click.confirm(question, default=False, err=True)
    before = [r for r in history.rejections(account) if history.is_of(r, account, password)]
    if not before:
        return False
    moment = time.strftime("%H:%M", time.localtime(before[-1].at))
    if before[-1].cause == PENDING:
        question = _("This password was sent at {moment}, and no answer is known. Send it again?")
    else:
        question = _("This very password was rejected at {moment}. One more try may lock the account. Send it again?")
    return click.confirm(question.format(moment=moment), default=False, err=True)


def _selection(only: tuple[str, ...], skip: tuple[str, ...]) -> Selection:
    """Raises click.UsageError for a name that no check answers to."""
    names = {name for check in all_checks() for name in (check.id, check.family)}
    for word in (*only, *skip):
        begins = {".".join(word.split(".")[:count]) for count in range(1, word.count(".") + 2)}
        if word == DISCOVERY or not begins & names:
            known = _(", ").join(sorted(names))
            raise click.UsageError(
                _("no check or family is called “{word}”; there are {known}.").format(word=word, known=known)
            )
    return Selection(only=only, skip=skip)


def carry_out(request: Request, given: dict[str, Any]) -> int:
    """Diagnose, write, show; the exit code."""
    with signals.held_back() as interruption:
        done = diagnosed(request, given, interruption)
        unwritten = write_reports(done.report, given)
    return show(done, given, unwritten)


def diagnosed(
    request: Request,
    given: dict[str, Any],
    interruption: Interruption,
    watching: Observer | None = None,
    network: Network | None = None,
) -> Diagnosis:
    """Diagnose, with progress on a terminal; *watching* is told of every change, too. *network*: see `diagnose`."""
    progress = progress_or_none(translation(given["lang"]), quiet=given["quiet"])
    with progress or contextlib.nullcontext():
        return diagnose(request, Observers(*filter(None, (progress, watching))), interruption, network=network)


def write_reports(content: Report | Sequence[Report], given: dict[str, Any]) -> list[click.ClickException]:
    """Write one report, or those of many runs, to every file that was asked for; the errors of those that failed."""
    style = RenderStyle(
        translate=translation(given["lang"]),
        audience=given["audience"],
        complete=True,
        verbose=given["verbose"],
    )
    unwritten = []
    for file in given["reports"]:
        try:
            write_file(file, content, style)
        except click.ClickException as error:
            unwritten.append(error)
    return unwritten


def show(done: Diagnosis, given: dict[str, Any], unwritten: list[click.ClickException]) -> int:
    """The report to standard output; the exit code. Raises what could not be written, once all else is."""
    code = INTERRUPTED
    try:
        print_report(done.report, given)
        if not done.interrupted:
            code = exit_code(given["form"], done.report)
    except click.ClickException as error:
        unwritten.append(error)
    tell_job(done.report, RenderStyle(translate=translation(given["lang"]), audience=given["audience"]))
    raise_together(unwritten)
    return code


def print_report(content: Report | Sequence[Report], given: dict[str, Any]) -> None:
    """Write one report, or those of many runs, to standard output. Raises click.ClickException."""
    style = terminal_style(
        translation(given["lang"]),
        no_color=given["no_color"],
        audience=given["audience"],
        verbose=given["verbose"],
        quiet=given["quiet"],
        file=given["output"],
    )
    words = rendered(given["form"], content, style)
    read = given["form"] == TO_BE_READ and given["output"] is None
    put_out(harmless(words) if read else words, given["output"], renderer(given["form"]).escapes)


def raise_together(unwritten: list[click.ClickException]) -> None:
    """Raise what could not be written as one UnwrittenError; nothing where all was."""
    if unwritten:
        raise UnwrittenError(" ".join(dict.fromkeys(error.format_message() for error in unwritten)))
