"""From what a person types to a subject: mailbox address (RFC 5321, RFC 6531) or mail domain (IDNA 2008, RFC 5891)."""

from __future__ import annotations

import re

import msgspec

from diagnose.model import Subject, Text, TextError, quote, text
from diagnose.model.domains import a_labels
from diagnose.process.first_use import lazy_pattern, one_at_a_time


class SubjectError(TextError, ValueError):
    """What was typed is neither a mailbox address nor a domain; the message says what is wrong with it."""

    def __init__(self, sentence: Text, corrected: str | None = None) -> None:
        super().__init__(sentence)
        self.corrected = corrected
        """What was probably meant."""


class NoSubjectError(SubjectError):
    """It does not even look like one."""


_FAULTS = (
    (r"[＠﹫]", text("“{typed}” holds a full-width ＠ where a plain @ is due").msgid),
    (r"@[^\s,;@<>]+[\s,;<>].*@", text("“{typed}” holds more than one address").msgid),
    (r"[<>]", text("“{typed}” is more than an address; leave out the name and the angle brackets").msgid),
    (r"\s", text("“{typed}” holds a space").msgid),
    (r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", text("“{typed}” holds a character that cannot be seen").msgid),
    (r"^@", text("“{typed}” has nothing before the @").msgid),
    (r"@$", text("“{typed}” has nothing after the @").msgid),
    (r"@.*@", text("“{typed}” holds more than one @").msgid),
    (
        r"@\[?[\d.:]+\]?$|@\[IPv6:",
        text("“{typed}” has an IP address behind the @, where the name of a domain is due").msgid,
    ),
    (r"\.\.|^\.|\.@|@\.|\.$", text("“{typed}” has a dot too many").msgid),
    (r"@[^.]*$", text("“{typed}” has no dot after the @").msgid),
    (r"@.*[\x21-\x2c/:-@\[-`{-~]", text("“{typed}” holds a character behind the @ that no domain has").msgid),
    (r"", text("“{typed}” is not a mailbox address").msgid),
)
"""What is wrong with an address, the plainest first; the last is true of all of them."""
_LABEL = r"[a-z0-9](?:(?!.?--)[a-z0-9-]{0,61}[a-z0-9])?"
_PLAIN = lazy_pattern(
    r"(?=.{1,64}@.{1,189}$)([\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*)@((?:"
    + _LABEL
    + r"\.)+[a-z](?:[a-z0-9]{0,61}[a-z])?)",
    re.ASCII | re.IGNORECASE,
)
"""A dot-atom at a name of letters, digits and hyphens (RFC 5321 §4.1.2), as nearly all addresses are."""
OUTSIDE = ".a"
"""No top-level domain that there is."""


def parse_subject(typed: str, username: str | None = None) -> Subject:
    """The subject that *typed* names: a mailbox when it holds an @, else a domain. Raises SubjectError."""
    if "@" in typed or "＠" in typed:
        return _mailbox(typed, username)
    return Subject(domain=domain_name(typed))


def subject_of_run(typed: str, username: str | None = None) -> Subject:
    """As `parse_subject`, but a malformed address is a subject too, with its flaw. Raises SubjectError."""
    try:
        return parse_subject(typed, username)
    except SubjectError as error:
        plain = typed.replace("＠", "@")
        if "@" not in plain:
            raise
        address = quote(plain)
        return Subject(address=address, domain=_domain_in(plain), username=username or address, flaw=error.sentence)


def _domain_in(address: str) -> str:
    """The domain of a flawed *address*; empty where it holds none."""
    try:
        return domain_name(address.rpartition("@")[2])
    except SubjectError:
        return ""


def _mailbox(typed: str, username: str | None) -> Subject:
    if plain := _PLAIN.fullmatch(typed):
        local, domain = plain[1], plain[2].lower()
        return Subject(address=f"{local}@{domain}", domain=domain, username=username or f"{local}@{domain}")
    with one_at_a_time:
        import email_validator

    try:
        local, domain, ascii_domain = _parts(typed)
    except email_validator.EmailNotValidError:
        fault = next(msgid for pattern, msgid in _FAULTS if re.search(pattern, typed))
        raise SubjectError(Text(fault, {"typed": typed})) from None
    subject = Subject(address=f"{local}@{domain}", domain=a_labels(ascii_domain))
    return msgspec.structs.replace(subject, username=username or subject.ascii_address)


def _parts(typed: str) -> tuple[str, str, str]:
    """Local part, domain, and domain as A-labels. Raises email_validator.EmailNotValidError.

    A company may well use .local or .internal inside. email_validator always refuses names of special use,
    so such a name is checked as one below a top-level domain.
    """
    with one_at_a_time:
        import email_validator

    try:
        return _validated(typed)
    except email_validator.EmailNotValidError:
        local, *domains = _validated(typed + OUTSIDE)
        domain, ascii_domain = (name.removesuffix(OUTSIDE) for name in domains)
        if not ascii_domain.endswith(tuple(f".{name}" for name in email_validator.SPECIAL_USE_DOMAIN_NAMES)):
            raise
        return local, domain, ascii_domain


def _validated(typed: str) -> tuple[str, str, str]:
    with one_at_a_time:
        import email_validator

    found = email_validator.validate_email(
        typed, check_deliverability=False, allow_quoted_local=True, allow_smtputf8=True, test_environment=True
    )
    return found.local_part, found.domain, found.ascii_domain


def domain_name(typed: str) -> str:
    """*typed* as A-labels. Raises SubjectError."""
    encoded = host_name(typed)
    if "." not in encoded or encoded.replace(".", "").isdigit():
        raise NoSubjectError(text("“{typed}” is neither a mailbox address nor a mail domain", typed=typed))
    return encoded


def host_name(typed: str) -> str:
    """*typed* as A-labels; one label is enough, as for a server inside a company. Raises SubjectError."""
    try:
        return a_labels(typed)
    except ValueError:
        raise SubjectError(text("“{typed}” is not a domain name", typed=typed)) from None
