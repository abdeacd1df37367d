"""The checks of the family, in the order of their names."""

from checks.lockout import lockout

CHECKS = (lockout.CHECK,)
