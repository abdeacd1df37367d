"""A small POP3 server (RFC 1939, 2449, 2595, 5034) with an empty mailbox."""

from __future__ import annotations

from collections.abc import Callable

from diagnose.lab.session import MOST_COMMANDS, Session

REJECTION = "-ERR [AUTH] Authentication failed."


class Pop3Session(Session):
    """One POP3 connection."""

    protocol = "pop3"

    def converse(self) -> None:
        """Greet, then answer commands until QUIT."""
        self._name: bytes | None = None
        self._logged_in = False
        self.say(f"+OK {self.settings.host} ready.")
        commands: dict[str, Callable[[list[bytes]], None]] = {
            "CAPA": self._capa,
            "STLS": self._stls,
            "USER": self._user,
            "PASS": self._pass,
            "AUTH": self._auth,
            "STAT": self._stat,
            "NOOP": self._noop,
        }
        for _ in range(MOST_COMMANDS):
            word, _, rest = self.read_line().partition(b" ")
            name = word.decode("ascii", "replace").upper()
            if name == "QUIT":
                self.say("+OK Logging out.")
                return
            # A password may hold blanks (RFC 1939 §7, PASS), so only AUTH has several words.
            commands.get(name, self._unknown)(rest.split() if name == "AUTH" else [rest] if rest else [])

    def _unknown(self, _: list[bytes]) -> None:
        self.say("-ERR Unknown command.")

    def _capa(self, _: list[bytes]) -> None:
        lines = ["CAPA", "TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE"]
        if not self.encrypted and self.settings.tls == "starttls":
            lines.append("STLS")
        if not self._logged_in:
            if self.takes_passwords:
                lines.append("USER")
            if self.takes_logins:
                lines.append(" ".join(["SASL", *self.settings.mechanisms]))
        self.say("+OK", *lines, ".")

    def _stls(self, _: list[bytes]) -> None:
        if self.encrypted or self.settings.tls != "starttls":
            self.say("-ERR TLS support isn't enabled.")
            return
        self.say("+OK Begin TLS negotiation now.")
        self.start_tls()

    def _user(self, words: list[bytes]) -> None:
        if self.takes_passwords and words:
            self._name = words[0]
            self.say("+OK")
        elif self.takes_logins:
            self.say("-ERR USER is disabled, use another authentication mechanism.")
        else:
            self.say("-ERR [AUTH] Plaintext authentication disallowed on non-secure connections.")

    def _pass(self, words: list[bytes]) -> None:
        name, self._name = self._name, None
        if not self.takes_logins:
            self.settings.account.refuse("pop3", encrypted=False)
        if name is None or not words:
            self.say("-ERR No username given.")
        else:
            self._admit(self.log_in(name, words[0]))

    def _auth(self, words: list[bytes]) -> None:
        mechanism = words[0].decode("ascii", "replace").upper() if words else ""
        admitted = self.authenticate(mechanism, words[1] if len(words) > 1 else None)
        if admitted is None:
            self.say("-ERR Unsupported authentication mechanism, or no proper exchange.")
        else:
            self._admit(admitted)

    def _admit(self, admitted: bool) -> None:
        self._logged_in = admitted
        self.say("+OK Logged in." if admitted else self.settings.account.reply("pop3", REJECTION))

    def _stat(self, _: list[bytes]) -> None:
        self.say("+OK 0 0" if self._logged_in else "-ERR Log in first.")

    def _noop(self, _: list[bytes]) -> None:
        self.say("+OK" if self._logged_in else "-ERR Log in first.")
