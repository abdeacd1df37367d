"""What the fields of provider files are called on a page for people: message ids."""

from __future__ import annotations

from collections.abc import Mapping

from diagnose.model.text import text

PARTS: Mapping[str, str] = {
    "aliases": text("Other names").msgid,
    "domains": text("Address domains").msgid,
    "mx": text("MX hosts").msgid,
    "mx_note": text("About the MX hosts").msgid,
    "spf": text("SPF includes").msgid,
    "servers": text("Servers for mail programs").msgid,
    "webmail": text("Webmail page").msgid,
    "webmail_by_domain": text("Webmail pages of single domains").msgid,
    "webmail_others": text("Other webmail pages").msgid,
    "username": text("User name").msgid,
    "password": text("Password in mail programs").msgid,
    "password.app_password": text("App password").msgid,
    "oauth2": text("OAuth 2 in mail programs").msgid,
    "protocols": text("Switching protocols on").msgid,
    "reset": text("Resetting a forgotten password").msgid,
    "admin": text("For administrators").msgid,
    "password_policy": text("Rules for a new password").msgid,
    "lockout": text("Lock after wrong passwords").msgid,
    "mfa": text("Second factor").msgid,
    "status": text("Service status").msgid,
    "support": text("Support").msgid,
    "browsers": text("Browsers").msgid,
    "rejection": text("What a refusal without a reason often means here").msgid,
    "quirks": text("What makes logins fail here and nowhere else").msgid,
    "reports": text("Told by a single or weak source").msgid,
}
"""Dotted names of the parts of a file, and of single values that stand for themselves."""

FIELDS: Mapping[str, str] = {
    "accepted": text("accepted").msgid,
    "admin_can_end": text("can be ended by the administrator").msgid,
    "api": text("for programs").msgid,
    "appeal": text("page for an appeal").msgid,
    "attempts": text("wrong passwords in a row").msgid,
    "bind": text("binding an address").msgid,
    "by_protocol": text("by protocol").msgid,
    "captcha_after": text("captcha after").msgid,
    "classes": text("kinds of characters").msgid,
    "classes_required": text("kinds needed").msgid,
    "console": text("console").msgid,
    "duration": text("lasts").msgid,
    "ends_with_password": text("ends when the account's password is changed").msgid,
    "form": text("what to type").msgid,
    "format": text("looks like").msgid,
    "history": text("earlier passwords refused").msgid,
    "length": text("characters, without blanks and hyphens").msgid,
    "max": text("most characters").msgid,
    "message": text("what the person sees").msgid,
    "methods": text("proof of identity").msgid,
    "min": text("fewest characters").msgid,
    "name": text("called").msgid,
    "needs": text("needs").msgid,
    "not_contain_account": text("without the account name").msgid,
    "note": text("note").msgid,
    "off_by_default": text("off by default").msgid,
    "page": text("page").msgid,
    "phone": text("phone").msgid,
    "reset": text("password reset").msgid,
    "scope": text("what is locked").msgid,
    "scopes": text("scopes").msgid,
    "shown_once": text("shown only once").msgid,
    "unbind": text("unbinding an address").msgid,
    "unlock": text("unlocking").msgid,
    "valid_days": text("days until it ends").msgid,
    "where": text("where").msgid,
    "where_admin": text("where, for the administrator").msgid,
    "where_user": text("where, for the user").msgid,
    "who_enables": text("who switches on").msgid,
}
"""Names of the values within a part."""
