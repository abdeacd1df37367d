"""The checks of the family, in the order of their names."""

from checks.activation import mail, recipient

CHECKS = (
    mail.CHECK,
    recipient.CHECK,
)
