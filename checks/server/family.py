"""The checks of the family, in the order of their names."""

from checks.server import server

CHECKS = (server.CHECK,)
