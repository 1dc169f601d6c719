"""Says which rows a statement fails on: in words, and by the query that counts them in production."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pgharness.catalog.facts import RELATION_KINDS, ObjectKey, Snapshot
from pgharness.catalog.index_shapes import ForeignKey, read_foreign_keys
from pgharness.catalog.names import qualifier, unqualified, unquoted
from pgharness.describing.advice import advice
from pgharness.describing.keeping_one import keep_one_of_each, mark_all_but_one
from pgharness.describing.never_null import mend_null
from pgharness.describing.validated import as_added
from pgharness.records.statements import Statement
from pgharness.records.steps import Failure
from pgharness.rows.population import Population

_NAME = r'(?:"[^"]+"|[\w$]+)'
_TABLE = re.compile(
    rf"(?:ALTER\s+TABLE(?:\s+IF\s+EXISTS)?(?:\s+ONLY)?|\bON(?:\s+ONLY)?|UPDATE(?:\s+ONLY)?)\s+({_NAME}(?:\.{_NAME})?)",
    re.IGNORECASE,
)
ALTERED = re.compile(rf"ALTER\s+(?:COLUMN\s+)?({_NAME})\s+(?:SET\s+DATA\s+)?TYPE\b", re.IGNORECASE)
_ACTION = r"(?:ADD|ALTER|DROP|SET|RENAME|OWNER|VALIDATE)\b"
_RETYPED = re.compile(
    rf"\bALTER\s+(?:COLUMN\s+)?({_NAME})\s+(?:SET\s+DATA\s+)?TYPE\s+(.+?)(?:\s+USING\s+(.+?))?;?$", re.IGNORECASE
)
_REFERENCES = re.compile(rf"REFERENCES\s+({_NAME}(?:\.{_NAME})?)\s*\(([^)]+)\)", re.IGNORECASE)
_INSERT = re.compile(rf"INSERT\s+INTO\s+({_NAME}(?:\.{_NAME})?)", re.IGNORECASE)
_WHERE = re.compile(r"\bINDEX\b.*\bWHERE\b(.+)$", re.IGNORECASE | re.DOTALL)
_NULLS_ALIKE = re.compile(r"\bNULLS\s+NOT\s+DISTINCT\b", re.IGNORECASE)
_EXCLUDED = re.compile(r"\bEXCLUDE\s+(?:USING\s+\w+\s*)?\((.+?)\)\s*(?:WHERE\s*\((.+)\))?[^()]*$", re.IGNORECASE)
_ELEMENT = re.compile(r"\s*(.+?)\s+WITH\s+(\S+?)\s*(?:,|$)", re.IGNORECASE)
_COLUMNS = re.compile(rf"(?:parent|child)\.({_NAME})|({_NAME}) IS NULL|WHERE \(((?:{_NAME}, )*{_NAME})\) IS NOT NULL")
_KEYS = re.compile(r"Key \((.+?)\)=\(.*\) (?:is not present in table \"(.+?)\"|is duplicated)", re.DOTALL)
_CHECK = re.compile(r"\bCHECK\s*\((.+)\)", re.IGNORECASE | re.DOTALL)


# Generated texts are no more than texts; what they stand for in production may be known to the project alone.
_OF_TEXTS = ("22P02", "22007", "23514")
# Python's own errors of a line that would fail on any row; of None, or of what a value was read as, they come of the rows.
_OF_THE_CODE = frozenset(
    {"NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError", "NotImplementedError"}
)
_OF_A_VALUE = re.compile(r"'(?:NoneType|str|int|float|bool|list|dict|bytes|Decimal|datetime|date)' object has no")
_VALUES = ', or name what it does hold: values = {"<schema>.<table>.<column>" = ["<text>", …]} in [tool.pgharness]'


@dataclass(frozen=True, slots=True)
class RowsAtFault:
    """Which rows, to be read behind "fails where", and a query for them, empty where the statement does not tell enough.

    Where rows share what has to be unique, `keys` is that, in `table`, of the rows that meet the `condition`.
    """

    where: str
    query: str = ""
    keys: str = ""
    table: str = ""
    condition: str = ""


def rows_at_fault(failure: Failure, before: Snapshot | None = None) -> RowsAtFault | None:
    """Return which rows a failure comes of, by its SQLSTATE; None where that does not tell.

    The query is left out where it asks for what is not there `before` the revision, as production is.
    """
    found = _read(failure if before is None else as_added(failure, before))
    if found is None or before is None or not found.query or _is_there(found.query, before):
        return found
    return replace(found, query="")


def _is_there(query: str, before: Snapshot) -> bool:
    """Whether all tables that a query of ours names are in the catalog, and the columns that it asks of them."""
    asked_of = {unquoted(unqualified(one)) for one in re.findall(rf"\bFROM\s+((?:{_NAME}\.)?{_NAME})", query)} - {
        "SELECT"
    }
    there = {full for _, full in before.objects(*RELATION_KINDS) if unquoted(unqualified(full)) in asked_of}
    columns = {unquoted(unqualified(full)) for _, full in before.objects("column") if qualifier(full) in there}
    asked = {unquoted(one) for found in _COLUMNS.findall(query) for part in found if part for one in part.split(", ")}
    return asked_of <= {unquoted(unqualified(full)) for full in there} and asked <= columns


def _read(failure: Failure) -> RowsAtFault | None:
    statement = " ".join((failure.statement or "").split())
    table = _TABLE.search(statement)
    read = _READERS.get(failure.sqlstate or "")
    return read(failure.message, statement, table[1] if table else "") if read is not None else None


def passing_in_words(population: Population) -> str:
    """Return, to be read behind "passes", on which rows something passes that fails on others."""
    if population is Population.PLAIN:
        return "on rows that all differ and hold no NULL,"
    if population is Population.VARIED:
        return "on other rows,"
    return "on empty tables"


def where_in_words(failure: Failure, before: Snapshot | None = None) -> str:
    """Return on which rows, to be read behind "fails"; a column that is not there `before` is NULL in all of them."""
    found = rows_at_fault(failure, before)
    if found is not None and failure.sqlstate == "23502" and before is not None and not found.query:
        return "on tables with rows"
    return "on tables with rows" if found is None else f"on tables with rows, where {found.where}"


def mend_rows(
    failure: Failure,
    path: str,
    foreign_keys: Iterable[ForeignKey] = (),
    before: Snapshot | None = None,
    given: Iterable[tuple[str, str]] = (),
    *,
    after: Snapshot | None = None,
    sent: Sequence[Statement] = (),
) -> str:
    """Return what to do about an upgrade that fails on some rows; `foreign_keys` are those of the catalog `before` it.

    The catalog `after` it is that of empty tables, or of rows on which it passes, and `sent` what it sent there.

    Of the columns `given`, by table and name, people have said what they hold.
    """
    words = set(re.findall(r"[\w$]+", " ".join([failure.statement or "", *(one.code for one in failure.frames)])))
    values = "" if any(unquoted(column) in words for _, column in given) else _VALUES
    declare = 'where production cannot hold such rows, declare allow = {"upgrade": "<reason>"}'
    found = rows_at_fault(failure, before)
    if failure.sqlstate is None:
        return _mend_code(failure, path, declare, values)
    if before is not None and (numbered := _numbered(failure, before)):
        return (
            f"leave {numbered} out of the INSERT{_line(failure)}, for its sequence gives it; or let what is there stay: ON CONFLICT ({numbered}) DO "
            f"NOTHING, and let the sequence get behind the rows; {declare}"
        )
    never_null = mend_null(failure, path, before, after, sent) if failure.sqlstate == "23502" else ""
    if found is None or not (found.query or found.keys):
        if never_null:
            return f"{never_null}{lines_end(never_null)}{declare}"
        otherwise = f"fill or clean the rows in {path} before"
        return f"{advice(failure, otherwise)}; {declare}"
    if before is not None and (rule := held_before(failure, before)):
        return (
            f"production has none before the revision, where {rule} held already: upgrade() in {path} parts the rows itself, so let it change "
            f"alike all that {rule} is about; {declare}"
        )
    values = values if failure.sqlstate in _OF_TEXTS else ""
    clean = (
        never_null
        or (found.keys and _keep_one(found, foreign_keys, after or before))
        or _with_names(advice(failure, f"clean them in {path} before"), failure)
    )
    ask = f"make sure that production has none: {found.query}; or " if found.query else ""
    return f"{ask}{clean}{lines_end(clean)}{declare}{values}"


def _keep_one(found: RowsAtFault, foreign_keys: Iterable[ForeignKey], contents: Snapshot | None) -> str:
    """Return what lets one row of each be unique, where production has such `contents` by then."""
    kept = keep_one_of_each(found.table, found.keys, found.condition, foreign_keys)
    marked = mark_all_but_one(found.table, found.keys, found.condition, contents) if contents is not None else ""
    return f"{marked}; or {kept}" if marked else kept


def _with_names(words: str, failure: Failure) -> str:
    """Return advice with the table and the column of a statement that gives one another type."""
    statement = " ".join((failure.statement or "").split())
    table, column = _TABLE.search(statement), ALTERED.search(statement)
    if table is None or column is None:
        return words
    # They stand in a call's double quotes.
    names = (one[1].replace('"', '\\"') for one in (table, column))
    return words.replace("<table>", next(names)).replace("<column>", next(names))


def lines_end(code: str) -> str:
    """Return what stands between what is to be typed and what else can be done; lines of code end with their own."""
    return "\n" if code.splitlines()[-1].startswith("    ") else "; "


def _mend_code(failure: Failure, path: str, declare: str, values: str) -> str:
    """Return what to do about Python's own error of a line that ran on rows."""
    if failure.frames and failure.frames[-1].code.startswith("raise"):
        return f"let upgrade() in {path} correct such rows instead of raising; {declare}"
    if _is_of_the_code(failure):
        return f"correct {path}{_line(failure)}, which runs only where there are rows; {declare}"
    return f"let upgrade() in {path} take whatever the columns may hold; {declare}{values}"


