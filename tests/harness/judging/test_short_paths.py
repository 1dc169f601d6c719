"""Findings tell files as they are from the configuration's folder, and leave alone what only looks like one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.findings import CheckResult, Finding, Note, Status
from pgharness.judging.short_paths import with_short_paths
from pgharness.running import Run
from tests.harness.chains import Revision, sql

FOLDER = Path("/srv/app")


@pytest.mark.parametrize(
    ("told", "short"),
    [
        ("correct /srv/app/versions/1.py", "correct versions/1.py"),
        ("/srv/app/env.py:6 in upgrade, and (/srv/app/models.py)", "env.py:6 in upgrade, and (models.py)"),
        ("/srv/application/env.py", "/srv/application/env.py"),
        ("/mnt/srv/app/env.py", "/mnt/srv/app/env.py"),
        ("file:///srv/app/env.py", "file:///srv/app/env.py"),
        ("/srv/app/ is a folder", "/srv/app/ is a folder"),
    ],
)
def test_a_path_is_told_from_the_folder(told: str, short: str) -> None:
    inner = Finding("drift", None, told, told, told, told, cause=told)
    result = CheckResult(
        "drift",
        Status.FAILED,
        0.0,
        (Finding("drift", "1", told, told, told, told, instead_of=(inner,), cause=told),),
        (Note("drift", None, told),),
    )

    shortened = with_short_paths(result, FOLDER)

    (finding,), (note,) = shortened.findings, shortened.notes
    for one in (finding, *finding.instead_of):
        assert {one.subject, one.message, one.mend, one.evidence, one.cause} == {short}
    assert note.message == short
    assert with_short_paths(result, Path("/")) == with_short_paths(result, None) == result


def test_the_report_of_a_project_names_its_files_from_where_it_is_configured(
    judge_chain: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bare = Revision("bare", sql("CREATE TABLE a (id int)"), "pass")

    report = judge_chain(bare, Revision("typo", "op.creat_table('b')"), only=("upgrade", "roundtrip")).report

    told = {one.revision: f"{one.message} {one.mend} {one.evidence}" for one in report.findings}
    assert set(told) == {"bare", "typo"}
    for revision in report.chain.revisions:
        assert str(tmp_path) not in told[revision.revision]
        assert str(Path(revision.path).relative_to(tmp_path)) in told[revision.revision]
