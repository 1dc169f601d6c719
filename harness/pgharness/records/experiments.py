"""What each experiment at the heads saw: models, autogenerate's draft, the structure file, the declared queries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from pgharness.catalog.diff import Difference
from pgharness.catalog.facts import RELATION_KINDS, Snapshot
from pgharness.catalog.names import unqualified, unquoted
from pgharness.findings import CannotRun
from pgharness.plans.plan import Plan
from pgharness.plans.statement import Expectation
from pgharness.records.steps import Failure

# The parts of a qualified name, and a function's arguments with its name.
_PARTS = re.compile(r'"(?:[^"]|"")+"|[^."]+(?:\(.*)?')


_MAKES = re.compile(r'\s*CREATE (?:TABLE|(?:UNIQUE )?INDEX) (?:IF NOT EXISTS )?((?:"(?:[^"]|"")+"|[^\s("])+)')
_NO_SCHEMA = re.compile(r'schema "([^"]+)" does not exist')
_MISSING = re.compile(r'relation "([^"]+)" does not exist')


@dataclass(frozen=True, slots=True)
class RefusedDdl:
    """A statement of `create_all` that the server refused; none where a listener on the models raised."""

    statement: str
    message: str
    sqlstate: str | None

    @property
    def makes(self) -> str:
        """The name of the table or index that it would have made, without schema; empty where it makes neither."""
        match = _MAKES.match(self.statement)
        return unquoted(unqualified(match[1])) if match is not None else ""

    def follows_from(self, others: Iterable[RefusedDdl]) -> bool:
        """Whether it was refused only because a table that it is about had been refused."""
        missing = _MISSING.match(self.message)
        return missing is not None and missing[1].rpartition(".")[2] in {one.makes for one in others if one is not self}


@dataclass(frozen=True, slots=True)
class DeclaredEnum:
    """An enum type as the models name it; `python_enum` is None where no Python enum stands behind it."""

    name: str
    labels: tuple[str, ...]
    python_enum: str | None


class UnimportedTable(NamedTuple):
    """A table, by name alone, that a module of the project would define, and the module, which nobody imports."""

    table: str
    module: str


@dataclass(frozen=True, slots=True)
class ModelsRecord:
    """The database that the models make, and what it took."""

    snapshot: Snapshot
    refused: tuple[RefusedDdl, ...]
    enums: tuple[DeclaredEnum, ...]
    unimported: tuple[UnimportedTable, ...] = ()

    @property
    def lacking_schemas(self) -> tuple[str, ...]:
        """The schemas, as the catalog has them, for the lack of which statements were refused."""
        refused = (one.message for one in self.refused if one.sqlstate == "3F000")  # invalid_schema_name
        return tuple(dict.fromkeys(found[1] for one in refused if (found := _NO_SCHEMA.match(one))))


class LeftOut(NamedTuple):
    """What env.py leaves out of Alembic's comparison, in Alembic's words: `kind` "schema", "table", "column", "index", "…_constraint".

    Or in those of a plugin, with the name alone: "function", "view", "materialized_view", "trigger", "policy".
    """

    kind: str
    schema: str
    table: str
    name: str

    @property
    def in_words(self) -> str:
        """The object: `table public.log`, `schema other`."""
        has_table = self.table and self.kind not in {"table", "index"}
        above = () if self.kind == "schema" else (self.schema, self.table) if has_table else (self.schema,)
        return f"{self._kind} {'.'.join((*above, self.name))}"

    @property
    def _kind(self) -> str:
        return self.kind.replace("_", " ")

    def means(self, difference: Difference) -> bool:
        """Whether a difference is about it, or about what belongs to it."""
        return any(self._is(*key) for key in ((difference.kind, difference.object), *difference.ancestors))

    def _is(self, kind: str, name: str) -> bool:
        parts = tuple(unquoted(part) for part in _PARTS.findall(name))
        if self.kind == "schema":
            return parts[0] == self.schema and (len(parts) > 1 or kind == "schema")
        if self.kind == "table":
            return kind in RELATION_KINDS and parts == (self.schema, self.name)
        if self.kind == "index":
            return kind == "index" and parts == (self.schema, self.name)
        if not self.table:
            return kind == self._kind and (parts[0], parts[-1].partition("(")[0]) == (self.schema, self.name)
        wanted = "column" if self.kind == "column" else "constraint"
        return kind == wanted and parts == (self.schema, self.table, self.name)


@dataclass(frozen=True, slots=True)
class ComparisonRecord:
    """What Alembic's own comparison says at the heads: `pending` operations, rendered, and what env.py leaves out of it.

    `failure` is why nothing could be said; `untold` says what of it is Alembic's own limit.
    """

    pending: tuple[str, ...]
    failure: Failure | None = None
    untold: str = ""
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftRecord:
    """The catalog that a whole chain gives which autogenerate drafts for an empty database, or None with the `failure` that stopped it.

    Where the project has no template, as packages leave it out, it was drafted by Alembic's own.
    """

    snapshot: Snapshot | None
    failure: Failure | None = None
    has_template: bool = True


@dataclass(frozen=True, slots=True)
class StructureRecord:
    """The structure file: its text, the catalog it gives, and the text that the heads would give.

    `text` is None where the file is missing; `snapshot` is None where it does not run, with the `failure`. Where the heads
    cannot be written as SQL, `unwritable` says why, and nothing else was tried.
    """

    path: str
    text: str | None
    expected_text: str
    snapshot: Snapshot | None
    failure: Failure | None = None
    unwritable: CannotRun | None = None


@dataclass(frozen=True, slots=True)
class QueryRecord:
    """A statement that the application sends, and its plans where no table may be read from end to end.

    `plans` are those of the planner's settings that were tried, in order; empty where it does not run, with the `failure`.
    """

    name: str
    sql: str
    expectation: Expectation
    plans: tuple[Plan, ...]
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class QueriesRecord:
    """The file of statements that the application sends, planned at the heads."""

    path: str
    queries: tuple[QueryRecord, ...]
