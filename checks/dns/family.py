"""The checks of the family, in the order of their names."""

from checks.dns import domain, host, provider, registration, resolver, system

CHECKS = (
    domain.CHECK,
    host.CHECK,
    provider.CHECK,
    registration.CHECK,
    resolver.CHECK,
    system.CHECK,
)
