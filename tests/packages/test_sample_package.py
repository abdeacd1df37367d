"""A package of a company's own brings a cause, a reply, a provider, translations, a check and a format."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # its stubs are no dependency here
import pytest

import reports

from .conftest import Done, Run, process_in

ALICE = "alice@acme.example"
EXPLAIN = ("explain", "535 5.7.8 Error: authentication failed", "--format", "json")
DOWN, UP = {"ACME_VPN": "down"}, {"ACME_VPN": "up"}


@pytest.fixture
def nobody() -> tuple[str, ...]:
    """A run's options where no name server is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{one.getsockname()[1]}"
    return "--no-login", "--no-third-party", "--no-history", "--timeout", "2", "--resolver", address


@pytest.fixture(scope="module")
def without_package(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """What a reply is explained to be where no package is installed."""
    return process_in(tmp_path_factory.mktemp("nowhere"))(Path("/nowhere"), *EXPLAIN)


def test_the_cause_is_told_in_english(run: Run, built: Path, nobody: tuple[str, ...]) -> None:
    done = run(built, ALICE, *nobody, "--for", "helpdesk", "--format", "json", **DOWN)

    report = json.loads(done.out)
    jsonschema.validate(report, json.loads((Path(reports.__file__).parent / "report.schema.json").read_text("utf-8")))
    assert (done.code, done.err, report["subject"]["provider"]) == (1, "", "acme")
    (cause,) = [one for one in report["verdict"]["causes"] if one["impact"] == "blocks"]
    assert (cause["id"], cause["certainty"], cause["title"]) == (
        "acme.vpn-down", "confirmed", "Acme's VPN is not connected",
    )  # fmt: skip
    assert cause["evidence"][0]["text"] == "Acme Connect has no tunnel to gate.acme.example."
    assert [remedy["fixer"] for remedy in cause["remedies"]] == ["helpdesk", "user"]
    assert cause["remedies"][1]["steps"][-1] == f"Log in to {ALICE} again."
    stations = {station["name"]: station for station in report["path"]}
    assert list(stations)[:3] == ["computer", "network", "acme-vpn"]
    assert (stations["acme-vpn"]["title"], stations["acme-vpn"]["state"]) == ("Acme's VPN", "broken")


def test_the_cause_is_ruled_out_where_the_check_passes(run: Run, built: Path, nobody: tuple[str, ...]) -> None:
    report = json.loads(run(built, ALICE, *nobody, "--format", "json", **UP).out)

    assert "acme.vpn-down" in {one["id"] for one in report["verdict"]["ruled_out"]}
    assert {"name": "acme-vpn", "title": "Acme's VPN", "state": "ok"} in report["path"]
    assert "acme.vpn-down" not in {one["id"] for one in report["verdict"]["causes"]}


def test_the_cause_is_told_in_the_languages_that_the_package_speaks(
    run: Run, built: Path, nobody: tuple[str, ...]
) -> None:
    """In zh-Hans by its own catalogue, and where that lacks a step in English, as in zh-Hant, which it has not."""
    simplified = run(built, ALICE, *nobody, "--lang", "zh-Hans", "--verbose", **DOWN).folded
    assert "Acme 的 VPN 未连接" in simplified
    assert "启动 Acme Connect，用工号登录" in simplified
    assert "没有建立到 gate.acme.example 的隧道" in simplified
    assert "Look in the console of Acme Connect" in simplified

    traditional = run(built, ALICE, *nobody, "--lang", "zh-Hant", **DOWN).folded
    assert "Acme's VPN is not connected" in traditional
    assert "Start Acme Connect, sign in with your badge number" in traditional
    assert "原因" in traditional  # the rest is


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "The mailbox has no seat"), ("zh-Hans", "该邮箱没有席位"), ("zh-Hant", "The mailbox has no seat")],
)
def test_its_reply_is_explained(run: Run, built: Path, lang: str, said: str) -> None:
    done = run(built, "explain", "a1 NO Acme gatekeeper: no seat for alice", "--lang", lang)

    assert (done.code, done.err) == (0, "")
    assert "acme.no-seat" in done.out
    assert said in done.out


