"""One run of the command in the client namespace, and what must hold of every run."""

from __future__ import annotations

import base64
import html
import json
import math
import os
import signal
import subprocess
import sys
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jsonschema  # type: ignore[import-untyped]  # its stubs are no dependency here

from tests.pace import slowness
from tests.support.record_key import put_key

from .estate import Estate, Login
from .scenery import PASSWORD

SCHEMA = json.loads(Path(__file__, "../../../reports/report.schema.json").resolve().read_text(encoding="utf-8"))
VALID = jsonschema.Draft202012Validator(SCHEMA)
REPORTS = {"report.html", "report.txt"}
PROVEN = ("confirmed", "likely")
DEADLINE = 20  # seconds of an idle machine, given to every run that does not say otherwise
LONGEST = 120  # seconds, however slow the machine
OVERTIME = 1  # seconds of an idle machine, by the promise that a run ends within one second of its deadline


@dataclass(frozen=True)
class Run:
    """What came of it."""

    report: dict[str, Any]
    exit_code: int
    seconds: float
    slow: float
    """How many times slower than an idle machine this one was meanwhile, by `tests.pace`."""
    logins: list[Login]
    """What Dovecot saw meanwhile."""
    texts: dict[str, str]
    """Everything the run wrote, by where."""

    @property
    def causes(self) -> list[dict[str, Any]]:
        """The verdict's causes, root cause first."""
        found: list[dict[str, Any]] = self.report["verdict"]["causes"]
        return found

    def ended_within(self, seconds: float) -> bool:
        """Whether it took less than *seconds* of an idle machine."""
        return self.seconds < seconds * self.slow

    def outcomes(self) -> list[str]:
        """What became of the logins, in order."""
        return [login.outcome for login in self.logins]

    def proven(self, impact: Literal["blocks", "hinders"] | None = None) -> list[str]:
        """Ids of causes that are confirmed or likely."""
        return [
            cause["id"] for cause in self.causes if cause["certainty"] in PROVEN and impact in (None, cause["impact"])
        ]

    def told(self) -> str:
        """The run in a few lines, for a failed assertion."""
        causes = [f"{c['id']} ({c['certainty']}, {c['impact']}): {c['summary']}" for c in self.causes]
        checks = [
            f"{c['id']} {c['status']} {c['skipped_because'] or ''} {[f['cause'] for f in c['findings']]}"
            for c in self.report["checks"]
        ]
        ended = f"exit {self.exit_code} in {self.seconds:.1f} s, {self.report['verdict']['status']}"
        progress = self.texts["standard error"][-2000:]
        return "\n  ".join([ended, *causes, "--", *checks, f"{self.logins}", "--", progress])

    def assert_blocked_by(self, cause: str, *certainties: str) -> None:
        """The root cause is *cause*, confirmed unless told otherwise, and no other cause is said to block."""
        assert self.causes, self.told()
        assert self.causes[0]["id"] == cause, self.told()
        assert self.causes[0]["certainty"] in (certainties or ("confirmed",)), self.told()
        assert self.proven("blocks") == [cause], self.told()
        assert self.report["verdict"]["status"] == "problem", self.told()
        assert self.exit_code == 1, self.told()

    def assert_hindered_by(self, cause: str) -> None:
        """Logins work, and *cause* alone is in the way of something."""
        assert self.proven() == [cause], self.told()
        assert self.causes[0]["impact"] == "hinders", self.told()
        assert self.report["verdict"]["status"] == "healthy", self.told()
        assert self.exit_code == 0, self.told()

    def assert_healthy(self) -> None:
        """Nothing is wrong, and nothing is said to be."""
        assert self.proven() == [], self.told()
        assert self.report["verdict"]["status"] == "healthy", self.told()
        assert self.exit_code == 0, self.told()

    def assert_silent_about(self, password: str) -> None:
        """Nothing the run wrote holds *password*, however written."""
        users = {login.user for login in self.logins} | {self.report["subject"]["username"] or ""}
        for form in forms_of(password, users):
            for where, text in self.texts.items():
                assert form not in text, f"{where} gives the password away as {form!r}"


