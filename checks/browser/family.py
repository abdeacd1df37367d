"""The checks of the family, in the order of their names."""

from checks.browser import clean, difference, har, installed, profiles, self_test

CHECKS = (
    clean.CHECK,
    difference.CHECK,
    har.CHECK,
    installed.CHECK,
    profiles.CHECK,
    self_test.CHECK,
)
