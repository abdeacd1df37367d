"""A small ManageSieve server (RFC 5804) that keeps no scripts."""

from __future__ import annotations

from diagnose.lab.session import MOST_COMMANDS, Session

REJECTION = 'NO "Authentication failed."'


class SieveSession(Session):
    """One ManageSieve connection."""

    protocol = "sieve"

    def converse(self) -> None:
        """Greet, then answer commands until LOGOUT."""
        self._tell_capabilities()
        for _ in range(MOST_COMMANDS):
            words = self.read_line().split()
            match words[0].upper() if words else b"":
                case b"LOGOUT":
                    self.say('OK "Logout completed."')
                    return
                case b"CAPABILITY":
                    self._tell_capabilities()
                case b"NOOP":
                    self.say('OK "Done."')
                case b"STARTTLS" if not self.encrypted and self.settings.tls == "starttls":
                    self.say('OK "Begin TLS negotiation now."')
                    self.start_tls()
                    self._tell_capabilities()  # by itself (RFC 5804 §2.2)
                case b"AUTHENTICATE":
                    self.settings.account.refuse(self.protocol, encrypted=self.encrypted)
                    self.say(self.settings.account.reply(self.protocol, REJECTION))
                case _:
                    self.say('NO "Unknown command."')

    def _tell_capabilities(self) -> None:
        lines = ['"IMPLEMENTATION" "Lab"', '"SIEVE" "fileinto reject vacation"', '"VERSION" "1.0"']
        lines.append(f'"SASL" "{" ".join(self.settings.mechanisms) if self.takes_logins else ""}"')
        if not self.encrypted and self.settings.tls == "starttls":
            lines.append('"STARTTLS"')
        self.say(*lines, f'OK "{self.settings.host} ready."')
