"""The checks of the family, in the order of their names."""

from checks.web import web

CHECKS = (web.CHECK,)
