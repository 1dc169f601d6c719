"""Draws a diagram as SVG: tables in ranks, what is referred to on the left of what refers to it, foreign keys as curves between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgharness.report.diagram import Change, Diagram, DrawnColumn, DrawnKey, DrawnTable
from pgharness.report.markup import element, shortened, text

ROW_PX, HEAD_PX, GAP_PX, BETWEEN_PX = 17, 24, 18, 52
LETTER_PX = 6.7
TALLEST_PX = 900
"""A rank that is taller is broken in several."""
LONGEST_NAME, LONGEST_TYPE = 34, 26
SIGNS = {Change.NONE: "", Change.ADDED: "+", Change.REMOVED: "-", Change.CHANGED: "~"}


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a table stands."""

    table: DrawnTable
    x: float
    y: float
    width: float

    @property
    def height(self) -> float:
        return _height(self.table)


def draw_diagram(diagram: Diagram) -> str:
    """Return the drawing, as wide as it needs."""
    boxes = _placed(diagram)
    width = max(box.x + box.width for box in boxes.values()) + 30
    height = max(box.y + box.height for box in boxes.values()) + 4
    parts = [element("title", text(_in_one_sentence(diagram)))]
    parts += [_curve(key, boxes) for key in diagram.keys]
    parts += [_drawn(box) for box in boxes.values()]
    return element(
        "svg",
        "".join(parts),
        class_="diagram",
        role="img",
        width=round(width),
        height=round(height),
        viewBox=f"0 0 {width:.0f} {height:.0f}",
    )


def _in_one_sentence(diagram: Diagram) -> str:
    return ", ".join(f"{one.kind} {one.name} {one.change.value}" for one in diagram.tables)


def _rows(table: DrawnTable) -> int:
    return len(table.columns) + bool(table.others) + len(table.changes)


def _height(table: DrawnTable) -> float:
    return HEAD_PX + ROW_PX * _rows(table) + (6 if _rows(table) else 0)


def _width(table: DrawnTable) -> float:
    lines = [len(_title(table)) + 2, *(len(words) for words, _ in _lines(table))]
    return max(lines) * LETTER_PX + 22


def _title(table: DrawnTable) -> str:
    kind = "" if table.kind == "table" else f"{table.kind} "
    return shortened(kind + table.name.removeprefix("public."), LONGEST_NAME)


def _placed(diagram: Diagram) -> dict[str, _Box]:
    """Return the boxes by name: rank after rank from the left, each about the middle of the ones that it belongs to."""
    boxes: dict[str, _Box] = {}
    x = 2.0
    for rank in _ranks(diagram):
        width = max(map(_width, rank))
        y = 2.0
        for table in _in_order(rank, diagram.keys, boxes):
            boxes[table.name] = _Box(table, x, y, width)
            y += _height(table) + GAP_PX
        x += width + BETWEEN_PX
    return boxes


def _ranks(diagram: Diagram) -> Iterator[list[DrawnTable]]:
    """Yield the ranks, none taller than a page: first those that refer to nothing, then those that refer to them, and so on."""
    depth = _depths(diagram)
    by_depth: defaultdict[int, list[DrawnTable]] = defaultdict(list)
    for table in diagram.tables:
        by_depth[depth[table.name]].append(table)
    for _, rank in sorted(by_depth.items()):
        part: list[DrawnTable] = []
        for table in rank:
            if part and sum(_height(one) + GAP_PX for one in (*part, table)) > TALLEST_PX:
                yield part
                part = []
            part.append(table)
        yield part


def _depths(diagram: Diagram) -> Mapping[str, int]:
    """Return the length of the longest way of foreign keys from each table; circles are cut where they are met again."""
    parents: defaultdict[str, set[str]] = defaultdict(set)
    for key in diagram.keys:
        if key.child != key.parent:
            parents[key.child].add(key.parent)
    found: dict[str, int] = {}

    def depth(name: str, way: frozenset[str]) -> int:
        if name not in found:
            above = [depth(parent, way | {name}) for parent in sorted(parents[name] - way)]
            found[name] = 1 + max(above, default=-1)
        return found[name]

    for table in diagram.tables:
        depth(table.name, frozenset())
    return found


