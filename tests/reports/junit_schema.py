"""What readers of JUnit XML take: the elements and attributes of the schema of Jenkins' xUnit plugin, ``junit-10.xsd``.

https://github.com/jenkinsci/xunit-plugin, src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd. It is the
schema that Maven Surefire, pytest and others are checked with. Put down here as far as a report of ours goes.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?")
"""A time without marks for thousands: the schema takes them, not all readers do."""
COUNT = re.compile(r"0|[1-9][0-9]*")
ANYTHING = re.compile(r"(?s).*")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?")

ATTRIBUTES: dict[str, dict[str, re.Pattern[str]]] = {
    "testsuites": {"name": ANYTHING, "time": SECONDS, "tests": COUNT, "failures": COUNT, "errors": COUNT},
    "testsuite": {
        "name": ANYTHING, "tests": COUNT, "failures": COUNT, "errors": COUNT, "skipped": COUNT, "group": ANYTHING,
        "time": SECONDS, "timestamp": MOMENT, "hostname": ANYTHING, "id": ANYTHING, "package": ANYTHING,
        "file": ANYTHING, "log": ANYTHING, "url": ANYTHING,
    },
    "properties": {},
    "property": {"name": ANYTHING, "value": ANYTHING},
    "testcase": {"name": ANYTHING, "time": SECONDS, "classname": ANYTHING, "group": ANYTHING},
    "failure": {"type": ANYTHING, "message": ANYTHING},
    "error": {"type": ANYTHING, "message": ANYTHING},
    "skipped": {"type": ANYTHING, "message": ANYTHING},
    "system-out": {},
    "system-err": {},
}  # fmt: skip
REQUIRED = {
    "testsuite": {"name", "tests", "failures", "errors"},
    "property": {"name", "value"},
    "testcase": {"name"},
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testsuite", "properties", "testcase", "system-out", "system-err"},
    "properties": {"property"},
    "testcase": {"skipped", "error", "failure", "system-out", "system-err"},
}
HOLDS_TEXT = {"failure", "error", "skipped", "system-out", "system-err"}


def faults(element: Element, place: str = "") -> list[str]:
    """What in *element* and below it the schema does not take, each with its place."""
    here = f"{place}/{element.tag}"
    if element.tag not in ATTRIBUTES:
        return [f"{here}: unknown"]
    known = ATTRIBUTES[element.tag]
    found = [f"{here}: no {name}" for name in REQUIRED.get(element.tag, set()) - set(element.attrib)]
    for name, value in element.attrib.items():
        if name not in known or not known[name].fullmatch(value):
            found.append(f"{here}: {name}={value!r}")
    if element.tag not in HOLDS_TEXT and (element.text or "").strip():
        found.append(f"{here}: text")
    for child in element:
        if child.tag not in CHILDREN.get(element.tag, set()):
            found.append(f"{here}: holds {child.tag}")
        if (child.tail or "").strip():
            found.append(f"{here}: text behind {child.tag}")
        found += faults(child, here)
    return found
