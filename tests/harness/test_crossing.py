"""A sound chain is crossed in one go, and nothing is seen less than by walking step by step."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pgharness.history.crossing import Crossing

from pgharness.records.chain_record import ChainRecord
from pgharness.records.steps import Step
from pgharness.running import Run


def facts_of(record: ChainRecord) -> list[tuple[object, ...]]:
    """Give what the checks judge by, without durations and without the statements that Alembic adds for itself."""

    def of(step: Step | None) -> object:
        return None if step is None else (step.snapshot, step.failure)

    return [
        (one.revision, one.before, of(one.upgrade), of(one.downgrade), of(one.reupgrade), one.unfilled)
        for one in record.revisions
    ]


def test_a_crossing_records_what_the_walk_step_by_step_records(
    run_example: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    crossed = run_example(only=("roundtrip",)).record
    monkeypatch.setattr(Crossing, "run", lambda *_: None)
    shutil.rmtree(tmp_path / "project")
    walked = run_example(only=("roundtrip",)).record

    assert facts_of(crossed) == facts_of(walked)
    assert (crossed.base, crossed.descent, crossed.version_table) == (walked.base, walked.descent, walked.version_table)


def test_a_sound_chain_runs_each_revision_three_times(
    run_example: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgharness.history.walk.run_step", lambda *_: pytest.fail("it was walked step by step"))

    record = run_example(only=("roundtrip",)).record

    assert len(record.revisions) == 3
    assert all(one.downgrade and one.reupgrade for one in record.revisions)


def test_a_revision_that_sends_other_statements_the_second_time_is_read_again(
    run_example: Callable[..., Run],
) -> None:
    country = "versions/0003_add_country.py"
    remembers = (
        "times = []\n\n\ndef upgrade():\n    times.append(1)\n    if len(times) == 2:\n"
        "        op.execute(\"COMMENT ON TABLE author IS 'again'\")\n"
    )

    run = run_example(edits={country: ("def upgrade():\n", remembers)}, only=("roundtrip",))

    assert [(one.check, one.revision) for one in run.report.findings] == [("roundtrip", "0003")]


def test_a_privilege_on_a_built_in_function_that_is_not_given_back_is_found(run_example: Callable[..., Run]) -> None:
    country = "versions/0003_add_country.py"
    revokes = "def upgrade():\n    op.execute('REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC')\n"

    run = run_example(edits={country: ("def upgrade():\n", revokes)}, only=("roundtrip",))

    assert [(one.check, one.revision) for one in run.report.findings] == [("roundtrip", "0003")]
