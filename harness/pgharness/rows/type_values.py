"""Candidate values of every type, as texts that PostgreSQL reads: a series that differs from row to row, then what hints suggest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count, islice, pairwise
from zlib import crc32

from pgharness.rows.edges import edges_of, finest_of
from pgharness.rows.hints import Hints
from pgharness.rows.patterns import matching_texts
from pgharness.rows.tables import DataType

TEXT_TYPES = ("text", "varchar", "bpchar", "citext", "name", "char")
NUMBER_TYPES = ("int2", "int4", "int8", "numeric", "float4", "float8", "money", "oid")
DAY_TYPES = ("date", "timestamp", "timestamptz")
LARGEST = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1, "oid": 2**32 - 1}

FIRST_DAY = date(2024, 1, 1)
LONGEST_TEXT = 2000

# The n-th value of a type, n from 0; where few values exist, they come round again.
SERIES: dict[str, Callable[[int], str]] = {
    "bool": lambda n: "false" if n % 2 else "true",
    "int2": lambda n: str(n + 1),
    "int4": lambda n: str(n + 1),
    "int8": lambda n: str(n + 1),
    "oid": lambda n: str(n + 1),
    "float4": lambda n: f"{n + 1}.5",
    "float8": lambda n: f"{n + 1}.5",
    "money": lambda n: f"{n + 1}.00",
    "date": lambda n: str(FIRST_DAY + timedelta(days=n)),
    "timestamp": lambda n: f"{FIRST_DAY + timedelta(days=n)} 12:00:00",
    "timestamptz": lambda n: f"{FIRST_DAY + timedelta(days=n)} 12:00:00+00",
    "time": lambda n: f"{n % 24:02}:00:00",
    "timetz": lambda n: f"{n % 24:02}:00:00+00",
    "interval": lambda n: f"{n + 1} hours",
    "bytea": lambda n: rf"\x{n + 1:02x}",
    "inet": lambda n: f"10.0.0.{n % 250 + 1}",
    "cidr": lambda n: f"10.0.{n % 250}.0/24",
    "macaddr": lambda n: f"08:00:2b:01:02:{n % 256:02x}",
    "macaddr8": lambda n: f"08:00:2b:01:02:03:04:{n % 256:02x}",
    "varbit": lambda n: f"{n + 1:b}",
    "jsonpath": lambda n: f"$.a{n}",
    "tsvector": lambda n: f"'word{n}'",
    "tsquery": lambda n: f"'word{n}'",
    "xml": lambda n: f"<a>{n}</a>",
    "point": lambda n: f"({n},{n})",
    "line": lambda n: f"{{1,1,{n}}}",
    "lseg": lambda n: f"[(0,0),(1,{n + 1})]",
    "box": lambda n: f"({n + 1},1),(0,0)",
    "path": lambda n: f"[(0,0),(1,{n + 1})]",
    "polygon": lambda n: f"((0,0),(1,{n + 1}),(2,0))",
    "circle": lambda n: f"<(0,0),{n + 1}>",
    "pg_lsn": lambda n: f"0/{n + 1:X}",
    "xid": lambda n: str(n + 3),
    "xid8": lambda n: str(n + 3),
    "tid": lambda n: f"({n},1)",
    "regclass": lambda _: "pg_catalog.pg_class",
    "regtype": lambda _: "pg_catalog.int4",
    "regproc": lambda _: "pg_catalog.now",
    "regprocedure": lambda _: "pg_catalog.now()",
    "regnamespace": lambda _: "pg_catalog",
    "regrole": lambda _: "pg_database_owner",
    "regconfig": lambda _: "pg_catalog.simple",
    "regdictionary": lambda _: "pg_catalog.simple",
    "hstore": lambda n: f"key=>{n}",
    "ltree": lambda n: f"a.b{n}",
    "cube": lambda n: f"({n})",
}


@dataclass(frozen=True, slots=True)
class Values:
    """Makes candidates for the columns of one table; `count` is the length of a series."""

    types: Mapping[int, DataType]
    count: int

    def candidates(self, type_oid: int, modifier: int, label: str, hints: Hints) -> tuple[str, ...]:
        """Return different values for a column, likely ones first; empty for a type of which no value is known."""
        data_type, modifier = self._base(type_oid, modifier)
        series = self._series(data_type, modifier, label)
        return tuple(dict.fromkeys([*islice(series, self.count), *self._suggested(data_type, modifier, label, hints)]))

    def edges(self, type_oid: int, modifier: int, label: str) -> tuple[str, ...]:
        """Return values near the end of a type: a large number, a long text, a high UUID, the last label, several elements; else empty."""
        data_type, modifier = self._base(type_oid, modifier)
        if data_type.labels:
            return data_type.labels[-1:]
        if data_type.element is not None:
            return self._several(data_type, modifier, label)
        return tuple(edges_of(data_type.name, modifier, label, _text_limit(data_type.name, modifier)))

    def finest(self, type_oid: int, modifier: int, label: str) -> tuple[str, ...]:
        """Return values with all that a type can tell apart, such as microseconds; empty for types of which no coarser one keeps a part."""
        data_type, modifier = self._base(type_oid, modifier)
        if data_type.element is not None:
            return self._several(data_type, modifier, label)
        return tuple(finest_of(data_type.name, modifier, label, _text_limit(data_type.name, modifier)))

    def labels(self, type_oid: int) -> tuple[str, ...]:
        """Return all values of a type that has few: an enum's labels, true and false; empty for other types."""
        data_type, _ = self._base(type_oid, -1)
        return ("true", "false") if data_type.name == "bool" else data_type.labels

    def type_name(self, type_oid: int) -> str:
        """Return the name of the type beneath a domain, or the type's own, without its modifier."""
        return self._base(type_oid, -1)[0].name

    def is_not_null(self, type_oid: int) -> bool:
        """Whether a domain refuses NULL."""
        return any(step.not_null for step in self._chain(type_oid))

    def domain_checks(self, type_oid: int) -> tuple[str, ...]:
        """Return the conditions on VALUE of a domain and of those that it is made of."""
        return tuple(check for step in self._chain(type_oid) for check in step.checks)

    def base_name(self, type_oid: int, type_name: str) -> str:
        """Return the name of the type beneath a domain, or the type's own."""
        names = [step.base_name for step in self._chain(type_oid) if step.base_name is not None]
        return names[-1] if names else type_name

    def _chain(self, type_oid: int) -> Iterator[DataType]:
        step: int | None = type_oid
        while step is not None:
            yield self.types[step]
            step = self.types[step].base

    def _base(self, type_oid: int, modifier: int) -> tuple[DataType, int]:
        """Return the type beneath a domain, with its modifier."""
        for step in self._chain(type_oid):
            if step.base is None:
                return step, modifier
            modifier = step.base_modifier
        raise AssertionError(type_oid)

    def _series(self, data_type: DataType, modifier: int, label: str) -> Iterator[str]:
        if data_type.labels:
            return iter(data_type.labels)
        make = _nth_value(data_type.name, modifier, label)
        return self._composed(data_type, modifier, label) if make is None else map(make, count())

    def _composed(self, data_type: DataType, modifier: int, label: str) -> Iterator[str]:
        """Return arrays, ranges and rows of values of what they are made of."""
        if data_type.element is not None:
            inner = self.candidates(data_type.element, modifier, label, Hints())
            pairs = list(pairwise(inner))
            if data_type.kind == "r":
                return (f"[{_quoted(low)},{_quoted(high)})" for low, high in pairs)
            if data_type.kind == "m":
                return (f"{{[{_quoted(low)},{_quoted(high)})}}" for low, high in pairs)
            return (f"{{{_quoted(value)}}}" for value in inner)
        if data_type.kind == "c":
            fields = [self.candidates(field, -1, label, Hints()) for field in data_type.fields]
            return (f"({','.join(_quoted(value) for value in row)})" for row in zip(*fields, strict=False))
        return iter(())

    def _suggested(self, data_type: DataType, modifier: int, label: str, hints: Hints) -> Iterator[str]:
        if data_type.name in TEXT_TYPES:
            limit = _text_limit(data_type.name, modifier)
            yield from (text for text in _texts(label, hints, self.count) if len(text) <= limit)
        elif data_type.name in NUMBER_TYPES:
            yield from _numbers(data_type.name, hints, self.count)
        elif data_type.name in DAY_TYPES:
            yield from _days(data_type.name, hints, self.count)
        elif data_type.name in ("json", "jsonb"):
            yield from _documents(hints)
        elif data_type.name == "bytea":
            sizes = [int(number) for number in hints.numbers if 0 < number <= LONGEST_TEXT]
            yield from (rf"\x{n + 1:0{2 * size}x}" for size in sizes for n in range(self.count))
        elif data_type.element is not None and data_type.kind == "b":
            yield from self._arrays(data_type.element, modifier, label, hints)

    def _several(self, data_type: DataType, modifier: int, label: str) -> tuple[str, ...]:
        """Return an array of more than one element; ranges are made of elements too, and have none."""
        if data_type.kind != "b" or data_type.element is None:
            return ()
        inner = self.candidates(data_type.element, modifier, label, Hints())[:2]
        return (f"{{{','.join(_quoted(value) for value in inner)}}}",) if len(inner) > 1 else ()

    def _arrays(self, element: int, modifier: int, label: str, hints: Hints) -> Iterator[str]:
        yield "{}"
        inner = self.candidates(element, modifier, label, hints)
        for size in [1, *(int(number) for number in hints.numbers if 1 < number <= self.count)]:
            for start in range(len(inner) - size + 1):
                yield f"{{{','.join(_quoted(value) for value in inner[start : start + size])}}}"


