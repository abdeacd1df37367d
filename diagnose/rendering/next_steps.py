"""What to do next where no cause was found: what a person is left with who still cannot log in."""

from __future__ import annotations

from collections.abc import Callable

from diagnose.model.report import Report


def next_steps(report: Report, translate: Callable[[str], str]) -> tuple[str, ...]:
    """The steps after *report*, in the language of *translate*; none where causes have steps of their own."""
    _ = translate
    verdict = report.verdict
    if verdict.causes or verdict.narrowed:
        return ()
    if verdict.status == "inconclusive":
        return (
            _("Run the check once more in a few minutes, from another network if you can."),
            _("If it ends the same way, hand on this report: it says what could not be checked."),
        )
    if not report.looked_for_servers:
        return (
            _("Sign in on the webmail page once more in this browser, and type the password yourself."),
            _("If that fails, run this check again with your mail address: then your mailbox and its servers are "
              "looked at, too."),
        )  # fmt: skip
    if any(station.name == "login" and station.state == "ok" for station in report.path):
        return (
            _("The mailbox itself is in order. If a mail program still fails, enter the server, the user name and the "
              "password in it again."),
            _("If it fails after that, note its exact message and hand it on with this report."),
        )  # fmt: skip
    return (
        _("The servers are in order; no login was tried. Sign in on the webmail page, and type the password yourself."),
        _("If you are refused there, the password is the likeliest reason: choose the forgotten-password link on that "
          "page, or ask your help desk."),
    )  # fmt: skip
