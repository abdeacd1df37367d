"""A small IMAP server (RFC 9051, 3501): log in, name oneself, open an empty mailbox."""

from __future__ import annotations

import re
from collections.abc import Callable

from diagnose.lab.session import MOST_COMMANDS, Session
from diagnose.process.first_use import lazy_pattern

REJECTION = "NO [AUTHENTICATIONFAILED] Authentication failed."
_LARGEST_LITERAL = 4096
_MOST_LITERALS = 4
_LITERAL = lazy_pattern(rb"\{(\d{1,9})(\+?)\}\Z")
_WORD = lazy_pattern(rb'"((?:[^"\\]|\\.)*)"|([^\s"()]+)|[()]')


class ImapSession(Session):
    """One IMAP connection."""

    protocol = "imap"

    def converse(self) -> None:
        """Greet, then answer commands until LOGOUT."""
        self._named = self._logged_in = False
        self._tag = "*"
        self.say(f"* OK [CAPABILITY {self._capabilities()}] {self.settings.host} ready.")
        commands: dict[str, Callable[[list[bytes]], bool]] = {
            "CAPABILITY": self._capability,
            "ID": self._id,
            "NOOP": self._noop,
            "STARTTLS": self._starttls,
            "LOGIN": self._login,
            "AUTHENTICATE": self._authenticate,
            "SELECT": self._open,
            "EXAMINE": self._open,
            "LIST": self._list,
            "SEARCH": self._search,
        }
        for _ in range(MOST_COMMANDS):
            words = self._read_command()
            if len(words) < 2:
                self.say("* BAD Invalid tag or command")
                continue
            self._tag, name = words[0].decode("ascii", "replace"), words[1].decode("ascii", "replace").upper()
            if name == "LOGOUT":
                self.say("* BYE Logging out", f"{self._tag} OK Logout completed.")
                return
            if not commands.get(name, self._unknown)(words[2:]):
                return

    def _capabilities(self) -> str:
        words = ["IMAP4rev1", "SASL-IR", "LITERAL+", "ID"]
        if self._logged_in:
            return " ".join([*words, "UNSELECT"])
        if not self.encrypted and self.settings.tls == "starttls":
            words.append("STARTTLS")
        if not self.takes_passwords:
            words.append("LOGINDISABLED")
        if self.takes_logins:
            words += [f"AUTH={mechanism}" for mechanism in self.settings.mechanisms]
        return " ".join(words)

    def _done(self, words: str) -> bool:
        """Say how the command ended; the session goes on."""
        self.say(f"{self._tag} {words}")
        return True

    def _unknown(self, _: list[bytes]) -> bool:
        return self._done("BAD Unknown command.")

    def _capability(self, _: list[bytes]) -> bool:
        self.say(f"* CAPABILITY {self._capabilities()}")
        return self._done("OK Capability completed.")

    def _id(self, words: list[bytes]) -> bool:
        self._named = self._named or any(word.upper() == b"NAME" for word in words)
        self.say('* ID ("name" "Lab")')
        return self._done("OK ID completed.")

    def _noop(self, _: list[bytes]) -> bool:
        return self._done("OK NOOP completed.")

    def _starttls(self, _: list[bytes]) -> bool:
        if self.encrypted or self.settings.tls != "starttls":
            return self._done("BAD TLS support isn't enabled.")
        self._done("OK Begin TLS negotiation now.")
        self.start_tls()
        return True

    def _login(self, words: list[bytes]) -> bool:
        if len(words) != 2:
            return self._done("BAD Missing or extra arguments to LOGIN.")
        if not self.takes_logins:
            self.settings.account.refuse("imap", encrypted=False)
            return self._done("NO [PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure connections.")
        if not self.takes_passwords:
            return self._done("NO [ALERT] LOGIN is disabled, use another authentication mechanism.")
        return self._admit(self.log_in(*words))

    def _authenticate(self, words: list[bytes]) -> bool:
        mechanism = words[0].decode("ascii", "replace").upper() if words else ""
        admitted = self.authenticate(mechanism, words[1] if len(words) > 1 else None)
        if admitted is None:
            return self._done("NO [CANNOT] Unsupported authentication mechanism, or no proper exchange.")
        return self._admit(admitted)

    def _admit(self, admitted: bool) -> bool:
        """Say how a login went; whether the session goes on."""
        if admitted:
            self._logged_in = True
            return self._done(f"OK [CAPABILITY {self._capabilities()}] Logged in")
        lines = self.settings.account.reply("imap", REJECTION).splitlines()
        if not lines[-1].startswith("* "):
            lines[-1] = f"{self._tag} {lines[-1]}"
        self.say(*lines)
        return not any(line.upper().startswith("* BYE") for line in lines)

    def _open(self, words: list[bytes]) -> bool:
        if not self._logged_in:
            return self._done("BAD Command received in invalid state.")
        if self.settings.needs_id and not self._named:
            return self._done("NO EXAMINE Unsafe Login. Please contact postmaster@corp.example for help")
        if self.settings.examine is not None:
            return self._done(self.settings.examine)
        if [word.upper() for word in words] != [b"INBOX"]:
            return self._done("NO [NONEXISTENT] Mailbox doesn't exist.")
        self.say(
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
            "* OK [PERMANENTFLAGS ()] Read-only mailbox.",
            "* 0 EXISTS",
            "* 0 RECENT",
            "* OK [UIDVALIDITY 1] UIDs valid",
            "* OK [UIDNEXT 1] Predicted next UID",
        )
        return self._done("OK [READ-ONLY] Completed.")

    def _list(self, _: list[bytes]) -> bool:
        if not self._logged_in:
            return self._done("BAD Command received in invalid state.")
        self.say('* LIST (\\HasNoChildren) "/" INBOX')
        return self._done("OK List completed.")

    def _search(self, _: list[bytes]) -> bool:
        if not self._logged_in:
            return self._done("BAD Command received in invalid state.")
        self.say("* SEARCH")
        return self._done("OK Search completed.")

    def _read_command(self) -> list[bytes]:
        """The words of the next command, its literals read (RFC 9051 §4.3, RFC 7888)."""
        words: list[bytes] = []
        for _ in range(_MOST_LITERALS + 1):
            line = self.read_line()
            literal = _LITERAL.search(line)
            if literal is None:
                return words + _words(line)
            size = int(literal[1])
            if size > _LARGEST_LITERAL:
                break
            if not literal[2]:
                self.say("+ OK")
            words += [*_words(line[: literal.start()]), self.read_bytes(size)]
        raise ConnectionAbortedError("too many literals, or too large")


def _words(line: bytes) -> list[bytes]:
    """Atoms and quoted strings of *line*, quotes taken off; parentheses are left out."""
    found = []
    for match in _WORD.finditer(line):
        if match[1] is not None:
            found.append(re.sub(rb"\\(.)", rb"\1", match[1]))
        elif match[2] is not None:
            found.append(match[2])
    return found
