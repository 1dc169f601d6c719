"""A column written anew beside the old one: a trigger fills it as rows are written, pieces fill the others, and a change of names puts it in place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.identifiers import identifiers, quoted, with_columns
from pgharness.catalog.names import unqualified
from pgharness.describing.toml_words import ignore_rules
from pgharness.trace.fixes.partitions import is_partition_key
from pgharness.trace.fixes.writing import BACK, BLOCK, NAME, NEXT, THEN, all_of, bare, beside, in_pieces

_CHANGES = re.compile(
    rf"^ALTER\s+(?:COLUMN\s+)?(?P<column>{NAME})\s+(?:SET\s+DATA\s+)?TYPE\s+(?P<type>.+?)(?:\s+USING\s+(?P<using>.+))?$",
    re.IGNORECASE | re.DOTALL,
)
_STORED = re.compile(r"\bGENERATED\s+ALWAYS\s+AS\s*\((?P<expression>.*)\)\s*STORED\b", re.IGNORECASE | re.DOTALL)
_BUILDS = re.compile(r"^CREATE (?P<unique>UNIQUE )?INDEX (?:\"(?:[^\"]|\"\")+\"|\S+) ON (?P<rest>.*)", re.DOTALL)
# What another column can have as it is; of what else there is nobody knows whether it can.
_TAKEN_OVER = {"exists", "position", "type", "default", "not null"}
_LITERAL = re.compile(r"('(?:[^']|'')*')::[^:]+|-?\d[\d.]*|true|false", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that gets another type: its table, its name as PostgreSQL prints it, its facts, and the indexes on it, by definition."""

    table: str
    name: str
    facts: dict[str, str]
    indexes: dict[str, str]

    @property
    def new(self) -> str:
        """The name of the other one until it takes this one's."""
        return quoted(f"{bare(self.name)}_new")

    @property
    def filled_by(self) -> str:
        """The name of the trigger; those of a table fire in the order of their names, and this one has to see what others write."""
        return quoted(f"zz_{bare(self.table)}_{bare(self.name)}")


def fix_type(table: str, action: str, catalog: Snapshot) -> str:
    """Return the revisions that give a column another type; empty where something else hangs on the column, or too little is known."""
    changes = _CHANGES.match(action.rstrip("; "))
    column = _column(table, changes["column"], catalog) if changes is not None else None
    if changes is None or column is None or re.search(r"\bCOLLATE\b", changes["type"], re.IGNORECASE):
        return ""
    value = changes["using"] or f"CAST({column.name} AS {changes['type']})"
    stages = (
        f"{_beside(column, changes['type'], value)}{_taken_back(column)}",
        f"{_filled(column, value)}{_unproven(column)}",
        f"{_put_in_place(column, changes['type'])}{_put_back(column, value, is_cast=not changes['using'])}",
    )
    return f"{stages[0]}{NEXT}{stages[1]}{THEN}{stages[2]}"


def fix_stored(table: str, column: str, type_: str, rest: str) -> str:
    """Return the revisions that add a plain column which a trigger computes; empty for an expression that is not understood."""
    stored = _STORED.search(rest)
    if stored is None:
        return ""
    named = _Column(table, column, {}, {})
    added = all_of(f"ALTER TABLE {table} ADD COLUMN {column} {type_}", *_trigger(named, column, stored["expression"]))
    filled = all_of(in_pieces(table, column, stored["expression"]))
    computes = f"{beside(table, named.filled_by)}()", f"{table}.{named.filled_by}"
    undone = all_of(f"DROP TRIGGER {named.filled_by} ON {table}", f"DROP FUNCTION {computes[0]}")
    return (
        f"{added}{NEXT}{BLOCK}{filled}; and at the beginning of downgrade() of the first: {undone}; and in the model a plain column, which the trigger writes; and where the models do not make the two, in "
        f"pyproject.toml: {ignore_rules(f'computes {column}', *computes)}"
    )


def fix_key(table: str, column: str) -> str:
    """Return the revisions that have a wider key ready beside one; what stands on the old one, keys and sequence, has to change with the names."""
    key = _Column(table, column, {"not null": "true"}, {})
    return f"{_beside(key, 'bigint', column)}{NEXT}{_filled(key, column)}"


def _beside(column: _Column, type_: str, value: str) -> str:
    table, new = column.table, column.new
    added = [f"ALTER TABLE {table} ADD COLUMN {new} {type_}", *_trigger(column, new, value)]
    if "not null" in column.facts:
        added.append(f"ALTER TABLE {table} ADD CONSTRAINT {_not_null(column)} CHECK ({new} IS NOT NULL) NOT VALID")
    return all_of(*added)


def _trigger(column: _Column, target: str, value: str) -> list[str]:
    """Return what computes a column whenever a row is written, by an expression that names the others as a query of the table does."""
    table, function = column.table, beside(column.table, column.filled_by)
    computed = f"(SELECT {value} FROM (SELECT NEW.*) AS {unqualified(table)})"
    return [
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.{target} := {computed}; RETURN NEW; END $$",
        f"CREATE TRIGGER {column.filled_by} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()",
    ]


def _filled(column: _Column, value: str) -> str:
    statements = [in_pieces(column.table, column.new, value)]
    if "not null" in column.facts:
        statements.append(f"ALTER TABLE {column.table} VALIDATE CONSTRAINT {_not_null(column)}")
    for name, definition in column.indexes.items():
        statements += [f"DROP INDEX CONCURRENTLY IF EXISTS {_new_index(name)}", _built(column, name, definition)]
    return f"{BLOCK}{all_of(*statements)}"


