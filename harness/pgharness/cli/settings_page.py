"""Prints every setting as a page: `python -m pgharness.cli.settings_page > docs/settings.md`."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.models import OptionInfo

from pgharness.cli.check import check
from pgharness.settings import PREFIX, TABLE, Settings

HEAD = f"""\
# Settings

Made from the code: `python -m pgharness.cli.settings_page > docs/settings.md`. Each is a key of `[{TABLE}]` in pyproject.toml, a variable
(an empty one counts as none; several values are separated by commas, a table is JSON), and some are options of `pgharness check`. An option wins
over the variable, the variable over the file. A path in the file is relative to it, one in an option to where the command is typed.
"""
# What the settings are called on the command line where that is another name.
RENAMED = {"heads": "head"}
EXAMPLES = {
    "alembic": '"backend/alembic.ini"',
    "make_config": '"shop.database:alembic_config"',
    "section": '"shop"',
    "x": '["tenant=shop"]',
    "python": '".venv"',
    "driver": '"postgresql+asyncpg"',
    "metadata": '"shop.models:Base"',
    "structure": '"schema/structure.sql"',
    "server": '"embedded"',
    "image": '"postgres:17"',
    "only": '["upgrade", "roundtrip"]',
    "skip": '["autogenerate"]',
    "checks": '["our_checks:COMMENTED"]',
    "since": '"3f2a"',
    "app_role": '"shop_app"',
    "previous": '"v1.4.0"',
    "heads": '["3f2a", "shop@head"]',
    "baseline": '"schema/baseline.sql"',
    "statements": '"schema/statements.sql"',
    "profile": '"production.json"',
    "small_table_rows": "50000",
    "traffic": "true",
    "traffic_rows": "100000",
    "traffic_wait_ms": "500",
    "allow_indices": '{ "constraint public.book.book_author_id_fkey" = "authors are never deleted" }',
    "environment": '{ DATABASE_URL = "{url}" }',
    "ignore": '[{ kind = "index", object = "public.ix_old", reason = "dropped by hand", expires = 2030-01-31 }]',
    "accepted": '"schema/accepted.toml"',
    "strict": '["column order", "not null names"]',
    "rows_per_table": "10",
    "compared_rows": "5000",
    "data_folder": '"migrations/data"',
    "redact": "true",
    "crash_stops": "50",
    "modes_budget": "20",
    "values": '{ "public.patients.status" = ["new", "seen"] }',
}


def page() -> str:
    """Return the page."""
    return HEAD + "".join(_sections())


def _sections() -> Iterator[str]:
    descriptions, options = _descriptions(), _options()
    for name, field in Settings.model_fields.items():
        rows = [
            ("type", _type_in_words(field.annotation)),
            ("default", f"`{_default(field)}`" if _default(field) else "none"),
            ("variable", f"`{PREFIX}{name.upper()}`"),
            ("option", f"`{options[name]}`" if name in options else "none"),
        ]
        told = "\n".join(f"| {what} | {value} |" for what, value in rows)
        example = f"```toml\n[{TABLE}]\n{name} = {EXAMPLES[name]}\n```\n"
        yield f"\n## {name}\n\n{descriptions[name]}\n\n| | |\n|---|---|\n{told}\n\n{example}"


def _descriptions() -> dict[str, str]:
    """Return what stands below each setting in its class."""
    lines = inspect.getsource(Settings)
    found = {}
    for name in Settings.model_fields:
        behind = lines.partition(f"\n    {name}: ")[2].partition('"""')[2]
        found[name] = " ".join(behind.partition('"""')[0].split())
    return found


def _options() -> dict[str, str]:
    """Return the option of `pgharness check` for each setting that has one."""
    found = {}
    names = {RENAMED.get(name, name): name for name in Settings.model_fields}
    for parameter, annotation in get_type_hints(check, include_extras=True).items():
        option = next((one for one in get_args(annotation) if isinstance(one, OptionInfo)), None)
        # `--strict` is about checks that could not be made, and no setting.
        if option is not None and parameter in names and parameter != "strict":
            named = (option.default, *(option.param_decls or ()))
            declared = [one for one in named if isinstance(one, str) and one.startswith("-")]
            found[names[parameter]] = ", ".join(declared) or f"--{parameter.replace('_', '-')}"
    return found


def _type_in_words(annotation: object) -> str:
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _type_in_words(parts[0])
    if type(None) in parts:
        return _type_in_words(next(one for one in parts if one is not type(None)))
    if get_origin(annotation) is tuple:
        return "a list of tables" if parts[0] is not str else "a list of texts"
    return {str: "a text", Path: "a path", int: "a number", bool: "true or false"}.get(annotation, "a table")  # type: ignore[call-overload, no-any-return]


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value in (None, (), {}, PydanticUndefined):
        return ""
    return json.dumps(str(value) if isinstance(value, Path) else value)


if __name__ == "__main__":
    sys.stdout.write(page())