def _nth_value(name: str, modifier: int, label: str) -> Callable[[int], str] | None:
    """Return what makes the n-th value of a type by its name, or None where it is not known by name."""
    if name in TEXT_TYPES:
        limit = _text_limit(name, modifier)
        return lambda n: _labelled(label, n, limit)
    length = max(modifier, 1)
    by_modifier: dict[str, Callable[[int], str]] = {
        "numeric": lambda n: _decimal(n, modifier),
        "bit": lambda n: f"{n + 1:b}".zfill(length)[-length:],
        "json": lambda n: f'{{"{label}": {n + 1}}}',
        "jsonb": lambda n: f'{{"{label}": {n + 1}}}',
        "uuid": lambda n: f"{crc32(label.encode()):08x}-0000-7000-8000-{n + 1:012}",
        "vector": lambda n: f"[{','.join([str(n + 1)] * length)}]",
    }
    return by_modifier.get(name) or SERIES.get(name)


def _text_limit(name: str, modifier: int) -> int:
    if name == "char":
        return 1
    # pg_attribute.atttypmod of varchar(n) and char(n) is n + 4.
    return min(modifier - 4, LONGEST_TEXT) if modifier > 4 else 63 if name == "name" else LONGEST_TEXT


def _labelled(label: str, n: int, limit: int) -> str:
    number = str(n + 1)
    text = f"{label} {number}"
    return text if len(text) <= limit else (label[: max(limit - len(number), 0)] + number)[-limit:]


