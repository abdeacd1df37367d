"""Every snippet of docs/ci.md, of the README and of the composite action, run as it stands against the lab.

What a CI system does around the shell lines (variables, macros, folders) is done here as its documentation says.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import sysconfig
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports import nagios, openmetrics
from tests import machine
from tests.pace import patient
from tests.support import loaded

TOP = Path(__file__).parents[2]
README = (TOP / "README.md").read_text("utf-8")
DOCUMENT = (TOP / "docs" / "ci.md").read_text("utf-8")
ACTION = TOP / ".github" / "actions" / "diagnose" / "action.yml"
SECTIONS = {
    section.partition("\n")[0]: re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    for section in DOCUMENT.split("\n## ")[1:]
}
"""Heading to the blocks below it: language and content."""

Prepared = Callable[[list[str], str, Mapping[str, str]], Path]


def seconds() -> float:
    return min(patient(120.0), 900.0)


def run(words: list[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """*words* in *folder*, with all that they leave in the background ended after a while."""
    process = subprocess.Popen(
        words, cwd=folder, env={**environment}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        out, err = process.communicate(timeout=seconds())
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(words, process.returncode, out, err)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which pip installs this project from its source, without asking any index.

    What the project needs is taken from the packages that are here, the project itself is not.
    """
    folder = tmp_path_factory.mktemp("packages")
    for one in Path(sysconfig.get_path("purelib")).iterdir():
        if "mail_login_doctor" not in one.name and one.name not in {"pip", "__pycache__"}:
            (folder / one.name).symlink_to(one)
    python = folder / "bin"
    python.mkdir()
    (python / "python3").symlink_to(sys.executable)
    return {
        "PYTHONPATH": str(folder),
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it as: no isolation
        "PIP_NO_CACHE_DIR": "1",
        "MAIL_LOGIN_DOCTOR": str(TOP),
    }


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, installation: dict[str, str]) -> Prepared:
    """A folder in which lines that install have been run; systems that install in the same way share it."""
    folders: dict[str, Path] = {}

    def folder(shell: list[str], lines: str, environment: Mapping[str, str]) -> Path:
        if lines not in folders:
            place = tmp_path_factory.mktemp("prepared")
            done = run([*shell, "-c", lines], place, {**environment, **installation})
            assert done.returncode == 0, done.stdout + done.stderr
            folders[lines] = place
        return folders[lines]

    return folder


@pytest.fixture
def plain(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``diagnose`` and ``python3`` are found, and no settings of anybody's."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "diagnose").write_text(f'#!/bin/sh\nexec {shlex.join(loaded.command())} "$@"\n', "utf-8")
    (tools / "diagnose").chmod(0o755)
    (tools / "python3").symlink_to(sys.executable)
    return {
        "PATH": f"{tools}:{os.environ.get('PATH', os.defpath)}", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path),
        "SSL_CERT_FILE": os.environ["SSL_CERT_FILE"], "DIAGNOSE_CONFIG": "", "TMPDIR": str(tmp_path),
        "PYTHONPATH": str(TOP), "DIAGNOSE_TIMEOUT": f"{min(patient(30.0), 300.0):.0f}",
    }  # fmt: skip


