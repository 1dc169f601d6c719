"""Puts the parts of a script into an order in which each finds what it needs."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.rendering.parts import Part


def in_order(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """Return the parts in order, by their places as far as their needs allow, and those that wait for each other."""
    maker = {key: number for number, part in enumerate(parts) for key in part.makes}
    awaited: list[set[int]] = [_makers(part.needs, maker) - {number} for number, part in enumerate(parts)]
    waiting: defaultdict[int, list[int]] = defaultdict(list)
    for number, needed in enumerate(awaited):
        for one in needed:
            waiting[one].append(number)
    ready = [(part.place, number) for number, part in enumerate(parts) if not awaited[number]]
    heapq.heapify(ready)
    ordered: list[Part] = []
    done: set[int] = set()
    while ready:
        _, number = heapq.heappop(ready)
        ordered.append(parts[number])
        done.add(number)
        for other in waiting[number]:
            awaited[other].discard(number)
            if not awaited[other]:
                heapq.heappush(ready, (parts[other].place, other))
    return ordered, [part for number, part in enumerate(parts) if number not in done]


def _makers(needs: frozenset[ObjectKey], maker: dict[ObjectKey, int]) -> set[int]:
    return {maker[key] for key in needs if key in maker}
