"""`python -m flowforge_schema.contracts docs/contracts` writes the contracts as JSON Schema."""

from __future__ import annotations

import sys
from pathlib import Path

from flowforge_schema.contracts.documents import write_documents

if len(sys.argv) != 2:
    sys.exit("Name the folder for the documents.\n  fix: python -m flowforge_schema.contracts docs/contracts")
write_documents(Path(sys.argv[1]))
