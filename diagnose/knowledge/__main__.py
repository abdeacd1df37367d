"""``python -m diagnose.knowledge FOLDER`` writes what a package brings of knowledge, compiled, into a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from diagnose.knowledge import compiled
from diagnose.providers.files import built_in_providers
from diagnose.replies.knowledge import knowledge_with

compiled.compile_all()
knowledge_with(())  # with it causes and replies are read as what they are, and fit each other
list(built_in_providers())
list(compiled.for_package(Path(sys.argv[1])))
