"""Prints the query patterns as a file of statements for the migration harness."""

from __future__ import annotations

from flowforge_schema.queries.patterns import PATTERNS
from flowforge_schema.queries.text import statement_file

print(statement_file(PATTERNS), end="")  # noqa: T201 - it is a program
