"""``python -m reports FOLDER`` writes what a package brings of templates, compiled, into a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from reports.templating import for_package

for_package(Path(sys.argv[1]))
