"""The grid of revisions and checks, made to fit a width: whole, with shortened labels, or as a list."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pgharness.findings import CheckResult, Finding, Status
from pgharness.records.revisions import Revision
from pgharness.report.model import WHOLE_CHAIN, Cell, Report
from pgharness.report.printable import printable

MARKS = {
    Cell.HOLDS: Text("✓", style="green"),
    Cell.UNTRIED: Text("–", style="dim"),
}
MANY = 30
"""Of more revisions than this only those with a finding have a row of their own."""
SHORTEST_LABEL = 12
"""Of a label so much is left at least, which is the whole id that Alembic makes."""

Row = tuple[str, list[tuple[Cell, tuple[Finding, ...]]]]


def columns() -> int | None:
    """Return the width that COLUMNS asks for; None where it is not a number above 0."""
    asked = os.environ.get("COLUMNS", "")
    return int(asked) or None if asked.isdecimal() else None


def render_grid(report: Report, *, width: int | None = None, whole: bool = False) -> Table:
    """Return the grid: revisions down, checks across; in a `width` that it does not fit, a list of what is broken where.

    Without a `width` it is as wide as it needs. With `whole` each revision has its row, however many there are.
    """
    rows = list(_rows(report, whole=whole))
    longest = max(len(label) for label, _ in rows)
    for padding in (1, 0):
        grid = _grid(report, rows, padding)
        excess = Console(width=10_000).measure(grid).maximum - width if width is not None else 0
        if excess <= 0:
            return grid
        if longest - excess >= SHORTEST_LABEL:
            return _grid(report, [(_shortened(label, longest - excess), cells) for label, cells in rows], padding)
    return _list(report, rows, width or 0)


def seconds(result: CheckResult) -> str:
    """Return how long a check took, or a dash where it was skipped."""
    return "–" if result.status is Status.SKIPPED else f"{result.duration_s:.2f}"


def _rows(report: Report, *, whole: bool) -> Iterator[Row]:
    """Yield each revision's row, one for all that hold where they are many, and the whole chain's."""
    rows = [(item.label, _cells(report, item)) for item in report.chain.revisions]
    if len(rows) > MANY and not whole:
        others = [cells for _, cells in rows if not _is_broken(cells)]
        yield from (row for row in rows if _is_broken(row[1]))
        if others:
            yield (
                f"{len(others)} others",
                [_together([cells[at] for cells in others]) for at in range(len(report.results))],
            )
    else:
        yield from rows
    yield WHOLE_CHAIN, _cells(report, None)


def _cells(report: Report, revision: Revision | None) -> list[tuple[Cell, tuple[Finding, ...]]]:
    return [report.cell(result, revision) for result in report.results]


def _is_broken(cells: list[tuple[Cell, tuple[Finding, ...]]]) -> bool:
    return any(cell is Cell.BROKEN for cell, _ in cells)


def _together(cells: list[tuple[Cell, tuple[Finding, ...]]]) -> tuple[Cell, tuple[Finding, ...]]:
    return (Cell.HOLDS if all(cell is Cell.HOLDS for cell, _ in cells) else Cell.UNTRIED), ()


def _grid(report: Report, rows: list[Row], padding: int) -> Table:
    grid = Table(pad_edge=False, padding=(0, padding))
    grid.add_column("revision", no_wrap=True)
    for result in report.results:
        grid.add_column(result.name, justify="center", no_wrap=True)
    for label, cells in rows:
        grid.add_row(Text(printable(label)), *(_mark(*cell) for cell in cells))
    grid.add_section()
    grid.add_row("seconds", *(seconds(result) for result in report.results))
    return grid


def _list(report: Report, rows: list[Row], width: int) -> Table:
    """Return a line for each row: a check mark, or what is broken there, then what was not tried of checks that were made."""
    longest = max(SHORTEST_LABEL, width // 2)
    lines = Table.grid(padding=(0, 2))
    lines.add_column(no_wrap=True)
    lines.add_column(overflow="fold")
    for label, cells in rows:
        lines.add_row(Text(printable(_shortened(label, longest))), _line(report, cells))
    return lines


def _line(report: Report, cells: list[tuple[Cell, tuple[Finding, ...]]]) -> Text:
    named = list(zip(report.results, cells, strict=True))
    broken = [
        f"{one.name} {len(found)}" if len(found) > 1 else one.name
        for one, (cell, found) in named
        if cell is Cell.BROKEN
    ]
    untried = [one.name for one, (cell, _) in named if cell is Cell.UNTRIED and one.status is not Status.SKIPPED]
    line = Text(f"✗ {', '.join(broken)}", style="bold red") if broken else Text("✓", style="green")
    if all(cell is Cell.UNTRIED for _, (cell, _) in named):
        return Text("–", style="dim")
    return line.append(f"  – {', '.join(untried)}", style="dim") if untried else line


def _mark(cell: Cell, findings: tuple[Finding, ...]) -> Text:
    return MARKS.get(cell) or Text(f"✗ {len(findings)}" if len(findings) > 1 else "✗", style="bold red")


def _shortened(label: str, longest: int) -> str:
    return label if len(label) <= longest else f"{label[: longest - 1]}…"
