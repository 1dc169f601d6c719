"""Compares two catalogs and tells what differs in the order in which it is to be mended: renames as such, what goes together once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pgharness.catalog.diff import Difference
from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.names import unqualified
from pgharness.catalog.proposing.columns_while_serving import Serving
from pgharness.catalog.renames import RenameGroup, find_renames
from pgharness.catalog.renaming import Rename
from pgharness.describing.differences import Told, describe_differences, types_of
from pgharness.describing.proposals import Proposals, propose

VIEWS = ("view", "materialized view")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, in the order of its mends, and what mends each.

    `differences` are the facts as they are; `remaining` those that differ still once all is done that `renames` say.
    """

    differences: tuple[Difference, ...]
    remaining: tuple[Difference, ...]
    renames: tuple[Rename, ...]
    told: tuple[Told, ...]
    proposals: Proposals


def compare_in_words(
    compare: Callable[[Snapshot, Snapshot], tuple[Difference, ...]],
    left: Snapshot,
    right: Snapshot,
    *,
    names: tuple[str, str],
    serving: Serving = Serving.NOBODY,
    standing: Snapshot | None = None,
) -> Comparison:
    """Compare, and describe what leads from the left catalog to the right one; `names` says in words what each side is.

    `serving` says that the left one is in use while it is led there, so that nobody is to wait for tables that are `standing`.
    """
    differences = compare(left, right)
    if not differences:
        return Comparison((), (), (), (), {})
    only = {ObjectKey(item.kind, item.object) for item in differences if item.property == "exists"}
    renames = find_renames(left, right, only)
    proposals = propose(left, right, only, serving=serving, standing=standing)
    remaining = compare(renames.left, right)
    told = [
        *(_told_rename(group, right, names) for group in renames.groups),
        *_with_views_in_place_of_tables(describe_differences(remaining, left=names[0], right=names[1]), names),
    ]
    proposals = _with_followers_joined(_with_views_joined(proposals, told), told, left)
    done = tuple(one for group in renames.groups for one in group.all if one.new.kind != "not null")
    return Comparison(differences, remaining, done, tuple(_in_order(told, proposals)), proposals)


def _told_rename(group: RenameGroup, right: Snapshot, names: tuple[str, str]) -> Told:
    first = group.first
    name = unqualified(first.old.object)
    also = [one for one in group.following if one.new.kind != "not null"]
    following = "".join(f"\n{one.new.kind} {one.new.object}: before {one.old.object}" for one in also)
    with_it = (
        f" With it {len(also)} of what belongs to it {'is' if len(also) == 1 else 'are'} called otherwise."
        if also
        else ""
    )
    parent = right.parents.get(first.new)
    return Told(
        first.new.kind,
        first.new.object,
        None,
        parent,
        (Difference(*first.old, "exists", first.new.kind, None),),
        f"It is called {name} in {names[0]} and {unqualified(first.new.object)} in {names[1]}.{with_it}",
        f"{names[0]}: {first.old.object}\n{names[1]}: {first.new.object}{following}",
        renamed_from=first.old.object,
    )


def _with_views_in_place_of_tables(told: Iterator[Told], names: tuple[str, str]) -> Iterator[Told]:
    """Tell a table on the right and a view of its name on the left as one."""
    everything = [*told]
    views = {one.object: one for one in everything if one.kind in VIEWS and one.only_in == "left"}
    tables = {one.object: one for one in everything if one.kind == "table" and one.only_in == "right"}
    for one in everything:
        if one.object in views.keys() & tables.keys() and one.kind in {"table", *VIEWS}:
            if one.kind == "table":
                view = views[one.object]
                yield replace(
                    one,
                    view=view.kind,
                    message=f"It is a {view.kind} in {names[0]} and a table in {names[1]}.",
                    evidence=f"{view.evidence}\n\n{one.evidence}",
                )
        else:
            yield one


def _with_views_joined(proposals: Proposals, told: list[Told]) -> Proposals:
    """Let the proposal for a table in the place of a view be that for both."""
    joined = dict(proposals)
    for one in told:
        view = joined.get(ObjectKey(one.view, one.object)) if one.view is not None else None
        table = joined.get(one.key)
        if one.view is not None and view is not None and table is not None:
            del joined[ObjectKey(one.view, one.object)]
            joined[one.key] = replace(table, operations=view.operations + table.operations)
    return joined


def _with_followers_joined(proposals: Proposals, told: list[Told], left: Snapshot) -> Proposals:
    """Let what differs only because something else does be mended with that, right after it."""
    joined = dict(proposals)
    for follower, leader in _followers(told, left):
        if follower in joined and leader in joined:
            own, also = joined.pop(follower), joined[leader].also | {follower}
            joined[leader] = replace(joined[leader], operations=joined[leader].operations + own.operations, also=also)
    return joined


def _followers(told: list[Told], left: Snapshot) -> Iterator[tuple[ObjectKey, ObjectKey]]:
    """Yield sequences that have the type of the column to which they give numbers, and columns that a primary key has kept from NULL."""
    known = {one.key: one for one in told}
    for one in told:
        owner = left.value("sequence", one.object, "owned by") or left.value("sequence", one.object, "identity of")
        column = ObjectKey("column", owner or "")
        if one.kind == "sequence" and column in known and types_of(one) == types_of(known[column]) is not None:
            yield one.key, column
        definition = left.value("constraint", one.object, "definition") or ""
        if one.kind == "constraint" and one.only_in == "left" and definition.startswith("PRIMARY KEY") and one.parent:
            for name in definition.partition("(")[2].rstrip(")").split(", "):
                column = ObjectKey("column", f"{one.parent.object}.{name}")
                if column in known and _admits_null_alone(known[column]):
                    yield column, one.key


def _admits_null_alone(told: Told) -> bool:
    return all(one.property.startswith("not null") and one.right is None for one in told.differences)


def _in_order(told: list[Told], proposals: Proposals) -> Iterator[Told]:
    """Yield what was told by the order of the mends; what is mended with another is told there."""
    places = {key: number for number, key in enumerate(proposals)}
    heads = {other: key for key, one in proposals.items() for other in one.also}
    by_key: dict[ObjectKey, Told] = {}
    for one in told:
        by_key[one.key] = _with(by_key[one.key], one) if one.key in by_key else one

    def place(key: ObjectKey) -> int:
        return places.get(key, places.get(heads.get(key, key), len(places)))

    for one in sorted(by_key.values(), key=lambda one: place(one.key)):
        if heads.get(one.key) not in by_key:
            also = sorted(proposals[one.key].also) if one.key in proposals else ()
            yield _with(one, *(by_key[key] for key in also if key in by_key))


def _with(first: Told, *others: Told) -> Told:
    """Tell several as one, which is mended in one go; of the same object only what more there is."""
    more = [one.message if one.key == first.key else f"{one.subject}: {one.message}" for one in others]
    evidence = "\n".join(text for text in (first.evidence, *(one.evidence for one in others)) if text)
    return replace(first, message=" ".join([first.message, *more]), evidence=evidence)
