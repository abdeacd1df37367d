"""For those who keep the files.

``python -m diagnose.providers`` writes the recognition index anew; with ``--against FILE``, a public database as JSON
(source, revision, providers), it writes every difference to standard output instead.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from diagnose.knowledge import KnowledgeError
from diagnose.providers.databases import differences, read_database, sentence
from diagnose.providers.files import built_in_providers
from diagnose.providers.recognition import INDEX, build, encode_index


def main(arguments: list[str]) -> int:
    """Do what *arguments* say; the exit code, 2 for a provider's file or a database that cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m diagnose.providers", description=__doc__)
    parser.add_argument("--against", type=Path, metavar="FILE", help="a public database to compare the files with")
    chosen = parser.parse_args(arguments)
    if chosen.against is None:
        try:
            INDEX.write_bytes(encode_index(build(built_in_providers())))
        except KnowledgeError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        return 0
    try:
        database = read_database(chosen.against)
    except (OSError, msgspec.DecodeError) as error:
        sys.stderr.write(f"{chosen.against} is no database of providers: {error}\n")
        return 2
    found = list(differences(database, built_in_providers()))
    sys.stdout.writelines(f"{sentence(one)}\n" for one in found)
    sys.stderr.write(f"{len(found)} differences from {database.source} {database.revision}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
