"""What to write instead of work on rows under an earlier statement's lock, and of a look at rows of which no message speaks."""

from __future__ import annotations

import re

from pgharness.catalog.facts import Snapshot
from pgharness.trace.fixes.partitions import fix_new_partition
from pgharness.trace.fixes.writing import ATTACHES, BLOCK, bare, execute, has, sql_of, written_in_pieces
from pgharness.trace.occurrences import Occurrence

_WRITES_ALL = re.compile(r"^\s*UPDATE\b(?!.*\bWHERE\b)", re.IGNORECASE | re.DOTALL)
_RUNS_CODE = re.compile(r"^\s*(DO|CALL|SELECT)\b", re.IGNORECASE)
_DOMAIN = re.compile(r"^\s*ALTER\s+DOMAIN\s+(?P<name>\S+)\s+(?P<action>.*)", re.IGNORECASE | re.DOTALL)
# What the code of the revision wants the rows for; other statements do something with them.
_ONLY_READS = re.compile(r"\s*(?:SELECT|TABLE|VALUES|WITH)\b", re.IGNORECASE)


def fix_held_over(one: Occurrence, _catalog: Snapshot) -> str:
    """Return how to work on rows when the lock of the earlier statement is gone."""
    sql = sql_of(one)
    if one.work.doing in {"verifies", "validates"}:
        return f"validate in a revision of its own, whose transaction holds no other lock: {execute(sql)}"
    if one.work.doing == "reads" and _ONLY_READS.match(sql):
        return (
            "read before the statement that takes the lock, or in a revision of its own; where what is read is then written, all of that in a revision "
            "of its own, in pieces, each committed, in an autocommit block"
        )
    spared = ", with a WHERE that spares what the application has written since" if _WRITES_ALL.match(sql) else ""
    # What was bound to a statement is not in its text, so only the call that the revision has makes it again.
    sent = one.statement.statement
    if not sent.parameters and one.lock.kind != "partitioned table" and (pieces := written_in_pieces(sql)):
        return f"do it in the next revision, some pages at a time, each committed: {BLOCK}{execute(pieces)}{spared}"
    call = f"what line {sent.line} sends" if sent.line else "what sends it now"
    return (
        "do it in a revision of its own, before or after, or in pieces, each committed, in an autocommit block: "
        f"{BLOCK}{call if sent.parameters else execute(sql)}{spared}"
    )


def fix_scan(one: Occurrence, catalog: Snapshot) -> str:
    """Return how to spare the statement its look at the rows."""
    sql = sql_of(one)
    if ATTACHES.search(sql):
        return fix_new_partition(one, catalog)
    if domain := _DOMAIN.match(sql):
        return _fix_domain(domain)
    if _RUNS_CODE.match(sql):
        return (
            "take it apart: in one revision what locks the table, and in the next what works on its rows, in pieces, each committed, in an autocommit "
            "block; a function, or a DO block, keeps each lock to its end"
        )
    return "let a constraint that was validated before prove it, or do it while the table is small or nobody uses it"


def _fix_domain(altered: re.Match[str]) -> str:
    """Return how a domain gets a rule without a look at all rows of its type; to validate it blocks writes, whoever does it."""
    name, action = altered["name"], altered["action"]
    later = "and validate it while nobody writes: until it is validated it holds for what is written from now on"
    if has("VALIDATE CONSTRAINT", action):
        return (
            "leave it out of the chain: an operator validates it while nobody writes; a CHECK of the table itself is validated without "
            "keeping anybody waiting"
        )
    if has("SET NOT NULL", action):
        rule = f"ALTER DOMAIN {name} ADD CONSTRAINT {bare(name)}_not_null CHECK (VALUE IS NOT NULL) NOT VALID"
        return f"{execute(rule)}, {later}"
    return f"{execute(f'ALTER DOMAIN {name} {action} NOT VALID')}, {later}"
