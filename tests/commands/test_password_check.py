"""`diagnose password-check`: the rules, the strength, and that nothing of the password is told."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
import time

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diagnose.account.password_rules import LONGEST_JUDGED, PasswordDemand, judge_rules, judge_strength
from diagnose.providers import Provider, all_providers, provider
from diagnose.providers.schema import PasswordPolicy, Words

from .command_line import CommandLine

ACCOUNT = "alice@corp.example"
GOOD = "Tr0ub4dor&3-zebra"


def states(password: str, policy: PasswordPolicy, account: str | None = ACCOUNT) -> dict[str, str]:
    """What becomes of each rule."""
    return {rule.name: rule.state for rule in demands(password, policy, account)}


def demands(password: str, policy: PasswordPolicy, account: str | None = ACCOUNT) -> tuple[PasswordDemand, ...]:
    named = Words(en="Acme", zh_hans="Acme", zh_hant="Acme")
    return tuple(judge_rules(password, Provider(id="acme", names=named, password_policy=policy), account))


@pytest.mark.parametrize(
    ("password", "state"),
    [("a" * 7, "broken"), ("a" * 8, "kept"), ("密" * 7, "broken"), ("密" * 8, "kept"), ("😀" * 8, "kept")],
)
def test_fewest_characters(password: str, state: str) -> None:
    assert states(password, PasswordPolicy(min=8)) == {"min": state}


@pytest.mark.parametrize(("password", "state"), [("a" * 64, "kept"), ("a" * 65, "broken"), ("密" * 64, "kept")])
def test_most_characters(password: str, state: str) -> None:
    assert states(password, PasswordPolicy(max=64)) == {"max": state}


@pytest.mark.parametrize(
    ("password", "kinds"),
    [
        ("abc", 1),
        ("abcD", 2),
        ("abcD1", 3),
        ("abcD1!", 4),
        ("ABC", 1),
        ("12", 1),
        ("!~", 1),
        ("密码", 0),
        ("aé", 1),
        ("a b", 1),
    ],
)
def test_kinds_of_characters(password: str, kinds: int) -> None:
    for required in range(1, 5):
        state = "kept" if kinds >= required else "broken"
        assert states(password, PasswordPolicy(classes_required=required)) == {"classes_required": state}


def test_only_the_kinds_that_count_are_counted() -> None:
    policy = PasswordPolicy(classes_required=2, classes=("upper", "digit"))

    assert states("abc!D", policy) == {"classes_required": "broken"}
    assert states("7bc!D", policy) == {"classes_required": "kept"}


@pytest.mark.parametrize(
    ("password", "account", "state"),
    [
        ("xALICEx1", "alice@corp.example", "broken"),
        ("xalice", "alice", "broken"),
        ("xbobx", "alice@corp.example", "kept"),
        ("corp.example", "alice@corp.example", "kept"),
        ("alice", None, "unknown"),
        ("alice", "li@corp.example", "unknown"),
    ],
)
def test_the_account_name(password: str, account: str | None, state: str) -> None:
    assert states(password, PasswordPolicy(not_contain_account=True), account) == {"not_contain_account": state}


def test_earlier_passwords_cannot_be_known() -> None:
    assert states(GOOD, PasswordPolicy(history=3)) == {"history": "unknown"}


@pytest.mark.parametrize(("number", "words"), [(1, "not the present password"), (3, "none of the last 3 passwords")])
def test_one_earlier_password_is_the_present_one(number: int, words: str) -> None:
    (demand,) = demands(GOOD, PasswordPolicy(history=number))
    assert demand.demand.render(str) == words


def test_no_rules_are_made_up() -> None:
    assert states("", PasswordPolicy(note="Ask your administrator.")) == {}


def test_a_rule_is_as_unsure_as_the_file_says() -> None:
    rules = judge_rules(GOOD, provider("aliyun-qiye"), ACCOUNT)

    assert {rule.name for rule in rules if rule.unsure} == {"history"}


@pytest.mark.parametrize(
    ("password", "weakness"),
    [
        ("password1", "common_password"),
        ("qwertyuiop[]", "keyboard"),
        ("aaaaaaaaaaaa", "repeat"),
        ("abcdefgh", "sequence"),
        ("19840312", "date"),
        ("alice", "personal"),
    ],
)
def test_what_makes_a_password_weak(password: str, weakness: str) -> None:
    found = judge_strength(password, ("alice", ""))

    assert found.score < 3
    assert weakness in found.weaknesses


def test_a_strong_password_has_no_weakness() -> None:
    assert judge_strength("kV9#xq2Lw!zR7m").score == 4
    assert judge_strength("kV9#xq2Lw!zR7m").weaknesses == ()


def test_only_the_beginning_of_a_long_password_is_judged() -> None:
    assert judge_strength("a" * 1_000_000) == judge_strength("a" * LONGEST_JUDGED)


@pytest.mark.parametrize(
    "piece", ["4@8({[<369&#!1/|7+$50z2%", "p4@$$w0rd", "ab", "20", "\ud800", "密", "\x00", "qwerty", "1|l!"]
)
def test_no_password_takes_long(piece: str) -> None:
    started = time.process_time()
    judge_strength(piece * 100_000)

    assert time.process_time() - started < 20


@settings(max_examples=150, deadline=None)
@given(password=st.text(min_size=6, max_size=80), known=st.sampled_from(list(all_providers())))
@example(password="secret", known=provider("zoho"))
def test_nothing_of_the_password_is_in_the_answer(password: str, known: Provider) -> None:
    """The same answer is given to passwords of the same kind, so it tells none of them apart."""
    rules = judge_rules(password, known, ACCOUNT)
    strength = judge_strength(password)

    assert all(isinstance(rule, PasswordDemand) for rule in rules)
    told = {word for rule in rules for word in rule.demand.args.values()}
    policy = known.password_policy
    assert told <= {
        policy.min,
        policy.max,
        policy.classes_required,
        policy.history,
        *(w for w in told if isinstance(w, tuple)),
    }
    assert set(msgspec.to_builtins(strength)) == {"score", "weaknesses"}


@pytest.mark.parametrize(
    ("password", "code"),
    [(GOOD, 0), ("short", 1), ("alllowercase", 1), (f"Alice-{GOOD}", 1), ("Password1!", 0), ("x" * 65, 1)],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_exit_codes_and_silence(command: CommandLine, password: str, code: int, form: str) -> None:
    arguments = ["--provider", "aliyun-qiye", "--account", ACCOUNT, "--password-stdin", "--format", form]
    done = command("password-check", *arguments, stdin=password.encode() + b"\nnever read\n")

    assert done.code == code
    assert done.err == ""
    for part in (password, password.lower(), password[::-1], "Tr0ub4dor", "zebra", "never read"):
        assert part not in done.out


def test_json_tells_each_rule_with_its_sources(command: CommandLine) -> None:
    done = command(
        "password-check", "--provider", "aliyun-qiye", "--password-stdin", "--format", "json", stdin=b"short\n"
    )

    assert done.json["fits"] is False
    assert {rule["rule"]: rule["state"] for rule in done.json["rules"]} == {
        "min": "broken",
        "max": "kept",
        "classes_required": "broken",
        "not_contain_account": "unknown",
        "history": "unknown",
    }
    assert all(source["ref"] and source["checked"] for source in done.json["sources"])


def test_without_published_rules_the_strength_alone_counts(command: CommandLine) -> None:
    done = command("password-check", "--provider", "gmx", "--password-stdin", stdin=b"a\n")

    assert done.code == 0
    assert "has published no rules" in done.out
    assert "Strength" in done.out


def test_what_is_missing_is_said(command: CommandLine) -> None:
    assert "--provider" in command.refused("password-check", "--password-stdin", stdin=b"x\n")
    assert "did you mean" in command.refused("password-check", "--provider", "aliyun-qie", "--password-stdin")
    assert "no password" in command.refused("password-check", "--provider", "gmx", "--password-stdin", stdin=b"\n")
    assert "--password-stdin" in command.refused("password-check", "--provider", "gmx")


def test_at_a_terminal_it_is_asked_for_without_echo() -> None:
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "diagnose", "password-check", "--provider", "gmx", "--lang", "en"]
    with subprocess.Popen(
        command, stdin=slave, stdout=subprocess.PIPE, stderr=slave, start_new_session=True
    ) as process:
        os.close(slave)
        seen = b""
        while b"New password" not in seen:
            seen += os.read(master, 1024)
        os.write(master, GOOD.encode() + b"\n")
        assert process.stdout is not None
        answer = process.stdout.read()
    with os.fdopen(master, "rb", buffering=0) as end, contextlib.suppress(OSError):  # Linux's way to say that it ended
        seen += end.read(4096) or b""

    assert process.returncode == 0
    assert GOOD.encode() not in seen + answer
    assert b"Strength" in answer


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "By default it has to be changed after 42 days"),
        ("zh-Hans", "默认 42 天后要修改密码"),
        ("zh-Hant", "預設 42 天後要變更密碼"),
    ],
)
def test_how_long_a_password_lasts(command: CommandLine, lang: str, words: str) -> None:
    asked = ("password-check", "--password-stdin", "--lang", lang)

    assert words in command(*asked, "--provider", "exchange-onprem", stdin=GOOD.encode()).out
    assert "42" not in command(*asked, "--provider", "google", stdin=GOOD.encode()).out
    assert command(*asked, "--provider", "exchange-onprem", "--json", stdin=GOOD.encode()).json["valid_days"] == 42
    assert command(*asked, "--provider", "google", "--json", stdin=GOOD.encode()).json["valid_days"] is None


@pytest.mark.parametrize(
    ("name", "facts", "told"),
    [
        ("google", {"length": 16, "shown_once": True, "ends_with_password": True}, ["只显示一次", "应用专用密码"]),
        ("netease-qiye", {"length": 16, "shown_once": True}, ["只显示一次", "授权码"]),
        ("icloud", {"length": 16, "format": "xxxx-xxxx-xxxx-xxxx"}, ["xxxx-xxxx-xxxx-xxxx"]),
        ("qq-mail", {"length": 16, "ends_with_password": True}, ["授权码", "修改登录密码后失效"]),
        ("ovh", {}, []),
    ],
)
def test_what_is_known_of_app_passwords(
    command: CommandLine, name: str, facts: dict[str, object], told: list[str]
) -> None:
    asked = ("password-check", "--provider", name, "--password-stdin", "--lang", "zh-Hans")
    page = command(*asked, stdin=GOOD.encode()).out
    found = command(*asked, "--json", stdin=GOOD.encode()).json["app_password"]

    assert facts.items() <= {one["field"].rpartition(".")[2]: one["value"] for one in found}.items()
    assert all(one["sources"] and one["sources"][0]["checked"] for one in found)
    assert all(words in page for words in told)
    assert ("客户端专用密码（授权码）" in page.partition("强度")[2]) is bool(facts)


@pytest.mark.parametrize(("lang", "words"), [("en", "Very weak"), ("zh-Hans", "非常弱"), ("zh-Hant", "很弱")])
def test_programs_are_told_the_strength_in_the_reader_s_language(command: CommandLine, lang: str, words: str) -> None:
    done = command(
        "password-check", "--provider", "gmx", "--password-stdin", "--lang", lang, "--json", stdin=b"password\n"
    )

    assert done.json["strength_told"].startswith(words)
    assert done.json["strength"]["weaknesses"] == ["common_password"]
