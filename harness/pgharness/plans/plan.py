"""A plan that was carried out, as plain values: its scans, its sorts, and the pages that it touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

# A sort of a hundred rows takes less time than reading them.
SORTED_ROWS = 100


class PlanMode(StrEnum):
    """How the server plans a prepared statement: for these parameters, or once for all (`plan_cache_mode`)."""

    CUSTOM = "custom"
    GENERIC = "generic"


@dataclass(frozen=True, slots=True)
class Scan:
    """One access to a relation's rows; `indexes` are those that it goes by (none: it reads all), `rows_read` all it looked at.

    Beside the index of a partition stand those of the whole tables that it is part of.
    `condition` is all that is asked of the rows, `index_condition` the part of it that an index finds.
    """

    relation: str
    indexes: tuple[str, ...]
    rows_read: float
    condition: str = ""
    index_condition: str = ""

    @property
    def is_sequential(self) -> bool:
        """Whether it reads the relation from end to end."""
        return not self.indexes


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort: by what, and of how many rows."""

    key: str
    rows: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan of one statement. `rows` is what it gave (or changed), `text` is the tree for people."""

    scans: tuple[Scan, ...]
    sorts: tuple[Sort, ...]
    rows: float
    buffers: int
    duration_ms: float
    text: str

    @property
    def indexes(self) -> frozenset[str]:
        """Return the names of all indexes that it uses."""
        return frozenset(name for scan in self.scans for name in scan.indexes)

    @property
    def rows_read(self) -> float:
        """Return the number of rows that its scans looked at."""
        return sum(scan.rows_read for scan in self.scans)

    @property
    def way(self) -> tuple[str, ...]:
        """Return in a few words how it gets at its rows, sorts of a few rows left out; plans of the same way cost alike."""
        scans = sorted(f"{scan.relation} by {', '.join(scan.indexes) or 'reading all of it'}" for scan in self.scans)
        return (*scans, *(f"sorted by {sort.key}" for sort in self.sorts if sort.rows > SORTED_ROWS))


def read_plan(document: Mapping[str, Any], wholes: Mapping[str, Sequence[str]] = MappingProxyType({})) -> Plan:
    """Read what EXPLAIN (FORMAT JSON) gives for one statement; without ANALYZE all that was counted is 0.

    `wholes` leads from the index of a partition, by name, to those that it is part of.
    """
    top = document["Plan"]
    nodes = list(_nodes(top))
    return Plan(
        scans=tuple(_scan(node, wholes) for node in nodes if _is_scan(node)),
        # An incremental sort and a sort node name what they sort by.
        sorts=tuple(_sort(node) for node in nodes if node["Node Type"].endswith("Sort")),
        rows=_rows(top),
        buffers=sum(int(top.get(f"Shared {what} Blocks", 0)) for what in ("Hit", "Read")),
        duration_ms=float(document.get("Execution Time", 0.0)),
        text="\n".join(_lines(top)),
    )


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _is_scan(node: Mapping[str, Any]) -> bool:
    """Distinguish scans of relations from those of subqueries, functions and the index's part of a bitmap scan."""
    return "Relation Name" in node and node["Node Type"] != "ModifyTable"


def _scan(node: Mapping[str, Any], wholes: Mapping[str, Sequence[str]]) -> Scan:
    read = sum(float(node.get(name, 0)) for name in ("Actual Rows", *_REMOVED)) * float(node.get("Actual Loops", 1))
    by_index = list(_index_nodes(node))
    names = [name for item in by_index for name in (item["Index Name"], *wholes.get(item["Index Name"], ()))]
    found = list(dict.fromkeys(item["Index Cond"] for item in by_index if "Index Cond" in item))
    return Scan(
        relation=node["Relation Name"],
        indexes=tuple(dict.fromkeys(names)),
        rows_read=read,
        condition=" AND ".join([*found, *([node["Filter"]] if "Filter" in node else [])]),
        index_condition=" AND ".join(found),
    )


def _index_nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the nodes by which a scan finds its rows: itself, or what makes its bitmap, but no subquery of its filter."""
    if "Index Name" in node:
        yield node
    for below in node.get("Plans", ()):
        if below["Node Type"] in _BITMAPS:
            yield from _index_nodes(below)


def _sort(node: Mapping[str, Any]) -> Sort:
    below = node["Plans"][0]
    return Sort(", ".join(node["Sort Key"]), float(below.get("Actual Rows", 0)) * float(below.get("Actual Loops", 1)))


_BITMAPS = ("Bitmap Index Scan", "BitmapAnd", "BitmapOr")
_REMOVED = ("Rows Removed by Filter", "Rows Removed by Index Recheck")


def _rows(top: Mapping[str, Any]) -> float:
    """Return the rows of the result, or those that a statement without RETURNING changes."""
    if top["Node Type"] == "ModifyTable" and not float(top.get("Actual Rows", 0)):
        return sum(_rows(below) for below in top.get("Plans", ()))
    return float(top.get("Actual Rows", 0)) * float(top.get("Actual Loops", 1))


def _lines(node: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    indent = "  " * depth
    on = f" on {node['Relation Name']}" if "Relation Name" in node else ""
    using = f" using {node['Index Name']}" if "Index Name" in node else ""
    counted = (
        f"  rows={float(node['Actual Rows']):g} loops={node['Actual Loops']:g}"
        f" buffers={node.get('Shared Hit Blocks', 0) + node.get('Shared Read Blocks', 0)}"
        if "Actual Rows" in node
        else ""
    )
    yield f"{indent}{node['Node Type']}{using}{on}{counted}"
    for name in ("Index Cond", "Recheck Cond", "Filter", "Sort Key", *_REMOVED):
        if node.get(name):
            value = node[name]
            yield f"{indent}    {name}: {', '.join(value) if isinstance(value, list) else value}"
    for below in node.get("Plans", ()):
        yield from _lines(below, depth + 1)
