"""Command lines as people copy them: broken between words, so that they stay whole in a mail and on a terminal."""

from __future__ import annotations

CONTINUED = " \\"
"""At the end of a line that goes on."""
INDENT = "    "
"""Before the lines that go on."""


def shell_lines(command: str, width: int) -> list[str]:
    """*command*, one line for a POSIX shell, on lines of at most *width* columns where its words allow that."""
    lines = [""]
    for word in _words(command):
        longer = f"{lines[-1]} {word}" if lines[-1].strip() else f"{lines[-1]}{word}"
        if len(longer) + len(CONTINUED) > width and lines[-1].strip():
            lines[-1] += CONTINUED
            lines.append(f"{INDENT}{word}")
        else:
            lines[-1] = longer
    return lines


def _words(command: str) -> list[str]:
    """What stands between blanks that no quotation marks enclose."""
    words, quote = [""], ""
    for character in command:
        if character == " " and not quote:
            words.append("")
            continue
        if character in {"'", '"'} and quote in {"", character}:
            quote = "" if quote else character
        words[-1] += character
    return [word for word in words if word]
