"""Chooses by SQLSTATE what corrects a failing statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from pgharness.catalog.facts import Snapshot
from pgharness.describing.corrections.failing import Failing
from pgharness.describing.corrections.of_names import missing_column, missing_object, missing_relation, there_already
from pgharness.describing.corrections.of_rows import shared_key, too_long, violating, without_parent, without_value
from pgharness.describing.corrections.of_transactions import label_first, out_of_transaction
from pgharness.describing.corrections.of_types import other_type, read_by_view, unreadable
from pgharness.describing.corrections.of_users import users_first
from pgharness.records.statements import Statement
from pgharness.records.steps import Failure

_BY_SQLSTATE: dict[str, Callable[[Failing], str]] = {
    "0A000": read_by_view,
    "22001": too_long,
    "22P02": unreadable,
    "23502": without_value,
    "23503": without_parent,
    "23505": shared_key,
    "23514": violating,
    "25001": out_of_transaction,
    "2BP01": users_first,
    "42701": partial(there_already, "42701"),
    "42703": missing_column,
    "42704": missing_object,
    "42710": partial(there_already, "42710"),
    "42804": other_type,
    "42P01": missing_relation,
    "42P06": partial(there_already, "42P06"),
    "42P07": partial(there_already, "42P07"),
    "55P04": label_first,
}
_SAYS_ALL = frozenset({"25001", "55P04"})
"""Where the code is all that there is to do: what advice says of these in general is the same once more."""


def corrected(
    failure: Failure,
    path: str,
    before: Snapshot | None,
    otherwise: str,
    sent: Sequence[Statement] = (),
    *,
    is_back: bool = False,
) -> str:
    """Return what to type at which line of the revision, or `otherwise`; that alone where the catalog does not tell."""
    correct = _BY_SQLSTATE.get(failure.sqlstate or "")
    if correct is None or before is None or not failure.statement:
        return otherwise
    typed = correct(Failing.of(failure, path, before, sent, is_back=is_back))
    if typed and failure.sqlstate in _SAYS_ALL:
        return typed.rstrip("\n")
    return f"{typed}{'' if typed.endswith(chr(10)) else '; '}or {otherwise}" if typed else otherwise
