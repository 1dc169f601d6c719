"""Each kind of finding: which test types its fix in and judges again, or why none does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pgharness.kinds import our_kinds

HERE = Path(__file__).parent
# The test that types in what findings say, and the kinds of these findings.
TYPED = {
    "checks/test_moments.py": "U011",
    "checks/test_leftovers.py": "L001 L002 L003 L004",
    "checks/test_zones.py": "M012",
    "hazards/test_fixes.py": "W001 W002 W006 W007 Z001",
    "hazards/test_pitfalls.py": "F001 F002 F003 F004 F005 F006 F007 F008 F009 F010",
    "history/test_typed_in.py": (
        "C001 C002 C003 K001 K002 K003 M003 M006 M010 M011 N001 N002 N003 N004 N005 N006 V001 V002 V003 V004 V005 V006 V007 V008 V009 V010 V011"
    ),
    "test_differences_typed_in.py": "D002 D003 D008 D010 D011 D012 D013 E001",
    "test_declarations_typed_in.py": "A002 G005 R001 R006 X001 X002 X003 X004 X005 X006 X007 X009",
    "test_deployment.py": "U005 U006 U007 U008",
    "test_downgrades_typed_in.py": "R004 R005",
    "test_failing_typed_in.py": "R002 R003 R010 U001 U003",
    "test_finishing_typed_in.py": "E002 E003 I001 I002 L005",
    "test_fixes_typed_in.py": "D001 D003 D004 D006 D007 D009 R005",
    "test_forgotten_columns_typed_in.py": "D001 D005",
    "test_imports_typed_in.py": "R005",
    "test_kept_rows_typed_in.py": "V003 V005 V007",
    "test_locks_typed_in.py": "W004 W005 W010",
    "test_never_null_typed_in.py": "U002",
    "test_rows_at_fault.py": "U002",
    "test_service_typed_in.py": "I007 M012 T001 T004 T006 V014 W008",
    "test_stages_typed_in.py": "W002 W006",
}
# What is said is words, a command, or a line of the models, of env.py, of a file of statements or of the settings.
IN_WORDS = (
    "A001 A003 A004 C004 C005 C006 C007 D014 G001 G002 G003 G004 I003 I004 I005 I006 J001 K004 K005 K006 M001 M002 M004 M005 M007 "
    "M008 M009 P001 P002 P003 P004 P005 P006 P007 R007 R008 R009 R011 S001 S002 S003 S004 S005 T002 T003 T005 U004 U009 U010 V012 V013 W003 W009 "
    "X008 Z002"
)


def test_each_kind_is_typed_in_or_it_is_said_why_not() -> None:
    typed = {code for codes in TYPED.values() for code in codes.split()}
    told = [*typed, *IN_WORDS.split()]

    assert len(told) == len({*told})
    assert {f"PGH-{code}" for code in told} == {kind.code for kind in our_kinds()}


@pytest.mark.parametrize("test", TYPED)
def test_each_test_that_types_in_is_there(test: str) -> None:
    assert re.search(r"typed|to type", (HERE / test).read_text(encoding="utf-8"))
