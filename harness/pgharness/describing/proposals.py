"""Tells, for a difference, the operations to write into a revision or the change to make in the models."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.proposing import mend
from pgharness.catalog.proposing import python_words as python
from pgharness.catalog.proposing.casts import is_read_otherwise, is_written_anew, may_not_fit
from pgharness.catalog.proposing.columns_while_serving import Serving
from pgharness.catalog.proposing.sqlalchemy_types import python_type
from pgharness.describing.differences import ORDER, Told, is_column_order, types_of
from pgharness.describing.toml_words import ignore_rules

# Of these a revision writes what they do; to drop one because no model can have it would be a loss.
_BEYOND_SQLALCHEMY = frozenset(
    {
        *(
            "trigger",
            "function",
            "procedure",
            "aggregate",
            "policy",
            "rule",
            "event trigger",
            "view",
            "materialized view",
        ),
        *("foreign table", "server", "user mapping", "publication", "subscription", "statistics"),
    }
)
_PROPERTIES_BEYOND = ("*row security", "grants to *")
_REWRITES = re.compile(
    r"\bADD COLUMN\b.*\bSTORED\b|\bALTER COLUMN \S+ TYPE\b.*\bUSING\b|\bpostgresql_using=|\bSET (?:(?:UN)?LOGGED|ACCESS METHOD)\b"
)
# These releases read or call; and what they hold goes with them.
_USED = frozenset(
    {
        *("table", "column", "view", "materialized view", "foreign table", "sequence"),
        *("function", "procedure", "aggregate"),
    }
)
_VIEWS = frozenset({"view", "materialized view"})
_GONE = 'after_deploy = "<why no release that uses it as it was runs any more>"'
_MAY_WAIT = 'allow = {"locks": "<why it may wait while each row is written anew>"}'
_HOLD = frozenset({"table", "column"})
# By these an upsert finds its row: ON CONFLICT names the columns of one that is there.
_UNIQUE = re.compile(r"UNIQUE |PRIMARY KEY |CREATE UNIQUE ")
_DIALECT_TYPE = re.compile(r"\bpostgresql\.[A-Z]")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Lines of a revision that bring one object to what it is to be, and those in `also` with it; or the reason why none can.

    `caution` is what the values of rows lose by it, `meanwhile` a default that a new column is given besides, and
    the line that takes it away.
    """

    operations: tuple[str, ...]
    reason: str
    also: frozenset[ObjectKey] = frozenset()
    caution: str = ""
    meanwhile: tuple[str, ...] = ()


Proposals = dict[ObjectKey, Proposal]


def propose(
    left: Snapshot,
    right: Snapshot,
    only: AbstractSet[ObjectKey] | None = None,
    *,
    serving: Serving = Serving.NOBODY,
    standing: Snapshot | None = None,
) -> Proposals:
    """Return, for each object that differs, what brings it from what it is on the left to what it is on the right, in order.

    What only its name parts is renamed, and stands under its new one; with `only`, of these objects of either side alone. `serving` says that
    the left side is in use, so that `locks` takes what is proposed; `standing` has the tables that held rows before.
    """
    proposals: Proposals = {}
    for one in mend(left, right, only, serving=serving, standing=standing):
        # What is called otherwise may differ in something beside its name too.
        before = proposals.get(one.key, Proposal((), ""))
        operations, reason = before.operations + one.operations, before.reason or one.reason
        caution = before.caution or one.caution
        proposals[one.key] = Proposal(operations, reason, before.also | one.also, caution, one.meanwhile)
    return proposals


def mend_migrations(
    told: Told, proposals: Proposals, back: Proposals | None = None, needed_by: ObjectKey | None = None
) -> str:
    """Return what brings the migrated database (left) to the models (right), and `back`; nothing is dropped that is `needed_by` what is left out."""
    if told.only_in == "left" and needed_by is not None:
        rule = ignore_rules(f"{needed_by.kind} {needed_by.object} uses it", told.object, kind=told.kind)
        return (
            f"leave it out of comparisons too, in pyproject.toml: {rule}or declare it in the models; no revision can drop it while "
            f"{needed_by.kind} {needed_by.object} uses it, which is left out of the comparison, or belongs to what is"
        )
    if told.kind == ORDER:
        return "move the attribute in the model to where the chain puts the column (PostgreSQL cannot move a column)"
    if told.view is not None:
        return f"leave it out of comparisons, in pyproject.toml: {ignore_rules(f'a {told.view}', told.object)}"
    there = f"write a revision: {in_words(told.key, proposals)}"
    written = _with_declarations(told, f"{there}{_way_back(told, proposals, back or {}, there)}")
    if told.renamed_from is not None:
        unless = "; where it is another one, add the one and drop the other" if told.kind in ("column", "table") else ""
        return f"{written}{_other(written)}name it in the models as the database does{unless}"
    if told.only_in == "right":
        return _lacking(told, written, proposals)
    return _by_models_or(told, written)


