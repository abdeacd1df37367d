"""The checks of the family, in the order of their names."""

from checks.login import login, mailbox, mechanisms, sender

CHECKS = (
    login.CHECK,
    mailbox.CHECK,
    mechanisms.CHECK,
    sender.CHECK,
)
