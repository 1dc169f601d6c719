from __future__ import annotations

import pytest

from pgharness.catalog.diff import difference
from tests.harness.catalog.drifting import DRIFTS
from tests.harness.catalog.trying import Trial


@pytest.mark.every_major
def test_every_drift_is_reported(trial: Trial) -> None:
    assert trial.differences != ()


@pytest.mark.turn(0)
def test_pg_dump_shows_the_drift_too(trial: Trial) -> None:
    drifted, without = trial.dumps

    assert (drifted == without) is bool(trial.drift.unwitnessed)


@pytest.mark.turn(1)
def test_the_script_of_a_drifted_catalog_makes_it_again(trial: Trial) -> None:
    if trial.drift.unwritten:
        pytest.skip(trial.drift.unwritten)

    assert trial.written() == trial.sides[0]


@pytest.mark.turn(2)
def test_what_is_proposed_to_mend_a_drift_mends_it(trial: Trial) -> None:
    if trial.drift.unmended:
        pytest.skip(trial.drift.unmended)

    mends, mended = trial.mended()

    assert [one.reason for one in mends if one.reason] == []
    # A column comes back at the end of its table: PostgreSQL cannot move one.
    assert [item for item in difference(mended, trial.sides[1]) if item.property != "position"] == []


def test_the_table_of_drifts_is_large_and_names_each_once() -> None:
    names = [drift.name for drift in DRIFTS]

    assert len(set(names)) == len(names) >= 400
