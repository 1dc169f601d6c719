"""Puts mends into an order in which each finds what it needs; those that need each other become one."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.proposing.change import Mend

Needs = Callable[[Collection[ObjectKey]], Mapping[ObjectKey, Collection[ObjectKey]]]
"""Returns, for objects that are to be mended, which of the others have to be mended before each."""


def in_order(mends: Iterable[Mend], needs: Needs) -> tuple[Mend, ...]:
    """Return one mend an object, each after those that it needs, else in the order given.

    Those that need each other are mended in one go, in the order given, under the first of them.
    """
    pieces = [one for one in mends if one.operations or one.reason or one.also]
    heads = {other: one.key for one in pieces for other in one.also}
    needed: dict[ObjectKey, set[ObjectKey]] = {heads.get(one.key, one.key): set() for one in pieces}
    for key, others in needs({*needed, *heads}).items():
        needed[heads.get(key, key)] |= {heads.get(other, other) for other in others}
    groups = _needing_each_other(needed)
    numbers: defaultdict[int, list[int]] = defaultdict(list)
    for number, one in enumerate(pieces):
        numbers[groups[heads.get(one.key, one.key)]].append(number)
    ordered = _after_what_they_need(numbers, needed, groups)
    return tuple(_joined([pieces[number] for number in numbers[group]]) for group in ordered)


def _joined(pieces: Sequence[Mend]) -> Mend:
    """Return one mend of several, in their order; that which none can mend says so for all."""
    if len(pieces) == 1:
        return pieces[0]
    first = next((one.key for one in pieces if one.reason), pieces[0].key)
    keys = {key for one in pieces for key in (one.key, *one.also)}
    return Mend(
        first,
        tuple(operation for one in pieces for operation in one.operations),
        next((one.reason for one in pieces if one.reason), ""),
        frozenset(keys - {first}),
        next((one.caution for one in pieces if one.caution), ""),
    )


def _after_what_they_need(
    numbers: Mapping[int, list[int]], needed: Mapping[ObjectKey, set[ObjectKey]], groups: Mapping[ObjectKey, int]
) -> list[int]:
    """Return the groups in order: of those that wait for nothing more, always the one that came first."""
    waiting: defaultdict[int, set[int]] = defaultdict(set)
    awaited: dict[int, set[int]] = {group: set() for group in numbers}
    for key, others in needed.items():
        awaited[groups[key]] |= {groups[other] for other in others} - {groups[key]}
    for group, earlier in awaited.items():
        for one in earlier:
            waiting[one].add(group)
    ready = [(numbers[group][0], group) for group, earlier in awaited.items() if not earlier]
    heapq.heapify(ready)
    ordered: list[int] = []
    while ready:
        _, group = heapq.heappop(ready)
        ordered.append(group)
        for one in waiting[group]:
            awaited[one].discard(group)
            if not awaited[one]:
                heapq.heappush(ready, (numbers[one][0], one))
    return ordered


def _needing_each_other(needed: Mapping[ObjectKey, set[ObjectKey]]) -> dict[ObjectKey, int]:
    """Return for each object the number of its strongly connected component (Kosaraju's algorithm, without recursion)."""
    users: defaultdict[ObjectKey, set[ObjectKey]] = defaultdict(set)
    for key, others in needed.items():
        for other in others:
            users[other].add(key)
    finished: list[ObjectKey] = []
    seen: set[ObjectKey] = set()
    for key in needed:
        finished += _finishing_from(key, needed, seen)
    groups: dict[ObjectKey, int] = {}
    for number, key in enumerate(reversed(finished)):
        pending = [key]
        while pending:
            one = pending.pop()
            if one not in groups:
                groups[one] = number
                pending += users[one]
    return groups


def _finishing_from(
    key: ObjectKey, needed: Mapping[ObjectKey, set[ObjectKey]], seen: set[ObjectKey]
) -> list[ObjectKey]:
    """Return what is reached from an object and was not seen before, each after all that is reached from it."""
    finished: list[ObjectKey] = []
    if key in seen:
        return finished
    seen.add(key)
    path = [(key, iter(sorted(needed[key])))]
    while path:
        last, others = path[-1]
        other = next((one for one in others if one not in seen), None)
        if other is None:
            finished.append(last)
            path.pop()
        else:
            seen.add(other)
            path.append((other, iter(sorted(needed[other]))))
    return finished
