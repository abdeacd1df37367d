"""A scheduler of Dask and workers of it on loopback, each a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from distributed import Client, Security

from tests.pace import patient


class Cluster:
    """A scheduler, and the workers that are started for it; use as a context manager."""

    def __init__(self, place: Path, security: Security | None = None, **variables: str) -> None:
        """*security*: of this process; the others are told of it. *variables* of the environment, of all of them."""
        self.place = place
        self._security = security
        self._variables = variables
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Cluster:
        told = self.place / "scheduler.json"
        self.scheduler = self._begun(
            "dask_scheduler",
            "--port",
            "0",
            "--protocol",
            "tls" if self._security else "tcp",
            "--scheduler-file",
            str(told),
        )
        until = time.monotonic() + patient(60)
        while not told.exists() or not told.read_bytes().strip().endswith(b"}"):
            assert self.scheduler.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        self.url: str = json.loads(told.read_text("utf-8"))["address"]
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def worker(self, *words: str, **variables: str) -> subprocess.Popen[bytes]:
        """One more worker, once the scheduler knows it. It has four threads."""
        with Client(self.url, security=self._security, set_as_default=False, timeout=patient(30)) as client:
            before = set(client.scheduler_info(n_workers=-1)["workers"])
            process = self._begun(
                "dask_worker", self.url, "--no-nanny", "--nthreads", "4", *words, **variables,
            )  # fmt: skip
            until = time.monotonic() + patient(60)
            while set(client.scheduler_info(n_workers=-1)["workers"]) <= before:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
        return process

    def _begun(self, module: str, *words: str, **variables: str) -> subprocess.Popen[bytes]:
        log = self._stack.enter_context((self.place / f"{module}.log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", "--host", "127.0.0.1", *words],
            cwd=self.place, stdout=log, stderr=log,
            env={**os.environ, "DASK_CONFIG": str(self.place), "LC_ALL": "C.UTF-8", **self._variables, **variables},
        )  # fmt: skip
        self._stack.callback(end, process)
        return process


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill *process*, as a computer that is switched off."""
    process.kill()
    process.wait(timeout=patient(20))
