"""What GitLab, Jenkins and the test reporter of GitHub Actions take out of JUnit XML, by the fields that each reads.

Put down after their sources: ``lib/gitlab/ci/parsers/test/junit.rb`` of gitlabhq/gitlabhq with ``Hash.from_xml`` of
rails/rails, ``SuiteResult.java`` and ``CaseResult.java`` of jenkinsci/junit-plugin, and
``java-junit-parser.ts`` of dorny/test-reporter. What they leave out, nobody sees.
"""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element, fromstring

FAILING = ("failure", "error", "skipped")
"""In the order in which GitLab asks for them."""
TYPED = {
    "symbol", "date", "datetime", "duration", "integer", "float", "double", "decimal", "boolean", "string", "yaml",
    "base64Binary", "hexBinary", "file", "array",
}  # fmt: skip
"""Values of an attribute ``type`` by which Rails reads an element as something else than its words, or not at all."""
HALF_OF_OUTPUT, HALF_OF_FAILING_OUTPUT = 500, 50_000
"""Characters that Jenkins keeps of both ends of an output, by whether the case failed."""


class Read(NamedTuple):
    """One case as a reader tells it."""

    key: tuple[str, ...]
    """By which the reader tells cases apart, and finds them again in another build."""
    status: str
    told: str
    """What stands below the case once it is opened."""
    seconds: float


def by_gitlab(document: str) -> list[Read]:
    """Its name, class and suite make a case; of an ending the text is told, or else the hash of its attributes."""
    read: list[Read] = []
    root = fromstring(document.encode())
    assert root.tag == "testsuites"  # one of these, or a suite
    for suite in root.findall("testsuite"):
        for case in suite.findall("testcase"):
            ending = _ending(case)
            if ending is not None:
                assert ending.get("type") not in TYPED
            told = "" if ending is None else (ending.text or "").strip() or str(ending.attrib)
            key = (suite.get("name", ""), case.get("classname", ""), case.get("name", ""))
            read.append(Read(key, "success" if ending is None else ending.tag, told, float(case.get("time", "x"))))
    return read


def by_jenkins(document: str) -> list[Read]:
    """The last dot of a class parts package and class; a suite without cases is not there; an output is cut."""
    read: list[Read] = []
    for suite in fromstring(document.encode()).findall("testsuite"):
        assert suite.find("testsuite") is None
        assert suite.find("error") is None  # it would stand for a case that did not load
        for case in suite.findall("testcase"):
            ending = _ending(case)
            package, _dot, kind = case.get("classname", "").rpartition(".")
            assert kind
            if ending is None:
                told = _cut(case.findtext("system-out") or "", HALF_OF_OUTPUT)
            elif ending.tag == "skipped":
                told = ending.get("message") or ending.text or ""
            else:
                told = f"{ending.get('message', '')}\n{_cut(ending.text or '', HALF_OF_FAILING_OUTPUT)}"
            status = "passed" if ending is None else "skipped" if ending.tag == "skipped" else "failed"
            read.append(
                Read((package or "(root)", kind, case.get("name", "")), status, told, float(case.get("time", "x")))
            )
    return read


def by_test_reporter(document: str) -> list[Read]:
    """Suites and cases need name and time; a failure's text is told; the reason of a skip is not."""
    read: list[Read] = []
    for suite in fromstring(document.encode()).findall("testsuite"):
        suite_name, seconds = suite.attrib["name"].strip(), float(suite.attrib["time"])
        assert seconds >= 0
        for case in suite.findall("testcase"):
            ending = _ending(case)
            group = "" if case.attrib["classname"] == suite_name else case.attrib["classname"]
            told = (ending.text or "") if ending is not None and ending.tag != "skipped" else ""
            status = "success" if ending is None else "skipped" if ending.tag == "skipped" else "failed"
            read.append(
                Read((suite_name, group, case.attrib["name"].strip()), status, told, float(case.attrib["time"]))
            )
    return read


READERS = {"gitlab": by_gitlab, "jenkins": by_jenkins, "test-reporter": by_test_reporter}


def _ending(case: Element) -> Element | None:
    return next((found for tag in FAILING if (found := case.find(tag)) is not None), None)


def _cut(words: str, half: int) -> str:
    return words if len(words) <= 2 * half else f"{words[:half]}\n...[truncated]...\n{words[-half:]}"
