"""The command as a program of its own, in less time: forked off a process that has loaded it already.

A run takes half a second to load, and as long again to make what is made on first use. `command` gives words that run
`diagnose` as ``python -m diagnose`` does: with the arguments, environment, folder, standard streams, namespaces,
signals and exit code of whoever starts them. Only what has been loaded is shared. How Python starts, in which
encoding and under which limits is no matter for it: tests of those start Python themselves. With further packages, on
PYTHONPATH behind this folder, it runs where `command` is asked for them: nothing that was loaded then knows any.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import gc
import importlib
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from unittest import mock

import checks
import diagnose
import reports
from diagnose import cli
from diagnose.cli.formats import formats, rendered
from diagnose.process import entry_points
from diagnose.rendering.renderer import RenderStyle
from diagnose.replies import load_knowledge
from reports import html
from tests.reports.samples import wrong_password

ROOT = Path(__file__).parents[2]
PACKAGES = os.environ.get("PYTHONPATH")
PLACES = {"", str(ROOT), *(PACKAGES or "").split(os.pathsep)}
"""Where modules are found as long as nobody says otherwise, beside the installed ones."""
CLIENT = Path(__file__).with_name("asking.py")
NAMESPACES = {"net": 0x40000000, "mnt": 0x00020000}  # sched.h
GIVEN = 3 + len(NAMESPACES)
"""Descriptors that come with it: the standard streams, and the namespaces."""


@functools.cache
def command(*, packages: bool = False) -> tuple[str, ...]:
    """What to put before the arguments of a run; where there is no Linux, that starts Python.

    *packages*: the run may have further ones. It shares less then: what asks for packages is loaded by itself.
    """
    if not hasattr(os, "pidfd_open"):
        return sys.executable, "-m", "diagnose"
    place = Path(tempfile.mkdtemp(prefix="loaded-"), "socket")
    environment = {
        name: os.environ[name] for name in ("PATH", "PYTHONPATH", "SSL_CERT_FILE", "HOME") if name in os.environ
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.support.loaded", str(place), *(["--packages"] if packages else [])],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment | {"LC_ALL": "C.UTF-8", "DIAGNOSE_CONFIG": ""},
        cwd=ROOT, start_new_session=True,
    )  # fmt: skip
    _serving.append(server)
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    return sys.executable, "-I", "-S", str(CLIENT), str(place)


_serving: list[subprocess.Popen[bytes]] = []
"""Who serves, until its standard input ends with this process."""


def serve(place: Path, *, packages: bool) -> None:
    """Fork off a run for each that asks at the socket *place*, until standard input ends.

    *packages*: it may have further ones.
    """
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen(64)
        load_for_any_packages() if packages else load()
        gc.collect()
        gc.freeze()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while select.select([listening.fileno(), 0], [], [])[0] == [listening.fileno()]:
            asking, _ = listening.accept()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if os.fork() == 0:
                listening.close()
                watch(asking, packages=packages)
                return
            asking.close()
    place.unlink()
    place.parent.rmdir()


def load() -> None:
    """All that a run may load, and what it makes on first use and is the same for everybody."""
    for package in (diagnose, checks, reports):
        for module in modules_of(package):
            importlib.import_module(module)
    load_knowledge()
    for name in formats():
        rendered(name, wrong_password(), RenderStyle())


def load_for_any_packages() -> None:
    """What is the same whichever packages there are: all but the command line, whose options name their formats."""

    def asked() -> dict[str, list[entry_points.EntryPoint]]:
        raise AssertionError("what has asked for packages is not the same for all")

    with mock.patch.object(entry_points, "_all", asked):
        for package in (diagnose, checks, reports):
            for module in modules_of(package):
                if not module.startswith(f"{cli.__name__}."):
                    importlib.import_module(module)
        html._template()


def modules_of(package: ModuleType) -> list[str]:
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [one.name for one in found if not one.name.endswith("__main__")]


def watch(asking: socket.socket, *, packages: bool) -> None:
    """Start the run that is asked for at *asking*; pass signals on to it, and tell there how it ended.

    Who asks has ended where the socket has: the run is killed, as they may have been.
    """
    size = int.from_bytes(asking.recv(4, socket.MSG_WAITALL), "big")
    asked, descriptors, _, _ = socket.recv_fds(asking, size, GIVEN)
    asked += asking.recv(size - len(asked), socket.MSG_WAITALL)  # a message may come in parts
    runner = os.fork()
    if runner == 0:
        asking.close()
        begin(asked.decode("utf-8", "surrogateescape"), descriptors, packages=packages)
        return
    for descriptor in (0, 1, 2, *descriptors):
        os.close(descriptor)
    ended = os.pidfd_open(runner)
    while ended not in select.select([ended, asking.fileno()], [], [])[0]:
        for number in asking.recv(16) or [signal.SIGKILL]:
            os.kill(runner, number)
    _, status = os.waitpid(runner, 0)
    with contextlib.suppress(OSError):
        asking.sendall(status.to_bytes(4, "big"))
    os._exit(0)


def begin(asked: str, descriptors: list[int], *, packages: bool) -> None:
    """Be the run: *asked* is the number of arguments, these, the folder, and the environment, each ended by NUL."""
    count, *words = asked.split("\0")[:-1]
    arguments, folder, variables = words[: int(count)], words[int(count)], words[int(count) + 1 :]
    enter(descriptors[3:])
    os.chdir(folder)
    os.environ.clear()
    os.environ.update({name: value for name, _, value in (variable.partition("=") for variable in variables)})
    assert os.environ.get("LC_ALL") == "C.UTF-8", "in another encoding Python is to be started"
    found_in = os.environ.get("PYTHONPATH")
    if packages:
        first, *further = (found_in or "").split(os.pathsep)
        assert first == str(ROOT), "with another `diagnose` Python is to be started"
        sys.path[:] = [folder, first, *further, *(place for place in sys.path if place not in PLACES)]
    else:
        assert found_in in {None, str(ROOT), PACKAGES}, "with other packages Python is to be started"
    time.tzset()
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
    encoding, _, errors = os.environ.get("PYTHONIOENCODING", "utf-8:surrogateescape").partition(":")
    sys.stdin = open(0, encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115 - as Python does
    sys.stdout = open(1, "w", encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115 - likewise
    sys.stderr = open(2, "w", 1, encoding=encoding, errors="backslashreplace", closefd=False)  # noqa: SIM115 - likewise
    sys.argv[1:] = arguments
    try:
        runpy.run_module("diagnose", run_name="__main__", alter_sys=True)
    except SystemExit as ended:  # to take apart what was loaded would be most of a short run's work
        atexit._run_exitfuncs()
        os._exit(ended.code if isinstance(ended.code, int) else 1)


def enter(namespaces: list[int]) -> None:
    """Go where those who ask are, if they are elsewhere."""
    libc = ctypes.CDLL(None, use_errno=True)
    for (name, kind), descriptor in zip(NAMESPACES.items(), namespaces, strict=True):
        if not os.path.sameopenfile(descriptor, own := os.open(f"/proc/self/ns/{name}", os.O_RDONLY)) and (
            libc.setns(descriptor, kind) != 0  # os.setns came with Python 3.12
        ):
            raise OSError(ctypes.get_errno(), f"setns {name}")
        os.close(own)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), packages="--packages" in sys.argv[2:])
