"""The command line on a stand-in for another operating system: `python -m tests.support.other_system win32 lab`.

What that system's Python lacks is gone, and its own modules are there. Its sockets are no files, are waited for by
select(2), and have no pair. The libraries are loaded before, as those that this system needs.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import importlib.abc
import os
import select
import selectors
import signal
import socket
import stat
import sys
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any, NoReturn

ONLY_OF_POSIX = {"fcntl", "termios", "resource", "pwd", "grp", "readline", "curses", "tty", "pty", "syslog"}
LACKS: dict[ModuleType, tuple[str, ...]] = {
    signal: ("SIGHUP", "SIGKILL", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGCHLD", "pthread_kill", "setitimer"),
    socket: ("AF_UNIX", "SO_REUSEPORT", "MSG_DONTWAIT", "MSG_NOSIGNAL"),
    select: ("poll", "epoll", "kqueue"),
    selectors: ("PollSelector", "EpollSelector", "KqueueSelector", "DevpollSelector"),
    os: (
        *("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_DIRECTORY", "O_NOCTTY", "getuid", "geteuid", "getgid", "getegid"),
        *("killpg", "setsid", "mkfifo", "sysconf", "sched_getaffinity", "sched_setaffinity", "getpgid", "uname"),
    ),
}
"""What Windows' modules lack of those of POSIX."""
LOOK_AT_THE_SYSTEM = (
    *(
        "asyncio",
        "http.server",
        "logging",
        "multiprocessing",
        "platform",
        "subprocess",
        "tempfile",
        "uuid",
        "webbrowser",
    ),
    *("aiosmtpd.controller", "cryptography.x509", "dns.resolver", "filelock", "flask", "platformdirs", "requests"),
    *("rich.console", "truststore", "uuid", "webbrowser", "werkzeug.serving"),
)
"""Modules that look at the system as they are loaded, and need what it really has."""
OF_FILES = ("dup", "close", "read", "write", "fdopen")
"""Functions of os that take no socket there."""


class Lacking(importlib.abc.MetaPathFinder):
    """Modules that cannot be found."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Nothing. Raises ModuleNotFoundError for what that system lacks."""
        if fullname.partition(".")[0] in ONLY_OF_POSIX:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


class Select(selectors.SelectSelector):
    """Windows' way to wait: it does not wait for nothing."""

    def select(self, timeout: float | None = None) -> Any:
        if not self.get_map():
            raise OSError(10022, "An invalid argument was supplied")
        return super().select(timeout)


def for_files(call: Callable[..., Any]) -> Callable[..., Any]:
    """*call*, a function of os, which knows no sockets."""
    state = os.fstat

    def checked(number: int, *more: Any, **named: Any) -> Any:
        try:
            is_socket = stat.S_ISSOCK(state(number).st_mode)
        except OSError:
            is_socket = False
        if is_socket:
            raise OSError(errno.EBADF, "Bad file descriptor")
        return call(number, *more, **named)

    return checked


def socket_pair(*_: Any) -> tuple[socket.socket, socket.socket]:
    """By TCP, as Python makes it there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        return server.accept()[0], one


def become_windows() -> None:
    """Take away what Windows lacks, and add what it alone has."""
    for module, names in LACKS.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    for name in OF_FILES:
        setattr(os, name, for_files(getattr(os, name)))
    setattr(socket, "socketpair", socket_pair)  # noqa: B010 - mypy knows the real ones, here and below
    setattr(selectors, "DefaultSelector", Select)  # noqa: B010

    def absent(*_: Any, **__: Any) -> NoReturn:
        raise FileNotFoundError(errno.ENOENT, "no such key")

    registry: Any = ModuleType("winreg")
    registry.HKEY_CURRENT_USER, registry.HKEY_LOCAL_MACHINE = 1, 2
    registry.OpenKey = registry.OpenKeyEx = registry.QueryValueEx = registry.ConnectRegistry = absent
    console = SimpleNamespace(GetUserDefaultUILanguage=lambda: 0x0409, GetConsoleMode=lambda *_: 0)
    sys.modules |= {"winreg": registry, "msvcrt": SimpleNamespace(get_osfhandle=lambda number: number)}  # type: ignore[dict-item]
    setattr(ctypes, "windll", SimpleNamespace(kernel32=console))  # noqa: B010
    setattr(ctypes, "WinError", lambda number: OSError(number, os.strerror(number)))  # noqa: B010


def main(system: str) -> None:
    """Become *system*, as `sys.platform` has it, and run the command line."""
    import diagnose.command

    sys.platform = system
    if system == "win32":
        become_windows()
        sys.meta_path.insert(0, Lacking())
        for name in [name for name in sys.modules if name.partition(".")[0] in ONLY_OF_POSIX]:
            del sys.modules[name]
    diagnose.command.main()


if __name__ == "__main__":
    for name in LOOK_AT_THE_SYSTEM:
        importlib.import_module(name)
    main(sys.argv.pop(1))