def _is_of_the_code(failure: Failure) -> bool:
    if failure.error == "AttributeError":
        return _OF_A_VALUE.search(failure.message) is None
    return failure.error in _OF_THE_CODE


def _line(failure: Failure) -> str:
    return f" (line {failure.frames[-1].line})" if failure.frames else ""


def _numbered(failure: Failure, before: Snapshot) -> str:
    """Return the column that an INSERT gives a number which its sequence gave a row already; empty where it is another matter."""
    insert = _INSERT.match(" ".join((failure.statement or "").split()))
    key = re.search(rf"Key \(({_NAME})\)=", failure.message)
    if failure.sqlstate != "23505" or insert is None or key is None:
        return ""
    name = unquoted(unqualified(insert[1]))
    for column in before.objects("column"):
        is_it = unqualified(column.object) == key[1] and unquoted(unqualified(qualifier(column.object))) == name
        default = before.value(*column, "default") or ""
        if is_it and (before.value(*column, "identity") is not None or "nextval(" in default):
            return key[1]
    return ""


def held_before(failure: Failure, before: Snapshot) -> str:
    """Return the rule that rows violate where the catalog `before` the revision had the same one, so that they met it; else empty."""
    table = _TABLE.search(" ".join((failure.statement or "").split()))
    found = _KEYS.search(failure.message)
    if table is None or found is None or failure.sqlstate not in {"23503", "23505"}:
        return ""
    keys = [unquoted(one) for one in found[1].split(", ")]
    name = unquoted(unqualified(table[1]))
    if failure.sqlstate == "23503":
        return next(
            (
                f"the foreign key {unqualified(one.name)} on ({', '.join(keys)})"
                for one in read_foreign_keys(before)
                if [unquoted(column) for column in one.columns] == keys
                and unquoted(unqualified(one.table)) == name
                and found[2] == unquoted(unqualified(one.referenced))
                and not one.definition.endswith("NOT VALID")
            ),
            "",
        )
    return next((f"{one.object}" for one in before.objects("constraint") if _is_unique(before, one, name, keys)), "")


