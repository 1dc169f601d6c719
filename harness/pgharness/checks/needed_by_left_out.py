"""What cannot be dropped, for something uses it that stays, as the comparison with the models leaves it out."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping

from pgharness.catalog.diff import Difference
from pgharness.catalog.facts import ObjectKey, Snapshot


def needed_by_left_out(
    head: Snapshot, models: Snapshot, compared: Iterable[Difference]
) -> Mapping[ObjectKey, ObjectKey]:
    """Return each object of the heads that has to stay, with the nearest one that uses it and stays.

    What the heads alone have, and of which no difference is `compared`, is left out: by env.py, by a rule, or with what it belongs to.
    """
    there = {ObjectKey(item.kind, item.object) for item in compared}
    alone = set(head.objects()) - set(models.objects())
    left_out = {key for key in alone if there.isdisjoint((key, *head.ancestors(key)))}
    parts = defaultdict[ObjectKey, list[ObjectKey]](list)
    for part, whole in head.parents.items():
        parts[whole].append(part)
    kept = dict[ObjectKey, ObjectKey]()
    stays = set(left_out)
    waiting = deque(sorted(left_out))
    while waiting:
        user = waiting.popleft()
        for needed in (*head.dependencies.get(user, ()), *_schema(head, user)):
            # A table that stays does so with its columns, and a column with its table.
            wholes = (needed, *head.ancestors(needed))
            for one in wholes:
                if one not in stays:
                    kept[one] = user
            more = [
                one for whole in wholes for one in (whole, *parts[whole] * (whole.kind != "schema")) if one not in stays
            ]
            stays.update(more)
            waiting.extend(more)
    return kept


def _schema(head: Snapshot, key: ObjectKey) -> list[ObjectKey]:
    """Return the schema that an object stands in."""
    return [one for one in head.ancestors(key) if one.kind == "schema"]
