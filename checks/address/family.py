"""The checks of the family, in the order of their names."""

from checks.address import spelling, syntax

CHECKS = (
    spelling.CHECK,
    syntax.CHECK,
)