def _is_unique(before: Snapshot, key: ObjectKey, table: str, columns: list[str]) -> bool:
    definition = before.value(*key, "definition") or ""
    found = re.fullmatch(r"(?:UNIQUE|PRIMARY KEY) \(([^()]*)\)", definition)
    has_columns = found is not None and [unquoted(one) for one in found[1].split(", ")] == columns
    return has_columns and unquoted(unqualified(qualifier(key.object))) == table


def _shared(message: str, statement: str, table: str) -> RowsAtFault | None:
    """Read of a unique_violation."""
    found = re.search(r"Key \((.+)\)=\(.*\) (?:is duplicated|already exists)", message, re.DOTALL)
    if found is None:
        return None
    if statement.upper().startswith("INSERT"):
        return RowsAtFault(f"a row has such {found[1]} already")
    if statement.upper().startswith("UPDATE"):
        return RowsAtFault(f"two rows come to the same {found[1]}")
    if (retyped := _RETYPED.search(statement)) is not None:
        column, type_name, using = retyped.groups()
        return _alike_as(found[1], column, type_name, using or f"{column}::{type_name}", table)
    keys, partial = found[1], _WHERE.search(statement)
    conditions = [] if _NULLS_ALIKE.search(statement) else [f"({keys}) IS NOT NULL"]
    conditions += [f"({partial[1].strip()})"] if partial else []
    condition = " AND ".join(conditions) or "true"
    query = f"SELECT {keys}, count(*) FROM {table}{f' WHERE {condition}' if conditions else ''} GROUP BY {keys} HAVING count(*) > 1"
    where = f"two rows share {keys}" + (f" where {partial[1].strip()}" if partial else "")
    return RowsAtFault(where, query, keys, table, condition) if table else RowsAtFault(where)


