"""What the self-test's pages say, in the reader's language. Names with a dot are the script's, which looks them up."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def words(translate: Callable[[str], str]) -> Mapping[str, str]:
    """Every sentence by its name."""
    _ = translate
    return {
        "title": _("Browser check"),
        "this_browser": _("This browser"),
        "headline": _("Let us look at your browser"),
        "lead": _("The program on this computer opened this page. What is seen here stays here, and nothing is "
                  "changed."),
        "results": _("What your browser says"),
        "browser": _("Browser"),
        "scripts": _("JavaScript"),
        "cookies": _("Cookies"),
        "storage": _("Page storage"),
        "third_party": _("Cookies of other sites"),
        "private": _("In a private window"),
        "clock": _("Clock"),
        "language": _("Language"),
        "workers": _("Service workers"),
        "webmail": _("Webmail page"),
        "try_typing": _("Try your keyboard"),
        "field": _("Type something made up, not your password"),
        "field_note": _("What you type stays in this page. Only whether something odd was seen is passed on."),
        "password_part": _("Password for the login test"),
        "password_field": _("Password of {name}"),
        "password_note": _("It goes once to the program on this computer, which tries the login with it over an "
                           "encrypted connection. It is not stored. Leave it empty for no login test."),
        "begin": _("Start the check"),
        "running": _("The check is running"),
        "running_lead": _("This takes up to half a minute. The result then shows here by itself."),
        "stay": _("Wait, I want to type first"),
        "no_scripts": _("JavaScript is switched off in this browser"),
        "no_scripts_lead": _("Webmail pages need it. The report says how to switch it on."),
        "show_report": _("Show the result"),
        "continue": _("Go on without JavaScript"),
        "on.yes": _("on"),
        "on.no": _("off"),
        "works.yes": _("works"),
        "works.no": _("does not work"),
        "allowed.yes": _("allowed"),
        "allowed.no": _("blocked"),
        "private.yes": _("yes"),
        "private.no": _("no"),
        "clock.yes": _("agrees with this program"),
        "clock.no": _("differs by {minutes} minutes"),
        "reached.answered": _("can be reached"),
        "reached.failed": _("cannot be reached"),
        "reached.no_answer": _("does not answer"),
        "unknown": _("could not be found out"),
        "looking": _("being looked at"),
        "soon": _("The check starts by itself in {seconds} seconds."),
        "typed.nothing": _("Nothing typed yet."),
        "typed.fine": _("Nothing odd so far."),
        "typed.caps_lock": _("Caps Lock is on."),
        "typed.full_width": _("These are full-width characters. Switch your keyboard to English."),
        "typed.composition": _("An input method is at work. Switch your keyboard to English for passwords."),
        "typed.invisible": _("There is a character in it that cannot be seen."),
        "typed.autofill": _("The browser filled this in by itself."),
        "state.running": _("is running"),
        "state.pass": _("passed"),
        "state.warn": _("warning"),
        "state.fail": _("failed"),
        "state.error": _("error"),
        "gone": _("The program on this computer has ended. You can close this page."),
        "count": _("{over} of {all} checks are done."),
    }  # fmt: skip
