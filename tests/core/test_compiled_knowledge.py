"""Knowledge as it is compiled: never older than what it was made of, and made anew where it cannot be used."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnose.knowledge import KnowledgeError, compiled
from diagnose.knowledge.catalogue import Cause, catalogue, catalogue_with
from diagnose.knowledge.loader import load
from diagnose.replies.compiling import compile_with
from diagnose.replies.knowledge import knowledge_with, load_knowledge


class Making:
    """Reads a file, and counts how often."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.times = 0

    def __call__(self) -> list[str]:
        self.times += 1
        return self.source.read_text("utf-8").split()

    def kept(self) -> list[str]:
        return compiled.kept("words", lambda: [self.source], list[str], self)


@pytest.fixture
def making(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Making:
    """A file of words within a package of its own."""
    monkeypatch.setattr(compiled, "KNOWLEDGE", tmp_path / "knowledge")
    monkeypatch.setattr(compiled, "FOLDER", tmp_path / "knowledge" / "compiled")
    source = tmp_path / "words.yaml"
    source.write_text("one two", "utf-8")
    return Making(source)


def test_what_has_not_changed_is_made_once(making: Making) -> None:
    assert [making.kept() for _ in range(3)] == [["one", "two"]] * 3
    assert making.times == 1


def test_what_has_changed_is_made_anew(making: Making) -> None:
    making.kept()
    making.source.write_text("one two three", "utf-8")

    assert making.kept() == ["one", "two", "three"]


def test_a_change_that_keeps_the_size_is_seen_by_its_time_even_an_older_one(making: Making) -> None:
    """As when another state of the project is checked out."""
    making.kept()
    making.source.write_text("two one", "utf-8")
    os.utime(making.source, ns=(0, 0))

    assert making.kept() == ["two", "one"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:-3]),
        lambda file: file.write_bytes(b"\xff" * 100),
        lambda file: file.write_bytes(file.read_bytes() + b"\x01"),
        lambda file: file.unlink(),
    ],
    ids=["empty", "cut off", "garbage", "too long", "gone"],
)
def test_what_cannot_be_used_is_made_anew(making: Making, spoil: Callable[[Path], object]) -> None:
    making.kept()
    spoil(compiled.FOLDER / "words.msgpack")

    assert making.kept() == ["one", "two"]
    assert making.times == 2


def test_where_nothing_can_be_written_it_is_made_each_time(making: Making) -> None:
    compiled.FOLDER.parent.mkdir()
    compiled.FOLDER.write_text("no folder", "utf-8")

    assert [making.kept(), making.kept()] == [["one", "two"]] * 2
    assert making.times == 2


def test_a_package_is_taken_as_it_was_built(making: Making, tmp_path: Path) -> None:
    """Installed files have other times than those of the build, and the sources may be gone."""
    making.kept()
    (built,) = compiled.for_package(tmp_path / "built")
    built.replace(compiled.FOLDER / built.name)
    making.source.unlink()

    assert making.kept() == ["one", "two"]
    assert making.times == 1


def test_what_is_read_of_replies_is_what_would_be_made() -> None:
    load_knowledge()
    knowledge_with.cache_clear()  # so that it is read from the file, which the line above has written at the latest

    assert load_knowledge() == compile_with(())


def test_a_file_of_ours_that_is_not_there_is_told_by_its_name() -> None:
    with pytest.raises(KnowledgeError, match=r"nothing\.yaml:1: cannot be read"):
        load(compiled.KNOWLEDGE / "nothing.yaml", list[str])


def test_a_file_of_ours_that_does_not_fit_is_told_with_its_line() -> None:
    with pytest.raises(KnowledgeError, match=r"maintenance\.yaml:\d+: Expected `array`"):
        load(compiled.KNOWLEDGE / "maintenance.yaml", list[str])


def test_what_causes_were_made_of_is_not_kept_beside_them() -> None:
    catalogue_with.cache_clear()
    made = catalogue()

    assert (compiled.KNOWLEDGE / "causes",) not in compiled._contents._made
    assert load(compiled.KNOWLEDGE / "causes" / "dns.yaml", list[Cause]) == [one for one in made if one.family == "dns"]