def _conflicting(message: str, statement: str, table: str) -> RowsAtFault | None:
    """Read of an exclusion_violation."""
    found = re.search(r"Key \((.+?)\)=\(.*\) conflicts with", message, re.DOTALL)
    if found is None or not statement.upper().startswith("ALTER"):
        return None
    where, excluded = f"two rows conflict in {found[1]}", _EXCLUDED.search(statement)
    elements = _ELEMENT.findall(excluded[1]) if excluded is not None else []
    if excluded is None or not elements or not all(re.fullmatch(_NAME, name) for name, _ in elements) or not table:
        return RowsAtFault(where)
    pairs = " AND ".join(f"one.{name} {operator} other.{name}" for name, operator in elements)
    if not excluded[2]:
        return RowsAtFault(
            where, f"SELECT count(*) FROM {table} AS one JOIN {table} AS other ON one.ctid < other.ctid AND {pairs}"
        )
    met = f"(SELECT ctid, * FROM {table} WHERE {excluded[2]})"
    return RowsAtFault(
        f"{where} where {excluded[2]}",
        f"SELECT count(*) FROM {met} AS one JOIN {met} AS other ON one.ctid < other.ctid AND {pairs}",
    )


def _alike_as(keys: str, column: str, type_name: str, using: str, table: str) -> RowsAtFault:
    """Return the rows that come to share keys as their column gets another type: what it is made `using` is that in which they are alike."""
    if re.search(rf",\s*{_ACTION}", f"{type_name} {using}") or not table:
        return RowsAtFault(f"two rows come to the same {keys}")
    there = ", ".join(using if one == column else one for one in keys.split(", "))
    condition = f"({there}) IS NOT NULL"
    query = f"SELECT {there}, count(*) FROM {table} WHERE {condition} GROUP BY {there} HAVING count(*) > 1"
    return RowsAtFault(f"two rows come to the same {keys} as {type_name}", query, there, table, condition)


