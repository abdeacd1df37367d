"""How much at once runs allow themselves, so that no server takes many of them for an attack."""

from __future__ import annotations

import msgspec

OF_ONE_RUN = 8
"""Connections that one run opens at a time to a mailbox's servers, at most; the lab's busiest opens seven."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Of all runs that share a network. A house is a provider, or a domain of which no provider is known."""

    host_connections: int = 8
    """Open to one port of one address, at least 1. Dovecot takes ten of one user, a browser opens six."""
    house_connections: int | None = None
    """Open to all servers of one house, at least `OF_ONE_RUN`; None: as many as come."""
    host_rate: float | None = None
    """New ones a second to one address, above 0; None: as many as come."""
    house_rate: float | None = None
    """New ones a second to one house."""

    @property
    def runs_of_house(self) -> int:
        """How many runs of one house may be under way: each has room to log in beside those that look for all.

        What the oldest run needs is set aside. As much again is for looks that others wait for.
        """
        if self.house_connections is None:
            return self.host_connections
        return max(1, min(self.host_connections, self.house_connections - 2 * OF_ONE_RUN))


ONE_BY_ONE = Limits()
"""Of runs that stand for themselves."""

# Servers and providers come with these limits of one address. Courier: 4 open ones a service (MAXPERIP in imapd.dist);
# Dovecot: 10 of one user (mail_max_userip_connections); cPanel: 40; Postfix: 50 (smtpd_client_connection_count_limit);
# Gmail: 15, and iCloud: about 5, of one account (as people report it; so is cPanel's). Postfix limits new ones if it is
# told to (smtpd_client_connection_rate_limit is 0); of the others no limit of new ones is known to us.
FLEET = Limits(host_connections=4, house_connections=20, host_rate=10.0, house_rate=10.0)
"""Of many runs: below the lowest limit of a server that is known to us."""
