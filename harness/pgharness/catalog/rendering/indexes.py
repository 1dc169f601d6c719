"""Writes what belongs to a table and stands below it: sequences, indexes, triggers, rules, policies, statistics."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.names import unqualified
from pgharness.catalog.rendering.attachments import attachments
from pgharness.catalog.rendering.columns import sequence_options
from pgharness.catalog.rendering.parts import Contents, Part, Phase, options, partitions_below

TRIGGER_STATES = {"disabled": "DISABLE", "enabled": "ENABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}


def parts(contents: Contents) -> Iterator[Part]:
    """Yield the parts that come below the table that they belong to."""
    yield from _sequences(contents)
    yield from _indexes(contents)
    for key, facts in contents.all("trigger"):
        yield _trigger(contents, key, facts)
    for key, facts in contents.all("rule"):
        table = contents.parent(key)
        state = (
            f"ALTER TABLE {table.object} {TRIGGER_STATES[facts['state']]} RULE {contents.local_name(key)};"
            if "state" in facts
            else ""
        )
        yield _below_table(contents, key, [facts["definition"], state], rank=5)
    for key, facts in contents.all("policy"):
        yield _below_table(contents, key, [_policy(contents, key, facts)], rank=6)
    for key, facts in contents.all("statistics"):
        target = facts.get("statistics target")
        set_target = f"ALTER STATISTICS {key.object} SET STATISTICS {target};" if target is not None else ""
        yield _below_table(contents, key, [facts["definition"] + ";", set_target], rank=4)


def index_lines(contents: Contents, index: ObjectKey, table: ObjectKey) -> list[str]:
    """Write what is said of an index after it was made, by CREATE INDEX or by a constraint."""
    facts = contents.properties[index]
    name = unqualified(index.object)
    alter_table = f"ALTER {contents.properties[table]['exists'].replace('partitioned ', '').upper()} {table.object}"
    lines = [f"ALTER INDEX {index.object} SET ({one});" for one in options(facts)]
    if "tablespace" in facts:
        lines.append(f"ALTER INDEX {index.object} SET TABLESPACE {facts['tablespace']};")
    lines += [
        f"ALTER INDEX {index.object} ALTER COLUMN {name_of.rpartition(' ')[2]} SET STATISTICS {value};"
        for name_of, value in facts.items()
        if name_of.startswith("statistics target of column ")
    ]
    if "clustered" in facts:
        lines.append(f"{alter_table} CLUSTER ON {name};")
    if "replica identity" in facts:
        lines.append(f"{alter_table} REPLICA IDENTITY USING INDEX {name};")
    return lines


def _sequences(contents: Contents) -> Iterator[Part]:
    for key, facts in contents.all("sequence"):
        if "identity of" in facts:
            continue
        unlogged = "UNLOGGED " if "persistence" in facts else ""
        typed = "" if facts["type"] == "bigint" else f" AS {facts['type']}"
        given = "".join(f" {one}" for one in sequence_options(facts))
        lines = [f"CREATE {unlogged}SEQUENCE {key.object}{typed}{given};"]
        table = contents.parent(key)
        if table != key and "owner" in contents.properties[table]:
            # Only a sequence of the table's own owner can be given to a column.
            lines.append(f"ALTER SEQUENCE {key.object} OWNER TO {contents.properties[table]['owner']};")
        lines += attachments(contents, key)
        group = table.object
        yield Part(frozenset({key}), contents.needs(key) - {key}, Phase.TABLES, group, tuple(lines), rank=-1)
        if "owned by" in facts:
            owned = f"ALTER SEQUENCE {key.object} OWNED BY {facts['owned by']};"
            needs = frozenset({key, table})
            yield Part(frozenset(), needs, Phase.TABLES, group, (owned,), rank=1)


def _indexes(contents: Contents) -> Iterator[Part]:
    for key, facts in contents.all("index"):
        table = contents.parent(key)
        if table.kind != "constraint":
            lines = [facts["definition"] + ";", *index_lines(contents, key, table), *attachments(contents, key)]
            needs = contents.needs(key) | {table} | partitions_below(contents, table)
            yield Part(frozenset({key}), needs - {key}, Phase.TABLES, table.object, tuple(lines), rank=2)
        else:
            table = contents.parent(table)
        if "partition of" in facts:
            parent = ObjectKey("index", facts["partition of"])
            attach = f"ALTER INDEX {parent.object} ATTACH PARTITION {key.object};"
            yield Part(frozenset(), frozenset({key, parent}), Phase.TABLES, table.object, (attach,), rank=3)


def _trigger(contents: Contents, key: ObjectKey, facts: dict[str, str]) -> Part:
    table = contents.parent(key)
    word = "FOREIGN TABLE" if table.kind == "foreign table" else "TABLE"
    name = contents.local_name(key)
    state = f"ALTER {word} {table.object} {TRIGGER_STATES[facts['state']]} TRIGGER {name};" if "state" in facts else ""
    if "definition" in facts:
        return _below_table(
            contents, key, [facts["definition"] + ";", state], rank=7, needs=partitions_below(contents, table)
        )
    # The trigger itself came with the one of the partitioned table above.
    return Part(frozenset({key}), frozenset({table}), Phase.FOREIGN_KEYS, table.object, (state,))


def _policy(contents: Contents, key: ObjectKey, facts: dict[str, str]) -> str:
    lines = [f"CREATE POLICY {contents.local_name(key)} ON {contents.parent(key).object}"]
    if "restrictive" in facts:
        lines.append("    AS RESTRICTIVE")
    lines.append(f"    FOR {facts['command']} TO {facts['roles']}")
    if "using" in facts:
        lines.append(f"    USING ({facts['using']})")
    if "with check" in facts:
        lines.append(f"    WITH CHECK ({facts['with check']})")
    return "\n".join(lines) + ";"


def _below_table(
    contents: Contents, key: ObjectKey, lines: list[str], *, rank: int, needs: frozenset[ObjectKey] = frozenset()
) -> Part:
    table = contents.parent(key)
    written = [line for line in lines if line] + attachments(contents, key)
    needs = needs | contents.needs(key) | {table}
    phase = Phase.VIEWS if table.kind.endswith("view") else Phase.TABLES
    return Part(frozenset({key}), needs - {key}, phase, table.object, tuple(written), rank)
