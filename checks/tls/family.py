"""The checks of the family, in the order of their names."""

from checks.tls import tls

CHECKS = (tls.CHECK,)