def _built(column: _Column, name: str, definition: str) -> str:
    built = _BUILDS.match(definition)
    assert built is not None, definition
    head, _, rest = built["rest"].partition(" USING ")
    columns = with_columns(rest, {column.name: column.new})
    return f"CREATE {built['unique'] or ''}INDEX CONCURRENTLY {unqualified(_new_index(name))} ON {head} USING {columns}"


def _put_in_place(column: _Column, type_: str) -> str:
    table, new = column.table, column.new
    statements = _untriggered(column)
    if "not null" in column.facts:
        statements.append(f"ALTER TABLE {table} ALTER COLUMN {new} SET NOT NULL")
        statements.append(f"ALTER TABLE {table} DROP CONSTRAINT {_not_null(column)}")
    statements += [
        f"ALTER TABLE {table} DROP COLUMN {column.name}",
        f"ALTER TABLE {table} RENAME COLUMN {new} TO {column.name}",
    ]
    if default := column.facts.get("default"):
        literal = _LITERAL.fullmatch(default)
        value = (literal[1] or default) if literal else f"CAST({default} AS {type_})"
        statements.append(f"ALTER TABLE {table} ALTER COLUMN {column.name} SET DEFAULT {value}")
    statements += [f"ALTER INDEX {_new_index(name)} RENAME TO {unqualified(name)}" for name in column.indexes]
    return all_of(*statements)


def _taken_back(column: _Column) -> str:
    """Return what undoes the first revision, whose downgrade() has given the old type back until now."""
    undone = all_of(*_untriggered(column), f"ALTER TABLE {column.table} DROP COLUMN {column.new}")
    return f"; and in its downgrade(), in place of what gives the old type back: {undone}"


def _unproven(column: _Column) -> str:
    """Return what undoes the second revision, as far as the catalog has anything of it."""
    name, table = _not_null(column), column.table
    again = f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column.new} IS NOT NULL) NOT VALID"
    undone = [f"ALTER TABLE {table} DROP CONSTRAINT {name}", again] if "not null" in column.facts else []
    undone += [f"DROP INDEX {_new_index(one)}" for one in column.indexes]
    return f"{BACK}{all_of(*undone)}" if undone else ""


def _put_back(column: _Column, value: str, *, is_cast: bool) -> str:
    """Return what undoes the third revision: the other column stands beside this one again, which has its type and values back.

    Its indexes are built under a lock, for their column comes back in the same transaction.
    """
    table, name, new, type_ = column.table, column.name, column.new, column.facts["type"]
    default = f" DEFAULT {column.facts['default']}" if "default" in column.facts else ""
    kept = f"CAST({new} AS {type_})" if is_cast else f"CAST(CAST({new} AS text) AS {type_}) /* or what fits */"
    undone = [f"ALTER INDEX {one} RENAME TO {unqualified(_new_index(one))}" for one in column.indexes]
    undone += [f"ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT"] if default else []
    undone += [
        f"ALTER TABLE {table} RENAME COLUMN {name} TO {new}",
        f"ALTER TABLE {table} ADD COLUMN {name} {type_}{default}",
        f"UPDATE {table} SET {name} = {kept}",
    ]
    if "not null" in column.facts:
        undone += [
            f"ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL",
            f"ALTER TABLE {table} ADD CONSTRAINT {_not_null(column)} CHECK ({new} IS NOT NULL)",
            f"ALTER TABLE {table} ALTER COLUMN {new} DROP NOT NULL",
        ]
    undone += [*column.indexes.values(), *_trigger(column, new, value)]
    return f"{BACK}{all_of(*undone)}"


def _untriggered(column: _Column) -> list[str]:
    return [
        f"DROP TRIGGER {column.filled_by} ON {column.table}",
        f"DROP FUNCTION {beside(column.table, column.filled_by)}()",
    ]


def _not_null(column: _Column) -> str:
    return quoted(f"{bare(column.new)}_not_null")


def _new_index(name: str) -> str:
    return beside(name, quoted(f"{bare(name)}_new"))


def _column(table: str, named: str, catalog: Snapshot) -> _Column | None:
    """Return what is known of a column; None where something beside indexes hangs on it that would go with it."""
    name = named if named.startswith('"') else quoted(named.casefold())
    key, of_table = ObjectKey("column", f"{table}.{name}"), ObjectKey("table", table)
    objects = catalog.by_object()
    facts = objects.get(key)
    default = (facts or {}).get("default", "")
    if facts is None or facts.keys() - _TAKEN_OVER or "nextval(" in default or is_partition_key(catalog, table):
        return None
    indexes = {one.object: said["definition"] for one, said in _on(of_table, name, objects, catalog, is_index=True)}
    if any(one != key for one, _ in _on(of_table, name, objects, catalog, is_index=False)):
        return None
    return _Column(table, name, facts, indexes)


def _on(
    table: ObjectKey, name: str, objects: dict[ObjectKey, dict[str, str]], catalog: Snapshot, *, is_index: bool
) -> Iterator[tuple[ObjectKey, dict[str, str]]]:
    """Yield what belongs to a table and names one of its columns; the index of a constraint is the constraint's."""
    for one, said in objects.items():
        if (one.kind == "index") is is_index and catalog.parents.get(one) == table:
            texts = [said.get("definition", "")] if is_index else said.values()
            if any(name in identifiers(text) for text in texts):
                yield one, said
