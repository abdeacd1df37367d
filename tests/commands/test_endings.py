"""However a run ends, it ends with what it has: a sentence, the reports, an exit code that means something."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.machine import lacking, need
from tests.pace import patient
from tests.support import loaded

PATIENCE = 90.0
"""Seconds that no test waits for unless it fails."""
ALICE = "alice@corp.example"
RECORDING = """{"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": []}}"""
ROOT = Path(__file__).parents[2]
DIAGNOSE = f"{shlex.quote(sys.executable)} -m diagnose"
"""For what depends on how Python starts and ends: on its streams, threads and signals."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "x.har").write_text(RECORDING)
    (tmp_path / "lines.jsonl").write_text('{"id": 1, "reply": "NO [AUTHENTICATIONFAILED] x"}\n')
    return tmp_path


def environment(place: Path, **more: str) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), *filter(None, [more.pop("packages", "")])])
    return os.environ | {
        "XDG_STATE_HOME": str(place / "state"), "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "PYTHONPATH": path,
        "BROWSER": "true",
    } | more  # fmt: skip


def shell(place: Path, line: str, **more: str) -> subprocess.CompletedProcess[str]:
    """*line* in a shell, as a person types it."""
    return subprocess.run(
        ["bash", "-c", line], cwd=place, env=environment(place, **more), capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip


@pytest.fixture
def nobody() -> str:
    """Where no name server is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


def forked() -> str:
    """`diagnose` where only what it writes matters; with other packages, too."""
    return shlex.join(loaded.command(packages=True))


def run_of(nobody: str) -> str:
    seconds = min(patient(1.0), 30.0)
    return f"corp.example --no-third-party --resolver {nobody} --timeout {seconds:.1f} --report r.json --report r.html"


def sentence(told: str) -> None:
    """One of ours, and nothing else."""
    assert told.startswith("diagnose: "), told
    assert told.count("\n") == 1, told


# -- standard output and standard error

COMMANDS = {
    "--version": 0,
    "--help": 0,
    "har --help": 0,
    "causes --format json": 0,
    "providers gmx": 0,
    "explain --format json '535 5.7.8 Error: authentication failed'": 0,
    "explain --jsonl lines.jsonl": 0,
    "har x.har": 3,
    "lab --list": 0,
    "password-check --provider gmx --password-stdin <<< hunter2": 0,
    "browser --wait 1 --no-open --timeout 1": 3,
    "RUN": 3,
}
"""With the exit code of a run that is read to its end."""


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("output", [">&-", ">/dev/full"])
def test_output_that_cannot_be_written_is_one_sentence(place: Path, nobody: str, command: str, output: str) -> None:
    """And wrong usage, whatever the verdict is; the reports are there by then."""
    done = shell(place, f"{DIAGNOSE} {command.replace('RUN', run_of(nobody))} {output}")

    *before, last = done.stderr.splitlines(keepends=True)
    assert done.returncode == 2, done.stderr
    sentence(last)
    assert "standard output cannot be written" in last
    assert not before or command.startswith("browser")
    if command == "RUN":
        assert json.loads((place / "r.json").read_text())["verdict"]["exit_code"] == 3
        assert (place / "r.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_reader_that_has_gone_is_no_failure(place: Path, nobody: str, command: str) -> None:
    """The exit code is that of a run which is read to its end; click's own would be 1."""
    words = command.replace("RUN", run_of(nobody))
    # what is written finds nobody: the reader has gone before the program begins
    shell(place, f"{{ sleep 0.2; {DIAGNOSE} {words}; echo $? >code; }} 2>told | true")

    assert int((place / "code").read_text()) == COMMANDS[command]
    assert (place / "told").read_text() == "" or command.startswith("browser")


@pytest.mark.parametrize(
    ("command", "code"), [("RUN", 3), ("har x.har", 3), ("nonsense", 2), ("har none.har", 2), ("--version", 0)]
)
@pytest.mark.parametrize("output", ["2>&-", "2>/dev/full", "<&- >&- 2>&-", ">/dev/full 2>/dev/full"])
def test_nobody_to_be_told(place: Path, nobody: str, command: str, code: int, output: str) -> None:
    """Standard error may be what is closed: the exit code is all there is."""
    done = shell(place, f"{DIAGNOSE} {command.replace('RUN', run_of(nobody))} {output}")

    assert done.returncode == (2 if ">&- 2" in output or "/dev/full 2" in output else code)
    assert done.stderr == ""


def test_no_connection_gets_the_number_of_a_closed_stream(place: Path) -> None:
    """Whatever still writes to standard error would write to a server."""
    code = (
        "import os, socket, sys\nfrom diagnose.process import standard_streams\nstandard_streams.open_closed_ones()\n"
        "one = socket.socket()\nsys.exit(0 if one.fileno() > 2 else 5)"
    )
    for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">&- 2>&-"):
        done = shell(place, f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {closed}")
        assert done.returncode == 0, closed


# -- report files


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda file: file.symlink_to("other.json"), "is a link"),
        (lambda file: (file.with_name("other.json").write_text("kept"), file.symlink_to("other.json")), "is a link"),
        (lambda file: file.symlink_to("/dev/null"), "is a link"),
        (os.mkfifo, "not a regular file"),
        (lambda file: socket.socket(socket.AF_UNIX).bind(str(file)), "not a regular file"),
        (lambda file: file.mkdir(), "is a folder"),
    ],
    ids=["dangling link", "link", "link to a device", "pipe", "socket", "folder"],
)
def test_a_report_replaces_nothing_but_files(
    place: Path, nobody: str, make: Callable[[Path], object], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told before anything is asked of the network; what is there stays as it is."""
    monkeypatch.chdir(place)
    make(Path("r.json"))
    before = Path("r.json").lstat()
    done = shell(place, f"{forked()} {run_of(nobody)}")

    assert done.returncode == 2
    sentence(done.stderr)
    assert told in done.stderr
    assert (done.stdout, Path("r.json").lstat()) == ("", before)
    assert not Path("r.html").exists()
    if Path("other.json").exists():
        assert Path("other.json").read_text() == "kept"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666, 0o400])
def test_a_report_keeps_the_mode_of_what_it_replaces(place: Path, nobody: str, mode: int) -> None:
    """Also where the umask would take something from it; what is new is for its owner alone."""
    (place / "r.json").write_text("from before")
    (place / "r.json").chmod(mode)
    shell(place, f"umask 022; {forked()} {run_of(nobody)}")

    modes = {name: stat.S_IMODE((place / name).stat().st_mode) for name in ("r.json", "r.html")}
    assert modes == {"r.json": mode, "r.html": 0o600}
    assert json.loads((place / "r.json").read_text())["schema_version"] == 1


def test_what_cannot_be_written_keeps_nothing_else_from_being_written(place: Path, nobody: str) -> None:
    """A file that became a pipe meanwhile: all others, and standard output, come out."""
    with asked(place) as (name_server, wait):
        process = started(place, f"corp.example --no-third-party --resolver {name_server} --timeout 2 --format json "
                                 "--report a.json --report r.json --report r.html")  # fmt: skip
        wait()
        os.mkfifo(place / "r.json")
        out, err = process.communicate(timeout=PATIENCE)

    assert process.returncode == 2
    sentence(err)
    assert "r.json" in err
    assert json.loads(out) == json.loads((place / "a.json").read_text())
    assert (place / "r.html").exists()
    assert stat.S_ISFIFO((place / "r.json").lstat().st_mode)


# -- other packages


def package(place: Path, code: str, *, group: str = "diagnose.checks", name: str = "acme", value: str = "acme") -> str:
    """A folder with a package installed that brings *code* by an entry point."""
    folder = place / "packages"
    folder.mkdir(exist_ok=True)
    (folder / f"{value}.py").write_text(code)
    told = folder / f"{value}-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {value}\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}:CHECKS\n")
    return str(folder)


CHECK = """
from diagnose.model import Check, Facts, Finding, Service, Subject, Text, text
from typing import Any

class Seen(Facts, frozen=True, kw_only=True):
    what: Any = None

class Other(Facts, frozen=True, kw_only=True):
    pass

def crash(*_):
    secret = "hunter2"
    raise RuntimeError(secret)

def one(**more):
    given = dict(id="acme", family="network", title="All is well at {domain}", each=Subject, facts=Seen,
                 probe=lambda *_: Seen(), judge=lambda *_: ())
    return (Check(**(given | more)),)
"""


@pytest.mark.parametrize(
    "code",
    [
        "import no_such_module",
        "raise RuntimeError('hunter2')",
        "import sys; sys.exit(1)",
        "this is no Python",
        "CHECKS = None",
        "CHECKS = ('acme',)",
        "x = 1",
        CHECK + "CHECKS = one(needs=(Other,))",
        CHECK + "CHECKS = one(id='login')",
        CHECK + "CHECKS = one(rules_out=('no.such-cause',))",
        CHECK + "CHECKS = (*one(reads=(Other,)), *one(id='b', facts=Other, reads=(Seen,)))",
        CHECK + "CHECKS = (*one(), *one(id='b'))",
        CHECK + "CHECKS = one(id='discovery')",
        CHECK + "from diagnose.discovery import Discovered\nCHECKS = one(facts=Discovered)",
        CHECK + "CHECKS = (*one(), *one(facts=Other))",
        CHECK + "CHECKS = one(each=Service, applies=crash)",
        CHECK + "CHECKS = one(each=None)",
    ],
)
def test_a_package_that_cannot_be_loaded_is_told_in_its_place(place: Path, nobody: str, code: str) -> None:
    """As a check in error; all others run, and all reports are written."""
    done = shell(place, f"{forked()} {run_of(nobody)} --format json", packages=package(place, code))

    assert (done.returncode, done.stderr) == (3, "")
    report = json.loads(done.stdout)
    (acme,) = [check for check in report["checks"] if check["id"] == "acme"]
    assert acme["status"] == "error"
    assert {check["id"] for check in report["checks"]} > {"acme", "dns"} or len(report["checks"]) > 10
    assert "hunter2" not in done.stdout
    assert (place / "r.html").exists()


@pytest.mark.parametrize(
    "code",
    [
        "CHECKS = one(probe=crash)",
        "CHECKS = one(judge=crash)",
        "CHECKS = one(applies=crash)",
        "CHECKS = one(usable=crash)",
        "CHECKS = one(left_open=crash)",
        "CHECKS = one(title='{nothing}')",
        "CHECKS = one(title='{')",
        "CHECKS = one(probe=lambda *_: None, judge=lambda facts, *_: facts.what)",
        "CHECKS = one(probe=lambda *_: {'what': 1})",
        "CHECKS = one(probe=lambda *_: Seen(what=object()))",
        "CHECKS = one(probe=lambda *_: Seen(what={None: 1}))",
        "CHECKS = one(probe=lambda *_: Seen(what=lambda: 1))",
        "CHECKS = one(probe=lambda *_: Seen(what={('a', 'b'): 1}))",
        "CHECKS = one(probe=lambda *_: Seen(what=10 ** 5000))",
        "x = []\nx.append(x)\nCHECKS = one(probe=lambda *_: Seen(what=x))",
        "CHECKS = one(judge=lambda *_: 7)",
        "CHECKS = one(judge=lambda *_: ('server.fault',))",
        "CHECKS = one(judge=lambda *_: (Finding(cause='no.such', certainty='likely', text=text('x')),))",
        "CHECKS = one(judge=lambda *_: (Finding(cause='server.fault', certainty='sure', text=text('x')),))",
        "CHECKS = one(judge=lambda *_: (Finding(cause='server.fault', certainty='likely', text='x'),))",
        "CHECKS = one(judge=lambda *_: (Finding(cause='server.fault', certainty='likely', text=Text('{x}')),))",
        "CHECKS = one(judge=lambda *_: "
        "(Finding(cause='server.fault', certainty='likely', text=text('x'), data={'x': object()}),))",
        "CHECKS = one(judge=lambda *_: (Finding(cause='server.fault', certainty='likely', text=text('x'), data=3),))",
        "CHECKS = one(left_open=lambda _: 'words')",
        "import sys\nCHECKS = one(probe=lambda *_: sys.exit(1))",
        "import threading\n"
        "CHECKS = one(probe=lambda *_: [threading.Thread(target=crash).start() for _ in 'abc'] and crash())",
    ],
)
def test_whatever_a_check_does_is_its_own_error(place: Path, nobody: str, code: str) -> None:
    """In every format, redacted too, and without what it held."""
    command = f"{forked()} {run_of(nobody)} --redact --format json"
    done = shell(place, command, packages=package(place, CHECK + code))

    assert (done.returncode, done.stderr) == (3, "")
    report = json.loads(done.stdout)
    (acme,) = [check for check in report["checks"] if check["id"] == "acme"]
    assert acme["status"] == "error", acme
    assert "hunter2" not in done.stdout + (place / "r.html").read_text()


@pytest.mark.parametrize(
    "what",
    ["float('nan')", "'\\ud800 \\x00'", "{1: 2}", "{'a': [b'x', {3}]}", "10 ** 30", "__import__('decimal').Decimal(1)"],
)
def test_odd_facts_that_can_be_written_are(place: Path, nobody: str, what: str) -> None:
    """They are no error."""
    code = CHECK + f"CHECKS = one(probe=lambda *_: Seen(what={what}))"
    done = shell(place, f"{forked()} {run_of(nobody)} --redact --format json", packages=package(place, code))

    (acme,) = [check for check in json.loads(done.stdout)["checks"] if check["id"] == "acme"]
    assert (done.returncode, done.stderr, acme["status"]) == (3, "", "pass")
    assert (place / "r.html").exists()


@pytest.mark.parametrize(
    "code",
    [
        "import no_such_module",
        "CHECKS = None",
        "from diagnose.rendering.renderer import Renderer\nCHECKS = Renderer(format='acme', suffixes=('.acme',), "
        "render=lambda *_: 1 / 0)",
    ],
)
def test_a_format_that_fails_costs_no_other(place: Path, nobody: str, code: str) -> None:
    """One sentence; the other files and standard output are written."""
    folder = package(place, code, group="diagnose.reports", name="acme")
    done = shell(place, f"{forked()} {run_of(nobody)} --report r.acme --format json", packages=folder)
    assert done.returncode == 2
    sentence(done.stderr)
    assert "acme" in done.stderr
    assert json.loads(done.stdout) == json.loads((place / "r.json").read_text())
    assert (place / "r.html").exists()

    done = shell(place, f"{forked()} {run_of(nobody)} --format acme", packages=folder)
    assert (done.returncode, done.stdout) == (2, "")
    sentence(done.stderr)
    assert (place / "r.json").exists()


# -- no threads

FEW_THREADS = """
import threading
left = {left}
start = threading.Thread.start
def some(self):
    global left
    left -= 1
    if left < 0:
        raise RuntimeError("can't start new thread")
    start(self)
threading.Thread.start = some
from diagnose.__main__ import main
main()
"""


@pytest.mark.parametrize("left", [0, 1, 2, 5, 13, 30])
def test_without_threads_there_is_a_report(place: Path, nobody: str, left: int) -> None:
    """However many start before the computer has no more: what could not run is in error, and nobody is blamed."""
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(FEW_THREADS.format(left=left))}"
    done = shell(place, f"{command} {run_of(nobody)} --format json")

    assert (done.returncode, done.stderr) == (3, "")
    report = json.loads(done.stdout)
    assert report["verdict"]["causes"] == [] or all(c["certainty"] == "possible" for c in report["verdict"]["causes"])
    assert (place / "r.html").exists()


@pytest.mark.parametrize("command", ["lab healthy --timeout 5", "lab --all", "browser --wait 1 --no-open --timeout 1"])
def test_commands_that_need_threads_say_so(place: Path, command: str) -> None:
    """In a sentence, and with no code that means a cause."""
    started = f"{shlex.quote(sys.executable)} -c {shlex.quote(FEW_THREADS.format(left=2))}"
    done = shell(place, f"{started} {command}")

    assert done.returncode in {2, 3}
    assert "Traceback" not in done.stderr


def test_without_processes_there_is_a_report(place: Path, nobody: str) -> None:
    """RLIMIT_NPROC counts threads, and binds nobody whose real user is root or who may exceed resource limits."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        lacking("root", excused=True)
    need(setpriv="util-linux", prlimit="util-linux")
    bound = "setpriv --ruid 54321 --bounding-set -sys_resource,-sys_admin prlimit --nproc=1:1"

    done = subprocess.run(
        [*shlex.split(bound), sys.executable, "-m", "diagnose", *shlex.split(run_of(nobody))], cwd=place,
        env=environment(place), capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (3, "")
    assert json.loads((place / "r.json").read_text())["verdict"]["exit_code"] == 3


# -- signals


@contextlib.contextmanager
def asked(place: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """A name server that never answers; and how to wait until it has been asked something."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.settimeout(PATIENCE)
        yield f"127.0.0.1:{silent.getsockname()[1]}", lambda: (silent.recv(4096), None)[1]


def started(place: Path, arguments: str, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "diagnose", *shlex.split(arguments)], cwd=place, env=environment(place),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more,
    )  # fmt: skip


ENDLESS = "corp.example --no-third-party --resolver {name_server} --timeout 600 --report r.json --report r.html"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("times", [1, 3])
def test_a_signal_leaves_the_reports(place: Path, number: signal.Signals, times: int) -> None:
    """Whole, however often it comes; what comes twice waits for nothing that is not a file."""
    with asked(place) as (name_server, wait):
        process = started(place, ENDLESS.format(name_server=name_server))
        wait()
        for _ in range(times):
            process.send_signal(number)
            time.sleep(0.01)
        out, err = process.communicate(timeout=PATIENCE)

    # a signal that comes when all is written and said ends the process by itself
    assert process.returncode == 130 or (times > 1 and process.returncode == -number)
    report = json.loads((place / "r.json").read_text())
    assert {check["status"] for check in report["checks"]} >= {"skip"}
    assert (place / "r.html").read_text().rstrip().endswith("</html>")
    assert "Traceback" not in err
    if times == 1:
        assert (out != "", err) == (True, "")
    else:
        assert err in {"", "diagnose: interrupted\n"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_for_nagios_ends_as_its_line_says(place: Path, number: signal.Signals) -> None:
    """No code is known to that ecosystem but its own four."""
    with asked(place) as (name_server, wait):
        process = started(place, ENDLESS.format(name_server=name_server) + " --format nagios")
        wait()
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, err) == (3, "")
    assert out.startswith("MAIL UNKNOWN: corp.example: ")
    assert json.loads((place / "r.json").read_text())["verdict"]["status"] == "inconclusive"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_programs_that_were_asked_end_with_it(place: Path, number: signal.Signals) -> None:
    """One that never answers, and what that has started."""
    folder = place / "bin"
    folder.mkdir()
    (folder / "gsettings").write_text("#!/bin/sh\nsleep 600 &\necho $$ $! >pids.new; mv pids.new pids\nwait\n")
    (folder / "gsettings").chmod(0o755)
    with asked(place) as (name_server, wait):
        environ = environment(place, PATH=f"{folder}:{os.environ['PATH']}", XDG_CURRENT_DESKTOP="GNOME")
        process = subprocess.Popen(
            [sys.executable, "-m", "diagnose", *shlex.split(ENDLESS.format(name_server=name_server))],
            cwd=place, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait()
        until = time.monotonic() + PATIENCE
        while not (place / "pids").exists() and time.monotonic() < until and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(number)
        process.wait(PATIENCE)
    assert (place / "pids").exists(), "the program was never asked for the proxies"
    pids = [int(word) for word in (place / "pids").read_text().split()]
    while any(map(_runs, pids)) and time.monotonic() < until:
        time.sleep(0.05)

    assert process.returncode in {1, 3, 130}  # it may be over before it is interrupted
    assert not any(map(_runs, pids))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_signal_that_is_ignored_stays_so(place: Path) -> None:
    """As nohup has it."""
    with asked(place) as (name_server, wait):
        process = started(
            place,
            f"corp.example --no-third-party --resolver {name_server} --timeout 3 --report r.json",
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
        )
        wait()
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=PATIENCE)

    assert process.returncode == 3


def test_a_reader_that_does_not_read_holds_nobody(place: Path) -> None:
    """Standard output is a pipe that is full: the files are there, and a signal ends the rest."""
    with asked(place) as (name_server, wait):
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"x" * 65536)
        os.set_blocking(writing, True)
        process = subprocess.Popen(
            [sys.executable, "-m", "diagnose", *shlex.split(ENDLESS.format(name_server=name_server))], cwd=place,
            env=environment(place), stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        os.close(writing)
        wait()
        process.send_signal(signal.SIGINT)
        until = time.monotonic() + PATIENCE
        while not (place / "r.html").exists() and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
        os.close(reading)

    assert process.returncode == 130
    assert json.loads((place / "r.json").read_text())["checks"]
    assert err == "diagnose: interrupted\n"


@pytest.mark.parametrize("command", ["explain -", "explain --jsonl -", "lab unreachable --timeout 60", "lab --all"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_every_command_ends_by_a_signal(place: Path, command: str, number: signal.Signals) -> None:
    """With 130, whatever it waits for."""
    with asked(place):
        process = subprocess.Popen(
            [sys.executable, "-m", "diagnose", *shlex.split(command)], cwd=place, env=environment(place),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        until = time.monotonic() + PATIENCE
        while not hears(process.pid) and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130, err
    assert "Traceback" not in err


def test_a_signal_while_gettext_itself_is_made_is_told_in_english(place: Path) -> None:
    """Nobody can translate yet."""
    (place / "gettext.py").write_text(f"import os\nos.kill(os.getpid(), {int(signal.SIGTERM)})\n")
    heard = "import sys\nfrom diagnose.process import ending\nending.hear()\n"
    code = heard + "sys.modules.pop('gettext', None)\nimport gettext"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=environment(place),
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "diagnose: interrupted\n")


@pytest.mark.parametrize("needed", ["locale", "re", "os", "struct"])
def test_a_signal_while_something_of_gettexts_is_made_is_told_in_english(place: Path, needed: str) -> None:
    """It would look up a translation by a module that is half made: a fault in telling of the interruption."""
    (place / "half.py").write_text(f"import os\nos.kill(os.getpid(), {int(signal.SIGTERM)})\n")
    code = f"""
import gettext, sys, types
from diagnose.process import ending
ending.hear()
gettext.bindtextdomain("diagnose", "/nowhere")
gettext.textdomain("diagnose")
def broken(*_): return getattr(types.ModuleType({needed!r}), "normalize")
gettext.find = gettext._expand_lang = broken
import half
"""

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=environment(place),
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "diagnose: interrupted\n")


def test_a_signal_while_a_module_is_made_leaves_no_folder(place: Path) -> None:
    """Of an estate that is up, which nobody takes down then."""
    (place / "half.py").write_text(f"import os\nos.kill(os.getpid(), {int(signal.SIGTERM)})\n")
    code = """
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.process import ending
ending.hear()
with Estate(SCENARIOS["healthy"]) as estate:
    assert estate.ca_file.exists()
    import half
"""
    folder = place / "temporary"
    folder.mkdir()

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=environment(place, TMPDIR=str(folder)),
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr, list(folder.iterdir())) == (130, "diagnose: interrupted\n", [])


WRAPPED = {
    "another in its place": "try: come()\nexcept KeyboardInterrupt as it: raise ValueError from it",
    "hidden": "try: come()\nexcept KeyboardInterrupt: raise ValueError from None",
    "as wrong usage": "try: come()\nexcept BaseException as it: raise click.UsageError('x') from it",
    "as what the system says": "try: come()\nfinally: raise OSError(4, 'Interrupted system call')",
    "on the way out": "with contextlib.ExitStack() as stack:\n stack.callback(int, 'x')\n come()",
    "in a group": "try: come()\nexcept BaseException as it: raise BaseExceptionGroup('x', [it])",
    "as an exit": "try: come()\nexcept BaseException: sys.exit(1)",
    "of a future": "f = Future()\ntry: come()\nexcept BaseException as it: f.set_exception(it)\nf.result()",
    "an object's end": "class End:\n def __del__(self): come()\none = End()\ndel one\nwait()",
    "a weak reference's": "class One: pass\none = One()\nref = weakref.ref(one, lambda _: come())\ndel one\nwait()",
    "long before": "try: come()\nexcept BaseException: pass\nraise KeyError",
}
"""What may become of an interruption."""
WRAPPING = """
import click, contextlib, queue, signal, sys, weakref
from concurrent.futures import Future
from diagnose import cli
from diagnose.__main__ import main
def come():
    signal.raise_signal({number})
def wait():
    queue.SimpleQueue().get(timeout=60)
def carried_out(*_):
{body}
    return 0
cli.{where} = carried_out
main()
"""


@pytest.mark.parametrize("where", ["_carried_out", "run"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("body", WRAPPED)
def test_an_interruption_stays_one_whatever_wraps_it(
    place: Path, body: str, number: signal.Signals, where: str
) -> None:
    lines = "".join(f"    {line}\n" for line in WRAPPED[body].splitlines())

    done = subprocess.run(
        [sys.executable, "-c", WRAPPING.format(body=lines, where=where, number=int(number))],
        cwd=place, env=environment(place), capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip

    told = "diagnose: interrupted\n" if where == "_carried_out" else ""
    assert (done.returncode, done.stdout, done.stderr) == (130, "", told)


LATE = """
import signal
from diagnose import __main__ as program
from diagnose.cli import carrying_out
write, set_ = carrying_out.write_reports, signal.signal
def come(): signal.raise_signal({number})
def written(*given):
    {while_writing}
    return write(*given)
def handled(number, handler):
    global set_here
    if handler is signal.SIG_DFL and set_here:
        set_here = False
        {at_the_end}
    return set_(number, handler)
set_here = True
carrying_out.write_reports = written
signal.signal = handled
program.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("while_writing", "at_the_end"), [("come()", "pass"), ("pass", "come()")])
def test_a_signal_that_comes_late_is_an_interruption_with_the_whole_report(
    place: Path, nobody: str, while_writing: str, at_the_end: str, number: signal.Signals
) -> None:
    """While reports are written, and right before a signal would end the process by itself."""
    code = LATE.format(number=int(number), while_writing=while_writing, at_the_end=at_the_end)
    done = shell(place, f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {run_of(nobody)} --format json")

    assert (done.returncode, done.stderr) == (130, "")
    assert json.loads(done.stdout) == json.loads((place / "r.json").read_text())


def test_an_interruption_before_there_is_a_report_is_unknown_to_nagios(place: Path) -> None:
    code = WRAPPING.format(body="    come()", where="_carried_out", number=int(signal.SIGTERM))

    done = subprocess.run(
        [sys.executable, "-c", code, "corp.example", "--format", "nagios"],
        cwd=place, env=environment(place), capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip

    told = "diagnose: interrupted\n"
    assert (done.returncode, done.stdout, done.stderr) == (3, "MAIL UNKNOWN: interrupted\n", told)


@pytest.mark.parametrize(
    "body", ["raise ValueError", "raise OSError(28, 'x')", "raise ExceptionGroup('x', [KeyError()])"]
)
@pytest.mark.parametrize("where", ["_carried_out", "run"])
def test_a_fault_without_a_signal_is_no_interruption(place: Path, body: str, where: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WRAPPING.format(body=f"    {body}", where=where, number=0)],
        cwd=place, env=environment(place), capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip

    assert done.returncode == (2 if "OSError" in body and where == "run" else 3)
    sentence(done.stderr)
    assert "interrupted" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_module_is_made_ends_the_process_at_once(place: Path, number: signal.Signals) -> None:
    """Nothing is thrown into the making of a module: those of extensions die of it."""
    (place / "slow.py").write_text(
        f"import os, pathlib, time\nos.kill(os.getpid(), {int(number)})\ntime.sleep(60)\npathlib.Path('late').touch()\n"
    )
    begun = "from diagnose.process import ending\nending.hear()\n"
    code = begun + "try:\n    import slow\nexcept BaseException:\n    print('thrown')"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=environment(place),
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "diagnose: interrupted\n")


def hears(pid: int) -> bool:
    """Whether the program itself runs: it has installed its handler of SIGTERM."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)
