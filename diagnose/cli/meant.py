"""What a person probably meant whose words are no command and no address. Loaded to tell wrong usage."""

from __future__ import annotations

from gettext import gettext as _

import click

from diagnose.account.pasted import understood
from diagnose.account.subject import NoSubjectError, SubjectError
from diagnose.cli import COMMANDS, PROGRAM
from diagnose.model import quote
from diagnose.model.likeness import close_names

EXAMPLE = "alice@corp.example"


def no_subject(typed: str, error: SubjectError) -> click.UsageError:
    """What is wrong with *typed*, which is read as an address or a domain, and what may be meant."""
    sentence = error.sentence.render(_)
    if error.corrected or "@" in typed or "＠" in typed:
        return click.UsageError(sentence)
    if not typed.strip():
        return click.UsageError(_looks_like(_("the address or domain is empty")))
    commands = close_names(typed, COMMANDS, 1)
    if isinstance(error, NoSubjectError):
        sentence = _("“{typed}” is neither a command, nor a mailbox address, nor a mail domain").format(
            typed=quote(typed)
        )
    if commands:
        return click.exceptions.NoSuchCommand(typed, f"{sentence}.", commands)
    option = f"--{typed}"
    if option in {name for param in click.get_current_context().command.params for name in param.opts}:
        return click.UsageError(_("{problem}; did you mean {corrected}?").format(problem=sentence, corrected=option))
    return click.UsageError(_told_by_explain(sentence) if _is_said(typed) else _looks_like(sentence))


def several_operands(operands: list[str]) -> click.UsageError | None:
    """What is wrong with several words where one address or domain is due; None where click says it well."""
    first = operands[0]
    subjects = [word for word in operands if _fault_of(word) is None]
    if len(subjects) > 1:
        sentence = _("one run looks at one mailbox or domain; {command} looks at many.")
        return click.UsageError(sentence.format(command=f"{PROGRAM} fleet"))
    if first in subjects:
        return None
    neither = _("“{typed}” is neither a command, nor a mailbox address, nor a mail domain").format(typed=quote(first))
    if close := close_names(first, COMMANDS, 1):
        return click.exceptions.NoSuchCommand(first, f"{neither}.", close)
    together = _fault_of(" ".join(operands))
    corrected = together.corrected if together is not None else None
    last = operands[-1].lstrip("@")
    if corrected and corrected.rpartition("@")[2] == last and not any("@" in one for one in subjects):
        meant = corrected  # an address that was typed in several words, and nothing behind it
    elif subjects:
        meant = subjects[0]
    else:  # no word but the first is repeated: it may be a password
        return click.UsageError(_told_by_explain(neither))
    line = f"{PROGRAM} {quote(meant)}"
    return click.UsageError(_("{problem}; did you mean {corrected}?").format(problem=neither, corrected=line))


def _fault_of(words: str) -> SubjectError | None:
    """What is wrong with *words* as an address or a domain."""
    try:
        understood(words)
    except SubjectError as error:
        return error
    return None


def _is_said(typed: str) -> bool:
    """Whether *typed* is what somebody says or was shown, rather than one name."""
    return not typed.isascii() or len(typed.split()) > 1


def _looks_like(problem: str) -> str:
    return _("{problem}; an address looks like {corrected}").format(problem=problem, corrected=EXAMPLE)


def _told_by_explain(problem: str) -> str:
    return _("{problem}; {command} tells what a message means").format(problem=problem, command=f"{PROGRAM} explain")
