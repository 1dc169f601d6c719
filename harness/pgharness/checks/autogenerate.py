"""Alembic's own comparison is empty at the heads, but for its false alarms, and a chain that it drafts anew runs; its limits are notes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pgharness.catalog.diff import Difference, difference
from pgharness.catalog.facts import FactKey, Snapshot
from pgharness.catalog.names import unqualified, unquoted
from pgharness.catalog.partitions import TABLES, undeclared_partitions
from pgharness.checks.check import Check, Compare
from pgharness.describing.differences import describe_differences, failure_evidence, failure_in_words, minor_name
from pgharness.describing.unimported import forgotten_tables, not_imported
from pgharness.findings import Finding, Note, Repeated
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import ComparisonRecord, DraftRecord, LeftOut, ModelsRecord
from pgharness.records.steps import Failure

TEMPLATE = "script.py.mako"
NAME = "autogenerate"

# What autogenerate drafts at all; functions, triggers, grants and the like are always written by hand.
DRAFTED_KINDS = frozenset({"table", "column", "constraint", "index", "type"})
# Alembic's own operations, which are about a table; those of plugins (entities, enums) may be about what no model declares.
OF_A_TABLE = re.compile(
    r"op\.(?:add_column|alter_column|drop_column|(?:create|drop)_(?:table|index|table_comment|constraint)|create_\w+_constraint|create_foreign_key)\("
)
ENTITIES = frozenset({"function", "procedure", "view", "materialized view", "trigger", "policy", "extension"})
"""What plugins compare beside tables."""
_NO_NAME = re.compile(r"name '(\w+)' is not defined.*")
_STRING = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")


def judge(record: ChainRecord, compare: Compare) -> Iterator[Finding | Note | Repeated]:
    """Judge what `alembic check` would say, then the catalog of a whole drafted chain."""
    assert record.comparison is not None
    assert record.draft is not None
    yield from _judge_pending(record, record.comparison, compare)
    yield from _judge_whole_draft(record, record.draft, record.comparison.left_out, compare)


def _judge_pending(
    record: ChainRecord, comparison: ComparisonRecord, compare: Compare
) -> Iterator[Finding | Note | Repeated]:
    if comparison.failure is not None:
        yield Finding(
            check=NAME,
            revision=None,
            subject="the comparison at the heads",
            message=f"Alembic cannot compare the models with the database: {failure_in_words(comparison.failure)}",
            mend=_mend_comparison(comparison.failure),
            evidence=failure_evidence(comparison.failure),
            code="PGH-A001",
        )
    if comparison.untold:
        yield Note(NAME, None, comparison.untold)
    forgotten = _forgotten(record)
    if forgotten and comparison.pending:
        yield Repeated("drift", not_imported(NAME, forgotten, "PGH-A004"), "the models")
    tables = {unquoted(unqualified(name)) for name in forgotten}
    differing = _Differing.of(record, compare)
    for operation in comparison.pending:
        if not tables.isdisjoint(_names(operation)):
            continue
        if differing is not None and OF_A_TABLE.match(operation) and not differing.is_kept(operation):
            if not differing.is_explained(operation):
                yield _false_alarm(operation)
            continue
        finding = Finding(
            check=NAME,
            revision=None,
            subject=" ".join(operation.split()),
            message="Autogenerate finds a difference between the models and the migrated database.",
            mend=f"write a revision: {_as_code(operation)}or correct the models",
            evidence=operation,
            code="PGH-A002",
        )
        # What of the models the server refuses is told there too.
        is_seen_by_drift = record.models is not None and OF_A_TABLE.match(operation) is not None
        entity = _entity(operation, record, compare)
        yield Repeated("drift", finding, entity) if is_seen_by_drift or entity else finding


def _entity(operation: str, record: ChainRecord, compare: Compare) -> str:
    """Return what of another kind than tables an operation of a plugin is about and differs, as `drift` calls it; empty where nothing does."""
    if record.models is None or record.head is None or OF_A_TABLE.match(operation):
        return ""
    names = {name.partition("(")[0].strip() for name in _names(operation)}
    for item in compare(record.head, record.models.snapshot):
        key = item.ancestors[-1] if item.ancestors and item.kind not in ENTITIES else (item.kind, item.object)
        if key[0] in ENTITIES and unquoted(unqualified(key[1].partition("(")[0])) in names:
            return f"{key[0]} {key[1]}"
    return ""


def _as_code(operation: str) -> str:
    """Return an operation to be read behind a colon, and what parts it from other words."""
    return f"\n{operation.strip()}\n" if "\n" in operation.strip() else f"{operation.strip()}; "


def _mend_comparison(failure: Failure) -> str:
    """Return what lets Alembic compare; it asks the server whether defaults are equal, and puts a model's text there without doubling its quotes."""
    if failure.sqlstate == "42601" and (failure.statement or "").lstrip().startswith("SELECT "):  # syntax_error
        return (
            "write the default as SQL in the model, server_default=sa.text(\"'it''s'\") for a text with a quote: Alembic puts it into the statement "
            "as it is; or leave compare_server_default out in env.py, for `drift` compares defaults anyway"
        )
    return "correct what the comparison calls in env.py (include_object, compare_type, render_item), or the models"


