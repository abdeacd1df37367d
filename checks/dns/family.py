"""The checks of the family, in the order of their names."""

from checks.dns import domain, host, provider, resolver, system

CHECKS = (
    domain.CHECK,
    host.CHECK,
    provider.CHECK,
    resolver.CHECK,
    system.CHECK,
)
