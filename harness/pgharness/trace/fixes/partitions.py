"""Indexes of partitioned tables built on each partition by itself, and partitions attached without a look at their rows."""

from __future__ import annotations

import re

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.identifiers import quoted
from pgharness.catalog.index_shapes import Index, index_of
from pgharness.catalog.names import unqualified
from pgharness.records.trace import Work
from pgharness.trace.fixes.writing import BACK, BLOCK, NEXT, THEN, all_of, bare, beside, drop, execute, of, sql_of
from pgharness.trace.occurrences import Occurrence

_HEAD = re.compile(
    r"^CREATE (?P<unique>UNIQUE )?INDEX (?:\"(?:[^\"]|\"\")+\"|\S+) ON (?:ONLY )?(?:\"(?:[^\"]|\"\")+\"|[^\s\"])+ "
)
_PARTITION = re.compile(
    r"\b(?:ATTACH\s+PARTITION\s+(?P<attached>(?:\"[^\"]+\"|[\w.])+)|CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<created>(?:\"[^\"]+\"|[\w.])+)\s+PARTITION\s+OF\s+\S+.*?)\s+FOR\s+VALUES\s+(?P<bound>.*)",
    re.IGNORECASE | re.DOTALL,
)
_RANGE = re.compile(r"FROM\s*\((?P<least>.*)\)\s*TO\s*\((?P<end>.*)\)\s*", re.IGNORECASE | re.DOTALL)
_LIST = re.compile(r"IN\s*\((?P<values>.*)\)\s*", re.IGNORECASE | re.DOTALL)
_KEY_OF_ONE_COLUMN = re.compile(r"(?:RANGE|LIST) \((\"(?:[^\"]|\"\")+\"|\w+)\)")
_IN_WORDS = (
    "add a CHECK that implies the partition's bounds, NOT VALID, to the partition, and one that excludes them to the DEFAULT partition; validate "
    "both in a revision before this one, and build there the indexes of the partitioned table on the partition, concurrently"
)
_OPEN = re.compile(r"(?i:MINVALUE|MAXVALUE|NULL)|.*,.*", re.DOTALL)


def fix_index_of_partitions(one: Occurrence, parts: re.Match[str]) -> str:
    """Return how to build an index on each partition by itself, and then take all of them into one of the whole table."""
    table = unqualified(one.lock.relation)
    name = parts["name"] or re.sub(r"\W+", "_", f"{table}{parts['rest']}").strip("_") + "_idx"
    only = f"{parts['head']}{name} ON ONLY {parts['table']} {parts['rest']}"
    attached = "; ".join(_attach(one, unqualified(name), work) for work in _builds(one))
    built = _build_each(one, parts["head"], parts["rest"])
    undone = all_of(f"DROP INDEX {beside(one.lock.relation, unqualified(name))}", only)
    return f"{execute(only)}{NEXT}{built}, and then {attached}{BACK}{undone}"


def fix_constraint_of_partitions(one: Occurrence, kind: str, columns: str, given: str | None, distinct: str) -> str:
    """Return the same for a constraint that makes an index."""
    table = unqualified(one.lock.relation)
    plain = re.sub(r"\W+", "_", columns).strip("_")
    name = given or quoted(f"{bare(table)}_pkey" if kind == "PRIMARY KEY" else f"{bare(table)}_{plain}_key")
    built = _build_each(one, "CREATE UNIQUE INDEX ", f"({columns}){distinct}")
    taken = "; ".join(
        execute(
            f"ALTER TABLE {work.relation} ADD CONSTRAINT {quoted(work.name)} {kind} USING INDEX {quoted(work.name)}"
        )
        + f"; {_attach(one, name, work)}"
        for work in _builds(one)
    )
    whole = f"ALTER TABLE ONLY {one.lock.relation} ADD CONSTRAINT {name} {kind}{distinct} ({columns})"
    undone = all_of(f"ALTER TABLE {one.lock.relation} DROP CONSTRAINT {name}", whole)
    return f"{execute(whole)}{NEXT}{built}, and then {taken}{BACK}{undone}"


def _builds(one: Occurrence) -> list[Work]:
    return [work for work in one.works if work.doing == "builds"]


def _build_each(one: Occurrence, head: str, rest: str) -> str:
    """Return the autocommit block that builds the index of each partition, also where a build before was stopped."""
    calls = (
        f"{drop(work)}; {execute(f'{head}CONCURRENTLY {quoted(work.name)} ON {work.relation} {rest}')}"
        for work in _builds(one)
    )
    return f"{BLOCK}{'; '.join(calls)}"


def _attach(one: Occurrence, name: str, work: Work) -> str:
    return execute(f"ALTER INDEX {beside(one.lock.relation, name)} ATTACH PARTITION {of(work)}")


