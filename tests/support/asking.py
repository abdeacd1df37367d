"""Run `diagnose` by way of `tests.support.loaded`: this process ends as the run does, and passes signals on to it.

It loads next to nothing, and so ends soon: a tenth of what starting `diagnose` takes.
"""

import os
import signal
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SOCK_STREAM, SOL_SOCKET, socket

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

asking = socket(AF_UNIX, SOCK_STREAM)
asking.connect(sys.argv[1])
variables = [f"{name}={value}" for name, value in os.environ.items()]
words = [str(len(sys.argv) - 2), *sys.argv[2:], os.getcwd(), *variables]  # noqa: PTH109 - pathlib takes long to load
asked = "".join(f"{word}\0" for word in words).encode("utf-8", "surrogateescape")
given = [0, 1, 2, *(os.open(f"/proc/self/ns/{name}", os.O_RDONLY) for name in ("net", "mnt"))]
for number in PASSED_ON:
    if signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, lambda received, _: asking.sendall(bytes([received])))
asking.sendall(len(asked).to_bytes(4, "big"))
sent = asking.sendmsg([asked], [(SOL_SOCKET, SCM_RIGHTS, b"".join(one.to_bytes(4, sys.byteorder) for one in given))])
asking.sendall(asked[sent:])
for descriptor in given:
    os.close(descriptor)
status = int.from_bytes(asking.recv(4), "big")
if os.WIFSIGNALED(status):
    signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
    os.kill(os.getpid(), os.WTERMSIG(status))
os._exit(os.WEXITSTATUS(status))