def _in_order(rank: Sequence[DrawnTable], keys: Sequence[DrawnKey], boxes: Mapping[str, _Box]) -> list[DrawnTable]:
    """Return the tables of a rank in the order of what they refer to, so that few curves cross."""

    def middle(table: DrawnTable) -> float:
        above = [boxes[key.parent].y for key in keys if key.child == table.name and key.parent in boxes]
        return sum(above) / len(above) if above else 0.0

    return sorted(rank, key=lambda table: (middle(table), table.name))


def _lines(table: DrawnTable) -> Iterator[tuple[str, Change]]:
    """Yield what stands in a box, line by line."""
    longest = max((len(shortened(one.name, LONGEST_NAME)) for one in table.columns), default=0)
    for one in table.columns:
        yield _column(one, longest), one.change
    if table.others:
        yield f"  … {table.others} more column{'s' if table.others > 1 else ''}", Change.NONE
    for change, words in table.changes:
        yield f"{SIGNS[change]} {shortened(words, LONGEST_NAME + LONGEST_TYPE)}", change


def _column(one: DrawnColumn, longest: int) -> str:
    name = shortened(one.name, LONGEST_NAME).ljust(longest)
    return f"{SIGNS[one.change] or ' '} {name}  {shortened(one.type, LONGEST_TYPE)}  {one.marks}".rstrip()


def _drawn(box: _Box) -> str:
    table = box.table
    sign = f"{SIGNS[table.change]} " if table.change is not Change.NONE else ""
    parts = [
        element("title", text(f"{table.kind} {table.name}: {table.change.value}")),
        element("rect", x=box.x, y=box.y, width=round(box.width), height=box.height, rx=5, class_="box"),
        element("text", text(sign + _title(table)), x=box.x + 8, y=box.y + 16, class_="name"),
    ]
    for row, (words, change) in enumerate(_lines(table)):
        y = box.y + HEAD_PX + ROW_PX * row
        if change is not Change.NONE:
            parts.append(
                element(
                    "rect", x=box.x + 2, y=y, width=round(box.width) - 4, height=ROW_PX, class_=f"row {change.value}"
                )
            )
        parts.append(element("text", text(words), x=box.x + 8, y=y + 12.5, class_=change.value))
    return element("g", "".join(parts), class_=f"table {table.change.value}")


def _curve(key: DrawnKey, boxes: Mapping[str, _Box]) -> str:
    """Return a foreign key: from the child's row of its first column to the parent's head, with a crow's foot at the child."""
    child, parent = boxes[key.child], boxes[key.parent]
    y1, y2 = _height_of(key, child), parent.y + HEAD_PX / 2
    if child.x > parent.x:
        x1, x2, out, into = child.x, parent.x + parent.width, -1, 1
    else:  # the same rank, or a circle: round the right side
        x1, x2, out, into = child.x + child.width, parent.x + parent.width, 1, 1
    bend = BETWEEN_PX / 2 if out == into else max(BETWEEN_PX / 2, abs(x1 - x2) / 2)
    look = " ".join(word for word in ("key", key.change.value, "optional" if key.is_optional else "") if word)
    way = (
        f"M{x1:.0f} {y1:.0f}C{x1 + out * bend:.0f} {y1:.0f} {x2 + into * bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
        f"M{x1:.0f} {y1 - 4:.0f}L{x1 + out * 8:.0f} {y1:.0f}L{x1:.0f} {y1 + 4:.0f}"
    )
    title = f"{key.child} ({', '.join(key.columns)}) refers to {key.parent}"
    return element("g", element("title", text(title)) + element("path", d=way, class_=look))


def _height_of(key: DrawnKey, box: _Box) -> float:
    for row, column in enumerate(box.table.columns):
        if key.columns and column.name == key.columns[0]:
            return box.y + HEAD_PX + ROW_PX * (row + 0.5)
    return box.y + HEAD_PX / 2