def _null(message: str, statement: str, table: str) -> RowsAtFault | None:
    """Read of a not_null_violation; a column that the statement adds itself is NULL in every row."""
    found = re.search(r'column "(.+?)" of relation ".+?" contains null values', message)
    if found is None or re.search(
        rf'\bADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?"?{found[1]}\b', statement, re.IGNORECASE
    ):
        return None
    return RowsAtFault(
        f"a row has no {found[1]}", f'SELECT count(*) FROM {table} WHERE "{found[1]}" IS NULL' if table else ""
    )


def _orphaned(message: str, statement: str, table: str) -> RowsAtFault | None:
    """Read of a foreign_key_violation."""
    found = re.search(r'Key \((.+)\)=\(.*\) is not present in table "(.+?)"', message, re.DOTALL)
    if found is None:
        return None
    keys, referred = found[1], _REFERENCES.search(statement)
    query = ""
    if table and referred is not None:
        pairs = zip(keys.split(", "), referred[2].split(","), strict=False)
        same = " AND ".join(f"parent.{parent.strip()} = child.{child}" for child, parent in pairs)
        filled = " AND ".join(f"child.{key} IS NOT NULL" for key in keys.split(", "))
        query = f"SELECT count(*) FROM {table} AS child WHERE {filled} AND NOT EXISTS (SELECT FROM {referred[1]} AS parent WHERE {same})"
    return RowsAtFault(f"{keys} leads to no row of {found[2]}", query)


def _violating(message: str, statement: str, table: str) -> RowsAtFault | None:
    """Read of a check_violation."""
    found = re.search(r'check constraint "(.+?)"', message)
    condition = _CHECK.search(statement)
    if of_domain := re.search(r'column "(.+?)" of table "(.+?)" contains values that violate the new', message):
        column, of_table = of_domain[1], of_domain[2]
        asked = re.sub(r"\bVALUE\b", column, condition[1], flags=re.IGNORECASE) if condition is not None else ""
        return RowsAtFault(
            f"{column} of {of_table} violates it",
            f"SELECT count(*) FROM {of_table} WHERE NOT ({asked})" if asked else "",
        )
    if found is None:
        return None
    return RowsAtFault(
        f"a row violates {found[1]}",
        f"SELECT count(*) FROM {table} WHERE NOT ({condition[1]})" if table and condition else "",
    )


def _too_long(message: str, statement: str, table: str) -> RowsAtFault | None:
    """Read of a string_data_right_truncation."""
    limit, column = re.search(r"\((\d+)\)", message), ALTERED.search(statement)
    if limit is None:
        return None
    name = column[1] if column else "a text"
    query = f"SELECT count(*) FROM {table} WHERE length({name}) > {limit[1]}" if table and column else ""
    return RowsAtFault(f"{name} is longer than {limit[1]}", query)


def _too_large(_message: str, statement: str, table: str) -> RowsAtFault | None:
    """Read of a numeric_value_out_of_range."""
    column = ALTERED.search(statement)
    if column is None:
        return RowsAtFault("a number is near the end of its type")
    return RowsAtFault(
        f"{column[1]} is near the end of its type", f"SELECT min({column[1]}), max({column[1]}) FROM {table}"
    )


def _unreadable(message: str, statement: str, table: str) -> RowsAtFault | None:
    """Read of an invalid_text_representation or an invalid_datetime_format."""
    found, column = re.search(r"invalid input \w+ for (?:enum|type) ([^:\n]+)", message), ALTERED.search(statement)
    if found is None:
        return None
    name = column[1] if column else "a text"
    query = f"SELECT {name}, count(*) FROM {table} GROUP BY 1" if table and column else ""
    return RowsAtFault(f"{name} cannot be read as {found[1].strip()}", query)


_READERS = {
    "23505": _shared,
    "23502": _null,
    "23503": _orphaned,
    "23514": _violating,
    "23P01": _conflicting,
    "22001": _too_long,
    "22003": _too_large,
    "22P02": _unreadable,
    "22007": _unreadable,
}
