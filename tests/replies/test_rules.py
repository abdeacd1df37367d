"""Every rule of the knowledge reads what it says it reads, and files with mistakes are refused by line."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnose.knowledge import KnowledgeError
from diagnose.providers.traits import TRAITS
from diagnose.replies import load_knowledge, read_reply
from diagnose.replies.compiling import REPLIES, compile_folder, known_causes, rules_in
from diagnose.replies.decoding import repaired
from diagnose.replies.folding import fold
from diagnose.replies.knowledge import LAYERS, ReadyRule
from diagnose.replies.phrases import sentences
from diagnose.replies.schema import NO_CAUSE, Example, Rule
from diagnose.replies.wire import take_apart

CAUSES = frozenset({"credentials.rejected", "server.fault"})
DOCUMENTED = ("terms", "signatures", "programs", "words", "general")
"""The layers whose every rule has examples of both kinds and a source."""


def rules_of(*layers: str) -> list[tuple[ReadyRule, Rule]]:
    return [
        (ready, rule)
        for ready, (_, _, _, rule) in zip(load_knowledge().rules, rules_in(), strict=True)
        if LAYERS[ready.layer] in layers
    ]


def test_what_words_tell_of_the_mailbox_is_a_trait() -> None:
    """Another name would be passed over in silence."""
    told = [trait for _, rule in rules_of(*LAYERS) for trait in rule.holds]
    assert told
    assert {*told} <= TRAITS.keys()


def shown(entries: tuple[str | Example, ...]) -> list[Example]:
    return [entry if isinstance(entry, Example) else Example(reply=entry) for entry in entries]


def fits(ready: ReadyRule, example: Example) -> bool:
    known = load_knowledge()
    text = fold(take_apart(repaired(example.reply, known.familiar), example.protocol).text, known.variants)
    return any(pattern.fits(known.index.find(line)) for line in sentences(text) for pattern in ready.patterns)


def examples(expected: bool) -> Iterator[tuple[Rule, Example]]:
    for _, _, _, rule in rules_in():
        for example in shown(rule.matches if expected else rule.misses):
            yield rule, example


def first_cause(example: Example) -> str:
    reading = read_reply(example.reply, protocol=example.protocol, stage=example.stage, provider=example.provider)
    return reading.suspects[0].cause if reading.suspects else NO_CAUSE


def test_what_a_rule_has_to_match() -> None:
    wrong = [(e.reply, first_cause(e), rule.cause) for rule, e in examples(True) if first_cause(e) != rule.cause]

    assert wrong == []


def test_what_a_rule_must_not_match() -> None:
    wrong = [(e.reply, rule.cause) for rule, e in examples(False) if first_cause(e) == rule.cause]

    assert wrong == []


def test_the_examples_are_many() -> None:
    assert len(list(examples(True))) > 200
    assert len(list(examples(False))) > 10


def test_every_rule_shows_what_it_reads_what_it_leaves_and_its_source() -> None:
    rules = rules_of(*DOCUMENTED)

    assert rules
    assert [rule.match for _, rule in rules if not (rule.matches and rule.misses and rule.source)] == []


def test_every_rule_fits_a_reply_that_it_shows() -> None:
    """The right cause is not enough: another rule may name it where the rule itself can fit nothing."""
    assert [
        rule.match for ready, rule in rules_of(*DOCUMENTED) if not any(fits(ready, e) for e in shown(rule.matches))
    ] == []


def test_all_causes_are_of_the_catalogue() -> None:
    assert known_causes() is not None

    compile_folder(REPLIES, known_causes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small knowledge folder that loads."""
    for name in ("variants.yaml", "codes"):
        source = REPLIES / name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, tmp_path / name)
    for file in (tmp_path / "codes").glob("*.yaml"):
        file.write_text("[]\n", "utf-8")
    for name in ("providers", "compounds"):
        (tmp_path / f"{name}.yaml").write_text("[]\n", "utf-8")
    (tmp_path / "groups.yaml").write_text("password:\n  en: password* | passwd\n", "utf-8")
    for name in ("terms", "programs", "words", "general", "signatures"):
        (tmp_path / f"{name}.yaml").write_text("[]\n", "utf-8")
    return tmp_path


def test_a_folder_of_ones_own(folder: Path) -> None:
    (folder / "words.yaml").write_text(
        '# why\n- match: ["{password} & no good"]\n  cause: credentials.rejected\n', "utf-8"
    )

    reading = read_reply("Your passwords are no good", knowledge=compile_folder(folder, CAUSES))

    assert [suspect.cause for suspect in reading.suspects] == ["credentials.rejected"]
    assert reading.matched == "password … no good"


@pytest.mark.parametrize(
    ("file", "content", "line", "problem"),
    [
        ("words", '\n- match: ["x y"]\n  cause: no.such-cause\n', 2, "no cause named 'no.such-cause'"),
        ("words", '- match: ["x y"]\n  cause: server.fault\n  also: [made.up]\n', 1, "no cause named 'made.up'"),
        (
            "words",
            '- match: ["fine", "{nobody} & x"]\n  cause: server.fault\n',
            1,
            "no group of phrases named '{nobody}'",
        ),
        ("words", '- match:\n  - "fine"\n  - "a*b"\n  cause: server.fault\n', 3, "'a*b' is no phrase"),
        ("words", '- match: ["!x"]\n  cause: server.fault\n', 1, "at least one phrase"),
        ("words", '- match: ["x", ""]\n  cause: server.fault\n', 1, "is no phrase"),
        ("words", "- match: []\n  cause: server.fault\n", 1, "no pattern"),
        ("words", '- match: ["x"]\n  cause: server.fault\n  certainty: sure\n', 3, "sure"),
        ("words", '- match: ["x"]\n  cause: server.fault\n  protocols: [ftp]\n', 3, "ftp"),
        ("words", '- match: ["x"]\n  cause: server.fault\n  regex: (a+)+\n', 1, "regex"),
        ("words", '- match: ["x"]\n  cause: server.fault\n  not: ["{nobody}"]\n', 3, "{nobody}"),
        ("groups", "password:\n  en: fine | pass*word\n", 2, "'pass*word' is no phrase"),
        ("groups", "password:\n  en: fine |\n", 1, "is no phrase"),
        ("compounds", "- password\n- nobody\n", 2, "no group of phrases named 'nobody'"),
        ("variants", "- [甲, 乙丙]\n", 1, "different length"),
        ("codes/imap", "- {code: LIMIT, cause: what.ever}\n", 1, "no cause named 'what.ever'"),
        ("providers", "- name: x\n  providers: [x]\n  rejection_hides: [what.ever]\n", 1, "no cause named 'what.ever'"),
    ],
)
def test_a_mistake_is_named_with_its_line(folder: Path, file: str, content: str, line: int, problem: str) -> None:
    (folder / f"{file}.yaml").write_text(content, "utf-8")

    with pytest.raises(KnowledgeError) as caught:
        compile_folder(folder, CAUSES)

    assert caught.value.file.name == f"{Path(file).name}.yaml"
    assert problem in caught.value.problem
    assert caught.value.line == line
