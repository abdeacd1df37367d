"""The checks of the family, in the order of their names."""

from checks.reach import paths, reach

CHECKS = (
    paths.CHECK,
    reach.CHECK,
)
