"""What `drift` does not tell object by object: the partitions left to the chain, what env.py leaves out, tables told in another way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from pgharness.catalog.diff import Difference
from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.names import unqualified, unquoted
from pgharness.catalog.partitions import is_of_tables, undeclared_partitions
from pgharness.checks.check import Compare
from pgharness.describing.unimported import forgotten_objects, forgotten_tables, not_imported
from pgharness.findings import Finding, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import LeftOut, ModelsRecord


@dataclass(frozen=True, slots=True)
class Undeclared:
    """What is left out of the comparison of the migrated database with the models.

    `partitions` by their table; `unseen` is what env.py leaves out of Alembic's comparison; `forgotten` are tables of modules that
    nobody imports, each with its module, and `with_forgotten` all that goes with them, or with what is unseen.
    """

    models: ModelsRecord
    partitions: Mapping[str, Sequence[str]]
    unseen: Sequence[LeftOut]
    forgotten: dict[str, str]
    with_forgotten: AbstractSet[ObjectKey]

    @classmethod
    def of(cls, record: ChainRecord, head: Snapshot, models: ModelsRecord, compare: Compare) -> Undeclared:
        """Look at what differs."""
        compared = compare(head, models.snapshot)
        left_out = record.comparison.left_out if record.comparison is not None else ()
        unseen = [one for one in left_out if any(one.means(item) for item in compared)]
        forgotten = {
            table: module
            for table, module in forgotten_tables(head, models.snapshot, models.unimported).items()
            if not _is_left_out(ObjectKey("table", table), head, left_out)
        }
        return cls(
            models,
            undeclared_partitions(head, models.snapshot),
            unseen,
            forgotten,
            forgotten_objects(head, models.snapshot, forgotten)
            | _types_left_out(head, models.snapshot, unseen)
            | undeclared_types(record, head, models.snapshot),
        )

    def told(self, check: str) -> Iterator[Finding | Note]:
        """Yield what is said of it in place of each object."""
        for table, names in self.partitions.items():
            yield Note(
                check, None, f"the models leave the partitions of {table} to the chain: {', '.join(sorted(names))}"
            )
        if self.unseen:
            left_out = ", ".join(one.in_words for one in self.unseen)
            yield Note(check, None, f"left out as env.py leaves it out of Alembic's comparison: {left_out}")
        if self.forgotten:
            yield not_imported(check, self.forgotten, "PGH-D014")

    def without(self, compare: Compare) -> Compare:
        """Return what compares the same, without what is left out."""
        to_chain = {name for names in self.partitions.values() for name in names}

        def compare_what_is_declared(left: Snapshot, right: Snapshot) -> tuple[Difference, ...]:
            return tuple(
                item for item in compare(left, right) if not (is_of_tables(item, to_chain) or self._leaves_out(item))
            )

        return compare_what_is_declared

    def _leaves_out(self, item: Difference) -> bool:
        owners = (ObjectKey(item.kind, item.object), *item.ancestors)
        return (
            any(one.means(item) for one in self.unseen)
            or _is_refused(item, self.models)
            or not self.with_forgotten.isdisjoint(owners)
        )


def undeclared_types(record: ChainRecord, head: Snapshot, models: Snapshot) -> set[ObjectKey]:
    """Return the types that only the models have, and only for tables that env.py leaves out of Alembic's comparison."""
    return _types_left_out(models, head, record.comparison.left_out if record.comparison is not None else ())


def _is_refused(item: Difference, models: ModelsRecord) -> bool:
    """Whether it is missing in the models' database only because the server refused it there, which has been told."""
    makes = {one.makes for one in models.refused} - {""}
    owners = ((item.kind, item.object), *item.ancestors)
    return item.right is None and any(
        kind in {"table", "index"} and unquoted(unqualified(name)) in makes for kind, name in owners
    )


def _is_left_out(key: ObjectKey, here: Snapshot, left_out: Sequence[LeftOut]) -> bool:
    """Whether env.py leaves an object out of Alembic's comparison, or what it belongs to."""
    alone = Difference(*key, "exists", "", None, tuple(here.ancestors(key)))
    return any(one.means(alone) for one in left_out)


def _types_left_out(here: Snapshot, there: Snapshot, left_out: Sequence[LeftOut]) -> set[ObjectKey]:
    """Return the types that only the one side has, and that only what is left out needs there."""
    users: defaultdict[ObjectKey, list[ObjectKey]] = defaultdict(list)
    for key, needed in here.dependencies.items() if left_out else ():
        for one in needed:
            users[one].append(key)
    types = set(here.objects("type")) - set(there.objects("type"))
    return {one for one in types if one in users and all(_is_left_out(key, here, left_out) for key in users[one])}
