"""What a judge says is a finding, a note, or one finding for all that an earlier check tells already."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgharness.findings import CheckResult, Finding, Minor, Note, Repeated, Status
from pgharness.judging.weighing import Weighing

MOOD = Finding("enums", "0001", "type mood", "It lacks a label.", "add it")
SIZE = Finding("enums", "0001", "type size", "It lacks a label.", "add it")
DRIFTED = CheckResult("drift", Status.PASSED, 0.0, (Finding("drift", "0001", "type mood", "It differs.", "add it"),))
AGREES = CheckResult("drift", Status.PASSED, 0.0)


def test_a_minor_difference_is_a_note_unless_people_are_strict_about_it() -> None:
    minor = Minor("column order", Finding("drift", None, "table x", "Its order differs.", "leave it"))

    (note,) = Weighing().of((minor,))

    assert isinstance(note, Note)
    assert "Its order differs." in note.message
    assert Weighing(strict=("column order",)).of((minor,)) == (minor.finding,)


def test_what_is_told_once_is_one_note_of_the_first_revision_that_is_judged() -> None:
    minors = [Minor("lock timeout", replace(MOOD, revision=name), is_told_once=True) for name in ("1", "2", "2", "3")]

    (note,) = Weighing(before=("1",)).of(minors)

    assert (note.revision, note.message.count("; so it is in 1 more revision.")) == ("2", 1)
    assert Weighing(before=("1", "2", "3")).of(minors) == ()
    assert len(Weighing(strict=("lock timeout",)).of(minors)) == 4


@pytest.mark.parametrize("earlier", [(), (AGREES,)], ids=["it was not made", "it finds nothing"])
def test_what_another_check_does_not_tell_is_told_in_full(earlier: tuple[CheckResult, ...]) -> None:
    assert Weighing(earlier=earlier).of((Repeated("drift", MOOD), Repeated("drift", SIZE))) == (MOOD, SIZE)


def test_what_another_check_tells_is_one_note() -> None:
    (told,) = Weighing(earlier=(DRIFTED,)).of((Repeated("drift", MOOD), Repeated("drift", SIZE)))

    assert told == Note(
        "enums", "0001", "2 findings more of what `drift` tells; alone: --only enums", is_told_elsewhere=True
    )


def test_what_another_check_tells_nothing_about_is_told_in_full() -> None:
    told = Weighing(earlier=(DRIFTED,)).of((Repeated("drift", SIZE, "type size"), Repeated("drift", MOOD, "type mood")))

    assert [item.subject for item in told if isinstance(item, Finding)] == ["type size"]
    assert [item.is_told_elsewhere for item in told if isinstance(item, Note)] == [True]