def test_a_reply_that_only_resembles_it_is_not(run: Run, built: Path) -> None:
    assert "acme.no-seat" not in run(built, "explain", "a1 NO Acme gatekeeper: no seal for alice").out


def test_what_is_built_in_is_read_as_before(run: Run, built: Path, without_package: Done) -> None:
    assert run(built, *EXPLAIN) == without_package


def test_the_other_commands_know_it(run: Run, built: Path) -> None:
    listed = run(built, "causes")
    assert (listed.code, listed.err) == (0, "")
    assert listed.out.index("network.offline") < listed.out.index("acme.vpn-down")
    assert "network.resolver-down" in run(built, "causes", "acme.vpn-down", "--lang", "zh-Hans").out
    assert [one["id"] for one in json.loads(run(built, "causes", "acme", "--format", "json").out)["causes"]] == [
        "acme.vpn-down", "acme.no-seat",
    ]  # fmt: skip
    for lang, name in (("en", "Acme's own mail"), ("zh-Hans", "Acme 自有邮箱"), ("zh-Hant", "Acme's own mail")):
        assert name in run(built, "providers", "acme", "--lang", lang).out
    assert "4711" in run(built, "providers", "acme").out
    assert run(built, "providers", "acne").code == 2


@pytest.mark.parametrize("name", ["report.acme", "report.acm", "REPORT.ACME"])
def test_its_suffixes_name_its_format(
    run: Run, built: Path, nobody: tuple[str, ...], tmp_path: Path, name: str
) -> None:
    done = run(built, ALICE, *nobody, "--report", name, "--quiet", **DOWN)

    assert (done.code, done.err) == (1, "")  # of what standard output shows, and not of a file
    assert (tmp_path / name).read_text() == "acme.example problem acme.vpn-down\n"


def test_an_unknown_suffix_is_refused_with_those_that_there_are(run: Run, built: Path) -> None:
    done = run(built, ALICE, "--report", "report.acne")

    assert (done.code, done.out) == (2, "")
    assert ".acme" in done.err
    assert ".html" in done.err


@pytest.mark.parametrize(("variables", "code", "status"), [(DOWN, 40, "problem"), (UP, 41, "inconclusive")])
def test_a_run_ends_in_the_code_of_its_format(
    run: Run, built: Path, nobody: tuple[str, ...], variables: dict[str, str], code: int, status: str
) -> None:
    done = run(built, ALICE, *nobody, "--format", "acme", **variables)

    assert (done.code, done.err) == (code, "")
    assert done.out.startswith(f"acme.example {status} ")


@pytest.mark.parametrize("code", ["lambda report: 256", "lambda report: -1", "lambda report: '1'", "len", "1"])
def test_an_exit_code_that_is_none_is_a_fault_of_the_format(
    run: Run, site: Path, nobody: tuple[str, ...], tmp_path: Path, code: str
) -> None:
    """Told in a sentence; what was to be written is."""
    module = site / "acme_diagnose" / "line.py"
    module.write_text(module.read_text().replace("lambda report: CODES[report.verdict.status]", code))
    done = run(site, ALICE, *nobody, "--format", "acme", "--report", "r.json", **DOWN)

    assert (done.code, done.out) == (2, "acme.example problem acme.vpn-down\n")
    assert done.err.count("\n") == 1
    assert "acme" in done.err
    assert json.loads((tmp_path / "r.json").read_text())


def test_a_built_in_suffix_stays_the_built_in_format(
    run: Run, site: Path, nobody: tuple[str, ...], tmp_path: Path
) -> None:
    module = site / "acme_diagnose" / "line.py"
    module.write_text(module.read_text().replace('(".acme", ".acm")', '(".json", ".acme")'))
    run(site, ALICE, *nobody, "--report", "r.json", "--report", "r.acme", "--quiet", **DOWN)

    assert json.loads((tmp_path / "r.json").read_text())["schema_version"] == 1
    assert (tmp_path / "r.acme").read_text().startswith("acme.example ")


MANY = "corp.example healthy -\ncorp.example problem dns.null-mx\n"


