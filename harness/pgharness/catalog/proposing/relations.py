"""Changes of tables, views, sequences, indexes and what stands below a table."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.names import unqualified
from pgharness.catalog.proposing.change import Change, NoStatementError, Wanted, take
from pgharness.catalog.rendering.columns import sequence_clauses
from pgharness.catalog.rendering.indexes import TRIGGER_STATES
from pgharness.catalog.rendering.parts import Contents
from pgharness.catalog.rendering.tables import parent_tables

# What ALTER TABLE says for a property's value, and where there is none.
TABLE_ACTS = {
    "persistence": ("SET {upper}", "SET LOGGED"),
    "access method": ("SET ACCESS METHOD {value}", "SET ACCESS METHOD heap"),
    "tablespace": ("SET TABLESPACE {value}", "SET TABLESPACE pg_default"),
    "row security": ("ENABLE ROW LEVEL SECURITY", "DISABLE ROW LEVEL SECURITY"),
    "force row security": ("FORCE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"),
    "of type": ("OF {value}", "NOT OF"),
}
IMPOSSIBLE = {
    "exists": "a table cannot become partitioned: make a new one and move the rows",
    "partition key": "a table cannot be partitioned in another way: make a new one and move the rows",
    "server": "a foreign table cannot move to another server: drop it and make it anew",
}
SEQUENCE_OPTIONS = ("type", "start", "increment", "minimum", "maximum", "cache", "cycle")


def change_table(change: Change, wanted: Wanted) -> list[str]:
    """Write what brings a table, foreign table or materialized view to what it is to be, its columns aside."""
    lines = []
    if take(wanted, "partition of", "partition bound"):
        lines += _partition(change)
    if take(wanted, "inherits"):
        lines += _inheritance(change)
    if "populated" in wanted:
        data = " WITH NO DATA" if wanted.pop("populated") else ""
        lines.append(f"REFRESH MATERIALIZED VIEW {change.key.object}{data};")
    for name in list(wanted):
        act = _table_act(change, name, wanted[name])
        if act is not None:
            del wanted[name]
            lines.append(f"{change.alter} {act};")
    return lines


def _table_act(change: Change, name: str, value: str | None) -> str | None:
    if name in IMPOSSIBLE:
        raise NoStatementError(IMPOSSIBLE[name])
    if name in TABLE_ACTS:
        act, without = TABLE_ACTS[name]
        return without if value is None else act.format(value=value, upper=value.upper())
    if name == "replica identity":
        return _replica_identity(change, value)
    return None


def _replica_identity(change: Change, value: str | None) -> str:
    if value != "index":
        return f"REPLICA IDENTITY {(value or 'DEFAULT').upper()}"
    index = next(_indexes_with(change, change.key, "replica identity"))
    return f"REPLICA IDENTITY USING INDEX {unqualified(index.object)}"


def _partition(change: Change) -> list[str]:
    """Detach the table from the parent that it has, and attach it to the one that it is to have."""
    before, after, lines = change.before.get("partition of"), change.after.get("partition of"), []
    if before is not None:
        lines.append(f"ALTER TABLE {before} DETACH PARTITION {change.key.object};")
    if after is not None:
        lines.append(f"ALTER TABLE {after} ATTACH PARTITION {change.key.object} {change.after['partition bound']};")
    return lines


def _inheritance(change: Change) -> list[str]:
    before, after = parent_tables(change.left, change.before), parent_tables(change.right, change.after)
    return [
        *(f"{change.alter} NO INHERIT {one.object};" for one in before if one not in after),
        *(f"{change.alter} INHERIT {one.object};" for one in after if one not in before),
    ]


def change_view(change: Change, wanted: Wanted) -> list[str]:
    """Replace a view's query where its columns stay; else leave it to be made anew."""
    if "definition" not in wanted or _column_names(change.left, change.key) != _column_names(change.right, change.key):
        return []
    if change.key.kind == "materialized view":
        return []
    take(wanted, "definition")
    # REPLACE sets the options too, to those that it names.
    given = ", ".join(f"{name[7:]} = {value}" for name, value in change.before.items() if name.startswith("option "))
    return [
        f"CREATE OR REPLACE VIEW {change.key.object}{f' WITH ({given})' if given else ''} AS\n{change.after['definition'].removesuffix(';')};"
    ]


