"""The migrated database equals the one built from the models, fact for fact."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from pgharness.catalog.facts import FactKey
from pgharness.catalog.proposing.columns_while_serving import Serving
from pgharness.catalog.proposing.python_words import operation
from pgharness.checks.check import Check, Compare
from pgharness.checks.moved_tables import moves
from pgharness.checks.needed_by_left_out import needed_by_left_out
from pgharness.checks.undeclared import Undeclared
from pgharness.describing.advice.extensions import extension_of
from pgharness.describing.comparing import compare_in_words
from pgharness.describing.differences import Told, minor_name, of_all_sizes
from pgharness.describing.origin import origin
from pgharness.describing.proposals import mend_migrations
from pgharness.findings import Finding, Minor, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import ModelsRecord, RefusedDdl

NAME = "drift"
SIDES = ("the migrated database", "the models")
# (kind, property) of what differs → the code; whatever else differs has PGH-D008.
CODES = {
    ("column", "type"): "PGH-D003",
    ("column", "default"): "PGH-D004",
    ("column", "identity"): "PGH-D004",
    ("column", "generated"): "PGH-D004",
    ("column", "not null"): "PGH-D005",
    ("index", "definition"): "PGH-D006",
    ("constraint", "definition"): "PGH-D006",
    ("type", "labels"): "PGH-D007",
    ("column", "position"): "PGH-D011",
    ("column", "not null constraint"): "PGH-D012",
}


def judge(record: ChainRecord, compare: Compare) -> Iterator[Finding | Note | Minor]:
    """Name each difference, the revision at which it first appears, and the operation that mends it."""
    assert record.models is not None
    assert record.head is not None
    alike: defaultdict[tuple[str, str | None], list[RefusedDdl]] = defaultdict(list)
    for refused in record.models.refused:
        if not refused.follows_from(record.models.refused):
            alike[refused.message.splitlines()[0], refused.sqlstate].append(refused)
    for several in alike.values():
        yield _refused(several, record.models)
    undeclared = Undeclared.of(record, record.head, record.models, compare)
    yield from undeclared.told(NAME)
    declared = undeclared.without(compare)
    found = compare_in_words(
        declared,
        record.head,
        record.models.snapshot,
        names=SIDES,
        serving=Serving.ON_THE_WAY_UP,
    )
    if not found.told:
        return
    needed = needed_by_left_out(record.head, record.models.snapshot, found.differences)
    back = compare_in_words(
        declared, record.models.snapshot, record.head, names=SIDES[::-1], serving=Serving.ON_THE_WAY_BACK
    ).proposals
    moved = moves(record.head, record.models.snapshot, found.told)
    for told in found.told:
        finding = Finding(
            check=NAME,
            revision=_first_seen(record, told),
            subject=told.subject,
            message=told.message,
            mend=moved.get(told.key, "") + mend_migrations(told, found.proposals, back, needed.get(told.key)),
            evidence=told.evidence,
            code=_code(told),
            cause=_cause(told),
        )
        name = minor_name(told.differences)
        yield Minor(name, finding) if name else finding


def _cause(told: Told) -> str:
    """Return what is said once of all that differ alike."""
    if told.renamed_from is not None:
        return f"This {told.kind} is called otherwise in {SIDES[0]} than in {SIDES[1]}."
    if [(one.kind, one.property, one.right) for one in told.differences] == [("column", "default", None)]:
        return f"It has a default in {SIDES[0]} and none in {SIDES[1]}."
    return of_all_sizes(told, left=SIDES[0], right=SIDES[1])


def _first_seen(record: ChainRecord, told: Told) -> str | None:
    """Return the revision that made the fact what it is, or else its object; None for what no revision ever touched."""
    first = told.differences[0]
    exists = FactKey(first.kind, first.object, "exists")
    made_so = None
    if told.renamed_from is None:
        made_so = origin(record, FactKey(first.kind, first.object, first.property), first.left)
    return made_so or origin(record, exists, record.head.facts.get(exists) if record.head else None)


def _code(told: Told) -> str:
    """Return the code of what differs: that of the first of its properties that has one of its own."""
    if told.renamed_from is not None:
        return "PGH-D009"
    if told.view is not None:
        return "PGH-D010"
    if told.only_in is not None:
        return "PGH-D001" if told.only_in == "right" else "PGH-D002"
    codes = (CODES.get((item.kind, item.property), "") for item in told.differences)
    return next(filter(None, codes), "PGH-D008")


def _mend_refused(refused: RefusedDdl, models: ModelsRecord) -> str:
    lacking = re.search(r"could not find table '(?:[^']*\.)?([^'.]+)'", refused.message)  # NoReferencedTableError
    for one in models.unimported:
        if lacking is not None and one.table == lacking[1]:
            return f"in env.py, before target_metadata: import {one.module}"
    if brings := extension_of(refused.sqlstate or "", f"{refused.statement}\n{refused.message}"):
        made, dropped = (
            operation(f"{act} {brings}") for act in ("CREATE EXTENSION IF NOT EXISTS", "DROP EXTENSION IF EXISTS")
        )
        return f"write a revision: {made}; and in its downgrade(): {dropped}; a database of the models alone has what the chain's has of extensions"
    if refused.sqlstate == "42704" and refused.message.startswith("type "):  # undefined_object
        return (
            "let env.py's session find the type where the chain makes it: "
            'create_engine(…, connect_args={"options": "-c search_path=public,<schema>"}), or name its schema in the models'
        )
    return "correct the models so that MetaData.create_all() succeeds on an empty database"


def _refused(several: Sequence[RefusedDdl], models: ModelsRecord) -> Finding:
    """Return the finding of statements that are refused for one reason."""
    refused = several[0]
    others = ", ".join(filter(None, (one.makes for one in several[1:])))
    more = f"\nand so, for the same reason: {others}" if others else ""
    what = "create_all() fails: PostgreSQL refuses a statement" if refused.sqlstate else "create_all() fails"
    return Finding(
        check=NAME,
        revision=None,
        subject="the models",
        message=f"{what}: {refused.message.splitlines()[0]}",
        mend=_mend_refused(refused, models),
        evidence=f"{refused.statement.strip()}\nSQLSTATE {refused.sqlstate}{more}"
        if refused.sqlstate
        else more.strip(),
        code="PGH-D013",
    )


CHECK = Check(
    name=NAME,
    claim="the migrated database equals the one built from the models, fact for fact",
    reason="Code is written against the models and runs against the migrations; where they differ, tests prove nothing.",
    mend="write a revision that brings the database to the models, or correct the models",
    of_today=True,
    judge=judge,
    compares=True,
    needs=frozenset({"models"}),
    uses=frozenset({"comparison"}),
    skip_reason='no models: set metadata = "package.module:Base" in [tool.pgharness], or target_metadata in env.py',
)
