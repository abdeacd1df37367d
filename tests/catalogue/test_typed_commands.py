"""The commands that steps name: each ends by itself when it is pasted, in every shell that a reader may have."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from diagnose.knowledge.catalogue import catalogue
from diagnose.locale.language import LANGUAGES, Language, translation

SPAN = re.compile(r"`([^`]+)`")
UNBOUNDED = {
    "curl": re.compile(r" -m \d+ "),
    "nc": re.compile(r" -w \d+ "),
    "ping": re.compile(r" -[cn] \d+ | -f -l \d+ "),  # on Windows it sends four
    "mtr": re.compile(r" -r .*-c \d+ "),
    "journalctl": re.compile(r" --no-pager "),
    "systemctl": re.compile(r" status --no-pager | (?:reload|restart) "),
    "telnet": re.compile(r"(?!)"),
    "tcpdump": re.compile(r" -c \d+ "),
    "tail": re.compile(r"^(?!.* -[fF])"),
}
"""What waits for ever, or for a key, by itself: the program, and the words by which it ends."""
REDIRECTED = re.compile(r"<\s*/dev/null")
"""No words of PowerShell's or of Windows' command prompt."""


def endless(step: str) -> list[str]:
    """Each command of *step* that does not end by itself, or that not every shell takes."""
    found = []
    for span in SPAN.findall(step):
        stages = span.split(" | ")
        for before, stage in pairwise(["", *stages]):
            program = stage.split()[0] if stage.split() else ""
            if program in UNBOUNDED and " " in stage and not UNBOUNDED[program].search(f"{stage} "):
                found.append(span)
            if stage.startswith("openssl s_client ") and before != "echo Q":
                found.append(span)
        if REDIRECTED.search(span):
            found.append(span)
    return found


@pytest.mark.parametrize(
    "step",
    [
        "See `openssl s_client -connect {host}:{port}`.",
        "See `openssl s_client -connect {host}:{port} </dev/null | openssl x509 -noout`.",
        "See `nc {host} {port}`.",
        "See `ping {host}`.",
        "See `curl -sv https://{host}/`.",
        "See `telnet {host} {port}`.",
        "See `tail -f /var/log/mail.log`.",
    ],
)
def test_a_command_that_waits_is_found(step: str) -> None:
    assert endless(step) != []


@pytest.mark.parametrize(
    "step",
    [
        "See `echo Q | openssl s_client -connect {host}:{port} | openssl x509 -noout -dates`.",
        "Run `ping -n 50 {host}` or `ping -c 50 {host}`.",
        "Run `nc -vz -w 5 {host} {port}`.",
        "Install `curl`, and read `tail -n 50 /var/log/mail.log`.",
        "Renew with `openssl x509 -in FILE -noout -dates`.",
    ],
)
def test_a_command_that_ends_is_none(step: str) -> None:
    assert endless(step) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_of_a_step_ends_by_itself(language: Language) -> None:
    said = {translation(language)(msgid) for cause in catalogue() for msgid in cause.msgids()}

    assert sum("`" in one for one in said) > 50
    assert [found for one in sorted(said) if (found := endless(one))] == []


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_translation_names_the_same_commands(language: Language) -> None:
    told = {msgid: translation(language)(msgid) for cause in catalogue() for msgid in cause.msgids()}

    assert [
        (source, said) for source, said in told.items() if sorted(SPAN.findall(source)) != sorted(SPAN.findall(said))
    ] == []