def _forgotten(record: ChainRecord) -> dict[str, str]:
    if record.head is None or record.models is None:
        return {}
    return forgotten_tables(record.head, record.models.snapshot, record.models.unimported)


@dataclass(frozen=True, slots=True)
class _Differing:
    """The tables, by name alone, in which the migrated database and the models differ: those that are told, and all."""

    told: frozenset[str]
    explained: frozenset[str]

    @classmethod
    def of(cls, record: ChainRecord, compare: Compare) -> _Differing | None:
        """Compare them; None where the models could not be built, so that nothing is known."""
        if record.head is None or not _builds(record.models):
            return None
        assert record.models is not None
        head, models = record.head, record.models.snapshot
        partitions = {name for names in undeclared_partitions(head, models).values() for name in names}
        left_to_chain = frozenset(unquoted(unqualified(name)) for name in partitions)
        compared = (item for item in compare(head, models) if not minor_name([item]))
        # That a table of theirs is a view in the database is told by `drift`.
        told = _tables(compared) - left_to_chain - _views_in_place_of_tables(head, models)
        return cls(told, told | _tables(difference(head, models)) | left_to_chain)

    def is_kept(self, operation: str) -> bool:
        """Whether an operation is about a table in which a difference is told."""
        return not self.told.isdisjoint(_names(operation))

    def is_explained(self, operation: str) -> bool:
        """Whether it is about a difference that is left out on purpose."""
        return not self.explained.isdisjoint(_names(operation))


def _tables(differences: Iterable[Difference]) -> frozenset[str]:
    owners = (key for item in differences for key in ((item.kind, item.object), *item.ancestors))
    return frozenset(unquoted(unqualified(name)) for kind, name in owners if kind in TABLES)


def _views_in_place_of_tables(head: Snapshot, models: Snapshot) -> frozenset[str]:
    """Return the tables of the models, by name alone, that are views in the migrated database."""
    views = {key.object for key in head.objects("view", "materialized view")}
    return frozenset(unquoted(unqualified(key.object)) for key in models.objects("table") if key.object in views)


def _names(operation: str) -> frozenset[str]:
    return frozenset(single or double for single, double in _STRING.findall(operation))


def _false_alarm(operation: str) -> Note:
    quieting = "a compare_type, compare_server_default or include_object in env.py quiets it"
    if operation.startswith("op.create_table(") and "schema=" in operation:
        quieting = "context.configure(…, include_schemas=True) in env.py lets it look into that schema"
    return Note(
        NAME,
        None,
        f"Alembic asks for {' '.join(operation.split())}, though the catalogs of the chain and of the models agree: a false alarm of its "
        f"comparison, which `alembic check` gives too; {quieting}",
    )