def _column_names(contents: Contents, key: ObjectKey) -> set[str]:
    return {contents.local_name(one) for one in contents.of(key, "column")}


def change_sequence(change: Change, wanted: Wanted) -> list[str]:
    """Write what brings a sequence to what it is to be; where it stands is left alone."""
    alter, lines = f"ALTER SEQUENCE {change.key.object}", []
    if take(wanted, *SEQUENCE_OPTIONS):
        lines.append(f"{alter} {' '.join(sequence_clauses(change.after))};")
    if "persistence" in wanted:
        lines.append(f"{alter} SET {'UNLOGGED' if wanted.pop('persistence') else 'LOGGED'};")
    if "owned by" in wanted:
        lines.append(f"{alter} OWNED BY {wanted.pop('owned by') or 'NONE'};")
    take(wanted, "identity of")
    return lines


def change_index(change: Change, wanted: Wanted) -> list[str]:
    """Write what brings an index to what it is to be, short of making it anew."""
    table = next(one for one in change.right.snapshot.ancestors(change.key) if one.kind != "constraint")
    alter_table, lines = f"ALTER {table.kind.upper()} {table.object}", []
    if "clustered" in wanted:
        on = wanted.pop("clustered")
        if on:
            lines.append(f"{alter_table} CLUSTER ON {unqualified(change.key.object)};")
        elif not any(_indexes_with(change, table, "clustered")):
            lines.append(f"{alter_table} SET WITHOUT CLUSTER;")
    take(wanted, "replica identity")  # the table says it
    if "partition of" in wanted and wanted["partition of"] is not None and "partition of" not in change.before:
        lines.append(f"ALTER INDEX {wanted.pop('partition of')} ATTACH PARTITION {change.key.object};")
        # The parent's is valid as soon as each partition has one.
    if "tablespace" in wanted:
        lines.append(f"ALTER INDEX {change.key.object} SET TABLESPACE {wanted.pop('tablespace') or 'pg_default'};")
    for name in [one for one in wanted if one.startswith("statistics target of column ")]:
        column, target = name.rpartition(" ")[2], wanted.pop(name)
        lines.append(f"ALTER INDEX {change.key.object} ALTER COLUMN {column} SET STATISTICS {target or -1};")
    return lines


def _indexes_with(change: Change, table: ObjectKey, name: str) -> Iterator[ObjectKey]:
    """Yield the indexes of a table, also those of its constraints, that are to have a property."""
    for one in (table, *change.right.of(table, "constraint")):
        yield from (index for index in change.right.of(one, "index") if name in change.right.properties[index])


def change_constraint(change: Change, wanted: Wanted) -> list[str]:
    """Validate a constraint where that is all; else drop it and add it again."""
    before = change.before.get("definition", "").removesuffix(" NOT VALID")
    if wanted.get("validated", "") is None and before == change.after.get("definition"):
        take(wanted, "definition", "validated")
        return [f"{change.alter} VALIDATE CONSTRAINT {change.local_name};"]
    if set(wanted) == {"inherited"}:
        take(wanted, "inherited")  # the table's parents say it
    return []


def change_trigger(change: Change, wanted: Wanted) -> list[str]:
    """Enable or disable a trigger or rule."""
    if "state" not in wanted or "definition" in wanted:
        return []
    state = TRIGGER_STATES[wanted.pop("state") or "enabled"]
    return [f"{change.alter} {state} {change.key.kind.upper()} {change.local_name};"]


def change_statistics(change: Change, wanted: Wanted) -> list[str]:
    """Set the target of extended statistics."""
    if not take(wanted, "statistics target"):
        return []
    return [f"ALTER STATISTICS {change.key.object} SET STATISTICS {change.after.get('statistics target', -1)};"]
