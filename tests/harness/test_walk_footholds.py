"""A walk that has to begin again behind revision after revision does not run the whole chain before each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pgharness.running import Run
from pgharness.walk import footholds
from tests.harness.chains import Revision, sql, table
from tests.harness.test_walk import told

JudgeChain = Callable[..., Run]
FEW = 2


@pytest.fixture(autouse=True)
def short_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take few revisions for many, so that short chains show what long ones come to."""
    monkeypatch.setattr(footholds, "FEW", FEW)


def stays(place: int, log: Path) -> Revision:
    """Return a revision that leaves a line where it runs, and whose downgrade() leaves a part of what it made."""
    run = f"open({str(log)!r}, 'a').write('r{place}\\n')"
    made = (f"CREATE TABLE t{place} (id bigint PRIMARY KEY)", f"CREATE INDEX i{place} ON t{place} (id)")
    return Revision(f"r{place}", f"{run}\n{sql(*made)}", sql(f"DROP INDEX i{place}"))


def undoes_nothing(place: int, log: Path) -> Revision:
    """Return a revision that leaves a line where it runs, and whose downgrade() does nothing."""
    return replace(stays(place, log), down="pass")


def test_each_revision_of_a_chain_whose_revisions_all_stay_is_run_a_few_times_however_many_there_are(
    judge_chain: JudgeChain, tmp_path: Path
) -> None:
    log = tmp_path / "runs"
    chain = [stays(place, log) for place in range(8)]

    run = judge_chain(*chain, only=("roundtrip",))

    assert [one[:2] for one in told(run)] == [("roundtrip", one.slug) for one in chain]
    times = Counter(log.read_text(encoding="utf-8").split())
    # up and again, with rows and without, twice from a foothold each; once as deployed, and for the foothold itself
    assert max(times.values()) <= 2 * 2 + 2 * FEW + 2, times


def test_behind_a_downgrade_that_does_nothing_the_walk_goes_on_where_it_stands(
    judge_chain: JudgeChain, tmp_path: Path
) -> None:
    log = tmp_path / "runs"
    chain = [undoes_nothing(place, log) for place in range(4)]

    run = judge_chain(*chain, only=("roundtrip",))

    assert [one[:2] for one in told(run)] == [("roundtrip", one.slug) for one in chain]
    times = Counter(log.read_text(encoding="utf-8").split())
    assert set(times.values()) == {3}, times  # up and again, and once as deployed


def test_what_a_downgrade_does_to_rows_alone_is_met_by_no_other_revision(
    judge_chain: JudgeChain, tmp_path: Path
) -> None:
    author = table("author", "id bigint PRIMARY KEY, note text")
    marks = replace(undoes_nothing(1, tmp_path / "runs"), down=sql("UPDATE author SET note = 'marked'"))
    meets = Revision(
        "meets", "assert not op.get_bind().execute(sa.text(\"SELECT FROM author WHERE note = 'marked'\")).first()"
    )

    run = judge_chain(author, marks, meets, only=("upgrade", "roundtrip"))

    assert [one[:2] for one in told(run)] == [("roundtrip", marks.slug)]


def test_a_chain_that_makes_a_role_is_begun_at_its_base_where_the_role_is_made_again(
    judge_chain_alone: JudgeChain, tmp_path: Path
) -> None:
    chain = [stays(place, tmp_path / "runs") for place in range(FEW + 3)]
    role = Revision("role", sql("CREATE ROLE foothold_reader"), sql("DROP ROLE foothold_reader"))
    granted = Revision(
        "granted", sql("GRANT SELECT ON t0 TO foothold_reader"), sql("REVOKE ALL ON t0 FROM foothold_reader")
    )

    run = judge_chain_alone(role, *chain, granted, only=("upgrade", "roundtrip"))

    assert [one[:2] for one in told(run)] == [("roundtrip", one.slug) for one in chain]


def test_what_passes_only_in_company_is_walked_behind_a_foothold_too(
    judge_chain_alone: JudgeChain, tmp_path: Path
) -> None:
    chain = [stays(place, tmp_path / "runs") for place in range(FEW + 2)]
    sets = replace(chain[FEW - 1], up=f"import builtins\nbuiltins.foothold_made = True\n{chain[FEW - 1].up}")
    leans = replace(chain[FEW], up=f"import builtins\nassert builtins.foothold_made\n{chain[FEW].up}")

    run = judge_chain_alone(*chain[: FEW - 1], sets, leans, *chain[FEW + 1 :], only=("upgrade", "roundtrip"))

    assert [one[:2] for one in told(run)] == [
        ("upgrade", leans.slug),
        *(("roundtrip", one.slug) for one in chain),
    ]
