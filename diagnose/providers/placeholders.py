"""The names that a remedy text may use in braces, and what each of them stands for.

A provider fills those it has a fact for; the others are absent, and a remedy step that uses an
absent one is not shown. A name, once released, keeps its meaning: remedies, translations and
other people's packages use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "provider_name": "The provider's name in the reader's language.",
        "imap_server": "First choice for IMAP, as host:port (TLS always).",
        "pop3_server": "First choice for POP3, as host:port (TLS always).",
        "smtp_server": "First choice for submission, as host:port (TLS always).",
        "server_others": "Incoming servers of other regions and editions, each as host:port and what it is for.",
        "webmail_page": "Address of the webmail's sign-in page.",
        "username_form": "What to type as user name, in words, or the note where one form is not enough.",
        "reset_page": "Address of the page where people reset a forgotten password themselves.",
        "appeal_page": "Address of the page for people who have lost all that proves who they are.",
        "self_reset_ways": "What proves who you are in self-service reset, in words: 'bound phone, backup mailbox'.",
        "app_password_name": "What this provider calls an app password, as its pages write it.",
        "app_password_where": "Menu path to the place where an app password is made.",
        "app_password_page": "Address of the page where an app password is made.",
        "app_password_length": "Number of characters an app password has (without blanks shown between groups).",
        "app_password_needs": "What must be set up before an app password can be made.",
        "protocol_enable_user": "Menu path where the user switches IMAP, POP3 or SMTP on.",
        "protocol_enable_admin": "Menu path or command where the administrator switches them on.",
        "admin_console": "Address of the administrators' console.",
        "admin_bind_steps": "Menu path for an administrator to bind an address to an account.",
        "admin_unbind_steps": "Menu path for an administrator to undo that.",
        "admin_reset_steps": "Menu path for an administrator to reset a password; editions are separated by '; '.",
        "admin_reset_first": "The first of these paths, and behind it for which kind of account or edition it is.",
        "admin_reset_second": "The second of them, where there are several.",
        "admin_reset_third": "The third of them.",
        "admin_reset_fourth": "The fourth of them.",
        "admin_unlock_steps": "Menu path for an administrator to unlock an account.",
        "plain_rejection": "What a refusal of name and password without a reason often means at this provider.",
        "oauth_scopes": "The OAuth 2 scopes that the provider's servers want for mail, with blanks between them.",
        "password_min": "Fewest characters a new password may have.",
        "password_max": "Most characters a new password may have.",
        "password_classes": "How many kinds of characters (upper, lower, digit, special) a new password needs.",
        "password_history": "How many earlier passwords may not be used again.",
        "lockout_attempts": "Wrong passwords in a row that lock the account or the address.",
        "lockout_duration": "How long such a lock lasts, in words: '1 hour'.",
        "block_duration": "Likewise of a lock on the network address that wrong passwords come from.",
        "pause_duration": "How long the provider shuts out programs that ask too much, in words: '1 hour'.",
        "unlock_how": "How such a lock ends, in words.",
        "status_page": "Address of the provider's service status page.",
        "support_phone": "The provider's support phone number.",
        "support_page": "Address of the provider's help on mail programs or sign-in.",
        "browsers": "Which browsers the sign-in page asks for, in words.",
    }
)
"""Name -> meaning. Values are text in the reader's language, without line breaks or markup."""