def fix_new_partition(one: Occurrence, catalog: Snapshot) -> str:
    """Return how a partition is made ready before: a CHECK proves its bound, and for the DEFAULT partition what it excludes, and its indexes are there."""
    whole = _whole(one, catalog)
    partition = _PARTITION.search(sql_of(one)) if whole else None
    key = _KEY_OF_ONE_COLUMN.fullmatch(catalog.value("table", whole, "partition key") or "") if whole else None
    if partition is None or key is None or not (condition := _condition(key[1], partition["bound"])):
        return _IN_WORDS
    attached = _named(catalog, partition["attached"]) if partition["attached"] else ""
    name = quoted(f"{bare(attached or partition['created'])}_bound")
    checks = {attached: f"({condition})"} if attached else {}
    checks |= dict.fromkeys(_default_partitions(catalog, whole), f"NOT ({condition})")
    built, taken = _indexes_before(attached, whole, catalog) if attached else ((), ())
    added = (f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({check}) NOT VALID" for table, check in checks.items())
    validated = (f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}" for table in checks)
    dropped = (f"ALTER TABLE {table} DROP CONSTRAINT {name}" for table in checks)
    return f"{all_of(*added)}{NEXT}{BLOCK}{all_of(*validated, *built)}{THEN}{all_of(*taken, sql_of(one), *dropped)}"


def _indexes_before(partition: str, whole: str, catalog: Snapshot) -> tuple[list[str], list[str]]:
    """Return what builds the indexes that a partition lacks, and what makes constraints of them; ATTACH PARTITION takes those that are there."""
    there = [_shape(index) for index in _indexes(catalog, partition)]
    built, taken = list[str](), list[str]()
    for index in _indexes(catalog, whole):
        name = quoted(f"{bare(partition)}_{bare(index.name)}"[:63])
        if _shape(index) not in there:
            built += [f"DROP INDEX CONCURRENTLY IF EXISTS {beside(partition, name)}", _like(index, name, partition)]
            kind = index.made_by.upper()
            taken += [f"ALTER TABLE {partition} ADD CONSTRAINT {name} {kind} USING INDEX {name}"] if kind else []
    return built, taken


def _like(index: Index, name: str, table: str) -> str:
    """Return what builds on a table an index like that of the partitioned one."""
    if index.made_by:
        nulls = "" if index.nulls_distinct else " NULLS NOT DISTINCT"
        return f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({', '.join(index.expressions)}){nulls}"
    return _HEAD.sub(
        lambda head: f"CREATE {head['unique'] or ''}INDEX CONCURRENTLY {name} ON {table} ", index.definition
    )


def _indexes(catalog: Snapshot, table: str) -> list[Index]:
    owned = [key for key in catalog.objects("index") if catalog.value(*key, "table") == table]
    return [index_of(catalog, key) for key in owned if key in catalog.shapes]


def _shape(index: Index) -> tuple[object, ...]:
    return index.method, index.columns, index.included, index.is_unique, index.predicate, index.made_by


def _whole(one: Occurrence, catalog: Snapshot) -> str:
    """Return the partitioned table that a statement names; empty where none is known by that name."""
    known = [key.object for key in catalog.objects("table") if catalog.value(*key, "partition key") is not None]
    named = re.findall(r'(?:"[^"]+"|[\w.])+', sql_of(one))
    return next((table for table in known if {table, unqualified(table)} & set(named)), "")


def _named(catalog: Snapshot, name: str) -> str:
    """Return a table as PostgreSQL prints it; as the statement has it, where it is not known."""
    known = (key.object for key in catalog.objects("table"))
    return next((table for table in known if name in {table, unqualified(table)}), name)


def _default_partitions(catalog: Snapshot, whole: str) -> list[str]:
    parts = (key for key in catalog.objects("table") if catalog.value(*key, "partition of") == whole)
    return [key.object for key in parts if catalog.value(*key, "partition bound") == "DEFAULT"]


def _condition(column: str, bound: str) -> str:
    """Return what a bound says of a partition key of one column; empty for what this cannot say."""
    if (limits := _RANGE.fullmatch(bound.strip())) and not (_OPEN.fullmatch(limits[1]) or _OPEN.fullmatch(limits[2])):
        return f"{column} IS NOT NULL AND {column} >= {limits['least']} AND {column} < {limits['end']}"
    if (values := _LIST.fullmatch(bound.strip())) and not re.search(r"\bNULL\b", values["values"], re.IGNORECASE):
        return f"{column} IS NOT NULL AND {column} IN ({values['values']})"
    return ""


def is_partition_key(catalog: Snapshot, table: str) -> bool:
    """Whether a table is partitioned or a partition."""
    key = ObjectKey("table", table)
    return any(catalog.value(*key, name) is not None for name in ("partition key", "partition of"))
