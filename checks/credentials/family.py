"""The checks of the family, in the order of their names."""

from checks.credentials import password, seen

CHECKS = (
    password.CHECK,
    seen.CHECK,
)