def test_the_reports_of_many_runs_are_written_in_its_format(
    run_of_two_scenarios: Run, built: Path, tmp_path: Path
) -> None:
    """Both to standard output and to a file; the exit code is that of the comparison, not the format's."""
    asked = ("--format", "acme", "--report", "all.acme", "--timeout", "90")
    done = run_of_two_scenarios(built, "lab", "--all", *asked, **UP)

    assert (done.code, done.out) == (0, MANY)
    assert (tmp_path / "all.acme").read_text() == MANY
    assert "2 agree, 0 disagree" in done.err


def test_its_format_without_a_form_for_many_is_refused_before_anything_is_run(
    run_of_two_scenarios: Run, site: Path, tmp_path: Path
) -> None:
    module = site / "acme_diagnose" / "line.py"
    module.write_text(module.read_text().replace("    render_many=render_many,\n", ""))
    for asked in (("--format", "acme"), ("--report", "all.acme")):
        done = run_of_two_scenarios(site, "lab", "--all", *asked)

        assert (done.code, done.out) == (2, "")
        assert done.err == (
            "diagnose: the format “acme” holds one report; "
            "those of many runs can be written as json, junit, markdown, openmetrics.\n"
        )
    assert not (tmp_path / "all.acme").exists()


BREAKAGES = {
    "a broken file": (
        "causes/acme.yaml",
        "  title: Acme's VPN is not connected\n",
        "  title: [\n",
        "causes/acme.yaml:4",
    ),
    "an unknown field": ("causes/acme.yaml", "  scope: account\n", "  scoop: account\n", "causes/acme.yaml:18"),
    "a built-in id": (
        "causes/acme.yaml",
        "id: acme.no-seat",
        "id: dns.no-mx",
        "'dns.no-mx' of 'acme' has the id of a built-in one, of causes/dns.yaml",
    ),
    "a built-in family": ("causes/acme.yaml", "id: acme.no-seat", "id: dns.acme-seat", "built-in family 'dns'"),
    "an id twice": ("causes/acme.yaml", "id: acme.no-seat", "id: acme.vpn-down", "has the id of one of 'acme'"),
    "an unknown station": ("causes/acme.yaml", "station: network", "station: attic", "causes/acme.yaml:8"),
    "no station": ("causes/acme.yaml", "  station: login\n", "", "has no station"),
    "an unknown consequence": ("causes/acme.yaml", "reach.timeout,", "reach.timeouts,", "explains 'reach.timeouts'"),
    "an unknown fact": ("causes/acme.yaml", "Log in to {address}", "Log in to {adress}", "{adress}"),
    "a placeholder that reaches": ("causes/acme.yaml", "{address}", "{address.__class__}", "placeholder"),
    "half a placeholder": ("causes/acme.yaml", "{address}", "{address", "placeholder"),
    "a placeholder in what keeps a cause away": (
        "causes/acme.yaml",
        "  station: network\n",
        "  station: network\n  prevention:\n  - Keep {address} connected.\n",
        "where nothing is filled in",
    ),
    "a reply of no cause": (
        "replies/signatures.yaml",
        "cause: acme.no-seat",
        "cause: acme.no-seal",
        "signatures.yaml:1: there is no cause named 'acme.no-seal'",
    ),
    "a reply that proves nothing": (
        "replies/signatures.yaml",
        "cause: acme.no-seat",
        "cause: acme.vpn-down",
        "no reply is a proof",
    ),
    "an unknown group of phrases": ("replies/signatures.yaml", "& no seat", "& {seat}", "replies/signatures.yaml:1"),
    "a provider without its name": ("providers/acme.yaml", "id: acme", "id: emca", "providers/acme.yaml:1"),
    "a domain of another's": (
        "providers/acme.yaml",
        "[acme.example]",
        "[acme.example, qq.com]",
        "yaml:6: qq.com is claimed by 'qq-mail' and by 'acme'",
    ),
    "no text in English": ("providers/acme.yaml", "  en: Acme's own mail\n", "", "providers/acme.yaml:3"),
}


