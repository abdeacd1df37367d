"""The HTML report that is measured: standard input holds a report as JSON, standard output gets a `Written` as JSON."""

from __future__ import annotations

import sys
import time

import msgspec

from diagnose.cli.formats import renderer
from diagnose.model.saved import saved_report
from diagnose.rendering.renderer import RenderStyle

TIMES = 9


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One report as a page."""

    milliseconds: float
    """The median of several, with the format loaded."""
    kilobytes: float


def main() -> None:
    report, html, style = saved_report(sys.stdin.buffer.read()), renderer("html"), RenderStyle(complete=True)
    page, taken = "", list[float]()
    for _ in range(TIMES):
        started = time.process_time()
        page = html.render(report, style)
        taken.append(time.process_time() - started)
    written = Written(milliseconds=1000 * sorted(taken)[TIMES // 2], kilobytes=len(page.encode()) / 1000)
    sys.stdout.buffer.write(msgspec.json.encode(written))


if __name__ == "__main__":
    main()
