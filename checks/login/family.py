"""The checks of the family, in the order of their names."""

from checks.login import login, mailbox, sender

CHECKS = (
    login.CHECK,
    mailbox.CHECK,
    sender.CHECK,
)
