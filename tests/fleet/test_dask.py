"""Rows on the workers of a real scheduler, some of which are lost in the middle: what is run, and how often."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
import trustme
from distributed import Security

from diagnose.account.secret import Secret
from diagnose.cli import secrets
from diagnose.cli.fleet_secrets import on_worker
from diagnose.fleet import dask_engine
from diagnose.fleet.dask_connection import is_guarded
from diagnose.fleet.dask_engine import Dask
from diagnose.fleet.dask_worker import Order, Turns, carry_out_here
from diagnose.fleet.engine import EngineError
from diagnose.fleet.results import rows_in
from diagnose.fleet.rows import Row, RowError, SecretSource
from diagnose.fleet.tasks import Task, task_of
from diagnose.lab.account import Account
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import PASSWORD, SCENARIOS
from diagnose.model import Subject
from diagnose.running.interruption import Interruption
from diagnose.running.request import NetworkOptions, Request
from tests.fleet.cluster import Cluster, end
from tests.pace import patient

ROWS = 12
UNLIMITED = (
    *("--pace", "1000", "--host-connections", "1000", "--provider-connections", "1000"),
    *("--host-rate", "10000", "--provider-rate", "10000"),
)
"""Logins that are held up would otherwise hold up other rows."""
WRONG = "Tr0ub4dor-and-3"


class Gate:
    """Between a login that has come in and its answer."""

    def __init__(self) -> None:
        self.came = Counter[str]()
        """Logins, by the name in them."""
        self.opened = threading.Event()
        self._lock = threading.Lock()

    def passes(self, name: bytes) -> None:
        with self._lock:
            self.came[name.decode()] += 1
        self.opened.wait(patient(120))

    def wait_for(self, is_so: Callable[[Counter[str]], bool]) -> None:
        until = time.monotonic() + patient(60)
        while not is_so(self.came):
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """That all logins of an estate stand at; one that is never opened opens in the end."""
    made, log_in = Gate(), Account.log_in

    def held(account: Account, protocol: Any, name: bytes, password: bytes, *, encrypted: bool) -> bool:
        made.passes(name)
        return log_in(account, protocol, name, password, encrypted=encrypted)

    monkeypatch.setattr(Account, "log_in", held)
    yield made
    made.opened.set()


@pytest.fixture
def estate() -> Iterator[Estate]:
    with Estate(SCENARIOS["wrong-password"]) as up:
        yield up


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path, PW=WRONG, XDG_STATE_HOME=str(tmp_path / "workers")) as up:
        yield up


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_rows(tmp_path, *(f"user{number}@corp.example" for number in range(ROWS)))
    return tmp_path


def write_rows(place: Path, *addresses: str) -> None:
    lines = ["address,password_env", *(f"{address},PW" for address in addresses)]
    (place / "rows.csv").write_text("\n".join(lines) + "\n", "utf-8")


def begun(
    cluster: Cluster, estate: Estate, *words: str, engine: str = "dask", variables: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    place = cluster.place
    chosen = ("--engine", "dask", "--scheduler", cluster.url) if engine == "dask" else ("--engine", engine)
    return subprocess.Popen(
        [
            sys.executable, "-m", "diagnose", "fleet", "rows.csv", "--results", "out.jsonl", "-q",
            *chosen, "--resolver", estate.resolver or "", "--ca-file",
            str(estate.ca_file), "--no-third-party", "--timeout", "150", "--json", *UNLIMITED, *words,
        ],
        cwd=place, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "XDG_STATE_HOME": str(place / "here"), "DASK_CONFIG": str(place), "LC_ALL": "C.UTF-8",
             **(variables or {})},
    )  # fmt: skip


def over(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any], str]:
    """Exit code, summary, and what stands on standard error."""
    out, err = process.communicate(timeout=patient(150))
    return process.returncode, json.loads(out) if out else {}, err


def lines(place: Path) -> list[int]:
    return sorted(row.line for row in rows_in(place / "out.jsonl"))


def test_a_worker_that_is_killed_loses_no_row_and_repeats_no_login(
    cluster: Cluster, estate: Estate, place: Path, gate: Gate
) -> None:
    """Both workers of a computer have one record, by which the other one knows what was sent."""
    lost = cluster.worker()
    run = begun(cluster, estate)
    gate.wait_for(lambda came: came.total() >= 1)
    cluster.worker()
    end(lost)
    gate.opened.set()

    code, summary, err = over(run)
    assert (code, err, summary["rows"], summary["bad"]) == (1, "", ROWS, 0)
    assert lines(place) == list(range(2, ROWS + 2))
    assert gate.came == dict.fromkeys(gate.came, 1)
    kept = b"".join(file.read_bytes() for file in place.rglob("*") if file.is_file())
    assert WRONG.encode() not in kept  # neither in results, nor in records, nor in what Dask logs
    told = (place / "out.jsonl").read_text("utf-8")
    assert "credentials.rejected" in told
    assert "no answer to it is known, so it was not sent again" in told  # of those that the killed one had sent


def test_a_row_that_loses_two_computers_logs_in_twice_at_most(
    cluster: Cluster, estate: Estate, place: Path, gate: Gate
) -> None:
    """Each has a record of its own, so that it is the scheduler who knows."""
    write_rows(place, "user@corp.example")
    first = cluster.worker(XDG_STATE_HOME=str(place / "first"))
    run = begun(cluster, estate)
    gate.wait_for(lambda came: came.total() == 1)
    second = cluster.worker(XDG_STATE_HOME=str(place / "second"))
    end(first)
    gate.wait_for(lambda came: came.total() == 2)
    cluster.worker(XDG_STATE_HOME=str(place / "third"))
    end(second)

    code, summary, err = over(run)
    assert (code, err, summary["bad"]) == (3, "", 1)
    assert [row.bad for row in rows_in(place / "out.jsonl")] == [
        "the workers that ran it were lost, one after the other"
    ]
    assert gate.came.total() == 2


def test_what_one_computer_learns_of_an_account_the_next_one_knows(
    cluster: Cluster, estate: Estate, place: Path, gate: Gate
) -> None:
    """A password is sent once, though the row runs in two offices, on computers with records of their own."""
    gate.opened.set()
    write_rows(place, "user@corp.example")
    for label in ("Berlin", "Lima"):
        cluster.worker("--resources", f"{label}=1", XDG_STATE_HOME=str(place / label))

    code, summary, err = over(begun(cluster, estate, "--vantage", "Berlin", "--vantage", "Lima"))
    assert (code, err, summary["rows"], summary["bad"]) == (1, "", 2, 0)
    assert gate.came.total() == 1
    rows = [json.loads(line) for line in (place / "out.jsonl").read_text("utf-8").splitlines()]
    assert sorted(row["row"]["vantage"] for row in rows) == ["Berlin", "Lima"]
    assert [row["report"]["verdict"]["causes"][0]["id"] for row in rows] == ["credentials.rejected"] * 2
    assert [cause["grouping"] for cause in summary["causes"]] == ["account"]  # for both offices see it


def test_a_cause_in_one_office_alone_is_named_as_such(cluster: Cluster, place: Path) -> None:
    with Estate(SCENARIOS["healthy"]) as estate:
        write_rows(place, estate.address)
        cluster.worker("--resources", "Berlin=1", PW=PASSWORD)
        cluster.worker("--resources", "Lima=1")
        _code, summary, err = over(begun(cluster, estate, "--vantage", "Berlin", "--vantage", "Lima"))

    assert err == ""
    assert [(one["id"], one["grouping"], one["value"]) for one in summary["causes"]] == [
        ("credentials.rejected", "vantage", "Lima")
    ]
    assert {one["name"]: one["problems"] for one in summary["by_vantage"]} == {"Berlin": 0, "Lima": 1}


def test_an_interrupted_run_ends_at_once_and_goes_on(cluster: Cluster, estate: Estate, place: Path, gate: Gate) -> None:
    cluster.worker()
    run = begun(cluster, estate)
    gate.wait_for(lambda came: came.total() >= 1)
    run.send_signal(signal.SIGINT)
    code, summary, err = over(run)

    assert (code, summary["interrupted"]) == (130, True)
    assert err == "The same command with --resume goes on with the rows that are left.\n"
    gate.opened.set()
    code, summary, err = over(begun(cluster, estate, "--resume"))
    assert (code, err, summary["rows"]) == (1, "", ROWS)
    assert lines(place) == list(range(2, ROWS + 2))
    assert gate.came == dict.fromkeys(gate.came, 1)


def test_a_scheduler_that_is_lost_leaves_a_partial_result_that_says_so(
    cluster: Cluster, estate: Estate, place: Path, gate: Gate
) -> None:
    cluster.worker()
    run = begun(cluster, estate)
    gate.wait_for(lambda came: came.total() >= 1)
    end(cluster.scheduler)
    code, summary, err = over(run)

    assert (code, summary["interrupted"]) == (2, True)
    assert err == "diagnose: not all rows were run: the connection to the scheduler is gone.\n"


@pytest.mark.parametrize(
    ("words", "part"),
    [((), "the scheduler has no workers"), (("--vantage", "Berlin"), "no worker has the resource “Berlin”")],
)
def test_workers_that_are_not_there(
    cluster: Cluster, estate: Estate, place: Path, words: tuple[str, ...], part: str
) -> None:
    """Nothing is written then. One that has too little of a resource for a single row would be waited for in vain."""
    if words:
        cluster.worker("--resources", "Lima=1 Berlin=0.1")
    code, summary, err = over(begun(cluster, estate, *words))

    assert (code, summary, err) == (2, {}, f"diagnose: {part}.\n")
    assert not (place / "out.jsonl").exists()


def test_workers_that_do_not_come_back_end_the_run(
    cluster: Cluster, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was carried out before is there; and what is under way when it ends is not waited for."""
    monkeypatch.setattr(dask_engine, "GONE_SECONDS", 1.0)
    settings = Request(subject=Subject(domain=""), network=NetworkOptions(ca_file=place / "none.pem"))
    read = 0

    def rows() -> Iterator[Task]:
        nonlocal read
        for read in range(1, 400):
            yield task_of(Row(line=read, id=f"{read:024x}", subject=Subject(domain="corp.example")), settings)

    lost = cluster.worker()
    with Dask(cluster.url, on_worker, place / "here") as engine:
        found = engine.results(rows(), Interruption())
        first = next(found)
        assert read <= dask_engine.AHEAD * 4 + 1  # it has four threads: no further row is held anywhere
        end(lost)
        with pytest.raises(EngineError, match="the scheduler has no workers"):
            list(found)

    assert "none.pem" in (first.bad or "")


