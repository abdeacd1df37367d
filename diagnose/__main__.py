"""The command `diagnose`: it tells its version itself, which costs no more than an interpreter that does nothing.

So nothing is imported here that an interpreter has not loaded anyway.
"""

import sys

from diagnose import __version__


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if sys.argv[1:] == ["--version"] and _told(f"diagnose {__version__}\n"):
        sys.exit(0)
    from diagnose.command import main

    main()


def _told(words: str) -> bool:
    """Whether standard output took *words*: where it is closed, or full, the command line knows what to do."""
    try:
        sys.stdout.write(words)
        sys.stdout.flush()
    except (AttributeError, OSError):
        return False
    return True


if __name__ == "__main__":
    main()
