"""Writes what calls an object otherwise, and keeps all that it holds."""

from __future__ import annotations

from itertools import groupby

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.names import qualifier, unqualified
from pgharness.catalog.proposing import python_words as python
from pgharness.catalog.proposing.python_words import Call
from pgharness.catalog.renames import RenameGroup
from pgharness.catalog.renaming import Rename
from pgharness.catalog.rendering.attachments import phrase
from pgharness.catalog.rendering.parts import Contents, literal

# How ALTER names what stands below a table.
BELOW = {
    "constraint": "ALTER {parent} RENAME CONSTRAINT {old} TO {new};",
    "domain constraint": "ALTER DOMAIN {domain} RENAME CONSTRAINT {old} TO {new};",
    "column": "ALTER {parent} RENAME COLUMN {old} TO {new};",
}
# A NOT NULL has a name since PostgreSQL 18 alone, so the statement looks for it first.
NOT_NULLS = """\
DO $$ DECLARE old_name text; new_name text; BEGIN
  FOR old_name, new_name IN
    SELECT name.old, name.new FROM (VALUES {names}) AS name(old, new)
    JOIN pg_constraint ON conname = name.old AND contype = 'n' AND conrelid = '{table}'::regclass
  LOOP EXECUTE format('ALTER {kind} {table} RENAME CONSTRAINT %I TO %I', old_name, new_name); END LOOP;
END $$;"""


def rename_lines(group: RenameGroup, right: Contents) -> list[str]:
    """Write what does the renames of a group, in order; `right` is the catalog that has the new names."""
    others = [_rename(one, right) for one in group.all if one.new.kind != "not null"]
    not_nulls = [one for one in group.all if one.new.kind == "not null"]
    by_table = groupby(sorted(not_nulls, key=lambda one: one.new), key=lambda one: qualifier(one.new.object))
    return [*others, *(not_null_names(right, [*some]) for _, some in by_table)]


def not_null_names(right: Contents, renames: list[Rename]) -> str:
    """Write what names NOT NULLs of one table otherwise, and does nothing where they have no names."""
    table = right.parent(ObjectKey("column", renames[0].new.object))
    names = ", ".join(f"({literal(one.constraints[0])}, {literal(one.constraints[1])})" for one in renames)
    quoted = table.object.replace("'", "''")
    return NOT_NULLS.format(names=names, table=quoted, kind=table.kind.upper())


def _rename(one: Rename, right: Contents) -> str:
    parent, old, new = right.parent(one.new), unqualified(one.old.object), unqualified(one.new.object)
    if one.new.kind == "function":
        new = unqualified(one.new.object.partition("(")[0])
    template = BELOW.get(one.new.kind)
    if template is not None:
        sql = template.format(parent=phrase(right, parent), domain=parent.object, old=old, new=new)
        if one.new.kind != "column" or parent.kind != "table":
            return sql
        names = python.name(parent.object), python.name(old)
        schema = python.schema(parent.object)
        return Call(sql, "alter_column", *names, new_column_name=python.name(new), schema=schema)
    if one.new.kind in ("trigger", "policy", "rule"):
        return f"ALTER {one.new.kind.upper()} {old} ON {parent.object} RENAME TO {new};"
    sql = f"ALTER {_named(one, right)} RENAME TO {new};"
    if one.new.kind != "table":
        return sql
    return Call(sql, "rename_table", python.name(old), python.name(new), schema=python.schema(one.new.object))


def _named(one: Rename, right: Contents) -> str:
    """Return the object as ALTER names it, by its old name."""
    return phrase(right, one.new).replace(one.new.object, one.old.object)
