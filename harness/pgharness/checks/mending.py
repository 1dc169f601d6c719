"""Gives, for a difference, the operation to write into a revision or the change to make in the models."""

from __future__ import annotations

from collections.abc import Callable

from pgharness.checks.wording import Told

DROPS = {
    "column": "ALTER TABLE {parent} DROP COLUMN {name}",
    "constraint": "ALTER TABLE {parent} DROP CONSTRAINT {name}",
    "trigger": "DROP TRIGGER {name} ON {parent}",
    "rule": "DROP RULE {name} ON {parent}",
    "policy": "DROP POLICY {name} ON {parent}",
}


def mend_migrations(told: Told) -> str:
    """Say what brings the migrated database (left) to the models (right)."""
    if told.only_in == "left":
        return f"declare it in the models, or write a revision: {_operation(drop_statement(told))}"
    if told.only_in == "right":
        return f"write a revision: {_operation(create_statement(told))}"
    if told.kind == "column order of table":
        return "move the attribute in the model to where the chain puts the column (PostgreSQL cannot move a column)"
    return f"write a revision: {_operation(change_statement(told))}; or correct the models"


def mend_downgrade(told: Told, path: str) -> str:
    """Say what the downgrade of a revision must do: left is the catalog before the upgrade, right after the downgrade."""
    if told.only_in == "right":
        return f"in downgrade() of {path}: {_operation(drop_statement(told))}"
    if told.only_in == "left":
        return f"in downgrade() of {path}: {_operation(create_statement(told))}"
    return f"in downgrade() of {path}, restore what upgrade() changed: {told.evidence.splitlines()[0]}"


def drop_statement(told: Told) -> str:
    """Give the DDL that drops the object."""
    template = DROPS.get(told.kind, "DROP {kind} {object}")
    return template.format(kind=told.kind.upper(), object=told.object, name=_own_name(told), parent=_parent(told))


def create_statement(told: Told) -> str:
    """Give the DDL that makes the object, as PostgreSQL prints it where it does; else what to make, in words."""
    definition = told.value("definition")
    make = CREATES.get(told.kind)
    if make is not None:
        return make(told)
    if definition is not None and definition.upper().startswith("CREATE"):
        return definition
    return f"CREATE {told.kind.upper()} {told.object} …"


def change_statement(told: Told) -> str:
    """Give the DDL that changes the object on the left to what it is on the right, or drops and makes it anew."""
    definition = next((item.right for item in told.differences if item.property == "definition"), None)
    if told.kind == "column":
        return _change_column(told)
    if definition is None:
        changed = ", ".join(f"{item.property} to {item.right or 'none'}" for item in told.differences)
        return f"ALTER {told.kind.upper()} {told.object} … ({changed})"
    if told.kind == "constraint":
        return f"{drop_statement(told)}, ADD CONSTRAINT {_own_name(told)} {definition}"
    if told.kind in {"function", "procedure"}:
        return definition
    if told.kind in {"view", "materialized view"}:
        return f"CREATE OR REPLACE VIEW {told.object} AS {definition}"
    return f"{drop_statement(told)}; {definition}"


def _change_column(told: Told) -> str:
    clauses = [_column_clause(item.property, item.right) for item in told.differences if item.property != "position"]
    alter = f"ALTER COLUMN {_own_name(told)}"
    return f"ALTER TABLE {_parent(told)} {', '.join(f'{alter} {clause}' for clause in clauses)}"


def _column_clause(property_name: str, value: str | None) -> str:
    match property_name:
        case "type":
            return f"TYPE {value}"
        case "not null":
            return "SET NOT NULL" if value else "DROP NOT NULL"
        case "default":
            return f"SET DEFAULT {value}" if value else "DROP DEFAULT"
        case _:
            return f"… ({property_name} to {value or 'none'})"


def _create_column(told: Told) -> str:
    parts = [_own_name(told), told.value("type") or ""]
    parts += [f"DEFAULT {told.value('default')}"] if told.value("default") else []
    parts += [f"GENERATED ALWAYS AS {told.value('generated')}"] if told.value("generated") else []
    parts += ["NOT NULL"] if told.value("not null") else []
    return f"ALTER TABLE {_parent(told)} ADD COLUMN {' '.join(parts)}"


def _create_constraint(told: Told) -> str:
    return f"ALTER TABLE {_parent(told)} ADD CONSTRAINT {_own_name(told)} {told.value('definition')}"


def _create_type(told: Told) -> str:
    labels = told.value("labels")
    return f"CREATE TYPE {told.object} AS ENUM ({labels})" if labels else f"CREATE TYPE {told.object} …"


CREATES: dict[str, Callable[[Told], str]] = {
    "column": _create_column,
    "constraint": _create_constraint,
    "type": _create_type,
}


def _operation(statement: str) -> str:
    quotes = '"""' if "\n" in statement or '"' in statement else '"'
    return f"op.execute({quotes}{statement}{quotes})"


def _own_name(told: Told) -> str:
    parent = _parent(told)
    return told.object.removeprefix(f"{parent}.") if parent else told.object


def _parent(told: Told) -> str:
    return told.parent.object if told.parent is not None else told.object.rpartition(".")[0]
