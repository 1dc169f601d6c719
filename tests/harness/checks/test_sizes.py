"""`--profile`: how long findings of `locks` block at production's size, and what `sizes` tells of keys and locks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pgharness import recording
from pgharness.catalog.facts import Snapshot
from pgharness.checks import sizes
from pgharness.experiments.calibrating import calibrate
from pgharness.judging.judging import judge
from pgharness.judging.rules import Rules
from pgharness.profile import IndexSize, KeyPosition, Profile, TableSize, render_profile
from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Chain
from pgharness.records.sizes import Cost, Kind, SizesRecord
from pgharness.records.statements import Statement
from pgharness.records.trace import HeldLock, Trace, TracedStatement, Work
from pgharness.running import Run
from pgharness.trace.estimating import estimate, estimate_under, in_words, seconds_in_words
from tests.harness.chains import Revision, sql

MILLION = 1_000_000


def key(column: str, last: int, end: int = 2**31 - 1, **more: Any) -> KeyPosition:
    return KeyPosition(column=column, sequence=f"{column}_seq", last=last, end=end, limited_by=column, **more)


PROFILE = Profile(
    taken_at=datetime(2026, 11, 1, tzinfo=UTC),
    server_version="18.1",
    tables=(
        TableSize(name="public.big", kind="table", rows=12 * MILLION, bytes=1_200 * MILLION),
        TableSize(name="public.small", kind="table", rows=900, bytes=90_000),
        TableSize(name="public.unread", kind="table", rows=None, bytes=50 * MILLION),
        TableSize(name="public.day", kind="partitioned table", rows=0, bytes=0),
        *(
            TableSize(name=f"public.day_{n}", kind="table", rows=1, bytes=8192, parent="public.day")
            for n in range(4000)
        ),
    ),
    indexes=tuple(IndexSize(name=f"public.day_{n}_pkey", table=f"public.day_{n}", bytes=8192) for n in range(4000)),
    keys=(
        key("public.big.id", 1_900_000_000),
        key("public.small.id", 1_900_000_000),
        key("public.unread.id", 1_200_000_000),
        key("public.day.n", 100_000_000, per_day=10_000_000),
        key("public.other.n", 5),
    ),
    settings={"max_locks_per_transaction": "64", "max_connections": "100", "lock_timeout": "3000"},
)
CHAIN = (
    Revision(
        "tables",
        sql(
            *(f"CREATE TABLE {name} (id int PRIMARY KEY, x int)" for name in ("big", "small", "unread", "fresh")),
            "CREATE TABLE day (n int) PARTITION BY RANGE (n)",
            "CREATE TABLE d PARTITION OF day DEFAULT",
        ),
    ),
    Revision("index_small", sql("CREATE INDEX small_x ON small (x)")),
    Revision("allowed", sql("CREATE INDEX small_y ON small (x)"), top='allow = {"locks": "few rows"}'),
    Revision("both", sql("CREATE INDEX small_z ON small (x)", "CREATE INDEX big_z ON big (x)")),
    Revision("rest", sql("ALTER TABLE day ADD note text", "ALTER TABLE small ALTER id TYPE bigint")),
)


def test_a_profile_tells_times_small_tables_keys_and_locks(
    judge_chain: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To measure on fewer rows is as true, and quicker."""
    monkeypatch.setattr(recording, "calibrate", partial(calibrate, rows=2_000))
    file = tmp_path / "production.json"
    file.write_text(render_profile(PROFILE), encoding="utf-8")
    report = judge_chain(*CHAIN, only=("locks", "sizes"), profile=file).report

    found = {(one.revision, one.subject): one for one in report.findings}
    assert {key: one.code for key, one in found.items()} == {
        ("both", "table public.small"): "PGH-W001",
        ("both", "table public.big"): "PGH-W001",
        (None, "column public.big.id"): "PGH-Z001",
        (None, "column public.day.n"): "PGH-Z001",
        ("rest", "setting max_locks_per_transaction"): "PGH-Z002",
    }
    big, small = (found["both", f"table public.{name}"].message for name in ("big", "small"))
    assert "At production's size it blocks writes on public.big for about" in big
    assert "(12.0 M rows, " in big
    assert big.endswith("of WAL), by 2,000 rows measured on this server.")
    # A lock on a small table that is held over work on a large one.
    assert "blocks writes on public.small for about" in small
    assert "in about 205 days at 10,000,000 a day" in found[None, "column public.day.n"].message
    # Production itself limits how long statements wait, so no note asks for a limit.
    noted = [(one.check, one.revision, one.message.partition(" is at")[0].partition("(")[0]) for one in report.notes]
    assert noted == [
        ("locks", "index_small", "upgrade"),
        ("locks", "rest", "upgrade"),
        ("sizes", None, "the key public.small.id"),  # which the chain's head has widened
        ("sizes", None, "the key public.unread.id"),
    ]


