"""Draws the plots of docs/query-patterns.md, as SVG that differs only where a figure does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from flowforge_schema.queries import PATTERNS, Shape

MEGABYTE = 1024 * 1024
STYLE = {
    "svg.hashsalt": "flowforge",  # the ids in the file are made from this, and not by chance
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "figure.constrained_layout.use": True,
}
PANELS = (
    ("one row, or the few of one", "linear", {Shape.POINT}),
    ("a page of a list", "linear", {Shape.PAGE}),
    ("purge, counts", "log", {Shape.BATCH, Shape.COUNT}),
)
TABLE_COLOUR, INDEX_COLOUR = "#8a8f98", "#2b6cb0"


def draw_plots(figures: dict[str, Any], folder: Path) -> None:
    """Write pages.svg, time.svg, sizes.svg, writes.svg and hot.svg into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    costs = [cost for cost in figures["plans"]["costs"] if cost["mode"] == "custom"]
    largest = str(max(cost["runs"] for cost in costs))
    with mpl.rc_context(STYLE):
        _by_size(folder / "pages.svg", costs, "buffers", "pages touched")
        _by_size(folder / "time.svg", costs, "duration_ms", "milliseconds")
        _sizes(folder / "sizes.svg", figures["plans"]["relations"][largest])
        _writes(folder / "writes.svg", figures["writes"]["inserts"])
        _hot(folder / "hot.svg", figures["writes"]["hot"])


def _by_size(path: Path, costs: Sequence[dict[str, Any]], value: str, label: str) -> None:
    with _figure(path, columns=len(PANELS), size=(13, 4.6)) as axes:
        for panel, (title, scale, shapes) in zip(axes, PANELS, strict=True):
            for pattern in (one for one in PATTERNS if one.shape in shapes):
                points = [(cost["runs"], cost[value]) for cost in costs if cost["pattern"] == pattern.name]
                panel.plot(*zip(*sorted(points), strict=True), marker="o", markersize=3, label=pattern.name)
            panel.set(title=title, xscale="log", yscale=scale, xlabel="runs in the table", ylabel=label)
            if scale == "linear":
                panel.set_ylim(bottom=0)
            panel.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=2)


def _sizes(path: Path, relations: Sequence[dict[str, Any]]) -> None:
    shown = [one for one in relations if one["size_bytes"] >= MEGABYTE]
    _bars(
        path,
        [one["name"] for one in shown],
        [one["size_bytes"] / MEGABYTE for one in shown],
        "MB",
        colours=[TABLE_COLOUR if one["kind"] == "table" else INDEX_COLOUR for one in shown],
    )


def _writes(path: Path, inserts: dict[str, dict[str, float]]) -> None:
    everything = inserts["all indexes"]
    without = {name.removeprefix("without "): one for name, one in inserts.items() if name.startswith("without ")}
    added = [everything["wal_bytes"] - one["wal_bytes"] for one in without.values()]
    _bars(path, list(without), added, "bytes of WAL that the index adds to one insert (a run, three logs, an event)")


def _hot(path: Path, updates: Sequence[dict[str, Any]]) -> None:
    names = [f"{one['what']} ({one['table']})" for one in updates]
    _bars(path, names, [100 * one["hot"] / one["updates"] for one in updates], "% of updates that are heap-only")


def _bars(
    path: Path,
    names: Sequence[str],
    values: Sequence[float],
    label: str,
    *,
    colours: Sequence[str] | str = INDEX_COLOUR,
) -> None:
    with _figure(path, columns=1, size=(9, 0.8 + 0.28 * len(names))) as (panel,):
        bars = panel.barh(names, values, color=colours)
        panel.bar_label(bars, fmt="{:,.0f}", padding=3)
        panel.invert_yaxis()
        panel.grid(visible=False, axis="y")
        panel.set(xlabel=label)


@contextmanager
def _figure(path: Path, *, columns: int, size: tuple[float, float]) -> Iterator[Sequence[Axes]]:
    figure, axes = plt.subplots(1, columns, figsize=size, squeeze=False)
    yield list(axes[0])
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    # Trailing blanks would be taken out by every editor.
    path.write_text("".join(f"{line.rstrip()}\n" for line in path.read_text("utf-8").splitlines()), "utf-8")
