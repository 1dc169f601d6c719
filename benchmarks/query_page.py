"""Writes docs/query-patterns.md and its plots from what was measured."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from query_load import CONNECTIONS
from query_plots import draw_plots

from flowforge_schema.contracts import SHOWN_AS
from flowforge_schema.queries import PATTERNS, Shape

DOCS = Path(__file__).parents[1] / "docs"
TEMPLATE = Path(__file__).with_suffix(".md")
MEGABYTE = 1024 * 1024

# Why each index is worth what it costs.
WORTH = {
    "ix_workflow_runs__workflow_id_created_at_id": "lists a workflow's runs, and serves the foreign key to workflows; without it"
    " a list reads the whole table.",
    "ix_workflow_runs__status_created_at_id_unfinished": "finds what waits and works among all that is over; it holds a run only"
    " until that ends, so it stays small.",
    "ix_workflow_runs__triggered_by": "serves SET NULL when a user goes; it holds only runs that a person triggered.",
    "ix_run_step_logs__step_id": "serves RESTRICT when a step goes; without it deleting one step reads the largest table.",
    "ix_outbox_events__id_unpublished": "finds what has to go out among all that went out; it holds an event only until then.",
}


def write_page(figures: dict[str, Any]) -> None:
    """Write the page and its plots."""
    draw_plots(figures, DOCS / "query-patterns")
    text = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(_values(figures))
    (DOCS / "query-patterns.md").write_text(text, encoding="utf-8")


def _values(figures: dict[str, Any]) -> dict[str, object]:
    costs, inserts = figures["plans"]["costs"], figures["writes"]["inserts"]
    sizes = sorted({cost["runs"] for cost in costs})
    cost = {(one["pattern"], one["runs"], one["mode"]): one for one in costs}
    largest = sizes[-1]
    everything, keys = inserts["all indexes"], inserts["keys alone"]
    findings = figures["plans"]["findings"]
    return {
        "server": figures["server"],
        "cpus": os.cpu_count(),
        "patterns": "\n".join(_pattern_row(pattern) for pattern in PATTERNS),
        "costs": _cost_table(cost, sizes),
        "smallest": f"{sizes[0]:,}",
        "largest": f"{largest:,}",
        "growth": _growth(cost, sizes),
        "deep_page": "1,000" if largest >= 1_000_000 else "in the middle",
        "first_buffers": cost["runs_of_workflow", largest, "custom"]["buffers"],
        "deep_buffers": cost["runs_of_workflow_deep_page", largest, "custom"]["buffers"],
        "generic_ratio": f"{_worst_generic(cost, sizes):.2f}",
        "rounds": figures["plans"]["rounds"],
        "flips": sum("flips" in finding for finding in findings) or "none",
        "findings": len(findings) or "none",
        "counts": ", ".join(
            f"`{pattern.name}` {cost[pattern.name, largest, 'custom']['buffers']} pages at {largest:,} runs"
            for pattern in PATTERNS
            if pattern.shape is Shape.COUNT
        ),
        "sizes": _size_table(figures["plans"]["relations"][str(largest)]),
        "transactions": f"{figures['writes']['transactions']:,}",
        "write_runs": f"{figures['writes']['runs']:,}",
        "inserts": "\n".join(_insert_row(name, one, keys) for name, one in inserts.items()),
        "time_ratio": f"{everything['duration_ms'] / keys['duration_ms']:.2f}",
        "server_ratio": f"{everything['server_ms'] / keys['server_ms']:.2f}",
        "wal_ratio": f"{everything['wal_bytes'] / keys['wal_bytes']:.2f}",
        "justified": "\n".join(
            f"- `{name}` ({everything['wal_bytes'] - inserts[f'without {name}']['wal_bytes']:,.0f} bytes of WAL an insert) {why}"
            for name, why in WORTH.items()
        ),
        "hot": "\n".join(
            f"| {one['what']} | `{one['table']}` | {one['hot'] / one['updates']:.0%} |"
            for one in figures["writes"]["hot"]
        ),
        "connections": CONNECTIONS,
        "load": _load_table(figures["load"]),
    }


def _pattern_row(pattern: Any) -> str:
    shown = SHOWN_AS[pattern.name]
    indexes = ", ".join(f"`{name}`" for name in pattern.indexes)
    return f"| `{pattern.name}` | {pattern.purpose} | {indexes} | {f'`{shown.__name__}`' if shown else 'nothing'} |"


def _cost_table(cost: dict[Any, Any], sizes: Sequence[int]) -> str:
    head = " | ".join(f"{runs:,} runs" for runs in sizes)
    times = " | ".join(f"ms at {runs:,}" for runs in sizes)
    lines = [f"| pattern | {head} | {times} |", f"| --- | {'--: | ' * (2 * len(sizes))}".rstrip()]
    for pattern in PATTERNS:
        pages = [
            "{} / {}".format(*(cost[pattern.name, runs, mode]["buffers"] for mode in ("custom", "generic")))
            for runs in sizes
        ]
        spent = [f"{cost[pattern.name, runs, 'custom']['duration_ms']:.2f}" for runs in sizes]
        lines.append(f"| `{pattern.name}` | {' | '.join([*pages, *spent])} |")
    return "\n".join(lines)


def _growth(cost: dict[Any, Any], sizes: Sequence[int]) -> int:
    bounded = [pattern.name for pattern in PATTERNS if pattern.shape in {Shape.POINT, Shape.PAGE}]
    growth: int = max(
        cost[name, sizes[-1], mode]["buffers"] - cost[name, sizes[0], mode]["buffers"]
        for name in bounded
        for mode in ("custom", "generic")
    )
    return growth


def _worst_generic(cost: dict[Any, Any], sizes: Sequence[int]) -> float:
    worst: float = max(
        cost[pattern.name, runs, "generic"]["buffers"] / cost[pattern.name, runs, "custom"]["buffers"]
        for pattern in PATTERNS
        for runs in sizes
    )
    return worst


def _size_table(relations: Sequence[dict[str, Any]]) -> str:
    lines = ["| table or index | MB |", "| --- | --: |"]
    for one in relations:
        name = f"**`{one['name']}`**" if one["kind"] == "table" else f"`{one['name']}`"
        lines.append(f"| {name} | {one['size_bytes'] / MEGABYTE:,.1f} |")
    return "\n".join(lines)


def _insert_row(name: str, one: dict[str, float], keys: dict[str, float]) -> str:
    return (
        f"| {name} | {one['duration_ms']:.2f} | {one['duration_ms'] / keys['duration_ms']:.2f}"
        f" | {one['server_ms']:.3f} | {one['server_ms'] / keys['server_ms']:.2f}"
        f" | {one['wal_bytes']:,.0f} | {one['wal_bytes'] / keys['wal_bytes']:.2f} |"
    )


def _load_table(load: Sequence[dict[str, Any]]) -> str:
    bench = next(one for one in load if one["way"] == "pgbench")
    return "\n".join(
        f"| {one['way']} | {one['transactions']:,} | {one['per_second']:,.0f} | {one['per_second'] / bench['per_second']:.2f}"
        f" | {one['deadlocks']} | {sum(one['errors'].values()) - one['deadlocks']} |"
        for one in load
    )