def _decimal(n: int, modifier: int) -> str:
    if modifier < 4:
        return str(n + 1)
    # pg_attribute.atttypmod of numeric(p, s) is ((p << 16) | s) + 4.
    precision, scale = (modifier - 4) >> 16, (modifier - 4) & 0x7FF
    return str(n + 1) if precision > scale else f"0.{n + 1:0{scale}}"


def _texts(label: str, hints: Hints, length: int) -> Iterator[str]:
    yield from hints.strings
    for regex in hints.regexes:
        yield from matching_texts(regex, length)
    for like in hints.likes:
        yield from (like.replace("%", str(n + 1)).replace("_", chr(ord("a") + n % 26)) for n in range(length))
    sizes = sorted(
        {size for number in hints.numbers for size in (int(number), int(number) + 1) if 0 < size <= LONGEST_TEXT}
    )
    for size in sizes:
        yield from (
            _labelled(label.ljust(size, "x")[: max(size - 3, 0)], n, size).rjust(size, "x") for n in range(length)
        )
    yield from (f"person{n + 1}@example.org" for n in range(length))
    yield from (f"https://example.org/{n + 1}" for n in range(length))
    yield from (str(n + 1) for n in range(length))
    yield from ("a", "A", "")


def _numbers(name: str, hints: Hints, length: int) -> Iterator[str]:
    yield from ("0", "-1", "100")
    for number in hints.numbers:
        for step in (value for n in range(length) for value in (number + n, number - n)):
            if abs(step) <= LARGEST.get(name, step.copy_abs()):
                yield str(step) if name not in LARGEST else str(int(step))
        if name not in LARGEST:
            yield str(number / Decimal(2))


def _days(name: str, hints: Hints, length: int) -> Iterator[str]:
    for text in hints.strings:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            continue
        for days in (step for n in range(length) for step in (n, -n - 1)):
            with suppress(OverflowError):  # Python's years are 1 to 9999
                yield _moment(name, moment + timedelta(days=days))


def _moment(name: str, moment: datetime) -> str:
    return str(moment.date()) if name == "date" else str(moment)


def _documents(hints: Hints) -> Iterator[str]:
    yield from ("{}", "[]", '"text"', "1", "true", "null")
    keys = [_quoted(key) for key in hints.strings]
    for value in ('"text"', "1", "{}", "[]", "true"):
        yield from (f"{{{key}: {value}}}" for key in keys)
        if len(keys) > 1:
            yield f"{{{', '.join(f'{key}: {value}' for key in keys)}}}"


def _quoted(value: str) -> str:
    """Quote a value within an array, a range, a row or a JSON document."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