def _way_back(told: Told, proposals: Proposals, back: Proposals, there: str) -> str:
    """Return the downgrade() of a revision that mends one object, with what goes along; empty where it has none, or says so itself."""
    if not any(code in there for code in ("op.", "with ")) or "irreversible" in there:
        return ""
    known = {told.key, ObjectKey(told.kind, told.renamed_from or told.object)}
    for key, one in proposals.items():
        known |= {key, *one.also} if known & {key, *one.also} else set()
    undone = [one for key, one in back.items() if known & {key, *one.also}]
    if by_hand := next((one.reason for one in undone if one.reason), ""):
        return f"{_and(there)}in its downgrade(), by hand, for {by_hand}"
    written = written_out(blocks_first([line for one in undone for line in one.operations]))
    return f"{_and(there)}in its downgrade(): {written}" if written else ""


def blocks_first(operations: Sequence[str]) -> Sequence[str]:
    """Return them so that nothing stands before what commits it; as they are where a type is to be there first."""
    if any("CREATE TYPE" in one for one in operations):
        return operations
    return sorted(operations, key=lambda one: not one.startswith("with "))


def _by_models_or(told: Told, written: str) -> str:
    """Return what brings the models to the migrated database, and what is written in a revision, the better way first."""
    if by_hand := _by_hand(told):
        return f"{by_hand}{_other(by_hand)}where it is not meant, {written}"
    if told.only_in == "left":
        return f"declare it in the models, or {written}"
    for declared, when in ((_declared(told), "once no release counts on it"), (_wider(told), "where every value fits")):
        if declared:
            return f"declare it in the model: {declared}; or, {when}, {written}"
    return f"{written}{_other(written)}correct the models"


def _by_hand(told: Told) -> str:
    """Return how models get, or comparisons leave out, what only the chain has and no class of SQLAlchemy's declares; else nothing."""
    only_chain = all(one.right is None for one in told.differences)
    globs = dict.fromkeys(
        next((glob for glob in _PROPERTIES_BEYOND if fnmatchcase(one.property, glob)), "") for one in told.differences
    )
    if told.only_in == "left" and told.kind in _BEYOND_SQLALCHEMY:
        rules = ignore_rules("by hand", told.object, kind=told.kind)
    elif told.only_in is None and only_chain and all(globs):
        rules = "".join(ignore_rules("by hand", told.object, kind=told.kind, property=glob) for glob in globs)
    else:
        return ""
    return (
        'declare it beside the models, sa.event.listen(Base.metadata, "after_create", sa.DDL("…")) with what the revision executes, or '
        f"leave it to the chain, in pyproject.toml: {rules}"
    )


def with_allowance(written: str) -> str:
    """Say with code that leads columns over to a type made anew what has to stand beside it; `locks` tells how the wait is spared, where it is long."""
    return _beside(written, [_MAY_WAIT, _GONE] if _REWRITES.search(written) else [])


def _with_declarations(told: Told, written: str) -> str:
    """Say with code what has to stand beside upgrade(), for nobody but the author knows that it does no harm."""
    types = types_of(told) or ("", "")
    is_retyped = None not in types and told.only_in is None and is_written_anew(types[0] or "", types[1] or "")
    may_wait = [_MAY_WAIT] if is_retyped or _is_computed_anew(told) or _REWRITES.search(written) else []
    return _beside(written, [*may_wait, *_of_releases(told), *_of_rows(told)])


def _is_computed_anew(told: Told) -> bool:
    """Whether a stored column gets another expression."""
    changed = (one for one in told.differences if told.only_in is None and one.property == "generated")
    return any(one.left is not None and (one.right or "").endswith(" STORED") for one in changed)


def _beside(written: str, declared: Sequence[str]) -> str:
    return f"{written}{_and(written)}beside upgrade(): {', '.join(declared)}" if declared else written


