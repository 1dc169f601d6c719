"""What is to be said and typed where a database's schema is not the one of this release."""

from __future__ import annotations

from collections.abc import Iterator

from flowforge_schema.migrate.facts import Facts, Subject

NO_STATEMENT = "no statement brings it back with its rows: restore it from a backup"

# Others may have functions, types and tables of their own beside ours; on our tables they may not.
OF_A_TABLE = ("setting", "column", "default", "not null", "constraint", "index", "trigger")


def differences(release: Facts, database: Facts) -> tuple[str, ...]:
    """Return a line for each difference, with the statement that mends it; empty where there is none."""
    return tuple(f"{seen}; fix: {mend}" for seen, mend in (*_missing(release, database), *_others(release, database)))


def _missing(release: Facts, database: Facts) -> Iterator[tuple[str, str]]:
    """Yield what is not there or not as it should be; of a table that is missing, nothing but that."""
    for subject, definition in release.items():
        if subject.kind != "table" and subject.table and _is_gone(subject.table, database):
            continue
        if subject.kind in ("default", "not null") and Subject("column", subject.table, subject.name) not in database:
            continue  # the column is missing, and is told with all of it
        seen = database.get(subject)
        if seen is None:
            yield f"{subject} is missing", _create(subject, definition, release)
        elif seen != definition:
            yield f"{subject} differs: it is {_short(seen)}", _change(subject, definition, seen)


def _others(release: Facts, database: Facts) -> Iterator[tuple[str, str]]:
    """Yield what our tables have and this release does not know."""
    for subject, definition in database.items():
        is_ours = subject.kind in OF_A_TABLE and not _is_gone(subject.table, release)
        is_told = (
            subject.kind in ("default", "not null") and Subject("column", subject.table, subject.name) not in release
        )
        if is_ours and not is_told and subject not in release:
            yield f"{subject} is not of this release: {_short(definition)}", _drop(subject)


def _is_gone(table: str, facts: Facts) -> bool:
    return Subject("table", table, table) not in facts


def _create(subject: Subject, definition: str, release: Facts) -> str:
    """Return the statement that makes what is missing; of a trigger or a function, PostgreSQL prints it whole."""
    alter, name = f"ALTER TABLE {subject.table}", subject.name
    return {
        "table": NO_STATEMENT,
        "setting": f"{alter} SET ({name} = {definition})",
        "column": f"{alter} ADD COLUMN {name} {definition}{_rest_of_column(subject, release)}",
        "default": f"{alter} ALTER COLUMN {name} SET DEFAULT {definition}",
        "not null": f"{alter} ALTER COLUMN {name} SET NOT NULL",
        "constraint": f"{alter} ADD CONSTRAINT {name} {definition}",
        "index": definition.replace("INDEX ", "INDEX CONCURRENTLY ", 1),
        "enum": f"CREATE TYPE {name} AS ENUM ({definition})",
    }.get(subject.kind, definition)


def _rest_of_column(column: Subject, release: Facts) -> str:
    default = release.get(Subject("default", column.table, column.name))
    is_not_null = Subject("not null", column.table, column.name) in release
    return (f" DEFAULT {default}" if default else "") + (" NOT NULL" if is_not_null else "")


def _change(subject: Subject, definition: str, seen: str) -> str:
    """Return the statement that makes what differs as it should be."""
    alter, name = f"ALTER TABLE {subject.table}", subject.name
    if seen == f"{definition} NOT VALID":
        return f"{alter} VALIDATE CONSTRAINT {name}"
    if seen == f"{definition} DISABLED":
        return f"{alter} ENABLE TRIGGER {name}"
    create = _create(subject, definition, {})
    return {
        "table": f"{alter} {_STATES[definition, seen]}" if (definition, seen) in _STATES else NO_STATEMENT,
        "column": f"{alter} ALTER COLUMN {name} TYPE {definition}",
        "constraint": f"{alter} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {definition}",
        "index": f"DROP INDEX CONCURRENTLY {name}; {create}",
        "trigger": f"DROP TRIGGER {name} ON {subject.table}; {create}",
        "enum": _change_enum(name, definition.split(", "), seen.split(", ")),
    }.get(subject.kind, create)


# What a table should be and is, and what is to be done with it; ours are logged and without row security.
_STATES = {
    ("", "UNLOGGED"): "SET LOGGED",
    ("", "ROW SECURITY"): "DISABLE ROW LEVEL SECURITY",
    ("", "UNLOGGED ROW SECURITY"): "SET LOGGED, DISABLE ROW LEVEL SECURITY",
}


def _change_enum(name: str, labels: list[str], seen: list[str]) -> str:
    missing = [label for label in labels if label not in seen]
    if not missing or [label for label in labels if label not in missing] != seen:
        return f"a label is never taken out or moved: replace the type, whose labels should be {', '.join(labels)}"
    places = {label: labels[labels.index(label) - 1] if labels[0] != label else None for label in missing}
    return "; ".join(
        f"ALTER TYPE {name} ADD VALUE {label} " + (f"AFTER {place}" if place else f"BEFORE {seen[0]}")
        for label, place in places.items()
    )


def _drop(subject: Subject) -> str:
    alter = f"ALTER TABLE {subject.table}"
    return {
        "column": f"{alter} DROP COLUMN {subject.name}",
        "default": f"{alter} ALTER COLUMN {subject.name} DROP DEFAULT",
        "not null": f"{alter} ALTER COLUMN {subject.name} DROP NOT NULL",
        "setting": f"{alter} RESET ({subject.name})",
        "constraint": f"{alter} DROP CONSTRAINT {subject.name}",
        "index": f"DROP INDEX CONCURRENTLY {subject.name}",
        "trigger": f"DROP TRIGGER {subject.name} ON {subject.table}",
    }[subject.kind]


def _short(definition: str) -> str:
    return " ".join(definition.split())[:200]
