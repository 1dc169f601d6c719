"""Writes views and materialized views."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.rendering.attachments import attachments
from pgharness.catalog.rendering.columns import later_lines
from pgharness.catalog.rendering.parts import Contents, Part, Phase, options


def parts(contents: Contents) -> Iterator[Part]:
    """Yield the parts that make views, each after what it reads."""
    for key, facts in contents.all("view", "materialized view"):
        columns = contents.of(key, "column")
        lines = [_create(key, facts), *_column_lines(contents, key, columns), *attachments(contents, key, *columns)]
        makes = frozenset({key, *columns})
        yield Part(makes, contents.needs(*makes) - makes, Phase.VIEWS, key.object, tuple(lines))


def _create(key: ObjectKey, facts: dict[str, str]) -> str:
    method = f" USING {facts['access method']}" if "access method" in facts else ""
    given = options(facts)
    with_options = f" WITH ({', '.join(given)})" if given else ""
    tablespace = f" TABLESPACE {facts['tablespace']}" if "tablespace" in facts else ""
    query = facts["definition"].removesuffix(";")
    data = "\nWITH NO DATA" if "populated" in facts else ""
    return f"CREATE {key.kind.upper()} {key.object}{method}{with_options}{tablespace} AS\n{query}{data};"


def _column_lines(contents: Contents, key: ObjectKey, columns: list[ObjectKey]) -> list[str]:
    alter = f"ALTER {key.kind.upper()} {key.object}"
    lines = []
    for column in columns:
        facts = contents.properties.get(column, {})
        if "default" in facts:
            lines.append(f"{alter} ALTER COLUMN {contents.local_name(column)} SET DEFAULT {facts['default']};")
        if "compression" in facts:
            lines.append(f"{alter} ALTER COLUMN {contents.local_name(column)} SET COMPRESSION {facts['compression']};")
        if facts:
            lines += later_lines(contents, column, alter)
    return lines
