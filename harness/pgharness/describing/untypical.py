"""Says of a revision that fails on values made for it, where Python reads them, that these may be untypical, and how to give others."""

from __future__ import annotations

import ast
import re

from pgharness.catalog.names import qualifier, unqualified, unquoted
from pgharness.describing.differences import failure_in_words
from pgharness.describing.toml_words import toml_string
from pgharness.records.steps import Failure, RevisionRecord
from pgharness.rows.population import Population

# What Python's readers raise for a text of another form, and a lookup for one that it does not have.
_OF_READERS = frozenset(
    {
        *(
            "AssertionError",
            "ComposerError",
            "ConstructorError",
            "Error",
            "IndexError",
            "InvalidOperation",
            "JSONDecodeError",
            "KeyError",
        ),
        *("ParserError", "ReaderError", "ScannerError", "UnicodeDecodeError", "UnpicklingError", "ValueError"),
    }
)
# Of what a text was read as; None comes of a text of another form where something is looked for, for rows without NULL were tried.
_OF_A_DOCUMENT = re.compile(
    r"object has no attribute '(?:get|items|keys|values|pop|setdefault|append)'|object is not subscriptable|indices must be integers"
)
_MATCHES = re.compile(r"\b(?:match|fullmatch|search|get|find|urlparse|urlsplit|hostname|parse\w*)\b")
# A CHECK that lists the texts of a column, as the server prints it: each of them is one that production may hold.
_LISTED = re.compile(r"CHECK \(+(\w+)\)?(?:::text)?\)? = ANY \(")
_READ = frozenset({"text", "character varying", "character", "citext", "json", "jsonb", "bytea"})


def is_untypical(record: RevisionRecord) -> bool:
    """Whether a revision passes on no rows alone, and fails in Python on what it reads from any that were made."""
    failure = record.upgrade_rows_failure
    if (
        failure is None
        or failure.sqlstate is not None
        or not failure.frames
        or record.population is not Population.NONE
    ):
        return False
    is_of_source = failure.error == "SyntaxError" and "<unknown>" in failure.message  # of literal_eval
    is_of_none = "NoneType" in failure.message and not any(_MATCHES.search(frame.code) for frame in failure.frames)
    is_of_value = failure.error in {"AttributeError", "TypeError"} and (
        "NoneType" in failure.message or _OF_A_DOCUMENT.search(failure.message) is not None
    )
    is_read = failure.error in _OF_READERS or is_of_source or is_of_value
    return is_read and not is_of_none and bool(_columns(record, failure))


def untypical_in_words(record: RevisionRecord) -> str:
    """Return what is told of it."""
    failure = record.upgrade_rows_failure
    assert failure is not None
    line = f" (line {failure.frames[-1].line})"
    return (
        f"upgrade() passes on empty tables, and its code{line} fails on values that were made by pgharness, which may be untypical: "
        f"{failure_in_words(failure)}"
    )


def mend_untypical(record: RevisionRecord) -> str:
    """Return how to give values that are typical."""
    failure = record.upgrade_rows_failure
    assert failure is not None
    given = ", ".join(f'{toml_string(column)} = ["<value>", …]' for column in _columns(record, failure)[:3])
    return f"say what they are like: values = {{{given}}} in [tool.pgharness]; or let upgrade() take whatever they may hold"


def _columns(record: RevisionRecord, failure: Failure) -> tuple[str, ...]:
    """Return the columns of texts that the code at fault names, else those that the last statement reads, but for those whose values people have given."""
    before = record.before
    asked = set(re.findall(r"[\w$]+", failure.statement or ""))
    code = set().union(*(_read_names(frame.code) for frame in failure.frames))
    listed = set(
        _LISTED.findall(" ".join(before.value(*key, "definition") or "" for key in before.objects("constraint")))
    )
    read = [
        key.object
        for key in before.objects("column")
        if (before.value(*key, "type") or "").partition("(")[0] in _READ
        and unquoted(unqualified(qualifier(key.object))) in asked
        and (unquoted(unqualified(key.object)) in asked | code or "*" in (failure.statement or ""))
        and unquoted(unqualified(key.object)) not in listed
    ]
    given = {f"{table}.{column}" for table, column in record.given_values}
    found = [one for one in read if unquoted(unqualified(one)) in code] or read
    return tuple(one for one in found if one not in given)


def _read_names(code: str) -> set[str]:
    """Return the names that a line of code reads, without those that it gives; all of its words where it is no whole statement."""
    try:
        tree = ast.parse(code.strip())
    except SyntaxError:
        return set(re.findall(r"[\w$]+", code))
    stored = {
        id(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    read = [node for node in ast.walk(tree) if isinstance(node, ast.expr) and id(node) not in stored]
    return set(re.findall(r"[\w$]+", " ".join(ast.unparse(node) for node in read if not isinstance(node, ast.Tuple))))
