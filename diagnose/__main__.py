"""The command `diagnose`."""

from __future__ import annotations

import sys

from diagnose import __version__


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if sys.argv[1:] == ["--version"]:  # told without loading what only a diagnosis needs
        print(f"diagnose {__version__}")  # noqa: T201 - this is the output
        sys.exit(0)
    try:
        from diagnose.cli import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while modules are loaded, there is nothing to report yet
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