@contextlib.contextmanager
def served(scenario: str, folder: Path, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The variables of a lab that is up, in place of a real domain's servers."""
    ready = folder / f"{scenario}.json"
    command = [sys.executable, "-m", "diagnose", "lab", "--serve", scenario, "-o", str(ready)]
    process = subprocess.Popen(command, env={**environment})
    try:
        until = time.monotonic() + seconds()
        while not ready.exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        yield json.loads(ready.read_text("utf-8"))["environment"]
    finally:
        process.terminate()
        process.wait(timeout=seconds())


Lab = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Variables by scenario: one in order, and one that fails what the snippets expect."""
    folder = tmp_path_factory.mktemp("lab")
    with served("healthy", folder, os.environ) as healthy, served("cert-expired", folder, os.environ) as broken:
        yield {"healthy": healthy, "cert-expired": broken}


both = pytest.mark.parametrize(("scenario", "code"), [("healthy", 0), ("cert-expired", 1)])


def only(section: str, language: str) -> str:
    (block,) = [content for name, content in SECTIONS[section] if name == language]
    return str(block)


def test_every_snippet_is_run_here() -> None:
    """A section that is new needs a test."""
    assert [(name, [language for language, _ in blocks]) for name, blocks in SECTIONS.items()] == [
        ("Without a domain of your own", ["sh"]),
        ("What is known already", ["sh"]),
        ("Many domains", ["sh", "sh"]),
        ("GitHub Actions", ["yaml"]),
        ("GitLab", ["yaml"]),
        ("Jenkins", ["groovy"]),
        ("Nagios, Naemon, Checkmk", ["nagios"]),
        ("Icinga 2", ["icinga"]),
        ("Prometheus, by the textfile collector", ["sh", "yaml"]),
        ("cron", ["crontab"]),
    ]


def test_the_exit_codes_are_those_of_the_formats() -> None:
    rows = re.findall(r"^\| (\d) \|[^|]*\| ([A-Z]+)", DOCUMENT, re.MULTILINE)
    assert {state: int(code) for code, state in rows} == nagios.CODES


# -- the lab in place of a domain


@pytest.mark.parametrize("block", [only("Without a domain of your own", "sh")], ids=["docs"])
def test_a_domain_and_an_account_are_checked_without_having_one(
    block: str, tmp_path: Path, plain: dict[str, str]
) -> None:
    done = run(["sh", "-e", "-c", block], tmp_path, plain)

    assert done.returncode == 0, done.stderr
    assert "Nothing that would block a login was found for corp.example" in done.stdout
    assert "The login of alice@corp.example works" in done.stdout


def test_the_readmes_domain_check_runs_and_looks_as_it_says(tmp_path: Path, plain: dict[str, str]) -> None:
    """The shape: lines with what differs from run to run (ports, numbers, line ends) taken out."""
    words, sample = re.search(  # type: ignore[union-attr]  # there or the test fails
        r"^## Check a domain\n.*?^```sh\n(.*?)^```$.*?^```text\n(.*?)^```$", README, re.MULTILINE | re.DOTALL
    ).groups()
    done = run(["sh", "-c", words], tmp_path, plain)

    def shape(shown: str) -> str:
        return " ".join(re.sub(r"\d+", "0", shown).split())

    assert shape(sample) == shape(done.stdout)


def test_a_baseline_makes_only_what_is_new_fail(tmp_path: Path, plain: dict[str, str], lab: Lab) -> None:
    done = run(["sh", "-e", "-c", only("What is known already", "sh")], tmp_path, {**plain, **lab["cert-expired"]})

    assert done.returncode == 0, done.stderr
    assert "Nothing new since" in done.stdout


@pytest.mark.parametrize(("scenario", "code"), [("healthy", 0), ("cert-expired", 1)])
def test_many_domains_in_one_job(tmp_path: Path, plain: dict[str, str], lab: Lab, scenario: str, code: int) -> None:
    """What is in the results is not run again, and the exit code is the same."""
    (once, _) = (content for name, content in SECTIONS["Many domains"] if name == "sh")
    first, then = once.strip().rpartition("\n")[::2]
    environment = {**plain, **lab[scenario]}
    assert run(["sh", "-c", first], tmp_path, environment).returncode == code
    before = (tmp_path / "results.jsonl").read_bytes()
    assert run(["sh", "-c", then], tmp_path, environment).returncode == code
    assert (tmp_path / "results.jsonl").read_bytes() == before
    assert len(ET.parse(tmp_path / "fleet.xml").getroot().findall(".//testcase")) == 1


def test_many_domains_again_and_again(tmp_path: Path, plain: dict[str, str], lab: Lab) -> None:
    (_, again) = (content for name, content in SECTIONS["Many domains"] if name == "sh")
    done = run(["sh", "-e", "-c", again], tmp_path, {**plain, **lab["cert-expired"]})

    assert done.returncode == 0, done.stderr
    assert 'diagnose_fleet_rows{status="problem"} 1' in (tmp_path / "fleet.prom").read_text("utf-8")


# -- CI systems


def on_github(words: Any, known: Mapping[str, str]) -> str:
    """*words* with ``${{ … }}`` put in, as the runner does it before a shell sees them."""
    return re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", lambda found: known[found[1]], str(words))


class Job:
    """A job of GitHub Actions, as far as a composite action sees it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.done = set[str]()
        """Steps without a result of their own, which one job does not need twice."""
        self.output, self.summary, temporary = folder / "output", folder / "summary", folder / "runner"
        temporary.mkdir()
        self.environment = {
            **environment, "GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary), "RUNNER_TEMP": str(temporary),
        }  # fmt: skip

    def use(self, action: Path, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the steps of *action* until one fails. Inputs that it does not declare are a mistake."""
        declared = yaml.safe_load(action.read_text("utf-8"))
        inputs = {name: str(one.get("default", "")) for name, one in declared["inputs"].items()}
        assert set(given) <= set(inputs)
        assert all(name in given for name, one in declared["inputs"].items() if one.get("required"))
        known = {f"inputs.{name}": value for name, value in {**inputs, **given}.items()}
        known["github.action_path"] = str(action.parent)
        assert declared["runs"]["using"] == "composite"
        for step in declared["runs"]["steps"]:
            assert "${{" not in step["run"], "what is put into a script is run by it"
            if step["name"] in self.done:
                continue
            variables = {name: on_github(value, known) for name, value in step.get("env", {}).items()}
            shell = {"bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]}[step["shell"]]
            done = run([*shell, step["run"]], self.folder, {**self.environment, **variables})
            if done.returncode:
                break
            if "id" not in step:
                self.done.add(step["name"])
        return done

    @property
    def outputs(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.output.read_text("utf-8").splitlines())


def of_workflow() -> dict[str, str]:
    """What the documented workflow gives the action."""
    workflow = yaml.safe_load(only("GitHub Actions", "yaml"))
    (step,) = workflow["jobs"]["mail"]["steps"]
    assert (TOP / step["uses"] / "action.yml").resolve() == ACTION
    return dict(step["with"])


def test_the_action_is_run_as_the_workflow_uses_it(
    tmp_path: Path, plain: dict[str, str], installation: dict[str, str], lab: Lab
) -> None:
    """Installed from this very source; then a fault, a baseline, and inputs that would be options or scripts."""
    machine.need(bash="bash")
    job = Job(tmp_path, {**plain, **installation, **lab["healthy"]})
    done = job.use(ACTION, of_workflow())
    assert done.returncode == 0, done.stdout + done.stderr
    assert job.outputs["exit-code"] == "0"
    reports = Path(job.outputs["reports"])
    assert {one.name for one in reports.iterdir()} == {"diagnose.json", "diagnose.xml", "diagnose.html"}
    held = {one["id"]: one["status"] for one in json.loads((reports / "diagnose.json").read_text("utf-8"))["checks"]}
    assert {held[f"expectation.{name}"] for name in ("mx", "certificates", "tls")} == {"pass"}
    assert "corp.example" in job.summary.read_text("utf-8")

    job.environment |= lab["cert-expired"]
    failed = job.use(ACTION, of_workflow())
    assert failed.returncode == 1
    assert job.outputs["exit-code"] == "1"
    assert "::error title=" in failed.stderr
    known = (reports / "diagnose.json").rename(tmp_path / "mail-baseline.json")
    assert job.use(ACTION, {**of_workflow(), "baseline": str(known)}).returncode == 0

    for hostile in ("--help", "$(touch pwned)", "`touch pwned`", "; touch pwned", '"; touch pwned; "'):
        refused = job.use(ACTION, {"domain": hostile, "expect": f"mx={hostile}"})
        assert refused.returncode == 2, refused.stdout
        assert not (tmp_path / "pwned").exists()


@both
def test_gitlab(
    plain: dict[str, str], installation: dict[str, str], prepared: Prepared, lab: Lab, scenario: str, code: int
) -> None:
    job = yaml.safe_load(only("GitLab", "yaml"))["mail"]
    environment = {**plain, **installation, **lab[scenario], "CI": "true"}
    folder = prepared(["sh", "-e"], "\n".join(job["before_script"]), environment)
    report = folder / job["artifacts"]["reports"]["junit"]
    report.unlink(missing_ok=True)
    done = run(["sh", "-e", "-c", "\n".join(job["script"])], folder, environment)

    assert done.returncode == code, done.stdout + done.stderr
    junit = ET.parse(report).getroot()
    assert (junit.get("failures") != "0") == bool(code)
    assert any("[expectation.mx]" in str(one.get("name")) for one in junit.iter("testcase"))


@both
def test_jenkins(
    plain: dict[str, str], installation: dict[str, str], prepared: Prepared, lab: Lab, scenario: str, code: int
) -> None:
    """Its last line checks, those before it install; it prints each as it is run."""
    pipeline = only("Jenkins", "groovy")
    assert pipeline.count("{") == pipeline.count("}")
    (script,) = re.findall(r"sh '''\n(.*?)'''", pipeline, re.DOTALL)
    (junit,) = re.findall(r"junit '([^']+)'", pipeline)
    *installing, checking = (line.strip() for line in script.strip().splitlines())
    environment = {**plain, **installation, **lab[scenario]}
    folder = prepared(["sh", "-xe"], "\n".join(installing), environment)
    (folder / junit).unlink(missing_ok=True)
    done = run(["sh", "-xe", "-c", checking], folder, environment)

    assert done.returncode == code, done.stdout + done.stderr
    assert (ET.parse(folder / junit).getroot().get("failures") != "0") == bool(code)


# -- monitoring


@pytest.mark.parametrize(
    ("scenario", "days", "code"), [("healthy", "21", 0), ("healthy", "3000", 2), ("cert-expired", "21", 2)]
)
def test_nagios(tmp_path: Path, plain: dict[str, str], lab: Lab, scenario: str, days: str, code: int) -> None:
    """Macros are put in before a shell reads the line; arguments are parted by ``!``."""
    config = only("Nagios, Naemon, Checkmk", "nagios")
    command, service = (
        dict(line.split(None, 1) for line in block.splitlines() if line.strip())
        for block in re.findall(r"define \w+ \{\n(.*?)\}", config, re.DOTALL)
    )
    name, *arguments = service["check_command"].split("!")
    assert name == command["command_name"]
    arguments[2] = days
    line = command["command_line"].replace("$USER1$", str(tmp_path / "bin"))
    for number, value in enumerate(arguments, 1):
        line = line.replace(f"$ARG{number}$", value)
    assert "$" not in line
    done = run(["sh", "-c", line], tmp_path, {**plain, **lab[scenario]})

    assert done.returncode == code, done.stdout
    assert done.stdout.startswith(f"MAIL {'OK' if code == 0 else 'CRITICAL'}: corp.example: ")


def test_icinga(tmp_path: Path, plain: dict[str, str], lab: Lab) -> None:
    """A command is a list of words: arguments in their order, keys before values unless they are skipped."""
    config = only("Icinga 2", "icinga")
    given: dict[str, Any] = {name: json.loads(value) for name, value in re.findall(r"vars\.(\w+) = (.+)", config)}
    (plugin,) = re.findall(r'command = \[ PluginDir \+ "/(\w+)" \]', config)
    rows: list[tuple[int, list[str]]] = []
    for key, plain_value, macro, rest in re.findall(
        r'^    "([^"]+)" = (?:"([^"]*)"|\{ value = "\$(\w+)\$"(.*) \})$', config, re.MULTILINE
    ):
        values = given[macro] if macro else [plain_value]
        order = int(found[1]) if (found := re.search(r"order = (-?\d+)", rest)) else 0
        each = [values] if isinstance(values, str) else values
        rows += [(order, [value] if "skip_key = true" in rest else [key, value]) for value in each]
    assert len(rows) == 5
    words = [str(tmp_path / "bin" / plugin), *(word for _, row in sorted(rows, key=lambda row: row[0]) for word in row)]
    done = run(words, tmp_path, {**plain, **lab["healthy"]})

    assert (done.returncode, done.stdout.partition(":")[0]) == (0, "MAIL OK"), done.stdout + done.stderr
    assert words[-1] == "corp.example"


@both
def test_the_textfile_collectors_script(
    tmp_path: Path, plain: dict[str, str], lab: Lab, scenario: str, code: int
) -> None:
    """Whether or not the mail works, the script has done its work; wrong usage is its own failure."""
    script = only("Prometheus, by the textfile collector", "sh")
    environment = {**plain, **lab[scenario], "TEXTFILE_FOLDER": str(tmp_path)}
    done = run(["sh", "-c", script], tmp_path, environment)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    written = (tmp_path / "corp.example.prom").read_text("utf-8")
    assert f'diagnose_exit_code{{subject="corp.example"}} {code}\n' in written
    assert run(["sh", "-c", script], tmp_path, {**environment, "TEXTFILE_FOLDER": "/nowhere"}).returncode == 1


def test_the_alerts_ask_for_metrics_that_there_are() -> None:
    (group,) = yaml.safe_load(only("Prometheus, by the textfile collector", "yaml"))["groups"]
    known = {one.name for one in openmetrics.METRICS}

    assert len(group["rules"]) == 3
    for rule in group["rules"]:
        assert set(rule) <= {"alert", "expr", "for"}
        named = set(re.findall(r"\bdiagnose_\w+", rule["expr"]))
        assert named
        assert named <= known


@both
def test_cron(tmp_path: Path, plain: dict[str, str], lab: Lab, scenario: str, code: int) -> None:
    """A line has five fields of time; a percent sign would end the command; what it prints is mailed."""
    *variables, line = only("cron", "crontab").splitlines()
    assert all(re.fullmatch(r"[A-Z]+=\S+", one) for one in variables)
    command = line.split(None, 5)[5]
    assert "%" not in command
    done = run(["/bin/sh", "-c", command], tmp_path, {**plain, **lab[scenario]})

    assert done.stderr == ""
    assert bool(done.stdout) == bool(code)
    assert not code or "tls.cert-expired" in done.stdout
