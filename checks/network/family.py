"""The checks of the family, in the order of their names."""

from checks.network import clock, connection, hosts, interception, line, portal, proxy, resolver

CHECKS = (
    clock.CHECK,
    connection.CHECK,
    hosts.CHECK,
    interception.CHECK,
    line.CHECK,
    portal.CHECK,
    proxy.CHECK,
    resolver.CHECK,
)
