"""What to write instead of work on rows under an earlier statement's lock, and of a look at rows of which no message speaks."""

from __future__ import annotations

import re

from pgharness.catalog.facts import Snapshot
from pgharness.trace.fixes.partitions import fix_new_partition
from pgharness.trace.fixes.writing import ATTACHES, BLOCK, bare, execute, has, sql_of, written_in_pieces
from pgharness.trace.occurrences import Occurrence
from pgharness.trace.statement_parts import makes_of_itself, outermost

_WRITES_ALL = re.compile(r"^\s*UPDATE\b(?!.*\bWHERE\b)", re.IGNORECASE | re.DOTALL)
_FILLS = re.compile(r"^\s*UPDATE\s+(?:ONLY\s+)?\S+\s+SET\s+(?P<column>\"[^\"]+\"|\w+)\s*=", re.IGNORECASE)
_RUNS_CODE = re.compile(r"^\s*(DO|CALL|SELECT)\b", re.IGNORECASE)
_DOMAIN = re.compile(r"^\s*ALTER\s+DOMAIN\s+(?P<name>\S+)\s+(?P<action>.*)", re.IGNORECASE | re.DOTALL)
# What the code of the revision wants the rows for; other statements do something with them.
_ONLY_READS = re.compile(r"\s*(?:SELECT|TABLE|VALUES|WITH)\b", re.IGNORECASE)


def fix_held_over(one: Occurrence, catalog: Snapshot) -> str:
    """Return how to work on rows when the lock of the earlier statement is gone."""
    whole = sql_of(one)
    sql = _sparing(one, catalog)
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
    if makes_of_itself(whole):
        called = f"what line {sent.line} sends" if sent.parameters and sent.line else execute(whole)
        return (
            f"do it in a revision of its own, before or after: {called}, in its transaction and in one piece, as it makes a value of the one that stands "
            "there, so that whatever is committed and then sent again is done twice; rows that it writes wait until it ends"
        )
    if not sent.parameters and one.lock.kind != "partitioned table" and (pieces := written_in_pieces(sql)):
        return f"do it in the next revision, some pages at a time, each committed: {BLOCK}{execute(pieces)}{spared}"
    call = f"what line {sent.line} sends" if sent.line else "what sends it now"
    return (
        "do it in a revision of its own, before or after, or in pieces, each committed, in an autocommit block: "
        f"{BLOCK}{call if sent.parameters else execute(sql)}{spared}"
    )


def _sparing(one: Occurrence, catalog: Snapshot) -> str:
    """Return a statement that fills a new column of a table such that it spares what the application has written since.

    Where the column comes with a default, all rows have that, and NULL would tell none that is still to be filled.
    """
    sql, table = sql_of(one), one.work.relation
    fills = _FILLS.match(sql) if _WRITES_ALL.match(sql) else None
    is_new = fills is not None and catalog.value("column", f"{table}.{fills['column']}", "type") is None
    if fills is None or not is_new or catalog.value("table", table) is None or _has_more(sql[fills.end() :]):
        return sql
    added = re.compile(
        rf"\bADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?{re.escape(fills['column'])}\s[^,]*\bDEFAULT\b", re.IGNORECASE
    )
    if any(added.search(outermost(sent)) for sent in one.sent):
        return sql
    return f"{sql.rstrip('; ')} WHERE {fills['column']} IS NULL"


def _has_more(text: str) -> bool:
    """Whether a statement sets more columns than one, or goes by other tables."""
    return re.search(r",|\b(?:FROM|RETURNING)\b", outermost(text), re.IGNORECASE) is not None


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
