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
# What stands behind the code: another cause that the same refusal may have, of which the code says nothing.
_BESIDES = {
    "2BP01": "what is to stay is made again behind it",
    "42701": "where create_all() has made it, let the chain alone make tables",
    "42710": "where an earlier downgrade() has left it, drop it there",
    "42P01": "where a revision of another branch makes it, name that in depends_on",
    "42P07": "where create_all() has made it, let the chain alone make tables",
}


def corrected(
    failure: Failure,
    path: str,
    before: Snapshot | None,
    otherwise: str,
    sent: Sequence[Statement] = (),
    *,
    is_back: bool = False,
    declare: str = "",
) -> str:
    """Return what to type at which line of the revision, alone, for advice says the same in general; `otherwise` where the catalog does not tell.

    What to `declare`, where it is meant, stands behind it.
    """
    correct = _BY_SQLSTATE.get(failure.sqlstate or "")
    if correct is None or before is None or not failure.statement:
        return otherwise
    typed = correct(Failing.of(failure, path, before, sent, is_back=is_back))
    if not typed:
        return otherwise
    beside = "; ".join(filter(None, (_BESIDES.get(failure.sqlstate or "", ""), declare)))
    return f"{typed}{'' if typed.endswith(chr(10)) else '; '}{beside}" if beside else typed.rstrip("\n")