def _judge_whole_draft(
    record: ChainRecord, draft: DraftRecord, left_out: Collection[LeftOut], compare: Compare
) -> Iterator[Finding | Note]:
    assert record.head is not None
    if draft.failure is not None and record.models is not None and record.models.refused:
        yield Note(NAME, None, "no chain can be drafted as long as the models do not build, which `drift` tells")
    elif draft.failure is not None and draft.failure.sqlstate and _builds(record.models):
        yield Note(
            NAME,
            None,
            "a chain drafted from the models does not run, though the models themselves build, so this is a limit of Alembic's draft: "
            f"{failure_in_words(draft.failure)}",
        )
    elif draft.failure is not None and not draft.has_template and (module := _module_that_lacks(draft.failure)):
        yield Note(
            NAME,
            None,
            f"{_template(record)} is not there, and what Alembic's own template drafts lacks `import {module}`: a template that you write needs that "
            "below `import sqlalchemy as sa`",
        )
    elif draft.failure is not None:
        yield Finding(
            check=NAME,
            revision=None,
            subject="a chain drafted from the models",
            message=f"What autogenerate drafts for an empty database does not run: {failure_in_words(draft.failure)}",
            mend=_mend_draft(draft.failure, _template(record)),
            evidence=failure_evidence(draft.failure),
            code="PGH-A003",
        )
    elif draft.snapshot is not None:
        compared = [
            item for item in compare(record.head, draft.snapshot) if not any(one.means(item) for one in left_out)
        ]
        differences = [item for item in compared if not _is_drift(item, record.models)]
        drafted = [item for item in differences if item.kind in DRAFTED_KINDS and item.property != "position"]
        for told in describe_differences(drafted, left="the chain", right="the drafted chain"):
            yield Note(
                NAME,
                None,
                f"a limit of Alembic's draft, which leaves the chain as right as it is: {told.subject} would be otherwise in a drafted "
                f"chain. {told.message} Write such parts of a revision by hand",
            )
        left = sorted({item.kind for item in compared} - DRAFTED_KINDS)
        if left:
            yield Note(
                NAME, None, f"autogenerate never drafts: {', '.join(left)}; these parts of the chain are by hand"
            )


def _builds(models: ModelsRecord | None) -> bool:
    return models is not None and not models.refused


def _is_drift(item: Difference, models: ModelsRecord | None) -> bool:
    """Whether the draft does what the models say and the chain does not: then `drift` tells it."""
    return (
        models is not None and models.snapshot.facts.get(FactKey(item.kind, item.object, item.property)) == item.right
    )


def _template(record: ChainRecord) -> str:
    """Return where the template of drafts lies: beside env.py."""
    return str(Path(record.deployment.env_py).with_name(TEMPLATE)) if record.deployment is not None else TEMPLATE


def _mend_draft(failure: Failure, template: str) -> str:
    """Return what lets a draft run; a template that puts quotes around down_revision names a revision "None" before the first."""
    if (failure.error, failure.message) == ("KeyError", "'None'"):
        return f"write the revisions as Python prints them in {template}: down_revision = ${{repr(down_revision)}}"
    if module := _module_that_lacks(failure):
        return f"add `import {module}` to {template}, below `import sqlalchemy as sa`, so that each draft has it"
    return f"add what is missing to {template} (imports), to env.py (render_item), or to the models"


def _module_that_lacks(failure: Failure) -> str:
    """Return the module, such as `shelf.types`, whose name the draft uses in `shelf.types.Title(`; nothing where it lacks something else."""
    found = _NO_NAME.fullmatch(failure.message) if failure.error == "NameError" else None
    if found is None or not failure.frames:
        return ""
    used = re.search(rf"(?<![\w.])({found[1]}(?:\.\w+)*)\.\w+\(", failure.frames[-1].code)
    return used[1] if used else ""


CHECK = Check(
    name=NAME,
    claim="Alembic's own diff at the heads is empty but for false alarms, and its draft of a whole chain runs",
    reason="The next draft would carry what the models and the database disagree on into somebody else's revision.",
    mend="write the revision that autogenerate asks for",
    of_today=True,
    judge=judge,
    compares=True,
    needs=frozenset({"comparison", "draft"}),
    uses=frozenset({"models"}),
    skip_reason="no models: give them in env.py, context.configure(…, target_metadata=Base.metadata)",
)