@pytest.mark.parametrize(
    ("address", "is_so"),
    [
        ("tls://scheduler.corp.example:8786", True),
        ("tls://192.0.2.1:8786", True),
        ("tcp://127.0.0.1:8786", True),
        ("tcp://127.8.8.8:8786", True),
        ("tcp://[::1]:8786", True),
        ("tcp://localhost:8786", True),
        ("tcp://192.0.2.1:8786", False),
        ("tcp://0.0.0.0:8786", False),
        ("tcp://[::]:8786", False),
        ("tcp://127.0.0.1.corp.example:8786", False),
        ("tcp://localhost.corp.example:8786", False),
        ("tcp://tls:8786", False),
    ],
)
def test_who_listens_on_loopback_or_speaks_tls_is_guarded(address: str, is_so: bool) -> None:
    assert is_guarded(address) is is_so


def test_a_scheduler_that_listens_everywhere_is_not_guarded(
    cluster: Cluster, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it is asked by way of loopback: what it says of itself counts. Without logins it may be."""
    monkeypatch.setattr(dask_engine, "is_guarded", lambda address: address != cluster.url)
    cluster.worker()
    with pytest.raises(EngineError, match="is not guarded"), Dask(cluster.url, on_worker, place / "here"):
        pass
    with Dask(cluster.url, on_worker, place / "here", logs_in=False) as engine:
        assert engine.threads == 4


def verdicts(place: Path) -> dict[str, Any]:
    rows = [json.loads(line) for line in (place / "out.jsonl").read_text("utf-8").splitlines()]
    (place / "out.jsonl").unlink()
    return {
        row["row"]["id"]: (
            row["row"], [cause["id"] for cause in row["report"]["verdict"]["causes"]],
            sorted((check["id"], check["status"]) for check in row["report"]["checks"]),
        )
        for row in rows
    }  # fmt: skip


def test_what_comes_back_is_what_the_threads_of_this_computer_find(cluster: Cluster, place: Path) -> None:
    with Estate(SCENARIOS["cert-expired"]) as estate:
        (place / "rows.csv").write_text("address,office\nalice@corp.example,Oslo\ncorp.example,Lima\n", "utf-8")
        cluster.worker()
        code, there, err = over(begun(cluster, estate))
        from_there = verdicts(place)
        local = over(begun(cluster, estate, engine="threads"))

    assert (code, err) == (1, "") == (local[0], local[2])
    assert from_there == verdicts(place)
    assert [one["value"] for one in there["causes"]] == [one["value"] for one in local[1]["causes"]]


def test_no_more_rows_of_one_provider_are_under_way_than_may_be() -> None:
    turns, entered, leaves = Turns(2), threading.Semaphore(0), threading.Semaphore(0)
    others = threading.Event()

    def one(house: str) -> None:
        with turns.of(house):
            entered.release()
            if house == "other":
                others.set()
            assert leaves.acquire(timeout=patient(20))

    threads = [threading.Thread(target=one, args=(house,)) for house in ("corp", "corp", "corp", "other")]
    for thread in threads:
        thread.start()
    assert others.wait(patient(20))
    assert [entered.acquire(timeout=patient(20)) for _ in range(3)] == [True] * 3
    assert not entered.acquire(blocking=False)
    for _ in threads:
        leaves.release()
    for thread in threads:
        thread.join(patient(20))
    assert entered.acquire(blocking=False)


def broken(_source: SecretSource) -> Secret | None:
    raise ZeroDivisionError


def test_a_fault_of_one_row_is_its_own_and_no_log_gets_the_row() -> None:
    """Dask logs what a call was made with when it raises something."""
    row = Row(
        line=1, id="0", subject=Subject(domain="corp.example", address="alice@corp.example"),
        secret=SecretSource(kind="environment", name="PW"),
    )  # fmt: skip
    task = task_of(row, Request(subject=Subject(domain="")))
    done = carry_out_here(Order(run="0", task=task, tries=None, resolve=broken))

    assert "ZeroDivisionError" in (done.result.bad or "")
    assert done.result.origin == task.origin


@pytest.mark.parametrize("kind", ["environment", "keyring"])
def test_a_secret_that_the_worker_has_not_is_named_and_none_is_kept(
    kind: Literal["environment", "keyring"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads it a second time finds it again: another run's rows may be the next."""
    monkeypatch.setenv("PW_A", "correct horse")
    monkeypatch.setenv("PW_NONE", "")
    monkeypatch.setattr("keyring.get_password", lambda _service, name: {"PW_A": "correct horse"}.get(name))
    for _ in range(2):
        found = on_worker(SecretSource(kind=kind, name="PW_A"))
        assert found is not None
        assert found.reveal() == "correct horse"
    assert secrets.without_secrets("correct horse") == "correct horse"  # which only hides what it holds
    with pytest.raises(RowError, match="password_env" if kind == "environment" else "password_keyring") as told:
        on_worker(SecretSource(kind=kind, name="PW_B"))
    assert "PW_B" not in str(told.value)  # it may be the password itself
    if kind == "environment":
        assert on_worker(SecretSource(kind=kind, name="PW_NONE")) is None


def test_over_tls_and_not_without_its_certificate(estate: Estate, tmp_path: Path) -> None:
    """Where the settings of Dask name none, that is what the one sentence says."""
    authority = trustme.CA()
    own, trusted = tmp_path / "own.pem", tmp_path / "ca.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(own))
    authority.cert_pem.write_to_path(str(trusted))
    variables = {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(trusted), "DASK_NOTE": "1or"}  # Python would warn of that
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        variables[f"DASK_DISTRIBUTED__COMM__TLS__{role}__CERT"] = str(own)
    security = Security(
        tls_ca_file=str(trusted), tls_client_cert=str(own), tls_client_key=str(own), require_encryption=True
    )
    write_rows(tmp_path, "user@corp.example")
    with Cluster(tmp_path, security, PW="wrong", XDG_STATE_HOME=str(tmp_path / "workers"), **variables) as cluster:
        cluster.worker()
        code, _summary, err = over(begun(cluster, estate))
        assert (code, err.count("\n")) == (2, 1)
        assert f"the scheduler {cluster.url} cannot be reached: TLS" in err
        code, summary, err = over(begun(cluster, estate, variables=variables))

    assert (code, err, summary["problems"]) == (1, "", 1)
    assert estate.logins_failed == {"imap": 1}


def test_a_worker_without_this_program_is_named_before_anything_runs(
    cluster: Cluster, estate: Estate, place: Path
) -> None:
    (place / "none").mkdir()
    (place / "none" / "sitecustomize.py").write_text("import sys\nsys.modules['diagnose'] = None\n", "utf-8")
    cluster.worker(PYTHONPATH=str(place / "none"))
    code, summary, err = over(begun(cluster, estate))

    assert (code, summary, err.count("\n")) == (2, {}, 1)
    assert "the workers cannot run rows: ModuleNotFoundError" in err


def test_a_worker_of_another_version_is_named(cluster: Cluster, estate: Estate, place: Path) -> None:
    """What it sends back may be of another shape."""
    (place / "other").mkdir()
    (place / "other" / "sitecustomize.py").write_text("import diagnose\ndiagnose.__version__ = '0.0'\n", "utf-8")
    cluster.worker(PYTHONPATH=str(place / "other"))
    code, summary, err = over(begun(cluster, estate))

    assert (code, summary, err.count("\n")) == (2, {}, 1)
    assert "has version 0.0 of this program, and here is" in err
