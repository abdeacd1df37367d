"""`diagnose explain` as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from diagnose.explain.explain import precautions
from diagnose.knowledge.catalogue import catalogue
from diagnose.locale.language import LANGUAGES, Language, translation
from diagnose.replies.folding import LARGEST_REPLY

from .command_line import CommandLine

LOCKED = "lockout.account-locked"
DIAGNOSE = [sys.executable, "-m", "diagnose"]


def test_json_has_the_shape_of_the_contract(command: CommandLine) -> None:
    done = command("explain", "--format", "json", "--provider", "aliyun-qiye", "密码错误过多，请1小时后重试")

    assert (done.code, done.err) == (0, "")
    assert list(done.json) == ["causes", "matched", "outcome", "told_by", "provider", "elsewhere"]
    cause = done.json["causes"][0]
    assert list(cause) == ["id", "certainty", "title", "summary", "remedies"]
    assert cause["id"] == LOCKED
    assert list(cause["remedies"][0]) == ["fixer", "steps", "links", "further"]
    assert done.json["matched"]


def test_the_text_tells_the_likeliest_cause_in_full_and_names_the_others(command: CommandLine) -> None:
    done = command("explain", "LOGIN failed", "--provider", "qq", "--protocol", "imap")

    told = [line.strip() for line in done.out.splitlines()]
    assert done.code == 0
    assert told[0] == f"? {catalogue()['credentials.rejected'].title}"
    assert told[1].endswith("· credentials.rejected")
    assert told.index("What to do") < told.index("Other possible causes")
    assert any(line.startswith("1. ") for line in told)
    assert "possible · credentials.app-password-required" in told


@pytest.mark.parametrize(
    ("audience", "heading"),
    [("user", "What to do"), ("helpdesk", "What the help desk can do"), ("admin", "What the admin")],
)
def test_the_steps_are_those_of_the_audience(command: CommandLine, audience: str, heading: str) -> None:
    assert heading in command("explain", LOCKED, "--for", audience).out


def test_verbose_tells_everybodys_steps(command: CommandLine) -> None:
    done = command("explain", LOCKED, "--verbose")

    assert "What the help desk can do" in done.out
    assert "What the mail provider can do" in done.out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_verbose_tells_how_it_is_kept_away(command: CommandLine, lang: Language) -> None:
    translate = translation(lang)
    told, short = (
        "".join(command("explain", "绑定", "--lang", lang, *more).out.split()) for more in (["--verbose"], [])
    )

    for sentence in ("So that it does not happen again", *precautions("activation.binding-failed")):
        assert "".join(translate(sentence).split()) in told
    assert "".join(translate("So that it does not happen again").split()) not in short


@pytest.mark.parametrize(
    ("words", "outcome", "title"),
    [
        ("a1 OK LOGIN completed", "no-failure", "This text reports no failed login"),
        ("Your password has been changed successfully.", "no-failure", "This text reports no failed login"),
        ("451 4.4.2 Timeout - closing connection", "no-failure", "This text reports no failed login"),
        ("503 5.5.1 Already authenticated", "program-slip", "The mail program broke the rules"),
        ("a1 BAD Command not valid in this state", "program-slip", "The mail program broke the rules"),
        ("501 5.5.4 Invalid base64 data", "program-slip", "The mail program broke the rules"),
        ("the weather is fine", "unknown", "No cause of a failed login was found"),
        ("\u202e", "unknown", "No cause of a failed login was found"),
        ("--", "unknown", "No cause of a failed login was found"),
        ("{}", "unknown", "No cause of a failed login was found"),
    ],
)
def test_no_failure_a_programs_slip_and_what_is_not_known_are_told_apart(
    command: CommandLine, words: str, outcome: str, title: str
) -> None:
    arguments = ["explain", "--", words]
    told, shown = command(*arguments), command("explain", "--format", "json", "--", words)

    assert (told.code, shown.code) == (0, 0)
    assert title in told.out
    assert (shown.json["causes"], shown.json["outcome"]) == ([], outcome)


def test_who_gives_words_that_are_not_known_is_told_what_to_do_next(command: CommandLine) -> None:
    assert "diagnose causes" in command("explain", "the weather is fine").out


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("忘记密码", "credentials.rejected"),
        ("I forgot my password", "credentials.rejected"),
        ("收不到验证邮件", "activation.mail-not-received"),
        ("works on the phone, not in Outlook", "credentials.app-password-required"),
    ],
)
def test_a_plain_description_leads_to_causes_that_are_possible(command: CommandLine, words: str, cause: str) -> None:
    first = command("explain", "--format", "json", words).json["causes"][0]

    assert (first["id"], first["certainty"]) == (cause, "possible")


def test_a_misspelt_id_is_answered_with_the_right_one(command: CommandLine) -> None:
    assert LOCKED in command("explain", "lockout.acount-locked").out


@pytest.mark.parametrize(
    "reply", ["-ERR [AUTH] invalid user or password", "-ERR authentication failed", "-err Login failure."]
)
def test_a_pop3_reply_is_no_option(command: CommandLine, reply: str) -> None:
    assert command("explain", reply, "--format", "json").json["causes"][0]["id"] == "credentials.rejected"
    assert command("explain", "--format", "json", "--", reply).json["causes"][0]["id"] == "credentials.rejected"


def test_words_may_stand_without_quotation_marks(command: CommandLine) -> None:
    assert command("explain", "LOGIN", "failed").out == command("explain", "LOGIN failed").out


def test_standard_input_is_read_in_any_encoding(command: CommandLine) -> None:
    done = command("explain", "-", "--format", "json", stdin="a1 NO 密码错误".encode("gb18030"))

    assert done.json["causes"][0]["id"] == "credentials.rejected"


@pytest.mark.parametrize("arguments", [(), ("",), ("  \t",), ("-",), ("--format", "json")])
def test_without_a_text_there_is_nothing_to_explain(command: CommandLine, arguments: tuple[str, ...]) -> None:
    assert command.refused("explain", *arguments, stdin=b" \n") == "there is no text to explain."


@pytest.mark.parametrize(
    ("provider", "lang", "words"),
    [
        ("tuta", "en", "Tuta offers mail programs no IMAP"),
        ("hey", "zh-Hans", "HEY 不向邮件客户端提供 IMAP"),
        ("i-ua", "zh-Hant", "I.UA 不向郵件軟體提供 IMAP"),
    ],
)
def test_a_provider_without_imap_says_so_first(command: CommandLine, provider: str, lang: str, words: str) -> None:
    """No password helps there, so it stands before all that is told of passwords."""

    def summary(known: str) -> str:
        told = command("explain", "LOGIN failed", "--provider", known, "--lang", lang, "--format", "json")
        return str(told.json["causes"][0]["summary"])

    assert words in summary(provider)
    assert "IMAP" not in summary("systemli")


def test_an_unknown_provider_is_refused_and_one_that_replies_are_read_with_is_not(command: CommandLine) -> None:
    assert command.refused("explain", "x", "--provider", "gmial").endswith("did you mean gmail?")
    assert command("explain", "LOGIN failed", "--provider", "gmail").code == 0


@pytest.mark.parametrize(
    ("piece", "times"),
    [
        (b"LOGIN failed ", 800_000),
        (b"\x00", 10_000_000),
        (bytes(range(256)), 40_000),
        (b"\xe5\xaf\x86\xe7\xa0\x81", 1_700_000),
        (b"<", 10_000_000),
        (b"\x1b[2J\xe2\x80\xae", 1_400_000),
    ],
    ids=["words", "NUL", "binary", "Chinese", "tags", "escapes"],
)
def test_ten_megabytes_are_read_as_far_as_a_reply_may_go(command: CommandLine, piece: bytes, times: int) -> None:
    done = command("explain", "-", stdin=piece * times)

    assert done.code == 0
    assert done.err == f"Only the first {LARGEST_REPLY} bytes of the text are read.\n"
    assert not set("\x00\x1b\u202e") & set(done.out)


def test_what_a_server_said_is_shown_without_what_a_terminal_would_obey(command: CommandLine) -> None:
    done = command("explain", "-", stdin="a1 NO \x1b]0;x\x07\x9b2J \u202eLOGIN\u2066 failed\x00".encode())

    assert "Recognised in the text" in done.out
    assert not set("\x1b\x07\x9b\u202e\u2066\x00") & set(done.out)


def test_many_replies_are_answered_in_their_order(command: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "replies.jsonl"
    lines = [json.dumps({"id": number, "reply": "LOGIN failed"}) for number in range(5)]
    file.write_text("\n".join(lines), "utf-8")

    done = command("explain", "--jsonl", str(file))

    assert [json.loads(line)["id"] for line in done.out.splitlines()] == list(range(5))
    assert done.out == command("explain", "--jsonl", "-", stdin=file.read_bytes()).out


def test_what_was_answered_before_a_bad_line_stays(command: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "replies.jsonl"
    file.write_text('{"id": 1, "reply": "LOGIN failed"}\n\n{"id": 2}\n{"id": 3, "reply": ""}\n', "utf-8")

    done = command("explain", "--jsonl", str(file))

    assert done.code == 2
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == [1]
    assert done.err == f"diagnose: {file}, line 3: it is not a JSON object with “id” and “reply”.\n"


def test_a_file_that_cannot_be_read_is_named(command: CommandLine, tmp_path: Path) -> None:
    assert str(tmp_path / "no") in command.refused("explain", "--jsonl", str(tmp_path / "no"))
    assert str(tmp_path) in command.refused("explain", "--jsonl", str(tmp_path))
    assert "either" in command.refused("explain", "LOGIN failed", "--jsonl", "-")


def test_answers_come_while_replies_are_still_awaited() -> None:
    """As a process, through pipes: the first answer is there before the second reply is sent."""
    with subprocess.Popen(
        [*DIAGNOSE, "explain", "--jsonl", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(json.dumps({"id": number, "reply": "LOGIN failed"}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0


def test_bytes_of_the_command_line_are_read_as_they_are() -> None:
    """A terminal that speaks GBK, and a locale that does not."""
    done = subprocess.run([*DIAGNOSE, "explain", "--format", "json", "密码错误".encode("gbk")], capture_output=True)

    assert json.loads(done.stdout)["causes"][0]["id"] == "credentials.rejected"
    assert done.stderr == b""


def test_a_reader_that_goes_away_is_no_fault() -> None:
    lines = b'{"id": 1, "reply": "LOGIN failed"}\n' * 5_000
    with subprocess.Popen(
        [*DIAGNOSE, "explain", "--jsonl", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, complaint = process.communicate(lines)
    assert complaint == b""
