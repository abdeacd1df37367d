"""A message submission server (RFC 6409, 4954) that takes logins and no mail."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import weakref
from collections import defaultdict
from typing import Any, Self

from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, TLSSetupException
from aiosmtpd.smtp import Session as SmtpState

from diagnose.lab.listener import PATIENCE
from diagnose.lab.session import LONGEST_LINE, TOKEN_ERROR, TOKEN_MECHANISMS, ServerSettings

REJECTION = "535 5.7.8 Error: authentication failed"
_KNOWN_MECHANISMS = TOKEN_MECHANISMS | {"PLAIN", "LOGIN"}
_LOGGER = logging.getLogger("mail.log")  # aiosmtpd's


class _Handler:
    """What the server makes of greetings, tokens and mail; aiosmtpd finds these methods by their names."""

    def __init__(self, settings: ServerSettings, crashes: list[BaseException]) -> None:
        self._settings = settings
        self._crashes = crashes

    def authenticate(
        self, _server: SMTP, _state: SmtpState, _envelope: Envelope, _mechanism: str, login: LoginPassword
    ) -> AuthResult:
        encrypted = self._settings.tls != "none"  # a STARTTLS port takes logins after STARTTLS only
        admitted = self._settings.account.log_in("smtp", login.login, login.password, encrypted=encrypted)
        return AuthResult(success=True, auth_data=login) if admitted else self._rejected()

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        return await self._refuse_token(server, args)

    async def auth_OAUTHBEARER(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        return await self._refuse_token(server, args)

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, state: SmtpState, _envelope: Envelope, hostname: str, lines: list[str]
    ) -> list[str]:
        state.host_name = hostname
        offer = f"250-PIPELINING\r\n250-AUTH {' '.join(self._settings.mechanisms)}"
        return [offer if line.startswith("250-AUTH") else line for line in lines]

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, state: SmtpState, envelope: Envelope, sender: str, options: list[str]
    ) -> str:
        if not state.authenticated:
            return "530 5.7.0 Authentication required"
        if self._settings.sender is not None:
            return self._settings.sender
        envelope.mail_from = sender
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, _s: SMTP, _t: SmtpState, envelope: Envelope, recipient: str, _o: list[str]) -> str:  # noqa: N802
        envelope.rcpt_tos.append(recipient)
        return "250 2.1.5 OK"

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802
        return "554 5.7.1 This estate delivers no mail"

    async def handle_exception(self, error: Exception) -> str:
        if not isinstance(error, OSError | EOFError | TLSSetupException):  # those are the client or the line
            self._crashes.append(error)
        return "500 5.3.0 Error"

    async def _refuse_token(self, server: SMTP, args: list[str]) -> AuthResult:
        if len(args) == 1 and await server.challenge_auth("") is MISSING:
            return AuthResult(success=False)
        self._settings.account.refuse("smtp", encrypted=self._settings.tls != "none")
        if await server.challenge_auth(TOKEN_ERROR) is MISSING:
            return AuthResult(success=False)
        return self._rejected()

    def _rejected(self) -> AuthResult:
        return AuthResult(success=False, handled=False, message=self._settings.account.reply("smtp", REJECTION))


class _Smtp(SMTP):
    """An SMTP connection that pauses before each reply and closes after a 421 (RFC 5321 §3.8)."""

    line_length_limit = LONGEST_LINE  # an access token does not fit into 1000 bytes (RFC 4954 §4)

    def __init__(self, settings: ServerSettings, crashes: list[BaseException], loop: asyncio.AbstractEventLoop) -> None:
        # The base class shares this between all connections of all threads.
        self.command_size_limits = defaultdict(lambda: LONGEST_LINE)
        handler = _Handler(settings, crashes)
        super().__init__(
            handler,
            hostname=settings.host,
            ident="ESMTP ready",
            tls_context=settings.context if settings.tls == "starttls" else None,
            auth_require_tls=settings.tls == "starttls",
            auth_exclude_mechanism=_KNOWN_MECHANISMS - set(settings.mechanisms),
            authenticator=handler.authenticate,
            timeout=PATIENCE,
            loop=loop,
        )
        self._settings = settings

    async def push(self, status: Any) -> None:  # noqa: ANN401 - as in the base class
        await asyncio.sleep(self._settings.delay)
        await super().push(status)
        if status[:4] in ("421 ", b"421 ") and self.transport is not None:
            self.transport.close()

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        if self._auth_require_tls and not self._tls_protocol and len((arg or "").split()) > 1:
            self._settings.account.refuse("smtp", encrypted=False)
        await super().smtp_AUTH(arg)


class SubmissionServer:
    """Serves submission in a thread with an event loop, from entering the context to leaving it."""

    def __init__(self, settings: ServerSettings, address: str) -> None:
        """Listen at *address*, at any port that is free. Raises OSError when the address cannot be had."""
        self.crashes: list[BaseException] = []
        self._settings = settings
        self._quiet = logging.NullHandler()  # one each: estates may be up side by side
        self._socket = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.port: int = self._socket.getsockname()[1]
        self._sessions: weakref.WeakSet[_Smtp] = weakref.WeakSet()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"lab-{self.port}")

    def __enter__(self) -> Self:
        _LOGGER.addHandler(self._quiet)
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        _LOGGER.removeHandler(self._quiet)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop.set_exception_handler(self._note)
        tls = self._settings.context if self._settings.tls == "implicit" else None
        server = await self._loop.create_server(self._session, sock=self._socket, ssl=tls, backlog=128)
        await self._stop.wait()
        server.close()
        for session in self._sessions:
            if isinstance(session.transport, asyncio.WriteTransport):
                session.transport.abort()
        await asyncio.sleep(0)  # lets the transports close

    def _session(self) -> _Smtp:
        session = _Smtp(self._settings, self.crashes, self._loop)
        self._sessions.add(session)
        return session

    def _note(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException) and not isinstance(error, OSError):
            self.crashes.append(error)
