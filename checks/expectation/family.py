"""The checks of the family, in the order of their names."""

from checks.expectation import certificates, mx, provider, servers, tls

CHECKS = (
    certificates.CHECK,
    mx.CHECK,
    provider.CHECK,
    servers.CHECK,
    tls.CHECK,
)