# A microsecond a row, and nothing else, so that sums can be done in the head.
COSTS: dict[Kind, Cost] = dict.fromkeys(
    ("builds a number", "builds a text", "rewrites", "verifies", "validates", "writes", "writes an index"),
    Cost(1e-6, 0.0, 10.0, 0.0),
)
SIZES = SizesRecord(PROFILE, COSTS, 12 * MILLION, 10_000)


def traced(*works: Work, transaction: int | None = 0) -> TracedStatement:
    return TracedStatement(Statement("…"), transaction, works=works)


def test_work_is_counted_once_and_rows_that_an_index_finds_are_none() -> None:
    read = Work("reads", "public.big", rows=4)
    cases = {
        "verified twice": ((Work("verifies", "public.big"), Work("verifies", "public.big"), read), 12),
        "rewritten with an index": ((Work("rewrites", "public.big"), Work("builds", "public.big", "i"), read), 24),
        "half of the rows": ((Work("writes", "public.big", rows=2), read), 6),
        "from one to another": ((Work("writes", "public.small", rows=4), read), 24),
        "looked up": (
            (Work("writes", "public.big", rows=1), Work("reads", "public.big", rows=4, is_looked_up=True)),
            0,
        ),
    }

    assert {name: round(estimate([traced(*works)], SIZES).seconds) for name, (works, _) in cases.items()} == {
        name: seconds for name, (_, seconds) in cases.items()
    }


def test_what_the_profile_does_not_know_is_neither_small_nor_told_as_known() -> None:
    unread, fresh = (estimate([traced(Work("verifies", name))], SIZES) for name in ("public.unread", "public.fresh"))

    assert in_words(unread, SIZES).endswith(
        "(500 k rows, 5 MB of WAL; how many rows is not known of public.unread), by 12,000,000 rows measured on this server"
    )
    assert (fresh.rows, fresh.unknown, fresh.is_small, unread.is_small) == (0, ("public.fresh",), False, False)


def test_a_key_that_the_profile_may_not_read_is_named_and_not_checked() -> None:
    hidden = key("public.big.id", 0).model_copy(update={"last": None, "is_readable": False})
    unused = key("public.new.id", 0).model_copy(update={"last": None})
    profile = PROFILE.model_copy(update={"keys": (hidden, unused)})
    record = ChainRecord(Chain((), (), ()), "public.alembic_version", (), Snapshot({}, 180000))

    (result, _) = judge(replace(record, sizes=replace(SIZES, profile=profile)), [sizes.CHECK], Rules())
    (sound, _) = judge(replace(record, sizes=SIZES), [sizes.CHECK], Rules())

    grant = "GRANT SELECT, USAGE ON SEQUENCE public.big.id_seq TO <role that reads the profile>"
    assert [one.message for one in result.notes] == [
        f"how far the key public.big.id has come is not known, for the profile's role may not read it: {grant}"
    ]
    assert result.reason == f"how far public.big.id has come may not be read: {grant}; then take the profile anew"
    assert (result.is_missed, result.is_judged, sound.is_missed, sound.reason) == (True, False, False, "")


def test_a_lock_lasts_from_its_statement_to_the_end_of_its_transaction() -> None:
    big = Work("verifies", "public.big")
    trace = Trace((traced(big), traced(big), traced(big), traced(big, transaction=1), traced(big, transaction=None)))

    seconds = {
        place: round(estimate_under(HeldLock("public.big", "table", "SHARE", taken_by), trace, place, SIZES).seconds)
        for place, taken_by in ((1, 0), (2, 2), (3, 3), (4, 4))
    }
    assert seconds == {1: 36, 2: 12, 3: 12, 4: 12}


def test_an_estimate_has_two_digits_and_the_unit_that_people_use() -> None:
    assert [seconds_in_words(one) for one in (0.0001, 0.0123, 1.26, 41.3, 300, 9_000)] == [
        *("1 ms", "12 ms", "1.3 s", "41 s", "5 min", "2.5 h"),
    ]
    said = in_words(estimate([traced(Work("rewrites", "public.big"))], SIZES), SIZES)
    assert said == "about 12 s (12.0 M rows, 114 MB of WAL), by 12,000,000 rows measured on this server"
