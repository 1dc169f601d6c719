"""Definitions that let everybody in, or shut everybody out: grants to PUBLIC, rights on loan, row security, replication."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.checks.pitfalls_values import Look, Pitfall, function_head

TABLES = ("table", "partitioned table", "view", "materialized view", "foreign table", "sequence")
# What changes something; that everybody may read a table of countries is often meant.
CHANGES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "CREATE")


def _everybody_may_write(snapshot: Snapshot) -> Iterator[Pitfall]:
    for (kind, name, property_name), value in snapshot.facts.items():
        rights = [right for right in value.split(", ") if right.removesuffix("*") in CHANGES]
        if property_name != "grants to PUBLIC" or not rights or kind in {"function", "type", "language"}:
            continue
        subject = f"{kind} {name}"
        on = name.rpartition(".")[0] if kind == "column" else name if kind in TABLES and kind != "sequence" else subject
        yield Pitfall(
            "PGH-F006",
            subject,
            f"Whoever can connect may {', '.join(rights)}: it is granted to PUBLIC.",
            f"REVOKE {', '.join(rights)} ON {on} FROM PUBLIC, and GRANT it to the application's role",
            ((kind, name, property_name),),
        )


def _rights_on_loan(snapshot: Snapshot) -> Iterator[Pitfall]:
    for key in snapshot.objects("function"):
        head = function_head(snapshot.value(*key, "definition") or "")
        if "SECURITY DEFINER" in head and not re.search(r"^ SET search_path\b", head, re.MULTILINE):
            yield Pitfall(
                "PGH-F007",
                f"{key.kind} {key.object}",
                "It runs with its owner's rights (SECURITY DEFINER) and finds its tables by the search_path of whoever calls it, who can "
                "put others of the same name in front.",
                f"ALTER ROUTINE {key.object} SET search_path = pg_catalog, {key.object.partition('.')[0]}, pg_temp",
                ((key.kind, key.object, "definition"),),
            )


def _row_security(snapshot: Snapshot) -> Iterator[Pitfall]:
    policies: dict[str, ObjectKey] = {}
    for key in snapshot.objects("policy"):
        policies.setdefault(key.object.rpartition(".")[0], key)
    for key in snapshot.objects("table"):
        secured = snapshot.value(*key, "row security")
        if secured and key.object not in policies:
            yield Pitfall(
                "PGH-F008",
                f"table {key.object}",
                "Row security is on, and there is no policy: whoever is not its owner or a superuser reads no row and writes none.",
                f"CREATE POLICY … ON {key.object} TO … USING (…) in the same revision, or ALTER TABLE {key.object} DISABLE ROW LEVEL SECURITY",
                (("table", key.object, "row security"),),
            )
        elif not secured and key.object in policies:
            policy = policies[key.object]
            yield Pitfall(
                "PGH-F009",
                f"policy {policy.object}",
                f"It keeps nobody from a row: row security of {key.object} is off.",
                f"ALTER TABLE {key.object} ENABLE ROW LEVEL SECURITY",
                (("policy", policy.object, "exists"), ("table", key.object, "row security")),
            )


def _replicas(snapshot: Snapshot) -> Iterator[Pitfall]:
    """Find tables of which no replica can tell one row from another."""
    indexes = {key.object: snapshot.value(*key, "table") or "" for key in snapshot.objects("index")}
    chosen = {table for name, table in indexes.items() if snapshot.value("index", name, "replica identity")}
    keyed = {
        key.object.rpartition(".")[0]
        for key in snapshot.objects("constraint")
        if (snapshot.value(*key, "definition") or "").startswith("PRIMARY KEY")
    }
    published = {
        key.object.rpartition(" in publication ")[0]: key.object for key in snapshot.objects("publication table")
    }
    for key in snapshot.objects("table"):
        identity, table = snapshot.value(*key, "replica identity"), key.object
        is_lost = identity == "index" and table not in chosen
        has_none = table in published and (identity == "nothing" or (identity is None and table not in keyed))
        if is_lost or has_none:
            why = "the index that was its replica identity is gone" if is_lost else "it is published without a key"
            yield Pitfall(
                "PGH-F010",
                f"table {table}",
                f"Where it is published, UPDATE and DELETE fail (SQLSTATE 55000), for {why}.",
                f"ALTER TABLE {table} REPLICA IDENTITY FULL, or USING INDEX a unique one of columns that are NOT NULL; or add a primary key",
                (
                    ("table", table, "replica identity"),
                    *((("publication table", published[table], "exists"),) if table in published else ()),
                    *(("index", name, "replica identity") for name, of in indexes.items() if of == table),
                ),
            )


ACCESS: tuple[Look, ...] = (_everybody_may_write, _rights_on_loan, _row_security, _replicas)