class Diagnose:
    """Runs ``diagnose`` as a person would, and checks the promises that hold for every run.

    *program*: the words that start it where its own time matters, by a limit or an interrupt, and *quickly* elsewhere.
    """

    program = sys.executable, "-m", "diagnose"

    def __init__(self, estate: Estate, directory: Path, quickly: tuple[str, ...] = program) -> None:
        self._estate = estate
        self._directory = directory
        self._quickly = quickly
        self.state = directory / "state"
        """Where the command keeps its record of failed tries, XDG_STATE_HOME."""

    def command(self, *args: str, timed: bool = False) -> list[str]:
        """The command line, in the client namespace. *timed*: how long it takes matters, from its very start."""
        return self._estate.client.command(*(self.program if timed else self._quickly), *args)

    def environment(self) -> dict[str, str]:
        """Environment variables: nothing of the person who runs the tests."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._directory),
            "XDG_STATE_HOME": str(self.state),
            "LC_ALL": "C.UTF-8",
            "OTHER_PASSWORD": PASSWORD,
        }

    def __call__(
        self,
        subject: str,
        *args: str,
        password: str | None = PASSWORD,
        timeout: int | None = None,
        resolver: str | None = "",
        history: bool = False,
        interrupt: bool = False,
    ) -> Run:
        """Run it to its end, or *interrupt* it once it waits for a connection.

        *timeout*: seconds, which a slow machine gets no more of; None: enough of them on any machine.
        *resolver* None leaves the choice to the system; *password* None gives none.
        """
        slow = slowness()
        timed = interrupt or timeout is not None
        timeout = math.ceil(min(DEADLINE * slow, LONGEST)) if timeout is None else timeout
        argv = [subject, *args, "--format", "json", "--timeout", str(timeout)]
        argv += ["--ca-file", str(self._estate.ca_file)]
        argv += [word for name in REPORTS for word in ("--report", str(self._directory / name))]
        argv += [] if resolver is None else ["--resolver", resolver or self._estate.resolver]
        argv += [] if password is None else ["--password-stdin"]
        argv += [] if history else ["--no-history"]
        if history:
            put_key(self.state)
        before = self._estate.logins()
        done, seconds, later = self._finished(self.command(*argv, timed=timed), password, timeout, interrupt=interrupt)
        assert done.stdout.startswith("{"), f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        texts = {"standard output": done.stdout, "standard error": done.stderr}
        files = [path for path in self._directory.rglob("*") if path.is_file()]
        texts |= {path.name: path.read_text(encoding="utf-8", errors="replace") for path in files}
        slow = max(slow, later, slowness())
        run = Run(json.loads(done.stdout), done.returncode, seconds, slow, self._new_logins(before), texts)
        VALID.validate(run.report)
        assert run.exit_code == (130 if interrupt else run.report["verdict"]["exit_code"]), run.told()
        assert run.seconds < timeout + OVERTIME * slow, run.told()
        assert texts.keys() >= REPORTS, run.told()
        assert interrupt or "error" not in {check["status"] for check in run.report["checks"]}, run.told()
        assert "--try-all" in args or run.outcomes().count("rejected") <= 1, run.told()
        if password is None:
            assert run.logins == [], run.told()
        else:
            run.assert_silent_about(password)
        return run

    def _finished(
        self, command: list[str], password: str | None, timeout: int, *, interrupt: bool
    ) -> tuple[subprocess.CompletedProcess[str], float, float]:
        """The ended process, the seconds it took from its start or the interrupt, and the slowness meanwhile."""
        given = self._directory / "given"
        given.write_text("" if password is None else f"{password}\n", encoding="utf-8")
        with given.open("rb") as secret:
            started = time.monotonic()
            process = subprocess.Popen(
                command, stdin=secret, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(), text=True
            )
        given.unlink()
        try:
            if interrupt:
                self._wait_for_connecting(process)
                started = time.monotonic()
                process.send_signal(signal.SIGINT)
            output, progress, slow = _outcome(process, time.monotonic() + timeout + 300)
        finally:
            process.kill()
        seconds = time.monotonic() - started
        return subprocess.CompletedProcess(command, process.returncode, output, progress), seconds, slow

    def _wait_for_connecting(self, process: subprocess.Popen[str]) -> None:
        """Until a check does: the first connection to a place may be older than the checks, a second one is theirs."""
        for _ in range(1000):
            waiting = self._estate.client.run("ss", "-Htn", "state", "syn-sent").splitlines()
            places = [line.split()[3] for line in waiting]
            if len(set(places)) < len(places) or process.poll() is not None:
                return
            time.sleep(0.02)
        raise AssertionError("the run never waited for a connection")

    def _new_logins(self, before: list[Login]) -> list[Login]:
        after = self._estate.logins()
        for one in before:
            after.remove(one)
        return after


def _outcome(process: subprocess.Popen[str], end: float) -> tuple[str, str, float]:
    """What it writes to standard output and standard error, and how slow the machine got while it ran."""
    slow = 1.0
    while time.monotonic() < end:
        try:
            return *process.communicate(timeout=1), slow
        except subprocess.TimeoutExpired:
            slow = max(slow, slowness())
    raise AssertionError("the run never ended")


def forms_of(password: str, users: set[str]) -> set[str]:
    """Every way in which *password* might stand in a text."""
    octets = password.encode()
    forms = {
        password,
        html.escape(password),
        html.escape(password, quote=False),
        urllib.parse.quote(password),
        urllib.parse.quote_plus(password),
        json.dumps(password)[1:-1],
        json.dumps(password, ensure_ascii=False)[1:-1],
        repr(octets)[2:-1],
        octets.hex(),
        octets.decode("latin-1"),
        *(base64.b64encode(f"\0{user}\0{password}".encode()).decode() for user in users),  # SASL PLAIN, RFC 4616
        *(base64.b64encode(f"{user}\0{user}\0{password}".encode()).decode() for user in users),
    }
    for before in range(3):  # base64 of a longer text holds it in one of three alignments
        encoded = base64.b64encode(b"\0" * before + octets).decode().rstrip("=")
        forms.add(encoded[(8 * before + 5) // 6 : 8 * (before + len(octets)) // 6])
    return forms
