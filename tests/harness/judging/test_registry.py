"""A check is a file of its own and one line of the registry; the report tells it like any other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.judging import judging, registry
from pgharness.report import FORMATS
from pgharness.report.model import Report

NEW_CHECK = '''
"""Every table has a comment."""

from pgharness.checks.check import Check
from pgharness.findings import Finding


def judge(record, _compare):
    for _, table in record.head.objects("table"):
        if record.head.value("table", table, "comment") is None:
            yield Finding("commented", None, f"table {table}", "It has no comment.", f"COMMENT ON TABLE {table} IS '…'")


CHECK = Check(
    name="commented",
    claim="every table has a comment",
    reason="Whoever reads the schema first reads names.",
    mend="write one",
    judge=judge,
    only_at_heads=True,
)
'''


def test_a_new_check_needs_one_file_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judge_example: Callable[..., Report]
) -> None:
    (tmp_path / "commented.py").write_text(NEW_CHECK, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    ours = (*registry.OURS, "commented:CHECK")

    monkeypatch.setattr(judging, "CHECKS", checks := tuple(registry.load_check(name) for name in ours))
    monkeypatch.setattr(judging, "CLAIMS", (*checks, *registry.CLAIMS[-1:]))
    report = judge_example(only=("commented",))

    assert "table public.author" in [finding.subject for finding in report.findings if finding.check == "commented"]
    assert all("commented" in render(report) for render in FORMATS.values())
