"""A knowledge file that cannot be used ends in one sentence that names file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose import cli, replies
from diagnose.knowledge import KnowledgeError, loader, yaml_files
from diagnose.knowledge.catalogue import catalogue, catalogue_with

CAUSE = "- id: dns.no-mx\n  title: a\n  summary: b\n  proof: c\n  proofs: [reply]\n  {}\n"


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("- id: a\n  title: [\n", 3, "is not YAML"),
        ("- id: a\n- id: &x b\n- *x\n", 2, "uses an alias"),
        ("- id: a\n  id: b\n", 2, "twice"),
        ("- !!python/object/apply:os.system [true]\n", 1, "tag"),
        ("- id: dns.no-mx\n  title: 5\n", 2, "title"),
        (CAUSE.format("scope: server"), 6, "value 'server'; there are account, browser, computer, domain"),
        (CAUSE.format("fixer: boss"), 6, "value 'boss'; there are admin, helpdesk, provider, user (at $[0].fixer)"),
        (CAUSE.format("remedies: [{fixer: boss, steps: [x]}]"), 6, "value 'boss'; there are admin, helpdesk, provider"),
        (CAUSE.format("remedys: []"), 1, "unknown field `remedys`; there are "),
        ("", 1, "is empty"),
    ],
)
def test_file_and_line_are_named(
    content: str,
    line: int,
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One sentence on standard error, exit code 2, no traceback, nothing on standard output."""
    folder = tmp_path / "causes"
    folder.mkdir()
    (folder / "address.yaml").write_text(content, encoding="utf-8")
    monkeypatch.setattr("diagnose.knowledge.catalogue.KNOWLEDGE", tmp_path)
    catalogue_with.cache_clear()
    try:
        code = cli.run(["causes"])
    finally:
        catalogue_with.cache_clear()

    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert f"address.yaml:{line}: " in err
    assert problem in err
    assert err.count("\n") == 1


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A file over the bound is refused by its size."""
    file = tmp_path / "huge.yaml"
    file.write_bytes(b"- a\n" * yaml_files.LARGEST_FILE)

    with pytest.raises(KnowledgeError, match="is larger than"):
        loader.load(file, list[str])


def test_the_knowledge_that_ships_is_whole() -> None:
    """All of it loads."""
    assert catalogue().ids
    assert replies.load_knowledge()