def _of_releases(told: Told) -> Iterator[str]:
    """Yield that no release uses what goes, or what becomes another, so that it refuses what was taken before it or gives other rows."""
    properties = {one.property: one for one in told.differences}
    definition = properties["definition"].left or "" if "definition" in properties else ""
    types = types_of(told)
    if told.only_in == "left":
        is_used = told.kind in _USED or (told.kind in ("constraint", "index") and _UNIQUE.match(definition))
    elif told.only_in is None and told.kind == "column" and types is not None:
        is_used = is_read_otherwise(types[0] or "", types[1] or "")
    elif told.only_in is None and "labels" in properties:
        # A type without one of its labels refuses what the release before writes.
        kept = (properties["labels"].right or "").split(", ")
        is_used = any(label not in kept for label in (properties["labels"].left or "").split(", "))
    elif told.only_in is None and "not null" in properties:
        # The release before may store NULL; where the column had no default either, it may leave it out.
        is_used = properties["not null"].left is None
    else:
        is_used = told.only_in is None and told.kind in _VIEWS and bool(definition)
    if is_used:
        yield _GONE


def _of_rows(told: Told) -> Iterator[str]:
    """Yield that what is held may go with what holds it."""
    if (
        told.only_in == "left"
        and told.kind in _HOLD
        and not any(one.property == "generated" for one in told.differences)
    ):
        yield 'allow = {"data": "<why what it holds may go>"}'


def _lacking(told: Told, written: str, proposals: Proposals) -> str:
    """Say with a new column's default that the model has it too, so that INSERTs of the release before go on; or how there is none."""
    proposal = proposals.get(told.key)
    if proposal is None or not proposal.meanwhile:
        return written
    default, takes_away = proposal.meanwhile
    declared = f"server_default={python.sql_text(default)}"
    return (
        f"{written}{_and(written)}in the model: {declared}, in both with what fits better; or, where no release before it goes on writing, without it in "
        f"the model, and at the end of its upgrade(): {takes_away}"
    )


def _declared(told: Told) -> str:
    """Return how a model declares what gives a column its values in the database, and nothing does in the models; else nothing.

    An INSERT of the release before, which leaves the column out, fails without it, or stores NULL.
    """
    ways = [one for one in told.differences if told.kind == "column" and one.property in _GIVES_VALUES]
    (value, *others) = [one.left for one in ways if one.right is None] or [None]
    if value is None or others or len(ways) > 1:
        return ""
    return _GIVES_VALUES[ways[0].property](value)


def _wider(told: Told) -> str:
    """Return how a model declares the type that the database has, where its own is the same but holds less; else nothing."""
    if told.kind != "column" or [one.property for one in told.differences if not is_column_order(one)] != ["type"]:
        return ""
    held, modelled = next((one.left or "", one.right or "") for one in told.differences if one.property == "type")
    return (python_type(held) or "") if may_not_fit(held, modelled) else ""


def _computed(value: str) -> str:
    expression, _, kind = value.rpartition(" ")
    return f"sa.Computed({python.text(expression)}, persisted={kind == 'STORED'})"


_GIVES_VALUES: dict[str, Callable[[str], str]] = {
    "default": lambda value: f"server_default={python.sql_text(value)}",
    "identity": lambda value: "sa.Identity(always=True)" if value.casefold() == "always" else "sa.Identity()",
    "generated": _computed,
}


def _other(written: str) -> str:
    """Return what stands between code and another way; code of several lines ends with its line."""
    return "or " if written.endswith("\n") else "; or "


def _and(written: str) -> str:
    """Return what stands between code and what else is to be done."""
    return "and " if written.endswith("\n") else "; and "


def in_words(key: ObjectKey, proposals: Proposals) -> str:
    """Write the proposal for one object on one line, as it can be pasted."""
    proposal = proposals.get(key)
    if proposal is None:
        head = next((one for one, proposal in proposals.items() if key in proposal.also), None)
        if head is not None:
            return f"nothing by itself: what mends {head.kind} {head.object} mends it too"
        return "nothing by itself: it comes and goes with what it belongs to"
    if proposal.reason:
        return f"by hand, for {proposal.reason}"
    written = written_out(proposal.operations)
    return _cautioned(written, proposal.caution) if proposal.caution else written


def _cautioned(written: str, caution: str) -> str:
    """Say behind the code what it does to values."""
    return f"{written}({caution})\n" if written.endswith("\n") else f"{written} ({caution})"


def written_out(operations: Sequence[str]) -> str:
    """Write operations as they can be pasted: on one line, or, where one is a block, on lines of their own, with what has to stand beside them."""
    if any(_DIALECT_TYPE.search(operation) for operation in operations):
        operations = ("from sqlalchemy.dialects import postgresql", *operations)  # no template imports it
    if not any(operation.startswith("with ") for operation in operations):
        return "; ".join(operations)
    lines = "\n".join(operations)
    if "ADD VALUE" not in lines:
        return f"\n{lines}\n"
    beside = '(beside upgrade(): irreversible = "PostgreSQL removes no label"; in downgrade(): raise NotImplementedError(irreversible))'
    return f"\n{lines}\n{beside}\n"