@pytest.mark.parametrize("what", BREAKAGES)
def test_knowledge_that_cannot_be_used_is_left_out_and_told(
    run: Run, site: Path, without_package: Done, what: str
) -> None:
    """In one sentence that names package, file and line; everything else is as it was."""
    name, before, after, told = BREAKAGES[what]
    file = site / "acme_diagnose" / "knowledge" / name
    content = file.read_text("utf-8")
    assert before in content
    file.write_text(content.replace(before, after), "utf-8")

    done = run(site, *EXPLAIN)

    assert (done.code, done.out) == (0, without_package.out)
    assert done.err.startswith("diagnose: the knowledge of “acme” cannot be used: ")
    assert done.err.count("\n") == 1
    assert told in done.err
    assert f"{file}:" in done.err


def test_a_run_goes_on_without_it(run: Run, site: Path, nobody: tuple[str, ...]) -> None:
    """A check says so, and the package's own check, whose cause there is no more."""
    file = site / "acme_diagnose" / "knowledge" / "causes" / "acme.yaml"
    file.write_text("- id: [\n", "utf-8")
    done = run(site, ALICE, *nobody, "--format", "json", "--report", "r.html", **DOWN)

    report = json.loads(done.out)
    assert (done.code, done.err) == (3, "")
    assert {one["id"] for one in report["checks"] if one["status"] == "error"} == {"acme", "acme.knowledge"}
    assert report["subject"]["provider"] is None
    told = run(site, ALICE, *nobody, "--verbose", **DOWN).out
    assert "acme.yaml:2" in "".join(told.split())  # a long path is broken where the line ends


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant"])
def test_a_translation_with_other_placeholders_counts_as_none(
    run: Run, site: Path, nobody: tuple[str, ...], lang: str
) -> None:
    (compiled,) = site.rglob("acme.mo")
    content = compiled.read_bytes()
    assert b"{gateway} \xe7\x9a\x84" in content
    compiled.write_bytes(content.replace(b"{gateway} \xe7\x9a\x84", b"{gateday} \xe7\x9a\x84"))
    done = run(site, ALICE, *nobody, "--lang", lang, **DOWN)

    assert (done.code, done.err) == (1, "")
    assert "Acme Connect has no tunnel to gate.acme.example." in done.folded


def test_translations_that_cannot_be_read_are_told(run: Run, site: Path) -> None:
    (compiled,) = site.rglob("acme.mo")
    compiled.write_bytes(b"msgid")
    done = run(site, "causes", "--lang", "zh-Hans")

    assert (done.code, "acme.vpn-down" in done.out) == (0, False)
    assert f"{compiled}:1" in done.err


@pytest.mark.parametrize("value", ["acme_diagnose.nowhere", "nowhere.at.all", "acme_diagnose.vpn", "acme_diagnose"])
def test_an_entry_point_that_names_no_knowledge_is_told(run: Run, site: Path, value: str) -> None:
    (points,) = site.rglob("entry_points.txt")
    points.write_text(points.read_text().replace("acme_diagnose.knowledge", value))
    done = run(site, "providers")

    assert done.code == 0
    assert "“acme” cannot be used" in done.err
    assert done.err.count("\n") == 1


def test_of_two_packages_with_one_id_the_first_is_taken(run: Run, site: Path) -> None:
    """The other is left out as a whole, and named with the one that it is at odds with."""
    other = site / "zeta"
    (other / "causes").mkdir(parents=True)
    source = site / "acme_diagnose" / "knowledge" / "causes" / "acme.yaml"
    (other / "causes" / "zeta.yaml").write_text(
        source.read_text("utf-8").replace("acme.vpn-down", "zeta.vpn-down"), "utf-8"
    )
    (site / "zeta-1.dist-info").mkdir()
    (site / "zeta-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: zeta\nVersion: 1\n")
    (site / "zeta-1.dist-info" / "entry_points.txt").write_text("[diagnose.knowledge]\nzeta = zeta\n")
    done = run(site, "causes")

    assert (done.code, "acme.no-seat" in done.out, "zeta." in done.out) == (0, True, False)
    assert (
        "zeta.yaml:18: the cause 'acme.no-seat' of 'zeta' has the id of one of 'acme', of causes/acme.yaml" in done.err
    )
    assert done.err.count("\n") == 1
