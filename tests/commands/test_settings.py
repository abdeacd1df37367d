"""Settings in files and the environment: what goes before what, what is wrong in one sentence, and what it changes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given as cases
from hypothesis import strategies as st
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows

import diagnose
from diagnose.cli import carrying_out, main_job, settings
from diagnose.comparison.replay import replayed
from diagnose.model.report import Contact, Report
from diagnose.model.saved import machine_readable
from diagnose.running.request import Presentation
from tests.reports.samples import wrong_password

from .command_line import CommandLine

ROOT = Path(diagnose.__file__).parents[1]
UNUSABLE = "127.0.0.1:9"
"""Where no name server is."""


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's file, which is not there yet; the one of all people is that of `site`."""
    monkeypatch.delenv("DIAGNOSE_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", f"{tmp_path / 'site'}:{tmp_path / 'further'}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return file_in(tmp_path / "home")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return file_in(tmp_path / "site")


def file_in(folder: Path) -> Path:
    file = folder / "mail-login-doctor" / "diagnose.toml"
    file.parent.mkdir(parents=True)
    return file


def in_force(command: CommandLine, *arguments: str) -> dict[str, dict[str, Any]]:
    done = command("config", "--json", *arguments)
    assert (done.code, done.err) == (0, "")
    return {one["name"]: one for one in done.json["settings"]}


# -- what goes before what


def test_the_environment_goes_before_the_person_before_the_computer(
    command: CommandLine, user: Path, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write_text('timeout = 10\nlang = "zh-Hant"\nhelp-desk = "of all"\nstrict = true\n')
    file_in(tmp_path / "further").write_text('timeout = 11\nfor = "admin"\n')
    user.write_text('lang = "en"\nhelp-desk = "mine"\n')
    monkeypatch.setenv("DIAGNOSE_HELP_DESK", "of this shell")

    found = in_force(command)

    told = {name: (one["value"], one["source"]) for name, one in found.items() if one["source"] != "default"}
    assert told == {
        "help-desk": ("of this shell", "environment"),
        "lang": ("en", "file"),
        "for": ("admin", "file"),
        "strict": (True, "file"),
        "timeout": (10, "file"),
    }
    assert (found["lang"]["file"], found["lang"]["line"]) == (str(user), 1)
    assert (found["timeout"]["file"], found["strict"]["line"]) == (str(site), 4)


def test_the_command_line_goes_before_all(command: CommandLine, user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user.write_text('lang = "zh-Hant"\n')
    monkeypatch.setenv("DIAGNOSE_LANG", "zh-Hans")

    assert "All about" in command("causes", "--lang", "en").out
    monkeypatch.delenv("DIAGNOSE_LANG")
    assert "All about" not in command("causes").out


def test_the_language_of_the_file_is_that_of_help_and_errors(command: CommandLine, user: Path) -> None:
    user.write_text('lang = "zh"\n')

    assert "示例" in command("--help").out
    assert "没有" in command("causes", "no-such").err


def test_a_variable_names_a_file_that_is_read_alone(
    command: CommandLine, user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.write_text("timeout = 10\n")
    own = tmp_path / "company.toml"
    own.write_text("strict = true\n")
    monkeypatch.setenv("DIAGNOSE_CONFIG", str(own))

    found = in_force(command)

    assert (found["timeout"]["source"], found["strict"]["source"]) == ("default", "file")
    monkeypatch.setenv("DIAGNOSE_CONFIG", "")
    assert in_force(command)["strict"]["source"] == "default"


def test_without_settings(command: CommandLine, user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user.write_text("timeout = 10\n")
    monkeypatch.setenv("DIAGNOSE_STRICT", "1")

    assert {one["source"] for one in in_force(command, "--no-config").values()} == {"default"}
    user.write_text("nonsense")
    assert command("causes", "--no-config").code == 0


def test_the_page_names_value_place_and_files(command: CommandLine, user: Path, site: Path) -> None:
    user.write_text('# ours\nhelp-desk = "IT, ext. 4711"\n')

    out = command("config").out

    assert '"IT, ext. 4711"' in out
    assert "diagnose.toml:2" in "".join(out.split())
    assert "".join(f"not there {site}".split()) in "".join(out.split())


# -- what they do


def test_settings_become_the_request(command: CommandLine, user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each as its option would have it; a path is read from the file's folder."""
    user.write_text(
        'ca-file = "ca/company.pem"\nresolver = "192.0.2.53"\nprovider = "exmail"\nno-third-party = true\n'
        'timeout = 5\nskip = ["web", "tls"]\nhelp-desk = " IT,\\n4711 "\nstatus-page = "https://status.corp.example/"\n'
        'imap = "mail.corp.example:993"\nfor = "helpdesk"\nno-history = true\n'
    )
    asked = list[Any]()

    def carry_out(request: Any, _given: Any) -> int:
        asked.append(request)
        return 0

    monkeypatch.setattr(carrying_out, "carry_out", carry_out)

    assert command("alice@corp.example", "--no-login", "--timeout", "7").code == 0
    (request,) = asked
    assert request.network.ca_file == user.parent / "ca" / "company.pem"
    assert request.network.nameserver.address == "192.0.2.53"
    assert request.discovery.provider
    assert not request.discovery.third_party
    assert [one.host for one in request.discovery.services] == ["mail.corp.example"]
    assert (request.seconds, request.selection.skip, request.history) == (7, ("web", "tls"), None)
    assert request.presentation.audience == "helpdesk"
    assert request.presentation.contact == Contact(help_desk="IT, 4711", status_page="https://status.corp.example/")


def test_the_report_names_help_desk_and_page_and_a_step_does(command: CommandLine, user: Path) -> None:
    """Of a server that does not answer: look at the organisation's own page."""
    user.write_text('help-desk = "IT, ext. 4711"\nstatus-page = "https://status.corp.example/"\n')

    done = command(
        "alice@corp.example", "--no-login", "--imap", "imaps://127.0.0.1:9", "--resolver", UNUSABLE,
        "--no-third-party", "--only", "reach", "--json",
    )  # fmt: skip

    report = done.json
    assert report["contact"] == {
        "help_desk": "IT, ext. 4711", "status_page": "https://status.corp.example/", "documentation": None,
    }  # fmt: skip
    steps = [step for cause in report["verdict"]["causes"] for remedy in cause["remedies"] for step in remedy["steps"]]
    assert "Look at https://status.corp.example/, where your organisation tells what is down." in steps


def test_without_such_a_page_no_step_is_about_it(command: CommandLine, user: Path) -> None:
    out = command(
        "alice@corp.example", "--no-login", "--imap", "imaps://127.0.0.1:9", "--resolver", UNUSABLE,
        "--no-third-party", "--only", "reach", "--json",
    ).out  # fmt: skip

    assert "your organisation tells" not in out
    assert json.loads(out)["verdict"]["causes"]


def test_a_saved_report_judged_elsewhere_has_changed_in_nothing(command: CommandLine, user: Path) -> None:
    """Whoever judges it may have another contact; what was saved is compared as it was saved."""
    user.write_text('status-page = "https://status.corp.example/"\n')
    done = command(
        "corp.example", "--imap", "imaps://127.0.0.1:9", "--resolver", UNUSABLE, "--no-third-party", "--only", "reach",
        "--json",
    )  # fmt: skip
    saved = msgspec.json.decode(done.out, type=Report)

    other = Contact(status_page="https://elsewhere.example/")
    for presentation in (Presentation(), Presentation(contact=other), Presentation(lang="zh-Hans", contact=other)):
        again = replayed(saved, presentation)
        assert again.replay is not None
        assert again.replay.changes == ()
        assert again.contact == (presentation.contact or saved.contact)


def test_a_hostile_contact_stays_a_word(command: CommandLine, user: Path, tmp_path: Path) -> None:
    """Of whoever wrote the settings, but of nobody's page."""
    told = '<script>alert(1)</script> ]]> " | `x` --> 4711'
    user.write_text(f"help-desk = '{told}'\nstatus-page = 'https://status.corp.example/?a=b&c'\n")
    saved = tmp_path / "saved.json"
    saved.write_text(machine_readable(wrong_password()), "utf-8")
    files = {name: tmp_path / f"report.{name}" for name in ("html", "md", "xml", "json", "txt", "prom")}

    done = command("replay", str(saved), *(word for file in files.values() for word in ("--report", str(file))))

    assert done.code == 1
    assert json.loads(files["json"].read_text("utf-8"))["contact"]["help_desk"] == told
    assert "<script>alert(1)" not in files["html"].read_text("utf-8")
    assert "4711" in files["html"].read_text("utf-8")
    assert r"\<script>alert(1)\</script>" in files["md"].read_text("utf-8")


def test_the_folder_of_nobody(command: CommandLine, user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user.write_text('ca-file = "~nobody-is-called-so/ca.pem"\n')
    assert str(in_force(command)["ca-file"]["value"]).endswith("/~nobody-is-called-so/ca.pem")
    monkeypatch.setenv("DIAGNOSE_CONFIG", "~nobody-is-called-so/diagnose.toml")
    assert "is not there" in command.refused("config")


def test_what_a_command_has_no_option_for_does_not_disturb_it(command: CommandLine, user: Path) -> None:
    """A company's resolver is nothing to a catalogue; its provider is something to a reply."""
    user.write_text('resolver = "192.0.2.53"\ntimeout = 3\nprovider = "exmail"\nstrict = true\nquiet = true\n')

    assert command("causes", "tls").code == 0
    assert command("explain", "LOGIN failed").code == 0
    assert command("lab", "--list").code == 0
    assert command("password-check", "--password-stdin", stdin=b"Zq7#mlowe!x\n").code in {0, 1}


# -- what is wrong


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        ('resolvr = "192.0.2.1"', 1, "did you mean resolver?"),
        ('lang = "en"\nhelpdesk = "x"', 2, "did you mean help-desk?"),
        ("no_third_party = true", 1, "did you mean no-third-party?"),
        ("\n\nfrobnicate = 1", 3, "diagnose config lists"),
        ('[diagnose]\nlang = "en"', 1, "there is no setting “diagnose”"),
        ('try-all = true', 1, "there is no setting “try-all”"),
        ('"a b\\u0007" = 1', None, "there is no setting “a b?”"),
        ('password = "hunter2-s3cret"', 1, "--keyring"),
        ('imap-Passwd = "hunter2-s3cret"', 1, "--keyring"),
        ('access-token = "hunter2-s3cret"', 1, "--keyring"),
        ('imap = "imaps://alice:hunter2-s3cret@mail.corp.example"', 1, "imap: a URL may not hold"),
        ('status-page = "https://alice:hunter2-s3cret@status.corp.example"', 1, "a URL may not hold"),
        ('timeout = "soon"', 1, "timeout: the value has to be a number"),
        ("timeout = true", 1, "has to be a number"),
        ("timeout = 0", 1, "timeout: “0” is not a number from 1 to 3600"),
        ("timeout = 0x" + "f" * 9_000, 1, "timeout: “inf” is not a number from 1 to 3600"),
        ("timeout = nan", 1, "timeout: “nan” is not a number"),
        ('no-third-party = "yes"', 1, "true or false, without quotes"),
        ("no-third-party = 1", 1, "true or false"),
        ("lang = true", 1, "a text in quotes"),
        ("lang = 1", 1, "a text in quotes"),
        ('lang = "tlh"', 1, "lang: “tlh”"),
        ('for = "boss"', 1, "for: “boss”"),
        ('provider = "no-such-provider"', 1, "no-such-provider"),
        ('resolver = "dns.corp.example"', 1, "not an IP address"),
        ("ca-file = ['a.pem']", 1, "a text in quotes"),
        ("skip = [1]", 1, "a list of texts"),
        ("skip = {a = 1}", 1, "a list of texts"),
        ('status-page = "status.corp.example"', 1, "not the address of a web page"),
        ('status-page = "javascript:alert(1)"', 1, "not the address of a web page"),
        ("status-page = 'https://status.corp.example/\"<b>'", 1, "not the address of a web page"),
        ('status-page = "https://["', 1, "not the address of a web page"),
        ('help-desk = ""', 1, "one line"),
        (f'help-desk = "{"x" * 201}"', 1, "up to 200 characters"),
        ('help-desk = "a\\u202eb"', 1, "one line"),
        ('lang = "en', 1, "this is not TOML"),
        ("lang: en", 1, 'a setting looks like lang = "en"'),
        ('lang = "en"\nlang = "zh"', 2, "this is not TOML"),
        ('\nca-file = "C:\\Users\\alice\\ca.pem"', 2, "between single quotes"),
        ("x = " + "[" * 100_000, None, ""),
        ("timeout = " + "9" * 10_000, None, ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_with_file_and_line(
    content: str, line: int | None, told: str, command: CommandLine, user: Path
) -> None:
    user.write_text(content, "utf-8")

    sentence = command.refused("alice@corp.example", "--no-login", "--resolver", UNUSABLE)

    assert sentence.startswith(str(user))
    assert told in sentence
    assert line is None or f", line {line}: " in sentence
    assert "s3cret" not in sentence
    assert command.refused("config").startswith(str(user))


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        ('lang = "en"\nskip = ["web", "tlss"]', 2, "skip: no check or family is called “tlss”; did you mean tls"),
        ('skip = "expectation.tsl"', 1, "skip: no check or family is called “expectation.tsl”; did you mean"),
        ('skip = ["xyzzy"]', 1, "skip: no check or family is called “xyzzy”; there are"),
        ('\nca-file = "missing.pem"', 2, "ca-file: "),
        ('ca-file = "diagnose.toml"', 1, "holds no certificate in PEM form."),
        ('ca-file = "."', 1, "ca-file: "),
    ],
)
def test_what_shows_to_be_wrong_once_it_is_used_names_file_and_line_too(
    content: str, line: int, told: str, command: CommandLine, user: Path
) -> None:
    user.write_text(content, "utf-8")

    sentence = command.refused("alice@corp.example", "--no-login", "--resolver", UNUSABLE)
    assert sentence.startswith(f"{user}, line {line}: ")
    assert told in sentence


def test_fleet_and_browser_name_the_line_of_authorities_too(command: CommandLine, user: Path, tmp_path: Path) -> None:
    user.write_text('ca-file = "missing.pem"\n')
    rows = tmp_path / "rows.csv"
    rows.write_text("domain\ncorp.example\n")

    for arguments in (("fleet", str(rows)), ("browser", "--no-open", "--resolver", UNUSABLE)):
        assert command.refused(*arguments).startswith(f"{user}, line 1: ca-file: ")


def test_a_variable_that_shows_to_be_wrong_once_it_is_used_is_named(
    command: CommandLine, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIAGNOSE_SKIP", "web tlss")
    assert command.refused("corp.example").startswith("DIAGNOSE_SKIP: skip: no check or family is called “tlss”")
    monkeypatch.setenv("DIAGNOSE_SKIP", "")
    monkeypatch.setenv("DIAGNOSE_CA_FILE", "/nowhere/ca.pem")
    assert command.refused("corp.example").startswith("DIAGNOSE_CA_FILE: ca-file: /nowhere/ca.pem cannot be read")


def test_what_the_command_line_says_instead_is_no_matter_of_the_file(command: CommandLine, user: Path) -> None:
    user.write_text('skip = ["tlss"]\nca-file = "missing.pem"\n')

    assert command.refused("corp.example", "--skip", "web", "--ca-file", "/other.pem").startswith("/other.pem cannot")
    assert command.refused("corp.example", "--skip", "logins").startswith("no check or family is called “logins”")


def test_other_texts_than_utf_8(command: CommandLine, user: Path) -> None:
    """As editors on Windows save them; a mark of UTF-8 at the beginning is none."""
    user.write_bytes('timeout = 9\nhelp-desk = "信息部"\n'.encode("gbk"))
    assert "line 2: the text is not in UTF-8" in command.refused("causes")
    user.write_bytes('lang = "en"\n'.encode("utf-16"))
    assert "not in UTF-8" in command.refused("causes")
    user.write_bytes("\ufefftimeout = 9\r\n".encode())
    assert in_force(command)["timeout"]["value"] == 9


def test_a_file_that_cannot_be_read(command: CommandLine, user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user.mkdir()
    assert command.refused("causes").startswith(str(user))
    monkeypatch.setenv("DIAGNOSE_CONFIG", "/dev/zero")
    assert "/dev/zero cannot be read" in command.refused("causes")
    monkeypatch.setenv("DIAGNOSE_CONFIG", str(user.parent / "nobody.toml"))
    assert "DIAGNOSE_CONFIG names the file" in command.refused("causes")


def test_a_file_without_end(command: CommandLine, user: Path) -> None:
    user.write_bytes(b"# \n" * 400_000)
    assert "too large" in command.refused("causes")


@pytest.mark.parametrize(
    ("variable", "word", "told"),
    [
        ("DIAGNOSE_TIMEOUT", "soon", "DIAGNOSE_TIMEOUT: timeout: “soon” is not a number from 1 to 3600"),
        ("DIAGNOSE_NO_THIRD_PARTY", "perhaps", "DIAGNOSE_NO_THIRD_PARTY: no-third-party: 'perhaps'"),
        ("DIAGNOSE_FOR", "boss", "DIAGNOSE_FOR: for: “boss”"),
    ],
)
def test_a_variable_that_cannot_be_used(
    variable: str, word: str, told: str, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, word)
    assert command.refused("alice@corp.example", "--no-login", "--resolver", UNUSABLE).startswith(told)


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("DIAGNOSE_TIMOUT", "did you mean DIAGNOSE_TIMEOUT?"),
        ("DIAGNOSE_CAFILE", "did you mean DIAGNOSE_CA_FILE?"),
        ("DIAGNOSE_no_third_party", "did you mean DIAGNOSE_NO_THIRD_PARTY?"),
        ("DIAGNOSE_XYZZY", "diagnose config"),
        ("DIAGNOSE_TRY_ALL", "diagnose config"),
    ],
)
def test_a_variable_that_no_option_has_is_told_once(
    variable: str, told: str, command: CommandLine, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And stops nothing."""
    monkeypatch.setenv(variable, "5")
    done = command("explain", "535 authentication failed")

    assert done.code == 0
    assert [line for line in done.err.splitlines() if variable in line and told in line] == done.err.splitlines()
    assert done.err


@pytest.mark.parametrize(
    ("variable", "arguments"),
    [
        ("DIAGNOSE_TIMEOUT", ()),
        ("DIAGNOSE_PASSWORD", ()),  # for --password-env, or a fleet's column
        ("DIAGNOSE_MAILBOX", ("--seen=x", "--password-env=DIAGNOSE_MAILBOX")),
        ("DIAGNOSIS_TIMOUT", ()),
        ("DIAGNOSE_TIMOUT", ("--no-config",)),
    ],
)
def test_of_other_variables_nothing_is_said(
    variable: str, arguments: tuple[str, ...], user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "5")

    assert settings.of_computer(["alice@corp.example", *arguments]).unheeded == ""


def test_a_variable_takes_back_what_a_file_switches_on(
    command: CommandLine, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.write_text("no-third-party = true\n")
    monkeypatch.setenv("DIAGNOSE_NO_THIRD_PARTY", "0")
    monkeypatch.setenv("DIAGNOSE_SKIP", "web tls")

    found = in_force(command)

    assert (found["no-third-party"]["value"], found["skip"]["value"]) == (False, ["web", "tls"])


def test_help_is_had_whatever_the_file_says(command: CommandLine, user: Path) -> None:
    user.write_text("nonsense")

    assert command("--help").code == 0
    assert command("causes", "--help").code == 0


def test_what_goes_before_a_wrong_value_makes_it_good(command: CommandLine, user: Path, site: Path) -> None:
    site.write_text('for = "boss"\n')
    user.write_text('for = "admin"\n')

    assert in_force(command)["for"]["value"] == "admin"


@pytest.mark.parametrize(
    ("word", "value"),
    [("1", "person"), ("true", "person"), ("strict", "strict"), ("person", "person"), ("0", None), ("no", None)],
)
def test_a_switch_that_may_have_a_value_is_one_in_a_variable_too(
    command: CommandLine, user: Path, monkeypatch: pytest.MonkeyPatch, word: str, value: str | None
) -> None:
    user.write_text("redact = true\n")
    monkeypatch.setenv("DIAGNOSE_REDACT", word)

    assert in_force(command)["redact"]["value"] == value


@pytest.mark.parametrize(("word", "value"), [("true", "person"), ("false", None), ('"strict"', "strict")])
def test_such_a_switch_stands_in_a_file_as_true_false_or_its_value(
    command: CommandLine, user: Path, site: Path, word: str, value: str | None
) -> None:
    site.write_text("redact = true\n")
    user.write_text(f"redact = {word}\n")

    assert in_force(command)["redact"]["value"] == value


@cases(st.text(max_size=200))
def test_any_text_is_settings_or_one_sentence(content: str) -> None:
    """Never a fault of ours."""
    told = "diagnose.toml"
    try:
        dict(settings._settings_in(Path("diagnose.toml"), content))
    except settings.SettingsError as error:
        told = error.message
    assert told.startswith("diagnose.toml")
    assert told.isprintable()


# -- the list of settings


def test_the_documentation_s_files_can_be_used(command: CommandLine, user: Path) -> None:
    for page in (ROOT / "README.md", ROOT / "docs" / "settings.md"):
        (example,) = re.findall(r"^```toml\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        user.write_text(example, "utf-8")
        set_ = [one for one in in_force(command).values() if one["source"] == "file"]
        assert len(set_) == len(re.findall(r"^[a-z]", example, re.MULTILINE))


def test_the_files_of_other_systems_are_where_the_documentation_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the classes that name folders there; only what the system would be asked is put in."""
    folders = {"CSIDL_LOCAL_APPDATA": "%LOCALAPPDATA%", "CSIDL_COMMON_APPDATA": "%PROGRAMDATA%"}
    monkeypatch.setattr("platformdirs.windows.get_win_folder", folders.__getitem__)
    monkeypatch.setenv("HOME", "/home/alice")
    for name in ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
        monkeypatch.delenv(name, raising=False)
    told = (ROOT / "docs" / "settings.md").read_text("utf-8")
    for system, kind in (("Linux", Unix), ("macOS", MacOS), ("Windows", Windows)):
        dirs = kind(settings.FOLDER, appauthor=False)
        for folder in (dirs.user_config_dir, dirs.site_config_dir):
            file = f"{folder}/{settings.FILE_NAME}".replace("/home/alice", "~")
            assert f"{system} `{file if system != 'Windows' else file.replace('/', chr(92))}`" in told


def test_the_documentation_names_every_setting() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(re.findall(r"`([a-z0-9-]+)`", " ".join(rows))) == sorted(settings.SETTABLE)


def test_every_setting_is_an_option_of_the_main_job() -> None:
    """And none of those that are consent to one run, or say where its secret comes from."""
    options = settings.options_of(main_job.COMMAND)
    assert tuple(options) == settings.SETTABLE
    assert not {"try-all", "send-again", "password-env", "seen", "output"} & options.keys()
